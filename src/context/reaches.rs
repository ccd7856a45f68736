//! Ranges by position.

use std::ops::Range;

/// Finds the ranges that overlap another one.
#[derive(Debug, Default)]
pub(crate) struct Reaches {
    /// By start.
    list: Vec<Reach>,
}

#[derive(Debug)]
struct Reach {
    range: Range<u64>,
    /// Its number.
    number: usize,
    /// The greatest end of this one and all before it.
    greatest: u64,
}

impl Reaches {
    /// Indexes ranges with numbers, such as those of genes; empty ranges are never found.
    pub(crate) fn new(mut ranges: Vec<(Range<u64>, usize)>) -> Self {
        ranges.sort_by_key(|(range, number)| (range.start, range.end, *number));
        let mut greatest = 0;
        let list = ranges.into_iter().map(|(range, number)| {
            greatest = range.end.max(greatest);
            Reach { range, number, greatest }
        });
        Self { list: list.collect() }
    }

    /// Returns the numbers whose ranges overlap `query`, by start, end and number.
    pub(crate) fn overlapping(&self, query: &Range<u64>) -> Vec<usize> {
        let before = self.list.partition_point(|reach| reach.range.start < query.end);
        let may = self.list[..before].iter().rev().take_while(|reach| reach.greatest > query.start);
        let here = may.filter(|reach| reach.range.end > query.start && !reach.range.is_empty());
        let mut numbers: Vec<usize> = here.map(|reach| reach.number).collect();
        numbers.reverse();
        numbers
    }
}
