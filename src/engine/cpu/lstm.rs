//! The LSTM recurrence over many windows at once, and its element-wise cell.
//!
//! A matrix product alone does not make a fast LSTM: its gates are as many values as its outputs,
//! and sigmoid and tanh from a maths library take longer than the product. Both are computed here
//! from one polynomial for 2^x, a whole vector at a time.

pub mod training;

use std::f32::consts::LOG2_E;

use pulp::{Simd, WithSimd};

use super::matmul::{
    Epilogue, LANES, Packed, Rows, multiply_add, padded, product, vectors, vectors_mut,
};
use super::simd::dispatch;

/// Gates, in this order: input, forget, cell candidate, output.
pub const GATES: usize = 4;
/// The gate that goes through tanh.
const CANDIDATE: usize = 2;

/// The projected input of a step: where in `values` that of each window begins.
#[derive(Clone, Copy)]
pub struct Input<'a, P> {
    pub values: &'a [f32],
    pub place: P,
}

/// The recurrent weights of one direction, padded to whole vectors of units.
///
/// Padding units have weights and biases of zero, so that their state and output stay exactly zero.
#[derive(Clone, Debug)]
pub struct Recurrence {
    recurrent: Packed,
    units: usize,
}

impl Recurrence {
    /// Packs units x 4 units weights (gates one after another).
    ///
    /// # Panics
    /// If `recurrent` does not hold units x 4 units values.
    pub fn new(recurrent: &[f32], units: usize) -> Self {
        let mut wide = exponents(recurrent, units);
        wide.resize(padded(units) * GATES * padded(units), 0.0);
        let recurrent = Packed::fast(&wide, padded(units), GATES * padded(units));
        Self { recurrent, units: padded(units) }
    }

    /// Returns the number of units with padding: the width of an output row.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Takes one step for `rows` windows.
    ///
    /// `input` holds the projected input with bias (4 units a window) by weights and bias that went
    /// through [`exponents`], `previous` the last step's
    /// outputs (rows x units; `None` at the first step), `state` the cells' states (rows x units,
    /// zero at the first step), `gates` is scratch (rows x 4 units). Writes rows x units outputs.
    /// Every row is computed by itself, in the same way wherever it stands.
    ///
    /// # Panics
    /// If a slice is shorter than said.
    pub fn step(
        &self,
        rows: usize,
        input: Input<'_, impl Fn(usize) -> usize>,
        previous: Option<&[f32]>,
        gates: &mut [f32],
        state: &mut [f32],
        output: &mut [f32],
    ) {
        let (units, width) = (self.units, GATES * self.units);
        let (state, output) = (&mut state[..rows * units], &mut output[..rows * units]);
        let gates = &mut gates[..rows * width];
        if let Some(previous) = previous {
            let mut sum = AddInput { out: gates, input, width };
            product(Rows::matrix(previous, rows, units), &self.recurrent, &mut sum);
        } else {
            // Outputs before the first step are zero: there is nothing to multiply.
            for (row, gates) in gates.chunks_exact_mut(width.max(1)).enumerate() {
                gates.copy_from_slice(&input.values[(input.place)(row)..][..width]);
            }
        }
        cells(units, gates, state, output);
    }
}

/// Widens a matrix of n x 4 units to n x 4 padded units, gate by gate.
pub fn pad_gates(matrix: &[f32], units: usize) -> Vec<f32> {
    let wide = padded(units);
    let mut out = Vec::with_capacity(matrix.len() / units.max(1) * wide);
    for gate in matrix.chunks_exact(units.max(1)) {
        out.extend_from_slice(gate);
        out.resize(out.len() + wide - units, 0.0);
    }
    out
}

/// Widens weights as [`pad_gates`] and makes the gates' pre-activations exponents of 2: sigmoid(x)
/// is 1 / (1 + 2^y) of y = -log2(e) x, and tanh(x) is (1 - 2^y) / (1 + 2^y) of twice that.
pub fn exponents(matrix: &[f32], units: usize) -> Vec<f32> {
    let mut wide = pad_gates(matrix, units);
    for (column, gate) in wide.chunks_exact_mut(padded(units).max(1)).enumerate() {
        let scale = if column % GATES == CANDIDATE { 2.0 } else { 1.0 } * -LOG2_E;
        gate.iter_mut().for_each(|weight| *weight *= scale);
    }
    wide
}

/// Writes product + input.
struct AddInput<'a, P> {
    out: &'a mut [f32],
    input: Input<'a, P>,
    width: usize,
}

impl<P: Fn(usize) -> usize> Epilogue for AddInput<'_, P> {
    #[inline(always)]
    fn store<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        values: [S::f32s; V],
    ) {
        let input = vectors::<S, V>(&self.input.values[(self.input.place)(row) + column..]);
        let out = vectors_mut::<S, V>(&mut self.out[row * self.width + column..]);
        for v in 0..V {
            out[v] = simd.add_f32s(values[v], input[v]);
        }
    }
}

/// Advances cells from the [`exponents`] of their gates: `gates` rows x 4 units, `state` and
/// `output` rows x units.
///
/// # Panics
/// If `units` is not a multiple of 16.
fn cells(units: usize, gates: &[f32], state: &mut [f32], output: &mut [f32]) {
    assert_eq!(units % LANES, 0, "units come in whole vectors");
    if units > 0 {
        dispatch(Cells { units, gates, state, output });
    }
}

struct Cells<'a> {
    units: usize,
    gates: &'a [f32],
    state: &'a mut [f32],
    output: &'a mut [f32],
}

impl WithSimd for Cells<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let cell = Cell::new(simd);
        let gates = self.gates.chunks_exact(GATES * self.units);
        let states = self.state.chunks_exact_mut(self.units);
        let outputs = self.output.chunks_exact_mut(self.units);
        for ((gates, state), output) in gates.zip(states).zip(outputs) {
            let (i, gates) = gates.split_at(self.units);
            let (f, gates) = gates.split_at(self.units);
            let (candidate, o) = gates.split_at(self.units);
            let inputs = S::as_simd_f32s(i).0.iter().zip(S::as_simd_f32s(f).0);
            let others = S::as_simd_f32s(candidate).0.iter().zip(S::as_simd_f32s(o).0);
            let (states, outputs) = (S::as_mut_simd_f32s(state).0, S::as_mut_simd_f32s(output).0);
            let values = inputs.zip(others).zip(states.iter_mut().zip(outputs));
            for (((&i, &f), (&candidate, &o)), (state, output)) in values {
                (*state, *output) = cell.advance(i, f, candidate, o, *state);
            }
        }
    }
}

/// Coefficients of 2^r for r in [-0.5, 0.5], from r^5 down to 1: of those with the exact slope at
/// 0, the least greatest relative error, 1.1e-7.
const EXP2: [f32; 6] =
    [1.330_060_8e-3, 9.669_692e-3, 5.550_558_5e-2, 0.240_222_83, std::f32::consts::LN_2, 1.0];

/// 1.5 * 2^23: adding it rounds to a whole number, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// The vectors that the cell needs, loaded once.
struct Cell<S: Simd> {
    simd: S,
    one: S::f32s,
    low: S::f32s,
    high: S::f32s,
    round: S::f32s,
    exp2: [S::f32s; 6],
    /// -log2(e) and twice that.
    sigmoid: S::f32s,
    tanh: S::f32s,
    exponent: S::u32s,
}

impl<S: Simd> Cell<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        Self {
            simd,
            one: simd.splat_f32s(1.0),
            // 2^-126 is the least normal number; at 2^40 the product of three is still finite, and
            // a sigmoid is 1e-12.
            low: simd.splat_f32s(-126.0),
            high: simd.splat_f32s(40.0),
            round: simd.splat_f32s(ROUND),
            exp2: EXP2.map(|coefficient| simd.splat_f32s(coefficient)),
            sigmoid: simd.splat_f32s(-LOG2_E),
            tanh: simd.splat_f32s(-2.0 * LOG2_E),
            exponent: simd.splat_u32s(23),
        }
    }

    /// Returns the new state and the output, from the gates' exponents.
    ///
    /// state' = state / (1 + F) + (1 - C) / ((1 + I)(1 + C)) and output = (1 - S) / ((1 + O)(1 +
    /// S)), where a capital is 2 to the gate's exponent and S stands for state': each is brought to
    /// one fraction, as a division takes longer than anything else here.
    #[inline(always)]
    fn advance(
        &self,
        i: S::f32s,
        f: S::f32s,
        candidate: S::f32s,
        o: S::f32s,
        state: S::f32s,
    ) -> (S::f32s, S::f32s) {
        let simd = self.simd;
        let forget = self.plus_one(self.power(f));
        let candidate = self.power(candidate);
        let enter = simd.mul_f32s(self.plus_one(self.power(i)), self.plus_one(candidate));
        let entering = simd.mul_f32s(simd.sub_f32s(self.one, candidate), forget);
        let above = multiply_add(simd, state, enter, entering);
        let state = simd.div_f32s(above, simd.mul_f32s(enter, forget));
        let s = self.power(simd.mul_f32s(state, self.tanh));
        let leave = simd.mul_f32s(self.plus_one(self.power(o)), self.plus_one(s));
        (state, simd.div_f32s(simd.sub_f32s(self.one, s), leave))
    }

    #[inline(always)]
    fn plus_one(&self, x: S::f32s) -> S::f32s {
        self.simd.add_f32s(x, self.one)
    }

    /// Returns 2^x, at most 2^40.
    #[inline(always)]
    fn power(&self, x: S::f32s) -> S::f32s {
        let simd = self.simd;
        let x = simd.max_f32s(simd.min_f32s(x, self.high), self.low);
        let rounded = simd.add_f32s(x, self.round);
        let rest = simd.sub_f32s(x, simd.sub_f32s(rounded, self.round));
        let mut power = self.exp2[0];
        for &coefficient in &self.exp2[1..] {
            power = multiply_add(simd, power, rest, coefficient);
        }
        // The whole part goes into the exponent's bits; shifting drops what ROUND left above it.
        let whole = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(rounded), self.exponent);
        simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(power), whole))
    }
}

#[cfg(test)]
mod tests;
