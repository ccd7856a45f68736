//! The genes that a change may matter to.

use super::change::Change;
use crate::context::features::GeneContext;
use crate::context::structure::GeneStructure;

/// Returns the genes (their numbers) that a change lies in or past whose 3' ends it lies, or that
/// it lies next to where it only puts something in: by start, end, name.
pub fn genes_at(genes: &GeneContext, contig: usize, change: &Change) -> Vec<usize> {
    let start = change.start.saturating_sub(u64::from(change.removed == 0));
    let end = change.end().max(change.start + 1);
    genes.overlapping(contig, &(start..end))
}

/// Returns the strands on which a change is scored: those of the genes at it, both without
/// annotation.
pub fn strands_at(genes: Option<&GeneContext>, contig: usize, change: &Change) -> [bool; 2] {
    let Some(genes) = genes else { return [true; 2] };
    let here = genes_at(genes, contig, change);
    strands_of(here.iter().map(|gene| genes.gene(*gene)))
}

/// Returns on which strands genes lie.
pub fn strands_of<'a>(genes: impl Iterator<Item = &'a GeneStructure>) -> [bool; 2] {
    let mut strands = [false; 2];
    genes.for_each(|gene| strands[gene.strand.index()] = true);
    strands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::annotation::{Annotation, Gene};
    use crate::genome::contigs::Contigs;
    use crate::genome::strand::Strand;

    #[test]
    fn genes_reach_past_their_ends_on_their_strand() {
        let mut contigs = Contigs::default();
        contigs.push("chr9".to_owned(), 50_000);
        let gene = |name: &str, strand, range| Gene {
            name: name.into(),
            id: String::new(),
            contig: 0,
            strand,
            range,
            transcripts: Vec::new(),
            open_ended: Vec::new(),
            biotype: None,
            transcript_ids: Vec::new(),
            coding_ends: Vec::new(),
        };
        let genes = vec![
            gene("long", Strand::Plus, 1_000..40_000),
            gene("plus", Strand::Plus, 10_000..11_000),
            gene("minus", Strand::Minus, 20_000..21_000),
        ];
        let annotation = Annotation { genes, notes: Vec::new() };
        let genes = GeneContext::new(&annotation, &contigs, 5_000);
        let names = |start, removed, inserted: &[u8]| {
            let change = Change { start, removed, inserted: inserted.to_vec() };
            let here = genes_at(&genes, 0, &change);
            here.iter().map(|gene| genes.gene(*gene).name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(999, 1, &[0]), [""; 0]);
        assert_eq!(names(999, 2, &[]), ["long"]);
        assert_eq!(names(1_000, 0, &[0]), ["long"]);
        assert_eq!(names(15_999, 1, &[0]), ["long", "plus", "minus"]);
        assert_eq!(names(16_000, 1, &[0]), ["long", "minus"]);
        assert_eq!(names(20_999, 0, &[0]), ["long", "minus"]);
        assert_eq!(names(21_000, 1, &[0]), ["long"]);
        assert_eq!(names(45_000, 0, &[0]), ["long"]);
        assert_eq!(names(45_000, 1, &[0]), [""; 0]);
    }

    #[test]
    fn a_gene_does_not_reach_into_the_next_one_of_its_strand() {
        let mut contigs = Contigs::default();
        contigs.push("chr9".to_owned(), 50_000);
        let gene = |name: &str, strand, range: std::ops::Range<u64>| Gene {
            name: name.into(),
            id: String::new(),
            contig: 0,
            strand,
            transcripts: vec![vec![range.clone()]],
            range,
            open_ended: Vec::new(),
            biotype: None,
            transcript_ids: Vec::new(),
            coding_ends: Vec::new(),
        };
        let genes = vec![
            gene("first", Strand::Plus, 1_000..2_000),
            gene("opposite", Strand::Minus, 2_100..2_200),
            gene("next", Strand::Plus, 3_000..4_000),
        ];
        let genes = GeneContext::new(&Annotation { genes, notes: Vec::new() }, &contigs, 5_000);
        let names = |start| {
            let change = Change { start, removed: 1, inserted: Vec::new() };
            let here = genes_at(&genes, 0, &change);
            here.iter().map(|gene| genes.gene(*gene).name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(2_999), ["first"]);
        assert_eq!(names(3_000), ["next"]);
        assert_eq!(names(2_150), ["opposite", "first"]);
    }
}
