//! Site classes by gene structure.

mod segments;

use std::ops::Range;

use self::segments::{Layer, Segments};
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::contigs::Contigs;
use crate::genome::region::Intervals;
use crate::genome::strand::Strand;

/// The class of a site by gene structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Inside the last exon of a transcript.
    TerminalExon,
    /// Past the annotated 3' end of a gene, before the next gene of the strand.
    ExtendedTerminalExon,
    /// Inside any other exon.
    UpstreamExon,
    /// Inside a gene, in no exon.
    Intron,
    Intergenic,
}

impl Feature {
    /// Returns the name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::TerminalExon => "terminal_exon",
            Self::ExtendedTerminalExon => "extended_terminal_exon",
            Self::UpstreamExon => "upstream_exon",
            Self::Intron => "intron",
            Self::Intergenic => "intergenic",
        }
    }
}

/// Which class a position gets that several genes claim: the first that applies.
const PRECEDENCE: [Feature; 4] =
    [Feature::TerminalExon, Feature::UpstreamExon, Feature::Intron, Feature::ExtendedTerminalExon];

/// Finds the genes of a position.
#[derive(Debug, Default)]
pub struct GeneContext {
    /// By contig, then strand.
    strands: Vec<[StrandContext; 2]>,
}

#[derive(Debug, Default)]
struct StrandContext {
    segments: Segments,
    targets: Intervals,
}

impl GeneContext {
    /// Indexes an annotation; genes reach `extension` nt past their 3' ends, never into the next gene of the strand:
    /// the nearest one whose 5' end lies past this gene's 3' end.
    ///
    /// ```
    /// use polyascan::context::features::{Feature, GeneContext};
    /// use polyascan::genome::annotation::{Annotation, Gene};
    /// use polyascan::genome::{contigs::Contigs, strand::Strand};
    ///
    /// let mut contigs = Contigs::default();
    /// contigs.push("chr9".to_owned(), 50_000);
    /// let gene = Gene {
    ///     name: "GENE".to_owned(),
    ///     contig: 0,
    ///     strand: Strand::Minus,
    ///     range: 10_000..20_000,
    ///     transcripts: vec![vec![10_000..11_000, 19_000..20_000]],
    /// };
    /// let annotation = Annotation { genes: vec![gene], notes: Vec::new() };
    /// let context = GeneContext::new(&annotation, &contigs, 5_000);
    /// let class = |position| context.classify(0, Strand::Minus, position).1;
    /// assert_eq!(class(10_500), Feature::TerminalExon);
    /// assert_eq!(class(9_999), Feature::ExtendedTerminalExon);
    /// assert_eq!(context.targets(0, Strand::Minus).as_slice()[0], 5_000..20_000);
    /// ```
    pub fn new(annotation: &Annotation, contigs: &Contigs, extension: u64) -> Self {
        let mut genes: Vec<[Vec<&Gene>; 2]> = contigs.iter().map(|_| Default::default()).collect();
        for gene in &annotation.genes {
            if let Some(strands) = genes.get_mut(gene.contig) {
                strands[gene.strand.index()].push(gene);
            }
        }
        let index = |(strands, contig): ([Vec<&Gene>; 2], &crate::genome::contigs::Contig)| {
            strands.map(|genes| StrandContext::new(&genes, contig.length, extension))
        };
        Self { strands: genes.into_iter().zip(contigs.iter()).map(index).collect() }
    }

    /// Returns the names of the genes (comma-separated, `.` if none) and the class of a site.
    pub fn classify(&self, contig: usize, strand: Strand, position: u64) -> (String, Feature) {
        let strands = self.strands.get(contig);
        match strands.and_then(|strands| strands[strand.index()].segments.get(position)) {
            Some((names, layer)) => (names.to_owned(), PRECEDENCE[layer]),
            None => (".".to_owned(), Feature::Intergenic),
        }
    }

    /// Returns what an annotated scan covers on one contig and strand: genes and `extension` nt past their 3' ends.
    pub fn targets(&self, contig: usize, strand: Strand) -> Intervals {
        let strands = self.strands.get(contig);
        strands.map(|strands| strands[strand.index()].targets.clone()).unwrap_or_default()
    }
}

impl StrandContext {
    /// Indexes the genes of one strand of a contig.
    fn new(genes: &[&Gene], length: u64, extension: u64) -> Self {
        let mut fives: Vec<u64> = genes.iter().map(|gene| five_end(gene)).collect();
        fives.sort_unstable();
        let mut layers: [Layer<'_>; 4] = Default::default();
        let mut targets = Vec::with_capacity(genes.len());
        for gene in genes {
            let past = past_end(gene, extension, length);
            let parts = [
                terminal_exons(gene),
                gene.transcripts.concat(),
                vec![gene.range.clone()],
                vec![cut_at_next(gene, past, &fives)],
            ];
            for (layer, part) in layers.iter_mut().zip(parts) {
                let within = |range: &Range<u64>| (range.clone(), gene.name.as_str());
                layer.extend(Intervals::new(part).as_slice().iter().map(within));
            }
            targets.push(gene.reach(extension, length));
        }
        Self { segments: Segments::new(&layers), targets: Intervals::new(targets) }
    }
}

/// Returns the edge of the gene at its 5' end: its start on plus, its exclusive end on minus.
fn five_end(gene: &Gene) -> u64 {
    match gene.strand {
        Strand::Plus => gene.range.start,
        Strand::Minus => gene.range.end,
    }
}

/// Returns the last exon, in transcript direction, of each transcript.
fn terminal_exons(gene: &Gene) -> Vec<Range<u64>> {
    let last = |exons: &Vec<Range<u64>>| match gene.strand {
        Strand::Plus => exons.iter().max_by_key(|exon| exon.end).cloned(),
        Strand::Minus => exons.iter().min_by_key(|exon| exon.start).cloned(),
    };
    gene.transcripts.iter().filter_map(last).collect()
}

/// Returns the `extension` nt past the gene's 3' end, within the contig.
fn past_end(gene: &Gene, extension: u64, length: u64) -> Range<u64> {
    match gene.strand {
        Strand::Plus => gene.range.end..gene.range.end.saturating_add(extension).min(length),
        Strand::Minus => gene.range.start.saturating_sub(extension)..gene.range.start,
    }
}

/// Shortens the stretch past a gene to before the next gene; `fives` are the 5' edges of the strand, ascending.
fn cut_at_next(gene: &Gene, past: Range<u64>, fives: &[u64]) -> Range<u64> {
    match gene.strand {
        Strand::Plus => {
            let next = fives.partition_point(|&five| five < past.start);
            past.start..fives.get(next).map_or(past.end, |&five| past.end.min(five))
        }
        Strand::Minus => {
            let next = fives.partition_point(|&five| five <= past.end).checked_sub(1);
            next.map_or(past.start, |next| past.start.max(fives[next]))..past.end
        }
    }
}

#[cfg(test)]
mod tests;
