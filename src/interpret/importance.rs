//! What hexamers contribute to sites: sums and means by hexamer and place, by hexamer and window of
//! 40 nt, and by family.
//!
//! Stroup & Ji 2023, Methods; Figures 2a, 2b, S4. What chance alone gives is read from the far
//! places of the window: the limit is the 99.99th percentile of their sums. A hexamer stands out in
//! a window if its sum exceeds the limit, and if sites agree: the one-sided t-test of their sums,
//! corrected for the number of tests (Bonferroni), has p < 0.05. The second condition is ours:
//! thousands of hexamers are compared, and with few sites one alone can pass a limit.

use std::ops::Range;

use super::models::Quantity;
use super::replace::{FIRST, POSITIONS, SiteImportance};
use super::statistics::{Moments, quantile};
use crate::context::families::{ELEMENTS, Element, Family, HEXAMERS, Hexamer};

/// Nucleotides of a window.
pub const WIDTH: usize = 40;
/// Windows; the last one is shorter.
pub const WINDOWS: usize = POSITIONS.div_ceil(WIDTH);
/// The share of the background that lies below the limit.
pub const BELOW_LIMIT: f64 = 0.9999;
/// Hexamers stand out below this corrected probability.
pub const SIGNIFICANT: f64 = 0.05;
/// Windows with fewer sites with the hexamer are not tested.
const FEWEST: u64 = 3;
/// Places at either end whose cells are the background of places.
const FAR: usize = 20;
/// Places on either side over which a profile is averaged for pictures and best places.
const SMOOTH: usize = 2;
/// A best place is looked for where so many occurrences lie within [`SMOOTH`] places.
const FEWEST_OCCURRENCES: f64 = 10.0;

/// Sums over sites.
pub struct Importance {
    pub quantities: Vec<Quantity>,
    /// Sites that were looked at.
    pub sites: u64,
    /// By place and hexamer: occurrences.
    counts: Vec<u32>,
    /// By quantity, place and hexamer.
    sums: Vec<Vec<f64>>,
    /// By window and hexamer: occurrences.
    of_windows: Vec<u32>,
    /// By quantity, window and hexamer: over the sites that have the hexamer there, their sums.
    by_site: Vec<Vec<Moments>>,
}

/// A hexamer in a window of 40 nt.
#[derive(Clone, Debug, PartialEq)]
pub struct InWindow {
    pub hexamer: Hexamer,
    /// Of [`WINDOWS`].
    pub window: usize,
    pub occurrences: u32,
    /// By quantity.
    pub figures: Vec<WindowFigures>,
}

/// What a hexamer contributes in a window, log2 odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowFigures {
    /// Over the sites that have the hexamer there, their sums.
    pub sites: Moments,
    /// Of the t-test, corrected; none where it was not made.
    pub p: Option<f64>,
    pub stands_out: bool,
}

/// A place of a profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Distance of the hexamer's first base from the site, nt.
    pub at: i64,
    pub occurrences: u64,
    pub sum: f64,
}

/// Where an element works best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// Distance of the hexamer's first base from the site, nt.
    pub at: i64,
    /// log2 odds: per site, or per occurrence.
    pub value: f64,
}

impl Importance {
    /// Starts with no site.
    pub fn new(quantities: Vec<Quantity>) -> Self {
        let n = quantities.len();
        Self {
            quantities,
            sites: 0,
            counts: vec![0; POSITIONS * HEXAMERS],
            sums: vec![vec![0.0; POSITIONS * HEXAMERS]; n],
            of_windows: vec![0; WINDOWS * HEXAMERS],
            by_site: vec![vec![Moments::default(); WINDOWS * HEXAMERS]; n],
        }
    }

    /// Adds a site.
    pub fn add(&mut self, site: &SiteImportance) {
        self.sites += 1;
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (at, hexamer) in site.hexamers.iter().enumerate() {
            let Some(hexamer) = *hexamer else { continue };
            if site.importance.iter().any(|values| values[at].is_nan()) {
                continue;
            }
            self.counts[at * HEXAMERS + hexamer.number()] += 1;
            for (sums, values) in self.sums.iter_mut().zip(&site.importance) {
                sums[at * HEXAMERS + hexamer.number()] += values[at];
            }
            found.push(((at / WIDTH) * HEXAMERS + hexamer.number(), at));
        }
        found.sort_unstable();
        for same in found.chunk_by(|a, b| a.0 == b.0) {
            let cell = same[0].0;
            self.of_windows[cell] += same.len() as u32;
            for (cells, values) in self.by_site.iter_mut().zip(&site.importance) {
                cells[cell].add(same.iter().map(|&(_, at)| values[at]).sum());
            }
        }
    }

    /// Returns the number of times that a hexamer lies at a place (index).
    pub fn occurrences(&self, at: usize, hexamer: Hexamer) -> u32 {
        self.counts[at * HEXAMERS + hexamer.number()]
    }

    /// Returns the sum of a quantity (index) over sites, log2 odds.
    pub fn sum(&self, quantity: usize, at: usize, hexamer: Hexamer) -> f64 {
        self.sums[quantity][at * HEXAMERS + hexamer.number()]
    }

    /// Returns the limit of a place's sums: of what hexamers add up to at the 20 places at either
    /// end.
    pub fn limit_of_places(&self, quantity: usize) -> f64 {
        let far = (0..FAR).chain(POSITIONS - FAR..POSITIONS);
        let cells = far.flat_map(|at| at * HEXAMERS..(at + 1) * HEXAMERS);
        let sums = cells.filter(|&cell| self.counts[cell] > 0);
        quantile(sums.map(|cell| self.sums[quantity][cell]).collect(), BELOW_LIMIT)
    }

    /// Returns the limit of a window's sums: of what hexamers add up to in the first and the last
    /// window.
    pub fn limit_of_windows(&self, quantity: usize) -> f64 {
        let far = [0, WINDOWS - 1].into_iter();
        let cells = far.flat_map(|window| window * HEXAMERS..(window + 1) * HEXAMERS);
        let sums = cells.filter(|&cell| self.of_windows[cell] > 0);
        quantile(sums.map(|cell| self.by_site[quantity][cell].sum).collect(), BELOW_LIMIT)
    }

    /// Returns every hexamer that occurs in a window, window by window.
    pub fn windows(&self) -> Vec<InWindow> {
        let limits: Vec<f64> =
            (0..self.quantities.len()).map(|quantity| self.limit_of_windows(quantity)).collect();
        let tests = |quantity: usize| {
            let inner = &self.by_site[quantity][HEXAMERS..(WINDOWS - 1) * HEXAMERS];
            inner.iter().filter(|cell| cell.count >= FEWEST).count() as f64
        };
        let tests: Vec<f64> = (0..self.quantities.len()).map(tests).collect();
        let figures = |quantity: usize, window: usize, hexamer: Hexamer| {
            let sites = self.by_site[quantity][window * HEXAMERS + hexamer.number()];
            let is_tested = sites.count >= FEWEST && !is_background(window);
            let p = sites.p_above_zero().filter(|_| is_tested);
            let p = p.map(|p| (p * tests[quantity]).min(1.0));
            let stands_out = p.is_some_and(|p| p < SIGNIFICANT) && sites.sum > limits[quantity];
            WindowFigures { sites, p, stands_out }
        };
        let cells = (0..WINDOWS).flat_map(|window| Hexamer::all().map(move |six| (window, six)));
        let found = cells.filter_map(|(window, hexamer)| {
            let occurrences = self.of_windows[window * HEXAMERS + hexamer.number()];
            let quantities = 0..self.quantities.len();
            (occurrences > 0).then(|| InWindow {
                hexamer,
                window,
                occurrences,
                figures: quantities.map(|quantity| figures(quantity, window, hexamer)).collect(),
            })
        });
        found.collect()
    }

    /// Returns what a set of hexamers contributes at each place.
    pub fn profile(&self, quantity: usize, holds: impl Fn(Hexamer) -> bool) -> Vec<Place> {
        let members: Vec<Hexamer> = Hexamer::all().filter(|&hexamer| holds(hexamer)).collect();
        let place = |at: usize| Place {
            at: FIRST + at as i64,
            occurrences: members.iter().map(|&six| u64::from(self.occurrences(at, six))).sum(),
            sum: members.iter().map(|&six| self.sum(quantity, at, six)).sum(),
        };
        (0..POSITIONS).map(place).collect()
    }

    /// Returns a profile of a family.
    pub fn of_family(&self, quantity: usize, family: Family) -> Vec<Place> {
        self.profile(quantity, |hexamer| family.holds(hexamer))
    }

    /// Returns where an element contributes most on its side of the cut, on average over 5 nt: per
    /// site, and per occurrence where there are 10 within these 5 nt.
    pub fn best(&self, quantity: usize, element: &Element) -> (Option<Best>, Option<Best>) {
        let profile = self.profile(quantity, |hexamer| element.holds(hexamer));
        let on_side = |place: &Place| (place.at < 0) == element.is_upstream();
        let smooth = smoothed(&profile);
        let here = || smooth.iter().zip(&profile).filter(|(_, place)| on_side(place));
        let sites = self.sites.max(1) as f64;
        let per_site = here().map(|(mean, place)| Best { at: place.at, value: mean.sum / sites });
        let per_occurrence = here()
            .filter(|(mean, _)| mean.occurrences * (2 * SMOOTH + 1) as f64 >= FEWEST_OCCURRENCES)
            .map(|(mean, place)| Best { at: place.at, value: mean.sum / mean.occurrences });
        (greatest(per_site), greatest(per_occurrence))
    }

    /// Returns the best places of all elements.
    pub fn best_places(
        &self,
        quantity: usize,
    ) -> Vec<(&'static Element, Option<Best>, Option<Best>)> {
        let best = |element| {
            let (per_site, per_occurrence) = self.best(quantity, element);
            (element, per_site, per_occurrence)
        };
        ELEMENTS.iter().map(best).collect()
    }
}

/// Means over 5 nt around a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smoothed {
    pub occurrences: f64,
    pub sum: f64,
}

/// Returns the means over the 5 nt around each place of a profile, fewer at its ends.
pub fn smoothed(profile: &[Place]) -> Vec<Smoothed> {
    let mean = |at: usize| {
        let near = &profile[at.saturating_sub(SMOOTH)..(at + SMOOTH + 1).min(profile.len())];
        let n = near.len() as f64;
        Smoothed {
            occurrences: near.iter().map(|place| place.occurrences).sum::<u64>() as f64 / n,
            sum: near.iter().map(|place| place.sum).sum::<f64>() / n,
        }
    };
    (0..profile.len()).map(mean).collect()
}

/// Returns the distances from the site of the hexamers of a window.
pub fn distances(window: usize) -> Range<i64> {
    let start = FIRST + (window * WIDTH) as i64;
    start..(start + WIDTH as i64).min(FIRST + POSITIONS as i64)
}

/// Returns whether a window is one of those that the limit is taken from.
pub fn is_background(window: usize) -> bool {
    window == 0 || window == WINDOWS - 1
}

/// The first of the greatest, if there is one above 0.
fn greatest(values: impl Iterator<Item = Best>) -> Option<Best> {
    let positive = values.filter(|best| best.value > 0.0);
    positive.fold(None, |most: Option<Best>, best| match most {
        Some(most) if most.value >= best.value => Some(most),
        _ => Some(best),
    })
}

#[cfg(test)]
mod tests;
