//! Values and gradients against those of candle.

use candle_core::Var;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::convolution::plain_convolve;
use super::norm::plain_norm_relu;
use super::*;
use crate::train::network::Start;

fn random(shape: &[usize], seed: u64) -> Var {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values = Start::Normal(1.0).draw(shape.iter().product(), &mut rng);
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
}

/// Compares values, and the gradients of `x` for a weighted sum of them.
fn assert_same(x: &Var, operation: impl Fn(&Tensor) -> Tensor, plain: impl Fn(&Tensor) -> Tensor) {
    let both = |made: Tensor| {
        let weights = random(made.dims(), 9);
        let gradients = (&made * weights.as_tensor()).unwrap().sum_all().unwrap().backward();
        (made, gradients.unwrap().get(x).unwrap().clone())
    };
    // Through a transposition: an operation must not take it for contiguous.
    let strided = x.transpose(0, 1).unwrap();
    let last = |t: &Tensor| t.transpose(0, 1).unwrap();
    for (found, expected) in [
        (both(operation(x)), both(plain(x))),
        (both(operation(&last(&strided))), both(plain(&last(&strided)))),
    ] {
        for (found, expected) in [(found.0, expected.0), (found.1, expected.1)] {
            assert_eq!(found.dims(), expected.dims());
            let difference = (found - expected).unwrap().abs().unwrap().max_all().unwrap();
            let difference = difference.to_scalar::<f32>().unwrap();
            assert!(difference < 1e-4, "{difference}");
        }
    }
}

#[test]
fn operations_and_their_gradients_equal_those_of_candle() {
    let x = random(&[3, 17, 5], 1);
    for (size, stride) in [(1, 1), (2, 2), (3, 2), (2, 3), (17, 1)] {
        let plain = |x: &Tensor| plain_max_pool(x, size, stride).unwrap();
        assert_same(&x, |x| max_pool(x, size, stride).unwrap(), plain);
    }
    let table = random(&[12, 5], 2);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let rows: Vec<u32> = (0..60).map(|_| rng.random_range(0..12)).collect();
    let plain = |table: &Tensor| plain_sum_rows(table, rows.clone(), 4).unwrap();
    assert_same(&table, |table| sum_rows(table, rows.clone(), 4).unwrap(), plain);
}

#[test]
fn a_place_without_rows_sums_to_nothing() {
    let table = random(&[3, 2], 4);
    for sum in [sum_rows, plain_sum_rows] {
        let rows = vec![NO_ROW, 1, NO_ROW, NO_ROW];
        let sums = sum(table.as_tensor(), rows, 2).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(sums, [table.to_vec2::<f32>().unwrap()[1].clone(), vec![0.0; 2]]);
    }
}

#[test]
fn a_convolution_and_its_gradients_equal_those_of_candle() {
    // More samples than a group has, and neither size a multiple of a vector.
    for (samples, taps, inputs, outputs) in [(19, 4, 5, 7), (2, 1, 16, 16), (9, 17, 3, 33)] {
        let (x, weight) = (random(&[samples, 17, inputs], 1), random(&[taps, inputs, outputs], 2));
        let of_x = |x: &Tensor| convolve(x, &weight, Taps::VALID).unwrap();
        assert_same(&x, of_x, |x| plain_convolve(x, &weight, Taps::VALID).unwrap());
        let of_weight = |weight: &Tensor| convolve(&x, weight, Taps::VALID).unwrap();
        let plain = |weight: &Tensor| plain_convolve(&x, weight, Taps::VALID).unwrap();
        assert_same(&weight, of_weight, plain);
        // candle takes a strided kernel for a contiguous one (0.11.1).
        let kernel = weight.permute((2, 1, 0)).unwrap().contiguous().unwrap();
        let strided = x.transpose(1, 2).unwrap().contiguous().unwrap();
        let plain = strided.conv1d(&kernel, 0, 1, 1, 1).unwrap().transpose(1, 2).unwrap();
        let difference = (of_x(&x) - plain).unwrap().abs().unwrap().max_all().unwrap();
        assert!(difference.to_scalar::<f32>().unwrap() < 1e-4);
    }
}

#[test]
fn a_dilated_padded_convolution_and_its_gradients_equal_those_of_candle() {
    for (samples, count, dilation, padding) in [(11, 3, 4, 4), (2, 3, 8, 8), (9, 5, 2, 3)] {
        let (x, weight) = (random(&[samples, 17, 6], 1), random(&[count, 6, 18], 2));
        let taps = Taps { dilation, padding };
        let of_x = |x: &Tensor| convolve(x, &weight, taps).unwrap();
        assert_same(&x, of_x, |x| plain_convolve(x, &weight, taps).unwrap());
        let of_weight = |weight: &Tensor| convolve(&x, weight, taps).unwrap();
        assert_same(&weight, of_weight, |weight| plain_convolve(&x, weight, taps).unwrap());
        let kernel = weight.permute((2, 1, 0)).unwrap().contiguous().unwrap();
        let strided = x.transpose(1, 2).unwrap().contiguous().unwrap();
        let plain = strided.conv1d(&kernel, padding, 1, dilation, 1).unwrap();
        let difference = (of_x(&x) - plain.transpose(1, 2).unwrap()).unwrap().abs().unwrap();
        assert!(difference.max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-4);
    }
    let too_long = Taps { dilation: 9, padding: 0 };
    assert!(convolve(&random(&[1, 18, 2], 1), &random(&[3, 2, 2], 2), too_long).is_err());
}

#[test]
fn a_batch_norm_and_its_gradients_equal_those_of_candle() {
    // More rows than a group has.
    let x = random(&[90, 17, 5], 1);
    let [gamma, beta] = [2, 3].map(|seed| random(&[5], seed));
    let kept = Moments { mean: vec![0.3; 5], variance: vec![2.5, 0.5, 1.0, 0.1, 4.0] };
    for kept in [None, Some(kept)] {
        let of = |x: &Tensor, gamma: &Tensor, beta: &Tensor| {
            let own = Moments::of(x).unwrap();
            let moments = kept.as_ref().unwrap_or(&own);
            norm_relu(x, gamma, beta, moments, kept.is_none(), 1e-3).unwrap()
        };
        let plain = |x: &Tensor, gamma: &Tensor, beta: &Tensor| {
            plain_norm_relu(x, gamma, beta, kept.as_ref(), 1e-3).unwrap()
        };
        let (g, b) = (gamma.as_tensor(), beta.as_tensor());
        let both = |made: Tensor| {
            let weights = random(made.dims(), 9);
            let gradients = (&made * weights.as_tensor()).unwrap().sum_all().unwrap().backward();
            let gradients = gradients.unwrap();
            let all = [&x, &gamma, &beta].map(|var| gradients.get(var).unwrap().clone());
            std::iter::once(made).chain(all).collect::<Vec<Tensor>>()
        };
        for (found, expected) in both(of(&x, g, b)).into_iter().zip(both(plain(&x, g, b))) {
            assert_eq!(found.dims(), expected.dims());
            let size = expected.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            let difference = (found - expected).unwrap().abs().unwrap().max_all().unwrap();
            assert!(difference.to_scalar::<f32>().unwrap() < 1e-4 * (1.0 + size));
        }
    }
}
