use candle_core::{Device, Var};

use super::*;
use crate::models::encoding::one_hot;

const POOL: usize = 3;

/// candle's operations; `maximum` shares the gradient between positions that tie.
fn plain(windows: &[&[u8]], weight: &Tensor, bias: &Tensor) -> crate::error::Result<Tensor> {
    let one_hot = one_hot(windows, &Device::Cpu)?;
    let width = weight.dim(0)?;
    let positions = one_hot.dim(1)? + 1 - width;
    let places = (0..width).map(|place| one_hot.narrow(1, place, positions));
    let columns = Tensor::cat(&places.collect::<Result<Vec<_>, _>>()?, 2)?;
    let sums = columns.broadcast_matmul(&weight.flatten_to(1)?)?;
    let sums = sums.broadcast_add(bias)?.relu()?;
    let (n, _, filters) = sums.dims3()?;
    let steps = positions / POOL;
    let sums = sums.narrow(1, 0, steps * POOL)?.reshape((n, steps, POOL, filters))?;
    let place = |place: usize| sums.narrow(2, place, 1);
    Ok(place(0)?.maximum(&place(1)?)?.maximum(&place(2)?)?.squeeze(2)?)
}

fn codes(windows: usize, length: usize) -> Vec<u8> {
    let hash = |i: usize| (i as u32).wrapping_mul(2_654_435_761) >> 16;
    let mut codes: Vec<u8> = (0..windows * length).map(|i| (hash(i) % 5) as u8).collect();
    // A run of one base: neighbouring positions tie.
    codes[..length / 2].fill(0);
    codes
}

#[test]
fn forward_and_gradients_equal_the_plain_operations() -> crate::error::Result<()> {
    for (n, length, width, filters) in [(1, 9, 3, 8), (5, 40, 6, 17), (35, 24, 8, 32)] {
        let codes = codes(n, length);
        let windows: Vec<&[u8]> = codes.chunks_exact(length).collect();
        let weight = Var::randn(0f32, 1.0, (width, 4, filters), &Device::Cpu)?;
        let bias = Var::randn(1f32, 0.5, filters, &Device::Cpu)?;
        let plain = plain(&windows, &weight, &bias)?;
        let fused = fused_pooled_conv(&windows, &weight, &bias, POOL as u8)?;
        let scale = Tensor::randn(0f32, 1.0, plain.shape(), &Device::Cpu)?;
        let expected = (&plain * &scale)?.sum_all()?.backward()?;
        let found = (&fused * &scale)?.sum_all()?.backward()?;
        let mut pairs = vec![(plain, fused)];
        for var in [&weight, &bias] {
            let gradient = |of: &candle_core::backprop::GradStore| of.get(var).unwrap().clone();
            pairs.push((gradient(&expected), gradient(&found)));
        }
        for (a, b) in pairs {
            assert_eq!(a.dims(), b.dims());
            let largest = |t: &Tensor| t.abs()?.max_all()?.to_scalar::<f32>();
            let (size, error) = (largest(&a)?, largest(&(&a - &b)?)?);
            assert!(size > 0.01 && error < 1e-5 * (1.0 + size), "{error} of {size}");
        }
    }
    Ok(())
}

#[test]
fn threads_do_not_change_a_bit() -> candle_core::Result<()> {
    let codes = codes(70, 30);
    let windows: Vec<&[u8]> = codes.chunks_exact(30).collect();
    let weight = Var::randn(0f32, 1.0, (5, 4, 20), &Device::Cpu)?;
    let bias = Var::randn(0f32, 1.0, 20, &Device::Cpu)?;
    let run = |threads: usize| -> candle_core::Result<Vec<Vec<f32>>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let out = fused_pooled_conv(&windows, &weight, &bias, 3)?;
            let gradients = out.sqr()?.sum_all()?.backward()?;
            [&weight, &bias]
                .map(|var| gradients.get(var).unwrap().flatten_all()?.to_vec1())
                .into_iter()
                .chain([out.flatten_all()?.to_vec1()])
                .collect()
        })
    };
    assert_eq!(run(1)?, run(4)?);
    Ok(())
}

#[test]
fn windows_that_do_not_fit_are_refused() -> candle_core::Result<()> {
    let weight = Var::zeros((5, 4, 2), candle_core::DType::F32, &Device::Cpu)?;
    let bias = Var::zeros(2, candle_core::DType::F32, &Device::Cpu)?;
    let (long, short) = ([0u8; 9], [0u8; 6]);
    assert!(fused_pooled_conv(&[&long, &short], &weight, &bias, 3).is_err());
    assert!(fused_pooled_conv(&[&short], &weight, &bias, 3).is_err());
    assert!(fused_pooled_conv(&[&long], &weight, &bias, 3).is_ok());
    Ok(())
}
