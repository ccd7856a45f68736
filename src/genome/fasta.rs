//! FASTA: one pass that checks everything and measures the contigs, then streaming passes.

use std::path::{Path, PathBuf};

use super::contigs::Contigs;
use crate::error::Result;

/// A checked FASTA file (plain, gzip or BGZF): contigs and digest known.
#[derive(Debug)]
pub struct FastaFile {
    pub path: PathBuf,
    pub contigs: Contigs,
    /// sha256 of the file's bytes, hexadecimal.
    pub sha256: String,
}

impl FastaFile {
    /// Reads the whole file once in bounded memory.
    ///
    /// # Errors
    /// Empty file, not FASTA, duplicate names, letters that are no nucleotides, truncated compression.
    pub fn open(_path: &Path) -> Result<Self> {
        todo!()
    }

    /// Starts a pass over the bases.
    pub fn bases(&self) -> Result<Bases> {
        todo!()
    }
}

/// A pass over the bases of a FASTA file, contig by contig, in bounded memory.
pub struct Bases {}

impl Bases {
    /// Goes to the next contig (skipping what is left of this one); returns its index or `None` at the end.
    pub fn next_contig(&mut self) -> Result<Option<usize>> {
        todo!()
    }

    /// Appends up to `n` codes of the current contig to `codes`; returns how many (fewer only at its end).
    pub fn read(&mut self, _n: usize, _codes: &mut Vec<u8>) -> Result<usize> {
        todo!()
    }

    /// Skips up to `n` bases of the current contig; returns how many.
    pub fn skip(&mut self, _n: u64) -> Result<u64> {
        todo!()
    }
}
