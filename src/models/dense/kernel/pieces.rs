//! The trunk piece by piece, so that all layers of a piece stay in the cache: of what a block reads
//! the rows are kept that the next piece reads too, and none is computed twice.

use super::{Arithmetic, Buffers, DenseKernel, Stream};

/// Windows in a piece: whole tiles of every product's rows.
pub(super) const PIECE: usize = 288;

/// What a block keeps for the next piece; nothing before the first one.
#[derive(Default)]
pub(super) struct Kept<T> {
    /// The last rows that it has read, twice its dilation.
    rectified: Vec<T>,
    /// The stream of the latter half of them: the middle taps of the rows to come.
    stream: Vec<f32>,
}

impl<A: Arithmetic> DenseKernel<A> {
    /// Returns what the blocks keep before the first piece.
    pub(super) fn nothing_kept(&self) -> Vec<Kept<A::Value>> {
        self.dilations.iter().map(|_| Kept::default()).collect()
    }

    /// Leaves the rectified trunk outputs of the next `count` windows of a sequence in
    /// `buffers.rectified`. `bases` end with the last window; those of the first piece begin with
    /// its first window, later ones with what the stem has not read as a whole.
    pub(super) fn piece(
        &self,
        bases: &[u8],
        count: usize,
        kept: &mut [Kept<A::Value>],
        buffers: &mut Buffers<A::Value>,
    ) {
        let channels = self.stem.channels();
        buffers.resize((count + self.receptive_field() - self.stem.width()) * channels);
        let Buffers { stream, rectified, next } = buffers;
        let of_stem = (bases.len() + 1 - self.stem.width()) * channels;
        // Each block puts what it has kept in front.
        let mut start = kept.iter().map(|kept| kept.stream.len()).sum();
        let mut end = start + of_stem;
        let mut before = kept.first().map_or(0, |kept| kept.rectified.len());
        self.embed(bases, &mut stream[start..], &mut rectified[before..]);
        for (number, &dilation) in self.dilations.iter().enumerate() {
            let [kept, later @ ..] = &mut kept[number..] else { unreachable!("one of each block") };
            let step = dilation * channels;
            let read = before + end - start;
            carry(&mut kept.rectified, rectified, before, read, 2 * step);
            let first = carry(&mut kept.stream, stream, start, end, step);
            // What was kept of the stream begins with the middle tap of row 0.
            let dilation = dilation - (start - first) / channels;
            before = later.first().map_or(0, |later| later.rectified.len());
            let (values, next_rectified) = (&mut stream[first..], &mut next[before..]);
            let into = Stream { values, rectified: next_rectified, dilation };
            self.block_everywhere(number, rectified, (read - 2 * step) / channels, into);
            (start, end) = (first, first + read - 2 * step);
            std::mem::swap(rectified, next);
        }
    }
}

/// Puts what was kept in front of the values of a piece, which lie from `start` to `end`, and keeps
/// the last `keep` in its place. Returns where they start now.
fn carry<T: Copy>(
    kept: &mut Vec<T>,
    values: &mut [T],
    start: usize,
    end: usize,
    keep: usize,
) -> usize {
    let first = start - kept.len();
    values[first..start].copy_from_slice(kept);
    kept.clear();
    kept.extend_from_slice(&values[end - keep..end]);
    first
}
