//! Logistic regression on standardised features.

use serde::{Deserialize, Serialize};

/// One feature of a regression.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    pub feature: String,
    /// Over the sites that it was fitted to or, published coefficients, that it is used with.
    pub mean: f64,
    /// The same; 1 for what is 0 or 1.
    pub deviation: f64,
    pub coefficient: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
}

/// A regression: the log-odds are the intercept and the coefficients times the standardised
/// features.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    pub intercept: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// What makes a probability of a score, where the intercept belongs to other shares of used
    /// sites.
    #[serde(default)]
    pub offset: f64,
    #[serde(default = "one")]
    pub slope: f64,
    pub terms: Vec<Term>,
}

fn one() -> f64 {
    1.0
}

impl Logistic {
    /// Returns the score that sites are ranked by; `feature` gives features by name, NaN where one
    /// is not known, which counts as the mean.
    pub fn score(&self, feature: impl Fn(&str) -> f64) -> f64 {
        let part = |term: &Term| {
            let standardised = (feature(&term.feature) - term.mean) / term.deviation;
            if standardised.is_finite() { term.coefficient * standardised } else { 0.0 }
        };
        self.intercept + self.terms.iter().map(part).sum::<f64>()
    }

    /// Returns the probability.
    pub fn probability(&self, feature: impl Fn(&str) -> f64) -> f64 {
        sigmoid(self.offset + self.slope * self.score(feature))
    }
}

/// Returns the probability of natural log-odds.
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// A fitted regression: intercept first.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub coefficients: Vec<f64>,
    pub standard_errors: Vec<f64>,
}

/// Penalty on the square of each coefficient but the intercept: keeps separable data finite.
const RIDGE: f64 = 0.5;
const STEPS: usize = 50;

/// Fits labels to rows of features by Newton's method; `None` where one label is missing or nothing
/// converges.
pub fn fit(rows: &[Vec<f64>], labels: &[bool]) -> Option<Fit> {
    let n = rows.first()?.len() + 1;
    let positives = labels.iter().filter(|label| **label).count();
    if positives == 0 || positives == labels.len() {
        return None;
    }
    let mut coefficients = vec![0.0; n];
    for _ in 0..STEPS {
        let (gradient, hessian) = derivatives(rows, labels, &coefficients);
        let step = solve(&hessian, &gradient)?;
        coefficients.iter_mut().zip(&step).for_each(|(coefficient, step)| *coefficient += step);
        if step.iter().all(|step| step.abs() < 1e-9) {
            let unit = |i: usize| (0..n).map(|j| f64::from(u8::from(i == j))).collect::<Vec<_>>();
            let variances = (0..n).map(|i| Some(solve(&hessian, &unit(i))?[i]));
            let variances: Option<Vec<f64>> = variances.collect();
            let standard_errors = variances?.into_iter().map(f64::sqrt).collect();
            return Some(Fit { coefficients, standard_errors });
        }
    }
    None
}

/// Gradient and negative Hessian of the penalised log-likelihood.
fn derivatives(rows: &[Vec<f64>], labels: &[bool], at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = at.len();
    let mut gradient: Vec<f64> = at.iter().map(|coefficient| -RIDGE * coefficient).collect();
    gradient[0] = 0.0;
    let mut hessian = vec![vec![0.0; n]; n];
    (1..n).for_each(|i| hessian[i][i] = RIDGE);
    let mut x = vec![1.0; n];
    for (row, &label) in rows.iter().zip(labels) {
        x[1..].copy_from_slice(row);
        let p = sigmoid(x.iter().zip(at).map(|(x, c)| x * c).sum());
        let (rest, weight) = (f64::from(u8::from(label)) - p, p * (1.0 - p));
        for i in 0..n {
            gradient[i] += rest * x[i];
            for j in 0..n {
                hessian[i][j] += weight * x[i] * x[j];
            }
        }
    }
    (gradient, hessian)
}

/// Solves a symmetric positive definite system by Cholesky's method.
fn solve(matrix: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    let mut lower = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = matrix[i][j] - known;
            if i != j {
                lower[i][j] = rest / lower[j][j];
            } else if rest > 0.0 {
                lower[i][j] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    let mut half = vec![0.0; n];
    for i in 0..n {
        let known: f64 = (0..i).map(|k| lower[i][k] * half[k]).sum();
        half[i] = (right[i] - known) / lower[i][i];
    }
    let mut whole = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| lower[k][i] * whole[k]).sum();
        whole[i] = (half[i] - known) / lower[i][i];
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_finds_the_log_odds_of_two_groups() {
        // 300 of 400 used where x is 1, 100 of 400 where it is 0: log-odds ln 3 and -ln 3.
        let rows: Vec<Vec<f64>> =
            (0..800).map(|i| vec![f64::from(u8::from(i < 400)), 0.0]).collect();
        let labels: Vec<bool> = (0..800).map(|i| i < 300 || (400..500).contains(&i)).collect();
        let found = fit(&rows, &labels).unwrap();
        let ln3 = 3.0_f64.ln();
        // The penalty pulls a little.
        assert!((found.coefficients[0] + ln3).abs() < 0.03, "{found:?}");
        assert!((found.coefficients[1] - 2.0 * ln3).abs() < 0.05, "{found:?}");
        // 1 / sqrt(sum p (1 - p)) of either group is 0.115; of their difference sqrt 2 times that.
        assert!((found.standard_errors[1] - 0.163).abs() < 0.01, "{found:?}");
        assert!(fit(&rows, &[true; 800]).is_none());
    }

    #[test]
    fn separable_data_stay_finite() {
        let rows: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i) - 9.5]).collect();
        let labels: Vec<bool> = (0..20).map(|i| i >= 10).collect();
        let found = fit(&rows, &labels).unwrap();
        assert!(found.coefficients[1] > 0.5 && found.coefficients[1] < 10.0, "{found:?}");
    }

    #[test]
    fn what_is_not_known_counts_as_the_mean() {
        let term = |feature: &str, coefficient| Term {
            feature: feature.to_owned(),
            mean: 2.0,
            deviation: 4.0,
            coefficient,
            standard_error: None,
        };
        let (terms, offset, slope) = (vec![term("a", 3.0), term("b", 5.0)], 1.0, 2.0);
        let model = Logistic { intercept: 0.5, standard_error: None, offset, slope, terms };
        let feature = |name: &str| if name == "a" { 6.0 } else { f64::NAN };
        assert_eq!(model.score(feature), 3.5);
        assert_eq!(model.probability(feature), sigmoid(8.0));
    }
}
