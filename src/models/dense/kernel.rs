//! The fully convolutional scan model, every layer once per position.

mod copies;
mod few;
mod held;

use crate::engine::cpu::activation::{relu, sigmoid, softmax};
use crate::engine::cpu::matmul::{
    Affine, Epilogue, LANES, Packed, Rows, load, product, rectified, store,
};
use crate::engine::cpu::simd::dispatch;
use crate::genome::sequence::UNKNOWN;
use crate::models::{CleavageVector, StrandScores};
pub use few::Plans;
use pulp::Simd;

/// Windows computed in one go; bounds the activations to a few MB per worker, with 239 positions of
/// overlap between blocks.
const BLOCK: usize = 4096;

/// A residual block's convolution of width 3: `x[t + d] + bias + sum_k relu(x[t + kd]) w[k]`.
#[derive(Clone, Debug)]
pub struct Block {
    pub dilation: usize,
    /// (3C x C), tap-major.
    pub weight: Packed,
    pub bias: Vec<f32>,
}

/// The network with its weights packed; activations are time-major rows of `channels` values, a
/// multiple of 16.
#[derive(Clone, Debug)]
pub struct DenseKernel {
    pub channels: usize,
    /// (4 * stem width x C), tap-major: summed row by row, an unknown base adds nothing.
    pub stem: Vec<f32>,
    pub stem_bias: Vec<f32>,
    pub blocks: Vec<Block>,
    pub hidden: Packed,
    pub hidden_bias: Vec<f32>,
    /// Hidden -> the logit of the classification, or the strength.
    pub first: Packed,
    pub first_bias: Vec<f32>,
    /// Hidden -> 50 cleavage logits, and their bias.
    pub cleavage: Option<(Packed, Vec<f32>)>,
    /// How a few windows are computed; `default()`.
    pub plans: Plans,
}

/// Adds the residual and keeps the rectified value for the next block.
struct Residual<'a> {
    /// Stream of the block; row t is rewritten from row t + dilation, which comes later.
    stream: &'a mut [f32],
    rectified: &'a mut [f32],
    bias: &'a [f32],
    dilation: usize,
}

impl Epilogue for Residual<'_> {
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, row: usize, column: usize, value: S::f32s) {
        let channels = self.bias.len();
        let from = (row + self.dilation) * channels + column;
        let to = row * channels + column;
        let shortcut = load::<S>(&self.stream[from..]);
        let bias = load::<S>(&self.bias[column..]);
        let sum = simd.add_f32s(simd.add_f32s(value, bias), shortcut);
        store::<S>(&mut self.stream[to..], sum);
        store::<S>(&mut self.rectified[to..], rectified::<S>(simd, sum));
    }
}

impl DenseKernel {
    /// Returns the width of the stem convolution.
    fn stem_width(&self) -> usize {
        self.stem.len() / (4 * self.channels)
    }

    /// Returns the number of positions that one output sees.
    pub fn receptive_field(&self) -> usize {
        self.stem_width() + self.blocks.iter().map(|block| 2 * block.dilation).sum::<usize>()
    }

    /// Scores all windows of `sequence` (none if it is shorter than the receptive field).
    pub fn scan(&self, sequence: &[u8], cleavage_above: f32) -> StrandScores {
        let mut scores = StrandScores::default();
        self.blocks(sequence, |logits, hidden| {
            self.add_scores(logits, hidden, cleavage_above, &mut scores);
        });
        scores
    }

    /// Adds what the network says of windows, of their rectified trunk outputs.
    fn said(&self, count: usize, trunk: &[f32], cleavage_above: f32, scores: &mut StrandScores) {
        let (logits, hidden) = self.heads(count, trunk);
        self.add_scores(&logits, &hidden, cleavage_above, scores);
    }

    fn add_scores(
        &self,
        logits: &[f32],
        hidden: &[f32],
        cleavage_above: f32,
        scores: &mut StrandScores,
    ) {
        let start = scores.probability.len();
        scores.probability.extend(logits.iter().map(|&logit| sigmoid(logit)));
        let Some(head) = &self.cleavage else { return };
        let width = self.hidden.width();
        let above = |s: &usize| scores.probability[start + s] > cleavage_above;
        let mut next = 0;
        while let Some(first) = (next..logits.len()).find(above) {
            next = (first..logits.len()).find(|s| !above(s)).unwrap_or(logits.len());
            let run = first..next;
            let vectors = self.cleavage_of(head, &hidden[run.start * width..run.end * width]);
            scores.cleavage.extend(run.map(|s| start + s).zip(vectors));
        }
    }

    /// Returns the cleavage vectors of consecutive windows, of their hidden layers.
    fn cleavage_of(
        &self,
        (weight, bias): &(Packed, Vec<f32>),
        hidden: &[f32],
    ) -> Vec<CleavageVector> {
        let (width, outputs) = (self.hidden.width(), weight.width());
        let windows = hidden.len() / width;
        let mut logits = vec![0.0; windows * outputs];
        let rows = Rows::matrix(hidden, windows, width);
        product(rows, weight, &mut Affine { out: &mut logits, bias, relu: false });
        logits.chunks_exact(outputs).map(softmax).collect()
    }

    /// Scores windows as [`DenseKernel::scan`] does, each by itself, with all cleavage vectors.
    ///
    /// # Panics
    /// If a window is not as long as the receptive field.
    pub fn scan_each(&self, windows: &[&[u8]]) -> StrandScores {
        let mut scores = StrandScores::default();
        self.few(windows, 1, |logits, hidden| {
            let start = scores.probability.len();
            scores.probability.extend(logits.iter().map(|&logit| sigmoid(logit)));
            let Some(head) = &self.cleavage else { return };
            scores.cleavage.extend((start..).zip(self.cleavage_of(head, hidden)));
        });
        scores
    }

    /// Returns the first output of windows, without an activation.
    ///
    /// # Panics
    /// As [`DenseKernel::scan_each`].
    pub fn first_each(&self, windows: &[&[u8]]) -> Vec<f32> {
        let mut values = Vec::with_capacity(windows.len());
        self.few(windows, 1, |logits, _| values.extend_from_slice(logits));
        values
    }

    /// Hands over the windows of `sequence` block by block: first output and hidden layer of each.
    fn blocks(&self, sequence: &[u8], mut take: impl FnMut(&[f32], &[f32])) {
        let overlap = self.receptive_field() - 1;
        let windows = sequence.len().saturating_sub(overlap);
        if (1..=few::MOST).contains(&windows) {
            return self.few(&[sequence], windows, take);
        }
        let mut buffers = Buffers::default();
        for start in (0..windows).step_by(BLOCK) {
            let count = BLOCK.min(windows - start);
            self.trunk(&sequence[start..start + count + overlap], &mut buffers);
            let (logits, hidden) = self.heads(count, &buffers.rectified);
            take(&logits, &hidden);
        }
    }

    /// Leaves the rectified trunk output of every window in `buffers.rectified`.
    fn trunk(&self, sequence: &[u8], buffers: &mut Buffers) {
        let rows = sequence.len() + 1 - self.stem_width();
        buffers.resize(rows * self.channels);
        self.embed(sequence, &mut buffers.stream, &mut buffers.rectified);
        self.blocks_everywhere(&self.blocks, rows, buffers);
    }

    /// Computes blocks at every position of `rows` rows.
    fn blocks_everywhere(&self, blocks: &[Block], mut rows: usize, buffers: &mut Buffers) {
        for block in blocks {
            rows -= 2 * block.dilation;
            let step = block.dilation * self.channels;
            let operand = Rows {
                data: &buffers.rectified,
                rows,
                row_stride: self.channels,
                segments: &[0, step, 2 * step],
                length: self.channels,
                k_stride: 1,
            };
            let mut residual = Residual {
                stream: &mut buffers.stream,
                rectified: &mut buffers.next,
                bias: &block.bias,
                dilation: block.dilation,
            };
            product(operand, &block.weight, &mut residual);
            std::mem::swap(&mut buffers.rectified, &mut buffers.next);
        }
    }

    /// The stem as table look-ups: the stream of every position and its rectified values.
    fn embed(&self, sequence: &[u8], stream: &mut [f32], rectified: &mut [f32]) {
        let channels = self.channels;
        let mut taps = Vec::with_capacity(self.stem_width());
        dispatch(|| {
            let windows = sequence.windows(self.stem_width());
            let rows = stream.chunks_exact_mut(channels).zip(rectified.chunks_exact_mut(channels));
            for (window, (stream, rectified)) in windows.zip(rows) {
                taps.clear();
                let known = window.iter().enumerate().filter(|(_, base)| **base < UNKNOWN);
                taps.extend(known.map(|(tap, &base)| (tap * 4 + usize::from(base)) * channels));
                for first in (0..channels).step_by(LANES) {
                    // In registers until all taps are added.
                    let mut sums = [0.0; LANES];
                    sums.copy_from_slice(&self.stem_bias[first..first + LANES]);
                    for &tap in &taps {
                        let weights = &self.stem[tap + first..tap + first + LANES];
                        sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
                    }
                    stream[first..first + LANES].copy_from_slice(&sums);
                    sums.iter_mut().for_each(|sum| *sum = relu(*sum));
                    rectified[first..first + LANES].copy_from_slice(&sums);
                }
            }
        });
    }

    /// Returns the first output and the hidden layer of windows, of their rectified trunk outputs.
    fn heads(&self, count: usize, trunk: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let width = self.hidden.width();
        let mut hidden = vec![0.0; count * width];
        let trunk = Rows::matrix(trunk, count, self.channels);
        let bias = &self.hidden_bias;
        product(trunk, &self.hidden, &mut Affine { out: &mut hidden, bias, relu: true });

        let one = self.first.width();
        let mut logits = vec![0.0; count * one];
        let rows = Rows::matrix(&hidden, count, width);
        let bias = &self.first_bias;
        product(rows, &self.first, &mut Affine { out: &mut logits, bias, relu: false });
        (logits.into_iter().step_by(one).collect(), hidden)
    }
}

/// Activations, reused between blocks.
#[derive(Default)]
struct Buffers {
    stream: Vec<f32>,
    rectified: Vec<f32>,
    next: Vec<f32>,
}

impl Buffers {
    fn resize(&mut self, n: usize) {
        for buffer in [&mut self.stream, &mut self.rectified, &mut self.next] {
            buffer.resize(n, 0.0);
        }
    }
}
