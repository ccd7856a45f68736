//! The first convolution, as table look-ups.

use pulp::{Simd, WithSimd};

use crate::engine::cpu::matmul::{vectors, vectors_mut};
use crate::engine::cpu::simd::dispatch;
use crate::genome::sequence::UNKNOWN;

/// A convolution over bases, in additions alone: the same to the bit on every CPU.
#[derive(Clone, Debug)]
pub struct Stem {
    /// (4 x width x channels), tap-major: summed row by row, an unknown base adds nothing.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Stem {
    /// Takes the weight (4 x width x channels) and a bias per channel, a multiple of 16.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>) -> Self {
        Self { weight, bias }
    }

    /// Returns the number of channels.
    pub fn channels(&self) -> usize {
        self.bias.len()
    }

    /// Returns the width of the convolution.
    pub fn width(&self) -> usize {
        self.weight.len() / (4 * self.channels())
    }

    /// Returns a bound of what an output is, positive or negative.
    pub fn bound(&self) -> f32 {
        // Weight files hold no NaN.
        let highest = |values: &[f32]| values.iter().fold(0f32, |most, x| most.max(x.abs()));
        let taps = self.weight.chunks(4 * self.channels());
        highest(&self.bias) + taps.map(highest).sum::<f32>()
    }

    /// Computes every row of a sequence.
    pub fn embed(&self, sequence: &[u8], out: &mut [f32]) {
        self.rows(sequence, 0..sequence.len() + 1 - self.width(), out);
    }

    /// Computes some rows of a sequence.
    pub fn rows(&self, sequence: &[u8], rows: impl Iterator<Item = usize>, out: &mut [f32]) {
        dispatch(Look { stem: self, sequence, rows, out });
    }

    /// Computes V vectors of channels of a row.
    #[inline(always)]
    fn columns<S: Simd, const V: usize>(
        &self,
        simd: S,
        bases: &[u8],
        column: usize,
        out: &mut [f32],
    ) {
        let mut sums = *vectors::<S, V>(&self.bias[column..]);
        for (tap, &base) in bases.iter().enumerate() {
            if base < UNKNOWN {
                let at = (tap * 4 + usize::from(base)) * self.channels() + column;
                let weights = vectors::<S, V>(&self.weight[at..]);
                for v in 0..V {
                    sums[v] = simd.add_f32s(sums[v], weights[v]);
                }
            }
        }
        *vectors_mut::<S, V>(&mut out[column..]) = sums;
    }
}

/// Some rows of a sequence.
struct Look<'a, R> {
    stem: &'a Stem,
    sequence: &'a [u8],
    rows: R,
    out: &'a mut [f32],
}

impl<R: Iterator<Item = usize>> WithSimd for Look<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (channels, width) = (self.stem.channels(), self.stem.width());
        for (out, row) in self.out.chunks_exact_mut(channels).zip(self.rows) {
            let bases = &self.sequence[row..row + width];
            let mut column = 0;
            while column + 4 * S::F32_LANES <= channels {
                self.stem.columns::<S, 4>(simd, bases, column, out);
                column += 4 * S::F32_LANES;
            }
            while column < channels {
                self.stem.columns::<S, 1>(simd, bases, column, out);
                column += S::F32_LANES;
            }
        }
    }
}
