//! How far the activations of a network reach, and with it what its integers stand for.

use super::sequence::sequence;
use super::{Factors, Int8, MOST_INPUTS, Residual, Steps};
use crate::engine::cpu::int8::{HIGHEST, product};
use crate::engine::cpu::matmul::Rows;
use crate::error::Problem;
use crate::models::dense::kernel::{Layer, Layers, Stem, Stream};

/// Positions of the sequence that ranges are found on.
const POSITIONS: usize = 8192;
/// A channel's range is at least so much of the layer's widest: one that hardly shows itself on the
/// sequence may do so elsewhere.
pub const LEAST: f32 = 0.3;

impl Int8 {
    /// Rounds the layers behind a stem. Activations reach as far as on a fixed sequence, and what
    /// rounding of weights adds to each output there in the mean is taken from its bias; each layer
    /// is computed in integers, so that every CPU finds the same.
    ///
    /// # Errors
    /// If a layer is too wide, or its values could overflow.
    pub fn new(stem: &Stem, dilations: &[usize], layers: &Layers) -> Result<Self, Problem> {
        let all = layers.blocks.iter().chain([&layers.hidden, &layers.first]);
        if let Some(wide) = all.map(Layer::inputs).find(|&inputs| inputs > MOST_INPUTS) {
            let problem = format!("a layer has {wide} inputs; at most {MOST_INPUTS} are summed");
            return Err(problem.into());
        }
        let sequence = sequence(POSITIONS);
        let channels = stem.channels();
        let mut rows = sequence.len() + 1 - stem.width();
        let mut stream = vec![0.0; rows * channels];
        stem.embed(&sequence, &mut stream);
        let mut bound = stem.bound();
        let (mut blocks, mut inputs) = (Vec::new(), Vec::new());
        for (layer, &dilation) in layers.blocks.iter().zip(dilations) {
            let input = Input::new(&stream, channels);
            let factors = input.round(layer);
            bound += factors.bound();
            rows -= 2 * dilation;
            input.advance(&factors, dilation, rows, &mut stream);
            stream.truncate(rows * channels);
            blocks.push(factors);
            inputs.push(input.steps);
        }
        let input = Input::new(&stream, channels);
        let hidden = input.round(&layers.hidden);
        let values = hidden.apply(Rows::matrix(&input.integers, rows, channels));
        inputs.push(input.steps);
        let input = Input::new(&values, hidden.weight.width());
        let first = input.round(&layers.first);
        let cleavage = layers.cleavage.as_ref().map(|layer| input.round(layer));
        let heads = [Some(&hidden), Some(&first), cleavage.as_ref()];
        bound += heads.into_iter().flatten().map(Factors::bound).sum::<f32>();
        if !bound.is_finite() {
            return Err("weights so large that activations could overflow".into());
        }
        Ok(Self { blocks, hidden, first, cleavage, inputs, of_hidden: input.steps })
    }
}

/// What a layer reads of the sequence.
struct Input {
    steps: Steps,
    integers: Vec<u8>,
    /// The mean integer of each channel.
    means: Vec<f64>,
}

impl Input {
    /// Rounds what a layer is to read, rows of `width` values.
    fn new(values: &[f32], width: usize) -> Self {
        let steps = Steps::new(&highest(values, width));
        let mut integers = vec![0; values.len()];
        steps.round(values, &mut integers);
        let means = means(&integers, width);
        Self { steps, integers, means }
    }

    /// Rounds a layer that reads this.
    fn round(&self, layer: &Layer) -> Factors {
        Factors::new(layer, &self.steps, &self.means)
    }

    /// Computes so many rows of a block that reads this.
    fn advance(&self, layer: &Factors, dilation: usize, rows: usize, stream: &mut [f32]) {
        let channels = self.steps.inverse.len();
        let step = dilation * channels;
        let operand = Rows {
            data: &self.integers,
            rows,
            row_stride: channels,
            segments: &[0, step, 2 * step],
            length: channels,
            k_stride: 1,
        };
        // The next layer's steps are not known yet: it rounds the stream itself.
        let mut unused = vec![0; rows * channels];
        let stream = Stream { values: stream, rectified: &mut unused, dilation };
        let inverse = &self.steps.inverse;
        product(operand, &layer.weight, &mut Residual { layer, stream, inverse });
    }
}

impl Factors {
    /// Returns a bound of what an output is, positive or negative.
    fn bound(&self) -> f32 {
        let highest = HIGHEST * HIGHEST * self.inputs as f32;
        let bounds = self.weight.scales.iter().zip(&self.bias);
        // A sum, so that NaN is not lost.
        bounds.map(|(scale, bias)| scale * highest + bias.abs()).sum()
    }
}

/// Returns the mean integer of each column of rows.
fn means(integers: &[u8], width: usize) -> Vec<f64> {
    let mut sums = vec![0u64; width];
    for row in integers.chunks_exact(width) {
        for (sum, &integer) in sums.iter_mut().zip(row) {
            *sum += u64::from(integer);
        }
    }
    let rows = (integers.len() / width).max(1) as f64;
    sums.into_iter().map(|sum| sum as f64 / rows).collect()
}

/// Returns the highest value of each column of rows, at least [`LEAST`] of them all.
fn highest(values: &[f32], width: usize) -> Vec<f32> {
    let mut highest = vec![0f32; width];
    for row in values.chunks_exact(width) {
        for (highest, value) in highest.iter_mut().zip(row) {
            *highest = highest.max(*value);
        }
    }
    let widest = highest.iter().copied().fold(0.0, f32::max);
    // Steps are divided by.
    let least = (LEAST * widest).max(1e-30);
    highest.into_iter().map(|range| range.max(least)).collect()
}
