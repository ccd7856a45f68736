//! The sequence around a change, as it is and as it would be.

use std::ops::Range;
use std::sync::Arc;

use super::change::Change;
use crate::genome::sequence::{reverse_complement, stretch};
use crate::genome::strand::Strand;
use crate::models::{CENTRE, WINDOW};
use crate::scan::chunks::Chunk;

/// A stretch of a haplotype; positions count from the beginning of the whole sequence.
#[derive(Clone, Debug)]
pub struct Haplotype {
    /// Position of the first code.
    pub start: u64,
    pub codes: Arc<[u8]>,
    /// Length of the whole sequence.
    pub length: u64,
    /// What differs between the two haplotypes.
    pub changed: Range<u64>,
}

impl Haplotype {
    /// Returns `flank` nucleotides on either side of a change of `sequence`, less at its ends: as
    /// they are and as the change makes them.
    pub fn both(sequence: &[u8], change: &Change, flank: u64) -> [Self; 2] {
        let length = sequence.len() as u64;
        let start = change.start.saturating_sub(flank);
        let end = (change.end() + flank).min(length);
        let before = &sequence[start as usize..change.start as usize];
        let after = &sequence[change.end() as usize..end as usize];
        let changed = [before, &change.inserted, after].concat();
        [
            Self {
                start,
                codes: sequence[start as usize..end as usize].into(),
                length,
                changed: change.replaced(),
            },
            Self {
                start,
                codes: changed.into(),
                length: length - change.removed + change.inserted.len() as u64,
                changed: change.put_in(),
            },
        ]
    }

    /// Returns the stretch as a scan knows it, asking for some centres of each strand.
    pub fn chunk(&self, wanted: [Vec<Range<u64>>; 2]) -> Chunk {
        let ranges = || wanted.iter().flatten();
        let start = ranges().map(|range| range.start).min().unwrap_or(0);
        let end = ranges().map(|range| range.end).max().unwrap_or(0);
        Chunk {
            contig: 0,
            contig_length: self.length,
            start: self.start,
            codes: self.codes.clone(),
            centres: start..end,
            wanted,
        }
    }

    /// Returns the window centred on a position, in transcript direction; unknown where it reaches
    /// out of the stretch.
    pub fn window(&self, strand: Strand, position: u64) -> Vec<u8> {
        self.around(strand, position, CENTRE, WINDOW)
    }

    /// Returns `length` codes in transcript direction, `before` of them upstream of `position`.
    pub fn around(&self, strand: Strand, position: u64, before: usize, length: usize) -> Vec<u8> {
        let at = position as isize - self.start as isize;
        match strand {
            Strand::Plus => stretch(&self.codes, at - before as isize, length),
            Strand::Minus => {
                let start = at + before as isize + 1 - length as isize;
                reverse_complement(&stretch(&self.codes, start, length))
            }
        }
    }
}

/// Returns the centres of the windows that hold part of a changed stretch, or both its neighbours
/// where it is empty.
pub fn touching(strand: Strand, changed: &Range<u64>) -> Range<u64> {
    let (before, after) = match strand {
        Strand::Plus => (CENTRE as u64, (WINDOW - CENTRE) as u64),
        Strand::Minus => (CENTRE as u64 - 1, (WINDOW - CENTRE) as u64 + 1),
    };
    // The window of centre c is [c - before, c + after).
    (changed.start + 1).saturating_sub(after)..changed.end + before
}
