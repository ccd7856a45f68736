//! Gene annotation from GTF.

use std::ops::Range;
use std::path::Path;

use super::contigs::Contigs;
use super::strand::Strand;
use crate::error::Result;

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
}

/// The genes of a GTF file that lie on contigs of the genome, sorted by contig, start, end, strand, name.
#[derive(Clone, Debug, Default)]
pub struct Annotation {
    pub genes: Vec<Gene>,
    /// Remarks for the user, each said once (contig names matched by `chr` prefix, contigs left out).
    pub notes: Vec<String>,
}

impl Annotation {
    /// Reads a plain or gzip/BGZF GTF file.
    pub fn read(_path: &Path, _contigs: &Contigs) -> Result<Self> {
        todo!()
    }
}
