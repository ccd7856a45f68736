//! Platt scaling: a line through log-odds that makes them those of what was observed.

use serde::Serialize;

/// Calibrated log-odds = slope x log-odds + offset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    pub slope: f64,
    pub offset: f64,
}

/// Newton steps; it takes about ten.
const STEPS: usize = 100;
/// Keeps the line finite where positives and negatives do not overlap.
const RIDGE: f64 = 1e-3;

impl Line {
    /// Fits the likeliest line to probabilities of positives and of negatives (Platt 1999; without his
    /// smoothed targets: two values are fitted to hundreds). `None` without either.
    pub fn fit(positives: &[f32], negatives: &[f32]) -> Option<Self> {
        if positives.is_empty() || negatives.is_empty() {
            return None;
        }
        let with = |values: &[f32], truth: f64| -> Vec<(f64, f64)> {
            values.iter().map(|&p| (log_odds(f64::from(p)), truth)).collect()
        };
        let points = [with(positives, 1.0), with(negatives, 0.0)].concat();
        let mut line = Self { slope: 1.0, offset: 0.0 };
        for _ in 0..STEPS {
            let step = line.newton(&points);
            line = Self { slope: line.slope - step.slope, offset: line.offset - step.offset };
            if step.slope.abs().max(step.offset.abs()) < 1e-10 {
                break;
            }
        }
        Some(line)
    }

    /// Returns the Newton step of the log-likelihood of (log-odds, truth).
    fn newton(&self, points: &[(f64, f64)]) -> Self {
        let (mut gs, mut go) = (RIDGE * (self.slope - 1.0), RIDGE * self.offset);
        let (mut ss, mut so, mut oo) = (RIDGE, 0.0, RIDGE);
        for &(x, truth) in points {
            let p = 1.0 / (1.0 + (-self.slope * x - self.offset).exp());
            let weight = p * (1.0 - p);
            gs += (p - truth) * x;
            go += p - truth;
            ss += weight * x * x;
            so += weight * x;
            oo += weight;
        }
        let determinant = ss * oo - so * so;
        Self { slope: (oo * gs - so * go) / determinant, offset: (ss * go - so * gs) / determinant }
    }
}

/// Log-odds, finite for 0 and 1.
fn log_odds(p: f64) -> f64 {
    let p = p.clamp(1e-7, 1.0 - 1e-7);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::calibration::of_places;

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
        let line = Line::fit(&positives, &negatives).unwrap();
        assert!((line.slope - 2.0).abs() < 0.03, "{line:?}");
        assert!((line.offset + 1.0).abs() < 0.03, "{line:?}");
    }

    #[test]
    fn calibrated_probabilities_are_the_observed_shares() {
        let (positives, negatives) = drawn();
        let line = Line::fit(&positives, &negatives).unwrap();
        let apply = |values: &[f32]| -> Vec<f32> {
            let one = |&p: &f32| {
                let x = line.slope * log_odds(f64::from(p)) + line.offset;
                (1.0 / (1.0 + (-x).exp())) as f32
            };
            values.iter().map(one).collect()
        };
        let error = |p: &[f32], n: &[f32]| of_places(p, n).calibration_error.unwrap();
        assert!(error(&positives, &negatives) > 0.1);
        assert!(error(&apply(&positives), &apply(&negatives)) < 0.01);
    }

    #[test]
    fn separated_classes_and_certain_predictions_give_a_finite_line() {
        let line = Line::fit(&[1.0, 0.9], &[0.0, 0.1]).unwrap();
        assert!(line.slope.is_finite() && line.offset.is_finite() && line.slope > 0.0);
        assert_eq!(Line::fit(&[], &[0.5]), None);
    }
}
