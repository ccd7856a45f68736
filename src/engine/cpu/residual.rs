//! The residual block as one differentiable operation on the CPU.
//!
//! candle's own slices, copies and element-wise gradients run on one core and dominate training;
//! here forward and backward are three products of the scan's own kernel, in parallel over the
//! batch. Gradients of weights are summed in fixed groups, so that they do not depend on threads.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};
use pulp::Simd;
use rayon::prelude::*;

use super::matmul::{Accumulate, Epilogue, Packed, Rows, product, vectors, vectors_mut};

/// Samples whose weight gradients are summed one after the other.
const GROUP: usize = 8;

/// `x[t + d] + bias + sum_k relu(x[t + kd]) w[k]` for x of (batch x length x C), C a multiple of
/// 16; CPU only.
pub fn fused_residual(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    dilation: usize,
) -> candle_core::Result<Tensor> {
    x.contiguous()?.apply_op3(weight, bias, Residual { dilation })
}

struct Residual {
    dilation: usize,
}

/// Sizes of one application.
struct Sizes {
    batch: usize,
    length: usize,
    channels: usize,
    out_length: usize,
}

impl Residual {
    fn sizes(&self, x: &Shape) -> candle_core::Result<Sizes> {
        let (batch, length, channels) = x.dims3()?;
        if channels % 16 != 0 || length <= 2 * self.dilation {
            candle_core::bail!("residual block: {channels} channels, length {length}");
        }
        Ok(Sizes { batch, length, channels, out_length: length - 2 * self.dilation })
    }

    fn offsets(&self, channels: usize) -> [usize; 3] {
        [0, 1, 2].map(|tap| tap * self.dilation * channels)
    }
}

/// Forward: value + bias + shortcut.
struct Forward<'a> {
    x: &'a [f32],
    bias: &'a [f32],
    dilation: usize,
    out: &'a mut [f32],
}

impl Epilogue for Forward<'_> {
    #[inline(always)]
    fn store<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        values: [S::f32s; V],
    ) {
        let channels = self.bias.len();
        let shortcut = vectors::<S, V>(&self.x[(row + self.dilation) * channels + column..]);
        let bias = vectors::<S, V>(&self.bias[column..]);
        let out = vectors_mut::<S, V>(&mut self.out[row * channels + column..]);
        for v in 0..V {
            out[v] = simd.add_f32s(simd.add_f32s(values[v], bias[v]), shortcut[v]);
        }
    }
}

/// Backward to x: the branch's gradient where x was positive, plus the shortcut's (already in
/// `out`).
struct Backward<'a> {
    x: &'a [f32],
    channels: usize,
    out: &'a mut [f32],
}

impl Epilogue for Backward<'_> {
    #[inline(always)]
    fn store<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        values: [S::f32s; V],
    ) {
        let at = row * self.channels + column;
        let x = vectors::<S, V>(&self.x[at..]);
        let out = vectors_mut::<S, V>(&mut self.out[at..]);
        let zero = simd.splat_f32s(0.0);
        for v in 0..V {
            let passed = simd.select_f32s(simd.greater_than_f32s(x[v], zero), values[v], zero);
            out[v] = simd.add_f32s(out[v], passed);
        }
    }
}

impl CustomOp3 for Residual {
    fn name(&self) -> &'static str {
        "dilated-residual"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let s = self.sizes(x_layout.shape())?;
        let (x, weight, bias) = (
            contiguous(x, x_layout)?,
            contiguous(weight, weight_layout)?,
            contiguous(bias, bias_layout)?,
        );
        let packed = Packed::new(weight, 3 * s.channels, s.channels);
        let segments = self.offsets(s.channels);
        let mut out = vec![0f32; s.batch * s.out_length * s.channels];
        out.par_chunks_mut(s.out_length * s.channels)
            .zip(x.par_chunks(s.length * s.channels))
            .for_each(|(out, x)| {
                let rectified = relu(x);
                let operand = rows(&rectified, s.out_length, s.channels, &segments);
                product(operand, &packed, &mut Forward { x, bias, dilation: self.dilation, out });
            });
        Ok((CpuStorage::F32(out), Shape::from((s.batch, s.out_length, s.channels))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let s = self.sizes(x.shape())?;
        let device = x.device();
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let (x, weight, gradient) = (values(x)?, values(weight)?, values(gradient)?);
        let dx = self.input_gradient(&s, &x, &weight, &gradient);
        let (dw, db) = self.weight_gradient(&s, &x, &gradient);
        Ok((
            Some(Tensor::from_vec(dx, (s.batch, s.length, s.channels), device)?),
            Some(Tensor::from_vec(dw, (3 * s.channels, s.channels), device)?),
            Some(Tensor::from_vec(db, s.channels, device)?),
        ))
    }
}

impl Residual {
    fn input_gradient(&self, s: &Sizes, x: &[f32], weight: &[f32], gradient: &[f32]) -> Vec<f32> {
        let c = s.channels;
        // Taps reversed and transposed: position t collects from outputs t - 2d, t - d and t.
        let mut reversed = vec![0f32; 3 * c * c];
        for tap in 0..3 {
            for i in 0..c {
                for j in 0..c {
                    reversed[((2 - tap) * c + j) * c + i] = weight[(tap * c + i) * c + j];
                }
            }
        }
        let packed = Packed::new(&reversed, 3 * c, c);
        let segments = self.offsets(c);
        let edge = 2 * self.dilation * c;
        let mut dx = vec![0f32; x.len()];
        dx.par_chunks_mut(s.length * c)
            .zip(x.par_chunks(s.length * c))
            .zip(gradient.par_chunks(s.out_length * c))
            .for_each(|((dx, x), gradient)| {
                let mut framed = vec![0f32; gradient.len() + 2 * edge];
                framed[edge..edge + gradient.len()].copy_from_slice(gradient);
                dx[edge / 2..edge / 2 + gradient.len()].copy_from_slice(gradient);
                let operand = rows(&framed, s.length, c, &segments);
                product(operand, &packed, &mut Backward { x, channels: c, out: dx });
            });
        dx
    }

    fn weight_gradient(&self, s: &Sizes, x: &[f32], gradient: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let c = s.channels;
        let groups: Vec<(Vec<f32>, Vec<f32>)> = x
            .par_chunks(GROUP * s.length * c)
            .zip(gradient.par_chunks(GROUP * s.out_length * c))
            .map(|(x, gradient)| {
                let (mut dw, mut db) = (vec![0f32; 3 * c * c], vec![0f32; c]);
                let samples =
                    x.chunks_exact(s.length * c).zip(gradient.chunks_exact(s.out_length * c));
                for (x, gradient) in samples {
                    self.add_weight_gradient(s, &relu(x), gradient, &mut dw);
                    for row in gradient.chunks_exact(c) {
                        add(&mut db, row);
                    }
                }
                (dw, db)
            })
            .collect();
        let (mut dw, mut db) = (vec![0f32; 3 * c * c], vec![0f32; c]);
        for (group_dw, group_db) in groups {
            add(&mut dw, &group_dw);
            add(&mut db, &group_db);
        }
        (dw, db)
    }

    /// `dw[tap] += relu(x[. + tap d])^T gradient`: channels are rows, time is the inner dimension.
    fn add_weight_gradient(&self, s: &Sizes, rectified: &[f32], gradient: &[f32], dw: &mut [f32]) {
        let c = s.channels;
        let packed = Packed::new(gradient, s.out_length, c);
        for (tap, offset) in self.offsets(c).into_iter().enumerate() {
            let operand = Rows {
                data: rectified,
                rows: c,
                row_stride: 1,
                segments: &[offset],
                length: s.out_length,
                k_stride: c,
            };
            let out = &mut dw[tap * c * c..][..c * c];
            product(operand, &packed, &mut Accumulate { out, width: c });
        }
    }
}

fn rows<'a>(data: &'a [f32], rows: usize, channels: usize, segments: &'a [usize]) -> Rows<'a> {
    Rows { data, rows, row_stride: channels, segments, length: channels, k_stride: 1 }
}

fn relu(x: &[f32]) -> Vec<f32> {
    x.iter().map(|value| value.max(0.0)).collect()
}

#[inline(always)]
pub(super) fn add(sum: &mut [f32], values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Returns a contiguous operand's values.
pub(crate) fn contiguous<'a>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => candle_core::bail!("operands must be contiguous"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::dense::network::{Layer, plain_residual};
    use candle_core::{Device, Var};

    #[test]
    fn forward_and_gradients_equal_the_plain_operations() -> candle_core::Result<()> {
        for (batch, length, channels, dilation) in [(3, 40, 16, 1), (9, 77, 48, 8), (2, 60, 64, 25)]
        {
            let device = Device::Cpu;
            let x = Var::randn(0f32, 1.0, (batch, length, channels), &device)?;
            let weight = Var::randn(0f32, 0.1, (3 * channels, channels), &device)?;
            let bias = Var::randn(0f32, 0.1, channels, &device)?;
            let layer =
                Layer { weight: weight.as_tensor().clone(), bias: bias.as_tensor().clone() };
            let plain = plain_residual(&x, &layer, dilation)?;
            let fused = fused_residual(&x, &layer.weight, &layer.bias, dilation)?;
            let scale = Tensor::randn(0f32, 1.0, plain.shape(), &device)?;
            let expected = (&plain * &scale)?.sum_all()?.backward()?;
            let got = (&fused * &scale)?.sum_all()?.backward()?;
            let mut pairs = vec![(plain.clone(), fused.clone())];
            for var in [&x, &weight, &bias] {
                let (Some(a), Some(b)) = (expected.get(var), got.get(var)) else {
                    panic!("a gradient is missing");
                };
                pairs.push((a.clone(), b.clone()));
            }
            for (a, b) in pairs {
                let error = (a - b)?.abs()?.max_all()?.to_scalar::<f32>()?;
                assert!(error < 1e-3, "{error}");
            }
        }
        Ok(())
    }
}
