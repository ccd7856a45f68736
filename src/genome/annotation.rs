//! Gene annotation from GTF.

mod builder;
mod names;
mod row;

use std::ops::Range;
use std::path::Path;

use noodles::gtf;

use self::builder::Builder;
use self::names::Names;
use self::row::Row;
use super::compression::Source;
use super::contigs::Contigs;
use super::strand::Strand;
use crate::error::{Error, Result};

/// A gene and the exons of its transcripts; coordinates 0-based half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gene {
    /// gene_name, or gene_id where there is none.
    pub name: String,
    pub contig: usize,
    pub strand: Strand,
    pub range: Range<u64>,
    /// Exons of each transcript, ascending by coordinate.
    pub transcripts: Vec<Vec<Range<u64>>>,
    /// Numbers of the transcripts that go on past the 3' end that is annotated (attribute `partial "3-prime"`): their
    /// last exon here is not their last.
    pub open_ended: Vec<usize>,
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

/// The genes of a GTF file that lie on contigs of the genome, sorted by contig, start, end, strand, name.
#[derive(Clone, Debug, Default)]
pub struct Annotation {
    pub genes: Vec<Gene>,
    /// Remarks for the user, each said once (contig names matched by `chr` prefix, contigs left out).
    pub notes: Vec<String>,
}

impl Annotation {
    /// Reads a plain or gzip/BGZF GTF file; `-` is standard input.
    ///
    /// Rows `gene`, `transcript` and `exon` count. A gene reaches over all its rows, so no `gene` row is needed; one
    /// without `exon` rows gets one transcript of one exon. The same gene_id on two contigs or strands is two genes.
    ///
    /// # Errors
    /// A line that is no GTF, with its number; no contig in common with the FASTA file; nothing of use in the file.
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
        let mut reader = gtf::io::Reader::new(source.reader());
        let mut line = gtf::Line::default();
        let mut number = 0_u64;
        let mut names = Names::new(contigs);
        let mut builder = Builder::default();
        while reader.read_line(&mut line).map_err(|e| source.error(e))? > 0 {
            number += 1;
            let fault = |problem| Error::input(source.path(), format!("line {number}"), problem);
            let Some(record) = row::record(&line).map_err(fault)? else { continue };
            let Some(kind) = row::kind(&record) else { continue };
            let Some(contig) = names.resolve(record.reference_sequence_name()) else { continue };
            builder.add(contig, Row::parse(kind, &line, &record).map_err(fault)?);
        }
        let fault = |problem| Error::input(source.path(), "", problem);
        names.check().map_err(fault)?;
        let (genes, remarks) = builder.finish(contigs);
        let notes: Vec<String> = names.notes().into_iter().chain(remarks).collect();
        if genes.is_empty() {
            let why =
                if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
            return Err(fault(format!("no gene, transcript or exon rows to use{why}")));
        }
        Ok(Self { genes, notes })
    }
}

#[cfg(test)]
mod tests;
