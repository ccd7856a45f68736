//! The plain form: the model written down operation by operation in candle, each window by itself.
//! Slow, and what the kernels are compared with.

use candle_core::{D, Device, Tensor};
use candle_nn::ops::{sigmoid, softmax};

use super::weights::{Dense, Direction, GATES, POOL, Sizes, Weights};
use crate::error::{Error, Result};
use crate::models::encoding::one_hot;

/// The tensors as candle wants them.
pub struct Plain {
    sizes: Sizes,
    /// filters x 4 x width.
    conv_weight: Tensor,
    /// 1 x filters x 1.
    conv_bias: Tensor,
    directions: [Lstm; 2],
    /// Weight and bias of each layer of each head.
    heads: Vec<Vec<(Tensor, Tensor)>>,
}

struct Lstm {
    input: Tensor,
    recurrent: Tensor,
    bias: Tensor,
}

impl Plain {
    /// Takes the weights to a device.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn new(weights: &Weights<'_>, device: &Device) -> Result<Self> {
        let Sizes { width, filters, units, .. } = weights.sizes;
        let conv = Tensor::from_slice(weights.conv_weight, (width, 4, filters), device)?;
        let lstm = |direction: &Direction<'_>| {
            let gates = GATES * units;
            Ok::<_, Error>(Lstm {
                input: Tensor::from_slice(direction.input, (filters, gates), device)?,
                recurrent: Tensor::from_slice(direction.recurrent, (units, gates), device)?,
                bias: Tensor::from_slice(direction.bias, gates, device)?,
            })
        };
        let dense = |layer: &Dense<'_>| {
            let weight = Tensor::from_slice(layer.weight, (layer.inputs, layer.outputs), device)?;
            Ok((weight, Tensor::from_slice(layer.bias, layer.outputs, device)?))
        };
        let heads = weights.heads.iter().map(|head| head.iter().map(dense).collect());
        Ok(Self {
            sizes: weights.sizes,
            conv_weight: conv.permute((2, 1, 0))?.contiguous()?,
            conv_bias: Tensor::from_slice(weights.conv_bias, (1, filters, 1), device)?,
            directions: [lstm(&weights.directions[0])?, lstm(&weights.directions[1])?],
            heads: heads.collect::<Result<_>>()?,
        })
    }

    /// Returns what each head says of windows of 240 nt: for each head n x outputs, activated.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn predict(&self, windows: &[&[u8]]) -> Result<Vec<Vec<f32>>> {
        let flat = self.trunk(windows)?;
        let logits = (0..self.heads.len()).map(|head| self.head(head, &flat));
        let logits = logits.collect::<Result<Vec<_>>>()?;
        let activated = match logits.as_slice() {
            [classification, cleavage] => {
                vec![sigmoid(classification)?, softmax(cleavage, D::Minus1)?]
            }
            _ => logits,
        };
        activated.iter().map(|values| Ok(values.flatten_all()?.to_vec1()?)).collect()
    }

    /// Returns what the heads read: n x (steps * 2 units), flattened step by step.
    fn trunk(&self, windows: &[&[u8]]) -> Result<Tensor> {
        let Sizes { filters, steps, .. } = self.sizes;
        let n = windows.len();
        let one_hot = one_hot(windows, self.conv_weight.device())?.transpose(1, 2)?.contiguous()?;
        let conv = one_hot.conv1d(&self.conv_weight, 0, 1, 1, 1)?;
        let conv = conv.broadcast_add(&self.conv_bias)?.relu()?;
        let pooled = conv.narrow(2, 0, POOL * steps)?.reshape((n, filters, steps, POOL))?.max(3)?;
        let sequence = pooled.transpose(1, 2)?.contiguous()?;
        let forward = self.directions[0].run(&sequence, 0..steps)?;
        let backward = self.directions[1].run(&sequence, (0..steps).rev())?;
        Ok(Tensor::cat(&[forward, backward], 2)?.flatten_from(1)?)
    }

    /// Returns the last layer's values of a head: n x outputs.
    fn head(&self, head: usize, flat: &Tensor) -> Result<Tensor> {
        let layers = &self.heads[head];
        let mut x = flat.clone();
        for (i, (weight, bias)) in layers.iter().enumerate() {
            x = x.matmul(weight)?.broadcast_add(bias)?;
            if i + 1 < layers.len() {
                x = x.relu()?;
            }
        }
        Ok(x)
    }
}

impl Lstm {
    /// Goes through n x steps x filters in the given order; returns n x steps x units with every
    /// output at its own step.
    fn run(&self, sequence: &Tensor, order: impl Iterator<Item = usize>) -> Result<Tensor> {
        let (n, steps, _) = sequence.dims3()?;
        let input = sequence.flatten_to(1)?.matmul(&self.input)?.broadcast_add(&self.bias)?;
        recurrence(&input.reshape((n, steps, ()))?, &self.recurrent, order)
    }
}

/// Goes through the gates' inputs with bias (n x steps x 4 units) in the given order; returns
/// n x steps x units with every output at its own step.
///
/// # Errors
/// If the tensor library fails.
pub fn recurrence(
    input: &Tensor,
    recurrent: &Tensor,
    order: impl Iterator<Item = usize>,
) -> Result<Tensor> {
    let (n, steps, _) = input.dims3()?;
    let units = recurrent.dim(0)?;
    let mut h = Tensor::zeros((n, units), input.dtype(), input.device())?;
    let mut c = h.clone();
    let mut outputs = vec![h.clone(); steps];
    for step in order {
        let gates = (input.narrow(1, step, 1)?.squeeze(1)? + h.matmul(recurrent)?)?;
        let gate = |index: usize| gates.narrow(1, index * units, units);
        let (i, f) = (sigmoid(&gate(0)?)?, sigmoid(&gate(1)?)?);
        let (candidate, o) = (gate(2)?.tanh()?, sigmoid(&gate(3)?)?);
        c = ((f * c)? + (i * candidate)?)?;
        h = (o * c.tanh()?)?;
        outputs[step] = h.clone();
    }
    Ok(Tensor::stack(&outputs, 1)?)
}
