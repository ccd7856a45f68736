//! A dense head on the outputs of a block of windows.

use super::weights::Dense;
use crate::engine::cpu::activation::relu;
use crate::engine::cpu::matmul::{Accumulate, Affine, Packed, Rows, pad, padded, product};

/// Packed dense layers with ReLU between.
pub struct Head {
    /// LSTM units, padded.
    units: usize,
    /// The first layer's weights, cut by step and direction: units x outputs each. It is by far the
    /// largest; a cut stays in cache while all windows of a block go through.
    first: Vec<[Packed; 2]>,
    first_bias: Vec<f32>,
    /// Weights and biases of the other layers.
    rest: Vec<(Packed, Vec<f32>)>,
}

impl Head {
    /// Packs the layers of a head that reads `steps` x 2 directions x `units`.
    pub fn new(layers: &[Dense<'_>], steps: usize, units: usize) -> Self {
        let mut packed =
            Self { units: padded(units), first: vec![], first_bias: vec![], rest: vec![] };
        for (n, layer) in layers.iter().enumerate() {
            let bias = pad(layer.bias);
            if n == 0 {
                packed.first_bias = bias;
                packed.first = cut(layer, steps, units);
            } else {
                let inputs = padded(layer.inputs);
                let mut weight = layer.weight.to_vec();
                weight.resize(inputs * layer.outputs, 0.0);
                packed.rest.push((Packed::new(&weight, inputs, layer.outputs), bias));
            }
        }
        packed
    }

    /// Returns the first layer's sums of so many windows before any output is added.
    pub fn start(&self, windows: usize) -> Vec<f32> {
        self.first_bias.repeat(windows)
    }

    /// Adds what the first layer makes of one step's outputs (windows x units) of a direction.
    pub fn add(&self, direction: usize, step: usize, outputs: &[f32], sums: &mut [f32]) {
        let width = self.first_bias.len();
        let rows = Rows::matrix(outputs, sums.len() / width, self.units);
        product(rows, &self.first[step][direction], &mut Accumulate { out: sums, width });
    }

    /// Returns the last layer's values, one padded row per window, from the first layer's sums.
    pub fn finish(&self, mut values: Vec<f32>) -> Vec<f32> {
        let windows = values.len() / self.first_bias.len();
        if !self.rest.is_empty() {
            values.iter_mut().for_each(|value| *value = relu(*value));
        }
        for (n, (weight, bias)) in self.rest.iter().enumerate() {
            let inputs = values.len() / windows.max(1);
            let mut out = vec![0.0; windows * weight.width()];
            let relu = n + 1 < self.rest.len();
            let rows = Rows::matrix(&values, windows, inputs);
            product(rows, weight, &mut Affine { out: &mut out, bias, relu });
            values = out;
        }
        values
    }
}

/// Cuts the first layer's weights by step and direction and pads the units.
fn cut(layer: &Dense<'_>, steps: usize, units: usize) -> Vec<[Packed; 2]> {
    let (wide, n) = (padded(units), layer.outputs);
    let direction = |t: usize, d: usize| {
        let mut rows = layer.weight[(2 * t + d) * units * n..][..units * n].to_vec();
        rows.resize(wide * n, 0.0);
        Packed::fast(&rows, wide, n)
    };
    (0..steps).map(|t| [direction(t, 0), direction(t, 1)]).collect()
}
