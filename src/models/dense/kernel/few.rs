//! A few windows by themselves, as short contigs and single sites have: of each layer only the
//! positions that the outputs are made of.
//!
//! A scan computes every layer once per position; for a single window that would be all 240
//! positions of every layer, where the last block needs 3 of its input, the one before 9, and so
//! on. Values are those of a scan, to the bit: each row of a product is the same chain of
//! operations wherever it stands.

use std::sync::OnceLock;

use super::{Arithmetic, Buffers, DenseKernel, Stream, copies};
use crate::engine::cpu::matmul::Rows;

/// Neighbouring windows for which this saves work; more need nearly every position.
pub(super) const MOST: usize = 8;
/// Sequences computed together: enough rows for full tiles, few enough to stay in the cache.
const TOGETHER: usize = 8;
/// The first blocks are computed at every position as long as this share is needed: rows in a row
/// are not copied.
const NEARLY_ALL: f64 = 0.6;

/// What of each block some neighbouring windows need.
#[derive(Clone, Debug, PartialEq)]
struct Plan {
    /// So many blocks are computed at every position.
    whole: usize,
    /// Of each other block: which rows of its input each row of its output is made of.
    made_of: Vec<Vec<[usize; 3]>>,
}

impl Plan {
    /// Finds the rows, from those of the last block, one per window, back to the first.
    fn new(windows: usize, dilations: &[usize]) -> Self {
        let mut needed: Vec<Vec<usize>> = vec![(0..windows).collect()];
        for dilation in dilations.iter().rev() {
            let after = &needed[needed.len() - 1];
            let mut before: Vec<usize> =
                after.iter().flat_map(|&row| taps(row, *dilation)).collect();
            before.sort_unstable();
            before.dedup();
            needed.push(before);
        }
        needed.reverse();
        let is_whole = |block: &usize| {
            let all = windows + 2 * dilations[block + 1..].iter().sum::<usize>();
            needed[block + 1].len() as f64 >= NEARLY_ALL * all as f64
        };
        // Not the last one: its rows are those of the windows and nothing else.
        let whole = (0..dilations.len().saturating_sub(1)).take_while(is_whole).count();
        let made_of = (whole..dilations.len()).map(|block| {
            // The rows that are kept are numbered without gaps.
            let number = |row| {
                if block == whole { row } else { needed[block].partition_point(|&kept| kept < row) }
            };
            let rows = needed[block + 1].iter();
            rows.map(|&row| taps(row, dilations[block]).map(number)).collect()
        });
        Self { whole, made_of: made_of.collect() }
    }
}

/// The plans of a network, made when they are first needed.
#[derive(Clone, Debug, Default)]
pub struct Plans {
    few: [OnceLock<Plan>; MOST],
    /// Of copies of a window.
    pub(super) copies: OnceLock<copies::Plan>,
}

/// The rows that a block makes a row of.
fn taps(row: usize, dilation: usize) -> [usize; 3] {
    [row, row + dilation, row + 2 * dilation]
}

impl<A: Arithmetic> DenseKernel<A> {
    /// Hands over, of sequences of so many windows each (1 to [`MOST`]), the first output without
    /// an activation and the hidden layer of each window, batch by batch.
    ///
    /// # Panics
    /// If a sequence has another length.
    pub(super) fn few(
        &self,
        sequences: &[&[u8]],
        windows: usize,
        mut take: impl FnMut(&[f32], &[A::Value]),
    ) {
        let plan = self.plans.few[windows - 1].get_or_init(|| Plan::new(windows, &self.dilations));
        let (mut buffers, mut operand) = (Buffers::default(), Vec::new());
        for sequences in sequences.chunks(TOGETHER) {
            let mut rows = self.embed_each(sequences, windows, &mut buffers);
            self.blocks_everywhere(0..plan.whole, sequences.len() * rows, &mut buffers);
            for (number, made_of) in (plan.whole..).zip(&plan.made_of) {
                self.gather(sequences.len(), rows, made_of, &mut buffers, &mut operand);
                rows = made_of.len();
                let step = self.stem.channels();
                let operand = Rows {
                    data: &operand,
                    rows: sequences.len() * rows,
                    row_stride: 3 * step,
                    segments: &[0, step, 2 * step],
                    length: step,
                    k_stride: 1,
                };
                let (values, rectified) = (&mut *buffers.stream, &mut *buffers.rectified);
                let stream = Stream { values, rectified, dilation: 0 };
                self.layers.block(number, operand, stream);
            }
            let (logits, hidden) = self.layers.heads(sequences.len() * windows, &buffers.rectified);
            take(&logits, &hidden);
        }
    }

    /// Embeds sequences one behind the other; returns the rows of each.
    fn embed_each(
        &self,
        sequences: &[&[u8]],
        windows: usize,
        buffers: &mut Buffers<A::Value>,
    ) -> usize {
        let length = self.receptive_field() + windows - 1;
        let rows = length + 1 - self.stem.width();
        let values = rows * self.stem.channels();
        buffers.resize(sequences.len() * values);
        for (i, sequence) in sequences.iter().enumerate() {
            assert_eq!(sequence.len(), length, "the sequence has another length");
            let range = i * values..(i + 1) * values;
            let Buffers { stream, rectified, .. } = &mut *buffers;
            self.embed(sequence, &mut stream[range.clone()], &mut rectified[range]);
        }
        rows
    }

    /// Copies what the rows of the next layer are made of, of sequences of `rows` rows: three
    /// rectified rows to `operand`, and the stream of the middle one to its own row.
    fn gather(
        &self,
        sequences: usize,
        rows: usize,
        made_of: &[[usize; 3]],
        buffers: &mut Buffers<A::Value>,
        operand: &mut Vec<A::Value>,
    ) {
        let channels = self.stem.channels();
        operand.clear();
        for sequence in 0..sequences {
            for (row, taps) in made_of.iter().enumerate() {
                let taps = taps.map(|tap| (sequence * rows + tap) * channels);
                for tap in taps {
                    operand.extend_from_slice(&buffers.rectified[tap..tap + channels]);
                }
                // Never ahead of what is still to be read: a row is made of later ones.
                let to = (sequence * made_of.len() + row) * channels;
                buffers.stream.copy_within(taps[1]..taps[1] + channels, to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_need_few_rows_of_the_last_layers() {
        let dilations = [1, 2, 4, 8, 16, 33, 48];
        let rows = |plan: &Plan| plan.made_of.iter().map(Vec::len).collect::<Vec<_>>();
        let one = Plan::new(1, &dilations);
        assert_eq!((one.whole, rows(&one)), (1, vec![117, 57, 27, 9, 3, 1]));
        assert_eq!(one.made_of[5], [[0, 1, 2]]);
        let two = Plan::new(2, &dilations);
        assert_eq!((two.whole, rows(&two)), (2, vec![84, 40, 18, 6, 2]));
        // The rows before the last block: 0, 1, 48, 49, 96 and 97.
        assert_eq!(two.made_of[4], [[0, 2, 4], [1, 3, 5]]);
    }
}
