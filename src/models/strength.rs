//! How strongly RNA is cleaved after a polyA signal, from any model that can tell. What a variant
//! does is the difference between two sequences.
//!
//! A cut belongs to a signal if it lies 7 to 56 nt after the signal's first base (APARENT2's narrow
//! range). Strengths are natural logarithms of odds:
//!
//! | task | strength |
//! | --- | --- |
//! | isoform (APARENT2) | its own `logodds_narrow` and `logodds_wide`, the frame anchored on the signal |
//! | strength (PolyaStrength, `dense-strength`) | `strength`: mean log-odds of usage over the windows centred where the signal is 10 to 35 nt upstream |
//! | sites (`dense-scan`, PolyaID) | `classification_logodds`: log-odds of the classification of the window whose central 50 nt are the signal's cuts; `cleavage_logodds`: log of the summed odds of these cuts, each with the probability classification x cleavage mass within 1 nt |
//! | signal (DeeReCT-PolyA) | `signal_logodds`: log-odds that the signal is a true one |
//!
//! What a model reads beyond the sequence is unknown to it (N).

use std::ops::RangeInclusive;

use super::card::Task;
use super::{CENTRE, CLEAVAGE_CENTRE, Length, Model, WINDOW, Window};
use crate::context::signal::{FARTHEST, NEAREST};
use crate::error::{Error, Result};
use crate::genome::sequence::stretch;

/// Distances of a signal's cuts from its first base, in nt.
pub const CUTS: RangeInclusive<usize> = 7..=56;
/// Distances of a site from the first base of the signal that it is looked for with, in nt.
const CENTRES: RangeInclusive<usize> = NEAREST..=FARTHEST;
/// Bases of a signal.
pub const SIGNAL: usize = 6;

/// APARENT2's outputs that are strengths.
pub const LOG_ODDS: [&str; 2] = ["logodds_narrow", "logodds_wide"];
/// Odds are computed from probabilities no nearer to 0 and 1 than this.
const CERTAIN: f64 = 1e-7;

/// Returns a model's strengths (name, natural log-odds) of the polyA signal whose first base is
/// `sequence[signal]` (codes, in transcript direction).
///
/// # Errors
/// If the model has no strength, or fails.
pub fn strength_of(
    model: &dyn Model,
    sequence: &[u8],
    signal: usize,
) -> Result<Vec<(&'static str, f64)>> {
    let card = model.card();
    match card.task {
        _ if model.input().structure => {
            Err(Error::model(&card.name, "it reads RNA structure: it cannot score a signal"))
        }
        Task::Isoform => isoform(model, sequence, signal),
        Task::Strength => Ok(vec![("strength", usage(model, sequence, signal)?)]),
        Task::Sites => sites(model, sequence, signal),
        Task::Signal => {
            let said = predict(model, sequence, [signal])?.swap_remove(0);
            let logit = said.first().map(|&p| log_odds(p.into()));
            Ok(logit.into_iter().map(|logit| ("signal_logodds", logit)).collect())
        }
        Task::Binding => {
            let problem = "it says nothing of polyA sites: there is no strength to compare";
            Err(Error::model(&card.name, problem))
        }
    }
}

fn isoform(model: &dyn Model, sequence: &[u8], signal: usize) -> Result<Vec<(&'static str, f64)>> {
    let said = predict(model, sequence, [signal])?;
    let outputs = model.outputs().iter().zip(&said);
    let strengths = outputs.filter_map(|(output, values)| {
        let name = LOG_ODDS.into_iter().find(|name| *name == output.name)?;
        Some((name, f64::from(*values.first()?)))
    });
    Ok(strengths.collect())
}

/// The mean over the centres that a signal serves; the model's own are log2 odds.
fn usage(model: &dyn Model, sequence: &[u8], signal: usize) -> Result<f64> {
    let said = predict(model, sequence, CENTRES.map(|distance| signal + distance))?;
    let sum: f64 = said.first().into_iter().flatten().map(|&log2| f64::from(log2)).sum();
    Ok(sum / CENTRES.count() as f64 * std::f64::consts::LN_2)
}

/// The classification of all cuts together, and the summed odds of each.
fn sites(model: &dyn Model, sequence: &[u8], signal: usize) -> Result<Vec<(&'static str, f64)>> {
    let start = (signal + CUTS.start()) as isize - CENTRE as isize;
    let windows = stretch(sequence, start, WINDOW - 1 + CUTS.count());
    let scores = model.scan(&windows, -1.0)?;
    let Some(&together) = scores.probability.get(CLEAVAGE_CENTRE) else {
        return Err(Error::Internal("a window was not scored".into()));
    };
    let near = CLEAVAGE_CENTRE - 1..=CLEAVAGE_CENTRE + 1;
    let cuts = scores.probability.iter().zip(&scores.cleavage);
    let odds = cuts.map(|(&probability, (_, vector))| {
        let mass: f32 = vector[near.clone()].iter().sum();
        log_odds(f64::from(probability) * f64::from(mass)).exp()
    });
    let each = odds.sum::<f64>().ln();
    let together = log_odds(together.into());
    Ok(vec![("classification_logodds", together), ("cleavage_logodds", each)])
}

/// Returns the natural log-odds of a probability, finite for 0 and 1.
pub fn log_odds(probability: f64) -> f64 {
    let probability = probability.clamp(CERTAIN, 1.0 - CERTAIN);
    (probability / (1.0 - probability)).ln()
}

/// Returns each output's values for the windows anchored on some indices of a sequence.
fn predict(
    model: &dyn Model,
    sequence: &[u8],
    anchors: impl IntoIterator<Item = usize>,
) -> Result<Vec<Vec<f32>>> {
    let input = model.input();
    let Length::Exactly(length) = input.length else {
        let problem = "it reads whole sequences: no window can be laid around a signal";
        return Err(Error::model(&model.card().name, problem));
    };
    let windows = anchors.into_iter().map(|anchor| {
        let start = anchor as isize - input.anchor as isize;
        stretch(sequence, start, length)
    });
    let windows: Vec<Vec<u8>> = windows.collect();
    let windows: Vec<Window<'_>> = windows.iter().map(|codes| codes.as_slice().into()).collect();
    Ok(model.predict(&windows)?.values)
}

#[cfg(test)]
mod tests;
