//! Ranking metrics.

/// Area under the ROC curve; ties count half. `None` without positives or negatives.
///
/// ```
/// use polyascan::evaluate::metrics::auroc;
/// assert_eq!(auroc(&[0.9, 0.4], &[0.4, 0.1]), Some(0.875));
/// ```
pub fn auroc(positives: &[f32], negatives: &[f32]) -> Option<f64> {
    let (p, n) = (positives.len() as f64, negatives.len() as f64);
    let mut won = 0.0;
    let mut seen = 0.0;
    for (ties_p, ties_n) in tied(positives, negatives).into_iter().rev() {
        won += ties_p as f64 * (seen + ties_n as f64 / 2.0);
        seen += ties_n as f64;
    }
    (p > 0.0 && n > 0.0).then(|| won / (p * n))
}

/// Average precision (area under the precision-recall curve by steps); tied scores are one step.
pub fn auprc(positives: &[f32], negatives: &[f32]) -> Option<f64> {
    if positives.is_empty() {
        return None;
    }
    let (mut true_calls, mut calls, mut area) = (0.0, 0.0, 0.0);
    for (p, n) in tied(positives, negatives) {
        true_calls += p as f64;
        calls += (p + n) as f64;
        area += p as f64 * true_calls / calls;
    }
    Some(area / positives.len() as f64)
}

/// Returns the median, the mean of the middle two for an even number; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    (n > 0).then(|| (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0)
}

/// Pearson's correlation of pairs; `None` where one side does not vary.
pub fn pearson(a: &[f32], b: &[f32]) -> Option<f64> {
    let n = a.len().min(b.len()) as f64;
    let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (&x, &y) in a.iter().zip(b) {
        let (x, y) = (f64::from(x) - mean_a, f64::from(y) - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

/// Counts of positives and negatives with each distinct score, highest score first.
fn tied(positives: &[f32], negatives: &[f32]) -> Vec<(usize, usize)> {
    let label = |label: bool| move |&score: &f32| (score, label);
    let mut all: Vec<(f32, bool)> = positives.iter().map(label(true)).collect();
    all.extend(negatives.iter().map(label(false)));
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.chunk_by(|a, b| a.0 == b.0)
        .map(|ties| {
            let p = ties.iter().filter(|(_, positive)| *positive).count();
            (p, ties.len() - p)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn auroc_is_the_share_of_pairs_in_order(p in prop::collection::vec(0u8..20, 1..30), n in prop::collection::vec(0u8..20, 1..30)) {
            let p: Vec<f32> = p.into_iter().map(f32::from).collect();
            let n: Vec<f32> = n.into_iter().map(f32::from).collect();
            let pairs: f64 = p.iter().flat_map(|a| n.iter().map(move |b| match a.total_cmp(b) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            })).sum();
            let expected = pairs / (p.len() * n.len()) as f64;
            prop_assert!((auroc(&p, &n).unwrap_or(-1.0) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn average_precision_of_a_known_ranking() {
        // Ranking: + - + : precision 1 at the first, 2/3 at the second positive.
        let area = auprc(&[0.9, 0.5], &[0.7]).unwrap_or(0.0);
        assert!((area - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(auprc(&[], &[0.1]), None);
        assert_eq!(auroc(&[], &[0.1]), None);
    }

    #[test]
    fn pearson_of_known_pairs() {
        let r = pearson(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]);
        assert!((r.unwrap() - 0.8).abs() < 1e-12);
        assert_eq!(pearson(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(pearson(&[], &[]), None);
    }

    #[test]
    fn median_of_even_and_odd_counts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
