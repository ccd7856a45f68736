//! Rows of GFF3: Ensembl's, RefSeq's, MANE's and what gffread writes.
//!
//! | row | counts as |
//! | --- | --- |
//! | a type that is or ends in `gene`, without `Parent` | gene |
//! | any other with `ID` and `Parent`, but for parts of transcripts (introns, UTRs, ...) | transcript of that gene |
//! | a type with `RNA` or `transcript` in it, without `Parent` | transcript that is a gene of its own |
//! | `exon` | exon of each of its parents; a gene that is the parent has one transcript of such exons |
//! | `CDS`, `stop_codon` | where coding sequence ends |
//! | `region` with `chromosome=` | RefSeq's name of the contig |

use std::borrow::Cow;
use std::collections::HashMap;

use noodles::gff::feature::record::Strand as GffStrand;
use noodles::gff::record::Attributes;
use noodles::gff::{Line, Record, io::Reader};

use super::assembly::{Assembly, Kind, Row};
use super::left_out::{Fault, LeftOut};
use super::names::Names;
use crate::error::Result;
use crate::genome::strand::Strand;
use crate::genome::text_lines::TextLines;

const TORN: &str = "not GFF3: fewer than 9 columns separated by tabs";
const POSITION: &str = "start or end is not a position (a whole number from 1)";
const BACKWARDS: &str = "the end is before the start";
const UNREADABLE: &str =
    "the attributes (column 9) cannot be read; they should be like ID=X;Parent=Y";
const STRAND: &str = "the strand is unknown";
const NO_PARENT: &str = "an exon without Parent, which says what it is an exon of";

/// Parts of transcripts that say nothing of exons.
const PARTS: [&str; 7] = [
    "intron",
    "start_codon",
    "five_prime_UTR",
    "three_prime_UTR",
    "five_prime_utr",
    "three_prime_utr",
    "UTR",
];

/// What the rows of a file have told so far.
struct Told<'a, 'c> {
    names: &'a mut Names<'c>,
    assembly: &'a mut Assembly,
    /// Gene of each transcript id.
    gene_of: HashMap<String, String>,
}

/// The attributes of a row that matter.
#[derive(Default)]
struct Known {
    id: Option<String>,
    parents: Vec<String>,
    name: Option<String>,
    biotype: Option<String>,
    chromosome: Option<String>,
    partial: bool,
}

/// Reads the rows of genes, transcripts and exons of a GFF3 file into `assembly`. Rows that cannot
/// be used go to `left_out`.
///
/// # Errors
/// A line that shows that the file is damaged or no GFF3, with its number.
pub(super) fn read(
    lines: &mut TextLines,
    names: &mut Names<'_>,
    assembly: &mut Assembly,
    left_out: &mut LeftOut,
) -> Result<()> {
    let mut told = Told { names, assembly, gene_of: HashMap::new() };
    let mut line = Line::default();
    loop {
        let Some(text) = lines.next_line()? else { break };
        if text.starts_with(b"##FASTA") || text.starts_with(b">") {
            break;
        }
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        if text.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            let problem = "the line holds control characters; copy or download the file again";
            return Err(lines.wrong(problem));
        }
        let copied = Reader::new(text).read_line(&mut line);
        let record = copied.ok().and_then(|_| line.as_record()?.ok());
        let Some(record) = record else { return Err(lines.wrong(TORN)) };
        if let Err(fault) = told.add(&record) {
            left_out.count(lines.number(), fault);
        }
    }
    Ok(())
}

impl Told<'_, '_> {
    /// Takes in a row.
    fn add(&mut self, record: &Record<'_>) -> std::result::Result<(), Fault> {
        let (contig, kind) =
            (record.reference_sequence_name().to_string(), record.ty().to_string());
        if PARTS.contains(&kind.as_str()) {
            return Ok(());
        }
        let known = Known::of(&record.attributes())?;
        if kind == "region" {
            if let Some(chromosome) = &known.chromosome {
                self.names.alias(&contig, chromosome);
            }
            return Ok(());
        }
        let is_gene = kind.to_ascii_lowercase().ends_with("gene") && known.parents.is_empty();
        let alone = kind.contains("RNA") || kind.contains("transcript");
        let kind = match (kind.as_str(), &known.id) {
            ("CDS" | "stop_codon", _) => Kind::Coding,
            ("exon", _) => Kind::Exon,
            (_, Some(_)) if is_gene => Kind::Gene,
            (_, Some(_)) if alone || !known.parents.is_empty() => Kind::Transcript,
            _ => return Ok(()),
        };
        let found = match kind {
            Kind::Coding => self.names.known(&contig),
            _ => self.names.resolve(&contig),
        };
        let Some(contig) = found else { return Ok(()) };
        match row(record, kind, contig, &known) {
            Ok(row) => self.place(row, known),
            // Of no weight by itself: what is wrong with it is not said.
            Err(_) if kind == Kind::Coding => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Hands a row on, once for each of its transcripts.
    fn place(&mut self, row: Row<'_>, known: Known) -> std::result::Result<(), Fault> {
        let Known { id, parents, .. } = known;
        match row.kind {
            Kind::Gene => self.assembly.add(Row { gene_id: id.map(Cow::from), ..row }),
            Kind::Transcript => {
                // A transcript of a transcript (a microRNA of its primary one) is of the same gene.
                let parent = parents.into_iter().next();
                let gene =
                    parent.map(|parent| self.gene_of.get(&parent).cloned().unwrap_or(parent));
                if let (Some(id), Some(gene)) = (&id, &gene) {
                    self.gene_of.insert(id.clone(), gene.clone());
                }
                self.assembly.add(Row {
                    gene_id: gene.map(Cow::from),
                    transcript_id: id.map(Cow::from),
                    ..row
                });
            }
            Kind::Exon if parents.is_empty() => return Err(NO_PARENT.into()),
            Kind::Exon | Kind::Coding => {
                for parent in parents {
                    let gene_id = self.gene_of.get(&parent).map(Cow::from);
                    let transcript_id = Some(Cow::from(&parent));
                    self.assembly.add(Row { gene_id, transcript_id, ..row.clone() });
                }
            }
        }
        Ok(())
    }
}

impl Known {
    fn of(attributes: &Attributes<'_>) -> std::result::Result<Self, Fault> {
        let mut known = Self::default();
        // Some writers end with a semicolon and a blank.
        if attributes.as_ref().trim_ascii() == b"." || attributes.as_ref().trim_ascii().is_empty() {
            return Ok(known);
        }
        for attribute in attributes.iter() {
            let Ok((tag, value)) = attribute else {
                if known.id.is_some() || !known.parents.is_empty() {
                    break;
                }
                return Err(UNREADABLE.into());
            };
            // Percent-encoded control characters would break the tables that names stand in.
            let text = value.as_ref().to_string().replace(|c: char| c.is_control(), "_");
            let text = text.trim();
            let filled = || Some(text.to_owned()).filter(|text| !text.is_empty());
            match tag.to_string().trim() {
                "ID" => known.id = filled(),
                "Parent" => known
                    .parents
                    .extend(text.split(',').filter(|parent| !parent.is_empty()).map(str::to_owned)),
                "Name" | "gene_name" => known.name = filled().or(known.name),
                "gene_type" | "gene_biotype" | "biotype" => known.biotype = filled(),
                "gene" => known.name = known.name.or_else(filled),
                "chromosome" => known.chromosome = filled(),
                "partial" => known.partial |= text.contains("3-prime"),
                _ => {}
            }
        }
        Ok(known)
    }
}

fn row(
    record: &Record<'_>,
    kind: Kind,
    contig: usize,
    known: &Known,
) -> std::result::Result<Row<'static>, Fault> {
    let (Ok(start), Ok(end)) = (record.start(), record.end()) else { return Err(POSITION.into()) };
    let (start, end) = (usize::from(start) as u64, usize::from(end) as u64);
    if end < start {
        let problem = format!("the end {end} is before the start {start}");
        return Err(Fault { kind: BACKWARDS, problem });
    }
    let strand = match record.strand() {
        Ok(GffStrand::Forward) => Some(Strand::Plus),
        Ok(GffStrand::Reverse) => Some(Strand::Minus),
        Ok(GffStrand::None | GffStrand::Unknown) => None,
        Err(_) => return Err(STRAND.into()),
    };
    let of_gene = || known.name.clone().or_else(|| known.id.as_deref().map(bare));
    let gene_name = if kind == Kind::Gene { of_gene() } else { None };
    let biotype = known.biotype.clone().filter(|_| kind == Kind::Gene);
    Ok(Row {
        kind,
        contig,
        range: start - 1..end,
        strand,
        gene_id: None,
        gene_name: gene_name.map(Cow::from),
        biotype: biotype.map(Cow::from),
        transcript_id: None,
        exon_number: None,
        open_ended: known.partial,
    })
}

/// Returns an id without what Ensembl and RefSeq put before it (`gene:ENSG00000139618`,
/// `gene-BRCA2`).
fn bare(id: &str) -> String {
    id.strip_prefix("gene:").or_else(|| id.strip_prefix("gene-")).unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests;
