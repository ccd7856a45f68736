//! A bidirectional LSTM over the windows of a scan, all steps in one operation.
//!
//! One product per step from a library would write the gates (4 x units values per window, step and
//! direction, as many as a window reads) to memory and read them again: on an H100 that takes
//! longer than the products. Here a block of windows stays on its multiprocessor from the first
//! step to the last.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::WINDOWS;
use super::precision::Precision;
use super::tiles::{SIDE, pack, place};
use super::values;
use crate::engine::cpu::activation::sigmoid;

/// Gates, in this order: input, forget, cell candidate, output.
const GATES: usize = 4;
/// Steps of a window are this many rows apart.
const STRIDE: usize = 3;
/// Units of a direction at most, after padding to a multiple of 16: what fits a block's registers.
pub const MOST_UNITS: usize = 128;

/// The recurrence from its projected inputs: `steps` steps of every window.
#[derive(Clone, Copy, Debug)]
pub struct Recurrence {
    pub steps: usize,
    pub precision: Precision,
}

/// Sizes of one application.
pub(super) struct Sizes {
    pub windows: usize,
    pub units: usize,
}

impl Recurrence {
    /// Packs the recurrent weights of both directions (units x 4 units, units a multiple of 16).
    ///
    /// # Errors
    /// If the sizes do not fit.
    pub fn pack(directions: [&[f32]; 2], units: usize, precision: Precision) -> Result<Tensor> {
        let (depth, kind) = (precision.recurrent_depth(), precision.recurrent_type());
        let packed = directions.map(|weight| pack(weight, units, GATES * units, depth, precision));
        let [forward, backward] = packed;
        Tensor::stack(&[forward?, backward?], 0)?.to_dtype(kind)
    }

    /// Runs the windows that lie in the projected rows (rows x 8 units: forward gates, then
    /// backward): window s reads, at step t, row s + 3t. Returns windows x (steps x 2 units), step
    /// by step, forward before backward, backward outputs at their own step; bf16 for
    /// [`Precision::Bf16`]. The windows must be a multiple of 64.
    ///
    /// # Errors
    /// If the shapes do not fit or the device fails.
    pub fn apply(&self, projected: &Tensor, weights: &Tensor) -> Result<Tensor> {
        projected.apply_op2_no_bwd(weights, self)
    }

    pub(super) fn sizes(&self, projected: &Layout, weights: &Layout) -> Result<Sizes> {
        let (rows, width) = projected.shape().dims2()?;
        let units = width / (2 * GATES);
        let windows = (rows + STRIDE).saturating_sub(STRIDE * self.steps);
        let depth = self.precision.recurrent_depth();
        let fits = weights.dims() == [2, units / depth, GATES * units / SIDE, depth, SIDE];
        let units_fit = units.is_multiple_of(SIDE) && (1..=MOST_UNITS).contains(&units);
        if !fits || !units_fit || windows == 0 || !windows.is_multiple_of(WINDOWS) {
            candle_core::bail!("{self:?}: projected {projected:?}, weights {weights:?}");
        }
        Ok(Sizes { windows, units })
    }

    fn shape(&self, sizes: &Sizes) -> Shape {
        Shape::from((sizes.windows, self.steps * 2 * sizes.units))
    }
}

impl CustomOp2 for Recurrence {
    fn name(&self) -> &'static str {
        "recurrence"
    }

    fn cpu_fwd(
        &self,
        projected: &CpuStorage,
        projected_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = self.sizes(projected_layout, weights_layout)?;
        let Sizes { windows, units } = sizes;
        let (depth, width) = (self.precision.recurrent_depth(), GATES * units);
        let projected = values::<f32>(projected, projected_layout)?;
        let weights = values::<f32>(weights, weights_layout)?;
        let mut out = vec![0f32; windows * self.steps * 2 * units];
        for (window, out) in out.chunks_exact_mut(self.steps * 2 * units).enumerate() {
            for (direction, weights) in weights.chunks_exact(units * width).enumerate() {
                let (mut hidden, mut cell) = (vec![0f32; units], vec![0f32; units]);
                for turn in 0..self.steps {
                    let step = if direction == 0 { turn } else { self.steps - 1 - turn };
                    let row = window + STRIDE * step;
                    let mut gates = projected[(2 * row + direction) * width..][..width].to_vec();
                    for (k, h) in hidden.iter().enumerate() {
                        for (n, gate) in gates.iter_mut().enumerate() {
                            *gate += h * weights[place(k, n, width, depth)];
                        }
                    }
                    for unit in 0..units {
                        let gate = |g: usize| gates[g * units + unit];
                        cell[unit] =
                            sigmoid(gate(1)) * cell[unit] + sigmoid(gate(0)) * gate(2).tanh();
                        hidden[unit] = sigmoid(gate(3)) * cell[unit].tanh();
                    }
                    out[(2 * step + direction) * units..][..units].copy_from_slice(&hidden);
                }
            }
        }
        Ok((CpuStorage::F32(out), self.shape(&sizes)))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        projected: &candle_core::CudaStorage,
        projected_layout: &Layout,
        weights: &candle_core::CudaStorage,
        weights_layout: &Layout,
    ) -> Result<(candle_core::CudaStorage, Shape)> {
        let sizes = self.sizes(projected_layout, weights_layout)?;
        let operands = [(projected, projected_layout), (weights, weights_layout)];
        let out = super::launch::recurrence(self, &sizes, operands)?;
        Ok((out, self.shape(&sizes)))
    }
}
