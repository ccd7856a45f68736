//! Output activations of the site models.

use crate::models::{CLEAVAGE, CleavageVector};

/// Returns the logistic function of a logit.
pub fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// Returns the softmax of the first 50 logits.
pub fn softmax(logits: &[f32]) -> CleavageVector {
    let logits = &logits[..CLEAVAGE];
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut vector: CleavageVector = std::array::from_fn(|i| (logits[i] - highest).exp());
    let sum: f32 = vector.iter().sum();
    vector.iter_mut().for_each(|value| *value /= sum);
    vector
}
