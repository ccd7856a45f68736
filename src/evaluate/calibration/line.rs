//! Platt scaling: a line through log-odds that makes them those of what was observed.

use serde::Serialize;

use crate::models::strength::log_odds;

/// Calibrated log-odds = slope x log-odds + offset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    pub slope: f64,
    pub offset: f64,
}

/// Log-odds of a prediction, its truth (0 or 1), and how often it counts.
#[derive(Clone, Copy)]
struct Point {
    x: f64,
    truth: f64,
    times: f64,
}

/// Newton steps; it takes about ten.
const STEPS: usize = 100;
/// Steps shorter than this are not made.
const CLOSE: f64 = 1e-9;
/// Keeps the line finite where positives and negatives do not overlap.
const RIDGE: f64 = 1e-3;

impl Line {
    /// Fits the likeliest line to probabilities of positives and of negatives, each of which counts
    /// `times` (Platt 1999; without his smoothed targets: two values are fitted to hundreds).
    /// `None` without either, or if no line is found.
    pub fn fit(positives: &[f32], negatives: &[f32], times: f64) -> Option<Self> {
        if positives.is_empty() || negatives.is_empty() {
            return None;
        }
        let with = |values: &[f32], truth: f64, times: f64| -> Vec<Point> {
            values.iter().map(|&p| Point { x: log_odds(f64::from(p)), truth, times }).collect()
        };
        let points = [with(positives, 1.0, 1.0), with(negatives, 0.0, times)].concat();
        let mut line = Self { slope: 1.0, offset: 0.0 };
        for _ in 0..STEPS {
            let Self { mut slope, mut offset } = line.newton(&points);
            let loss = line.loss(&points);
            // A whole step may lead far beyond where the curve is still like its tangent parabola.
            let next = loop {
                if slope.abs().max(offset.abs()) < CLOSE {
                    return Some(line);
                }
                let next = Self { slope: line.slope - slope, offset: line.offset - offset };
                if next.loss(&points) < loss {
                    break next;
                }
                (slope, offset) = (slope / 2.0, offset / 2.0);
            };
            line = next;
        }
        None
    }

    /// Returns what is minimised: cross-entropy plus the ridge.
    fn loss(&self, points: &[Point]) -> f64 {
        let ridge = (self.slope - 1.0).powi(2) + self.offset.powi(2);
        let entropy = points.iter().map(|&Point { x, truth, times }| {
            let logit = self.slope * x + self.offset;
            times * (logit.max(0.0) - truth * logit + (-logit.abs()).exp().ln_1p())
        });
        entropy.sum::<f64>() + 0.5 * RIDGE * ridge
    }

    /// Returns the Newton step of what is minimised.
    fn newton(&self, points: &[Point]) -> Self {
        let (mut gs, mut go) = (RIDGE * (self.slope - 1.0), RIDGE * self.offset);
        let (mut ss, mut so, mut oo) = (RIDGE, 0.0, RIDGE);
        for &Point { x, truth, times } in points {
            let p = 1.0 / (1.0 + (-self.slope * x - self.offset).exp());
            let weight = times * p * (1.0 - p);
            gs += times * (p - truth) * x;
            go += times * (p - truth);
            ss += weight * x * x;
            so += weight * x;
            oo += weight;
        }
        let determinant = ss * oo - so * so;
        Self { slope: (oo * gs - so * go) / determinant, offset: (ss * go - so * gs) / determinant }
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
