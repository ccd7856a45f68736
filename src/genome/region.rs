//! Regions of a genome: `chr9:1-1,000,000`, BED files, and sets of intervals.

use std::ops::Range;
use std::path::Path;

use super::contigs::Contigs;
use crate::error::Result;

/// A stretch of one contig, 0-based half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    pub contig: usize,
    pub range: Range<u64>,
}

impl Region {
    /// Parses `NAME`, `NAME:START`, `NAME:START-END` or `NAME:START-` (1-based, inclusive, commas allowed; a
    /// name may hold colons: the whole text is tried as a name first).
    pub fn parse(_text: &str, _contigs: &Contigs) -> Result<Self> {
        todo!()
    }
}

/// Reads the regions of a BED file.
pub fn read_bed(_path: &Path, _contigs: &Contigs) -> Result<Vec<Region>> {
    todo!()
}

/// Sorted, disjoint, non-adjacent intervals on one contig and strand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals(Vec<Range<u64>>);

impl Intervals {
    /// Merges any ranges into a set.
    pub fn new(_ranges: Vec<Range<u64>>) -> Self {
        todo!()
    }
    /// Returns the intervals in order.
    pub fn as_slice(&self) -> &[Range<u64>] {
        &self.0
    }
    /// Returns the positions in both.
    pub fn intersect(&self, _other: &Self) -> Self {
        todo!()
    }
    /// Returns the set widened by `margin` on both sides of each interval, within `0..length`.
    pub fn widen(&self, _margin: u64, _length: u64) -> Self {
        todo!()
    }
    /// Returns whether `position` is inside (binary search).
    pub fn contains(&self, _position: u64) -> bool {
        todo!()
    }
    /// Returns the number of positions.
    pub fn total(&self) -> u64 {
        todo!()
    }
}
