//! Convolution of bases, ReLU and max-pool as one differentiable operation on the CPU.
//!
//! A one-hot column has one 1: the convolution adds up rows of its weights, and its gradient adds
//! to them; nothing is multiplied. Only the position of a pool that had the maximum passes anything
//! back. Gradients are summed in fixed groups of windows, so that they do not depend on threads.

use super::simd::vectorized;
use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::residual::{add, contiguous};
use crate::genome::sequence::UNKNOWN;

/// Windows whose gradients are summed one after the other.
const GROUP: usize = 16;
/// Bases with weights; an unknown one adds nothing.
const BASES: usize = UNKNOWN as usize;

/// Convolves `windows` of equal length with `weight` (width x 4 x filters) and `bias` (filters),
/// without padding; returns the maxima of ReLU over every `pool` positions, windows x steps x
/// filters. Positions that fill no pool are dropped. CPU only.
///
/// # Errors
/// If the windows differ in length or are too short.
pub fn fused_pooled_conv(
    windows: &[&[u8]],
    weight: &Tensor,
    bias: &Tensor,
    pool: u8,
) -> candle_core::Result<Tensor> {
    let length = windows.first().map_or(0, |window| window.len());
    if windows.iter().any(|window| window.len() != length) {
        candle_core::bail!("convolution: windows of different lengths");
    }
    let op = PooledConv { codes: windows.concat(), length, pool, winners: OnceLock::new() };
    weight.contiguous()?.apply_op2(&bias.contiguous()?, op)
}

struct PooledConv {
    codes: Vec<u8>,
    /// Of a window.
    length: usize,
    pool: u8,
    /// Which position of a pool had the maximum; `pool` where none is above 0. As the result.
    winners: OnceLock<Vec<u8>>,
}

/// Sizes of one application.
#[derive(Clone, Copy)]
struct Sizes {
    width: usize,
    filters: usize,
    steps: usize,
}

impl PooledConv {
    fn sizes(&self, weight: &Shape) -> candle_core::Result<Sizes> {
        let (width, bases, filters) = weight.dims3()?;
        let steps = (self.length + 1).saturating_sub(width) / usize::from(self.pool.max(1));
        if bases != BASES || filters == 0 || steps == 0 {
            candle_core::bail!("convolution: weights of {weight:?} for {} nt", self.length);
        }
        Ok(Sizes { width, filters, steps })
    }

    /// Writes the pooled values of a window and who won.
    #[inline(always)]
    fn forward(
        &self,
        s: Sizes,
        codes: &[u8],
        weight: &[f32],
        bias: &[f32],
        out: &mut [f32],
        winners: &mut [u8],
    ) {
        let mut sums = vec![0f32; s.filters];
        let rows = out.chunks_exact_mut(s.filters).zip(winners.chunks_exact_mut(s.filters));
        for (step, (best, winner)) in rows.enumerate() {
            winner.fill(self.pool);
            for place in 0..self.pool {
                sums.copy_from_slice(bias);
                let first = step * usize::from(self.pool) + usize::from(place);
                for row in weight_rows(s, &codes[first..]) {
                    add(&mut sums, &weight[row * s.filters..][..s.filters]);
                }
                for ((best, winner), &sum) in best.iter_mut().zip(&mut *winner).zip(&sums) {
                    let better = sum > *best;
                    *best = if better { sum } else { *best };
                    *winner = if better { place } else { *winner };
                }
            }
        }
    }

    /// Adds a window's gradients to those of weight and bias.
    #[inline(always)]
    fn backward(
        &self,
        s: Sizes,
        codes: &[u8],
        gradient: &[f32],
        winners: &[u8],
        (dw, db): (&mut [f32], &mut [f32]),
    ) {
        let mut passed = vec![0f32; s.filters];
        let rows = gradient.chunks_exact(s.filters).zip(winners.chunks_exact(s.filters));
        for (step, (gradient, winners)) in rows.enumerate() {
            for place in 0..self.pool {
                for ((passed, &value), &winner) in passed.iter_mut().zip(gradient).zip(winners) {
                    *passed = if winner == place { value } else { 0.0 };
                }
                add(db, &passed);
                let first = step * usize::from(self.pool) + usize::from(place);
                for row in weight_rows(s, &codes[first..]) {
                    add(&mut dw[row * s.filters..][..s.filters], &passed);
                }
            }
        }
    }
}

/// Returns which rows of the weights the filter reads at the start of `codes`.
#[inline(always)]
fn weight_rows(s: Sizes, codes: &[u8]) -> impl Iterator<Item = usize> {
    let known = codes[..s.width].iter().enumerate().filter(|(_, code)| **code < UNKNOWN);
    known.map(|(place, &code)| place * BASES + usize::from(code))
}

impl CustomOp2 for PooledConv {
    fn name(&self) -> &'static str {
        "pooled-convolution"
    }

    fn cpu_fwd(
        &self,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let s = self.sizes(weight_layout.shape())?;
        let (weight, bias) = (contiguous(weight, weight_layout)?, contiguous(bias, bias_layout)?);
        if bias.len() != s.filters {
            candle_core::bail!("convolution: a bias of {} for {} filters", bias.len(), s.filters);
        }
        let (windows, size) = (self.codes.len() / self.length, s.steps * s.filters);
        let (mut out, mut winners) = (vec![0f32; windows * size], vec![0u8; windows * size]);
        out.par_chunks_mut(size)
            .zip(winners.par_chunks_mut(size))
            .zip(self.codes.par_chunks(self.length))
            .for_each(|((out, winners), codes)| {
                vectorized(
                    #[inline(always)]
                    || self.forward(s, codes, weight, bias, out, winners),
                );
            });
        // The operation is applied once: there is nothing in it yet.
        let _ = self.winners.set(winners);
        Ok((CpuStorage::F32(out), Shape::from((windows, s.steps, s.filters))))
    }

    fn bwd(
        &self,
        weight: &Tensor,
        bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let s = self.sizes(weight.shape())?;
        let Some(winners) = self.winners.get() else {
            candle_core::bail!("convolution: its gradient is asked for before its value");
        };
        let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
        let size = s.steps * s.filters;
        let zeros = || (vec![0f32; s.width * BASES * s.filters], vec![0f32; s.filters]);
        let groups: Vec<_> = gradient
            .par_chunks(GROUP * size)
            .zip(winners.par_chunks(GROUP * size))
            .zip(self.codes.par_chunks(GROUP * self.length))
            .map(|((gradient, winners), codes)| {
                let (mut dw, mut db) = zeros();
                let windows = gradient.chunks_exact(size).zip(winners.chunks_exact(size));
                for ((gradient, winners), codes) in windows.zip(codes.chunks_exact(self.length)) {
                    vectorized(
                        #[inline(always)]
                        || self.backward(s, codes, gradient, winners, (&mut dw[..], &mut db[..])),
                    );
                }
                (dw, db)
            })
            .collect();
        let (mut dw, mut db) = zeros();
        for (group_dw, group_db) in groups {
            add(&mut dw, &group_dw);
            add(&mut db, &group_db);
        }
        let device = weight.device();
        Ok((
            Some(Tensor::from_vec(dw, weight.shape(), device)?),
            Some(Tensor::from_vec(db, bias.shape(), device)?),
        ))
    }
}

#[cfg(test)]
mod tests;
