//! Kernels by sequences, clustered: which kernels are active together.

use kodama::{Method, linkage};

use super::{Peaks, Study};

/// Standardised activations in the order of two clusterings.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// Kernels from top to bottom.
    pub kernels: Vec<usize>,
    /// Sequences from left to right.
    pub sequences: Vec<usize>,
    /// By kernel and sequence, in these orders: standard deviations from the kernel's mean.
    pub values: Vec<Vec<f64>>,
}

/// Clusters kernels and sequences (Ward's method on Euclidean distances of standardised
/// activations, as pysster does); of more than `most` sequences those at even steps through all.
pub fn clusters(study: &Study<'_>, peaks: &Peaks, most: usize) -> Clusters {
    let all = study.sequences.len();
    let shown = all.min(most.max(1));
    let sequences: Vec<usize> = (0..shown).map(|number| number * all / shown).collect();
    let rows: Vec<Vec<f64>> = (0..study.kernels.len())
        .map(|kernel| {
            standardised(sequences.iter().map(|&n| f64::from(peaks.value(n, kernel))).collect())
        })
        .collect();
    let columns: Vec<Vec<f64>> =
        (0..shown).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    let (kernels, order) = (leaves(&rows), leaves(&columns));
    let values = kernels.iter().map(|&row| order.iter().map(|&column| rows[row][column]).collect());
    let values = values.collect();
    Clusters { kernels, sequences: order.iter().map(|&column| sequences[column]).collect(), values }
}

/// Returns values less their mean in sample standard deviations; zeros where all are equal.
fn standardised(mut values: Vec<f64>) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (n - 1.0).max(1.0)).sqrt();
    for value in &mut values {
        *value = if deviation > 0.0 { (*value - mean) / deviation } else { 0.0 };
    }
    values
}

/// Returns rows in the order of the leaves of their dendrogram; of two branches the one that was
/// made first is first.
pub fn leaves(rows: &[Vec<f64>]) -> Vec<usize> {
    let n = rows.len();
    if n < 3 {
        return (0..n).collect();
    }
    let distance = |a: usize, b: usize| {
        rows[a].iter().zip(&rows[b]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    let mut distances: Vec<f64> =
        (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).map(|(a, b)| distance(a, b)).collect();
    let dendrogram = linkage(&mut distances, n, Method::Ward);
    let steps = dendrogram.steps();
    let mut order = Vec::with_capacity(n);
    let mut open = vec![n + steps.len() - 1];
    while let Some(cluster) = open.pop() {
        match cluster.checked_sub(n) {
            None => order.push(cluster),
            Some(step) => {
                let (a, b) = (steps[step].cluster1, steps[step].cluster2);
                open.extend([a.max(b), a.min(b)]);
            }
        }
    }
    order
}
