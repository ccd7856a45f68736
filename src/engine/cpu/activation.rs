//! Activations.

/// Returns a value, or 0 for a negative one. NaN is propagated, unlike with `max`: a
/// network that overflows must not give a score that looks sound.
pub fn relu(value: f32) -> f32 {
    if value < 0.0 { 0.0 } else { value }
}

/// Returns the logistic function of a logit.
pub fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// Returns the softmax of the first N logits.
///
/// # Panics
/// If there are fewer.
pub fn softmax<const N: usize>(logits: &[f32]) -> [f32; N] {
    let logits = &logits[..N];
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut vector: [f32; N] = std::array::from_fn(|i| (logits[i] - highest).exp());
    let sum: f32 = vector.iter().sum();
    vector.iter_mut().for_each(|value| *value /= sum);
    vector
}
