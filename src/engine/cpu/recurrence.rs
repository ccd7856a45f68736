//! One direction of an LSTM as one differentiable operation on the CPU.
//!
//! Written in candle's operations, every step slices the whole sequence, and every slice's gradient
//! is as large as the sequence; here a step forward is one product of the scan's own kernel and one
//! pass over its cells, and the same on the way back. Windows go through in fixed groups, in
//! parallel, and the groups' gradients are summed in order, so that they do not depend on threads.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::lstm::training::{Backward, Forward};
use super::lstm::{GATES, pad_gates};
use super::matmul::{Accumulate, Packed, Rows, padded, product};
use super::residual::{add, contiguous};

/// Windows that go through the recurrence together.
const GROUP: usize = 16;

/// Runs the recurrence over `projected` (batch x steps x 4 units, gates i, f, c, o), the input
/// multiplied by its weights, with `recurrent` (units x 4 units) and `bias` (4 units); returns
/// batch x steps x units with every output at its own step. `backward` begins at the last one. CPU
/// only.
///
/// # Errors
/// If the shapes do not fit.
pub fn fused_recurrence(
    projected: &Tensor,
    recurrent: &Tensor,
    bias: &Tensor,
    backward: bool,
) -> candle_core::Result<Tensor> {
    let op = Recurrence { backward, kept: OnceLock::new() };
    projected.contiguous()?.apply_op3(&recurrent.contiguous()?, &bias.contiguous()?, op)
}

struct Recurrence {
    backward: bool,
    /// What the way back needs, by group.
    kept: OnceLock<Vec<Kept>>,
}

/// The way through a group of n windows, turn by turn; units are padded to whole vectors.
struct Kept {
    /// turns x n x 4 units: activated gates.
    gates: Vec<f32>,
    /// (1 + turns) x n x units, beginning with zeros.
    states: Vec<f32>,
    outputs: Vec<f32>,
}

/// Sizes of one application.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    steps: usize,
    units: usize,
    /// units, padded.
    wide: usize,
    backward: bool,
}

/// Gradients of the weights, with padding.
struct WeightGradient {
    recurrent: Vec<f32>,
    bias: Vec<f32>,
}

impl Sizes {
    fn new(projected: &Shape, recurrent: &Shape, backward: bool) -> candle_core::Result<Self> {
        let (batch, steps, gates) = projected.dims3()?;
        let units = recurrent.dims2()?.0;
        if units == 0 || steps == 0 || gates != GATES * units || recurrent.dims2()?.1 != gates {
            candle_core::bail!("recurrence: {projected:?} and {recurrent:?} do not fit");
        }
        Ok(Self { batch, steps, units, wide: padded(units), backward })
    }

    fn step(&self, turn: usize) -> usize {
        if self.backward { self.steps - 1 - turn } else { turn }
    }

    /// Returns the values of a group in batch x steps x `width`.
    fn group(&self, width: usize) -> usize {
        GROUP * self.steps * width
    }

    /// Widens recurrent weights to whole vectors both ways.
    fn widen(&self, recurrent: &[f32]) -> Vec<f32> {
        let mut wide = pad_gates(recurrent, self.units);
        wide.resize(self.wide * GATES * self.wide, 0.0);
        wide
    }

    /// Takes the padding out of rows of gates.
    fn narrow(&self, rows: &[f32]) -> Vec<f32> {
        rows.chunks_exact(self.wide).flat_map(|gate| &gate[..self.units]).copied().collect()
    }
}

impl CustomOp3 for Recurrence {
    fn name(&self) -> &'static str {
        "lstm-recurrence"
    }

    fn cpu_fwd(
        &self,
        projected: &CpuStorage,
        projected_layout: &Layout,
        recurrent: &CpuStorage,
        recurrent_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let s = Sizes::new(projected_layout.shape(), recurrent_layout.shape(), self.backward)?;
        let (projected, recurrent, bias) = (
            contiguous(projected, projected_layout)?,
            contiguous(recurrent, recurrent_layout)?,
            contiguous(bias, bias_layout)?,
        );
        if bias.len() != GATES * s.units {
            candle_core::bail!("recurrence: a bias of {} for {} units", bias.len(), s.units);
        }
        let packed = Packed::new(&s.widen(recurrent), s.wide, GATES * s.wide);
        let mut out = vec![0f32; s.batch * s.steps * s.units];
        let kept = out
            .par_chunks_mut(s.group(s.units))
            .zip(projected.par_chunks(s.group(GATES * s.units)))
            .map(|(out, projected)| s.forward(projected, bias, &packed, out))
            .collect();
        // The operation is applied once: there is nothing in it yet.
        let _ = self.kept.set(kept);
        Ok((CpuStorage::F32(out), Shape::from((s.batch, s.steps, s.units))))
    }

    fn bwd(
        &self,
        projected: &Tensor,
        recurrent: &Tensor,
        _bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let s = Sizes::new(projected.shape(), recurrent.shape(), self.backward)?;
        let Some(kept) = self.kept.get() else {
            candle_core::bail!("recurrence: its gradient is asked for before its value");
        };
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let (gradient, recurrent) = (values(gradient)?, s.widen(&values(recurrent)?));
        let transposed = Packed::new(&transpose(&recurrent, s.wide), GATES * s.wide, s.wide);
        let mut dx = vec![0f32; s.batch * s.steps * GATES * s.units];
        let groups: Vec<WeightGradient> = dx
            .par_chunks_mut(s.group(GATES * s.units))
            .zip(gradient.par_chunks(s.group(s.units)))
            .zip(kept)
            .map(|((dx, gradient), kept)| s.backward(gradient, kept, &transposed, dx))
            .collect();
        let mut sum = WeightGradient {
            recurrent: vec![0f32; recurrent.len()],
            bias: vec![0f32; GATES * s.wide],
        };
        for group in groups {
            add(&mut sum.recurrent, &group.recurrent);
            add(&mut sum.bias, &group.bias);
        }
        let (device, gates) = (projected.device(), GATES * s.units);
        let mut dw = s.narrow(&sum.recurrent);
        dw.truncate(s.units * gates);
        Ok((
            Some(Tensor::from_vec(dx, projected.shape(), device)?),
            Some(Tensor::from_vec(dw, (s.units, gates), device)?),
            Some(Tensor::from_vec(s.narrow(&sum.bias), gates, device)?),
        ))
    }
}

impl Sizes {
    /// Takes a group of windows through and writes its outputs.
    fn forward(&self, projected: &[f32], bias: &[f32], weight: &Packed, out: &mut [f32]) -> Kept {
        let Self { steps, units, wide, .. } = *self;
        let n = projected.len() / (steps * GATES * units);
        let (size, width) = (n * wide, GATES * wide);
        let mut gates = self.by_turn(projected, bias);
        let mut states = vec![0f32; (1 + steps) * size];
        let mut outputs = states.clone();
        for turn in 0..steps {
            let gates = &mut gates[turn * n * width..][..n * width];
            let (previous, output) = outputs[turn * size..][..2 * size].split_at_mut(size);
            let (before, state) = states[turn * size..][..2 * size].split_at_mut(size);
            let rows = Rows::matrix(previous, n, wide);
            product(rows, weight, &mut Accumulate { out: gates, width });
            Forward { units: wide, gates, before, state, output }.run();
            for (window, output) in output.chunks_exact(wide).enumerate() {
                let to = (window * steps + self.step(turn)) * units;
                out[to..to + units].copy_from_slice(&output[..units]);
            }
        }
        Kept { gates, states, outputs }
    }

    /// Returns projected + bias, n x steps x 4 units, as turns x n x 4 padded units.
    fn by_turn(&self, projected: &[f32], bias: &[f32]) -> Vec<f32> {
        let Self { steps, units, wide, .. } = *self;
        let n = projected.len() / (steps * GATES * units);
        let mut gates = vec![0f32; steps * n * GATES * wide];
        for (at, row) in gates.chunks_exact_mut(GATES * wide).enumerate() {
            let (turn, window) = (at / n, at % n);
            let from = (window * steps + self.step(turn)) * GATES * units;
            let values = projected[from..].chunks_exact(units).zip(bias.chunks_exact(units));
            for (gate, (values, bias)) in row.chunks_exact_mut(wide).zip(values) {
                for ((gate, value), bias) in gate.iter_mut().zip(values).zip(bias) {
                    *gate = value + bias;
                }
            }
        }
        gates
    }

    /// Goes back through a group: from the gradient of its outputs to that of its inputs, which is
    /// written, and of the weights.
    fn backward(
        &self,
        gradient: &[f32],
        kept: &Kept,
        transposed: &Packed,
        dx: &mut [f32],
    ) -> WeightGradient {
        let Self { steps, units, wide, .. } = *self;
        let n = gradient.len() / (steps * units);
        let (size, width) = (n * wide, GATES * wide);
        let mut d_gates = vec![0f32; steps * n * width];
        let (mut d_output, mut carried) = (vec![0f32; size], vec![0f32; size]);
        for turn in (0..steps).rev() {
            // From later turns: what their gates read of this turn's outputs.
            d_output.fill(0.0);
            let (here, later) = d_gates[turn * n * width..].split_at_mut(n * width);
            if !later.is_empty() {
                let rows = Rows::matrix(&later[..n * width], n, width);
                product(rows, transposed, &mut Accumulate { out: &mut d_output, width: wide });
            }
            for (window, output) in d_output.chunks_exact_mut(wide).enumerate() {
                let from = (window * steps + self.step(turn)) * units;
                add(output, &gradient[from..from + units]);
            }
            let (before, after) = kept.states[turn * size..][..2 * size].split_at(size);
            Backward {
                units: wide,
                gates: &kept.gates[turn * n * width..][..n * width],
                before,
                state: after,
                output: &d_output,
                carried: &mut carried,
                gradient: here,
            }
            .run();
        }
        self.by_window(&d_gates, dx);
        self.weight_gradient(&d_gates, kept, n)
    }

    /// Writes turns x n x 4 padded units as n x steps x 4 units.
    fn by_window(&self, d_gates: &[f32], dx: &mut [f32]) {
        let Self { steps, units, wide, .. } = *self;
        let n = dx.len() / (steps * GATES * units);
        for (at, row) in d_gates.chunks_exact(GATES * wide).enumerate() {
            let (turn, window) = (at / n, at % n);
            let to = (window * steps + self.step(turn)) * GATES * units;
            for (to, gate) in dx[to..].chunks_exact_mut(units).zip(row.chunks_exact(wide)) {
                to.copy_from_slice(&gate[..units]);
            }
        }
    }

    /// Outputs before each turn times the gradient of its gates, summed over turns and windows.
    fn weight_gradient(&self, d_gates: &[f32], kept: &Kept, n: usize) -> WeightGradient {
        let (length, width) = (self.steps * n, GATES * self.wide);
        let mut recurrent = vec![0f32; self.wide * width];
        let before = Rows {
            data: &kept.outputs,
            rows: self.wide,
            row_stride: 1,
            segments: &[0],
            length,
            k_stride: self.wide,
        };
        let packed = Packed::new(d_gates, length, width);
        product(before, &packed, &mut Accumulate { out: &mut recurrent, width });
        let mut bias = vec![0f32; width];
        d_gates.chunks_exact(width).for_each(|row| add(&mut bias, row));
        WeightGradient { recurrent, bias }
    }
}

/// Returns a matrix of `rows` rows with rows and columns exchanged.
fn transpose(matrix: &[f32], rows: usize) -> Vec<f32> {
    let columns = matrix.len() / rows;
    (0..matrix.len()).map(|at| matrix[at % rows * columns + at / rows]).collect()
}

#[cfg(test)]
mod tests;
