//! Gene annotation.
//!
//! A reader of a format (`gtf.rs`, `gff3.rs`) makes rows of what the file says; `assembly.rs` makes
//! genes of rows.

mod assembly;
mod attributes;
mod gff3;
mod gtf;
mod left_out;
mod lookup;
mod names;

use std::ops::Range;
use std::path::Path;

use self::assembly::Assembly;
use self::left_out::LeftOut;
use self::names::Names;
use super::compression::Source;
use super::contigs::Contigs;
use super::strand::Strand;
use super::text_lines::TextLines;
use crate::error::{Error, Result};

/// A gene and the exons of its transcripts; coordinates 0-based half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gene {
    /// gene_name, or gene_id where there is none.
    pub name: String,
    /// gene_id (GTF), ID (GFF3), as the file has it.
    pub id: String,
    /// gene_type, gene_biotype or biotype.
    pub biotype: Option<String>,
    /// Its number in the genome.
    pub contig: usize,
    /// The strand that it is transcribed from.
    pub strand: Strand,
    /// From its first to its last nucleotide, 0-based half-open.
    pub range: Range<u64>,
    /// Exons of each transcript, ascending by coordinate.
    pub transcripts: Vec<Vec<Range<u64>>>,
    /// Ids of the transcripts, as the file has them; empty of those that have none.
    pub transcript_ids: Vec<String>,
    /// Numbers of the transcripts that go on past the 3' end that is annotated (attribute `partial
    /// "3-prime"`): their last exon here is not their last.
    pub open_ended: Vec<usize>,
    /// Last coding nucleotides of the transcripts, ascending; empty where the file has no coding
    /// sequences.
    pub coding_ends: Vec<u64>,
}

impl Gene {
    /// Returns the gene with the `extension` nt past its 3' end, within a contig of `length` nt.
    pub fn reach(&self, extension: u64, length: u64) -> Range<u64> {
        let Range { start, end } = self.range;
        match self.strand {
            Strand::Plus => start..end.saturating_add(extension).min(length),
            Strand::Minus => start.saturating_sub(extension)..end.min(length),
        }
    }
}

/// The genes of a GTF or GFF3 file that lie on contigs of the genome, sorted by contig, start, end,
/// strand, name.
#[derive(Clone, Debug, Default)]
pub struct Annotation {
    /// By contig, start, end.
    pub genes: Vec<Gene>,
    /// Remarks for the user, each said once (contig names matched by `chr` prefix, contigs left
    /// out).
    pub notes: Vec<String>,
}

impl Annotation {
    /// Reads a plain or gzip/BGZF GTF or GFF3 file, which are told by their content; `-` is
    /// standard input.
    ///
    /// Rows `gene`, `transcript` and `exon` count. A gene reaches over all its rows, so no `gene`
    /// row is needed; one without `exon` rows gets one transcript of one exon. An id is not a
    /// place: where the transcripts of one gene_id lie on several contigs or strands, or do not
    /// overlap, each place is a gene of its own, and it is said. Rows that cannot be used are left
    /// out, counted and said, too.
    ///
    /// # Errors
    /// A line that shows a damaged file or none of this format, with its number; no contig in
    /// common with the FASTA file; nothing of use in the file.
    ///
    /// ```
    /// use polyascan::genome::{annotation::Annotation, contigs::Contigs};
    ///
    /// let mut contigs = Contigs::default();
    /// contigs.push("chr9".to_owned(), 5_000);
    /// let file = tempfile::NamedTempFile::new().unwrap();
    /// let row = "chr9\tme\texon\t101\t200\t.\t+\t.\tgene_id \"G1\"; transcript_id \"T1\";\n";
    /// std::fs::write(file.path(), row).unwrap();
    /// let annotation = Annotation::read(file.path(), &contigs).unwrap();
    /// assert_eq!((annotation.genes[0].name.as_str(), annotation.genes[0].range.clone()), ("G1", 100..200));
    /// ```
    pub fn read(path: &Path, contigs: &Contigs) -> Result<Self> {
        Self::from_source(&Source::open(path)?, contigs)
    }

    /// Does what [`Annotation::read`] does for a source that is already open.
    pub fn from_source(source: &Source, contigs: &Contigs) -> Result<Self> {
        let mut lines = TextLines::new(source);
        let mut names = Names::new(contigs);
        let (mut assembly, mut left_out) = (Assembly::default(), LeftOut::default());
        let remarks = if is_gff3(source)? {
            gff3::read(&mut lines, &mut names, &mut assembly, &mut left_out)?;
            Vec::new()
        } else {
            gtf::read(&mut lines, &mut names, &mut assembly, &mut left_out)?
        };
        let fault = |place: String, problem: String| Error::input(source.path(), place, problem);
        names.check().map_err(|problem| fault(String::new(), problem.into()))?;
        let (genes, assembled) = assembly.finish(contigs);
        let notes = names.notes().into_iter().chain(left_out.notes()).chain(remarks);
        let notes: Vec<String> = notes.chain(assembled).collect();
        if genes.is_empty() {
            if let Some((line, first)) = left_out.first() {
                return Err(fault(format!("line {line}"), first.problem.clone()));
            }
            let why =
                if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
            let problem = format!("no gene, transcript or exon rows to use{why}");
            return Err(fault(String::new(), problem));
        }
        let path = source.path().display();
        tracing::debug!(%path, genes = genes.len(), "{path}: genes were read");
        Ok(Self { genes, notes })
    }
}

/// Returns whether a file is GFF3 rather than GTF: by its first line, or by the attributes of its
/// first row.
fn is_gff3(source: &Source) -> Result<bool> {
    let mut lines = TextLines::new(source);
    while let Some(line) = lines.next_line()? {
        if let Some(version) = line.strip_prefix(b"##gff-version") {
            return Ok(version.trim_ascii_start().starts_with(b"3"));
        }
        let attributes = line.splitn(9, |&byte| byte == b'\t').nth(8);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        // `ID=gene:X;Name=Y`, not `gene_id "X";`.
        let separator = attributes.and_then(|text| text.iter().find(|byte| b"= \"".contains(byte)));
        return Ok(separator == Some(&b'='));
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
