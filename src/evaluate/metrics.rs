//! Ranking, correlation, distance; figures in tables.

/// Returns a figure as tables show it: NA where there is none.
pub fn shown(value: Option<f64>, decimals: usize) -> String {
    value.map_or("NA".into(), |value| format!("{value:.decimals$}"))
}

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

/// Points of a curve.
pub type Points = Vec<(f64, f64)>;

/// Returns the ROC curve (false against true positive rate, from 0, 0 to 1, 1) and the
/// precision-recall curve (recall, precision) by falling score; tied scores are one step. `None`
/// without positives or negatives.
///
/// ```
/// use polyascan::evaluate::metrics::curves;
/// let (roc, precision_recall) = curves(&[0.9, 0.4], &[0.4, 0.1]).unwrap();
/// assert_eq!(roc, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
/// assert_eq!(precision_recall, [(0.5, 1.0), (1.0, 2.0 / 3.0), (1.0, 0.5)]);
/// ```
pub fn curves(positives: &[f32], negatives: &[f32]) -> Option<(Points, Points)> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let (all_p, all_n) = (positives.len() as f64, negatives.len() as f64);
    let (mut roc, mut precision_recall) = (vec![(0.0, 0.0)], Vec::new());
    let (mut true_calls, mut false_calls) = (0.0, 0.0);
    for (p, n) in tied(positives, negatives) {
        true_calls += p as f64;
        false_calls += n as f64;
        roc.push((false_calls / all_n, true_calls / all_p));
        precision_recall.push((true_calls / all_p, true_calls / (true_calls + false_calls)));
    }
    Some((roc, precision_recall))
}

/// Returns the median, the mean of the middle two for an even number; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    (n > 0).then(|| (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0)
}

/// Returns the mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Returns Pearson's correlation of pairs; `None` where one side does not vary.
pub fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (mx, my) = (mean(&xs)?, mean(&ys)?);
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        pairs.iter().map(|&(x, y)| f(x - mx, y - my)).sum()
    };
    let (xy, xx, yy) = (sum(&|x, y| x * y), sum(&|x, _| x * x), sum(&|_, y| y * y));
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

/// Returns Spearman's correlation of pairs: Pearson's of their ranks, equals sharing the mean rank.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let ranks: Vec<(f64, f64)> = ranks(&xs).into_iter().zip(ranks(&ys)).collect();
    pearson(&ranks)
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equals in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (equals.len() - 1) as f64 / 2.0;
        equals.iter().for_each(|&i| ranks[i] = rank);
        first += equals.len();
    }
    ranks
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
    fn correlations_of_known_pairs() {
        let close = |found: Option<f64>, expected: f64| {
            assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, not {expected}");
        };
        let cubes: Vec<(f64, f64)> = (-3..=3).map(|x| (x.into(), (x * x * x).into())).collect();
        // Sums over the cubes: xy 196, xx 28, yy 1588.
        close(pearson(&cubes), 196.0 / (28.0f64 * 1588.0).sqrt());
        close(spearman(&cubes), 1.0);
        // Ranks 0, 1.5, 1.5, 3 against 3, 2, 1, 0: xy -4.5, xx 4.5, yy 5.
        let tied = [(1.0, 9.0), (2.0, 5.0), (2.0, 4.0), (7.0, -1.0)];
        close(spearman(&tied), -4.5 / (4.5f64 * 5.0).sqrt());
        assert_eq!(pearson(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(spearman(&[]), None);
    }

    #[test]
    fn median_of_even_and_odd_counts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
