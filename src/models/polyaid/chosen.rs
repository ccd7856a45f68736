//! Windows anywhere in a sequence, with what neighbours share.
//!
//! Windows whose starts differ by a multiple of the pool's width read the same pooled positions:
//! where they overlap these are projected once. Windows from all places then go through the
//! recurrence and the heads together, whose weights are read once for many.

use super::kernel::Kernel;
use super::shared::{POSITIONS, Scores, finish};
use super::weights::POOL;
use crate::models::StrandScores;

/// Windows that go through the recurrence together; bounds what they read, where none overlap, to
/// some 40 MB at the published size.
const BLOCK: usize = 128;

/// Pooled positions, each [`POOL`] after the one before it.
struct Stretch {
    /// In the sequence.
    start: usize,
    /// Of the projections, from here on.
    first_row: usize,
    rows: usize,
}

/// Buffers of the projections.
struct Scratch {
    convolved: Vec<f32>,
    pooled: Vec<f32>,
    /// Of both directions: rows x 4 units.
    projected: [Vec<f32>; 2],
}

/// Scores the windows of `sequence` that begin at `starts`; cleavage where classification >
/// `cleavage_above`.
pub fn scan_at(
    kernel: &Kernel,
    sequence: &[u8],
    starts: &[usize],
    cleavage_above: f32,
) -> StrandScores {
    let mut scores = StrandScores::default();
    let mut heads = Scores::new(kernel, starts.len().min(BLOCK));
    let mut scratch = Scratch {
        convolved: vec![0.0; POOL * POSITIONS * kernel.filters],
        pooled: vec![0.0; POSITIONS * kernel.filters],
        projected: [Vec::new(), Vec::new()],
    };
    for block in starts.chunks(BLOCK) {
        let (stretches, first_rows) = lay_out(kernel.sizes.steps, block);
        project(kernel, sequence, &stretches, &mut scratch);
        let row = |step, window: usize| first_rows[window] + step;
        let read = (&scratch.projected, row);
        finish(kernel, block.len(), read, cleavage_above, &mut heads, &mut scores);
    }
    scores
}

/// Returns the stretches that windows of so many steps read, and the row of each window's first
/// step.
fn lay_out(steps: usize, starts: &[usize]) -> (Vec<Stretch>, Vec<usize>) {
    let mut order: Vec<usize> = (0..starts.len()).collect();
    order.sort_unstable_by_key(|&window| (starts[window] % POOL, starts[window]));
    let (mut stretches, mut first_rows) = (Vec::<Stretch>::new(), vec![0; starts.len()]);
    for window in order {
        let start = starts[window];
        if !stretches.last().is_some_and(|last| last.reaches(start)) {
            let first_row = rows_of(&stretches);
            stretches.push(Stretch { start, first_row, rows: 0 });
        }
        if let Some(stretch) = stretches.last_mut() {
            let before = (start - stretch.start) / POOL;
            stretch.rows = before + steps;
            first_rows[window] = stretch.first_row + before;
        }
    }
    (stretches, first_rows)
}

/// Returns the rows of all stretches.
fn rows_of(stretches: &[Stretch]) -> usize {
    stretches.last().map_or(0, |last| last.first_row + last.rows)
}

impl Stretch {
    /// Returns whether a window from here on reads some of these positions, or the next one.
    fn reaches(&self, start: usize) -> bool {
        start >= self.start
            && (start - self.start).is_multiple_of(POOL)
            && start <= self.start + POOL * self.rows
    }
}

/// Convolves, pools and projects all stretches.
fn project(kernel: &Kernel, sequence: &[u8], stretches: &[Stretch], scratch: &mut Scratch) {
    let Scratch { convolved, pooled, projected } = scratch;
    let rows = rows_of(stretches);
    projected.iter_mut().for_each(|all| all.resize(rows * kernel.width(), 0.0));
    for stretch in stretches {
        for first in (0..stretch.rows).step_by(POSITIONS) {
            let count = POSITIONS.min(stretch.rows - first);
            let codes = &sequence[stretch.start + POOL * first..];
            kernel.pool_apart(codes, count, convolved, pooled, |position| position);
            let from = (stretch.first_row + first) * kernel.width();
            kernel.project(pooled, count, projected.each_mut().map(|all| &mut all[from..]));
        }
    }
}
