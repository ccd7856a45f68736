//! What a model says of a stretch, as what a screen learns.

use crate::error::Result;
use crate::models::strength::log_odds;
use crate::models::{CleavageVector, Model, StrandScores};
use crate::scan::inference::KeepAbove;
use crate::train::scan::segment::WindowLabel;
use crate::train::screen::config::Slopes;

/// Windows with a classification above this share of the threshold get their cleavage: of others the
/// classification alone says that they are not kept.
const LOOKED_AT: f32 = 0.25;
/// No probability is nearer to 0 or 1.
const LEAST: f32 = 1e-6;

/// A stretch and what the model says of its windows.
pub struct Labelled {
    pub codes: Vec<u8>,
    /// Of each window how far it is from the thresholds: 0.5 on them, 1 far above, 0 far below.
    pub targets: Vec<f32>,
    /// Windows with a cleavage vector.
    pub cleavage: Vec<(usize, CleavageVector)>,
}

/// Asks a model; targets rise with these slopes.
///
/// # Errors
/// If it fails.
pub fn label(
    model: &dyn Model,
    codes: Vec<u8>,
    keep: KeepAbove,
    slopes: Slopes,
) -> Result<Labelled> {
    let StrandScores { probability, cleavage } =
        model.scan(&codes, keep.probability * LOOKED_AT)?;
    let on_signal = model.signal_index().is_some();
    let logit = |p: f32| log_odds(f64::from(p.clamp(LEAST, 1.0 - LEAST)));
    let threshold = logit(keep.probability);
    let by_probability = |&p: &f32| slopes.classification * (logit(p) - threshold);
    let mut above: Vec<f64> = probability.iter().map(by_probability).collect();
    for (window, cleavage) in &cleavage {
        let peak = keep.peak(cleavage, on_signal).max(LEAST);
        let peak = f64::from((peak / keep.centre_cleavage.max(LEAST)).ln());
        above[*window] = above[*window].min(slopes.cleavage * peak);
    }
    let targets = above.iter().map(|above| (1.0 / (1.0 + (-above).exp())) as f32).collect();
    Ok(Labelled { codes, targets, cleavage })
}

impl Labelled {
    /// Returns the labels of all windows.
    pub fn labels(&self) -> Vec<WindowLabel> {
        let label = |(start, &target): (usize, &f32)| WindowLabel {
            start,
            target,
            mass: 0.0,
            vector: [0.0; _],
        };
        let mut labels: Vec<WindowLabel> = self.targets.iter().enumerate().map(label).collect();
        for &(window, vector) in &self.cleavage {
            labels[window].mass = labels[window].target;
            labels[window].vector = vector;
        }
        labels
    }
}
