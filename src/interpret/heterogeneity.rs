//! How widely sites are cut: entropy and mean place of the cleavage vector, what tells sites that
//! are cut at one place from those that are cut at many, and what moving elements does.
//!
//! Stroup & Ji 2023, Equations 3 and 6, Figure 3.

mod groups;
pub mod tables;

use std::ops::RangeInclusive;

use super::statistics::Moments;
use crate::context::families::{ELEMENTS, Element, Hexamer, SIX};
use crate::context::signal::strongest;
use crate::error::{Error, Result};
use crate::models::cleavage::{Profile, entropy, mean, normalised};
use crate::models::{CENTRE, CLEAVAGE, Input, Model, Window};
pub use groups::{Enrichment, Fifths, enrichments, fifths, figures};

/// Regions that hexamers are counted in, by their first base's distance from the site, nt: the four
/// of Hu et al. 2005, RNA 11:1485-1493, doi:10.1261/rna.2107305.
pub const REGIONS: [(&str, RangeInclusive<i64>); 4] = [
    ("-100_to_-41", -100..=-41),
    ("-40_to_-1", -40..=-1),
    ("1_to_40", 1..=40),
    ("41_to_100", 41..=100),
];
/// Elements are moved by up to so many nt.
pub const FARTHEST: i64 = 15;
/// A downstream element is looked for so many nt after the site.
const DOWNSTREAM: RangeInclusive<usize> = 1..=40;
const CANONICAL: &str = "AATAAA";

/// What is looked at of a site.
#[derive(Clone, Debug, PartialEq)]
pub struct Heterogeneity {
    pub profile: Profile,
    /// Nats; none where nothing is above background.
    pub entropy: Option<f64>,
    /// nt from the site, positive downstream.
    pub mean: Option<f64>,
    /// AATAAA in the 40 nt upstream.
    pub canonical: usize,
    /// First base of the strongest signal, nt from the site.
    pub signal: Option<i64>,
    /// First base of the GT/CT-rich hexamer nearest to where it works best, nt from the site.
    pub downstream: Option<i64>,
    /// By region, the hexamers that are there, each once.
    pub hexamers: Vec<Vec<Hexamer>>,
    /// By experiment and shift, log2 of the entropy over that of the site itself.
    pub moved: Vec<Vec<Option<f64>>>,
}

/// What is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Experiment {
    /// AATAAA, positive shifts away from the downstream element.
    Signal,
    /// The downstream element, positive shifts away from AATAAA.
    Downstream,
    /// Both, each by the shift.
    Both,
}

impl Experiment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Signal, Self::Downstream, Self::Both];

    /// Returns its name in tables and pictures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "AATAAA",
            Self::Downstream => "GT/CT-rich",
            Self::Both => "both",
        }
    }
}

/// Returns the shifts of an experiment.
pub fn shifts() -> RangeInclusive<i64> {
    -FARTHEST..=FARTHEST
}

/// Makes sure that a model says where sites are cut.
///
/// # Errors
/// If it does not.
pub fn check(model: &dyn Model) -> Result<()> {
    let says = model.outputs().get(1).is_some_and(|output| output.width == CLEAVAGE);
    if says && model.input() == Input::SCAN {
        return Ok(());
    }
    let problem =
        "it has no cleavage vector of 50 nt, which this takes (see `polyascan models list`)";
    Err(Error::model(&model.card().name, problem))
}

/// Returns the normalised profiles of windows.
fn profiles(model: &dyn Model, windows: &[Vec<u8>]) -> Result<Vec<Profile>> {
    let windows: Vec<Window<'_>> = windows.iter().map(|codes| codes.as_slice().into()).collect();
    let said = model.predict(&windows)?.values.swap_remove(1);
    Ok(said.chunks_exact(CLEAVAGE).map(normalised).collect())
}

/// Looks at a site: the window, and the window with elements moved. Returns it with the number of
/// windows.
///
/// # Errors
/// Those of the model.
pub fn look(model: &dyn Model, window: &[u8]) -> Result<(Heterogeneity, u64)> {
    let upstream = &window[..CENTRE];
    let found = strongest(upstream);
    let signal = found.map(|(_, distance)| CENTRE - distance);
    let downstream = downstream(window);
    let canonical = found.is_some_and(|(signal, _)| signal == CANONICAL);
    let movable = signal.zip(downstream).filter(|_| canonical);
    let mut windows = vec![window.to_vec()];
    let mut which = Vec::new();
    if let Some((signal, downstream)) = movable {
        for (number, experiment) in Experiment::ALL.into_iter().enumerate() {
            for shift in shifts() {
                if let Some(window) = moved(window, experiment, (signal, downstream), shift) {
                    which.push((number, (shift + FARTHEST) as usize));
                    windows.push(window);
                }
            }
        }
    }
    let profiles = profiles(model, &windows)?;
    let own = entropy(&profiles[0]);
    let mut changes = vec![vec![None; shifts().count()]; Experiment::ALL.len()];
    for (&(experiment, shift), profile) in which.iter().zip(&profiles[1..]) {
        let positive = |entropy: Option<f64>| entropy.filter(|&entropy| entropy > 0.0);
        let pair = positive(own).zip(positive(entropy(profile)));
        changes[experiment][shift] = pair.map(|(own, moved)| (moved / own).log2());
    }
    let from_site = |at: usize| at as i64 - CENTRE as i64;
    let heterogeneity = Heterogeneity {
        entropy: own,
        mean: mean(&profiles[0]),
        profile: profiles[0],
        canonical: count_canonical(window),
        signal: signal.map(from_site),
        downstream: downstream.map(from_site),
        hexamers: REGIONS.iter().map(|(_, region)| hexamers_in(window, region)).collect(),
        moved: changes,
    };
    Ok((heterogeneity, windows.len() as u64))
}

fn count_canonical(window: &[u8]) -> usize {
    let canonical = Hexamer::parse(CANONICAL);
    window[CENTRE - 40..CENTRE].windows(SIX).filter(|six| Hexamer::of(six) == canonical).count()
}

fn hexamers_in(window: &[u8], region: &RangeInclusive<i64>) -> Vec<Hexamer> {
    let at = |distance: i64| (CENTRE as i64 + distance) as usize;
    let starts = at(*region.start())..=at(*region.end());
    let mut found: Vec<Hexamer> =
        starts.filter_map(|start| Hexamer::of(window.get(start..start + SIX)?)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Index of the GT/CT-rich hexamer after the site that is nearest to its published place; the first
/// of two.
fn downstream(window: &[u8]) -> Option<usize> {
    let element: &Element = ELEMENTS.iter().find(|element| element.name == "GT/CT-rich")?;
    let best = CENTRE as i64 + element.best;
    let is_one =
        |&at: &usize| Hexamer::of(&window[at..at + SIX]).is_some_and(|six| element.holds(six));
    let starts = DOWNSTREAM.map(|distance| CENTRE + distance).filter(is_one);
    starts.min_by_key(|&at| best.abs_diff(at as i64))
}

/// Returns the window with elements moved apart by a shift (together if it is negative): what lies
/// between an element's old and new place moves to the other side of it. None if an element would
/// reach the site's nucleotide or the end of the window.
fn moved(
    window: &[u8],
    experiment: Experiment,
    (signal, downstream): (usize, usize),
    shift: i64,
) -> Option<Vec<u8>> {
    let mut window = window.to_vec();
    if experiment != Experiment::Downstream {
        let to = (signal as i64 - shift).try_into().ok()?;
        move_six(&mut window[..CENTRE], signal, to)?;
    }
    if experiment != Experiment::Signal {
        let after = CENTRE + 1;
        let to = (downstream as i64 + shift - after as i64).try_into().ok()?;
        move_six(&mut window[after..], downstream - after, to)?;
    }
    Some(window)
}

/// Moves six bases to another index of a stretch; none if they would not fit.
fn move_six(stretch: &mut [u8], from: usize, to: usize) -> Option<()> {
    let end = from.max(to) + SIX;
    let between = stretch.get_mut(from.min(to)..end)?;
    if to < from {
        between.rotate_right(SIX)
    } else {
        between.rotate_left(SIX)
    }
    Some(())
}

/// Returns the log2 fold change of entropy over sites, by experiment and shift.
pub fn fold_changes(sites: &[Heterogeneity]) -> Vec<Vec<Moments>> {
    let of = |experiment: usize, shift: usize| {
        let mut moments = Moments::default();
        sites.iter().filter_map(|site| site.moved[experiment][shift]).for_each(|x| moments.add(x));
        moments
    };
    let of_each = |experiment| (0..shifts().count()).map(|shift| of(experiment, shift)).collect();
    (0..Experiment::ALL.len()).map(of_each).collect()
}

#[cfg(test)]
mod tests;
