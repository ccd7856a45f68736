//! Batches of records in, the same records with their effects out.

mod haplotypes;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::answer::{Finding, largest_change, most_severe};
use super::change::{Change, Coverage, Reason};
use super::context::VariantContext;
use super::effect::SiteEffect;
use super::entry::{self, Answer, KEYS, parts, signal_entry};
use super::gene_usage::{Around, GeneUsage};
use super::genes::{genes_at, strands_of};
use super::motif;
use super::phase::Combined;
use super::phase::genotype::Genotypes;
use super::scorer::{Asked, Effects, SignalEffect, VariantScorer};
use super::settings::CheckRef;
use super::totals::Totals;
use super::vcf::line::Line;
use crate::context::features::GeneContext;
use crate::context::structure::GeneStructure;
use crate::error::{Error, Result, excerpt};
use crate::genome::sequence::{UNKNOWN, decode};

/// Consecutive records of one contig.
pub struct Batch {
    /// Number of the first record, counted from 0 through the whole input.
    pub first: u64,
    /// Number of the contig in the genome, and its codes; `None` if the genome has no such contig.
    pub contig: Option<(usize, Arc<Vec<u8>>)>,
    /// The contig's name in the genome, where it is another.
    pub renamed: Option<String>,
    pub lines: Vec<Line>,
    /// What a sample carries here, if its haplotypes are asked for.
    pub genotypes: Option<Genotypes>,
}

/// What came of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotated {
    /// Numbers of the records, counted from 0 through the whole input.
    pub records: Range<u64>,
    /// Lines of VCF.
    pub lines: Vec<u8>,
    /// Rows of the table.
    pub rows: Vec<u8>,
    pub totals: Totals,
    /// Places of the records whose REF is not the genome's.
    pub mismatches: Vec<String>,
    /// Whether entries of an earlier run were replaced.
    pub replaced: bool,
}

/// Annotates records; shared by all threads.
pub struct Annotator<'a> {
    pub engine: &'a VariantScorer<'a>,
    pub genes: Option<&'a GeneContext>,
    pub context: VariantContext<'a>,
    /// Known sites: by contig of the genome and strand, ascending.
    pub places: &'a [[Vec<u64>; 2]],
    pub usage: GeneUsage,
    pub check_ref: CheckRef,
    /// Longest allele, in canonical form.
    pub longest: usize,
    /// Whether alleles that can alter no element are skipped.
    pub changed_motif_only: bool,
    /// Whether rows of a table are wanted.
    pub table: bool,
    /// The file of the records, for messages.
    pub path: &'a Path,
}

/// A record and what is known of it.
struct Record<'a> {
    line: &'a Line,
    /// REF as it is to be written.
    reference: Vec<u8>,
    alleles: Vec<Allele<'a>>,
    /// Alleles with their neighbours on a haplotype: number of the allele, place in the list of
    /// what is to be scored.
    haplotypes: Vec<(Combined, usize, usize)>,
}

struct Allele<'a> {
    letters: String,
    /// What is to be scored (its place in the list, and which windows there are), or why it is not.
    asked: std::result::Result<(usize, Coverage), Reason>,
    /// `None` without annotation.
    genes: Option<Vec<(usize, &'a GeneStructure)>>,
}

impl Annotator<'_> {
    /// Annotates a batch.
    ///
    /// # Errors
    /// Those of the models; a REF that is not the genome's, if that is to be one.
    pub fn annotate(&self, batch: Batch) -> Result<Annotated> {
        let number = batch.lines.len() as u64;
        let mut annotated = Annotated {
            records: batch.first..batch.first + number,
            lines: Vec::new(),
            rows: Vec::new(),
            totals: Totals { records: number, ..Totals::default() },
            mismatches: Vec::new(),
            replaced: false,
        };
        if let Some(line) = batch.lines.first() {
            let name = text(line.contig());
            match (&batch.contig, &batch.renamed) {
                (None, _) => annotated.totals.miss_contig(&excerpt(&name), number),
                (_, Some(there)) => annotated.totals.rename_contig(&excerpt(&name), there),
                _ => {}
            }
        }
        let mut asked = Vec::new();
        let mut records = Vec::new();
        for (number, line) in batch.lines.iter().enumerate() {
            let contig = batch.contig.as_ref();
            if let Some(record) = self.examine(line, contig, &mut asked, &mut annotated)? {
                records.push((number, record));
            }
        }
        let of_alleles = asked.len();
        if let (Some(genotypes), Some((_, codes))) = (&batch.genotypes, &batch.contig) {
            annotated.totals.unphased += genotypes.unphased;
            self.ask_haplotypes(codes, genotypes, &mut records, &mut asked);
        }
        let around = batch.contig.as_ref().map(|(contig, codes)| self.around(*contig, codes));
        let effects = match &around {
            Some(Around { contig, codes, places, .. }) => {
                self.engine.score(*contig, codes, &asked, *places)?
            }
            None => Vec::new(),
        };
        let signals = match &around {
            Some(Around { codes, .. }) => {
                self.engine.signal_effects(codes, &asked[..of_alleles])?
            }
            None => Vec::new(),
        };
        for (_, record) in &records {
            self.write(record, around.as_ref(), (&effects, &signals), &mut annotated)?;
        }
        Ok(annotated)
    }

    fn around<'b>(&'b self, contig: usize, codes: &'b [u8]) -> Around<'b> {
        let places = self.places.get(contig).map(|strands| strands.each_ref());
        let places = places.map_or([&[][..]; 2], |strands| strands.map(Vec::as_slice));
        Around { engine: self.engine, context: &self.context, contig, codes, places }
    }

    /// Says what is to be scored of a record; `None` if the record is to be left out.
    fn examine<'a>(
        &'a self,
        line: &'a Line,
        contig: Option<&(usize, Arc<Vec<u8>>)>,
        asked: &mut Vec<Asked>,
        annotated: &mut Annotated,
    ) -> Result<Option<Record<'a>>> {
        let Some((contig, codes)) = contig else {
            let missing =
                |letters| Allele { letters, asked: Err(Reason::MissingContig), genes: None };
            let alleles = line.alternates().map(|letters| missing(text(letters))).collect();
            let (reference, haplotypes) = (line.reference().to_vec(), Vec::new());
            return Ok(Some(Record { line, reference, alleles, haplotypes }));
        };
        let mut reference = line.reference().to_vec();
        let change = |reference: &[u8], letters: &[u8]| {
            Change::of_allele(codes, line.start(), reference, letters, self.longest)
        };
        let differs = |reference: &[u8]| {
            line.alternates().any(|letters| change(reference, letters) == Err(Reason::RefMismatch))
        };
        annotated.totals.compared += u64::from(line.alternates().next().is_some());
        if differs(&reference) {
            annotated.totals.ref_mismatches += 1;
            annotated.mismatches.push(line.place());
            match (self.check_ref, of_genome(line, codes)) {
                (CheckRef::E, _) => return Err(self.mismatch(line, codes)),
                (CheckRef::X, _) => {
                    annotated.totals.excluded += 1;
                    return Ok(None);
                }
                (CheckRef::S, Some(of_genome)) => {
                    annotated.totals.reference_set += 1;
                    reference = of_genome;
                }
                _ => {}
            }
        }
        let alleles = line.alternates().map(|letters| {
            let change = change(&reference, letters);
            let genes = match (&change, self.genes) {
                (Ok(change), Some(genes)) => {
                    let here = genes_at(genes, *contig, change).into_iter();
                    Some(here.map(|gene| (gene, genes.gene(gene))).collect::<Vec<_>>())
                }
                _ => None,
            };
            let asked = change.and_then(|change| {
                let strands = match &genes {
                    None => [true; 2],
                    Some(genes) => strands_of(genes.iter().map(|(_, gene)| *gene)),
                };
                if strands == [false; 2] {
                    return Err(Reason::NoGene);
                }
                let coverage = change.check_windows(codes)?;
                if self.changed_motif_only && !motif::can_change(codes, &change, strands) {
                    return Err(Reason::NoMotifChange);
                }
                asked.push(Asked { change, strands });
                Ok((asked.len() - 1, coverage))
            });
            Allele { letters: text(letters), asked, genes }
        });
        let alleles = alleles.collect();
        Ok(Some(Record { line, reference, alleles, haplotypes: Vec::new() }))
    }

    fn mismatch(&self, line: &Line, codes: &[u8]) -> Error {
        let there = stretch_of(line, codes).map(decode);
        let there = there.map_or("the contig's end".to_owned(), |codes| text(&codes));
        let problem = format!(
            "REF is {}, the genome has {there} there; is it the genome that the variants were called \
             on? (--check-ref w skips such records, x leaves them out, s sets REF)",
            text(line.reference())
        );
        Error::input(self.path, line.place(), problem)
    }

    /// Writes a record with its effects.
    fn write(
        &self,
        record: &Record<'_>,
        around: Option<&Around<'_>>,
        (effects, signals): (&[Effects], &[Vec<SignalEffect>]),
        annotated: &mut Annotated,
    ) -> Result<()> {
        let Annotated { lines, rows, totals, replaced, .. } = annotated;
        totals.written += 1;
        totals.without_alternate += u64::from(record.alleles.is_empty());
        let (mut entries, mut by_signal, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for (number, allele) in (1..).zip(&record.alleles) {
            let (sites, coverage) = match allele.asked {
                Ok((at, coverage)) => {
                    let signals = signals.get(at).into_iter().flatten();
                    by_signal.extend(signals.map(|effect| signal_entry(&allele.letters, effect)));
                    (&*effects[at], coverage)
                }
                Err(reason) => {
                    totals.skip(reason);
                    answers.push(Answer::skipped(reason));
                    if self.table {
                        row(record, allele, None, &answers[answers.len() - 1], rows);
                    }
                    continue;
                }
            };
            let findings = allele.findings(sites, &self.context);
            let most_severe = most_severe(&findings);
            totals.score(most_severe);
            let usage = match around {
                Some(around) => self.usage.largest_change(around, &findings)?,
                None => None,
            };
            totals.partial += u64::from(coverage == Coverage::UpToEdge);
            let answer = Answer::of(most_severe, largest_change(&findings), usage, coverage);
            if self.table && findings.is_empty() {
                row(record, allele, None, &answer, rows);
            }
            for finding in &findings {
                let entry = parts((&allele.letters, number), finding);
                if self.table {
                    row(record, allele, Some(&entry), &answer, rows);
                }
                entries.push(entry.join("|"));
            }
            answers.push(answer);
        }
        let by_haplotype = self.haplotype_entries(record, effects);
        totals.haplotypes += record.haplotypes.len() as u64;
        let info = entry::info([&entries, &by_signal, &by_haplotype], &answers);
        *replaced |= record.line.write(&record.reference, &KEYS, &info, lines);
        Ok(())
    }
}

impl<'g> Allele<'g> {
    /// Returns what the allele does: by gene, then by site.
    fn findings<'f>(
        &self,
        sites: &'f [SiteEffect],
        context: &VariantContext<'_>,
    ) -> Vec<Finding<'f>>
    where
        'g: 'f,
    {
        let finding = |gene: Option<(usize, &'g GeneStructure)>, site: &'f SiteEffect| {
            let in_gene = context.site(gene.map(|(number, _)| number), site);
            Finding { gene, site, in_gene }
        };
        match &self.genes {
            None => sites.iter().map(|site| finding(None, site)).collect(),
            Some(genes) => {
                let of_gene = |&gene: &(usize, &'g GeneStructure)| {
                    let here = sites.iter().filter(move |site| site.strand == gene.1.strand);
                    here.map(move |site| finding(Some(gene), site))
                };
                genes.iter().flat_map(of_gene).collect()
            }
        }
    }
}

/// Columns of the table before those of an entry, which are [`entry::FIELDS`] in small letters,
/// ALLELE in the place of ALT; those of the allele follow.
const BEFORE: [&str; 4] = ["#chrom", "pos", "id", "ref"];

/// Returns the first line of the table.
pub fn table_header() -> String {
    let fields = entry::FIELDS.map(str::to_lowercase);
    let fields = fields.iter().map(String::as_str);
    let answer = entry::ANSWER.iter().map(|key| entry::column(key));
    let columns: Vec<&str> = BEFORE.into_iter().chain(fields).chain(answer).collect();
    columns.join("\t") + "\n"
}

/// Appends a row of the table.
fn row(
    record: &Record<'_>,
    allele: &Allele<'_>,
    entry: Option<&[String; entry::FIELDS.len()]>,
    answer: &Answer,
    rows: &mut Vec<u8>,
) {
    let line = record.line;
    let position = (line.start() + 1).to_string();
    let before = [line.contig(), position.as_bytes(), line.id(), &record.reference];
    let of_entry = (1..entry::FIELDS.len()).map(|i| entry.map_or(".", |entry| entry[i].as_str()));
    let letters = std::iter::once(allele.letters.as_str());
    let after = letters.chain(of_entry).chain(answer.values().iter().map(String::as_str));
    let cells: Vec<&[u8]> = before.into_iter().chain(after.map(str::as_bytes)).collect();
    rows.extend_from_slice(&cells.join(&b'\t'));
    rows.push(b'\n');
}

fn stretch_of<'a>(line: &Line, codes: &'a [u8]) -> Option<&'a [u8]> {
    let start = usize::try_from(line.start()).ok()?;
    codes.get(start..start.checked_add(line.reference().len())?)
}

/// Returns the genome's letters in the place of REF, where they are known and no ALT.
fn of_genome(line: &Line, codes: &[u8]) -> Option<Vec<u8>> {
    let letters = stretch_of(line, codes).filter(|codes| !codes.contains(&UNKNOWN)).map(decode)?;
    let taken = line.alternates().any(|alternate| alternate.eq_ignore_ascii_case(&letters));
    (!taken).then_some(letters)
}

fn text(letters: &[u8]) -> String {
    String::from_utf8_lossy(letters).into_owned()
}
