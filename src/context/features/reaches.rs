//! Genes by position, each with what lies past its 3' end.

use std::ops::Range;

/// Finds the ranges that overlap another one.
#[derive(Debug, Default)]
pub(super) struct Reaches {
    /// By start.
    list: Vec<Reach>,
}

#[derive(Debug)]
struct Reach {
    range: Range<u64>,
    /// Number of the gene.
    gene: usize,
    /// The greatest end of this one and all before it.
    greatest: u64,
}

impl Reaches {
    /// Indexes ranges with the numbers of their genes; empty ranges are never found.
    pub(super) fn new(mut ranges: Vec<(Range<u64>, usize)>) -> Self {
        ranges.sort_by_key(|(range, gene)| (range.start, range.end, *gene));
        let mut greatest = 0;
        let list = ranges.into_iter().map(|(range, gene)| {
            greatest = range.end.max(greatest);
            Reach { range, gene, greatest }
        });
        Self { list: list.collect() }
    }

    /// Returns the genes whose ranges overlap `query`, by start, end and number.
    pub(super) fn overlapping(&self, query: &Range<u64>) -> Vec<usize> {
        let before = self.list.partition_point(|reach| reach.range.start < query.end);
        let may = self.list[..before].iter().rev().take_while(|reach| reach.greatest > query.start);
        let here = may.filter(|reach| reach.range.end > query.start && !reach.range.is_empty());
        let mut genes: Vec<usize> = here.map(|reach| reach.gene).collect();
        genes.reverse();
        genes
    }
}
