//! Scans that are held, so that copies of a sequence cost only what is replaced in them.

use std::ops::Range;

use super::StrandScores;

/// Scans, and holds what it computed ([`Model::holder`](super::Model::holder)).
pub trait Holder: Sync {
    /// Scores every 240-nt window of `sequence` as [`Model::scan`](super::Model::scan) does.
    fn hold(&self, sequence: &[u8], cleavage_above: f32) -> (StrandScores, Box<dyn HeldScan + '_>);
}

/// A scan that was held.
pub trait HeldScan: Send {
    /// Scores every 240-nt window of a copy of part of the held sequence, as
    /// [`Model::scan`](super::Model::scan) does, to the bit.
    fn scan_copy(&self, copy: &ChangedCopy<'_>, cleavage_above: f32) -> StrandScores;
}

/// A copy of part of a sequence in which a stretch is replaced: what stands before the stretch is the
/// sequence from `at` on, what stands after it is what follows the replaced bases there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedCopy<'a> {
    /// The copy's codes.
    pub codes: &'a [u8],
    /// Index in the sequence of the copy's first base.
    pub at: usize,
    /// Bases of the copy before the stretch.
    pub before: usize,
    /// Bases of the copy in the stretch.
    pub put_in: usize,
    /// Bases of the sequence that they stand for.
    pub removed: usize,
}

impl<'a> ChangedCopy<'a> {
    /// Returns the copy if that is what `codes` are of `sequence`.
    pub fn new(
        sequence: &[u8],
        codes: &'a [u8],
        at: usize,
        before: usize,
        [removed, put_in]: [usize; 2],
    ) -> Option<Self> {
        let after = codes.get(before + put_in..)?;
        let in_sequence = sequence.get(at + before + removed..)?;
        let is_copy = sequence.get(at..at + before)? == codes.get(..before)?
            && in_sequence.get(..after.len())? == after;
        is_copy.then_some(Self { codes, at, before, put_in, removed })
    }

    /// Returns which rows of a layer see the stretch, or its place where nothing is put in; a row sees
    /// so many nucleotides from its own index on.
    pub(super) fn seeing(&self, nucleotides: usize) -> Range<usize> {
        let rows = (self.codes.len() + 1).saturating_sub(nucleotides);
        let first = (self.before + 1).saturating_sub(nucleotides).min(rows);
        first..(self.before + self.put_in).clamp(first, rows)
    }

    /// Returns the sequence's row that is equal to a row behind the stretch.
    pub(super) fn held_row(&self, row: usize) -> usize {
        self.at + row + self.removed - self.put_in
    }
}
