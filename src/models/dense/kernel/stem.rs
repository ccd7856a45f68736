//! The first convolution, as table look-ups.

use crate::engine::cpu::matmul::LANES;
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
        let channels = self.channels();
        let (weights, _) = self.weight.as_chunks::<LANES>();
        let (biases, _) = self.bias.as_chunks::<LANES>();
        let vectors = biases.len();
        dispatch(|| {
            for (out, row) in out.chunks_exact_mut(channels).zip(rows) {
                let bases = &sequence[row..row + self.width()];
                let (out, _) = out.as_chunks_mut::<LANES>();
                for (v, (out, bias)) in out.iter_mut().zip(biases).enumerate() {
                    let mut sums = *bias;
                    for (tap, &base) in bases.iter().enumerate() {
                        if base < UNKNOWN {
                            let weight = &weights[(tap * 4 + usize::from(base)) * vectors + v];
                            for (sum, weight) in sums.iter_mut().zip(weight) {
                                *sum += weight;
                            }
                        }
                    }
                    *out = sums;
                }
            }
        });
    }
}
