//! Rows of an annotation to genes, whatever the format that they were written in.

mod places;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use self::places::{Item, Place};
use super::Gene;
use crate::error::excerpt;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;

/// The rows that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gene,
    Transcript,
    Exon,
    /// Of a coding sequence: only where it ends counts.
    Coding,
}

/// What a row says.
#[derive(Clone, Debug)]
pub(super) struct Row<'t> {
    pub(super) kind: Kind,
    /// On a contig of the genome.
    pub(super) contig: usize,
    /// 0-based half-open, not empty.
    pub(super) range: Range<u64>,
    /// `None` where the file says that there is none, or that it is not known.
    pub(super) strand: Option<Strand>,
    /// `None`: the gene of the transcript. A row has one of both ids.
    pub(super) gene_id: Option<Cow<'t, str>>,
    pub(super) gene_name: Option<Cow<'t, str>>,
    /// Of the gene.
    pub(super) biotype: Option<Cow<'t, str>>,
    /// `None` of an exon: such exons of a gene form one transcript.
    pub(super) transcript_id: Option<Cow<'t, str>>,
    /// Of an exon in its transcript, from 1.
    pub(super) exon_number: Option<u32>,
    /// Whether the row's transcript goes on past the 3' end that is annotated.
    pub(super) open_ended: bool,
}

impl Row<'_> {
    /// Returns whether its first attributes said all that counts, so that the others need not be read.
    pub(super) fn is_told(&self) -> bool {
        let of_kind = match self.kind {
            Kind::Gene => self.biotype.is_some(),
            Kind::Transcript => self.transcript_id.is_some() && self.biotype.is_some(),
            Kind::Exon => self.transcript_id.is_some() && self.exon_number.is_some(),
            Kind::Coding => self.transcript_id.is_some(),
        };
        of_kind && self.gene_id.is_some() && self.gene_name.is_some()
    }
}

/// Collects rows in any order.
#[derive(Default)]
pub(super) struct Assembly {
    items: Vec<Item>,
    genes: Ids,
    transcripts: Ids,
    /// First gene_name of each gene id.
    names: HashMap<u32, String>,
    /// First biotype of each gene id.
    biotypes: HashMap<u32, String>,
    /// First gene of each transcript id.
    gene_of: HashMap<u32, u32>,
    /// From the first to the last coding nucleotide of each transcript id, by contig.
    coding: HashMap<(u32, usize), Range<u64>>,
}

/// Numbers texts in order of appearance.
#[derive(Default)]
struct Ids {
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Ids {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let next = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), next);
        next
    }
}

impl Assembly {
    /// Adds a row.
    pub(super) fn add(&mut self, row: Row<'_>) {
        let gene = row.gene_id.map(|id| self.genes.number(&id));
        let transcript = row.transcript_id.map(|id| self.transcripts.number(&id));
        if let (Some(gene), Some(transcript)) = (gene, transcript) {
            self.gene_of.entry(transcript).or_insert(gene);
        }
        if let (Some(gene), Some(name)) = (gene, row.gene_name) {
            self.names.entry(gene).or_insert_with(|| name.into_owned());
        }
        if let (Some(gene), Some(biotype)) = (gene, row.biotype) {
            self.biotypes.entry(gene).or_insert_with(|| biotype.into_owned());
        }
        let Row { kind, contig, range, strand, exon_number, open_ended, .. } = row;
        if kind == Kind::Coding {
            if let Some(transcript) = transcript {
                let all = self.coding.entry((transcript, contig)).or_insert_with(|| range.clone());
                *all = all.start.min(range.start)..all.end.max(range.end);
            }
            return;
        }
        self.items.push(Item {
            kind,
            contig,
            range,
            strand,
            gene,
            transcript,
            exon_number,
            open_ended,
        });
    }

    /// Returns the genes in order, and remarks on what was left out or divided.
    pub(super) fn finish(mut self, contigs: &Contigs) -> (Vec<Gene>, Vec<String>) {
        self.find_genes();
        let mut items = std::mem::take(&mut self.items);
        let mut remarks = Remarks::default();
        without_strand(&mut items, &mut remarks);
        let numbered = items.iter().any(|item| item.exon_number > Some(1));
        // Stable: rows of a gene stay in the order of the file.
        items.sort_by_key(|item| (item.gene, item.contig, item.strand));
        let mut genes = Vec::new();
        for of_gene in items.chunk_by(|a, b| a.gene == b.gene) {
            let Some(number) = of_gene[0].gene else { continue };
            let id = &self.genes.texts[number as usize];
            let name = self.names.get(&number).unwrap_or(id);
            let mut places = Vec::new();
            for on_strand in of_gene.chunk_by(|a, b| (a.contig, a.strand) == (b.contig, b.strand)) {
                let (contig, strand) = (on_strand[0].contig, on_strand[0].strand);
                match strand {
                    Some(strand) => {
                        let found = places::places(on_strand, numbered).into_iter();
                        places.extend(found.map(|place| (contig, strand, place)));
                    }
                    None => remarks.unstranded += usize::from(on_strand.len() == of_gene.len()),
                }
            }
            remarks.divided(id, &places, contigs);
            for (contig, strand, place) in places {
                if remarks.is_inside(id, contigs, contig, &place) {
                    let biotype = self.biotypes.get(&number).cloned();
                    genes.push(Gene { biotype, ..self.gene((name, id), contig, strand, place) });
                }
            }
        }
        genes.sort_by(|a, b| {
            let key = |gene: &Gene| (gene.contig, gene.range.start, gene.range.end, gene.strand);
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        (genes, remarks.notes())
    }

    /// Gives rows without a gene id that of their transcript: by another row of it, by the name
    /// that AUGUSTUS gives to transcripts of a gene (`g1.t1` of `g1`), or else the transcript is a
    /// gene of its own, as gffread has it.
    fn find_genes(&mut self) {
        let Self { items, genes, transcripts, gene_of, .. } = self;
        for item in items.iter_mut().filter(|item| item.gene.is_none()) {
            let Some(transcript) = item.transcript else { continue };
            let found = *gene_of.entry(transcript).or_insert_with(|| {
                let id = &transcripts.texts[transcript as usize];
                let stem = id.rsplit_once(".t").map(|(stem, _)| stem);
                let known = stem.and_then(|stem| genes.numbers.get(stem).copied());
                known.unwrap_or_else(|| genes.number(id))
            });
            item.gene = Some(found);
        }
    }

    /// Makes a gene of this name and id.
    fn gene(&self, (name, id): (&str, &str), contig: usize, strand: Strand, place: Place) -> Gene {
        let Place { range, mut transcripts, ids, open_ended } = place;
        let id_of = |number: &Option<u32>| match number {
            Some(number) => self.transcripts.texts[*number as usize].clone(),
            None => String::new(),
        };
        let mut transcript_ids: Vec<String> = ids.iter().map(id_of).collect();
        transcript_ids.resize(transcripts.len(), String::new());
        if transcripts.is_empty() {
            transcripts.push(vec![range.clone()]);
            transcript_ids.push(String::new());
        }
        let coding = ids.iter().filter_map(|id| self.coding.get(&((*id)?, contig)));
        let inside = coding.filter(|coding| range.start <= coding.start && coding.end <= range.end);
        let mut coding_ends: Vec<u64> = inside
            .map(|coding| match strand {
                Strand::Plus => coding.end - 1,
                Strand::Minus => coding.start,
            })
            .collect();
        coding_ends.sort_unstable();
        coding_ends.dedup();
        let (name, id) = (name.to_owned(), id.to_owned());
        Gene {
            name,
            id,
            biotype: None,
            contig,
            strand,
            range,
            transcripts,
            transcript_ids,
            open_ended,
            coding_ends,
        }
    }
}

/// Takes the strand off all rows of a transcript one of whose rows has none: it is spliced of
/// pieces of both strands.
fn without_strand(items: &mut [Item], remarks: &mut Remarks) {
    let mut unknown: HashSet<(usize, u32)> = HashSet::new();
    for item in items.iter().filter(|item| item.strand.is_none() && item.kind != Kind::Gene) {
        unknown.extend(item.transcript.map(|transcript| (item.contig, transcript)));
    }
    for item in items.iter_mut() {
        if item.transcript.is_some_and(|transcript| unknown.contains(&(item.contig, transcript))) {
            item.strand = None;
        }
        remarks.rows_without_strand += usize::from(item.strand.is_none());
    }
}

/// What to tell the user.
#[derive(Default)]
struct Remarks {
    rows_without_strand: usize,
    /// Genes that have no other rows.
    unstranded: usize,
    /// How many, and of the first what to say.
    outside: (usize, String),
    divided: (usize, String),
    bare: (usize, String),
}

impl Remarks {
    /// Counts a gene id that stands for several places.
    fn divided(&mut self, id: &str, places: &[(usize, Strand, Place)], contigs: &Contigs) {
        let [first, second, ..] = places else { return };
        let shown = |(contig, strand, place): &(usize, Strand, Place)| {
            let Range { start, end } = place.range;
            format!("{}:{}-{end}:{strand}", excerpt(&contigs[*contig].name), start + 1)
        };
        let first = || format!("{}: {} and {}", excerpt(id), shown(first), shown(second));
        count(&mut self.divided, first);
    }

    /// Returns whether a place lies within its contig; counts it if not, and if there are no exons
    /// in it.
    fn is_inside(&mut self, id: &str, contigs: &Contigs, contig: usize, place: &Place) -> bool {
        let (contig, end) = (&contigs[contig], place.range.end);
        let inside = end <= contig.length;
        if !inside {
            let (name, length) = (excerpt(&contig.name), contig.length);
            let first = || format!("{} ends at {end}, {name} has {length} nt", excerpt(id));
            count(&mut self.outside, first);
        } else if place.transcripts.is_empty() {
            count(&mut self.bare, || excerpt(id));
        }
        inside
    }

    fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        let rows = self.rows_without_strand;
        if rows > 0 {
            let genes = self.unstranded;
            notes.push(format!(
                "{genes} genes without a strand (`.`, `?`) are left out, and {rows} rows of transcripts without one"
            ));
        }
        let mut note = |(n, first): (usize, String), what: &str, more: &str| {
            if n > 0 {
                notes.push(format!("{n} {what} ({first}){more}"));
            }
        };
        note(
            self.outside,
            "genes reach past the end of their contig and are left out",
            "; are both files of the same assembly?",
        );
        let divided = "gene ids stand at several places whose transcripts do not overlap; each place is a gene of \
                       its own";
        note(self.divided, divided, "");
        note(self.bare, "genes have no `exon` rows; each counts as one exon", "");
        notes
    }
}

fn count(counted: &mut (usize, String), first: impl FnOnce() -> String) {
    if counted.0 == 0 {
        counted.1 = first();
    }
    counted.0 += 1;
}
