//! Platt scaling: a line through log-odds that makes them those of what was observed.

use serde::Serialize;

use super::logistic::{Example, fit};
use crate::models::strength::log_odds;

/// Calibrated log-odds = slope x log-odds + offset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    pub slope: f64,
    pub offset: f64,
}

impl Line {
    /// Fits the likeliest line to probabilities of positives and of negatives, each of which counts
    /// `times` (Platt 1999; without his smoothed targets: two values are fitted to hundreds). `None`
    /// without either, or if no line is found.
    pub fn fit(positives: &[f32], negatives: &[f32], times: f64) -> Option<Self> {
        if positives.is_empty() || negatives.is_empty() {
            return None;
        }
        let with = |values: &[f32], truth: f64, times: f64| -> Vec<Example<1>> {
            let one = |&p: &f32| Example { features: [log_odds(f64::from(p))], truth, times };
            values.iter().map(one).collect()
        };
        let examples = [with(positives, 1.0, 1.0), with(negatives, 0.0, times)].concat();
        let [slope, offset] = fit(&examples, [1.0, 0.0])?;
        Some(Self { slope, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::calibration::Tally;

    /// Truth drawn so that log-odds x mean 2 x - 1.
    fn drawn() -> (Vec<f32>, Vec<f32>) {
        let (mut positives, mut negatives) = (Vec::new(), Vec::new());
        for i in 0..400 {
            let x = f64::from(i) / 100.0 - 2.0;
            let share = 1.0 / (1.0 + (1.0 - 2.0 * x).exp());
            let p = (1.0 / (1.0 + (-x).exp())) as f32;
            let count = (100.0 * share).round() as usize;
            positives.extend(vec![p; count]);
            negatives.extend(vec![p; 100 - count]);
        }
        (positives, negatives)
    }

    #[test]
    fn the_line_that_drew_the_truth_is_found() {
        let (positives, negatives) = drawn();
        let line = Line::fit(&positives, &negatives, 1.0).unwrap();
        assert!((line.slope - 2.0).abs() < 0.03, "{line:?}");
        assert!((line.offset + 1.0).abs() < 0.03, "{line:?}");
    }

    #[test]
    fn calibrated_probabilities_are_the_observed_shares() {
        let (positives, negatives) = drawn();
        let line = Line::fit(&positives, &negatives, 1.0).unwrap();
        let apply = |values: &[f32]| -> Vec<f32> {
            let one = |&p: &f32| {
                let x = line.slope * log_odds(f64::from(p)) + line.offset;
                (1.0 / (1.0 + (-x).exp())) as f32
            };
            values.iter().map(one).collect()
        };
        let error = |positives: &[f32], negatives: &[f32]| {
            let mut tally = Tally::default();
            positives.iter().for_each(|&p| tally.add(p, true));
            negatives.iter().for_each(|&p| tally.add(p, false));
            tally.finish().calibration_error.unwrap()
        };
        assert!(error(&positives, &negatives) > 0.1);
        assert!(error(&apply(&positives), &apply(&negatives)) < 0.01);
    }

    #[test]
    fn a_model_that_is_sure_of_nothing_is_moved_to_the_observed_share() {
        let line = Line::fit(&[0.001; 50], &[0.001; 200], 5.0).unwrap();
        let logit = line.slope * log_odds(0.001) + line.offset;
        assert!((1.0 / (1.0 + (-logit).exp()) - 1.0 / 21.0).abs() < 1e-3, "{line:?}");
    }

    #[test]
    fn separated_classes_and_certain_predictions_give_a_finite_line() {
        let line = Line::fit(&[1.0, 0.9], &[0.0, 0.1], 1.0).unwrap();
        assert!(line.slope.is_finite() && line.offset.is_finite() && line.slope > 0.0);
        assert_eq!(Line::fit(&[], &[0.5], 1.0), None);
    }
}
