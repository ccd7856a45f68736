//! Logistic regression of a few features, by Newton's method.

/// Features of an example, its truth (0 or 1), and how often it counts.
#[derive(Clone, Copy, Debug)]
pub struct Example<const N: usize> {
    pub features: [f64; N],
    pub truth: f64,
    pub times: f64,
}

/// Newton steps; it takes about ten.
const STEPS: usize = 100;
/// Steps shorter than this are not made.
const CLOSE: f64 = 1e-9;
/// Keeps the weights finite where positives and negatives do not overlap.
const RIDGE: f64 = 1e-3;

/// Returns the likeliest weights, those of the features first and the intercept last (so `M` = `N` + 1),
/// with a weak pull towards `prior`. `None` if none are found.
pub fn fit<const N: usize, const M: usize>(
    examples: &[Example<N>],
    prior: [f64; M],
) -> Option<[f64; M]> {
    let mut weights = prior;
    for _ in 0..STEPS {
        let mut step = newton(examples, &weights, &prior)?;
        let before = loss(examples, &weights, &prior);
        // A whole step may lead far beyond where the curve is still like its tangent parabola.
        weights = loop {
            if step.iter().all(|part| part.abs() < CLOSE) {
                return Some(weights);
            }
            let next: [f64; M] = std::array::from_fn(|i| weights[i] - step[i]);
            if loss(examples, &next, &prior) < before {
                break next;
            }
            step.iter_mut().for_each(|part| *part /= 2.0);
        };
    }
    None
}

/// Returns the features with the 1 that the intercept is the weight of.
fn extended<const N: usize, const M: usize>(features: &[f64; N]) -> [f64; M] {
    std::array::from_fn(|i| features.get(i).copied().unwrap_or(1.0))
}

fn logit<const M: usize>(weights: &[f64; M], x: &[f64; M]) -> f64 {
    weights.iter().zip(x).map(|(w, x)| w * x).sum()
}

/// Returns what is minimised: cross-entropy plus the ridge.
fn loss<const N: usize, const M: usize>(
    examples: &[Example<N>],
    weights: &[f64; M],
    prior: &[f64; M],
) -> f64 {
    let ridge: f64 = weights.iter().zip(prior).map(|(w, p)| (w - p).powi(2)).sum();
    let entropy = examples.iter().map(|example| {
        let logit = logit(weights, &extended(&example.features));
        let softplus = logit.max(0.0) + (-logit.abs()).exp().ln_1p();
        example.times * (softplus - example.truth * logit)
    });
    entropy.sum::<f64>() + 0.5 * RIDGE * ridge
}

/// Returns the Newton step of what is minimised.
fn newton<const N: usize, const M: usize>(
    examples: &[Example<N>],
    weights: &[f64; M],
    prior: &[f64; M],
) -> Option<[f64; M]> {
    let mut gradient: [f64; M] = std::array::from_fn(|i| RIDGE * (weights[i] - prior[i]));
    let mut hessian = [[0.0; M]; M];
    (0..M).for_each(|i| hessian[i][i] = RIDGE);
    for example in examples {
        let x: [f64; M] = extended(&example.features);
        let p = 1.0 / (1.0 + (-logit(weights, &x)).exp());
        let weight = example.times * p * (1.0 - p);
        for i in 0..M {
            gradient[i] += example.times * (p - example.truth) * x[i];
            for j in 0..M {
                hessian[i][j] += weight * x[i] * x[j];
            }
        }
    }
    solve(hessian, gradient)
}

/// Solves a small symmetric positive definite system by Gaussian elimination.
fn solve<const M: usize>(mut a: [[f64; M]; M], mut b: [f64; M]) -> Option<[f64; M]> {
    for i in 0..M {
        if a[i][i].is_nan() || a[i][i] <= 0.0 {
            return None;
        }
        for row in i + 1..M {
            let factor = a[row][i] / a[i][i];
            for column in i..M {
                a[row][column] -= factor * a[i][column];
            }
            b[row] -= factor * b[i];
        }
    }
    for i in (0..M).rev() {
        for column in i + 1..M {
            b[i] -= a[i][column] * b[column];
        }
        b[i] /= a[i][i];
    }
    b.iter().all(|value| value.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_weights_that_drew_the_truth_are_found() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let drawn = (0..20_000).map(|_| {
            let features = [4.0 * rng.random::<f64>() - 2.0, 4.0 * rng.random::<f64>() - 2.0];
            let p = 1.0 / (1.0 + (-(1.5 * features[0] - 0.5 * features[1] - 1.0)).exp());
            let truth = f64::from(u8::from(rng.random::<f64>() < p));
            Example { features, truth, times: 2.0 }
        });
        let examples: Vec<Example<2>> = drawn.collect();
        let weights = fit(&examples, [1.0, 1.0, 0.0]).unwrap();
        for (found, drew) in weights.iter().zip([1.5, -0.5, -1.0]) {
            assert!((found - drew).abs() < 0.08, "{weights:?}");
        }
    }

    #[test]
    fn a_solution_solves() {
        let a = [[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 2.0]];
        let x = solve(a, [1.0, 2.0, 3.0]).unwrap();
        for (row, b) in a.iter().zip([1.0, 2.0, 3.0]) {
            let found: f64 = row.iter().zip(x).map(|(a, x)| a * x).sum();
            assert!((found - b).abs() < 1e-12);
        }
    }
}
