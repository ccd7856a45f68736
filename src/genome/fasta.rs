//! FASTA: one pass that checks everything and measures the contigs, then streaming passes.

mod bases;
mod foreign;
mod lines;
mod records;

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::bases::Bases;
use self::lines::LONGEST_HEADER;
use self::records::Records;
use super::compression::{Reader, Source};
use super::contigs::{Contig, Contigs};
use super::sequence;
use crate::error::{Error, Problem, Result, excerpt};

/// A checked FASTA file (plain, gzip or BGZF): contigs and digest known.
#[derive(Debug)]
pub struct FastaFile {
    /// The path as given, or `<stdin>`.
    pub path: PathBuf,
    /// Its contigs, in order.
    pub contigs: Contigs,
    /// sha256 of the file's bytes, hexadecimal.
    pub sha256: String,
    source: Source,
    /// The contigs again, shared with the passes.
    list: Arc<[Contig]>,
}

impl FastaFile {
    /// Reads the whole file once in bounded memory; `-` is standard input. Index files are not
    /// needed.
    ///
    /// # Errors
    /// Empty file, not FASTA, duplicate names, letters that are no nucleotides, truncated
    /// compression.
    ///
    /// ```
    /// use polyascan::genome::fasta::FastaFile;
    ///
    /// let file = tempfile::NamedTempFile::new().unwrap();
    /// std::fs::write(file.path(), ">chr1 first\nACG\nTN\n").unwrap();
    /// let fasta = FastaFile::open(file.path()).unwrap();
    /// assert_eq!((fasta.contigs[0].name.as_str(), fasta.contigs[0].length), ("chr1", 5));
    ///
    /// let mut bases = fasta.bases().unwrap();
    /// assert_eq!(bases.next_contig().unwrap(), Some(0));
    /// let mut codes = Vec::new();
    /// assert_eq!(bases.read(100, &mut codes).unwrap(), 5);
    /// assert_eq!(codes, [0, 1, 2, 3, 4]);
    /// ```
    pub fn open(path: &Path) -> Result<Self> {
        Self::from_source(Source::open_as(path, look)?)
    }

    /// Does what [`FastaFile::open`] does for a source that is already open.
    pub fn from_source(source: Source) -> Result<Self> {
        let mut records = Records::new(source.hashing_reader(), &source)?;
        let mut contigs = Contigs::default();
        while let Some(name) = records.next_header()? {
            if contigs.index_of(&name).is_some() {
                let problem = format!(
                    "a second contig is called {:?} (the first word of the header counts); rename or remove one",
                    excerpt(&name)
                );
                return Err(Error::input(source.path(), records.header_place(), problem));
            }
            let length = measure(&mut records, &name)?;
            contigs.push(name, length);
        }
        let sha256 = records.into_inner().finish().map_err(|e| source.error(e))?;
        let list: Arc<[_]> = contigs.iter().cloned().collect();
        let path = source.path().display();
        tracing::debug!(%path, contigs = list.len(), sha256, "{path}: sequences were checked");
        Ok(Self { path: source.path().to_owned(), contigs, sha256, source, list })
    }

    /// Starts a pass over the bases.
    pub fn bases(&self) -> Result<Bases> {
        Bases::new(&self.source, Arc::clone(&self.list))
    }
}

/// Refuses the beginning of what is no FASTA.
fn look(begin: &[u8]) -> std::result::Result<(), Problem> {
    let text = begin.trim_ascii_start();
    if !text.is_empty() && !text.starts_with(b">") {
        let found = foreign::describe(text);
        return Err(format!("not FASTA: the first line does not begin with `>`; {found}").into());
    }
    if text.len() >= LONGEST_HEADER - 1 && !text[..LONGEST_HEADER - 1].contains(&b'\n') {
        return Err(records::LONG_HEADER.into());
    }
    Ok(())
}

/// Returns whether the first letter of a file is the `>` that FASTA begins with; so it counts if
/// there is none.
///
/// # Errors
/// If the file cannot be read.
pub fn begins(source: &Source) -> Result<bool> {
    let mut reader = source.reader();
    loop {
        let buffer = reader.fill_buf().map_err(|e| source.error(e))?;
        let (first, n) = (buffer.iter().find(|byte| !byte.is_ascii_whitespace()), buffer.len());
        match first {
            Some(&byte) => return Ok(byte == b'>'),
            None if n == 0 => return Ok(true),
            None => reader.consume(n),
        }
    }
}

/// Counts and checks the letters of the contig whose header was just read.
fn measure(records: &mut Records<Reader>, name: &str) -> Result<u64> {
    let mut length = 0;
    loop {
        let letters = records.letters(name, length)?;
        if letters.is_empty() {
            return Ok(length);
        }
        if let Some(i) = letters.iter().position(|&letter| sequence::code(letter).is_none()) {
            let (letter, position) = (letters[i], length + i as u64 + 1);
            return Err(records.bad_letter(name, position, letter));
        }
        let n = letters.len();
        length += n as u64;
        records.consume(n);
    }
}

#[cfg(test)]
mod tests;
