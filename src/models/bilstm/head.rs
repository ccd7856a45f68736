//! A dense head on the outputs of a block of windows.

use super::weights::Dense;
use crate::engine::cpu::activation::relu;
use crate::engine::cpu::product::{Accumulate, Affine, Packed, Rows, pad, padded, product};

/// Packed dense layers with ReLU between.
pub struct Head {
    /// LSTM units, padded.
    units: usize,
    /// The first layer's weights, cut by step: 2 units x outputs each. It is by far the largest;
    /// a cut stays in cache while all windows of a block go through.
    first: Vec<Packed>,
    first_bias: Vec<f32>,
    /// Weights and biases of the other layers.
    rest: Vec<(Packed, Vec<f32>)>,
}

impl Head {
    /// Packs the layers of a head that reads `steps` x 2 directions x `units`.
    pub fn new(layers: &[Dense], steps: usize, units: usize) -> Self {
        let mut packed =
            Self { units: padded(units), first: vec![], first_bias: vec![], rest: vec![] };
        for (n, layer) in layers.iter().enumerate() {
            let bias = pad(&layer.bias);
            if n == 0 {
                packed.first_bias = bias;
                packed.first = cut(layer, steps, units);
            } else {
                let inputs = padded(layer.inputs);
                let mut weight = layer.weight.clone();
                weight.resize(inputs * layer.outputs, 0.0);
                packed.rest.push((Packed::new(&weight, inputs, layer.outputs), bias));
            }
        }
        packed
    }

    /// Returns the last layer's values, one padded row per window. `outputs` holds forward then
    /// backward outputs, each steps x windows x units.
    pub fn run(&self, outputs: &[f32], windows: usize) -> Vec<f32> {
        let width = self.first_bias.len();
        let mut values = self.first_bias.repeat(windows);
        let size = windows * self.units;
        let backward = self.first.len() * size;
        for (step, weight) in self.first.iter().enumerate() {
            let rows = Rows {
                data: outputs,
                rows: windows,
                row_stride: self.units,
                segments: &[step * size, backward + step * size],
                length: self.units,
                k_stride: 1,
            };
            product(rows, weight, &mut Accumulate { out: &mut values, width });
        }
        if !self.rest.is_empty() {
            values.iter_mut().for_each(|value| *value = relu(*value));
        }
        for (n, (weight, bias)) in self.rest.iter().enumerate() {
            let inputs = values.len() / windows;
            let mut out = vec![0.0; windows * weight.width()];
            let relu = n + 1 < self.rest.len();
            let rows = Rows::matrix(&values, windows, inputs);
            product(rows, weight, &mut Affine { out: &mut out, bias, relu });
            values = out;
        }
        values
    }
}

/// Cuts the first layer's weights by step and pads the units of both directions.
fn cut(layer: &Dense, steps: usize, units: usize) -> Vec<Packed> {
    let (wide, n) = (padded(units), layer.outputs);
    let step = |t: usize| {
        let mut rows = vec![0.0; 2 * wide * n];
        for d in 0..2 {
            let from = &layer.weight[(2 * t + d) * units * n..][..units * n];
            rows[d * wide * n..][..units * n].copy_from_slice(from);
        }
        Packed::new(&rows, 2 * wide, n)
    };
    (0..steps).map(step).collect()
}
