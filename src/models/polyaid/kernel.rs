//! The network's parts with packed weights: convolution by table, projection, recurrence, heads.
//!
//! Every row of every product, and with it every window, is computed by the same operations
//! wherever it stands: how windows are put together changes no bit of the result.

use super::head::Head;
use super::weights::{Direction, GATES, POOL, Sizes, Weights};
use crate::engine::cpu::activation::relu;
use crate::engine::cpu::lstm::{Input, Recurrence, exponents};
use crate::engine::cpu::matmul::{Affine, Packed, Rows, padded, product};
use crate::genome::sequence::UNKNOWN;

/// The packed weights of a model.
pub struct Kernel {
    pub sizes: Sizes,
    /// filters, padded.
    pub filters: usize,
    /// LSTM units, padded.
    pub units: usize,
    /// width x 5 x filters: what each code adds at each place of the filter; zeros for unknown.
    table: Vec<f32>,
    conv_bias: Vec<f32>,
    directions: [PackedDirection; 2],
    pub heads: Vec<Head>,
}

struct PackedDirection {
    /// filters x 4 units.
    input: Packed,
    bias: Vec<f32>,
    recurrence: Recurrence,
}

/// Buffers of the recurrence over a block of windows.
pub struct Recurring {
    gates: Vec<f32>,
    state: Vec<f32>,
    /// Forward then backward, each steps x windows x units.
    outputs: Vec<f32>,
}

impl Kernel {
    /// Packs the weights.
    pub fn new(weights: &Weights<'_>) -> Self {
        let Sizes { width, filters, units, steps } = weights.sizes;
        let wide = padded(filters);
        let codes = usize::from(UNKNOWN) + 1;
        let mut table = vec![0.0; width * codes * wide];
        for (row, values) in weights.conv_weight.chunks_exact(filters).enumerate() {
            let (place, base) = (row / 4, row % 4);
            table[(place * codes + base) * wide..][..filters].copy_from_slice(values);
        }
        let mut conv_bias = weights.conv_bias.to_vec();
        conv_bias.resize(wide, 0.0);
        let direction = |direction: &Direction<'_>| {
            let mut input = exponents(direction.input, units);
            input.resize(wide * GATES * padded(units), 0.0);
            PackedDirection {
                input: Packed::fast(&input, wide, GATES * padded(units)),
                bias: exponents(direction.bias, units),
                recurrence: Recurrence::new(direction.recurrent, units),
            }
        };
        Self {
            sizes: weights.sizes,
            filters: wide,
            units: padded(units),
            table,
            conv_bias,
            directions: [direction(&weights.directions[0]), direction(&weights.directions[1])],
            heads: weights.heads.iter().map(|head| Head::new(head, steps, units)).collect(),
        }
    }

    /// Returns the values that a pooled position has projected into the gates of a direction.
    pub fn width(&self) -> usize {
        GATES * self.units
    }

    /// Returns the buffers for blocks of up to so many windows.
    pub fn recurring(&self, windows: usize) -> Recurring {
        Recurring {
            gates: vec![0.0; windows * self.width()],
            state: vec![0.0; windows * self.units],
            outputs: vec![0.0; 2 * self.sizes.steps * windows * self.units],
        }
    }

    /// Writes the convolution with its ReLU at `count` positions from the start of `sequence`: rows
    /// of `filters` values.
    pub fn convolve(&self, sequence: &[u8], count: usize, out: &mut [f32]) {
        let (filters, codes) = (self.filters, usize::from(UNKNOWN) + 1);
        for (at, row) in out[..count * filters].chunks_exact_mut(filters).enumerate() {
            row.copy_from_slice(&self.conv_bias);
            let read = &sequence[at..at + self.sizes.width];
            for (place, &code) in read.iter().enumerate() {
                let entry = place * codes + usize::from(code.min(UNKNOWN));
                let added = &self.table[entry * filters..][..filters];
                row.iter_mut().zip(added).for_each(|(sum, value)| *sum += value);
            }
            row.iter_mut().for_each(|sum| *sum = relu(*sum));
        }
    }

    /// Writes the pooled vectors of `count` positions that are [`POOL`] apart, from the start of
    /// `sequence`, that of position p into row `row(p)`. `convolved` has room for what they pool.
    pub fn pool_apart(
        &self,
        sequence: &[u8],
        count: usize,
        convolved: &mut [f32],
        pooled: &mut [f32],
        row: impl Fn(usize) -> usize,
    ) {
        let filters = self.filters;
        let convolved = &mut convolved[..POOL * count * filters];
        self.convolve(sequence, POOL * count, convolved);
        for (position, rows) in convolved.chunks_exact_mut(POOL * filters).enumerate() {
            pool(rows, 1, filters);
            pooled[row(position) * filters..][..filters].copy_from_slice(&rows[..filters]);
        }
    }

    /// Projects `count` pooled rows into the gates of both directions, bias included.
    pub fn project(&self, pooled: &[f32], count: usize, projected: [&mut [f32]; 2]) {
        let rows = Rows::matrix(&pooled[..count * self.filters], count, self.filters);
        for (direction, out) in self.directions.iter().zip(projected) {
            let out = &mut out[..count * self.width()];
            product(
                rows,
                &direction.input,
                &mut Affine { out, bias: &direction.bias, relu: false },
            );
        }
    }

    /// Returns direction and step of each turn, in the order in which they are computed.
    pub fn turns(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let steps = self.sizes.steps;
        (0..steps).map(|step| (0, step)).chain((0..steps).rev().map(|step| (1, step)))
    }

    /// Runs both directions over a block of windows and returns their outputs: forward then
    /// backward, each steps x windows x units. The gates' input of step t of window w is row
    /// `row(t, w)` of each direction's projections. `take` is handed each step's outputs while they
    /// are in cache: direction, step, windows x units.
    pub fn recur<'a>(
        &self,
        windows: usize,
        projected: &[Vec<f32>; 2],
        row: impl Fn(usize, usize) -> usize,
        mut take: impl FnMut(usize, usize, &[f32]),
        Recurring { gates, state, outputs }: &'a mut Recurring,
    ) -> &'a [f32] {
        let (steps, width, size) = (self.sizes.steps, self.width(), windows * self.units);
        let outputs = &mut outputs[..2 * steps * size];
        let mut previous: Option<usize> = None;
        for (d, step) in self.turns() {
            if step == if d == 0 { 0 } else { steps - 1 } {
                state[..size].fill(0.0);
                previous = None;
            }
            let place = |window| row(step, window) * width;
            let input = Input { values: &projected[d], place };
            let outputs = &mut outputs[d * steps * size..][..steps * size];
            let (last, output) = neighbours(outputs, previous, step, size);
            self.directions[d].recurrence.step(windows, input, last, gates, state, output);
            take(d, step, output);
            previous = Some(step);
        }
        outputs
    }
}

/// Makes each row of `filters` values the maximum of itself and the two after it.
pub fn pool(rows: &mut [f32], count: usize, filters: usize) {
    for at in 0..count {
        let (row, next) = rows[at * filters..].split_at_mut(filters);
        let (second, third) = next[..(POOL - 1) * filters].split_at(filters);
        for ((value, b), c) in row.iter_mut().zip(second).zip(third) {
            *value = value.max(*b).max(*c);
        }
    }
}

/// Returns the outputs of the previous step, if any, and those of `step` to write; the two are
/// neighbours in either direction.
fn neighbours(
    outputs: &mut [f32],
    previous: Option<usize>,
    step: usize,
    size: usize,
) -> (Option<&[f32]>, &mut [f32]) {
    match previous {
        Some(previous) if previous < step => {
            let (before, after) = outputs.split_at_mut(step * size);
            (Some(&before[previous * size..][..size]), &mut after[..size])
        }
        Some(previous) => {
            let (before, after) = outputs.split_at_mut(previous * size);
            (Some(&after[..size]), &mut before[step * size..][..size])
        }
        None => (None, &mut outputs[step * size..][..size]),
    }
}
