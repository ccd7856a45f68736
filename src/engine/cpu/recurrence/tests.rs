use candle_core::{Device, Shape, Var};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::models::polyaid::plain::recurrence;
use crate::train::network::normal;

/// Batch, steps, units: fewer windows than a group, many groups, units that fill vectors or do not.
const SIZES: [(usize, usize, usize); 4] = [(3, 5, 4), (16, 9, 16), (37, 4, 21), (33, 6, 48)];

/// Normal draws times `scale`, the same in every run.
fn draws(scale: f32, shape: impl Into<Shape>, seed: u64) -> candle_core::Result<Tensor> {
    let (shape, mut rng) = (shape.into(), ChaCha8Rng::seed_from_u64(seed));
    let values = (0..shape.elem_count()).map(|_| scale * normal(&mut rng)).collect::<Vec<_>>();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn vars(batch: usize, steps: usize, units: usize) -> candle_core::Result<[Var; 3]> {
    let gates = GATES * units;
    Ok([
        Var::from_tensor(&draws(1.0, (batch, steps, gates), 1)?)?,
        Var::from_tensor(&draws(0.5, (units, gates), 2)?)?,
        Var::from_tensor(&draws(1.0, gates, 3)?)?,
    ])
}

fn fused([projected, recurrent, bias]: &[Var; 3], backward: bool) -> candle_core::Result<Tensor> {
    fused_recurrence(projected, recurrent, bias, backward)
}

fn plain([projected, recurrent, bias]: &[Var; 3], backward: bool) -> crate::error::Result<Tensor> {
    let steps = projected.dim(1)?;
    let projected = projected.broadcast_add(bias)?;
    if !backward {
        recurrence(&projected, recurrent, 0..steps)
    } else {
        recurrence(&projected, recurrent, (0..steps).rev())
    }
}

fn largest(tensor: &Tensor) -> f32 {
    tensor.abs().unwrap().max_all().unwrap().to_scalar().unwrap()
}

#[test]
fn forward_and_gradients_equal_the_plain_operations() -> crate::error::Result<()> {
    for (batch, steps, units) in SIZES {
        for backward in [false, true] {
            let vars = vars(batch, steps, units)?;
            let (plain, fused) = (plain(&vars, backward)?, fused(&vars, backward)?);
            let scale = draws(1.0, plain.shape(), 4)?;
            let expected = (&plain * &scale)?.sum_all()?.backward()?;
            let found = (&fused * &scale)?.sum_all()?.backward()?;
            let mut pairs = vec![(plain, fused)];
            for var in &vars {
                let gradient = |of: &candle_core::backprop::GradStore| of.get(var).unwrap().clone();
                pairs.push((gradient(&expected), gradient(&found)));
            }
            for (a, b) in pairs {
                let (size, error) = (largest(&a), largest(&(&a - &b)?));
                assert!(size > 0.1 && error < 1e-5 * (1.0 + size), "{error} of {size}");
            }
        }
    }
    Ok(())
}

/// Independent of any other gradient: the slope between two nearby points.
#[test]
fn gradients_are_the_slope_along_random_directions() -> candle_core::Result<()> {
    for backward in [false, true] {
        let vars = vars(5, 6, 7)?;
        let scale = draws(1.0, (5, 6, 7), 4)?;
        let gradients = (fused(&vars, backward)? * &scale)?.sum_all()?.backward()?;
        for (at, var) in vars.iter().enumerate() {
            let direction = draws(1.0, var.shape(), 5)?;
            let value = |step: f64| -> candle_core::Result<f64> {
                let mut moved = vars.clone();
                moved[at] = Var::from_tensor(&(var.as_tensor() + (&direction * step)?)?)?;
                let weighted: Vec<f32> =
                    (fused(&moved, backward)? * &scale)?.flatten_all()?.to_vec1()?;
                Ok(weighted.iter().map(|&value| f64::from(value)).sum())
            };
            let step = 2e-3;
            let slope = (value(step)? - value(-step)?) / (2.0 * step);
            let gradient = gradients.get(var).unwrap();
            let along = f64::from((gradient * &direction)?.sum_all()?.to_scalar::<f32>()?);
            assert!((slope - along).abs() < 5e-3 * (1.0 + along.abs()), "{at}: {slope} {along}");
        }
    }
    Ok(())
}

#[test]
fn threads_do_not_change_a_bit() -> candle_core::Result<()> {
    let vars = vars(70, 5, 20)?;
    let scale = Tensor::randn(0f32, 1.0, (70, 5, 20), &Device::Cpu)?;
    let run = |threads: usize| -> candle_core::Result<Vec<Vec<f32>>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let out = fused(&vars, true)?;
            let gradients = (&out * &scale)?.sum_all()?.backward()?;
            let mut all = vec![out.flatten_all()?.to_vec1()?];
            for var in &vars {
                all.push(gradients.get(var).unwrap().flatten_all()?.to_vec1()?);
            }
            Ok(all)
        })
    };
    assert_eq!(run(1)?, run(4)?);
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() -> candle_core::Result<()> {
    let [projected, recurrent, bias] = vars(2, 3, 4)?;
    let [_, other, longer] = vars(2, 3, 5)?;
    assert!(fused_recurrence(&projected, &other, &bias, false).is_err());
    assert!(fused_recurrence(&projected, &recurrent, &longer, false).is_err());
    Ok(())
}
