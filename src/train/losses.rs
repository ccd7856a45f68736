//! Losses that tasks share.

use candle_core::{D, Tensor};
use candle_nn::ops::log_softmax;

use crate::error::Result;

/// Mean binary cross-entropy of logits (n) for targets (n) between 0 and 1.
///
/// # Errors
/// If the tensor library fails.
pub fn binary_cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    Ok(binary_entropies(logits, targets)?.mean_all()?)
}

/// As [`binary_cross_entropy`], each value multiplied by its weight.
///
/// # Errors
/// If the tensor library fails.
pub fn weighted_binary_cross_entropy(
    logits: &Tensor,
    targets: &Tensor,
    weights: &Tensor,
) -> Result<Tensor> {
    Ok((binary_entropies(logits, targets)? * weights)?.mean_all()?)
}

fn binary_entropies(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    // max(x, 0) - x t + ln(1 + exp(-|x|)): no overflow for any logit.
    let softplus = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    Ok(((logits.relu()? - (logits * targets)?)? + softplus)?)
}

/// Mean cross-entropy of logits (n x classes) for classes (n).
///
/// # Errors
/// If the tensor library fails.
pub fn cross_entropy(logits: &Tensor, classes: &Tensor) -> Result<Tensor> {
    let log = log_softmax(logits, D::Minus1)?;
    Ok(log.gather(&classes.unsqueeze(1)?, 1)?.mean_all()?.neg()?)
}

/// Mean Kullback-Leibler divergence of distributions given as logarithms (n x m) from targets (n x
/// m) that sum to 1, weighted (n).
///
/// # Errors
/// If the tensor library fails.
pub fn kl_divergence(log: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    // Nothing times its logarithm is nothing.
    let own = targets.clamp(f32::MIN_POSITIVE, 1f32)?.log()?;
    let each = (targets * (own - log)?)?.sum(D::Minus1)?;
    Ok(((each * weights)?.sum_all()? / weights.sum_all()?)?)
}

/// As [`cross_entropy`], each value multiplied by its weight (n).
///
/// # Errors
/// If the tensor library fails.
pub fn weighted_cross_entropy(
    logits: &Tensor,
    classes: &Tensor,
    weights: &Tensor,
) -> Result<Tensor> {
    let log = log_softmax(logits, D::Minus1)?;
    let each = log.gather(&classes.unsqueeze(1)?, 1)?.squeeze(1)?;
    Ok((each * weights)?.mean_all()?.neg()?)
}

/// Mean squared error of values (n) for targets (n), weighted (n).
///
/// # Errors
/// If the tensor library fails.
pub fn squared_error(values: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let square = ((values - targets)?.sqr()? * weights)?;
    Ok((square.sum_all()? / weights.sum_all()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn value(tensor: &Tensor) -> f64 {
        f64::from(tensor.to_scalar::<f32>().unwrap())
    }

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    #[test]
    fn binary_cross_entropy_is_its_definition_and_does_not_overflow() {
        let (logits, targets) = (tensor(&[0.3, -1.2]), tensor(&[0.25, 1.0]));
        let p = |x: f64| 1.0 / (1.0 + (-x).exp());
        let one = -(0.25 * p(0.3).ln() + 0.75 * (1.0 - p(0.3)).ln());
        let expected = (one - p(-1.2).ln()) / 2.0;
        let found = value(&binary_cross_entropy(&logits, &targets).unwrap());
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        let huge = binary_cross_entropy(&tensor(&[1e4, -1e4]), &tensor(&[0.0, 1.0])).unwrap();
        assert!((value(&huge) - 1e4).abs() < 1.0);
    }

    #[test]
    fn binary_and_two_class_cross_entropy_agree() {
        let logits = Tensor::new(&[[0.5f32, -0.25], [1.0, 2.0]], &Device::Cpu).unwrap();
        let classes = Tensor::new(&[0u32, 0], &Device::Cpu).unwrap();
        let binary = binary_cross_entropy(&tensor(&[0.75, -1.0]), &tensor(&[1.0, 1.0])).unwrap();
        let found = value(&cross_entropy(&logits, &classes).unwrap());
        assert!((found - value(&binary)).abs() < 1e-6);
    }

    #[test]
    fn the_divergence_is_its_definition_and_0_of_the_targets_themselves() {
        let targets =
            Tensor::new(&[[0.25f32, 0.75, 0.0], [0.5, 0.25, 0.25]], &Device::Cpu).unwrap();
        let logits = Tensor::new(&[[0.5f32, -0.25, 1.0], [1.0, 2.0, 0.0]], &Device::Cpu).unwrap();
        let log = log_softmax(&logits, D::Minus1).unwrap();
        let rows = log.to_vec2::<f32>().unwrap();
        let of = |row: usize, targets: &[f64]| -> f64 {
            let terms = targets.iter().zip(&rows[row]).filter(|(t, _)| **t > 0.0);
            terms.map(|(t, &log)| t * (t.ln() - f64::from(log))).sum()
        };
        let (first, second) = (of(0, &[0.25, 0.75]), of(1, &[0.5, 0.25, 0.25]));
        for (weights, expected) in
            [([1.0, 1.0], (first + second) / 2.0), ([3.0, 1.0], (3.0 * first + second) / 4.0)]
        {
            let found = value(&kl_divergence(&log, &targets, &tensor(&weights)).unwrap());
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        let same = targets.clamp(1e-30f32, 1f32).unwrap().log().unwrap();
        assert!(value(&kl_divergence(&same, &targets, &tensor(&[1.0, 1.0])).unwrap()) < 1e-6);
    }

    #[test]
    fn weights_of_one_leave_a_cross_entropy_and_others_multiply_its_values() {
        let logits = Tensor::new(&[[0.5f32, -0.25], [1.0, 2.0]], &Device::Cpu).unwrap();
        let classes = Tensor::new(&[0u32, 0], &Device::Cpu).unwrap();
        let weighted =
            |w: &[f32]| value(&weighted_cross_entropy(&logits, &classes, &tensor(w)).unwrap());
        let all = value(&cross_entropy(&logits, &classes).unwrap());
        assert!((weighted(&[1.0, 1.0]) - all).abs() < 1e-6);
        assert!((weighted(&[3.0, 0.0]) + weighted(&[0.0, 3.0]) - 3.0 * all).abs() < 1e-6);
        let (logits, targets) = (tensor(&[0.75, -1.0]), tensor(&[1.0, 0.0]));
        let weighted = |w: &[f32]| {
            value(&weighted_binary_cross_entropy(&logits, &targets, &tensor(w)).unwrap())
        };
        let all = value(&binary_cross_entropy(&logits, &targets).unwrap());
        assert!((weighted(&[2.0, 0.0]) + weighted(&[0.0, 2.0]) - 2.0 * all).abs() < 1e-6);
    }

    #[test]
    fn squared_error_weighs_its_values() {
        let found = squared_error(&tensor(&[1.0, 5.0]), &tensor(&[2.0, 2.0]), &tensor(&[3.0, 1.0]));
        assert!((value(&found.unwrap()) - (3.0 + 9.0) / 4.0).abs() < 1e-6);
    }
}
