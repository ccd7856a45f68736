//! Folds APARENT2's weights into the kernel's: everything linear between two ReLUs or between the
//! residual stream and the logits becomes one step. Sums are in f64, rounded once.

use super::weights::{EPSILON, LIBRARIES};
use super::weights::{Group, Layer, Norm, Weights};
use crate::engine::cpu::matmul::{Packed, pad, padded};
use crate::models::aparent2::kernel::{Block, FrameKernel};

/// Returns the kernel, and the logit of the entry "not here".
pub fn fold(weights: &Weights) -> (FrameKernel, f32) {
    let c = weights.channels;
    let taps = weights.groups.iter().map(|group| &group.skip).chain([&weights.last]);
    let (taps, constants): (Vec<_>, Vec<_>) =
        taps.map(|skip| tap(skip, &weights.output.weight)).unzip();
    let constant = constants.iter().sum::<f64>() + f64::from(weights.output.bias[0]);
    let blocks = weights.groups.iter().zip(&taps).flat_map(|(group, tap)| blocks(c, group, tap));

    let mut library: Vec<f64> = (weights.library.weight.chunks(LIBRARIES))
        .zip(&weights.library.bias)
        .map(|(row, &bias)| f64::from(row[weights.chosen]) + f64::from(bias))
        .collect();
    // The authors append a logit of 0 before they add the library's.
    let absent = library.pop().unwrap_or_default() as f32;
    let kernel = FrameKernel {
        stem: stem(c, &weights.stem),
        blocks: blocks.collect(),
        last_tap: taps.last().cloned().unwrap_or_default(),
        logit_bias: library.iter().map(|library| (constant + library) as f32).collect(),
    };
    (kernel, absent)
}

/// Follows a 1 x 1 convolution and the final one: what each channel adds to the logit, and the
/// constant part.
fn tap(skip: &Layer, output: &[f32]) -> (Vec<f32>, f64) {
    let dot = |row: &[f32]| {
        row.iter().zip(output).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>()
    };
    let tap: Vec<f32> = skip.weight.chunks(output.len()).map(|row| dot(row) as f32).collect();
    (pad(&tap), dot(&skip.bias))
}

/// Rows of A, C, G, T and an unknown base, which is a quarter of each.
fn stem(c: usize, stem: &Layer) -> Vec<f32> {
    let row = |share: [f64; 4]| {
        let value = |channel: usize| {
            let weighted = share.iter().zip(stem.weight.chunks(c));
            let sum: f64 = weighted.map(|(share, row)| share * f64::from(row[channel])).sum();
            (sum + f64::from(stem.bias[channel])) as f32
        };
        pad(&(0..c).map(value).collect::<Vec<_>>())
    };
    let bases = (0..4).map(|base| std::array::from_fn(|i| f64::from(u8::from(i == base))));
    bases.chain([[0.25; 4]]).flat_map(row).collect()
}

fn blocks<'a>(c: usize, group: &'a Group, tap: &'a [f32]) -> impl Iterator<Item = Block> + use<'a> {
    group.blocks.iter().enumerate().map(move |(b, block)| {
        let [before, between] = [&block.norms[0], &block.norms[1]].map(affine);
        let [first, second] = &block.convs;
        let mut folded = first.clone();
        for row in folded.weight.chunks_mut(c) {
            for (weight, (scale, _)) in row.iter_mut().zip(&between) {
                *weight = (f64::from(*weight) * scale) as f32;
            }
        }
        for (bias, (scale, shift)) in folded.bias.iter_mut().zip(&between) {
            *bias = (f64::from(*bias) * scale + shift) as f32;
        }
        Block {
            dilation: group.dilation,
            tap: (b == 0).then(|| tap.to_vec()),
            scale: pad(&before.iter().map(|&(scale, _)| scale as f32).collect::<Vec<_>>()),
            shift: pad(&before.iter().map(|&(_, shift)| shift as f32).collect::<Vec<_>>()),
            first: pack(c, &folded.weight),
            first_bias: pad(&folded.bias),
            second: pack(c, &second.weight),
            second_bias: pad(&second.bias),
        }
    })
}

/// Returns a batch norm as scale and shift of each channel.
fn affine(norm: &Norm) -> Vec<(f64, f64)> {
    let Norm { gamma, beta, mean, variance } = norm;
    let channels = gamma.iter().zip(beta).zip(mean).zip(variance);
    let affine = channels.map(|(((&gamma, &beta), &mean), &variance)| {
        let scale = f64::from(gamma) / (f64::from(variance) + EPSILON).sqrt();
        (scale, f64::from(beta) - f64::from(mean) * scale)
    });
    affine.collect()
}

/// Packs a 3 x C x C convolution for inputs of padded(C) channels.
fn pack(c: usize, weight: &[f32]) -> Packed {
    let mut rows = Vec::with_capacity(3 * padded(c) * c);
    for tap in weight.chunks(c * c) {
        rows.extend_from_slice(tap);
        rows.resize(rows.len() + (padded(c) - c) * c, 0.0);
    }
    Packed::new(&rows, 3 * padded(c), c)
}
