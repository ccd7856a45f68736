//! From what a site model says of a window to the probability that a call there is a measured site.

use serde::{Deserialize, Serialize};

use super::strength::log_odds;
use super::{CLEAVAGE_CENTRE, CleavageVector, StrandScores};

/// Cleavage mass that is taken for the least there is: keeps logarithms finite.
const LEAST_MASS: f32 = 1e-6;

/// A logistic regression that makes a *posterior* of a window's outputs: the share of the calls of a
/// scan with such outputs that are measured sites, at the frequency that sites have along the genome.
/// It is fitted to the calls on contigs that were not trained on, and kept in the weight file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posterior {
    pub intercept: f64,
    /// Weight of the log-odds that RNA is cleaved close to the window's centre, of models that say so;
    /// else of those of the classification.
    pub sharp: f64,
    /// Weight of the logarithm of the cleavage mass within 1 nt of the centre.
    pub cleavage: f64,
    /// Weight of the log-odds of the classification.
    pub classification: f64,
}

impl Posterior {
    /// Makes a posterior of the weights of [`features`] and the intercept.
    pub fn new([sharp, cleavage, classification, intercept]: [f64; 4]) -> Self {
        Self { intercept, sharp, cleavage, classification }
    }

    /// Returns the posterior (0 to 1) of the n-th window with a cleavage vector.
    pub fn of(&self, scores: &StrandScores, n: usize) -> f32 {
        let [sharp, cleavage, classification] = features(scores, n);
        let logit = self.intercept
            + self.sharp * sharp
            + self.cleavage * cleavage
            + self.classification * classification;
        (1.0 / (1.0 + (-logit).exp())) as f32
    }
}

/// Returns what a posterior of the n-th window with a cleavage vector is made of: the sharp log-odds,
/// the logarithm of the mass at the centre, the log-odds of the classification.
pub fn features(scores: &StrandScores, n: usize) -> [f64; 3] {
    let (window, vector) = &scores.cleavage[n];
    let mass = f64::from(mass_at_centre(vector).max(LEAST_MASS));
    let classification = log_odds(f64::from(scores.probability[*window]));
    [f64::from(scores.log_odds(n)), mass.ln(), classification]
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

    fn window(sharp: f32, mass: f32, probability: f32) -> StrandScores {
        let mut vector = [0.0; CLEAVAGE];
        vector[CLEAVAGE_CENTRE + 1] = mass;
        vector[CLEAVAGE_CENTRE + 2] = 1.0 - mass;
        StrandScores { probability: vec![probability], cleavage: vec![(0, vector)], sharp: vec![sharp] }
    }

    proptest! {
        #[test]
        fn a_posterior_is_a_probability_that_rises_with_every_output(
            sharp in -30f32..30.0, more in 0.01f32..5.0, mass in 0f32..0.5, probability in 0f32..0.9
        ) {
            let posterior = Posterior::new([0.7, 0.4, 0.2, -1.0]);
            let of = |sharp, mass, probability| posterior.of(&window(sharp, mass, probability), 0);
            let low = of(sharp, mass, probability);
            prop_assert!((0.0..=1.0).contains(&low));
            prop_assert!(of(sharp + more, mass, probability) >= low);
            prop_assert!(of(sharp, mass + 0.3, probability) >= low);
            prop_assert!(of(sharp, mass, probability + 0.1) >= low);
        }
    }

    #[test]
    fn without_a_sharp_output_the_classification_stands_in_and_no_mass_is_finite() {
        let mut scores = window(3.0, 0.0, 0.5);
        assert_eq!(features(&scores, 0), [3.0, f64::from(LEAST_MASS).ln(), 0.0]);
        scores.sharp.clear();
        assert_eq!(features(&scores, 0)[0], 0.0);
    }
}
