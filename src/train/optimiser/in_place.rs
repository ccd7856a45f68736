//! Steps of an optimiser on the CPU without tensors in between: with candle's operations, one
//! after the other, these took longer than the gradients of small networks. Values are those of
//! the operations, to the bit; other devices run these.

use candle_core::{CpuStorage, Device, InplaceOp2, InplaceOp3, Layout, Tensor, Var};
use rayon::prelude::*;

use crate::engine::cpu::residual::contiguous;
use crate::error::Result;

/// Values per task of the thread pool.
const TOGETHER: usize = 16_384;

/// Sets x to `own` x + `other` y.
///
/// # Errors
/// If the tensor library fails.
pub fn blend(x: &mut Tensor, own: f64, y: &Tensor, other: f64) -> Result<()> {
    Blend { own, other, squares: false }.apply(x, y)
}

/// Sets x to `own` x + `other` y y.
///
/// # Errors
/// If the tensor library fails.
pub fn blend_squares(x: &mut Tensor, own: f64, y: &Tensor, other: f64) -> Result<()> {
    Blend { own, other, squares: true }.apply(x, y)
}

struct Blend {
    own: f64,
    other: f64,
    squares: bool,
}

impl Blend {
    fn apply(&self, x: &mut Tensor, y: &Tensor) -> Result<()> {
        match x.device() {
            Device::Cpu => x.inplace_op2(&y.contiguous()?, self)?,
            _ => *x = self.plain(x, y)?,
        }
        Ok(())
    }

    /// The same by candle's operations.
    fn plain(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let y = if self.squares { y.sqr()? } else { y.clone() };
        Ok(((x * self.own)? + (y * self.other)?)?.detach())
    }
}

impl InplaceOp2 for Blend {
    fn name(&self) -> &'static str {
        "blend"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        x_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> candle_core::Result<()> {
        let y = contiguous(y, y_layout)?;
        let (own, other) = (self.own as f32, self.other as f32);
        let squares = self.squares;
        let chunks = contiguous_mut(x, x_layout)?.par_chunks_mut(TOGETHER);
        chunks.zip(y.par_chunks(TOGETHER)).for_each(|(x, y)| {
            for (x, &y) in x.iter_mut().zip(y) {
                *x = *x * own + if squares { y * y } else { y } * other;
            }
        });
        Ok(())
    }
}

/// Sets x to `kept` x - `rate` (`scales`.0 a) / (sqrt(`scales`.1 b) + `epsilon`).
pub struct Adaptive {
    pub kept: f64,
    pub rate: f64,
    pub scales: (f64, f64),
    pub epsilon: f64,
}

impl Adaptive {
    /// Computes it.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn apply(&self, x: &Var, a: &Tensor, b: &Tensor) -> Result<()> {
        match x.device() {
            Device::Cpu => x.inplace_op3(a, b, self)?,
            _ => x.set(&self.plain(&x.as_tensor().detach(), a, b)?)?,
        }
        Ok(())
    }

    /// The same by candle's operations.
    fn plain(&self, x: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let scale = ((b * self.scales.1)?.sqrt()? + self.epsilon)?;
        let direction = ((a * self.scales.0)? / scale)?;
        Ok(((x * self.kept)? - (direction * self.rate)?)?.detach())
    }
}

impl InplaceOp3 for Adaptive {
    fn name(&self) -> &'static str {
        "adaptive"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        x_layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> candle_core::Result<()> {
        let (a, b) = (contiguous(a, a_layout)?, contiguous(b, b_layout)?);
        let (kept, rate, epsilon) = (self.kept as f32, self.rate as f32, self.epsilon as f32);
        let scales = (self.scales.0 as f32, self.scales.1 as f32);
        let chunks = contiguous_mut(x, x_layout)?.par_chunks_mut(TOGETHER);
        let read = a.par_chunks(TOGETHER).zip(b.par_chunks(TOGETHER));
        chunks.zip(read).for_each(|(x, (a, b))| {
            for (x, (a, b)) in x.iter_mut().zip(a.iter().zip(b)) {
                *x = *x * kept - a * scales.0 / ((b * scales.1).sqrt() + epsilon) * rate;
            }
        });
        Ok(())
    }
}

fn contiguous_mut<'a>(
    storage: &'a mut CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => candle_core::bail!("expected contiguous f32 values"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    fn bits(tensor: &Tensor) -> Vec<u32> {
        tensor.to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn in_place_gives_the_bits_of_the_operations(
            rows in prop::collection::vec((-3f32..3.0, -3f32..3.0, 1e-9f32..3.0), 1..70),
            copies in prop::sample::select(vec![1usize, 700]),
            (own, other) in (0.1f64..1.5, 0.1f64..1.5), squares: bool,
        ) {
            // More than one task's values in some cases.
            let rows: Vec<_> = rows.iter().copied().cycle().take(rows.len() * copies).collect();
            let column = |of: fn(&(f32, f32, f32)) -> f32| tensor(&rows.iter().map(of).collect::<Vec<_>>());
            let (mut x, y, z) = (column(|row| row.0), column(|row| row.1), column(|row| row.2));
            let blend = Blend { own, other, squares };
            let expected = blend.plain(&x, &y).unwrap();
            blend.apply(&mut x, &y).unwrap();
            prop_assert_eq!(bits(&x), bits(&expected));

            let var = Var::from_tensor(&x).unwrap();
            let adaptive = Adaptive { kept: own, rate: 0.01, scales: (other, 3.0), epsilon: 1e-8 };
            let expected = adaptive.plain(&x, &y, &z).unwrap();
            adaptive.apply(&var, &y, &z).unwrap();
            prop_assert_eq!(bits(var.as_tensor()), bits(&expected));
        }
    }
}
