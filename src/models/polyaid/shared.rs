//! The scan: the model at every position, sharing what overlapping windows have in common.
//!
//! The convolution is computed once per position, its maximum over three positions (the pooled
//! vector p = max over conv[p..p+3)) and the projection of that into the LSTM's gates once per
//! pooled position. The window at s then reads the projections s, s+3, ..., s+3(steps-1): only the
//! recurrence and the heads are computed per window. Windows go through in blocks of neighbours, so
//! that a step's input is one contiguous piece and states stay in cache; the cleavage head runs for
//! the windows that the classification selects.

use std::ops::Range;

use super::kernel::{Kernel, Recurring, pool};
use super::weights::POOL;
use crate::engine::cpu::activation::{sigmoid, softmax};
use crate::models::{StrandScores, WINDOW};

/// Windows that go through the recurrence together.
const BLOCK: usize = 144;
/// Windows that share one buffer of projections.
const STRIP: usize = 10 * BLOCK;
/// Pooled positions that are convolved and projected together.
pub(super) const POSITIONS: usize = 128;

/// Buffers of one scan.
struct Scratch {
    convolved: Vec<f32>,
    /// Projections of both directions: pooled positions x 4 units.
    projected: [Vec<f32>; 2],
    heads: Scores,
}

/// Buffers that turn projections into scores.
pub(super) struct Scores {
    recurring: Recurring,
    /// Outputs of selected windows at one step.
    selected: Vec<f32>,
}

impl Scores {
    /// Returns those for blocks of up to so many windows.
    pub(super) fn new(kernel: &Kernel, windows: usize) -> Self {
        Self { recurring: kernel.recurring(windows), selected: Vec::new() }
    }
}

/// Scores every window of `sequence` by a model with the heads classification and cleavage;
/// cleavage where classification > `cleavage_above`.
pub fn scan(kernel: &Kernel, sequence: &[u8], cleavage_above: f32) -> StrandScores {
    let windows = (sequence.len() + 1).saturating_sub(WINDOW);
    let mut scores = StrandScores::default();
    scores.probability.reserve(windows);
    let mut scratch = scratch(kernel, windows);
    for first in (0..windows).step_by(STRIP) {
        let strip = first..(first + STRIP).min(windows);
        project(kernel, sequence, strip.clone(), &mut scratch);
        for block in strip.clone().step_by(BLOCK) {
            let block = block..(block + BLOCK).min(strip.end);
            let place = block.start - strip.start;
            let row = |step, window| place + POOL * step + window;
            let Scratch { projected, heads, .. } = &mut scratch;
            finish(kernel, block.len(), (projected, row), cleavage_above, heads, &mut scores);
        }
    }
    scores
}

fn scratch(kernel: &Kernel, windows: usize) -> Scratch {
    let positions = if windows == 0 { 0 } else { positions(kernel, windows.min(STRIP)) };
    let projected = || vec![0.0; positions * kernel.width()];
    Scratch {
        convolved: vec![0.0; (positions.min(POSITIONS) + POOL - 1) * kernel.filters],
        projected: [projected(), projected()],
        heads: Scores::new(kernel, windows.min(BLOCK)),
    }
}

/// Returns the pooled positions that neighbouring windows read.
fn positions(kernel: &Kernel, windows: usize) -> usize {
    windows + POOL * (kernel.sizes.steps - 1)
}

/// Convolves, pools and projects the positions of a strip of windows.
fn project(kernel: &Kernel, sequence: &[u8], strip: Range<usize>, scratch: &mut Scratch) {
    let Scratch { convolved, projected, .. } = scratch;
    let end = strip.start + positions(kernel, strip.len());
    for first in (strip.start..end).step_by(POSITIONS) {
        let count = POSITIONS.min(end - first);
        kernel.convolve(&sequence[first..], count + POOL - 1, convolved);
        pool(convolved, count, kernel.filters);
        let from = (first - strip.start) * kernel.width();
        kernel.project(convolved, count, projected.each_mut().map(|all| &mut all[from..]));
    }
}

/// Adds the scores of a block of windows; step t of window w reads row `row(t, w)` of the
/// projections.
pub(super) fn finish(
    kernel: &Kernel,
    windows: usize,
    (projected, row): (&[Vec<f32>; 2], impl Fn(usize, usize) -> usize),
    cleavage_above: f32,
    Scores { recurring, selected: gathered }: &mut Scores,
    scores: &mut StrandScores,
) {
    let [classification, cleavage] = kernel.heads.as_slice() else { return };
    let mut sums = classification.start(windows);
    let take = |direction, step, outputs: &[f32]| {
        classification.add(direction, step, outputs, &mut sums);
    };
    let outputs = kernel.recur(windows, projected, row, take, recurring);
    let logits = classification.finish(sums);
    let probability = logits.chunks_exact(logits.len() / windows).map(|row| sigmoid(row[0]));
    let before = scores.probability.len();
    scores.probability.extend(probability);
    let above = |w: &usize| scores.probability[before + w] > cleavage_above;
    let selected: Vec<usize> = (0..windows).filter(above).collect();
    if selected.is_empty() {
        return;
    }
    let mut sums = cleavage.start(selected.len());
    for (direction, step) in kernel.turns() {
        let at = (direction * kernel.sizes.steps + step) * windows * kernel.units;
        gathered.clear();
        for &window in &selected {
            gathered.extend_from_slice(&outputs[at + window * kernel.units..][..kernel.units]);
        }
        cleavage.add(direction, step, gathered, &mut sums);
    }
    let logits = cleavage.finish(sums);
    let rows = logits.chunks_exact(logits.len() / selected.len());
    let vectors = selected.iter().zip(rows);
    scores.cleavage.extend(vectors.map(|(w, row)| (before + w, softmax(row))));
}
