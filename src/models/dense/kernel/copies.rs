//! Copies of one window in which a few bases are replaced, as replacing every hexamer of a site a
//! hundred times makes them.
//!
//! The layers of the window itself are computed once, of each only the rows that its output is made
//! of. A copy has rows of its own where a layer sees a replaced base; the others it shares. Values
//! are those of the copy by itself, to the bit: each row of a product is the same chain of
//! operations wherever it stands.

use std::ops::Range;

use super::{Arithmetic, DenseKernel, Stream};
use crate::engine::cpu::matmul::Rows;
use crate::models::Replacement;

/// Copies computed together: whole tiles of rows even in the last layers, and still in the cache.
const TOGETHER: usize = 48;

/// Which rows of each layer the output of a window is made of; layer 0 is the stem.
#[derive(Clone, Debug)]
pub struct Plan {
    needed: Vec<Vec<usize>>,
    /// Of each block, for each needed row of its output, which of the needed rows of its input it
    /// is made of.
    taps: Vec<Vec<[usize; 3]>>,
    /// Nucleotides that a row of each layer sees.
    sees: Vec<usize>,
}

impl Plan {
    fn new(stem_width: usize, dilations: &[usize]) -> Self {
        let taps_of = |row: usize, dilation: usize| [row, row + dilation, row + 2 * dilation];
        let mut needed = vec![vec![0]];
        for &dilation in dilations.iter().rev() {
            let after = &needed[needed.len() - 1];
            let mut before: Vec<usize> =
                after.iter().flat_map(|&row| taps_of(row, dilation)).collect();
            before.sort_unstable();
            before.dedup();
            needed.push(before);
        }
        needed.reverse();
        let taps = dilations.iter().enumerate().map(|(block, &dilation)| {
            let number = |row| needed[block].partition_point(|&kept| kept < row);
            needed[block + 1].iter().map(|&row| taps_of(row, dilation).map(number)).collect()
        });
        let taps = taps.collect();
        let mut sees = vec![stem_width];
        sees.extend(dilations.iter().scan(stem_width, |sum, dilation| {
            *sum += 2 * dilation;
            Some(*sum)
        }));
        Self { needed, taps, sees }
    }

    /// Returns which of a layer's needed rows see a base of a range.
    fn that_see(&self, layer: usize, bases: &Range<usize>) -> Range<usize> {
        let (rows, sees) = (&self.needed[layer], self.sees[layer]);
        let first = rows.partition_point(|&row| row + sees <= bases.start);
        first..rows.partition_point(|&row| row < bases.end)
    }
}

/// Rows of a layer: the stream and its rectified values.
#[derive(Default)]
struct Values<T> {
    stream: Vec<f32>,
    rectified: Vec<T>,
}

/// Where the rows are that a block reads.
struct Sources<'a, T> {
    /// The window's own.
    window: &'a Values<T>,
    /// The copies', one copy behind the other: of each those in `range` of the needed ones.
    copies: &'a Values<T>,
    range: Range<usize>,
    count: usize,
}

impl<A: Arithmetic> DenseKernel<A> {
    /// As [`super::Kernel::first_of_copies`].
    pub(super) fn of_copies(&self, window: &[u8], replacements: &[Replacement<'_>]) -> Vec<f32> {
        let new = || Plan::new(self.stem.width(), &self.dilations);
        let plan = self.plans.copies.get_or_init(new);
        let layers = self.layers(window, plan);
        let mut scratch = Scratch::default();
        let mut outputs = Vec::new();
        for replacement in replacements {
            let bases = replacement.bases();
            let together = TOGETHER * bases.len();
            for stretches in replacement.stretches.chunks(together.max(1)) {
                let count = stretches.len() / bases.len();
                self.copies(plan, &layers, (window, &bases, stretches), count, &mut scratch);
                let (logits, _) = self.layers.heads(count, &scratch.values.rectified);
                outputs.extend(logits);
            }
        }
        outputs
    }

    /// Computes the needed rows of every layer of a window.
    fn layers(&self, window: &[u8], plan: &Plan) -> Vec<Values<A::Value>> {
        let mut stem = Values::default();
        self.embed_rows(window, &plan.needed[0], &mut stem);
        let mut layers = vec![stem];
        let mut operand = Vec::new();
        for number in 0..self.dilations.len() {
            let before = &layers[number];
            let range = 0..plan.needed[number].len();
            let sources = Sources { window: before, copies: before, range, count: 1 };
            let mut after = Values::default();
            self.block_rows(number, &plan.taps[number], &sources, &mut operand, &mut after);
            layers.push(after);
        }
        layers
    }

    /// Leaves the rectified trunk output of copies in `scratch.values`.
    fn copies(
        &self,
        plan: &Plan,
        layers: &[Values<A::Value>],
        (window, bases, stretches): (&[u8], &Range<usize>, &[u8]),
        count: usize,
        scratch: &mut Scratch<A::Value>,
    ) {
        let Scratch { copy, operand, values, next } = scratch;
        let mut range = plan.that_see(0, bases);
        values.stream.clear();
        values.rectified.clear();
        for stretch in stretches.chunks_exact(bases.len()) {
            copy.clear();
            copy.extend_from_slice(window);
            copy[bases.clone()].copy_from_slice(stretch);
            self.embed_rows(copy, &plan.needed[0][range.clone()], values);
        }
        for (number, window) in layers[..self.dilations.len()].iter().enumerate() {
            let after = plan.that_see(number + 1, bases);
            let sources = Sources { window, copies: values, range, count };
            self.block_rows(number, &plan.taps[number][after.clone()], &sources, operand, next);
            std::mem::swap(values, next);
            range = after;
        }
    }

    /// Adds rows of the stem.
    fn embed_rows(&self, sequence: &[u8], rows: &[usize], values: &mut Values<A::Value>) {
        let start = values.stream.len();
        let end = start + rows.len() * self.stem.channels();
        values.stream.resize(end, 0.0);
        values.rectified.resize(end, A::Value::default());
        self.stem.rows(sequence, rows.iter().copied(), &mut values.stream[start..]);
        self.layers.rectify(&values.stream[start..], &mut values.rectified[start..]);
    }

    /// Computes rows of a block, of each copy those that are made of `taps`.
    fn block_rows(
        &self,
        number: usize,
        taps: &[[usize; 3]],
        sources: &Sources<'_, A::Value>,
        operand: &mut Vec<A::Value>,
        out: &mut Values<A::Value>,
    ) {
        let channels = self.stem.channels();
        let rows = sources.count * taps.len();
        operand.clear();
        out.stream.clear();
        for copy in 0..sources.count {
            let first = copy * sources.range.len();
            let find = |tap: usize| {
                if sources.range.contains(&tap) {
                    (sources.copies, (first + tap - sources.range.start) * channels)
                } else {
                    (sources.window, tap * channels)
                }
            };
            for taps in taps {
                for &tap in taps {
                    let (values, at) = find(tap);
                    operand.extend_from_slice(&values.rectified[at..at + channels]);
                }
                let (values, at) = find(taps[1]);
                out.stream.extend_from_slice(&values.stream[at..at + channels]);
            }
        }
        out.rectified.resize(rows * channels, A::Value::default());
        let operand = Rows {
            data: operand,
            rows,
            row_stride: 3 * channels,
            segments: &[0, channels, 2 * channels],
            length: channels,
            k_stride: 1,
        };
        let Values { stream: values, rectified } = out;
        self.layers.block(number, operand, Stream { values, rectified, dilation: 0 });
    }
}

/// Buffers, reused between copies.
#[derive(Default)]
struct Scratch<T> {
    copy: Vec<u8>,
    operand: Vec<T>,
    values: Values<T>,
    next: Values<T>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hexamer_changes_few_rows() {
        let plan = Plan::new(16, &[1, 2, 4, 8, 16, 33, 48]);
        let of_all: Vec<usize> = plan.needed.iter().map(Vec::len).collect();
        assert_eq!(of_all[7], 1);
        assert_eq!(plan.sees, [16, 18, 22, 30, 46, 78, 144, 240]);
        let mut sum = 0;
        for at in 0..=234 {
            let ranges: Vec<Range<usize>> =
                (0..8).map(|layer| plan.that_see(layer, &(at..at + 6))).collect();
            // The output sees every base.
            assert_eq!(ranges[7], 0..1);
            for (layer, range) in ranges.iter().enumerate() {
                for (number, &row) in plan.needed[layer].iter().enumerate() {
                    let sees = row < at + 6 && row + plan.sees[layer] > at;
                    assert_eq!(range.contains(&number), sees, "{at} {layer} {row}");
                }
            }
            sum += ranges[1..].iter().map(Range::len).sum::<usize>();
        }
        let mean = sum as f64 / 235.0;
        let all: usize = of_all[1..].iter().sum();
        assert!(mean < 0.16 * all as f64, "{mean} of {all}");
    }
}
