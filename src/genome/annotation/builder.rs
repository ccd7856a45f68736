//! Rows to genes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Gene;
use super::row::{Kind, Row};
use crate::error::excerpt;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;

/// Collects rows in any order.
#[derive(Default)]
pub(super) struct Builder {
    drafts: Vec<Draft>,
    /// gene_id to its genes: more than one where the id is used on several contigs or strands.
    by_id: HashMap<String, Vec<usize>>,
    unstranded: HashSet<String>,
}

struct Draft {
    id: String,
    name: Option<String>,
    contig: usize,
    strand: Strand,
    range: Range<u64>,
    /// How many `gene` rows it has.
    gene_rows: usize,
    /// transcript_id and exons.
    transcripts: Vec<(String, Vec<Range<u64>>)>,
    /// transcript_ids of transcripts that go on past their annotated 3' end.
    open_ended: HashSet<String>,
}

impl Builder {
    /// Adds a row on a contig of the genome.
    pub(super) fn add(&mut self, contig: usize, row: Row) {
        let Some(strand) = row.strand else {
            self.unstranded.insert(row.gene_id);
            return;
        };
        let Self { drafts, by_id, .. } = self;
        let same = |i: &&usize| drafts[**i].contig == contig && drafts[**i].strand == strand;
        let known = by_id.get(&row.gene_id).and_then(|genes| genes.iter().find(same)).copied();
        let index = known.unwrap_or_else(|| {
            by_id.entry(row.gene_id.clone()).or_default().push(drafts.len());
            let (id, range) = (row.gene_id.clone(), row.range.clone());
            let (name, transcripts, open_ended) = (None, Vec::new(), HashSet::new());
            let gene_rows = 0;
            drafts.push(Draft {
                id,
                name,
                contig,
                strand,
                range,
                gene_rows,
                transcripts,
                open_ended,
            });
            drafts.len() - 1
        });
        drafts[index].add(row);
    }

    /// Returns the genes in order, and remarks on what was left out.
    pub(super) fn finish(self, contigs: &Contigs) -> (Vec<Gene>, Vec<String>) {
        let mut notes = Vec::new();
        if !self.unstranded.is_empty() {
            let n = self.unstranded.len();
            notes.push(format!("{n} genes without a strand (`.`) are left out"));
        }
        let (inside, outside): (Vec<Draft>, Vec<Draft>) = self
            .drafts
            .into_iter()
            .partition(|draft| draft.range.end <= contigs[draft.contig].length);
        if let Some(first) = outside.first() {
            let contig = &contigs[first.contig];
            notes.push(format!(
                "{} genes reach past the end of their contig and are left out ({} ends at {}, {} has {} nt); are both \
                 files of the same assembly?",
                outside.len(),
                excerpt(&first.id),
                first.range.end,
                contig.name,
                contig.length
            ));
        }
        let repeated: Vec<&Draft> = inside.iter().filter(|draft| draft.gene_rows > 1).collect();
        if let Some(first) = repeated.first() {
            notes.push(format!(
                "{} gene ids have several `gene` rows on one strand of a contig; each is one gene that reaches over \
                 all of them ({})",
                repeated.len(),
                excerpt(&first.id)
            ));
        }
        let bare: Vec<&Draft> =
            inside.iter().filter(|draft| draft.transcripts.is_empty()).collect();
        if let Some(first) = bare.first() {
            let problem = "genes have no `exon` rows; each counts as one exon";
            notes.push(format!("{} {problem} ({})", bare.len(), excerpt(&first.id)));
        }
        let mut genes: Vec<Gene> = inside.into_iter().map(Draft::finish).collect();
        genes.sort_by(|a, b| {
            let key = |gene: &Gene| (gene.contig, gene.range.start, gene.range.end, gene.strand);
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        (genes, notes)
    }
}

impl Draft {
    fn add(&mut self, row: Row) {
        self.range = self.range.start.min(row.range.start)..self.range.end.max(row.range.end);
        if self.name.is_none() {
            self.name = row.gene_name;
        }
        self.gene_rows += usize::from(row.kind == Kind::Gene);
        if row.open_ended {
            self.open_ended.insert(row.transcript_id.clone());
        }
        if row.kind != Kind::Exon {
            return;
        }
        // Rows of a transcript mostly follow each other.
        match self.transcripts.iter_mut().rev().find(|(id, _)| *id == row.transcript_id) {
            Some((_, exons)) => exons.push(row.range),
            None => self.transcripts.push((row.transcript_id, vec![row.range])),
        }
    }

    fn finish(self) -> Gene {
        let sorted = |(_, mut exons): (String, Vec<Range<u64>>)| {
            exons.sort_by_key(|exon| (exon.start, exon.end));
            exons
        };
        let numbered = self.transcripts.iter().enumerate();
        let open_ended = numbered.filter(|(_, (id, _))| self.open_ended.contains(id));
        let open_ended = open_ended.map(|(number, _)| number).collect();
        let mut transcripts: Vec<_> = self.transcripts.into_iter().map(sorted).collect();
        if transcripts.is_empty() {
            transcripts.push(vec![self.range.clone()]);
        }
        let Self { contig, strand, range, .. } = self;
        Gene { name: self.name.unwrap_or(self.id), contig, strand, range, transcripts, open_ended }
    }
}
