//! Classes of sites by gene structure, and the genes that they belong to.

use std::ops::Range;

use super::class::Feature;
use super::reaches::Reaches;
use super::structure::{GeneStructure, along, range_along};
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::contigs::Contigs;
use crate::genome::region::Intervals;
use crate::genome::strand::Strand;

/// The class of a position and the genes that give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub feature: Feature,
    /// Numbers of the genes, for [`GeneContext::gene`]; those of the other strand if it is
    /// antisense.
    pub genes: Vec<usize>,
}

/// Finds the genes of a position.
#[derive(Debug, Default)]
pub struct GeneContext {
    genes: Vec<GeneStructure>,
    /// By contig, then strand.
    strands: Vec<[StrandContext; 2]>,
    /// By contig: stretches that genes of either strand reach over without a gap.
    blocks: Vec<Intervals>,
}

#[derive(Debug, Default)]
struct StrandContext {
    /// Genes with what lies past their 3' ends.
    reaches: Reaches,
    /// Genes alone.
    bodies: Reaches,
    targets: Intervals,
    /// Where genes start and end on the genome, each ascending.
    starts: Vec<u64>,
    ends: Vec<u64>,
}

impl GeneContext {
    /// Indexes an annotation; genes reach `extension` nt past their 3' ends, never into the next
    /// gene of the strand: the nearest one whose 5' end lies past this gene's 3' end.
    ///
    /// ```
    /// use polyascan::context::class::Feature;
    /// use polyascan::context::features::GeneContext;
    /// use polyascan::genome::annotation::{Annotation, Gene};
    /// use polyascan::genome::{contigs::Contigs, strand::Strand};
    ///
    /// let mut contigs = Contigs::default();
    /// contigs.push("chr9".to_owned(), 50_000);
    /// let gene = Gene {
    ///     name: "GENE".to_owned(),
    ///     id: String::new(),
    ///     contig: 0,
    ///     strand: Strand::Minus,
    ///     range: 10_000..20_000,
    ///     transcripts: vec![vec![10_000..11_000, 19_000..20_000]],
    ///     open_ended: Vec::new(),
    ///     coding_ends: Vec::new(),
    ///     biotype: None,
    ///     transcript_ids: Vec::new(),
    /// };
    /// let annotation = Annotation { genes: vec![gene], notes: Vec::new() };
    /// let context = GeneContext::new(&annotation, &contigs, 5_000);
    /// let class = |position| context.classify(0, Strand::Minus, position).1;
    /// assert_eq!(class(10_500), Feature::TerminalExon);
    /// assert_eq!(class(15_000), Feature::IntronComposite);
    /// assert_eq!(class(9_999), Feature::ExtendedTerminalExon);
    /// assert_eq!(context.classify(0, Strand::Plus, 15_000).1, Feature::Antisense);
    /// assert_eq!(context.targets(0, Strand::Minus).as_slice()[0], 5_000..20_000);
    /// ```
    pub fn new(annotation: &Annotation, contigs: &Contigs, extension: u64) -> Self {
        let mut by_strand: Vec<[Vec<&Gene>; 2]> =
            contigs.iter().map(|_| Default::default()).collect();
        for gene in &annotation.genes {
            if let Some(strands) = by_strand.get_mut(gene.contig) {
                strands[gene.strand.index()].push(gene);
            }
        }
        let mut context = Self::default();
        for (strands, contig) in by_strand.into_iter().zip(contigs.iter()) {
            let strands = strands.map(|genes| context.add_strand(&genes, contig.length, extension));
            let reached = strands.iter().flat_map(|strand| strand.targets.as_slice());
            context.blocks.push(Intervals::new(reached.cloned().collect()));
            context.strands.push(strands);
        }
        context
    }

    /// Adds the genes of one strand of a contig.
    fn add_strand(&mut self, genes: &[&Gene], length: u64, extension: u64) -> StrandContext {
        let of = |gene: &&Gene| range_along(gene.strand, &gene.range);
        let mut fives: Vec<i64> = genes.iter().map(|gene| of(gene).start).collect();
        fives.sort_unstable();
        let (mut reaches, mut bodies, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for gene in genes {
            let uncut = gene.reach(extension, length);
            let (end, far) = (of(gene).end, range_along(gene.strand, &uncut).end);
            let next = fives.get(fives.partition_point(|five| *five < end));
            let reach = next.map_or(far, |next| far.min(*next)).max(end);
            let past = (reach - end) as u64;
            reaches.push((gene.reach(past, length), self.genes.len()));
            bodies.push((gene.range.clone(), self.genes.len()));
            targets.push(uncut);
            self.genes.push(GeneStructure::new(gene, reach));
        }
        let mut starts: Vec<u64> = genes.iter().map(|gene| gene.range.start).collect();
        let mut ends: Vec<u64> = genes.iter().map(|gene| gene.range.end).collect();
        starts.sort_unstable();
        ends.sort_unstable();
        let (reaches, bodies) = (Reaches::new(reaches), Reaches::new(bodies));
        StrandContext { reaches, bodies, targets: Intervals::new(targets), starts, ends }
    }

    /// Returns all genes, in the order of their numbers.
    pub fn genes(&self) -> &[GeneStructure] {
        &self.genes
    }

    /// Returns all genes, to score their splice sites.
    pub fn genes_mut(&mut self) -> &mut [GeneStructure] {
        &mut self.genes
    }

    /// Returns a gene by its number.
    pub fn gene(&self, number: usize) -> &GeneStructure {
        &self.genes[number]
    }

    /// Returns the class of a site and the genes that give it.
    pub fn place(&self, contig: usize, strand: Strand, position: u64) -> Place {
        let here = position..position.saturating_add(1);
        let Some(strands) = self.strands.get(contig) else {
            return Place { feature: Feature::Intergenic, genes: Vec::new() };
        };
        let x = along(strand, position);
        let around = strands[strand.index()].reaches.overlapping(&here);
        let class = |gene: &usize| Some((self.genes[*gene].class(x)?, *gene));
        let classes: Vec<(Feature, usize)> = around.iter().filter_map(class).collect();
        if let Some(feature) = classes.iter().map(|(feature, _)| *feature).min() {
            let genes = classes.into_iter().filter(|(class, _)| *class == feature);
            return Place { feature, genes: genes.map(|(_, gene)| gene).collect() };
        }
        let genes = strands[1 - strand.index()].bodies.overlapping(&here);
        let feature = if genes.is_empty() { Feature::Intergenic } else { Feature::Antisense };
        Place { feature, genes }
    }

    /// Returns the names of genes, sorted, each once, comma-separated; `.` if there are none.
    pub fn names(&self, genes: &[usize]) -> String {
        let mut names: Vec<&str> =
            genes.iter().map(|gene| self.gene(*gene).name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() { ".".to_owned() } else { names.join(",") }
    }

    /// Returns the names of the genes (comma-separated, `.` if none) and the class of a site.
    pub fn classify(&self, contig: usize, strand: Strand, position: u64) -> (String, Feature) {
        let place = self.place(contig, strand, position);
        (self.names(&place.genes), place.feature)
    }

    /// Returns the genes, with what lies past their 3' ends, that a range overlaps: both strands,
    /// by start, end, name.
    pub fn overlapping(&self, contig: usize, range: &Range<u64>) -> Vec<usize> {
        let Some(strands) = self.strands.get(contig) else { return Vec::new() };
        let here = strands.iter().flat_map(|strand| strand.reaches.overlapping(range));
        let mut here: Vec<usize> = here.collect();
        here.sort_by(|a, b| {
            let key = |gene: usize| (self.reach_of(gene), self.gene(gene).strand);
            let ((a_range, a_strand), (b_range, b_strand)) = (key(*a), key(*b));
            let ranges = (a_range.start, a_range.end).cmp(&(b_range.start, b_range.end));
            let names = || self.gene(*a).name.cmp(&self.gene(*b).name);
            ranges.then_with(names).then(a_strand.cmp(&b_strand))
        });
        here
    }

    /// Returns a gene with what lies past its 3' end, on the genome.
    fn reach_of(&self, gene: usize) -> Range<i64> {
        let gene = self.gene(gene);
        super::structure::on_genome(gene.strand, &(gene.range.start..gene.reach))
    }

    /// Returns how far downstream of a position the next gene of the other strand begins, nt: 0
    /// inside one, `None` if there is none.
    pub fn next_antisense(&self, contig: usize, strand: Strand, position: u64) -> Option<u64> {
        let other = &self.strands.get(contig)?[1 - strand.index()];
        let here = position..position.saturating_add(1);
        if !other.bodies.overlapping(&here).is_empty() {
            return Some(0);
        }
        match strand {
            Strand::Plus => {
                let next = other.starts.partition_point(|start| *start <= position);
                other.starts.get(next).map(|start| start - position)
            }
            Strand::Minus => {
                let next = other.ends.partition_point(|end| *end <= position).checked_sub(1);
                next.map(|next| position + 1 - other.ends[next])
            }
        }
    }

    /// Returns the end of the stretch around a position that genes of either strand reach over
    /// without a gap, or the position if there is none: no gene has sites before and after it.
    pub fn block_end(&self, contig: usize, position: u64) -> u64 {
        let Some(blocks) = self.blocks.get(contig).map(Intervals::as_slice) else {
            return position;
        };
        let before = blocks.partition_point(|block| block.start <= position);
        before.checked_sub(1).map_or(position, |at| blocks[at].end.max(position))
    }

    /// Returns what an annotated scan covers on one contig and strand: genes and `extension` nt
    /// past their 3' ends.
    pub fn targets(&self, contig: usize, strand: Strand) -> Intervals {
        let strands = self.strands.get(contig);
        strands.map(|strands| strands[strand.index()].targets.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
