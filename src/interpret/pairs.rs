//! How elements work together: what one contributes by its distance to the cut and to another, and
//! which of them sites have.
//!
//! Stroup & Ji 2023, Figures 2c to 2j and S5. An element counts on its own side of the cut.

pub mod tables;

use statrs::distribution::{Binomial, DiscreteCDF};

use super::models::{Models, Quantity};
use super::replace::{FIRST, POSITIONS, Settings, importance};
use super::statistics::Moments;
use crate::context::families::{ELEMENTS, Hexamer, SIX};
use crate::error::Result;

/// Elements.
pub const COUNT: usize = ELEMENTS.len();
/// Combinations of them.
pub const COMBINATIONS: usize = 1 << COUNT;
/// Distances between two hexamers, nt, at most; those that overlap do not count.
pub const FARTHEST: i64 = 100;
/// A site has an element if a hexamer begins so near to its published best place, nt.
pub const NEAR: i64 = 15;
/// Places on either side over which means are taken to find the best.
const SMOOTH: i64 = 2;
/// A best distance is looked for where so many pairs lie within [`SMOOTH`] places.
const FEWEST: u64 = 10;

/// A hexamer of an element at a site.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Of [`ELEMENTS`].
    pub element: usize,
    /// First base, nt from the site.
    pub at: i64,
    /// log2 odds, of each quantity.
    pub importance: Vec<f64>,
}

/// The elements of a site.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteElements {
    pub found: Vec<Found>,
    /// log2 odds of the site's window, of each quantity.
    pub window: Vec<f64>,
}

/// Returns which elements a hexamer belongs to at a distance from the site.
fn elements_at(at: i64, hexamer: Hexamer) -> impl Iterator<Item = usize> {
    let is_here = move |number: &usize| {
        let element = &ELEMENTS[*number];
        // What spans the site's nucleotide is on neither side.
        let on_side = if element.is_upstream() { at + SIX as i64 <= 0 } else { at > 0 };
        on_side && element.holds(hexamer)
    };
    (0..COUNT).filter(is_here)
}

/// Replaces the hexamers of a site that belong to elements. Returns them with the number of
/// windows.
///
/// # Errors
/// Those of the models.
pub fn look(
    models: &Models<'_>,
    window: &[u8],
    number: usize,
    settings: Settings,
) -> Result<(SiteElements, u64)> {
    let place = |at: usize| FIRST + at as i64;
    let wanted = |at: usize, hexamer| elements_at(place(at), hexamer).next().is_some();
    let site = importance(models, window, number, settings, wanted)?;
    let mut found = Vec::new();
    let mut replaced = 0;
    for at in 0..POSITIONS {
        let Some(hexamer) = site.hexamers[at].filter(|&hexamer| wanted(at, hexamer)) else {
            continue;
        };
        replaced += settings.replacements as u64;
        for element in elements_at(place(at), hexamer) {
            let importance = site.importance.iter().map(|values| values[at]).collect();
            found.push(Found { element, at: place(at), importance });
        }
    }
    let window = site.window.iter().map(|&value| f64::from(value)).collect();
    Ok((SiteElements { found, window }, replaced))
}

/// Sums over sites.
pub struct Pairs {
    pub quantities: Vec<Quantity>,
    pub sites: u64,
    /// By element and position (from [`FIRST`]) and quantity.
    pub to_the_cut: Vec<Vec<Vec<Moments>>>,
    /// By element, other element, distance (from -[`FARTHEST`]) and quantity.
    pub to_another: Vec<Vec<Vec<Vec<Moments>>>>,
    /// By element and other element, where a site has none of the other, and quantity.
    pub without: Vec<Vec<Vec<Moments>>>,
    /// By combination, the log2 odds of the sites, and quantity.
    pub combinations: Vec<Vec<Moments>>,
}

/// Where an element contributes most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    pub at: i64,
    /// Mean over 5 nt, log2 odds per occurrence.
    pub mean: f64,
    /// Occurrences there.
    pub count: u64,
}

impl Pairs {
    /// Starts with no site.
    pub fn new(quantities: Vec<Quantity>) -> Self {
        let each = vec![Moments::default(); quantities.len()];
        let distances = vec![each.clone(); (2 * FARTHEST + 1) as usize];
        Self {
            quantities,
            sites: 0,
            to_the_cut: vec![vec![each.clone(); POSITIONS]; COUNT],
            to_another: vec![vec![distances; COUNT]; COUNT],
            without: vec![vec![each.clone(); COUNT]; COUNT],
            combinations: vec![each; COMBINATIONS],
        }
    }

    /// Adds a site.
    pub fn add(&mut self, site: &SiteElements) {
        self.sites += 1;
        let mut has = [false; COUNT];
        site.found.iter().for_each(|found| has[found.element] = true);
        for one in &site.found {
            let position = (one.at - FIRST) as usize;
            add(&mut self.to_the_cut[one.element][position], &one.importance);
            for (other, _) in has.iter().enumerate().filter(|(_, has)| !**has) {
                add(&mut self.without[one.element][other], &one.importance);
            }
            for other in site.found.iter().filter(|other| other.element != one.element) {
                let distance = other.at - one.at;
                if (SIX as i64..=FARTHEST).contains(&distance.abs()) {
                    let at = (distance + FARTHEST) as usize;
                    add(&mut self.to_another[one.element][other.element][at], &one.importance);
                }
            }
        }
        add(&mut self.combinations[combination(&site.found)], &site.window);
    }

    /// Returns where an element contributes most, by its distance from the site.
    pub fn best_place(&self, element: usize, quantity: usize) -> Option<Best> {
        best(&self.to_the_cut[element], quantity, FIRST)
    }

    /// Returns where an element contributes most, by the distance of another from it.
    pub fn best_distance(&self, element: usize, other: usize, quantity: usize) -> Option<Best> {
        best(&self.to_another[element][other], quantity, -FARTHEST)
    }

    /// Returns, of each combination of elements, the number of sites that would have it if elements
    /// came independently, and the two-sided binomial probability of such a number, corrected for
    /// all combinations.
    pub fn enrichment(&self) -> Vec<(f64, f64)> {
        let counts: Vec<u64> = self.combinations.iter().map(|of| of[0].count).collect();
        let all = self.sites.max(1) as f64;
        let share = |element: usize| {
            let with = (0..COMBINATIONS).filter(|combination| combination >> element & 1 == 1);
            with.map(|combination| counts[combination]).sum::<u64>() as f64 / all
        };
        let shares: Vec<f64> = (0..COUNT).map(share).collect();
        let of = |combination: usize| {
            let chance: f64 = shares
                .iter()
                .enumerate()
                .map(|(element, share)| match combination >> element & 1 {
                    1 => *share,
                    _ => 1.0 - share,
                })
                .product();
            let p = Binomial::new(chance.clamp(0.0, 1.0), self.sites).map_or(1.0, |binomial| {
                let count = counts[combination];
                let above = if count == 0 { 1.0 } else { binomial.sf(count - 1) };
                2.0 * binomial.cdf(count).min(above)
            });
            (chance * all, (p * COMBINATIONS as f64).min(1.0))
        };
        (0..COMBINATIONS).map(of).collect()
    }
}

/// Returns the combination of elements that a site has near their published places: a bit for each.
fn combination(found: &[Found]) -> usize {
    let near = |found: &&Found| found.at.abs_diff(ELEMENTS[found.element].best) <= NEAR as u64;
    found.iter().filter(near).fold(0, |bits, found| bits | 1 << found.element)
}

fn add(moments: &mut [Moments], values: &[f64]) {
    moments.iter_mut().zip(values).for_each(|(moments, &value)| moments.add(value));
}

/// The first of the greatest means over 5 nt, of those with enough occurrences.
fn best(places: &[Vec<Moments>], quantity: usize, first: i64) -> Option<Best> {
    let reach = SMOOTH as usize;
    let mean = |at: usize| {
        let near = &places[at.saturating_sub(reach)..(at + reach + 1).min(places.len())];
        let (count, sum) = near.iter().fold((0, 0.0), |(count, sum), moments| {
            (count + moments[quantity].count, sum + moments[quantity].sum)
        });
        let at = first + at as i64;
        (count >= FEWEST).then(|| Best { at, mean: sum / count as f64, count })
    };
    let all = (0..places.len()).filter_map(mean);
    all.fold(None, |most: Option<Best>, best| match most {
        Some(most) if most.mean >= best.mean => Some(most),
        _ => Some(best),
    })
}

#[cfg(test)]
mod tests;
