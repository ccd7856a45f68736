//! The fully convolutional scan model, every layer once per position.

use super::product::{Affine, Epilogue, Packed, Rows, load, product, store};
use crate::engine::cpu::activation::{sigmoid, softmax};
use crate::genome::sequence::UNKNOWN;
use crate::models::StrandScores;
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
    /// Hidden -> classification logit, and hidden -> 50 cleavage logits.
    pub classification: Packed,
    pub classification_bias: Vec<f32>,
    pub cleavage: Packed,
    pub cleavage_bias: Vec<f32>,
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
        let rectified = simd.max_f32s(sum, simd.splat_f32s(0.0));
        store::<S>(&mut self.rectified[to..], rectified);
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
        let overlap = self.receptive_field() - 1;
        let windows = sequence.len().saturating_sub(overlap);
        let mut buffers = Buffers::default();
        let mut scores = StrandScores::default();
        scores.probability.reserve_exact(windows);
        for start in (0..windows).step_by(BLOCK) {
            let count = BLOCK.min(windows - start);
            self.trunk(&sequence[start..start + count + overlap], &mut buffers);
            self.heads(start, count, cleavage_above, &mut buffers, &mut scores);
        }
        scores
    }

    /// Leaves the rectified trunk output of every window in `buffers.rectified`.
    fn trunk(&self, sequence: &[u8], buffers: &mut Buffers) {
        let mut rows = self.embed(sequence, buffers);
        for block in &self.blocks {
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

    /// The stem as table look-ups; returns the number of rows.
    fn embed(&self, sequence: &[u8], buffers: &mut Buffers) -> usize {
        let rows = sequence.len() + 1 - self.stem_width();
        buffers.resize(rows * self.channels);
        pulp::Arch::new().dispatch(|| {
            for (t, out) in buffers.stream.chunks_exact_mut(self.channels).take(rows).enumerate() {
                out.copy_from_slice(&self.stem_bias);
                for (tap, &base) in sequence[t..t + self.stem_width()].iter().enumerate() {
                    if base < UNKNOWN {
                        let row = (tap * 4 + usize::from(base)) * self.channels;
                        for (sum, weight) in
                            out.iter_mut().zip(&self.stem[row..row + self.channels])
                        {
                            *sum += weight;
                        }
                    }
                }
            }
            for (rectified, &value) in buffers.rectified.iter_mut().zip(&buffers.stream) {
                *rectified = value.max(0.0);
            }
        });
        rows
    }

    /// Classification of every window of the block, cleavage where it passes.
    fn heads(
        &self,
        start: usize,
        count: usize,
        cleavage_above: f32,
        buffers: &mut Buffers,
        scores: &mut StrandScores,
    ) {
        let width = self.hidden.width();
        let hidden = &mut buffers.next;
        hidden.resize(hidden.len().max(count * width), 0.0);
        let trunk = Rows::matrix(&buffers.rectified, count, self.channels);
        product(
            trunk,
            &self.hidden,
            &mut Affine { out: hidden, bias: &self.hidden_bias, relu: true },
        );

        let one = self.classification.width();
        let mut logits = vec![0.0; count * one];
        let rows = Rows::matrix(hidden, count, width);
        let bias = &self.classification_bias;
        product(rows, &self.classification, &mut Affine { out: &mut logits, bias, relu: false });
        for (s, logits) in logits.chunks_exact(one).enumerate() {
            let probability = sigmoid(logits[0]);
            scores.probability.push(probability);
            if probability > cleavage_above {
                let row = Rows::matrix(&hidden[s * width..][..width], 1, width);
                let mut out = vec![0.0; self.cleavage.width()];
                let bias = &self.cleavage_bias;
                product(row, &self.cleavage, &mut Affine { out: &mut out, bias, relu: false });
                scores.cleavage.push((start + s, softmax(&out)));
            }
        }
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
