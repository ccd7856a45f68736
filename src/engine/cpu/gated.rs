//! Recurrent layers of either kind, LSTM and GRU, with either gate, as Keras 2 computes them: many
//! windows at once, each of equally many steps.
//!
//! [`super::lstm`] is faster for long sequences of the LSTM with the logistic gate alone. A window's
//! values depend, to the bit, on that window alone, never on its batch.

use serde::{Deserialize, Serialize};

use super::activation::sigmoid;
use super::layers::Activations;
use super::matmul::{Accumulate, Affine, Packed, Rows, pad, padded, product};

/// What a recurrent layer remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Gates i, f, c, o (Hochreiter & Schmidhuber 1997).
    Lstm,
    /// Gates z, r, h; the reset gate acts before the recurrent product (Cho et al. 2014): Keras'
    /// `reset_after = False`.
    Gru,
}

impl Cell {
    /// Returns the number of its gates, candidate included.
    pub fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }
}

/// What gates go through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// 0.2 x + 0.5 between 0 and 1: Keras before 2.3.
    #[default]
    HardSigmoid,
    /// The logistic function: Keras from 2.3 on.
    Sigmoid,
}

impl Gate {
    fn of(self, x: f32) -> f32 {
        match self {
            Self::HardSigmoid => (0.2 * x + 0.5).clamp(0.0, 1.0),
            Self::Sigmoid => sigmoid(x),
        }
    }
}

/// One direction of a layer.
#[derive(Clone, Debug)]
pub struct Direction {
    cell: Cell,
    gate: Gate,
    units: usize,
    /// inputs x gates.
    input: Packed,
    bias: Vec<f32>,
    /// units x gates: all of an LSTM; of a GRU z and r, and the candidate by itself.
    recurrent: Vec<Packed>,
}

impl Direction {
    /// Takes inputs x (gates x units), units x (gates x units) and gates x units values, row-major,
    /// gates one after another, as Keras stores them.
    ///
    /// # Panics
    /// If a matrix has other sizes.
    pub fn new(cell: Cell, gate: Gate, input: &[f32], recurrent: &[f32], bias: &[f32]) -> Self {
        let width = bias.len();
        let units = width / cell.gates();
        let columns = |from: usize, to: usize| -> Packed {
            let rows = recurrent.chunks_exact(width);
            let part: Vec<f32> = rows.flat_map(|row| &row[from..to]).copied().collect();
            Packed::new(&part, units, to - from)
        };
        let recurrent = match cell {
            Cell::Lstm => vec![columns(0, width)],
            Cell::Gru => vec![columns(0, 2 * units), columns(2 * units, width)],
        };
        let input = Packed::new(input, input.len() / width.max(1), width);
        Self { cell, gate, units, input, bias: pad(bias), recurrent }
    }

    /// Returns the number of its outputs.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Goes through the positions of every window, from the last to the first if `backward`, and
    /// hands over each position with the outputs there: windows x [`padded`] units.
    pub fn run(&self, x: &Activations, backward: bool, mut each: impl FnMut(usize, &[f32])) {
        let (windows, steps) = (x.windows, x.positions);
        let width = self.input.width();
        let rows = Rows {
            data: &x.values,
            rows: windows * steps,
            row_stride: x.width(),
            segments: &[0],
            length: x.channels,
            k_stride: 1,
        };
        let mut projected = vec![0.0; windows * steps * width];
        let affine = &mut Affine { out: &mut projected, bias: &self.bias, relu: false };
        product(rows, &self.input, affine);
        let mut memory = Memory::new(windows, self.units);
        let mut gates = vec![0.0; windows * width];
        for step in 0..steps {
            let at = if backward { steps - 1 - step } else { step };
            for (gates, window) in
                gates.chunks_exact_mut(width).zip(projected.chunks_exact(steps * width))
            {
                gates.copy_from_slice(&window[at * width..][..width]);
            }
            match self.cell {
                Cell::Lstm => self.lstm(&mut gates, &mut memory),
                Cell::Gru => self.gru(&mut gates, &mut memory),
            }
            each(at, &memory.output);
        }
    }

    fn lstm(&self, gates: &mut [f32], memory: &mut Memory) {
        let (units, width) = (self.units, self.input.width());
        memory.multiply(Which::Output, &self.recurrent[0], gates, width);
        for (gates, (state, output)) in gates.chunks_exact(width).zip(memory.rows()) {
            let gate = |gate: usize, unit: usize| gates[gate * units + unit];
            for unit in 0..units {
                let entering = self.gate.of(gate(0, unit)) * gate(2, unit).tanh();
                state[unit] = self.gate.of(gate(1, unit)) * state[unit] + entering;
                output[unit] = self.gate.of(gate(3, unit)) * state[unit].tanh();
            }
        }
    }

    fn gru(&self, gates: &mut [f32], memory: &mut Memory) {
        let (units, width) = (self.units, self.input.width());
        memory.multiply(Which::Output, &self.recurrent[0], gates, width);
        // The state is what the reset gate lets through.
        for (gates, (state, output)) in gates.chunks_exact(width).zip(memory.rows()) {
            for unit in 0..units {
                state[unit] = self.gate.of(gates[units + unit]) * output[unit];
            }
        }
        let candidate = &mut gates[2 * units..];
        memory.multiply(Which::State, &self.recurrent[1], candidate, width);
        for (gates, (_, output)) in gates.chunks_exact(width).zip(memory.rows()) {
            for unit in 0..units {
                let kept = self.gate.of(gates[unit]);
                let candidate = gates[2 * units + unit].tanh();
                output[unit] = kept * output[unit] + (1.0 - kept) * candidate;
            }
        }
    }
}

/// What windows remember from step to step.
struct Memory {
    windows: usize,
    units: usize,
    /// windows x padded units: of an LSTM its cell state; of a GRU the output past the reset gate.
    state: Vec<f32>,
    /// windows x padded units.
    output: Vec<f32>,
    /// Scratch for a product.
    product: Vec<f32>,
}

/// A part of the memory.
#[derive(Clone, Copy)]
enum Which {
    State,
    Output,
}

impl Memory {
    fn new(windows: usize, units: usize) -> Self {
        let zeros = || vec![0.0; windows * padded(units)];
        Self { windows, units, state: zeros(), output: zeros(), product: Vec::new() }
    }

    /// Adds the product of a part with a matrix to the first columns of `sums`, whose rows are
    /// `width` apart.
    fn multiply(&mut self, which: Which, matrix: &Packed, sums: &mut [f32], width: usize) {
        let data = match which {
            Which::State => &self.state,
            Which::Output => &self.output,
        };
        let rows = Rows {
            data,
            rows: self.windows,
            row_stride: padded(self.units),
            segments: &[0],
            length: self.units,
            k_stride: 1,
        };
        let columns = matrix.width();
        self.product.clear();
        self.product.resize(self.windows * columns, 0.0);
        product(rows, matrix, &mut Accumulate { out: &mut self.product, width: columns });
        for (sums, product) in sums.chunks_mut(width).zip(self.product.chunks_exact(columns)) {
            sums.iter_mut().zip(product).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Returns state and output of each window.
    fn rows(&mut self) -> impl Iterator<Item = (&mut [f32], &mut [f32])> {
        let width = padded(self.units);
        self.state.chunks_exact_mut(width).zip(self.output.chunks_exact_mut(width))
    }
}

/// A layer in one direction or both, whose outputs stand side by side.
#[derive(Clone, Debug)]
pub struct Gated {
    /// Forward, and backward if there is one.
    directions: Vec<Direction>,
    /// Whether every position has outputs, or each window those of the last step of each direction.
    sequences: bool,
}

impl Gated {
    /// Puts the directions together.
    pub fn new(directions: Vec<Direction>, sequences: bool) -> Self {
        Self { directions, sequences }
    }

    /// Returns the number of its outputs.
    pub fn outputs(&self) -> usize {
        self.directions.iter().map(Direction::units).sum()
    }

    /// Goes through every window.
    pub fn run(&self, x: &Activations) -> Activations {
        let positions = if self.sequences { x.positions } else { 1 };
        let mut out = Activations::new(x.windows, positions, self.outputs());
        let width = out.width();
        let mut column = 0;
        for (number, direction) in self.directions.iter().enumerate() {
            let (units, backward) = (direction.units(), number == 1);
            let last = if backward { 0 } else { x.positions.saturating_sub(1) };
            direction.run(x, backward, |at, values| {
                let place = match self.sequences {
                    true => at,
                    false if at == last => 0,
                    false => return,
                };
                let windows = out.values.chunks_exact_mut(positions * width);
                for (out, values) in windows.zip(values.chunks_exact(padded(units))) {
                    out[place * width + column..][..units].copy_from_slice(&values[..units]);
                }
            });
            column += units;
        }
        out
    }
}

#[cfg(test)]
mod tests;
