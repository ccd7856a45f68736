//! What APARENT2's logits say: where along a frame RNA is cleaved.

use std::ops::Range;

use super::weights::LENGTH;
use crate::models::{CLEAVAGE, CleavageVector};

/// The logits of a frame: one per position, and one for "not here".
///
/// All sums are over exponentials in f64, relative to the greatest, so that nothing is lost where a
/// probability is near 0 or 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile(pub [f32; LENGTH + 1]);

impl Profile {
    /// Returns the probability of each entry: 206 values that sum to 1.
    pub fn cut(&self) -> impl Iterator<Item = f32> + '_ {
        let all = log_sum_exp(&self.0);
        self.0.iter().map(move |&logit| (f64::from(logit) - all).exp() as f32)
    }

    /// Returns the probability that RNA is cleaved within a range of the frame.
    pub fn probability(&self, range: Range<usize>) -> f32 {
        (1.0 / (1.0 + (-self.log_odds(range)).exp())) as f32
    }

    /// Returns the natural log-odds of cleavage within a range of the frame against everything
    /// else.
    pub fn log_odds(&self, range: Range<usize>) -> f64 {
        let outside = [&self.0[..range.start], &self.0[range.end..]].concat();
        log_sum_exp(&self.0[range]) - log_sum_exp(&outside)
    }

    /// Returns the cleavage probabilities of the 50 positions from `first`, given that RNA is
    /// cleaved at one of them.
    pub fn cleavage(&self, first: usize) -> CleavageVector {
        let logits = &self.0[first..first + CLEAVAGE];
        let all = log_sum_exp(logits);
        std::array::from_fn(|i| (f64::from(logits[i]) - all).exp() as f32)
    }
}

/// Returns the logarithm of the sum of exponentials.
fn log_sum_exp(logits: &[f32]) -> f64 {
    let highest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - highest).exp()).sum();
    highest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_keep_what_probabilities_lose() {
        let mut logits = [0.0; LENGTH + 1];
        logits[100] = 300.0;
        let profile = Profile(logits);
        assert!((profile.log_odds(77..127) - (300.0 - 156f64.ln())).abs() < 1e-9);
        assert!((profile.log_odds(0..100) - (100f64.ln() - 300.0)).abs() < 1e-9);
        assert_eq!(profile.probability(77..127), 1.0);
        assert_eq!(profile.cleavage(77)[23], 1.0);
    }

    #[test]
    fn equal_logits_spread_evenly() {
        let profile = Profile([3.0; LENGTH + 1]);
        assert!(profile.cut().all(|share| (share - 1.0 / 206.0).abs() < 1e-7));
        assert!((profile.probability(80..110) - 30.0 / 206.0).abs() < 1e-6);
        assert!(profile.cleavage(77).iter().all(|share| (share - 0.02).abs() < 1e-7));
    }
}
