//! The scan: the model at every position, sharing what overlapping windows have in common.
//!
//! The convolution is computed once per position, its maximum over three positions (the pooled
//! vector p = max over conv[p..p+3)) and the projection of that into the LSTM's gates once per
//! pooled position. The window at s then reads the projections s, s+3, ..., s+3(steps-1): only the
//! recurrence and the heads are computed per window. Windows go through in blocks of neighbours, so
//! that a step's input is one contiguous piece and states stay in cache; the cleavage head runs for
//! the windows that the classification selects.
//!
//! Every row of every product, and with it every window, is computed by the same operations
//! wherever it stands: strips and blocks change no bit of the result.

use std::ops::Range;

use super::head::Head;
use super::weights::{Direction, GATES, POOL, Sizes, Weights};
use crate::engine::cpu::activation::{sigmoid, softmax};
use crate::engine::cpu::lstm::{Recurrence, pad_gates};
use crate::engine::cpu::product::{Affine, Packed, Rows, padded, product};
use crate::genome::sequence::UNKNOWN;
use crate::models::{StrandScores, WINDOW};

/// Windows that go through the recurrence together.
const BLOCK: usize = 96;
/// Windows that share one buffer of projections.
const STRIP: usize = 10 * BLOCK;
/// Pooled positions that are convolved and projected together.
const POSITIONS: usize = 128;

/// The packed weights of a model with the heads classification and cleavage.
pub struct Shared {
    sizes: Sizes,
    /// filters, padded.
    filters: usize,
    /// width x 5 x filters: what each code adds at each place of the filter; zeros for unknown.
    table: Vec<f32>,
    conv_bias: Vec<f32>,
    directions: [PackedDirection; 2],
    classification: Head,
    cleavage: Head,
}

struct PackedDirection {
    /// filters x 4 units.
    input: Packed,
    bias: Vec<f32>,
    recurrence: Recurrence,
}

/// Buffers of one scan.
struct Scratch {
    convolved: Vec<f32>,
    /// Projections of both directions: pooled positions x 4 units.
    projected: [Vec<f32>; 2],
    gates: Vec<f32>,
    state: Vec<f32>,
    /// Outputs of a block: forward then backward, each steps x windows x units.
    outputs: Vec<f32>,
    /// The same of selected windows.
    selected: Vec<f32>,
}

impl Shared {
    /// Packs the weights; `None` where the model has no cleavage head.
    pub fn new(weights: &Weights) -> Option<Self> {
        let [classification, cleavage] = weights.heads.as_slice() else { return None };
        let Sizes { width, filters, units, steps } = weights.sizes;
        let wide = padded(filters);
        let codes = usize::from(UNKNOWN) + 1;
        let mut table = vec![0.0; width * codes * wide];
        for (row, values) in weights.conv_weight.chunks_exact(filters).enumerate() {
            let (place, base) = (row / 4, row % 4);
            table[(place * codes + base) * wide..][..filters].copy_from_slice(values);
        }
        let mut conv_bias = weights.conv_bias.clone();
        conv_bias.resize(wide, 0.0);
        let direction = |direction: &Direction| {
            let mut input = pad_gates(&direction.input, units);
            input.resize(wide * GATES * padded(units), 0.0);
            PackedDirection {
                input: Packed::new(&input, wide, GATES * padded(units)),
                bias: pad_gates(&direction.bias, units),
                recurrence: Recurrence::new(&direction.recurrent, units),
            }
        };
        Some(Self {
            sizes: weights.sizes,
            filters: wide,
            table,
            conv_bias,
            directions: [direction(&weights.directions[0]), direction(&weights.directions[1])],
            classification: Head::new(classification, steps, units),
            cleavage: Head::new(cleavage, steps, units),
        })
    }

    /// Scores every window of `sequence`; cleavage where classification > `cleavage_above`.
    pub fn scan(&self, sequence: &[u8], cleavage_above: f32) -> StrandScores {
        let windows = (sequence.len() + 1).saturating_sub(WINDOW);
        let mut scores = StrandScores::default();
        scores.probability.reserve(windows);
        let mut scratch = self.scratch(windows);
        for first in (0..windows).step_by(STRIP) {
            let strip = first..(first + STRIP).min(windows);
            self.project(sequence, strip.clone(), &mut scratch);
            for block in strip.clone().step_by(BLOCK) {
                let block = block..(block + BLOCK).min(strip.end);
                let place = block.start - strip.start;
                self.recur(place, block.len(), &mut scratch);
                self.finish(block, cleavage_above, &mut scratch, &mut scores);
            }
        }
        scores
    }

    fn scratch(&self, windows: usize) -> Scratch {
        let units = self.units();
        let positions = if windows == 0 { 0 } else { self.positions(windows.min(STRIP)) };
        let block = windows.min(BLOCK);
        let projected = || vec![0.0; positions * GATES * units];
        Scratch {
            convolved: vec![0.0; (positions.min(POSITIONS) + POOL - 1) * self.filters],
            projected: [projected(), projected()],
            gates: vec![0.0; block * GATES * units],
            state: vec![0.0; block * units],
            outputs: vec![0.0; 2 * self.sizes.steps * block * units],
            selected: vec![],
        }
    }

    fn units(&self) -> usize {
        self.directions[0].recurrence.units()
    }

    /// Returns the pooled positions that neighbouring windows read.
    fn positions(&self, windows: usize) -> usize {
        windows + POOL * (self.sizes.steps - 1)
    }

    /// Convolves, pools and projects the positions of a strip of windows.
    fn project(&self, sequence: &[u8], strip: Range<usize>, scratch: &mut Scratch) {
        let end = strip.start + self.positions(strip.len());
        let width = GATES * self.units();
        for first in (strip.start..end).step_by(POSITIONS) {
            let count = POSITIONS.min(end - first);
            self.convolve(&sequence[first..], count, &mut scratch.convolved);
            let pooled = Rows::matrix(&scratch.convolved, count, self.filters);
            for (direction, projected) in self.directions.iter().zip(&mut scratch.projected) {
                let out = &mut projected[(first - strip.start) * width..][..count * width];
                let bias = &direction.bias;
                product(pooled, &direction.input, &mut Affine { out, bias, relu: false });
            }
        }
    }

    /// Writes `count` pooled vectors from the start of `sequence`.
    fn convolve(&self, sequence: &[u8], count: usize, out: &mut [f32]) {
        let (filters, codes) = (self.filters, usize::from(UNKNOWN) + 1);
        let rows = (count + POOL - 1) * filters;
        for (at, row) in out[..rows].chunks_exact_mut(filters).enumerate() {
            row.copy_from_slice(&self.conv_bias);
            let read = &sequence[at..at + self.sizes.width];
            for (place, &code) in read.iter().enumerate() {
                let entry = place * codes + usize::from(code.min(UNKNOWN));
                let added = &self.table[entry * filters..][..filters];
                row.iter_mut().zip(added).for_each(|(sum, value)| *sum += value);
            }
            row.iter_mut().for_each(|sum| *sum = sum.max(0.0));
        }
        for at in 0..count {
            let (row, next) = out[at * filters..].split_at_mut(filters);
            let (second, third) = next[..2 * filters].split_at(filters);
            for ((value, b), c) in row.iter_mut().zip(second).zip(third) {
                *value = value.max(*b).max(*c);
            }
        }
    }

    /// Runs both directions over a block of windows that starts at `place` in the strip.
    fn recur(&self, place: usize, windows: usize, scratch: &mut Scratch) {
        let (steps, units) = (self.sizes.steps, self.units());
        let (width, size) = (GATES * units, windows * units);
        let Scratch { projected, gates, state, outputs, .. } = scratch;
        let outputs = outputs[..2 * steps * size].chunks_exact_mut(steps * size);
        for (d, outputs) in outputs.enumerate() {
            let recurrence = &self.directions[d].recurrence;
            state[..size].fill(0.0);
            let mut previous: Option<usize> = None;
            for turn in 0..steps {
                let step = if d == 0 { turn } else { steps - 1 - turn };
                let input = &projected[d][(place + POOL * step) * width..][..windows * width];
                let (last, output) = neighbours(outputs, previous, step, size);
                recurrence.step(windows, input, last, gates, state, output);
                previous = Some(step);
            }
        }
    }

    /// Turns a block's outputs into scores.
    fn finish(
        &self,
        block: Range<usize>,
        cleavage_above: f32,
        scratch: &mut Scratch,
        scores: &mut StrandScores,
    ) {
        let windows = block.len();
        let length = 2 * self.sizes.steps * windows * self.units();
        let outputs = &scratch.outputs[..length];
        let logits = self.classification.run(outputs, windows);
        let probability = logits.chunks_exact(logits.len() / windows).map(|row| sigmoid(row[0]));
        let before = scores.probability.len();
        scores.probability.extend(probability);
        let above = |w: &usize| scores.probability[before + w] > cleavage_above;
        let selected: Vec<usize> = (0..windows).filter(above).collect();
        if selected.is_empty() {
            return;
        }
        let gathered = &mut scratch.selected;
        gather(outputs, windows, &selected, self.units(), gathered);
        let logits = self.cleavage.run(gathered, selected.len());
        let rows = logits.chunks_exact(logits.len() / selected.len());
        let vectors = selected.iter().zip(rows);
        scores.cleavage.extend(vectors.map(|(w, row)| (block.start + w, softmax(row))));
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

/// Copies the outputs of selected windows together, step by step.
fn gather(outputs: &[f32], windows: usize, selected: &[usize], units: usize, out: &mut Vec<f32>) {
    out.clear();
    for step in outputs.chunks_exact(windows * units) {
        for &window in selected {
            out.extend_from_slice(&step[window * units..][..units]);
        }
    }
}
