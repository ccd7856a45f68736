//! Convolution, group normalisation and max-pool as one differentiable operation of the
//! convolution's weights.
//!
//! Step by step, the tensor library would hold and differentiate all positions of all filters,
//! although the pool keeps a tenth of them and normalisation gives the rest two numbers per group.
//! Gradients are summed in fixed groups of windows, so that they do not depend on threads.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::{EPSILON, GROUPS, PADDING, POOL, SYMBOLS, Sizes};
use crate::engine::cpu::residual::contiguous;
use crate::genome::sequence::UNKNOWN;

/// Windows whose gradients are summed one after the other.
const TOGETHER: usize = 8;

/// Returns the normalised convolution, pooled (n x steps x filters; without bias and ReLU), of
/// windows of `sizes.length` codes, for weights of width x 4 x filters on the CPU.
///
/// # Errors
/// If a window or the weights have another size.
pub fn pooled(weight: &Tensor, sizes: Sizes, windows: &[&[u8]]) -> candle_core::Result<Tensor> {
    if let Some(window) = windows.iter().find(|window| window.len() != sizes.length) {
        candle_core::bail!("a window of {} nt, not {}", window.len(), sizes.length);
    }
    if weight.dims() != [sizes.width, 4, sizes.filters] {
        candle_core::bail!("filters of {:?}, not as {sizes:?}", weight.dims());
    }
    let edge = vec![PADDING; sizes.width - 1];
    let symbols = windows.iter().map(|window| {
        let inner = window.iter().map(|&code| code.min(UNKNOWN));
        edge.iter().copied().chain(inner).chain(edge.iter().copied()).collect()
    });
    weight.contiguous()?.apply_op1(Pooled { sizes, symbols: symbols.collect() })
}

struct Pooled {
    sizes: Sizes,
    /// Each window with its padding.
    symbols: Vec<Vec<u8>>,
}

/// What the convolution of a window became.
struct Convolved {
    /// Normalised: positions x filters.
    values: Vec<f32>,
    /// What each group was multiplied by.
    scale: [f32; GROUPS],
}

impl Pooled {
    /// Returns what each symbol adds to the filters at each tap: width x symbols x filters.
    fn table(&self, weight: &[f32]) -> Vec<f32> {
        let filters = self.sizes.filters;
        let mut table = vec![0.0; self.sizes.width * SYMBOLS * filters];
        let taps = weight.chunks_exact(4 * filters);
        for (tap, rows) in taps.zip(table.chunks_exact_mut(SYMBOLS * filters)) {
            rows[..4 * filters].copy_from_slice(tap);
            for base in tap.chunks_exact(filters) {
                let padding = &mut rows[usize::from(PADDING) * filters..];
                padding.iter_mut().zip(base).for_each(|(sum, w)| *sum += 0.25 * w);
            }
        }
        table
    }

    /// Where the table has the row of the symbol at each tap of a filter.
    fn rows<'a>(&'a self, patch: &'a [u8]) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        let filters = self.sizes.filters;
        patch.iter().enumerate().map(move |(tap, &symbol)| {
            let row = (tap * SYMBOLS + usize::from(symbol)) * filters;
            row..row + filters
        })
    }

    fn convolve(&self, table: &[f32], symbols: &[u8]) -> Convolved {
        let Sizes { width, filters, .. } = self.sizes;
        let mut values = vec![0.0; self.sizes.positions() * filters];
        for (out, patch) in values.chunks_exact_mut(filters).zip(symbols.windows(width)) {
            self.rows(patch).for_each(|row| add(out, &table[row]));
        }
        let mean = self.group_means(&values, |value| value);
        values.chunks_exact_mut(GROUPS).for_each(|four| {
            four.iter_mut().zip(mean).for_each(|(value, mean)| *value -= mean);
        });
        let scale = self.group_means(&values, |value| value * value);
        let scale = scale.map(|variance| 1.0 / (variance + EPSILON).sqrt());
        values.chunks_exact_mut(GROUPS).for_each(|four| {
            four.iter_mut().zip(scale).for_each(|(value, scale)| *value *= scale);
        });
        Convolved { values, scale }
    }

    /// Returns the mean over each group: filters follow each other group by group.
    fn group_means(&self, values: &[f32], of: impl Fn(f32) -> f32) -> [f32; GROUPS] {
        let mut sums = [0.0; GROUPS];
        for four in values.chunks_exact(GROUPS) {
            sums.iter_mut().zip(four).for_each(|(sum, value)| *sum += of(*value));
        }
        sums.map(|sum| sum / (values.len() / GROUPS) as f32)
    }

    /// Returns the place of the highest value that pooled value `at` stands for, of equal ones the
    /// first.
    fn highest(&self, values: &[f32], at: usize) -> usize {
        let filters = self.sizes.filters;
        let start = at / filters * POOL * filters + at % filters;
        let places = (1..POOL).map(|t| start + t * filters);
        places.fold(start, |best, place| if values[place] > values[best] { place } else { best })
    }

    /// Adds the gradient of a window to that of the table.
    fn add_gradient(&self, table: &[f32], symbols: &[u8], gradient: &[f32], sum: &mut [f32]) {
        let Sizes { width, filters, .. } = self.sizes;
        let Convolved { values, scale } = self.convolve(table, symbols);
        let mut conv = vec![0.0; values.len()];
        let (mut direct, mut along) = ([0.0; GROUPS], [0.0; GROUPS]);
        for (at, gradient) in gradient.iter().enumerate() {
            let place = self.highest(&values, at);
            conv[place] += gradient;
            direct[at % GROUPS] += gradient;
            along[at % GROUPS] += gradient * values[place];
        }
        // Mean and variance pass the gradient on to every position.
        let n = (values.len() / GROUPS) as f32;
        for (conv, values) in conv.chunks_exact_mut(GROUPS).zip(values.chunks_exact(GROUPS)) {
            for group in 0..GROUPS {
                let shared = (direct[group] + along[group] * values[group]) / n;
                conv[group] = scale[group] * (conv[group] - shared);
            }
        }
        for (conv, patch) in conv.chunks_exact(filters).zip(symbols.windows(width)) {
            self.rows(patch).for_each(|row| add(&mut sum[row], conv));
        }
    }

    /// Returns the gradient of the weights from that of the table.
    fn folded(&self, table: &[f32]) -> Vec<f32> {
        let filters = self.sizes.filters;
        let mut weight = Vec::with_capacity(self.sizes.width * 4 * filters);
        for rows in table.chunks_exact(SYMBOLS * filters) {
            let padding = &rows[usize::from(PADDING) * filters..];
            for base in rows[..4 * filters].chunks_exact(filters) {
                weight
                    .extend(base.iter().zip(padding).map(|(base, padding)| base + 0.25 * padding));
            }
        }
        weight
    }
}

impl CustomOp1 for Pooled {
    fn name(&self) -> &'static str {
        "pooled-group-normalised-convolution"
    }

    fn cpu_fwd(
        &self,
        weight: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let table = self.table(contiguous(weight, layout)?);
        let size = self.sizes.steps() * self.sizes.filters;
        let mut out = vec![0f32; self.symbols.len() * size];
        out.par_chunks_exact_mut(size).zip(&self.symbols).for_each(|(out, symbols)| {
            let Convolved { values, .. } = self.convolve(&table, symbols);
            let highest = |at| values[self.highest(&values, at)];
            out.iter_mut().enumerate().for_each(|(at, out)| *out = highest(at));
        });
        let shape = (self.symbols.len(), self.sizes.steps(), self.sizes.filters);
        Ok((CpuStorage::F32(out), Shape::from(shape)))
    }

    fn bwd(
        &self,
        weight: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let (table, gradient) = (self.table(&values(weight)?), values(gradient)?);
        let size = self.sizes.steps() * self.sizes.filters;
        let parts: Vec<Vec<f32>> = gradient
            .par_chunks(TOGETHER * size)
            .zip(self.symbols.par_chunks(TOGETHER))
            .map(|(gradient, symbols)| {
                let mut sum = vec![0.0; table.len()];
                for (gradient, symbols) in gradient.chunks_exact(size).zip(symbols) {
                    self.add_gradient(&table, symbols, gradient, &mut sum);
                }
                sum
            })
            .collect();
        let mut sum = vec![0.0; table.len()];
        parts.iter().for_each(|part| add(&mut sum, part));
        Ok(Some(Tensor::from_vec(self.folded(&sum), weight.shape(), weight.device())?))
    }
}

fn add(to: &mut [f32], values: &[f32]) {
    to.iter_mut().zip(values).for_each(|(to, value)| *to += value);
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let sizes = Sizes { length: 38, width: 5, filters: 8, hidden: 1 };
        let codes: Vec<Vec<u8>> =
            (0..11).map(|_| (0..38).map(|_| rng.random_range(0..=UNKNOWN)).collect()).collect();
        let windows: Vec<&[u8]> = codes.iter().map(Vec::as_slice).collect();
        let mut draw = |n: usize| (0..n).map(|_| rng.random::<f32>() - 0.5).collect::<Vec<f32>>();
        let weight = Var::from_vec(draw(5 * 4 * 8), (5, 4, 8), &Device::Cpu).unwrap();
        let pulls = Tensor::from_vec(draw(11 * 4 * 8), (11, 4, 8), &Device::Cpu).unwrap();
        let loss = |weight: &Tensor| {
            (pooled(weight, sizes, &windows).unwrap() * &pulls).unwrap().sum_all().unwrap()
        };
        let gradients = loss(weight.as_tensor()).backward().unwrap();
        let gradient = gradients.get(&weight).unwrap().flatten_all().unwrap();
        let gradient = gradient.to_vec1::<f32>().unwrap();
        let values = weight.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let at = |index: usize, step: f32| {
            let mut moved = values.clone();
            moved[index] += step;
            let moved = Tensor::from_vec(moved, (5, 4, 8), &Device::Cpu).unwrap();
            f64::from(loss(&moved).to_scalar::<f32>().unwrap())
        };
        let step = 1e-3;
        let slope = |index| (at(index, step) - at(index, -step)) / (2.0 * f64::from(step));
        // A maximum that changes place within the step bends the loss: few do.
        let close = |&index: &usize| (slope(index) - f64::from(gradient[index])).abs() < 2e-2;
        let all = values.len();
        let right = (0..all).filter(close).count();
        assert!(right * 100 >= all * 95, "{right} of {all}");
        assert!(gradient.iter().any(|g| g.abs() > 0.5));
    }

    #[test]
    fn windows_and_weights_of_another_size_are_refused() {
        let sizes = Sizes { length: 30, width: 5, filters: 8, hidden: 1 };
        let weight = Tensor::ones((5, 4, 8), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(pooled(&weight, sizes, &[&[0; 30]]).is_ok());
        assert!(pooled(&weight, sizes, &[&[0; 31]]).is_err());
        assert!(pooled(&weight, Sizes { width: 6, ..sizes }, &[&[0; 30]]).is_err());
    }
}
