//! DeeReCT-PolyA.

use candle_core::Tensor;

use super::letters::Letters;
use super::operations::{Layer, max_pool};
use super::{Bank, Parts, Said, Soft};
use crate::error::Result;
use crate::models::deerect::kernel::GROUPS;
use crate::models::deerect::{HEXAMER, LENGTH};
use crate::models::{Input, Length};

/// What the padding is in each channel.
const PADDING: f64 = 0.25;
/// What is added to a variance.
const EPSILON: f64 = 1e-12;
/// Width and stride of the max-pool.
const POOL: usize = 10;

/// The network.
pub struct Deerect {
    /// Its bias follows the normalisation.
    conv: Layer,
    hidden: Layer,
    output: Layer,
    letters: Letters,
}

impl Deerect {
    /// Takes the tensors.
    ///
    /// # Errors
    /// If one is missing.
    pub fn new(parts: &Parts<'_>) -> Result<Self> {
        Ok(Self {
            conv: parts.layer("conv")?,
            hidden: parts.layer("hidden")?,
            output: parts.layer("output")?,
            letters: Letters::bases(),
        })
    }

    /// Returns the normalised convolution with its bias, padding included.
    fn normalised(&self, x: &Tensor) -> Result<Tensor> {
        let (samples, _, channels) = x.dims3()?;
        let (taps, _, filters) = self.conv.weight.dims3()?;
        let edge = Tensor::ones((samples, taps - 1, channels), x.dtype(), x.device())?;
        let edge = (edge * PADDING)?;
        let x = Tensor::cat(&[&edge, x, &edge], 1)?;
        let plain = Layer { weight: self.conv.weight.clone(), bias: self.conv.bias.zeros_like()? };
        let y = plain.convolve(&x, 1)?;
        let places = y.dim(1)?;
        // Filter f is in group f mod 4.
        let y = y.reshape((samples, places * filters / GROUPS, GROUPS))?;
        let y = y.broadcast_sub(&y.mean_keepdim(1)?)?;
        let variance = (y.sqr()?.mean_keepdim(1)? + EPSILON)?;
        let y = y.broadcast_div(&variance.sqrt()?)?.reshape((samples, places, filters))?;
        Ok(y.broadcast_add(&self.conv.bias)?)
    }
}

impl Soft for Deerect {
    fn letters(&self) -> &Letters {
        &self.letters
    }

    fn input(&self) -> Input {
        Input { length: Length::Exactly(LENGTH), anchor: HEXAMER, structure: false, features: 0 }
    }

    fn banks(&self) -> Vec<Bank> {
        let shape = self.conv.weight.dims();
        vec![Bank { name: "", width: shape[0], kernels: shape[2], tracks: vec![0] }]
    }

    fn kernels(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let edge = self.conv.weight.dim(0)? - 1;
        let all = self.normalised(x)?;
        let inside = all.dim(1)? - 2 * edge;
        Ok(vec![all.narrow(1, edge, inside)?])
    }

    fn outputs(&self) -> Vec<String> {
        vec!["p_true_signal".into()]
    }

    /// The output is the logit of a true signal.
    fn said(&self, x: &Tensor) -> Result<Said> {
        let pooled = max_pool(&self.normalised(x)?.relu()?, POOL, POOL)?;
        let hidden = self.hidden.dense(&pooled.flatten_from(1)?)?;
        let logits = self.output.dense(&hidden.relu()?)?;
        let outputs = (logits.narrow(1, 0, 1)? - logits.narrow(1, 1, 1)?)?;
        Ok(Said { hidden, outputs })
    }
}
