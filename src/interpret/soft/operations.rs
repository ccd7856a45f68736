//! What networks are made of: plain operations, of any type of numbers.

use candle_core::{D, Tensor};

use crate::error::Result;
use crate::models::dense::network::unfold;

/// Weight and bias.
pub struct Layer {
    /// (taps x) inputs x outputs.
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Layer {
    /// Multiplies the last dimension and adds the bias.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn dense(&self, x: &Tensor) -> Result<Tensor> {
        let dims = x.dims().to_vec();
        let (inputs, outputs) = self.weight.dims2()?;
        let rows: usize = dims.iter().product::<usize>() / inputs;
        let y = x.reshape((rows, inputs))?.matmul(&self.weight)?.broadcast_add(&self.bias)?;
        let mut shape = dims;
        if let Some(last) = shape.last_mut() {
            *last = outputs;
        }
        Ok(y.reshape(shape)?)
    }

    /// Convolves where all taps lie inside, and adds the bias.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn convolve(&self, x: &Tensor, dilation: usize) -> Result<Tensor> {
        let (taps, inputs, outputs) = self.weight.dims3()?;
        let weight = self.weight.reshape((taps * inputs, outputs))?;
        let rows = unfold(x, taps, dilation)?;
        let (samples, places, width) = rows.dims3()?;
        let y = rows.reshape((samples * places, width))?.matmul(&weight)?;
        Ok(y.broadcast_add(&self.bias)?.reshape((samples, places, outputs))?)
    }
}

/// Runs dense layers with a ReLU between them; returns the last hidden layer before its ReLU (no
/// values where there is one layer alone) and the outputs.
///
/// # Errors
/// If the tensor library fails.
pub fn head(
    layers: &[Layer],
    x: &Tensor,
    between: fn(&Tensor) -> Result<Tensor>,
) -> Result<(Tensor, Tensor)> {
    let mut hidden = x.narrow(D::Minus1, 0, 0)?;
    let mut values = x.clone();
    for (n, layer) in layers.iter().enumerate() {
        if n > 0 {
            hidden = values.clone();
            values = between(&values)?;
        }
        values = layer.dense(&values)?;
    }
    Ok((hidden, values))
}

/// Cuts off what is below 0.
///
/// # Errors
/// If the tensor library fails.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    Ok(x.relu()?)
}

/// Takes the maximum over `size` positions every `stride` positions, the first of equals; what is
/// left over is dropped.
///
/// # Errors
/// If the tensor library fails.
pub fn max_pool(x: &Tensor, size: usize, stride: usize) -> Result<Tensor> {
    let (samples, positions, channels) = x.dims3()?;
    let pools = (positions - size) / stride + 1;
    let starts = (0..pools).flat_map(|pool| (0..size).map(move |at| (pool * stride + at) as u32));
    let rows = Tensor::from_vec(starts.collect::<Vec<_>>(), pools * size, x.device())?;
    let rows = x.contiguous()?.index_select(&rows, 1)?.reshape((samples, pools, size, channels))?;
    let best = rows.detach().argmax_keepdim(2)?;
    Ok(rows.gather(&best.contiguous()?, 2)?.squeeze(2)?)
}

/// Returns the values of the last step of each direction of an LSTM, or all of them: see
/// [`crate::models::polyaid::plain::recurrence`].
pub struct Direction {
    /// inputs x 4 units.
    pub input: Tensor,
    /// units x 4 units.
    pub recurrent: Tensor,
    pub bias: Tensor,
}

impl Direction {
    /// Goes through samples x steps x inputs, backwards if asked; every output at its own step.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn run(&self, x: &Tensor, backward: bool) -> Result<Tensor> {
        let (samples, steps, inputs) = x.dims3()?;
        let gates = x.reshape((samples * steps, inputs))?.matmul(&self.input)?;
        let gates = gates.broadcast_add(&self.bias)?.reshape((samples, steps, ()))?;
        let order: Vec<usize> =
            if backward { (0..steps).rev().collect() } else { (0..steps).collect() };
        crate::models::polyaid::plain::recurrence(&gates, &self.recurrent, order.into_iter())
    }
}
