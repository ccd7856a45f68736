//! A scan whose layers are held: a copy of its sequence in which a stretch is replaced costs only the
//! rows of each layer that see the replacement, a fifth of all.
//!
//! Values are those of a scan of the copy, to the bit: each row of a product is the same chain of
//! operations wherever it stands.

use std::ops::Range;

use super::{Buffers, DenseKernel};
use crate::models::{ChangedCopy, HeldScan, Holder, StrandScores};

/// The rows of a layer: the stream and its rectified values.
struct Layer {
    stream: Vec<f32>,
    rectified: Vec<f32>,
    /// Nucleotides that a row sees.
    sees: usize,
}

/// What every layer says of a sequence: some 4 KB for each nucleotide.
struct HeldLayers<'k> {
    kernel: &'k DenseKernel,
    layers: Vec<Layer>,
}

impl Holder for DenseKernel {
    fn hold(&self, sequence: &[u8], cleavage_above: f32) -> (StrandScores, Box<dyn HeldScan + '_>) {
        let mut scores = StrandScores::default();
        let mut held = HeldLayers { kernel: self, layers: Vec::new() };
        let windows = (sequence.len() + 1).saturating_sub(self.receptive_field());
        if windows == 0 {
            return (scores, Box::new(held));
        }
        let mut sees = self.stem_width();
        let mut rows = sequence.len() + 1 - sees;
        let mut buffers = Buffers::default();
        buffers.resize(rows * self.channels);
        self.embed(sequence, &mut buffers.stream, &mut buffers.rectified);
        held.keep(&buffers, rows * self.channels, sees);
        for block in &self.blocks {
            self.blocks_everywhere(std::slice::from_ref(block), rows, &mut buffers);
            (rows, sees) = (rows - 2 * block.dilation, sees + 2 * block.dilation);
            held.keep(&buffers, rows * self.channels, sees);
        }
        self.said(windows, &buffers.rectified, cleavage_above, &mut scores);
        (scores, Box::new(held))
    }
}

impl HeldScan for HeldLayers<'_> {
    fn scan_copy(&self, copy: &ChangedCopy<'_>, cleavage_above: f32) -> StrandScores {
        let Self { kernel, layers } = self;
        let mut scores = StrandScores::default();
        let windows = (copy.codes.len() + 1).saturating_sub(kernel.receptive_field());
        let (Some(stem), Some(last)) = (layers.first(), layers.last()) else { return scores };
        if windows == 0 {
            return scores;
        }
        let (mut buffers, mut changed) = (Buffers::default(), Vec::new());
        let mut seen = copy.seeing(stem.sees);
        buffers.resize(seen.len() * kernel.channels);
        if !seen.is_empty() {
            let bases = &copy.codes[seen.start..seen.end + stem.sees - 1];
            kernel.embed(bases, &mut buffers.stream, &mut buffers.rectified);
        }
        for (block, (layer, next)) in kernel.blocks.iter().zip(layers.iter().zip(&layers[1..])) {
            let after = copy.seeing(next.sees);
            let needed = after.start..after.end + 2 * block.dilation;
            let of = Rows { copy, seen, needed: needed.clone() };
            of.put_together(&layer.stream, &mut buffers.stream, &mut changed, kernel.channels);
            of.put_together(
                &layer.rectified,
                &mut buffers.rectified,
                &mut changed,
                kernel.channels,
            );
            buffers.next.resize(buffers.rectified.len(), 0.0);
            kernel.blocks_everywhere(std::slice::from_ref(block), needed.len(), &mut buffers);
            seen = after;
        }
        let of = Rows { copy, seen, needed: 0..windows };
        of.put_together(&last.rectified, &mut buffers.rectified, &mut changed, kernel.channels);
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
    fn put_together(
        &self,
        held: &[f32],
        rows: &mut Vec<f32>,
        changed: &mut Vec<f32>,
        channels: usize,
    ) {
        let Self { copy, seen, needed } = self;
        let place = |row: usize| copy.held_row(row) * channels;
        changed.clear();
        changed.extend_from_slice(&rows[..seen.len() * channels]);
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

impl HeldLayers<'_> {
    fn keep(&mut self, buffers: &Buffers, values: usize, sees: usize) {
        let stream = buffers.stream[..values].to_vec();
        let rectified = buffers.rectified[..values].to_vec();
        self.layers.push(Layer { stream, rectified, sees });
    }
}
