//! What a cleavage vector says: its profile above background, entropy and mean (Stroup & Ji 2023,
//! Equations 3 and 6).

use super::{CLEAVAGE, CLEAVAGE_CENTRE};

/// Cleavage of a position by chance: one of 50 values of a vector that sums to 1 (Stroup & Ji
/// 2023).
pub const BACKGROUND: f64 = 0.02;

/// The cleavage vector of a window, less background and normalised: zeros where nothing is above
/// it.
pub type Profile = [f64; CLEAVAGE];

/// Takes the background away and makes the rest sum to 1.
pub fn normalised(raw: &[f32]) -> Profile {
    let mut profile = [0.0; CLEAVAGE];
    for (value, &raw) in profile.iter_mut().zip(raw) {
        *value = (f64::from(raw) - BACKGROUND).max(0.0);
    }
    let sum: f64 = profile.iter().sum();
    if sum > 0.0 {
        profile.iter_mut().for_each(|value| *value /= sum);
    }
    profile
}

/// Returns the entropy of a profile in nats (Eq. 6); none of one that is zero everywhere.
pub fn entropy(profile: &Profile) -> Option<f64> {
    let some = profile.iter().filter(|value| **value > 0.0);
    let entropy: f64 = some.clone().map(|value| -value * value.ln()).sum();
    // Never a negative zero.
    some.clone().next().map(|_| entropy.max(0.0))
}

/// Returns the mean place of a profile (Eq. 3), nt from the window's centre.
pub fn mean(profile: &Profile) -> Option<f64> {
    entropy(profile)?;
    let places = profile.iter().enumerate();
    let mean: f64 = places.map(|(at, value)| at as f64 * value).sum();
    Some(mean - CLEAVAGE_CENTRE as f64)
}
