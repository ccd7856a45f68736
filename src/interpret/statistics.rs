//! Means with intervals, tests and tails, by the crate statrs.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::statistics::{Data, OrderStatistics};

/// Sums of values: their number, sum and sum of squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    pub count: u64,
    pub sum: f64,
    squares: f64,
}

impl Moments {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    /// Returns the mean; none of no value.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Returns the standard error of the mean; none of fewer than two values.
    pub fn standard_error(&self) -> Option<f64> {
        let n = self.count as f64;
        let variance = (self.squares - self.sum * self.sum / n).max(0.0) / (n - 1.0);
        (self.count > 1).then(|| (variance / n).sqrt())
    }

    /// Returns half of the width of the mean's 95 % interval (Student's t).
    pub fn half_interval(&self) -> Option<f64> {
        let t = students_t(self.count)?.inverse_cdf(0.975);
        Some(t * self.standard_error()?)
    }

    /// Returns the probability of such a mean or a greater one where the true mean is 0 (one-sided
    /// t-test).
    pub fn p_above_zero(&self) -> Option<f64> {
        let (mean, error) = (self.mean()?, self.standard_error()?);
        if error == 0.0 {
            return Some(if mean > 0.0 { 0.0 } else { 1.0 });
        }
        Some(students_t(self.count)?.sf(mean / error))
    }
}

fn students_t(count: u64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, count.checked_sub(1).filter(|&n| n > 0)? as f64).ok()
}

/// Returns the value below which a share of values lies; 0 of none.
pub fn quantile(values: Vec<f64>, share: f64) -> f64 {
    if values.is_empty() { 0.0 } else { Data::new(values).quantile(share) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out by hand: mean 4.2, standard error 1.39284, t(0.975; 4) = 2.77645, and the closed
    /// form of Student's t with four degrees of freedom.
    #[test]
    fn intervals_and_tests_are_those_of_students_t() {
        let mut moments = Moments::default();
        [1.0, 2.0, 4.0, 5.0, 9.0].into_iter().for_each(|value| moments.add(value));
        assert_eq!(moments.mean(), Some(4.2));
        assert!((moments.half_interval().unwrap() - 3.867_14).abs() < 1e-4);
        assert!((moments.p_above_zero().unwrap() - 0.019_670).abs() < 1e-5);
    }

    #[test]
    fn too_few_values_have_no_interval() {
        let mut moments = Moments::default();
        assert_eq!((moments.mean(), moments.p_above_zero()), (None, None));
        moments.add(3.0);
        assert_eq!((moments.mean(), moments.half_interval()), (Some(3.0), None));
        moments.add(3.0);
        assert_eq!((moments.half_interval(), moments.p_above_zero()), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn a_quantile_lies_among_the_values() {
        let values: Vec<f64> = (0..=10_000).map(f64::from).collect();
        assert!((quantile(values, 0.9999) - 9_999.5).abs() < 1.0);
        assert_eq!(quantile(Vec::new(), 0.5), 0.0);
    }
}
