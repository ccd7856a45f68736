//! The network as its integers compute it, with gradients that look through the rounding
//! (straight-through estimator: Bengio et al. 2013, arXiv:1308.3432; Jacob et al. 2018, CVPR).
//!
//! Activations reach, channel by channel, as far as in the batch; the finished model finds how far
//! by itself ([`crate::models::dense::kernel::Int8`]).

use candle_core::Tensor;

use crate::engine::cpu::int8::HIGHEST;
use crate::error::Result;
use crate::models::dense::kernel::LEAST;
use crate::models::dense::network::{DenseNetwork, Layer, unfold};
use crate::train::network::Noise;

/// A step is never 0.
const SMALLEST: f64 = 1e-30;

/// As [`DenseNetwork::forward`], rounded.
pub fn forward(network: &DenseNetwork, one_hot: &Tensor, noise: &mut Noise) -> Result<Tensor> {
    let width = network.config.stem_width;
    let mut x = network.stem.forward(&unfold(one_hot, width, 1)?)?;
    for (layer, &dilation) in network.blocks.iter().zip(&network.config.dilations) {
        let (read, steps) = activations(&x.relu()?)?;
        let branch = rounded(layer, &steps)?.forward(&unfold(&read, 3, dilation)?)?;
        x = (x.narrow(1, dilation, branch.dim(1)?)? + branch)?;
    }
    let (read, steps) = activations(&noise.drop_channels(&x.relu()?)?)?;
    let hidden = rounded(&network.hidden, &steps)?.forward(&read)?;
    let (read, steps) = activations(&hidden.relu()?)?;
    Ok(rounded(&network.output, &steps)?.forward(&read)?)
}

/// Rounds rectified activations (batch x length x channels); returns them and the step of each
/// channel.
fn activations(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let highest = x.detach().flatten(0, 1)?.max(0)?;
    let least = highest.max(0)?.affine(f64::from(LEAST), SMALLEST)?;
    let steps = (highest.broadcast_maximum(&least)? / f64::from(HIGHEST))?;
    let integers = x.detach().broadcast_div(&steps)?.round()?;
    Ok((through(x, &integers.broadcast_mul(&steps)?)?, steps))
}

/// Rounds the weight of a layer that reads channels in these steps at each of its taps.
fn rounded(layer: &Layer, steps: &Tensor) -> Result<Layer> {
    let weight = layer.weight.detach();
    let (inputs, channels) = (weight.dim(0)?, steps.dim(0)?);
    let steps = steps.repeat(inputs / channels)?.reshape((inputs, 1))?;
    let scaled = weight.broadcast_mul(&steps)?;
    let scales = scaled.abs()?.max_keepdim(0)?.affine(1.0 / f64::from(HIGHEST), SMALLEST)?;
    let integers = scaled.broadcast_div(&scales)?.round()?;
    let rounded = integers.broadcast_mul(&scales)?.broadcast_div(&steps)?;
    Ok(Layer { weight: through(&layer.weight, &rounded)?, bias: layer.bias.clone() })
}

/// Returns the rounded values with the gradient of the exact ones.
fn through(exact: &Tensor, rounded: &Tensor) -> Result<Tensor> {
    Ok((exact + (rounded - exact.detach())?)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn a_gradient_looks_through_the_rounding() -> Result<()> {
        let device = Device::Cpu;
        let x = Var::randn(1f32, 1.0, (2, 5, 16), &device)?;
        let (read, steps) = activations(&x.relu()?)?;
        // Whole steps, at most 127, at most half a step away.
        let integers: Vec<f32> = read.broadcast_div(&steps)?.flatten_all()?.to_vec1()?;
        assert!(integers.iter().all(|x| (x - x.round()).abs() < 1e-3 && *x < 127.5));
        let off = (&read - x.relu()?)?.abs()?.broadcast_div(&steps)?;
        assert!(off.max_all()?.to_scalar::<f32>()? < 0.501);
        assert!(off.max_all()?.to_scalar::<f32>()? > 0.1);
        let scale = Tensor::randn(0f32, 1.0, (2, 5, 16), &device)?;
        let gradients = (read * &scale)?.sum_all()?.backward()?;
        let expected = (x.relu()? * &scale)?.sum_all()?.backward()?;
        let [got, expected] = [&gradients, &expected]
            .map(|all| all.get(&x).map(|g| g.flatten_all()?.to_vec1::<f32>()).transpose());
        assert_eq!(got?, expected?);
        Ok(())
    }
}
