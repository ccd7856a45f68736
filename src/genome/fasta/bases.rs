//! Streaming passes over a checked file.

use std::sync::Arc;

use super::records::Records;
use crate::error::{Error, Result};
use crate::genome::compression::{Reader, Source};
use crate::genome::contigs::Contig;
use crate::genome::sequence::{self, UNKNOWN};

/// A pass over the bases of a FASTA file, contig by contig, in bounded memory.
pub struct Bases {
    records: Records<Reader>,
    source: Source,
    contigs: Arc<[Contig]>,
    /// The contig after the current one.
    next: usize,
    /// How many bases of the current contig were read.
    offset: u64,
}

impl Bases {
    pub(super) fn new(source: &Source, contigs: Arc<[Contig]>) -> Result<Self> {
        let records = Records::new(source.reader(), source)?;
        Ok(Self { records, source: source.clone(), contigs, next: 0, offset: 0 })
    }

    /// Goes to the next contig (skipping what is left of this one); returns its index or `None` at
    /// the end.
    ///
    /// # Errors
    /// The file cannot be read, or is no longer what it was when it was opened.
    pub fn next_contig(&mut self) -> Result<Option<usize>> {
        while self.skip(u64::MAX)? > 0 {}
        let name = self.records.next_header()?;
        let expected = self.contigs.get(self.next).map(|contig| contig.name.as_str());
        if name.as_deref() != expected {
            return Err(self.changed(expected.unwrap_or("the end")));
        }
        if name.is_none() {
            return Ok(None);
        }
        self.offset = 0;
        self.next += 1;
        Ok(Some(self.next - 1))
    }

    /// Appends up to `n` codes of the current contig to `codes`; returns how many (fewer only at
    /// its end).
    ///
    /// # Errors
    /// As for [`Bases::next_contig`].
    pub fn read(&mut self, n: usize, codes: &mut Vec<u8>) -> Result<usize> {
        let before = codes.len();
        let mut foreign = false;
        self.advance(n as u64, |letters| {
            codes.extend(letters.iter().map(|&letter| {
                let code = sequence::code(letter);
                foreign |= code.is_none();
                code.unwrap_or(UNKNOWN)
            }));
        })?;
        if foreign { Err(self.changed("nucleotides")) } else { Ok(codes.len() - before) }
    }

    /// Skips up to `n` bases of the current contig; returns how many.
    ///
    /// # Errors
    /// As for [`Bases::next_contig`].
    pub fn skip(&mut self, n: u64) -> Result<u64> {
        self.advance(n, |_| {})
    }

    /// Hands up to `n` letters to `take`; checks the contig's length on the way.
    fn advance(&mut self, n: u64, mut take: impl FnMut(&[u8])) -> Result<u64> {
        let Some(contig) = self.next.checked_sub(1).and_then(|i| self.contigs.get(i)) else {
            return Ok(0);
        };
        let (name, length) = (contig.name.as_str(), contig.length);
        let mut left = n;
        while left > 0 {
            let letters = self.records.letters(name, self.offset)?;
            let taken = letters.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if taken == 0 && self.offset == length {
                break;
            }
            if taken == 0 || self.offset + taken as u64 > length {
                return Err(self.changed(&format!("{length} nt in {name}")));
            }
            take(&letters[..taken]);
            self.records.consume(taken);
            self.offset += taken as u64;
            left -= taken as u64;
        }
        Ok(n - left)
    }

    #[cold]
    fn changed(&self, expected: &str) -> Error {
        let problem = format!(
            "the file was changed while it was being read (expected {expected}); start again when it is complete"
        );
        Error::input(self.source.path(), self.records.header_place(), problem)
    }
}
