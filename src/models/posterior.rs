//! From what a site model says of a window to the probability that a call there is a measured site.

use serde::{Deserialize, Serialize};

use super::{CLEAVAGE_CENTRE, CleavageVector};

/// Cleavage mass that is taken for the least there is: keeps logarithms finite.
const LEAST_MASS: f32 = 1e-6;

/// A logistic regression that makes a *posterior* of a window's outputs: the share of the calls of a
/// scan with such outputs that are measured sites, at the frequency that sites have along the genome.
/// It is fitted to the calls on contigs that were not trained on, and kept in the weight file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posterior {
    pub intercept: f64,
    /// Weight of the log-odds that RNA is cleaved close to the window's centre.
    pub sharp: f64,
    /// Weight of the logarithm of the cleavage mass within 1 nt of the centre.
    pub cleavage: f64,
}

impl Posterior {
    /// Returns the posterior (0 to 1) of a window with these log-odds and this cleavage vector.
    pub fn of(&self, log_odds: f32, vector: &CleavageVector) -> f32 {
        let [x, v] = features(log_odds, vector);
        let logit = self.intercept + self.sharp * x + self.cleavage * v;
        (1.0 / (1.0 + (-logit).exp())) as f32
    }
}

/// Returns what a posterior is made of: the log-odds, and the logarithm of the mass at the centre.
pub fn features(log_odds: f32, vector: &CleavageVector) -> [f64; 2] {
    [f64::from(log_odds), f64::from(mass_at_centre(vector).max(LEAST_MASS)).ln()]
}

/// Returns the cleavage mass within 1 nt of the window's centre.
pub fn mass_at_centre(vector: &CleavageVector) -> f32 {
    vector[CLEAVAGE_CENTRE - 1..=CLEAVAGE_CENTRE + 1].iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::models::CLEAVAGE;

    proptest! {
        #[test]
        fn a_posterior_is_a_probability_that_rises_with_both_outputs(
            log_odds in -30f32..30.0, more in 0.01f32..5.0, mass in 0f32..0.5
        ) {
            let posterior = Posterior { intercept: -1.0, sharp: 0.7, cleavage: 0.4 };
            let mut vector = [0.0; CLEAVAGE];
            vector[CLEAVAGE_CENTRE + 1] = mass;
            let low = posterior.of(log_odds, &vector);
            prop_assert!((0.0..=1.0).contains(&low));
            prop_assert!(posterior.of(log_odds + more, &vector) >= low);
            vector[CLEAVAGE_CENTRE] = 0.3;
            prop_assert!(posterior.of(log_odds, &vector) >= low);
            vector = [0.0; CLEAVAGE];
            vector[CLEAVAGE_CENTRE + 2] = 1.0;
            prop_assert_eq!(features(log_odds, &vector)[1], f64::from(LEAST_MASS).ln());
        }
    }
}
