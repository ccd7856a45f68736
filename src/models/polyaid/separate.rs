//! Windows that share nothing: each by itself, many at a time.

use super::kernel::Kernel;
use super::weights::POOL;

/// Windows that go through the recurrence together.
const BLOCK: usize = 32;
/// Pooled rows that are projected together: they stay in cache for all columns.
const ROWS: usize = 128;

/// Returns the last layer's values of every head: for each head n x padded outputs.
pub fn logits(kernel: &Kernel, windows: &[&[u8]]) -> Vec<Vec<f32>> {
    let mut logits = vec![Vec::new(); kernel.heads.len()];
    let (steps, filters) = (kernel.sizes.steps, kernel.filters);
    let block = windows.len().min(BLOCK);
    let mut convolved = vec![0.0; POOL * steps * filters];
    // Step by step, one row per window.
    let mut pooled = vec![0.0; steps * block * filters];
    let projected = || vec![0.0; steps * block * kernel.width()];
    let mut projected = [projected(), projected()];
    let mut recurring = kernel.recurring(block);
    for windows in windows.chunks(BLOCK) {
        let n = windows.len();
        for (w, window) in windows.iter().enumerate() {
            kernel.pool_apart(window, steps, &mut convolved, &mut pooled, |step| step * n + w);
        }
        for first in (0..steps * n).step_by(ROWS) {
            let from = first * kernel.width();
            let out = projected.each_mut().map(|all| &mut all[from..]);
            kernel.project(&pooled[first * filters..], ROWS.min(steps * n - first), out);
        }
        let mut sums: Vec<_> = kernel.heads.iter().map(|head| head.start(n)).collect();
        let take = |direction, step, outputs: &[f32]| {
            for (head, sums) in kernel.heads.iter().zip(&mut sums) {
                head.add(direction, step, outputs, sums);
            }
        };
        kernel.recur(n, &projected, |step, w| step * n + w, take, &mut recurring);
        for ((head, sums), logits) in kernel.heads.iter().zip(sums).zip(&mut logits) {
            logits.extend(head.finish(sums));
        }
    }
    logits
}
