//! Posteriors: what share of a scan's calls are measured sites.

use rayon::prelude::*;

use super::logistic::{Example, fit};
use super::{Calibration, Tally};
use crate::error::Result;
use crate::evaluate::measured::MeasuredSite;
use crate::evaluate::negatives::{Neighbours, Place};
use crate::evaluate::recall::{Call, REACH};
use crate::genome::memory::Genome;
use crate::models::Model;
use crate::models::posterior::{Posterior, features};

/// Calls have a window with a classification above this (Stroup & Ji 2023, Methods).
const CALLED: f32 = 0.5;

/// Fits the posterior of a model to its calls on a genome: peaks of the sharp score whose window is
/// classified as a site. A call is true if a measured site of its strand lies within 24 nt. `None`
/// without true or without false calls.
///
/// # Errors
/// If the model cannot be scanned, or fails.
pub fn posterior(
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
    peaks: &[Call],
) -> Result<Option<Posterior>> {
    let near = Neighbours::new(sites);
    let calls: Vec<&Call> = called(peaks).collect();
    let examples = calls.into_par_iter().map(|call| {
        let place = call.place();
        let Some(window) = genome.window(place.contig, place.strand, place.position) else {
            return Ok(None);
        };
        let said = model.scan(&window, -1.0)?;
        let truth = truth(&near, place);
        Ok(Some(Example { features: features(&said, 0), truth, times: 1.0 }))
    });
    let examples = examples.collect::<Result<Vec<_>>>()?;
    let examples: Vec<Example<3>> = examples.into_iter().flatten().collect();
    if examples.iter().all(|e| e.truth == 0.0) || examples.iter().all(|e| e.truth == 1.0) {
        return Ok(None);
    }
    Ok(fit(&examples, [1.0, 1.0, 0.0, 0.0]).map(Posterior::new))
}

/// Returns how well the scores of calls (posteriors) are the shares of them that are measured sites.
pub fn calibration(peaks: &[Call], sites: &[MeasuredSite]) -> Calibration {
    let near = Neighbours::new(sites);
    let mut tally = Tally::default();
    called(peaks).for_each(|call| tally.add(call.score, truth(&near, call.place()) > 0.0));
    tally.finish()
}

fn called(peaks: &[Call]) -> impl Iterator<Item = &Call> {
    peaks.iter().filter(|call| call.classification > CALLED)
}

fn truth(near: &Neighbours, place: Place) -> f64 {
    f64::from(u8::from(near.within(place, REACH)))
}
