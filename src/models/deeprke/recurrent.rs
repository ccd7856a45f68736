//! The bidirectional LSTM over sequences of different lengths, if there is one, and the dense
//! layers.

use super::config::{Activation, Config};
use super::convolutions::pack;
use crate::engine::cpu::lstm::{GATES, Input, Recurrence, exponents};
use crate::engine::cpu::matmul::{Affine, Packed, Rows, pad, padded, product};
use crate::models::weight_file::Tensors;

/// The LSTM and the dense layers, packed.
pub struct Recurrent {
    /// Forward and backward; none in a network without LSTM.
    directions: Vec<Direction>,
    /// Steps of the longest sequence.
    most_steps: usize,
    dense: Vec<(Packed, Vec<f32>)>,
    activation: Activation,
}

struct Direction {
    /// features x 4 units.
    input: Packed,
    bias: Vec<f32>,
    recurrence: Recurrence,
}

impl Recurrent {
    /// Packs the weights, which fit the configuration.
    pub fn new(config: &Config, tensors: &Tensors) -> Self {
        let tensor = |name: &str| tensors[name].values.as_slice();
        let units = config.units;
        // Without a joined module the tracks' features stand side by side, each padded.
        let blocks = if config.joined.is_empty() { config.join() } else { vec![config.features()] };
        let direction = |&name: &&str| {
            let part = |part| tensor(&format!("lstm.{name}.{part}"));
            let input = exponents(part("input"), units);
            Direction {
                input: pack(&input, &blocks, GATES * padded(units)),
                bias: exponents(part("bias"), units),
                recurrence: Recurrence::new(part("recurrent"), units),
            }
        };
        let names: &[&str] = if units == 0 { &[] } else { &["forward", "backward"] };
        let directions = names.iter().map(direction).collect();
        let mut inputs = if units == 0 { blocks } else { vec![units, units] };
        let mut dense = Vec::new();
        for (n, &outputs) in config.dense.iter().chain([&1]).enumerate() {
            let weight = pack(tensor(&format!("dense.{n}.weight")), &inputs, outputs);
            dense.push((weight, pad(tensor(&format!("dense.{n}.bias")))));
            inputs = vec![outputs];
        }
        let most_steps = config.steps(config.max_length);
        Self { directions, most_steps, dense, activation: config.activation }
    }

    /// Returns the last dense layer's value for each sequence; `features` holds the steps of one
    /// sequence after another, `steps` how many each has.
    pub fn run(&self, features: &[f32], steps: &[usize]) -> Vec<f32> {
        let count = steps.len();
        let mut values = match self.directions.first() {
            Some(direction) => self.last_outputs(direction.recurrence.units(), features, steps),
            None => side_by_side(features, steps, self.most_steps),
        };
        for (n, (weight, bias)) in self.dense.iter().enumerate() {
            let hidden = n + 1 < self.dense.len();
            let relu = hidden && self.activation == Activation::Relu;
            let rows = Rows::matrix(&values, count, values.len() / count.max(1));
            let mut out = vec![0.0; count * weight.width()];
            product(rows, weight, &mut Affine { out: &mut out, bias, relu });
            values = out;
        }
        let width = self.dense.last().map_or(1, |(weight, _)| weight.width());
        values.iter().step_by(width).copied().collect()
    }

    /// Returns the last outputs of both directions for each sequence.
    fn last_outputs(&self, units: usize, features: &[f32], steps: &[usize]) -> Vec<f32> {
        let mut values = vec![0.0; steps.len() * 2 * units];
        for (backward, direction) in self.directions.iter().enumerate() {
            let finals = values.chunks_exact_mut(units).skip(backward).step_by(2);
            direction.run(features, steps, backward == 1, finals.collect());
        }
        values
    }
}

/// Returns the steps of each sequence side by side, with zeros up to `most` of them.
fn side_by_side(mut features: &[f32], steps: &[usize], most: usize) -> Vec<f32> {
    let width = features.len() / steps.iter().sum::<usize>().max(1);
    let mut values = Vec::with_capacity(steps.len() * most * width);
    for (number, &steps) in steps.iter().enumerate() {
        let (own, rest) = features.split_at(steps * width);
        values.extend_from_slice(own);
        values.resize((number + 1) * most * width, 0.0);
        features = rest;
    }
    values
}

impl Direction {
    /// Writes the outputs of each sequence's own last step to `finals`: padding is never read.
    fn run(&self, features: &[f32], steps: &[usize], backward: bool, mut finals: Vec<&mut [f32]>) {
        let (units, width) = (self.recurrence.units(), self.bias.len());
        let total: usize = steps.iter().sum();
        let mut projected = vec![0.0; total * width];
        let rows = Rows::matrix(features, total, features.len() / total.max(1));
        product(
            rows,
            &self.input,
            &mut Affine { out: &mut projected, bias: &self.bias, relu: false },
        );
        // Longest first: the sequences that still have a step are the first ones.
        let mut order: Vec<usize> = (0..steps.len()).collect();
        order.sort_by_key(|&sequence| std::cmp::Reverse(steps[sequence]));
        let starts: Vec<usize> = steps
            .iter()
            .scan(0, |next, &steps| Some(std::mem::replace(next, *next + steps)))
            .collect();
        let buffer = |width| vec![0.0; steps.len() * width];
        let (mut gates, mut state) = (buffer(width), buffer(units));
        let (mut output, mut previous) = (buffer(units), buffer(units));
        for step in 0..steps.iter().copied().max().unwrap_or(0) {
            let active = order.partition_point(|&sequence| steps[sequence] > step);
            let place = |row: usize| {
                let sequence = order[row];
                let step = if backward { steps[sequence] - 1 - step } else { step };
                (starts[sequence] + step) * width
            };
            let input = Input { values: &projected, place };
            let before = (step > 0).then_some(previous.as_slice());
            self.recurrence.step(active, input, before, &mut gates, &mut state, &mut output);
            for (row, &sequence) in order[..active].iter().enumerate() {
                if steps[sequence] == step + 1 {
                    finals[sequence].copy_from_slice(&output[row * units..][..units]);
                }
            }
            std::mem::swap(&mut previous, &mut output);
        }
    }
}
