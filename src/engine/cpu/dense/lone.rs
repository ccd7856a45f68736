//! Windows by themselves: of each layer only the positions that the output is made of.
//!
//! A scan computes every layer once per position; for a single window that would be all 240 positions of every
//! layer, where the last block needs 3 of its input, the one before 9, and so on. Values are those of a scan, to
//! the bit: each row of a product is the same chain of operations wherever it stands.

use super::{Buffers, DenseKernel, Residual};
use crate::engine::cpu::product::{Rows, product};

/// Windows computed together: enough rows for full tiles, few enough to stay in the cache.
const TOGETHER: usize = 8;
/// The first blocks are computed at every position as long as this share is needed: rows in a row are not copied.
const NEARLY_ALL: f64 = 0.6;

/// What of each block a window by itself needs.
#[derive(Clone, Debug)]
pub struct Lone {
    /// So many blocks are computed at every position.
    whole: usize,
    /// Of each other block: which rows of its input each row of its output is made of.
    made_of: Vec<Vec<[usize; 3]>>,
}

impl Lone {
    /// Finds the rows, from the only one of the last block back to the first.
    pub fn new(dilations: &[usize]) -> Self {
        let mut needed = vec![vec![0]];
        for dilation in dilations.iter().rev() {
            let mut before: Vec<usize> =
                needed[needed.len() - 1].iter().flat_map(|&t| taps(t, *dilation)).collect();
            before.sort_unstable();
            before.dedup();
            needed.push(before);
        }
        needed.reverse();
        // Of the outputs of a block.
        let is_whole = |(rows, i): (&Vec<usize>, usize)| {
            let all = 1 + 2 * dilations[i + 1..].iter().sum::<usize>();
            rows.len() as f64 >= NEARLY_ALL * all as f64
        };
        let whole = needed[1..].iter().zip(0..dilations.len() - 1).take_while(|&at| is_whole(at));
        let whole = whole.count();
        let made_of = (whole..dilations.len()).map(|i| {
            // The rows that are kept are numbered without gaps.
            let before =
                |t| if i == whole { t } else { needed[i].partition_point(|&kept| kept < t) };
            needed[i + 1].iter().map(|&t| taps(t, dilations[i]).map(before)).collect()
        });
        Self { whole, made_of: made_of.collect() }
    }
}

/// The rows that a block makes a row of.
fn taps(row: usize, dilation: usize) -> [usize; 3] {
    [row, row + dilation, row + 2 * dilation]
}

impl DenseKernel {
    /// Hands over, of windows as long as the receptive field, the first output without an activation and the hidden
    /// layer of each, batch by batch.
    ///
    /// # Panics
    /// If a window has another length.
    pub(super) fn alone(&self, windows: &[&[u8]], mut take: impl FnMut(&[f32], &[f32])) {
        let (mut buffers, mut operand) = (Buffers::default(), Vec::new());
        for windows in windows.chunks(TOGETHER) {
            let mut rows = self.embed_each(windows, &mut buffers);
            self.blocks_everywhere(
                &self.blocks[..self.lone.whole],
                windows.len() * rows,
                &mut buffers,
            );
            for (block, made_of) in self.blocks[self.lone.whole..].iter().zip(&self.lone.made_of) {
                self.gather(windows.len(), rows, made_of, &mut buffers, &mut operand);
                rows = made_of.len();
                let step = self.channels;
                let operand = Rows {
                    data: &operand,
                    rows: windows.len() * rows,
                    row_stride: 3 * step,
                    segments: &[0, step, 2 * step],
                    length: step,
                    k_stride: 1,
                };
                let (stream, rectified) = (&mut buffers.stream, &mut buffers.rectified);
                let mut residual = Residual { stream, rectified, bias: &block.bias, dilation: 0 };
                product(operand, &block.weight, &mut residual);
            }
            let (logits, hidden) = self.heads(windows.len(), &buffers.rectified);
            take(&logits, &hidden);
        }
    }

    /// Embeds windows one behind the other; returns the rows of each.
    fn embed_each(&self, windows: &[&[u8]], buffers: &mut Buffers) -> usize {
        let rows = self.receptive_field() + 1 - self.stem_width();
        let values = rows * self.channels;
        buffers.resize(windows.len() * values);
        for (i, window) in windows.iter().enumerate() {
            assert_eq!(window.len(), self.receptive_field(), "the window has another length");
            let range = i * values..(i + 1) * values;
            let Buffers { stream, rectified, .. } = &mut *buffers;
            self.embed(window, &mut stream[range.clone()], &mut rectified[range]);
        }
        rows
    }

    /// Copies what the rows of the next layer are made of, of windows of `rows` rows: three rectified rows to
    /// `operand`, and the stream of the middle one to its own row.
    fn gather(
        &self,
        windows: usize,
        rows: usize,
        made_of: &[[usize; 3]],
        buffers: &mut Buffers,
        operand: &mut Vec<f32>,
    ) {
        let channels = self.channels;
        operand.clear();
        for window in 0..windows {
            for (row, taps) in made_of.iter().enumerate() {
                let taps = taps.map(|tap| (window * rows + tap) * channels);
                for tap in taps {
                    operand.extend_from_slice(&buffers.rectified[tap..tap + channels]);
                }
                // Never ahead of what is still to be read: a row is made of later ones.
                let to = (window * made_of.len() + row) * channels;
                buffers.stream.copy_within(taps[1]..taps[1] + channels, to);
            }
        }
    }
}
