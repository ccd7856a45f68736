//! Operations with gradients of their own for the CPU: there candle's convolution, slices and
//! reductions take far longer than the products between them. Gradients of weights are summed in
//! a fixed order, so that they do not depend on threads. On other devices each is a few operations
//! of candle, which tests hold against them.

mod convolution;
mod norm;
#[cfg(test)]
mod tests;

use candle_core::{CpuStorage, CustomOp1, D, Device, Layout, Shape, Tensor};
use rayon::prelude::*;

use crate::engine::cpu::residual::contiguous;
use crate::error::Result;
pub use convolution::{Taps, convolve};
pub use norm::{Moments, norm_relu};

/// A row that adds nothing to a sum.
pub const NO_ROW: u32 = u32::MAX;

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

/// Lays `taps` positions, `dilation` apart, from each position on side by side.
fn unfold(x: &Tensor, taps: usize, dilation: usize) -> Result<Tensor> {
    let positions = x.dim(1)? - (taps - 1) * dilation;
    let shifted = (0..taps).map(|tap| x.narrow(1, tap * dilation, positions));
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
    let rows = unfold(x, size, 1)?;
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
                let rows = pooled.chunks_exact(channels).zip(gradient.chunks_exact(channels));
                for (position, (pooled, gradient)) in rows.enumerate() {
                    let first = position * self.stride * channels;
                    for (channel, (most, gradient)) in pooled.iter().zip(gradient).enumerate() {
                        let mut places = (first + channel..).step_by(channels).take(self.size);
                        // The first of equals, as in other libraries.
                        if let Some(place) = places.find(|&place| x[place] == *most) {
                            sums[place] += gradient;
                        }
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
