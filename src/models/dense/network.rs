//! The network of `dense-scan` in candle: its definition, and what training differentiates.

use candle_core::{D, Tensor};
use serde::{Deserialize, Serialize};

use crate::engine::cpu::residual::fused_residual;
use crate::error::{Problem, Result};
use crate::models::WINDOW;

/// The widest layer: far above any use, and products of sizes cannot overflow.
const WIDEST: usize = 1 << 16;

/// Sizes of a dense-scan network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// Width of the residual stream: a multiple of 16.
    pub channels: usize,
    /// Width of the first convolution.
    pub stem_width: usize,
    /// One residual block each, width 3: a block sees 2 x dilation more positions.
    pub dilations: Vec<usize>,
    /// Width of the hidden layer of the heads: a multiple of 16.
    pub hidden: usize,
}

impl DenseConfig {
    /// Returns what is wrong with the sizes, if anything.
    pub fn check(&self) -> std::result::Result<(), Problem> {
        // In u128: absurd sizes must not wrap around to the right sum.
        let seen = self.dilations.iter().map(|&dilation| dilation as u128).sum::<u128>();
        let field = self.stem_width as u128 + 2 * seen;
        if field != WINDOW as u128 {
            return Err(format!(
                "receptive field {field}: stem width + 2 x dilations must be {WINDOW}"
            )
            .into());
        }
        for (what, n) in [("channels", self.channels), ("hidden", self.hidden)] {
            if n == 0 || n % 16 != 0 || n > WIDEST {
                return Err(
                    format!("{what} = {n}: must be a multiple of 16, at most {WIDEST}").into()
                );
            }
        }
        Ok(())
    }

    /// Returns the multiply-adds of one position of a scan where the cleavage head runs, times two.
    pub fn flop_per_position(&self, outputs: usize) -> usize {
        let blocks = self.dilations.len() * 3 * self.channels * self.channels;
        2 * (4 * self.stem_width * self.channels
            + blocks
            + self.channels * self.hidden
            + self.hidden * outputs)
    }
}

/// Weight (inputs x outputs) and bias of a layer.
#[derive(Clone, Debug)]
pub struct Layer {
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Layer {
    /// Applies the layer to the last dimension of (batch x length x inputs).
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let (batch, length, inputs) = x.dims3()?;
        let flat = x.reshape((batch * length, inputs))?.matmul(&self.weight)?;
        flat.broadcast_add(&self.bias)?.reshape((batch, length, self.weight.dim(1)?))
    }
}

/// How residual blocks are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residuals {
    /// Operation by operation: the definition, any device.
    Plain,
    /// One custom operation with its own gradient: CPU training.
    Fused,
}

/// The network: tensors by layer.
#[derive(Clone, Debug)]
pub struct DenseNetwork {
    pub config: DenseConfig,
    pub stem: Layer,
    pub blocks: Vec<Layer>,
    pub hidden: Layer,
    pub output: Layer,
}

impl DenseNetwork {
    /// Assembles the network from `tensor(name, shape)`; 51 outputs are dense-scan, 1
    /// dense-strength.
    ///
    /// # Errors
    /// Those of `tensor`.
    pub fn new(
        config: &DenseConfig,
        outputs: usize,
        mut tensor: impl FnMut(&str, &[usize]) -> Result<Tensor>,
    ) -> Result<Self> {
        let mut layer = |name: &str, inputs: usize, outputs: usize| -> Result<Layer> {
            Ok(Layer {
                weight: tensor(&format!("{name}.weight"), &[inputs, outputs])?,
                bias: tensor(&format!("{name}.bias"), &[outputs])?,
            })
        };
        let channels = config.channels;
        Ok(Self {
            config: config.clone(),
            stem: layer("stem", 4 * config.stem_width, channels)?,
            blocks: (0..config.dilations.len())
                .map(|i| layer(&format!("blocks.{i}"), 3 * channels, channels))
                .collect::<Result<_>>()?,
            hidden: layer("hidden", channels, config.hidden)?,
            output: layer("output", config.hidden, outputs)?,
        })
    }

    /// (batch x length x 4) -> rectified features (batch x (length - 239) x channels).
    pub fn trunk(&self, one_hot: &Tensor, residuals: Residuals) -> candle_core::Result<Tensor> {
        let mut x = self.stem.forward(&unfold(one_hot, self.config.stem_width, 1)?)?;
        for (layer, &dilation) in self.blocks.iter().zip(&self.config.dilations) {
            x = match residuals {
                Residuals::Plain => plain_residual(&x, layer, dilation)?,
                Residuals::Fused => fused_residual(&x, &layer.weight, &layer.bias, dilation)?,
            };
        }
        x.relu()
    }

    /// Features -> (batch x length x outputs): of dense-scan the classification logit, then 50
    /// cleavage logits.
    pub fn heads(&self, features: &Tensor) -> candle_core::Result<Tensor> {
        self.output.forward(&self.hidden.forward(features)?.relu()?)
    }

    /// (batch x length x 4) -> (batch x (length - 239) x outputs).
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn forward(&self, one_hot: &Tensor, residuals: Residuals) -> Result<Tensor> {
        Ok(self.heads(&self.trunk(one_hot, residuals)?)?)
    }
}

/// Neighbours side by side: (batch x length x c) -> (batch x (length - (width-1) d) x width c).
///
/// # Errors
/// If the tensor library fails.
pub fn unfold(x: &Tensor, width: usize, dilation: usize) -> candle_core::Result<Tensor> {
    let length = x.dim(1)? - (width - 1) * dilation;
    let taps = (0..width).map(|tap| x.narrow(1, tap * dilation, length));
    Tensor::cat(&taps.collect::<candle_core::Result<Vec<_>>>()?, D::Minus1)
}

/// `x[t + d] + bias + sum_k relu(x[t + kd]) w[k]`, a pre-activation residual block without padding.
pub fn plain_residual(x: &Tensor, layer: &Layer, dilation: usize) -> candle_core::Result<Tensor> {
    let branch = layer.forward(&unfold(&x.relu()?, 3, dilation)?)?;
    x.narrow(1, dilation, branch.dim(1)?)? + branch
}
