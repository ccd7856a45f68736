//! A scan whose layers are held: a copy of its sequence in which a stretch is replaced costs only the
//! rows of each layer that see the replacement, a fifth of all.
//!
//! Values are those of a scan of the copy, to the bit: each row of a product is the same chain of
//! operations wherever it stands.

use std::ops::Range;

use super::{Arithmetic, Buffers, DenseKernel, Stream};
use crate::models::{ChangedCopy, HeldScan, Holder, StrandScores};

/// The rows of a layer: the stream and its rectified values.
struct Layer<T> {
    /// At least those of its rows.
    stream: Vec<f32>,
    rectified: Vec<T>,
    /// Nucleotides that a row sees.
    sees: usize,
}

/// What every layer says of a sequence: some 4 KB for each nucleotide.
struct HeldLayers<'k, A: Arithmetic> {
    kernel: &'k DenseKernel<A>,
    layers: Vec<Layer<A::Value>>,
}

impl<A: Arithmetic> Holder for DenseKernel<A> {
    fn hold(&self, sequence: &[u8], cleavage_above: f32) -> (StrandScores, Box<dyn HeldScan + '_>) {
        let mut scores = StrandScores::default();
        let mut held = HeldLayers { kernel: self, layers: Vec::new() };
        let windows = (sequence.len() + 1).saturating_sub(self.receptive_field());
        if windows == 0 {
            return (scores, Box::new(held));
        }
        let channels = self.stem.channels();
        let mut sees = self.stem.width();
        let mut rows = sequence.len() + 1 - sees;
        let values = rows * channels;
        let (stream, rectified) = (vec![0.0; values], vec![A::Value::default(); values]);
        let mut last = Layer { stream, rectified, sees };
        self.embed(sequence, &mut last.stream, &mut last.rectified);
        for (block, &dilation) in self.dilations.iter().enumerate() {
            (rows, sees) = (rows - 2 * dilation, sees + 2 * dilation);
            let mut stream = last.stream.clone();
            let mut rectified = vec![A::Value::default(); rows * channels];
            let into = Stream { values: &mut stream, rectified: &mut rectified, dilation };
            self.block_everywhere(block, &last.rectified, rows, into);
            held.layers.push(std::mem::replace(&mut last, Layer { stream, rectified, sees }));
        }
        self.said(windows, &last.rectified, cleavage_above, &mut scores);
        held.layers.push(last);
        (scores, Box::new(held))
    }
}

impl<A: Arithmetic> HeldScan for HeldLayers<'_, A> {
    fn scan_copy(&self, copy: &ChangedCopy<'_>, cleavage_above: f32) -> StrandScores {
        let Self { kernel, layers } = self;
        let channels = kernel.stem.channels();
        let mut scores = StrandScores::default();
        let windows = (copy.codes.len() + 1).saturating_sub(kernel.receptive_field());
        let (Some(stem), Some(last)) = (layers.first(), layers.last()) else { return scores };
        if windows == 0 {
            return scores;
        }
        let mut buffers = Buffers::default();
        let mut seen = copy.seeing(stem.sees);
        buffers.resize(seen.len() * channels);
        if !seen.is_empty() {
            let bases = &copy.codes[seen.start..seen.end + stem.sees - 1];
            kernel.embed(bases, &mut buffers.stream, &mut buffers.rectified);
        }
        for (block, dilation) in kernel.dilations.iter().enumerate() {
            let (layer, next) = (&layers[block], &layers[block + 1]);
            let after = copy.seeing(next.sees);
            let needed = after.start..after.end + 2 * dilation;
            let of = Rows { copy, seen, needed: needed.clone() };
            of.put_together(&layer.stream, &mut buffers.stream, channels);
            of.put_together(&layer.rectified, &mut buffers.rectified, channels);
            buffers.next.resize(buffers.rectified.len(), A::Value::default());
            kernel.blocks_everywhere(block..block + 1, needed.len(), &mut buffers);
            seen = after;
        }
        let of = Rows { copy, seen, needed: 0..windows };
        of.put_together(&last.rectified, &mut buffers.rectified, channels);
        kernel.said(windows, &buffers.rectified, cleavage_above, &mut scores);
        scores
    }
}

/// Rows of a layer of a copy.
struct Rows<'c> {
    copy: &'c ChangedCopy<'c>,
    /// Those that see what was put in.
    seen: Range<usize>,
    /// Those that the next layer reads.
    needed: Range<usize>,
}

impl Rows<'_> {
    /// Makes `rows` those needed: of those that see what was put in, with which it begins, and of the
    /// held ones around them.
    fn put_together<T: Copy>(&self, held: &[T], rows: &mut Vec<T>, channels: usize) {
        let Self { copy, seen, needed } = self;
        let place = |row: usize| copy.held_row(row) * channels;
        let changed = rows[..seen.len() * channels].to_vec();
        rows.clear();
        if needed.start < seen.start {
            let count = (seen.start.min(needed.end) - needed.start) * channels;
            let from = (copy.at + needed.start) * channels;
            rows.extend_from_slice(&held[from..from + count]);
        }
        let own = needed.start.max(seen.start)..needed.end.min(seen.end);
        if !own.is_empty() {
            let first = (own.start - seen.start) * channels;
            rows.extend_from_slice(&changed[first..first + own.len() * channels]);
        }
        let after = needed.start.max(seen.end);
        if after < needed.end {
            rows.extend_from_slice(&held[place(after)..place(needed.end)]);
        }
    }
}
