//! Posteriors: what share of a scan's calls are measured sites.

use super::line::Line;
use super::{Calibration, Tally};
use crate::evaluate::measured::MeasuredSite;
use crate::evaluate::negatives::Neighbours;
use crate::evaluate::recall::{Call, REACH};
use crate::models::posterior::Posterior;

/// Calls have a window with a classification above this (Stroup & Ji 2023, Methods).
const CALLED: f32 = 0.5;

/// Fits the posterior of a model to its calls on a genome: peaks whose window is classified as a
/// site. A call is true if a measured site of its strand lies within 24 nt. `None` without true or
/// without false calls.
pub fn posterior(peaks: &[Call], sites: &[MeasuredSite]) -> Option<Posterior> {
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    for (classification, positive) in called(peaks, sites) {
        if positive { positives.push(classification) } else { negatives.push(classification) }
    }
    let Line { slope, offset } = Line::fit(&positives, &negatives, 1.0)?;
    Some(Posterior { slope, intercept: offset })
}

/// Returns how well posteriors are the shares of calls that are measured sites.
pub fn calibration(peaks: &[Call], sites: &[MeasuredSite], posterior: &Posterior) -> Calibration {
    let mut tally = Tally::default();
    for (classification, positive) in called(peaks, sites) {
        tally.add(posterior.of(classification), positive);
    }
    tally.finish()
}

/// Returns classification and truth of each call.
fn called<'a>(
    peaks: &'a [Call],
    sites: &[MeasuredSite],
) -> impl Iterator<Item = (f32, bool)> + use<'a> {
    let near = Neighbours::new(sites);
    let calls = peaks.iter().filter(|call| call.score.classification > CALLED);
    calls.map(move |call| (call.score.classification, near.within(call.place(), REACH)))
}
