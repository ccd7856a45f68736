//! The genes that a change may matter to.

use crate::genome::annotation::Annotation;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;

use super::change::Change;

/// A gene with the stretch past its 3' end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    start: u64,
    end: u64,
    pub strand: Strand,
    pub name: String,
}

/// Finds genes by position.
#[derive(Debug, Default)]
pub struct GeneReach {
    /// By contig: genes by start, and the greatest end up to each of them.
    contigs: Vec<Vec<(Reach, u64)>>,
}

impl GeneReach {
    /// Indexes an annotation; genes reach `extension` nt past their 3' ends.
    pub fn new(annotation: &Annotation, contigs: &Contigs, extension: u64) -> Self {
        let mut by_contig: Vec<Vec<(Reach, u64)>> = contigs.iter().map(|_| Vec::new()).collect();
        for gene in &annotation.genes {
            let reach = gene.reach(extension, contigs[gene.contig].length);
            let (start, end, name) = (reach.start, reach.end, gene.name.clone());
            by_contig[gene.contig].push((Reach { start, end, strand: gene.strand, name }, end));
        }
        for genes in &mut by_contig {
            genes.sort_by(|(a, _), (b, _)| {
                (a.start, a.end, &a.name).cmp(&(b.start, b.end, &b.name))
            });
            let mut greatest = 0;
            for (gene, so_far) in genes {
                greatest = greatest.max(gene.end);
                *so_far = greatest;
            }
        }
        Self { contigs: by_contig }
    }

    /// Returns the genes that a change lies in, or next to where it only puts something in.
    pub fn at(&self, contig: usize, change: &Change) -> Vec<&Reach> {
        let Some(genes) = self.contigs.get(contig) else { return Vec::new() };
        let start = change.start.saturating_sub(u64::from(change.removed == 0));
        let end = change.end().max(change.start + 1);
        let before = genes.partition_point(|(gene, _)| gene.start < end);
        let may_reach = genes[..before].iter().rev().take_while(|(_, so_far)| *so_far > start);
        let here = may_reach.map(|(gene, _)| gene).filter(|gene| gene.end > start);
        let mut here: Vec<&Reach> = here.collect();
        here.reverse();
        here
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::annotation::Gene;

    #[test]
    fn genes_reach_past_their_ends_on_their_strand() {
        let mut contigs = Contigs::default();
        contigs.push("chr9".to_owned(), 50_000);
        let gene = |name: &str, strand, range| Gene {
            name: name.into(),
            contig: 0,
            strand,
            range,
            transcripts: Vec::new(),
        };
        let genes = vec![
            gene("long", Strand::Plus, 1_000..40_000),
            gene("plus", Strand::Plus, 10_000..11_000),
            gene("minus", Strand::Minus, 20_000..21_000),
        ];
        let annotation = Annotation { genes, notes: Vec::new() };
        let genes = GeneReach::new(&annotation, &contigs, 5_000);
        let names = |start, removed, inserted: &[u8]| {
            let change = Change { start, removed, inserted: inserted.to_vec() };
            genes.at(0, &change).iter().map(|gene| gene.name.clone()).collect::<Vec<_>>()
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
}
