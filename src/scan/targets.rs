//! What a scan is asked for: positions by contig and strand.

use std::ops::Range;

use crate::context::features::GeneContext;
use crate::genome::contigs::Contigs;
use crate::genome::region::{Intervals, Region};
use crate::genome::strand::Strand;
use crate::models::weight_file::sha256;

/// Nucleotides scored on either side of what is asked for, so that a site inside is the same as in
/// a scan of everything. A site depends on windows up to 24 nt away from any part of its cluster:
/// the equality is exact for clusters that end less than 476 nt outside.
pub const REGION_CONTEXT: u64 = 500;

/// A region and the strand it speaks of (`None`: both).
pub type StrandedRegion = (Region, Option<Strand>);

/// The positions asked for, by contig and strand.
#[derive(Clone, Debug)]
pub struct Targets {
    by_contig: Vec<[Intervals; 2]>,
}

impl Targets {
    /// Asks for `strands` of every contig, or of the part of it inside `regions` (if given) and
    /// inside the targets of `genes` (if given).
    pub fn new(
        contigs: &Contigs,
        strands: &[Strand],
        regions: Option<&[StrandedRegion]>,
        genes: Option<&GeneContext>,
    ) -> Self {
        match genes {
            None => Self::build(contigs, strands, regions, None),
            Some(genes) => {
                let of_genes = |contig, strand| genes.targets(contig, strand);
                Self::build(contigs, strands, regions, Some(&of_genes))
            }
        }
    }

    fn build(
        contigs: &Contigs,
        strands: &[Strand],
        regions: Option<&[StrandedRegion]>,
        genes: Option<&dyn Fn(usize, Strand) -> Intervals>,
    ) -> Self {
        let mut ranges = asked_ranges(contigs, regions);
        let by_contig = contigs.iter().enumerate().map(|(contig, _)| {
            Strand::BOTH.map(|strand| {
                if !strands.contains(&strand) {
                    return Intervals::default();
                }
                let asked = std::mem::take(&mut ranges[contig][strand.index()]);
                let asked = Intervals::new(asked);
                match genes {
                    Some(genes) => asked.intersect(&genes(contig, strand)),
                    None => asked,
                }
            })
        });
        Self { by_contig: by_contig.collect() }
    }

    /// Asks for these positions, by contig and strand.
    pub fn from_intervals(by_contig: Vec<[Intervals; 2]>) -> Self {
        Self { by_contig }
    }

    /// Returns the positions asked for, by contig and strand.
    pub fn intervals(&self) -> &[[Intervals; 2]] {
        &self.by_contig
    }

    /// Returns a digest (sha256, hexadecimal) of the positions asked for.
    pub fn digest(&self) -> String {
        let strands = self.by_contig.iter().flatten().map(Intervals::as_slice);
        let numbers = strands.flat_map(|ranges| {
            let ends = ranges.iter().flat_map(|range| [range.start, range.end]);
            std::iter::once(ranges.len() as u64).chain(ends)
        });
        sha256(&numbers.flat_map(u64::to_le_bytes).collect::<Vec<u8>>())
    }

    /// Returns the positions asked for.
    pub fn get(&self, contig: usize, strand: Strand) -> &Intervals {
        &self.by_contig[contig][strand.index()]
    }

    /// Returns whether anything of the contig is asked for.
    pub fn wants(&self, contig: usize) -> bool {
        self.by_contig[contig].iter().any(|strand| !strand.as_slice().is_empty())
    }

    /// Returns what has to be scored of a contig of `length` nt.
    pub fn scoring(&self, contig: usize, length: u64) -> ScoringPlan {
        let strands =
            Strand::BOTH.map(|strand| self.get(contig, strand).widen(REGION_CONTEXT, length));
        let both = strands.iter().flat_map(|strand| strand.as_slice().iter().cloned()).collect();
        ScoringPlan { either: Intervals::new(both), strands }
    }

    /// Returns the number of positions to go through on all contigs, each counted once.
    pub fn scoring_total(&self, contigs: &Contigs) -> u64 {
        let wanted = contigs.iter().enumerate().filter(|&(contig, _)| self.wants(contig));
        wanted.map(|(contig, c)| self.scoring(contig, c.length).either.total()).sum()
    }
}

/// The positions of one contig to score: the targets and their margins.
#[derive(Clone, Debug)]
pub struct ScoringPlan {
    /// By strand.
    pub strands: [Intervals; 2],
    /// On one strand or both.
    pub either: Intervals,
}

/// Returns the ranges asked for by contig and strand, cut to the contigs, in the order given.
fn asked_ranges(
    contigs: &Contigs,
    regions: Option<&[StrandedRegion]>,
) -> Vec<[Vec<Range<u64>>; 2]> {
    let Some(regions) = regions else {
        let whole = |length: u64| (length > 0).then_some(0..length).into_iter().collect();
        return contigs.iter().map(|c| [whole(c.length), whole(c.length)]).collect();
    };
    let mut ranges = vec![[Vec::new(), Vec::new()]; contigs.len()];
    for (region, only) in regions {
        let range = region.range.start..region.range.end.min(contigs[region.contig].length);
        if range.is_empty() {
            continue;
        }
        for strand in Strand::BOTH.into_iter().filter(|&s| only.is_none_or(|only| only == s)) {
            ranges[region.contig][strand.index()].push(range.clone());
        }
    }
    ranges
}

/// Returns the parts of `query` that lie in `sorted` (ascending, disjoint), in order.
pub fn overlaps(
    sorted: &[Range<u64>],
    query: Range<u64>,
) -> impl Iterator<Item = Range<u64>> + use<'_> {
    let first = sorted.partition_point(|range| range.end <= query.start);
    let (start, end) = (query.start, query.end);
    sorted[first..]
        .iter()
        .take_while(move |range| range.start < end)
        .map(move |range| range.start.max(start)..range.end.min(end))
        .filter(|range| !range.is_empty())
}

/// Returns how many positions of `query` lie in `sorted` (ascending, disjoint).
pub fn overlap_total(sorted: &[Range<u64>], query: Range<u64>) -> u64 {
    overlaps(sorted, query).map(|range| range.end - range.start).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contigs() -> Contigs {
        let mut contigs = Contigs::default();
        contigs.push("a".into(), 5_000);
        contigs.push("empty".into(), 0);
        contigs.push("b".into(), 900);
        contigs
    }

    fn ranges<const N: usize>(ranges: [(u64, u64); N]) -> Vec<Range<u64>> {
        ranges.map(|(start, end)| start..end).to_vec()
    }

    fn region(contig: usize, range: Range<u64>) -> Region {
        Region { contig, range }
    }

    #[test]
    fn without_regions_every_position_of_the_chosen_strands_is_asked_for() {
        let targets = Targets::new(&contigs(), &[Strand::Minus], None, None);
        assert_eq!(targets.get(0, Strand::Minus).as_slice(), ranges([(0, 5_000)]));
        assert!(targets.get(0, Strand::Plus).as_slice().is_empty());
        assert!(!targets.wants(1));
        assert_eq!(targets.scoring_total(&contigs()), 5_900);
    }

    #[test]
    fn regions_are_merged_cut_to_the_contig_and_kept_to_their_strand() {
        let regions = [
            (region(2, 800..2_000), None),
            (region(2, 100..300), Some(Strand::Plus)),
            (region(2, 200..400), Some(Strand::Plus)),
            (region(2, 950..960), None),
        ];
        let targets = Targets::new(&contigs(), &Strand::BOTH, Some(&regions), None);
        assert!(!targets.wants(0));
        assert_eq!(targets.get(2, Strand::Plus).as_slice(), [100..400, 800..900]);
        assert_eq!(targets.get(2, Strand::Minus).as_slice(), ranges([(800, 900)]));
    }

    #[test]
    fn regions_and_genes_together_ask_for_what_is_in_both() {
        let genes = |contig: usize, strand: Strand| match (contig, strand) {
            (0, Strand::Plus) => Intervals::new(vec![0..150, 180..1_000]),
            _ => Intervals::default(),
        };
        let regions = [(region(0, 100..200), None), (region(2, 0..10), None)];
        let targets = Targets::build(&contigs(), &Strand::BOTH, Some(&regions), Some(&genes));
        assert_eq!(targets.get(0, Strand::Plus).as_slice(), [100..150, 180..200]);
        assert!(targets.get(0, Strand::Minus).as_slice().is_empty());
        assert!(!targets.wants(2));
    }

    #[test]
    fn scoring_covers_a_margin_around_the_targets_within_the_contig() {
        let regions = [(region(0, 300..400), Some(Strand::Plus)), (region(0, 4_000..4_800), None)];
        let targets = Targets::new(&contigs(), &Strand::BOTH, Some(&regions), None);
        let plan = targets.scoring(0, 5_000);
        assert_eq!(plan.strands[0].as_slice(), [0..900, 3_500..5_000]);
        assert_eq!(plan.strands[1].as_slice(), ranges([(3_500, 5_000)]));
        assert_eq!(plan.either.as_slice(), [0..900, 3_500..5_000]);
    }

    #[test]
    fn overlaps_are_cut_to_the_query() {
        let sorted = [10..20, 30..40, 50..60];
        assert_eq!(overlaps(&sorted, 15..55).collect::<Vec<_>>(), [15..20, 30..40, 50..55]);
        assert_eq!(overlap_total(&sorted, 20..30), 0);
        assert_eq!(overlap_total(&sorted, 35..35), 0);
        assert_eq!(overlap_total(&sorted, 0..100), 30);
    }
}
