//! Operations with gradients of their own for the CPU: there candle's convolution, slices and
//! reductions take far longer than the products between them. Gradients of weights are summed in
//! a fixed order, so that they do not depend on threads. On other devices each is a few operations
//! of candle, which tests hold against them.

#[cfg(test)]
mod tests;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, Device, Layout, Shape, Tensor};
use rayon::prelude::*;

use crate::engine::cpu::matmul::{Accumulate, Packed, Rows, product};
use crate::engine::cpu::residual::contiguous;
use crate::error::Result;

/// A row that adds nothing to a sum.
pub const NO_ROW: u32 = u32::MAX;

/// Samples whose gradients of a weight are one product.
const GROUP: usize = 8;

type Gradient = candle_core::Result<Option<Tensor>>;

/// Sums `width` rows of a table (rows x channels) for each place: `rows[i width..(i + 1) width]`
/// for place i. Returns places x channels. A convolution over letters or words, of which there are
/// few, is such a sum.
///
/// # Errors
/// If the tensor library fails.
pub fn sum_rows(table: &Tensor, rows: Vec<u32>, width: usize) -> Result<Tensor> {
    match table.device() {
        Device::Cpu => Ok(table.contiguous()?.apply_op1(SumRows { rows, width })?),
        _ => plain_sum_rows(table, rows, width),
    }
}

fn plain_sum_rows(table: &Tensor, rows: Vec<u32>, width: usize) -> Result<Tensor> {
    let places = rows.len() / width;
    let rows = Tensor::from_vec(rows, places * width, table.device())?;
    Ok(table.index_select(&rows, 0)?.reshape((places, width, table.dim(1)?))?.sum(1)?)
}

/// Convolves x (samples x positions x inputs) with a weight (taps x inputs x outputs) where all
/// taps lie inside.
///
/// # Errors
/// If the tensor library fails.
pub fn convolve(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    match x.device() {
        Device::Cpu => Ok(x.contiguous()?.apply_op2(&weight.contiguous()?, Convolve)?),
        _ => plain_convolve(x, weight),
    }
}

fn plain_convolve(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (taps, inputs, outputs) = weight.dims3()?;
    let rows = unfold(x, taps)?;
    let (samples, positions, _) = rows.dims3()?;
    let weight = weight.reshape((taps * inputs, outputs))?;
    Ok(rows.flatten_to(1)?.matmul(&weight)?.reshape((samples, positions, outputs))?)
}

/// Lays the `taps` positions from each position on side by side.
fn unfold(x: &Tensor, taps: usize) -> Result<Tensor> {
    let positions = x.dim(1)? + 1 - taps;
    let shifted = (0..taps).map(|tap| x.narrow(1, tap, positions));
    let shifted = shifted.collect::<candle_core::Result<Vec<_>>>()?;
    Ok(Tensor::cat(&shifted, D::Minus1)?.contiguous()?)
}

/// Takes the maximum over `size` positions every `stride` positions; what is left over is dropped.
///
/// # Errors
/// If the tensor library fails.
pub fn max_pool(x: &Tensor, size: usize, stride: usize) -> Result<Tensor> {
    match x.device() {
        Device::Cpu => Ok(x.contiguous()?.apply_op1(MaxPool { size, stride })?),
        _ => plain_max_pool(x, size, stride),
    }
}

fn plain_max_pool(x: &Tensor, size: usize, stride: usize) -> Result<Tensor> {
    let (samples, _, channels) = x.dims3()?;
    let rows = unfold(x, size)?;
    let count = rows.dim(1)?.div_ceil(stride);
    let starts: Vec<u32> = (0..count).map(|pool| (pool * stride) as u32).collect();
    let rows = rows.index_select(&Tensor::from_vec(starts, count, x.device())?, 1)?;
    Ok(rows.reshape((samples, count, size, channels))?.max(2)?)
}

struct SumRows {
    rows: Vec<u32>,
    width: usize,
}

impl CustomOp1 for SumRows {
    fn name(&self) -> &'static str {
        "sum-rows"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (_, channels) = layout.shape().dims2()?;
        let table = contiguous(storage, layout)?;
        let places = self.rows.len() / self.width;
        let mut out = vec![0f32; places * channels];
        out.par_chunks_mut(channels).zip(self.rows.par_chunks(self.width)).for_each(
            |(sum, rows)| {
                for &row in rows.iter().filter(|&&row| row != NO_ROW) {
                    add(sum, &table[row as usize * channels..][..channels]);
                }
            },
        );
        Ok((CpuStorage::F32(out), Shape::from((places, channels))))
    }

    fn bwd(&self, table: &Tensor, _: &Tensor, gradient: &Tensor) -> Gradient {
        let (_, channels) = table.dims2()?;
        let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
        let mut sums = vec![0f32; table.elem_count()];
        for (gradient, rows) in gradient.chunks_exact(channels).zip(self.rows.chunks(self.width)) {
            for &row in rows.iter().filter(|&&row| row != NO_ROW) {
                add(&mut sums[row as usize * channels..][..channels], gradient);
            }
        }
        Ok(Some(Tensor::from_vec(sums, table.shape(), table.device())?))
    }
}

struct Convolve;

/// Sizes of a convolution.
#[derive(Clone, Copy)]
struct Sizes {
    length: usize,
    positions: usize,
    taps: usize,
    inputs: usize,
    outputs: usize,
}

impl Sizes {
    fn new(x: &Shape, weight: &Shape) -> candle_core::Result<Self> {
        let ((_, length, channels), (taps, inputs, outputs)) = (x.dims3()?, weight.dims3()?);
        if channels != inputs || length < taps {
            candle_core::bail!("convolution of {x:?} with {weight:?}");
        }
        Ok(Self { length, positions: length + 1 - taps, taps, inputs, outputs })
    }

    /// A row of x is the `taps` positions from one on, which lie one after another.
    fn forward(self, x: &[f32], weight: &[f32]) -> Vec<f32> {
        let Self { length, positions, taps, inputs, outputs } = self;
        let weight = Packed::new(weight, taps * inputs, outputs);
        let mut out = vec![0f32; x.len() / (length * inputs) * positions * outputs];
        let samples = out.par_chunks_mut(positions * outputs).zip(x.par_chunks(length * inputs));
        samples
            .for_each(|(out, x)| multiply(rows(x, positions, inputs, taps), &weight, out, outputs));
        out
    }

    /// A position collects from the outputs that saw it: a convolution with the taps reversed and
    /// inputs and outputs exchanged, over a gradient with zeros around it.
    fn input_gradient(self, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
        let Self { length, positions, taps, inputs, outputs } = self;
        let mut reversed = vec![0f32; weight.len()];
        for (at, value) in weight.iter().enumerate() {
            let (tap, input, output) = (at / outputs / inputs, at / outputs % inputs, at % outputs);
            reversed[((taps - 1 - tap) * outputs + output) * inputs + input] = *value;
        }
        let reversed = Packed::new(&reversed, taps * outputs, inputs);
        let edge = (taps - 1) * outputs;
        let each = positions * outputs;
        let mut sums = vec![0f32; gradient.len() / each * length * inputs];
        let samples = sums.par_chunks_mut(length * inputs).zip(gradient.par_chunks(each));
        samples.for_each(|(sums, gradient)| {
            let mut framed = vec![0f32; each + 2 * edge];
            framed[edge..edge + each].copy_from_slice(gradient);
            multiply(rows(&framed, length, outputs, taps), &reversed, sums, inputs);
        });
        sums
    }

    /// Taps and inputs are rows; positions of some samples are the inner dimension.
    fn weight_gradient(self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        let Self { length, positions, taps, inputs, outputs } = self;
        let (own, made) = (length * inputs, positions * outputs);
        let groups: Vec<Vec<f32>> = x
            .par_chunks(GROUP * own)
            .zip(gradient.par_chunks(GROUP * made))
            .map(|(data, gradient)| {
                let samples = data.len() / own;
                let segments: Vec<usize> = (0..samples).map(|sample| sample * own).collect();
                let rows = Rows {
                    data,
                    rows: taps * inputs,
                    row_stride: 1,
                    segments: &segments,
                    length: positions,
                    k_stride: inputs,
                };
                let mut sums = vec![0f32; taps * inputs * outputs];
                let gradient = Packed::new(gradient, samples * positions, outputs);
                multiply(rows, &gradient, &mut sums, outputs);
                sums
            })
            .collect();
        let mut sums = vec![0f32; taps * inputs * outputs];
        groups.iter().for_each(|group| add(&mut sums, group));
        sums
    }
}

/// The `taps` positions of `channels` values from each position on.
fn rows(data: &[f32], rows: usize, channels: usize, taps: usize) -> Rows<'_> {
    Rows { data, rows, row_stride: channels, segments: &[0], length: taps * channels, k_stride: 1 }
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
        let sizes = Sizes::new(x_layout.shape(), weight_layout.shape())?;
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
        let sizes = Sizes::new(x.shape(), weight.shape())?;
        let (from, kernel, gradient) = (flat(x)?, flat(weight)?, flat(gradient)?);
        let dx = sizes.input_gradient(&kernel, &gradient);
        let dw = sizes.weight_gradient(&from, &gradient);
        let tensor = |values, of: &Tensor| Tensor::from_vec(values, of.shape(), of.device());
        Ok((Some(tensor(dx, x)?), Some(tensor(dw, weight)?)))
    }
}

struct MaxPool {
    size: usize,
    stride: usize,
}

impl MaxPool {
    fn positions(&self, length: usize) -> usize {
        (length - self.size) / self.stride + 1
    }
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (samples, length, channels) = layout.shape().dims3()?;
        let x = contiguous(storage, layout)?;
        let positions = self.positions(length);
        let mut out = vec![f32::NEG_INFINITY; samples * positions * channels];
        let each = positions * channels;
        let samples_of = out.par_chunks_mut(each).zip(x.par_chunks(length * channels));
        samples_of.for_each(|(out, x)| {
            for (position, most) in out.chunks_exact_mut(channels).enumerate() {
                let pool = &x[position * self.stride * channels..][..self.size * channels];
                for row in pool.chunks_exact(channels) {
                    most.iter_mut().zip(row).for_each(|(most, value)| *most = most.max(*value));
                }
            }
        });
        Ok((CpuStorage::F32(out), Shape::from((samples, positions, channels))))
    }

    fn bwd(&self, x: &Tensor, pooled: &Tensor, gradient: &Tensor) -> Gradient {
        let (_, length, channels) = x.dims3()?;
        let (from, pooled, gradient) = (flat(x)?, flat(pooled)?, flat(gradient)?);
        let mut sums = vec![0f32; from.len()];
        let each = self.positions(length) * channels;
        let samples =
            sums.par_chunks_mut(length * channels).zip(from.par_chunks(length * channels));
        samples.zip(pooled.par_chunks(each).zip(gradient.par_chunks(each))).for_each(
            |((sums, x), (pooled, gradient))| {
                for (at, (most, gradient)) in pooled.iter().zip(gradient).enumerate() {
                    let first = at / channels * self.stride * channels + at % channels;
                    let mut places = (0..self.size).map(|place| first + place * channels);
                    // The first of equals, as in other libraries.
                    if let Some(place) = places.find(|&place| x[place] == *most) {
                        sums[place] += gradient;
                    }
                }
            },
        );
        Ok(Some(Tensor::from_vec(sums, x.shape(), x.device())?))
    }
}

fn add(sums: &mut [f32], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

fn flat(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}
