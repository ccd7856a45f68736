//! The recurrent layers operation by operation in candle: what is trained and differentiated, and
//! what the kernel is compared with.

use candle_core::{D, Tensor};
use candle_nn::ops::sigmoid;

use crate::engine::cpu::gated::{Cell, Gate};
use crate::error::Result;

/// The weights of one direction, gates one after another.
pub struct Direction {
    /// inputs x gates.
    pub input: Tensor,
    /// units x gates.
    pub recurrent: Tensor,
    /// gates.
    pub bias: Tensor,
}

/// Kind of a recurrent layer.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub cell: Cell,
    pub gate: Gate,
}

impl Direction {
    /// Goes through x (samples x steps x inputs), from the last step to the first if `backward`;
    /// returns the outputs (samples x units) of each step in the order of time. Outputs are
    /// multiplied by `kept` (samples x units) where they are read again.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn run(
        &self,
        kind: Kind,
        x: &Tensor,
        backward: bool,
        kept: Option<&Tensor>,
    ) -> Result<Vec<Tensor>> {
        let (samples, steps, inputs) = x.dims3()?;
        let (units, width) = self.recurrent.dims2()?;
        let projected = x.reshape((samples * steps, inputs))?.matmul(&self.input)?;
        let projected = projected.broadcast_add(&self.bias)?.reshape((samples, steps, width))?;
        let mut output = Tensor::zeros((samples, units), x.dtype(), x.device())?;
        let mut state = output.clone();
        let mut all = vec![output.clone(); steps];
        for step in 0..steps {
            let at = if backward { steps - 1 - step } else { step };
            let gates = projected.narrow(1, at, 1)?.squeeze(1)?;
            let read = match kept {
                Some(kept) => (&output * kept)?,
                None => output.clone(),
            };
            output = match kind.cell {
                Cell::Lstm => self.lstm(kind.gate, &gates, &read, &mut state)?,
                Cell::Gru => self.gru(kind.gate, &gates, &read, &output)?,
            };
            all[at] = output.clone();
        }
        Ok(all)
    }

    fn lstm(
        &self,
        kind: Gate,
        gates: &Tensor,
        read: &Tensor,
        state: &mut Tensor,
    ) -> Result<Tensor> {
        let units = self.recurrent.dim(0)?;
        let gates = (gates + read.matmul(&self.recurrent)?)?;
        let part = |gate: usize| gates.narrow(1, gate * units, units);
        let entering = (gated(kind, &part(0)?)? * part(2)?.tanh()?)?;
        *state = ((gated(kind, &part(1)?)? * &*state)? + entering)?;
        Ok((gated(kind, &part(3)?)? * state.tanh()?)?)
    }

    fn gru(&self, kind: Gate, gates: &Tensor, read: &Tensor, output: &Tensor) -> Result<Tensor> {
        let units = self.recurrent.dim(0)?;
        let of = |tensor: &Tensor, from: usize, count: usize| {
            tensor.narrow(1, from * units, count * units)?.contiguous()
        };
        let both = (of(gates, 0, 2)? + read.matmul(&of(&self.recurrent, 0, 2)?)?)?;
        let kept = gated(kind, &of(&both, 0, 1)?)?;
        let reset = (gated(kind, &of(&both, 1, 1)?)? * read)?;
        let candidate = (of(gates, 2, 1)? + reset.matmul(&of(&self.recurrent, 2, 1)?)?)?.tanh()?;
        // z h + (1 - z) c
        Ok((&candidate + (kept * (output - &candidate)?)?)?)
    }
}

/// Goes through each direction's inputs (samples x steps x inputs) with what is kept of its outputs
/// where they are read again; the directions stand side by side: samples x steps x outputs, or
/// samples x outputs of the last step of each.
///
/// # Errors
/// If the tensor library fails.
pub fn layer(
    kind: Kind,
    directions: &[Direction],
    sides: &[(Tensor, Option<Tensor>)],
    sequences: bool,
) -> Result<Tensor> {
    let mut all = Vec::new();
    for (number, (direction, (x, kept))) in directions.iter().zip(sides).enumerate() {
        let outputs = direction.run(kind, x, number == 1, kept.as_ref())?;
        let last = if number == 1 { 0 } else { outputs.len() - 1 };
        all.push(if sequences { Tensor::stack(&outputs, 1)? } else { outputs[last].clone() });
    }
    Ok(Tensor::cat(&all, D::Minus1)?)
}

fn gated(kind: Gate, x: &Tensor) -> Result<Tensor> {
    Ok(match kind {
        Gate::Sigmoid => sigmoid(x)?,
        Gate::HardSigmoid => x.affine(0.2, 0.5)?.clamp(0.0, 1.0)?,
    })
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const STEP: f64 = 1e-5;

    fn random(shape: (usize, usize), rng: &mut ChaCha8Rng) -> Vec<f64> {
        (0..shape.0 * shape.1).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    /// A sum of the outputs of both directions, each with a factor of its own, in f64.
    fn loss(kind: Kind, values: &[Vec<f64>; 4], factors: &Tensor) -> (f64, Vec<Vec<f64>>) {
        let (samples, steps, inputs, units) = (3, 4, 2, 3);
        let width = kind.cell.gates() * units;
        let device = &Device::Cpu;
        let shapes =
            [vec![samples, steps, inputs], vec![inputs, width], vec![units, width], vec![width]];
        let vars: Vec<Var> = values
            .iter()
            .zip(&shapes)
            .map(|(v, shape)| {
                let tensor = Tensor::from_vec(v.clone(), shape.as_slice(), device).unwrap();
                Var::from_tensor(&tensor).unwrap()
            })
            .collect();
        let direction = || Direction {
            input: vars[1].as_tensor().clone(),
            recurrent: vars[2].as_tensor().clone(),
            bias: vars[3].as_tensor().clone(),
        };
        let sides = vec![(vars[0].as_tensor().clone(), None); 2];
        let said = layer(kind, &[direction(), direction()], &sides, true).unwrap();
        let loss = (said * factors).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        let of = |var: &Var| gradients.get(var).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        (loss.to_scalar().unwrap(), vars.iter().map(of).collect())
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for cell in [Cell::Lstm, Cell::Gru] {
            for gate in [Gate::HardSigmoid, Gate::Sigmoid] {
                let width = cell.gates() * 3;
                let values = [(3 * 4, 2), (2, width), (3, width), (1, width)];
                let mut values = values.map(|shape| random(shape, &mut rng));
                let factors = Tensor::from_vec(random((12, 6), &mut rng), (3, 4, 6), &Device::Cpu);
                let factors = factors.unwrap().to_dtype(DType::F64).unwrap();
                let kind = Kind { cell, gate };
                let (_, gradients) = loss(kind, &values, &factors);
                for part in 0..values.len() {
                    for at in 0..values[part].len() {
                        let mut moved = |by: f64| {
                            values[part][at] += by;
                            let (loss, _) = loss(kind, &values, &factors);
                            values[part][at] -= by;
                            loss
                        };
                        let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                        let found = gradients[part][at];
                        assert!(
                            (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                            "{cell:?} {gate:?} {part} {at}: {found}, not {expected}"
                        );
                    }
                }
            }
        }
    }
}
