//! The structure of a gene along transcription: exons, splice sites, ends, and the class of a
//! position by them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::class::Feature;
use crate::genome::annotation::Gene;
use crate::genome::strand::Strand;

/// A 5' splice site.
#[derive(Clone, Debug, PartialEq)]
pub struct FiveSite {
    /// The first nucleotide of the intron, along transcription.
    pub at: i64,
    /// Length of the longest exon that ends here, nt.
    pub exon: u64,
    /// Log2 odds, once scored.
    pub score: Option<f32>,
}

/// A 3' splice site.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreeSite {
    /// The first nucleotide of the exon, along transcription.
    pub at: i64,
    /// Length of the longest exon that starts here, nt.
    pub exon: u64,
    /// Whether the exon is the last one in at least half of the transcripts that have an exon
    /// starting here.
    pub last: bool,
    /// Log2 odds, once scored.
    pub score: Option<f32>,
}

/// A gene along transcription. Positions are [`along`]: they grow towards the 3' end on both
/// strands.
#[derive(Clone, Debug)]
pub struct GeneStructure {
    pub name: String,
    /// Without what Ensembl and RefSeq put before it in GFF3 (`gene:`, `gene-`).
    pub id: String,
    pub biotype: Option<String>,
    pub contig: usize,
    pub strand: Strand,
    /// From the gene's 5' to its 3' end.
    pub range: Range<i64>,
    /// Where the stretch past the 3' end ends that still belongs to the gene.
    pub reach: i64,
    /// Exons of all transcripts, merged.
    exons: Vec<Range<i64>>,
    /// Last exons of all transcripts, merged.
    terminal: Vec<Range<i64>>,
    /// Last exons of transcripts that have an id, in the order of the annotation, and these ids.
    ending: Vec<(Range<i64>, String)>,
    /// Where exons start, ascending.
    starts: Vec<i64>,
    /// Last nucleotides of transcripts, ascending.
    pub ends: Vec<i64>,
    /// Last coding nucleotides of transcripts, ascending.
    coding_ends: Vec<i64>,
    /// Ascending.
    pub fives: Vec<FiveSite>,
    /// Ascending.
    pub threes: Vec<ThreeSite>,
}

/// Returns a position's place along transcription of its strand.
///
/// ```
/// use polyascan::{context::structure::along, genome::strand::Strand};
/// assert_eq!((along(Strand::Plus, 7), along(Strand::Minus, 7)), (7, -7));
/// ```
pub fn along(strand: Strand, position: u64) -> i64 {
    match strand {
        Strand::Plus => position as i64,
        Strand::Minus => -(position as i64),
    }
}

/// Returns a range's place along transcription of its strand.
pub fn range_along(strand: Strand, range: &Range<u64>) -> Range<i64> {
    match strand {
        Strand::Plus => range.start as i64..range.end as i64,
        Strand::Minus => 1 - range.end as i64..1 - range.start as i64,
    }
}

/// Returns the range on the genome of a range along transcription.
pub fn on_genome(strand: Strand, range: &Range<i64>) -> Range<i64> {
    match strand {
        Strand::Plus => range.clone(),
        Strand::Minus => 1 - range.end..1 - range.start,
    }
}

/// Exons that start at one place: the longest, how many there are, how many are last.
#[derive(Default)]
struct Starting {
    longest: u64,
    all: usize,
    last: usize,
}

impl GeneStructure {
    /// Lays a gene out; `reach` is the place, along transcription, where what lies past its 3' end
    /// ends.
    pub fn new(gene: &Gene, reach: i64) -> Self {
        let (mut exons, mut terminal, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut ending = Vec::new();
        let mut fives: BTreeMap<i64, u64> = BTreeMap::new();
        let mut threes: BTreeMap<i64, Starting> = BTreeMap::new();
        for (number, transcript) in gene.transcripts.iter().enumerate() {
            let mut parts: Vec<Range<i64>> =
                transcript.iter().map(|exon| range_along(gene.strand, exon)).collect();
            parts.sort_by_key(|exon| (exon.start, exon.end));
            let complete = !gene.open_ended.contains(&number);
            let last = parts.iter().max_by_key(|exon| exon.end).filter(|_| complete).cloned();
            for pair in parts.windows(2).filter(|pair| pair[0].end <= pair[1].start) {
                let longest = fives.entry(pair[0].end).or_default();
                *longest = length(&pair[0]).max(*longest);
                let three = threes.entry(pair[1].start).or_default();
                three.longest = length(&pair[1]).max(three.longest);
                three.all += 1;
                three.last += usize::from(last.as_ref() == Some(&pair[1]));
            }
            ends.extend(last.as_ref().map(|exon| exon.end - 1));
            let id = gene.transcript_ids.get(number).filter(|id| !id.is_empty());
            ending.extend(
                last.clone().zip(id.map(|id| without_prefix(id, &["transcript:", "rna-"]))),
            );
            terminal.extend(last);
            exons.extend(parts);
        }
        let mut starts: Vec<i64> = exons.iter().map(|exon| exon.start).collect();
        sort_once(&mut starts);
        sort_once(&mut ends);
        let coding_ends = gene.coding_ends.iter().map(|end| along(gene.strand, *end));
        let mut coding_ends: Vec<i64> = coding_ends.collect();
        sort_once(&mut coding_ends);
        let fives = fives.into_iter().map(|(at, exon)| FiveSite { at, exon, score: None });
        let threes = threes.into_iter().map(|(at, here)| ThreeSite {
            at,
            exon: here.longest,
            last: 2 * here.last >= here.all,
            score: None,
        });
        Self {
            name: gene.name.clone(),
            id: without_prefix(&gene.id, &["gene:", "gene-"]),
            biotype: gene.biotype.clone(),
            contig: gene.contig,
            strand: gene.strand,
            range: range_along(gene.strand, &gene.range),
            reach,
            exons: merged(exons),
            terminal: merged(terminal),
            ending,
            starts,
            ends,
            coding_ends,
            fives: fives.collect(),
            threes: threes.collect(),
        }
    }

    /// Returns the class of a position by this gene alone, or `None` outside of it and of what lies
    /// past it.
    ///
    /// An intron's position is *skipped* if an exon of any transcript starts between the nearest 5'
    /// splice site upstream (without one: the gene's 5' end) and the position, *composite* if none
    /// does.
    pub fn class(&self, x: i64) -> Option<Feature> {
        if x < self.range.start || x >= self.reach.max(self.range.end) {
            return None;
        }
        if covers(&self.terminal, x) {
            return Some(Feature::TerminalExon);
        }
        if covers(&self.exons, x) {
            return Some(Feature::UpstreamExon);
        }
        if x >= self.range.end {
            return Some(Feature::ExtendedTerminalExon);
        }
        let from = self.five_before(x).map_or(self.range.start, |five| five.at);
        let skips = last_at(&self.starts, x).is_some_and(|start| start >= from);
        Some(if skips { Feature::IntronSkipped } else { Feature::IntronComposite })
    }

    /// Returns the id of the transcript that a site at a position ends: of those in whose last exon
    /// it lies, or past all of which it lies, the one whose end is nearest; of equals the first.
    /// None where no last exon is, and without ids.
    pub fn transcript_at(&self, x: i64) -> Option<&str> {
        let past = x >= self.range.end;
        let here = self.ending.iter().filter(|(exon, _)| past || exon.contains(&x));
        let nearest = here.min_by_key(|(exon, _)| (exon.end - 1 - x).abs());
        nearest.map(|(_, id)| id.as_str())
    }

    /// Returns the nearest 5' splice site upstream of a position.
    pub fn five_before(&self, x: i64) -> Option<&FiveSite> {
        self.fives[..self.fives.partition_point(|five| five.at <= x)].last()
    }

    /// Returns the nearest 3' splice site upstream of a position.
    pub fn three_before(&self, x: i64) -> Option<&ThreeSite> {
        self.threes[..self.threes.partition_point(|three| three.at <= x)].last()
    }

    /// Returns the nearest 3' splice site downstream of a position.
    pub fn three_after(&self, x: i64) -> Option<&ThreeSite> {
        self.threes.get(self.threes.partition_point(|three| three.at <= x))
    }

    /// Returns the length of the intron before the last exon that a position lies in or past, nt.
    pub fn last_intron(&self, x: i64) -> Option<u64> {
        let before = &self.threes[..self.threes.partition_point(|three| three.at <= x)];
        let three = before.iter().rev().find(|three| three.last)?;
        let five = self.five_before(three.at)?;
        Some((three.at - five.at) as u64)
    }

    /// Returns where the last exon starts that a position lies in or past: for 3' UTRs and their
    /// lengths.
    pub fn last_exon_start(&self, x: i64) -> i64 {
        let before = &self.threes[..self.threes.partition_point(|three| three.at <= x)];
        before.iter().rev().find(|three| three.last).map_or(self.range.start, |three| three.at)
    }

    /// Returns the length of the 3' UTR of transcripts that end at a position, introns taken out:
    /// from the last coding nucleotide before it; `None` where no coding sequence is annotated
    /// before it.
    pub fn utr_length(&self, x: i64) -> Option<u64> {
        let from = last_at(&self.coding_ends, x - 1)? + 1;
        let inside = |exon: &Range<i64>| (exon.end.min(x + 1) - exon.start.max(from)).max(0) as u64;
        let exons: u64 = self.exons.iter().map(inside).sum();
        // Past the last exon before the position everything belongs to the UTR.
        let before = &self.exons[..self.exons.partition_point(|exon| exon.start <= x)];
        let past = before.last().map_or(from, |exon| exon.end.max(from));
        Some(exons + (x + 1 - past).max(0) as u64)
    }

    /// Returns how far a position lies past the nearest end of a transcript (negative before it),
    /// nt.
    pub fn past_end(&self, x: i64) -> Option<i64> {
        let after = self.ends.partition_point(|end| *end <= x);
        let near = self.ends[after.saturating_sub(1)..].iter().take(2);
        near.map(|end| x - end).min_by_key(|distance| (distance.abs(), *distance))
    }
}

fn without_prefix(id: &str, prefixes: &[&str]) -> String {
    prefixes.iter().find_map(|prefix| id.strip_prefix(prefix)).unwrap_or(id).to_owned()
}

fn length(range: &Range<i64>) -> u64 {
    (range.end - range.start).max(0) as u64
}

fn sort_once(values: &mut Vec<i64>) {
    values.sort_unstable();
    values.dedup();
}

/// Returns the greatest value up to a limit; the values ascend.
fn last_at(values: &[i64], limit: i64) -> Option<i64> {
    values[..values.partition_point(|value| *value <= limit)].last().copied()
}

/// Merges overlapping and adjacent ranges.
fn merged(mut ranges: Vec<Range<i64>>) -> Vec<Range<i64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
    ranges
}

/// Whether one of the ranges, ascending and disjoint, covers a position.
fn covers(ranges: &[Range<i64>], x: i64) -> bool {
    let before = &ranges[..ranges.partition_point(|range| range.start <= x)];
    before.last().is_some_and(|range| range.contains(&x))
}

#[cfg(test)]
mod tests;
