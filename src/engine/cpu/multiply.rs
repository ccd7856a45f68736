//! A matrix product as a differentiable operation on the CPU, on the scan's own kernel: for tall
//! left operands (a row per position of every window) it is faster than candle's.
//!
//! Rows are cut in fixed pieces, so that results do not depend on threads.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::matmul::{Accumulate, Packed, Rows, padded, product};
use super::residual::{add, contiguous};

/// Rows that are multiplied together: they stay in cache for all columns.
const ROWS: usize = 128;
/// Rows whose gradients of the weights are summed together: a panel of them stays in cache.
const GROUP: usize = 8 * ROWS;

/// Returns `x` (n x inputs) times `weight` (inputs x outputs). CPU only.
///
/// # Errors
/// If the shapes do not fit.
pub fn fused_multiply(x: &Tensor, weight: &Tensor) -> candle_core::Result<Tensor> {
    x.contiguous()?.apply_op2(&weight.contiguous()?, Multiply)
}

struct Multiply;

/// Returns the shape of the weights.
fn sizes(x: &Shape, weight: &Shape) -> candle_core::Result<(usize, usize)> {
    let (inputs, outputs) = weight.dims2()?;
    if x.dims2()?.1 != inputs || inputs == 0 || outputs == 0 {
        candle_core::bail!("product: {x:?} and {weight:?} do not fit");
    }
    Ok((inputs, outputs))
}

impl CustomOp2 for Multiply {
    fn name(&self) -> &'static str {
        "tall-product"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (inputs, outputs) = sizes(x_layout.shape(), weight_layout.shape())?;
        let (x, weight) = (contiguous(x, x_layout)?, contiguous(weight, weight_layout)?);
        let out = times(x, weight, inputs, outputs);
        Ok((CpuStorage::F32(out), Shape::from((x.len() / inputs, outputs))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (inputs, outputs) = sizes(x.shape(), weight.shape())?;
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let gradient = values(gradient)?;
        let dx = times(&gradient, &values(&weight.t()?)?, outputs, inputs);
        let dw = weight_gradient(&values(x)?, &gradient, inputs, outputs);
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), x.device())?),
            Some(Tensor::from_vec(dw, weight.shape(), x.device())?),
        ))
    }
}

/// Returns n x inputs times inputs x outputs.
fn times(x: &[f32], weight: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let packed = Packed::new(weight, inputs, outputs);
    let width = packed.width();
    let mut out = vec![0f32; x.len() / inputs * outputs];
    out.par_chunks_mut(ROWS * outputs).zip(x.par_chunks(ROWS * inputs)).for_each(|(out, x)| {
        let rows = Rows::matrix(x, x.len() / inputs, inputs);
        if width == outputs {
            return product(rows, &packed, &mut Accumulate { out, width });
        }
        let mut wide = vec![0f32; x.len() / inputs * width];
        product(rows, &packed, &mut Accumulate { out: &mut wide, width });
        for (row, wide) in out.chunks_exact_mut(outputs).zip(wide.chunks_exact(width)) {
            row.copy_from_slice(&wide[..outputs]);
        }
    });
    out
}

/// Returns the transpose of n x inputs times n x outputs.
fn weight_gradient(x: &[f32], gradient: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let width = padded(outputs);
    let groups = x.par_chunks(GROUP * inputs).zip(gradient.par_chunks(GROUP * outputs));
    let groups: Vec<Vec<f32>> = groups
        .map(|(x, gradient)| {
            let length = x.len() / inputs;
            let columns = Rows {
                data: x,
                rows: inputs,
                row_stride: 1,
                segments: &[0],
                length,
                k_stride: inputs,
            };
            let mut sum = vec![0f32; inputs * width];
            let packed = Packed::new(gradient, length, outputs);
            product(columns, &packed, &mut Accumulate { out: &mut sum, width });
            sum
        })
        .collect();
    let mut sum = vec![0f32; inputs * width];
    groups.iter().for_each(|group| add(&mut sum, group));
    sum.chunks_exact(width).flat_map(|row| &row[..outputs]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn products_and_gradients_equal_candles_whatever_the_threads() -> candle_core::Result<()> {
        for (n, inputs, outputs) in [(1, 1, 1), (130, 20, 24), (2500, 33, 64)] {
            let x = Var::randn(0f32, 1.0, (n, inputs), &Device::Cpu)?;
            let weight = Var::randn(0f32, 1.0, (inputs, outputs), &Device::Cpu)?;
            let scale = Tensor::randn(0f32, 1.0, (n, outputs), &Device::Cpu)?;
            let all = |out: Tensor| -> candle_core::Result<[Vec<f32>; 3]> {
                let gradients = (&out * &scale)?.sum_all()?.backward()?;
                let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1();
                let gradient = |var: &Var| flat(gradients.get(var).unwrap());
                Ok([flat(&out)?, gradient(&x)?, gradient(&weight)?])
            };
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| all(fused_multiply(&x, &weight)?))
            };
            let (expected, found) = (all(x.matmul(&weight)?)?, with(1)?);
            assert_eq!(found, with(4)?);
            for (expected, found) in expected.iter().zip(&found) {
                let size = expected.iter().fold(0f32, |most, value| most.max(value.abs()));
                assert_eq!(expected.len(), found.len());
                for (a, b) in expected.iter().zip(found) {
                    assert!((a - b).abs() < 1e-5 * (1.0 + size), "{a} {b} of {size}");
                }
            }
        }
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() -> candle_core::Result<()> {
        let zeros = |shape| Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu);
        assert!(fused_multiply(&zeros((2, 3))?, &zeros((4, 3))?).is_err());
        assert!(fused_multiply(&zeros((2, 3))?, &zeros((3, 4))?).is_ok());
        Ok(())
    }
}
