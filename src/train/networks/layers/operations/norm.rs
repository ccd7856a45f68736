//! Batch norm with the ReLU behind it.

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::{add, flat};
use crate::engine::cpu::residual::contiguous;
use crate::error::Result;

/// Rows whose sums are made one after the other: sums do not depend on threads.
const GROUP: usize = 1024;

/// Mean and variance (of n, not n - 1) of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

impl Moments {
    /// Measures x (samples x positions x channels) over samples and positions.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn of(x: &Tensor) -> Result<Self> {
        let (samples, positions, channels) = x.dims3()?;
        let values = flat(x)?;
        let count = (samples * positions).max(1) as f64;
        let mut means = sums(&values, channels, |_, x| x.into());
        means.iter_mut().for_each(|mean| *mean /= count);
        let mut variances = sums(&values, channels, |c, x| (f64::from(x) - means[c]).powi(2));
        variances.iter_mut().for_each(|variance| *variance /= count);
        let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        Ok(Self { variance: narrow(variances), mean: narrow(means) })
    }
}

/// Sums what each value counts, by channel.
fn sums(values: &[f32], channels: usize, count: impl Fn(usize, f32) -> f64) -> Vec<f64> {
    let mut sums = vec![0f64; channels];
    for row in values.chunks_exact(channels) {
        for (c, (sum, &value)) in sums.iter_mut().zip(row).enumerate() {
            *sum += count(c, value);
        }
    }
    sums
}

/// Returns `relu(gamma (x - mean) / sqrt(variance + epsilon) + beta)` for x of samples x positions
/// x channels. If the moments are those of x itself (`of_batch`), gradients go through them too.
///
/// # Errors
/// If the tensor library fails.
pub fn norm_relu(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    moments: &Moments,
    of_batch: bool,
    epsilon: f64,
) -> Result<Tensor> {
    match x.device() {
        Device::Cpu => {
            let inverse = |&variance: &f32| (1.0 / (f64::from(variance) + epsilon).sqrt()) as f32;
            let inverse = moments.variance.iter().map(inverse).collect();
            let norm = NormRelu { mean: moments.mean.clone(), inverse, of_batch };
            Ok(x.contiguous()?.apply_op3(&gamma.contiguous()?, &beta.contiguous()?, norm)?)
        }
        _ => plain_norm_relu(x, gamma, beta, (!of_batch).then_some(moments), epsilon),
    }
}

/// With the moments of x itself where none are given.
pub(super) fn plain_norm_relu(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    kept: Option<&Moments>,
    epsilon: f64,
) -> Result<Tensor> {
    let (centred, variance) = match kept {
        Some(Moments { mean, variance }) => {
            let mean = Tensor::new(mean.as_slice(), x.device())?;
            (x.broadcast_sub(&mean)?, Tensor::new(variance.as_slice(), x.device())?)
        }
        None => {
            let centred = x.broadcast_sub(&x.flatten_to(1)?.mean(0)?)?;
            let variance = centred.flatten_to(1)?.sqr()?.mean(0)?;
            (centred, variance)
        }
    };
    let normed = centred.broadcast_div(&(variance + epsilon)?.sqrt()?)?;
    Ok(normed.broadcast_mul(gamma)?.broadcast_add(beta)?.relu()?)
}

struct NormRelu {
    mean: Vec<f32>,
    /// 1 / standard deviation.
    inverse: Vec<f32>,
    of_batch: bool,
}

impl NormRelu {
    /// Sums over rows of the gradient behind the ReLU, and of the same times the normed values.
    fn sums(&self, x: &[f32], passed: &[f32]) -> [Vec<f32>; 2] {
        let channels = self.mean.len();
        let groups: Vec<[Vec<f32>; 2]> = x
            .par_chunks(GROUP * channels)
            .zip(passed.par_chunks(GROUP * channels))
            .map(|(x, passed)| {
                let mut sums = [vec![0f32; channels], vec![0f32; channels]];
                let [plain, normed] = &mut sums;
                for (x, passed) in x.chunks_exact(channels).zip(passed.chunks_exact(channels)) {
                    add(plain, passed);
                    for (c, sum) in normed.iter_mut().enumerate() {
                        *sum += passed[c] * (x[c] - self.mean[c]) * self.inverse[c];
                    }
                }
                sums
            })
            .collect();
        let mut all = [vec![0f32; channels], vec![0f32; channels]];
        for group in groups {
            all.iter_mut().zip(&group).for_each(|(sum, of_group)| add(sum, of_group));
        }
        all
    }
}

impl CustomOp3 for NormRelu {
    fn name(&self) -> &'static str {
        "norm-relu"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gamma: &CpuStorage,
        gamma_layout: &Layout,
        beta: &CpuStorage,
        beta_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let channels = self.mean.len();
        let (x, gamma) = (contiguous(x, x_layout)?, contiguous(gamma, gamma_layout)?);
        let beta = contiguous(beta, beta_layout)?;
        if x_layout.dims().last() != Some(&channels) || gamma.len() != channels {
            candle_core::bail!("batch norm of {channels} channels over {:?}", x_layout.shape());
        }
        let scale: Vec<f32> = gamma.iter().zip(&self.inverse).map(|(g, i)| g * i).collect();
        let shift = beta.iter().zip(&self.mean).zip(&scale);
        let shift: Vec<f32> = shift.map(|((beta, mean), scale)| beta - mean * scale).collect();
        let mut out = vec![0f32; x.len()];
        out.par_chunks_mut(GROUP * channels).zip(x.par_chunks(GROUP * channels)).for_each(
            |(out, x)| {
                for (out, x) in out.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                    for (((out, x), scale), shift) in out.iter_mut().zip(x).zip(&scale).zip(&shift)
                    {
                        *out = (x * scale + shift).max(0.0);
                    }
                }
            },
        );
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gamma: &Tensor,
        beta: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let channels = self.mean.len();
        let (values, gamma, result) = (flat(x)?, flat(gamma)?, flat(result)?);
        let mut passed = flat(gradient)?;
        for (passed, result) in passed.iter_mut().zip(&result) {
            *passed = if *result > 0.0 { *passed } else { 0.0 };
        }
        let [dbeta, dgamma] = self.sums(&values, &passed);
        let rows = (values.len() / channels.max(1)) as f32;
        let mut dx = vec![0f32; values.len()];
        dx.par_chunks_mut(channels).zip(values.par_chunks(channels)).enumerate().for_each(
            |(row, (dx, x))| {
                let passed = &passed[row * channels..][..channels];
                for (c, dx) in dx.iter_mut().enumerate() {
                    let mut own = passed[c];
                    if self.of_batch {
                        let normed = (x[c] - self.mean[c]) * self.inverse[c];
                        own -= (dbeta[c] + normed * dgamma[c]) / rows;
                    }
                    *dx = own * gamma[c] * self.inverse[c];
                }
            },
        );
        let channels = |values| Tensor::from_vec(values, beta.shape(), x.device());
        let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
        Ok((Some(dx), Some(channels(dgamma)?), Some(channels(dbeta)?)))
    }
}
