//! Layers that networks share, on activations of (samples x positions x channels).

mod operations;

use candle_core::{DType, Tensor};
use candle_nn::ops::sigmoid;

use crate::error::Result;
use crate::train::network::{Start, Starter};
pub use operations::{Moments, NO_ROW, Taps, norm_relu, sum_rows};
use operations::{convolve, max_pool};

/// Weights and bias of a convolution or a dense layer.
pub struct Affine {
    /// (taps x) inputs x outputs.
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Affine {
    /// Starts `NAME.weight` and `NAME.bias` as Keras does.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn start(name: &str, shape: &[usize], start: &mut Starter<'_>) -> Result<Self> {
        let (inputs, outputs) = (shape[shape.len() - 2], shape[shape.len() - 1]);
        let taps: usize = shape[..shape.len() - 2].iter().product();
        let first = Start::glorot(taps * inputs, taps * outputs);
        Ok(Self {
            weight: start(&format!("{name}.weight"), shape, first)?,
            bias: start(&format!("{name}.bias"), &[outputs], Start::Constant(0.0))?,
        })
    }

    /// As [`Affine::start`], from zeros.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn from_zero(name: &str, shape: &[usize], start: &mut Starter<'_>) -> Result<Self> {
        let zeros = Start::Constant(0.0);
        Ok(Self {
            weight: start(&format!("{name}.weight"), shape, zeros.clone())?,
            bias: start(&format!("{name}.bias"), &shape[shape.len() - 1..], zeros)?,
        })
    }

    /// Returns a dense layer's values, n x outputs, for n x inputs.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn dense(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.matmul(&self.weight)?.broadcast_add(&self.bias)?)
    }

    /// Convolves without the bias. Before a max-pool that goes on after it: there are fewer values,
    /// and the result is the same.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn convolve(&self, x: &Tensor, taps: Taps) -> Result<Tensor> {
        convolve(x, &self.weight, taps)
    }

    /// Takes the maximum over `size` positions every `stride` positions of what a convolution made,
    /// adds the bias, and cuts off what is below 0.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn pool(&self, convolved: &Tensor, size: usize, stride: usize) -> Result<Tensor> {
        Ok(max_pool(convolved, size, stride)?.broadcast_add(&self.bias)?.relu()?)
    }
}

/// An LSTM in one direction; gates i, f, c, o one after another.
pub struct Lstm {
    /// inputs x 4 units.
    input: Tensor,
    /// units x 4 units.
    recurrent: Tensor,
    /// 4 units.
    bias: Tensor,
}

impl Lstm {
    /// Starts `NAME.input`, `NAME.recurrent` and `NAME.bias`: the forget gate is open at first
    /// (Jozefowicz et al. 2015), as in Keras.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn start(name: &str, inputs: usize, units: usize, start: &mut Starter<'_>) -> Result<Self> {
        let mut matrix = |part: &str, inputs: usize| {
            let first = Start::glorot(inputs, 4 * units);
            start(&format!("{name}.{part}"), &[inputs, 4 * units], first)
        };
        let (input, recurrent) = (matrix("input", inputs)?, matrix("recurrent", units)?);
        let bias = (0..4 * units).map(|at| if at / units == 1 { 1.0 } else { 0.0 }).collect();
        let bias = start(&format!("{name}.bias"), &[4 * units], Start::Values(bias))?;
        Ok(Self { input, recurrent, bias })
    }

    /// Returns the output of the last step, samples x units, of sequences in x (samples x steps x
    /// inputs) that have `steps` steps each; read from their own last step to the first if
    /// `backward`.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn last_output(&self, x: &Tensor, steps: &[usize], backward: bool) -> Result<Tensor> {
        let (samples, longest, _) = x.dims3()?;
        let units = self.recurrent.dim(0)?;
        let gates = x.flatten_to(1)?.matmul(&self.input)?.broadcast_add(&self.bias)?;
        let gates = gates.reshape((samples, longest, 4 * units))?;
        let mut state = Tensor::zeros((samples, units), DType::F32, x.device())?;
        let mut output = state.clone();
        for step in 0..longest {
            let step = if backward { longest - 1 - step } else { step };
            let gates =
                (gates.narrow(1, step, 1)?.squeeze(1)? + output.matmul(&self.recurrent)?)?;
            let gate = |gate: usize| gates.narrow(1, gate * units, units);
            let entering = (sigmoid(&gate(0)?)? * gate(2)?.tanh()?)?;
            let next = ((sigmoid(&gate(1)?)? * &state)? + entering)?;
            let said = (sigmoid(&gate(3)?)? * next.tanh()?)?;
            // A sequence that has no such step keeps what it had.
            output = choose(steps, step, &said, &output)?;
            state = choose(steps, step, &next, &state)?;
        }
        Ok(output)
    }
}

/// Returns the rows of `new` where a sequence has that step, else those of `old`.
fn choose(steps: &[usize], step: usize, new: &Tensor, old: &Tensor) -> Result<Tensor> {
    if steps.iter().all(|&steps| steps > step) {
        return Ok(new.clone());
    }
    let has: Vec<u8> = steps.iter().map(|&steps| u8::from(steps > step)).collect();
    let has = Tensor::from_vec(has, (steps.len(), 1), new.device())?;
    Ok(has.broadcast_as(new.shape())?.where_cond(new, old)?)
}
