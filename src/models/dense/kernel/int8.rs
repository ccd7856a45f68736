//! The layers in integers: rectified activations of 7 bits with a scale per channel, weights of 8
//! with a scale per output.
//!
//! A channel's scale is multiplied into the weights that read it, so that it costs nothing. The
//! stream between the blocks stays f32. Everything is integers, or additions and multiplications in
//! f32 one by one: the same to the bit on every CPU, scales that are worked out here included.

mod calibrate;
mod sequence;

use super::{Arithmetic, Layer, Stream};
use crate::engine::cpu::activation::softmax;
use crate::engine::cpu::int8::{Epilogue, HIGHEST, Integers, Packed, product, rounded};
use crate::engine::cpu::matmul::{LANES, Rows, pad};
use crate::engine::cpu::simd::vectorized;
use crate::models::CleavageVector;
pub use calibrate::LEAST;

/// More inputs of a layer than these could overflow sums of 32 bits.
const MOST_INPUTS: usize = i32::MAX as usize / (127 * 127);

/// How the channels that a layer reads are rounded.
#[derive(Clone, Debug)]
struct Steps {
    /// What 1 stands for, by channel.
    steps: Vec<f32>,
    inverse: Vec<f32>,
}

impl Steps {
    /// Takes the highest value of each channel, above 0.
    fn new(highest: &[f32]) -> Self {
        let steps: Vec<f32> = highest.iter().map(|most| most / HIGHEST).collect();
        let inverse = steps.iter().map(|step| 1.0 / step).collect();
        Self { steps, inverse }
    }

    /// Rectifies and rounds rows.
    fn round(&self, values: &[f32], integers: &mut [u8]) {
        vectorized(
            #[inline(always)]
            || {
                let rows = integers.chunks_exact_mut(self.steps.len());
                for (integers, values) in rows.zip(values.chunks_exact(self.steps.len())) {
                    for ((integer, &value), &inverse) in
                        integers.iter_mut().zip(values).zip(&self.inverse)
                    {
                        *integer = rounded(value, inverse);
                    }
                }
            },
        );
    }
}

/// A layer, packed.
#[derive(Clone, Debug)]
struct Factors {
    inputs: usize,
    weight: Packed,
    /// By padded column.
    bias: Vec<f32>,
}

impl Factors {
    /// Rounds a layer that reads channels in these steps, at each of its taps. What rounding adds
    /// to an output in the mean is taken from its bias: `means` are the mean integers of channels.
    fn new(layer: &Layer, steps: &Steps, means: &[f64]) -> Self {
        let (inputs, outputs) = (layer.inputs(), layer.bias.len());
        let rows = layer.weight.chunks_exact(outputs).zip(steps.steps.iter().cycle());
        let scaled = rows.flat_map(|(row, step)| row.iter().map(move |weight| weight * step));
        let scaled: Vec<f32> = scaled.collect();
        let integers = Integers::round(&scaled, outputs);
        let mut bias = layer.bias.clone();
        let rows = scaled.chunks_exact(outputs).zip(integers.values.chunks_exact(outputs));
        for ((exact, rounded), mean) in rows.zip(means.iter().cycle()) {
            let values = exact.iter().zip(rounded).zip(&integers.scales);
            for (bias, ((value, &integer), scale)) in bias.iter_mut().zip(values) {
                *bias += (f64::from(value - f32::from(integer) * scale) * mean) as f32;
            }
        }
        Self { inputs, weight: Packed::new(&integers, inputs), bias: pad(&bias) }
    }

    /// Applies the layer to rows.
    fn apply(&self, rows: Rows<'_, u8>) -> Vec<f32> {
        let mut out = vec![0.0; rows.rows * self.weight.width()];
        product(rows, &self.weight, &mut Affine { layer: self, out: &mut out });
        out
    }
}

/// The layers in integers.
#[derive(Clone, Debug)]
pub struct Int8 {
    blocks: Vec<Factors>,
    hidden: Factors,
    first: Factors,
    cleavage: Option<Factors>,
    /// How the inputs of each block and of the hidden layer are rounded.
    inputs: Vec<Steps>,
    /// How the hidden layer is rounded.
    of_hidden: Steps,
}

/// What an integer sum is.
#[inline(always)]
fn value(sum: i32, scale: f32, bias: f32) -> f32 {
    sum as f32 * scale + bias
}

/// Writes rows of f32.
struct Affine<'a> {
    layer: &'a Factors,
    out: &'a mut [f32],
}

impl Epilogue for Affine<'_> {
    #[inline(always)]
    fn store(&mut self, row: usize, column: usize, sums: &[i32; LANES]) {
        let Factors { weight, bias, .. } = self.layer;
        let at = row * weight.width() + column;
        let (scales, bias) = (lanes(&weight.scales, column), lanes(bias, column));
        let out = lanes_mut(self.out, at);
        for i in 0..LANES {
            out[i] = value(sums[i], scales[i], bias[i]);
        }
    }
}

/// Adds the residual and rounds what the next layer reads.
struct Residual<'a> {
    layer: &'a Factors,
    stream: Stream<'a, u8>,
    inverse: &'a [f32],
}

impl Epilogue for Residual<'_> {
    #[inline(always)]
    fn store(&mut self, row: usize, column: usize, sums: &[i32; LANES]) {
        let Factors { weight, bias, .. } = self.layer;
        let Stream { values, rectified, dilation } = &mut self.stream;
        let to = row * weight.width() + column;
        let shortcut = *lanes(values, to + *dilation * weight.width());
        let (scales, bias) = (lanes(&weight.scales, column), lanes(bias, column));
        let inverse = lanes(self.inverse, column);
        let (values, rectified) = (lanes_mut(values, to), lanes_mut(rectified, to));
        for i in 0..LANES {
            let sum = value(sums[i], scales[i], bias[i]) + shortcut[i];
            values[i] = sum;
            rectified[i] = rounded(sum, inverse[i]);
        }
    }
}

/// Returns the vector at a place.
#[inline(always)]
fn lanes<T>(values: &[T], at: usize) -> &[T; LANES] {
    &values[at..].as_chunks().0[0]
}

#[inline(always)]
fn lanes_mut<T>(values: &mut [T], at: usize) -> &mut [T; LANES] {
    &mut values[at..].as_chunks_mut().0[0]
}

impl Arithmetic for Int8 {
    type Value = u8;

    fn rectify(&self, stream: &[f32], rectified: &mut [u8]) {
        self.inputs[0].round(stream, rectified);
    }

    fn block(&self, number: usize, rows: Rows<'_, u8>, stream: Stream<'_, u8>) {
        let layer = &self.blocks[number];
        let inverse = &self.inputs[number + 1].inverse;
        product(rows, &layer.weight, &mut Residual { layer, stream, inverse });
    }

    fn heads(&self, count: usize, trunk: &[u8]) -> (Vec<f32>, Vec<u8>) {
        let values = self.hidden.apply(Rows::matrix(trunk, count, self.hidden.inputs));
        let mut hidden = vec![0; values.len()];
        self.of_hidden.round(&values, &mut hidden);
        let logits = self.first.apply(Rows::matrix(&hidden, count, self.hidden_width()));
        (logits.into_iter().step_by(self.first.weight.width()).collect(), hidden)
    }

    fn hidden_width(&self) -> usize {
        self.hidden.weight.width()
    }

    fn cleavage(&self, hidden: &[u8]) -> Option<Vec<CleavageVector>> {
        let head = self.cleavage.as_ref()?;
        let width = self.hidden_width();
        let logits = head.apply(Rows::matrix(hidden, hidden.len() / width, width));
        Some(logits.chunks_exact(head.weight.width()).map(softmax).collect())
    }
}
