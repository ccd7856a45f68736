//! Convolution.

use std::borrow::Cow;

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::{add, flat, unfold};
use crate::engine::cpu::matmul::{Accumulate, Packed, Rows, product};
use crate::engine::cpu::residual::contiguous;
use crate::error::Result;

/// Samples whose gradients of a weight are one product.
const GROUP: usize = 8;

/// How a convolution's taps lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps {
    /// Positions from one tap to the next.
    pub dilation: usize,
    /// Zeros before the first and behind the last position.
    pub padding: usize,
}

impl Taps {
    /// Neighbours, all of which lie inside.
    pub const VALID: Self = Self { dilation: 1, padding: 0 };
}

/// Convolves x (samples x positions x inputs) with a weight (taps x inputs x outputs), without
/// bias; returns samples x (positions + 2 padding - (taps - 1) dilation) x outputs.
///
/// # Errors
/// If the tensor library fails.
pub fn convolve(x: &Tensor, weight: &Tensor, taps: Taps) -> Result<Tensor> {
    match x.device() {
        Device::Cpu => Ok(x.contiguous()?.apply_op2(&weight.contiguous()?, Convolve(taps))?),
        _ => plain_convolve(x, weight, taps),
    }
}

pub(super) fn plain_convolve(x: &Tensor, weight: &Tensor, taps: Taps) -> Result<Tensor> {
    let (count, inputs, outputs) = weight.dims3()?;
    let x = x.pad_with_zeros(1, taps.padding, taps.padding)?;
    let rows = unfold(&x, count, taps.dilation)?;
    let (samples, positions, _) = rows.dims3()?;
    let weight = weight.reshape((count * inputs, outputs))?;
    Ok(rows.flatten_to(1)?.matmul(&weight)?.reshape((samples, positions, outputs))?)
}

struct Convolve(Taps);

/// Sizes of a convolution.
#[derive(Clone, Copy)]
struct Sizes {
    /// Positions of a sample, padding included.
    length: usize,
    /// Positions of its result.
    positions: usize,
    taps: usize,
    dilation: usize,
    padding: usize,
    inputs: usize,
    outputs: usize,
}

impl Sizes {
    fn new(x: &Shape, weight: &Shape, taps: Taps) -> candle_core::Result<Self> {
        let ((_, length, channels), (count, inputs, outputs)) = (x.dims3()?, weight.dims3()?);
        let Taps { dilation, padding } = taps;
        let length = length + 2 * padding;
        let reach = count.saturating_sub(1) * dilation;
        if channels != inputs || count == 0 || length <= reach {
            candle_core::bail!("convolution of {x:?} with {weight:?}, {taps:?}");
        }
        let positions = length - reach;
        Ok(Self { length, positions, taps: count, dilation, padding, inputs, outputs })
    }

    /// Values of a sample.
    fn sample(self) -> usize {
        (self.length - 2 * self.padding) * self.inputs
    }

    /// Places of the taps in rows of so many channels, and how many values follow each: neighbours
    /// are one stretch.
    fn segments(self, channels: usize) -> (Vec<usize>, usize) {
        match self.dilation {
            1 => (vec![0], self.taps * channels),
            dilation => ((0..self.taps).map(|tap| tap * dilation * channels).collect(), channels),
        }
    }

    /// Puts the padding around some samples.
    fn padded(self, x: &[f32]) -> Cow<'_, [f32]> {
        if self.padding == 0 {
            return Cow::Borrowed(x);
        }
        Cow::Owned(framed(x, self.sample(), self.padding * self.inputs))
    }

    /// A row of x is the taps from one position on.
    fn forward(self, x: &[f32], weight: &[f32]) -> Vec<f32> {
        let Self { positions, taps, inputs, outputs, .. } = self;
        let weight = Packed::new(weight, taps * inputs, outputs);
        let (segments, length) = self.segments(inputs);
        let mut out = vec![0f32; x.len() / self.sample() * positions * outputs];
        let samples = out.par_chunks_mut(positions * outputs).zip(x.par_chunks(self.sample()));
        samples.for_each(|(out, x)| {
            let data = &self.padded(x);
            let (rows, row_stride, k_stride) = (positions, inputs, 1);
            let rows = Rows { data, rows, row_stride, segments: &segments, length, k_stride };
            multiply(rows, &weight, out, outputs);
        });
        out
    }

    /// A position collects from the outputs that saw it: a convolution with the taps reversed and
    /// inputs and outputs exchanged, over a gradient with zeros around it.
    fn input_gradient(self, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
        let Self { length, positions, taps, dilation, padding, inputs, outputs } = self;
        let mut reversed = vec![0f32; weight.len()];
        let from_last = reversed.chunks_exact_mut(outputs * inputs).rev();
        for (reversed, tap) in from_last.zip(weight.chunks_exact(inputs * outputs)) {
            for (input, row) in tap.chunks_exact(outputs).enumerate() {
                let column = reversed[input..].iter_mut().step_by(inputs);
                column.zip(row).for_each(|(to, value)| *to = *value);
            }
        }
        let reversed = Packed::new(&reversed, taps * outputs, inputs);
        let (segments, stretch) = self.segments(outputs);
        let mut sums = vec![0f32; gradient.len() / (positions * outputs) * self.sample()];
        let samples =
            sums.par_chunks_mut(self.sample()).zip(gradient.par_chunks(positions * outputs));
        samples.for_each(|(sums, gradient)| {
            let framed = framed(gradient, gradient.len(), (taps - 1) * dilation * outputs);
            let rows = Rows {
                // What fell on the padding is not asked for.
                data: &framed[padding * outputs..],
                rows: length - 2 * padding,
                row_stride: outputs,
                segments: &segments,
                length: stretch,
                k_stride: 1,
            };
            multiply(rows, &reversed, sums, inputs);
        });
        sums
    }

    /// Taps and inputs are rows; positions of some samples are the inner dimension.
    fn weight_gradient(self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        let Self { length, positions, taps, inputs, outputs, .. } = self;
        let made = positions * outputs;
        let (starts, rows) = self.segments(inputs);
        let groups: Vec<Vec<f32>> = x
            .par_chunks(GROUP * self.sample())
            .zip(gradient.par_chunks(GROUP * made))
            .map(|(x, gradient)| {
                let data = &self.padded(x);
                let samples = gradient.len() / made;
                let gradient = Packed::new(gradient, samples * positions, outputs);
                let mut sums = vec![0f32; taps * inputs * outputs];
                for (start, sums) in starts.iter().zip(sums.chunks_exact_mut(rows * outputs)) {
                    let segment = |sample: usize| sample * length * inputs + start;
                    let segments: Vec<usize> = (0..samples).map(segment).collect();
                    let (row_stride, k_stride) = (1, inputs);
                    let segments = &segments;
                    let rows =
                        Rows { data, rows, row_stride, segments, length: positions, k_stride };
                    multiply(rows, &gradient, sums, outputs);
                }
                sums
            })
            .collect();
        let mut sums = vec![0f32; taps * inputs * outputs];
        groups.iter().for_each(|group| add(&mut sums, group));
        sums
    }
}

/// Puts `edge` zeros before and behind each `sample` values.
fn framed(values: &[f32], sample: usize, edge: usize) -> Vec<f32> {
    let wide = sample + 2 * edge;
    let mut framed = vec![0f32; values.len() / sample * wide];
    for (framed, values) in framed.chunks_exact_mut(wide).zip(values.chunks_exact(sample)) {
        framed[edge..edge + sample].copy_from_slice(values);
    }
    framed
}

/// Writes a product without the padding of its columns.
fn multiply(rows: Rows<'_>, packed: &Packed, out: &mut [f32], columns: usize) {
    let width = packed.width();
    let mut wide = vec![0f32; rows.rows * width];
    product(rows, packed, &mut Accumulate { out: &mut wide, width });
    for (out, row) in out.chunks_exact_mut(columns).zip(wide.chunks_exact(width)) {
        out.copy_from_slice(&row[..columns]);
    }
}

impl CustomOp2 for Convolve {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let sizes = Sizes::new(x_layout.shape(), weight_layout.shape(), self.0)?;
        let out = sizes.forward(contiguous(x, x_layout)?, contiguous(weight, weight_layout)?);
        let shape = Shape::from((x_layout.dims()[0], sizes.positions, sizes.outputs));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let sizes = Sizes::new(x.shape(), weight.shape(), self.0)?;
        let (from, kernel, gradient) = (flat(x)?, flat(weight)?, flat(gradient)?);
        let dx = sizes.input_gradient(&kernel, &gradient);
        let dw = sizes.weight_gradient(&from, &gradient);
        let tensor = |values, of: &Tensor| Tensor::from_vec(values, of.shape(), of.device());
        Ok((Some(tensor(dx, x)?), Some(tensor(dw, weight)?)))
    }
}
