//! What is counted of many rows in little memory: the best of them, histograms.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Keeps the rows with the greatest keys; of equal ones those that came first.
pub struct Best<T> {
    most: usize,
    heap: BinaryHeap<Kept<T>>,
    seen: u64,
}

struct Kept<T> {
    key: f64,
    number: u64,
    row: T,
}

impl<T> Ord for Kept<T> {
    /// The greatest is the first to go.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.total_cmp(&self.key).then(self.number.cmp(&other.number))
    }
}

impl<T> PartialOrd for Kept<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Kept<T> {}

impl<T> Best<T> {
    /// Keeps `most` rows.
    pub fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::new(), seen: 0 }
    }

    /// Adds a row.
    pub fn add(&mut self, key: f64, row: T) {
        self.heap.push(Kept { key, number: self.seen, row });
        self.seen += 1;
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }

    /// Returns how many rows there were.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Returns the rows, the best first.
    pub fn rows(self) -> Vec<T> {
        self.heap.into_sorted_vec().into_iter().map(|kept| kept.row).collect()
    }
}

/// Counts of values between edges; those outside count as the first or last.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Ascending; one more than there are counts.
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
}

impl Histogram {
    /// Divides `low..high` into equal bins.
    pub fn linear(low: f64, high: f64, bins: usize) -> Self {
        let edge = |at: usize| low + (high - low) * at as f64 / bins as f64;
        Self { edges: (0..=bins).map(edge).collect(), counts: vec![0; bins] }
    }

    /// Divides `low..high`, both above 0, into bins of equal ratio.
    pub fn logarithmic(low: f64, high: f64, bins: usize) -> Self {
        let mut histogram = Self::linear(low.ln(), high.ln(), bins);
        histogram.edges.iter_mut().for_each(|edge| *edge = edge.exp());
        histogram
    }

    /// Counts a value.
    pub fn add(&mut self, value: f64) {
        let after = self.edges.partition_point(|edge| *edge <= value);
        let last = self.counts.len().saturating_sub(1);
        if let Some(count) = self.counts.get_mut(after.saturating_sub(1).min(last)) {
            *count += 1;
        }
    }

    /// Returns how many values there were.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the value below which this share of the values lies, to the middle of its bin;
    /// `None` without values.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = share * self.total() as f64;
        let mut below = 0;
        let found = self.counts.iter().position(|count| {
            below += count;
            *count > 0 && below as f64 >= wanted
        })?;
        Some((self.edges[found] + self.edges[found + 1]) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_best_are_those_of_a_stable_sort(keys in prop::collection::vec(0u8..9, 0..40), most in 0usize..12) {
            let mut best = Best::new(most);
            keys.iter().enumerate().for_each(|(at, key)| best.add(f64::from(*key), at));
            prop_assert_eq!(best.seen(), keys.len() as u64);
            let mut sorted: Vec<usize> = (0..keys.len()).collect();
            sorted.sort_by_key(|at| std::cmp::Reverse(keys[*at]));
            sorted.truncate(most);
            prop_assert_eq!(best.rows(), sorted);
        }
    }

    #[test]
    fn values_are_counted_between_edges_and_outside_at_the_ends() {
        let mut histogram = Histogram::linear(0.0, 4.0, 4);
        [-1.0, 0.0, 0.9, 1.0, 3.5, 4.0, 9.0].iter().for_each(|value| histogram.add(*value));
        assert_eq!(histogram.counts, [3, 1, 0, 3]);
        assert_eq!(histogram.quantile(0.5), Some(1.5));
        assert_eq!(histogram.quantile(1.0), Some(3.5));
        assert_eq!(Histogram::linear(0.0, 1.0, 2).quantile(0.5), None);
        let log = Histogram::logarithmic(0.01, 1.0, 2);
        assert!((log.edges[1] - 0.1).abs() < 1e-12, "{:?}", log.edges);
    }
}
