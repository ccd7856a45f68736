//! From the classification at a call to the probability that the call is a measured site.

use serde::{Deserialize, Serialize};

use super::strength::log_odds;

/// Makes a *posterior* of a classification: the share of the calls of a scan with such a
/// classification that are measured sites, at the frequency that sites have along the genome. It is
/// fitted (Platt 1999) to the calls on contigs that were not trained on, and kept in the weight
/// file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posterior {
    /// Log-odds of the posterior = slope x log-odds of the classification + intercept.
    pub slope: f64,
    /// Natural log-odds of a call whose classification has log-odds 0.
    pub intercept: f64,
}

impl Posterior {
    /// Returns the posterior (0 to 1) of a call whose window has this classification; NaN is
    /// propagated.
    pub fn of(&self, classification: f32) -> f32 {
        let logit = self.slope * log_odds(f64::from(classification)) + self.intercept;
        (1.0 / (1.0 + (-logit).exp())) as f32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_posterior_is_a_probability_that_rises_with_the_classification(
            low in 0f32..=1.0, more in 0f32..=1.0
        ) {
            let posterior = Posterior { slope: 1.3, intercept: -4.0 };
            let high = (low + more).min(1.0);
            prop_assert!((0.0..=1.0).contains(&posterior.of(low)));
            prop_assert!(posterior.of(high) >= posterior.of(low));
        }
    }

    #[test]
    fn log_odds_lie_on_the_line_and_nan_stays() {
        let posterior = Posterior { slope: 2.0, intercept: -(9f64.ln()) };
        assert!((posterior.of(0.75) - 0.5).abs() < 1e-6);
        assert!(posterior.of(f32::NAN).is_nan());
    }
}
