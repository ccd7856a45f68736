//! BCF to lines of VCF and back, as a stream: whole records are cut out of what is read, and htslib
//! ([`super::htslib`]) makes lines of them in memory, and of lines records.

use std::io::{self, BufRead, Read as _};
use std::path::Path;

use super::htslib::{self, Codec, FIXED, Records};
use super::reader::take;
use crate::error::Error;
use crate::genome::compression::Reader;

/// First bytes of BCF version 2, decompressed.
pub const MAGIC: &[u8] = b"BCF\x02";
/// Bytes before the header's text: magic, minor version, length.
const BEFORE_TEXT: usize = 9;
/// Bytes before a record: how long its two parts are.
const SIZES: usize = 8;
/// Bytes of a record at most, and of those that htslib is given together, at least.
const LONGEST: usize = 1 << 28;
const TOGETHER: usize = 1 << 18;

/// Reads a BCF header as it stands: lines of VCF, with the numbers (`IDX`) that stand for names in
/// records.
///
/// # Errors
/// If it cannot be read, or is of another version.
pub fn header_text(reader: &mut Reader) -> Result<Vec<u8>, BcfError> {
    let cut = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => BcfError::Cut,
        _ => error.into(),
    };
    let begin = take(reader, BEFORE_TEXT).map_err(cut)?;
    let (magic, length) = begin.split_at(htslib::MAGIC.len());
    if magic != htslib::MAGIC {
        return Err(BcfError::Version(begin[MAGIC.len()]));
    }
    take(reader, number(length)).map_err(cut)
}

/// Returns the lines of a header without the numbers.
pub fn header_lines(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let lines = text.split(|byte| matches!(byte, b'\n' | 0)).filter(|line| !line.is_empty());
    lines.map(without_number)
}

/// Takes `,IDX=n` out of a header line's end.
fn without_number(line: &[u8]) -> Vec<u8> {
    const NUMBER: &[u8] = b",IDX=";
    let at = line.windows(NUMBER.len()).rposition(|window| window == NUMBER);
    let digits = at.and_then(|at| line[at + NUMBER.len()..].strip_suffix(b">"));
    match (at, digits) {
        (Some(at), Some(digits)) if digits.iter().all(u8::is_ascii_digit) => {
            [&line[..at], b">"].concat()
        }
        _ => line.to_vec(),
    }
}

/// Why a header or a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BcfError {
    #[error("the file ends in the middle of it; copy or download it again")]
    Cut,
    #[error("it is BCF 2.{0}, of which 2.2 is read; convert it with bcftools view")]
    Version(u8),
    #[error(
        "htslib cannot read this header (its reason is above); copy or download the file again"
    )]
    Header,
    #[error("damaged or cut BCF; copy or download the file again")]
    Damaged,
    #[error("a value holds a line feed, which no line of VCF can")]
    LineFeed,
    #[error("more than 256 MiB in one record; is it BCF?")]
    Long,
    #[error("cannot read: {0}")]
    Unreadable(#[from] io::Error),
}

/// The records of a BCF file as lines.
pub struct BcfRecords {
    reader: Reader,
    codec: Codec,
    /// Read, but not given out yet.
    records: Option<Records>,
    /// Why there are no more behind them.
    end: Option<BcfError>,
}

impl BcfRecords {
    /// Goes on with a file behind its header, `text`.
    ///
    /// # Errors
    /// What is wrong with the header.
    pub fn new(reader: Reader, text: &[u8]) -> Result<Self, BcfError> {
        let codec = Codec::new(text).map_err(|_| BcfError::Header)?;
        Ok(Self { reader, codec, records: None, end: None })
    }

    /// Returns the next record as a line, without its line feed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, BcfError> {
        loop {
            if let Some(records) = &self.records
                && let Some(line) = self.codec.decode(records).map_err(|_| BcfError::Damaged)?
            {
                // A line feed inside a value would make two lines of one record.
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                if line.contains(&b'\n') {
                    return Err(BcfError::LineFeed);
                }
                return Ok(Some(line.to_vec()));
            }
            self.records = None;
            if let Some(end) = self.end.take() {
                return Err(end);
            }
            let bytes = self.some_records();
            if bytes.is_empty() && self.end.is_none() {
                return Ok(None);
            }
            self.records = Some(Records::open(&bytes).map_err(|_| BcfError::Damaged)?);
        }
    }

    /// Reads records; fewer than [`TOGETHER`] bytes of them at the end, of whose kind it takes a
    /// note.
    fn some_records(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < TOGETHER && self.end.is_none() {
            match next_record(&mut self.reader, &mut bytes) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => self.end = Some(error),
            }
        }
        bytes
    }
}

/// Appends the next record, or nothing at the end of the file. Only whole ones are appended.
fn next_record(reader: &mut Reader, bytes: &mut Vec<u8>) -> Result<bool, BcfError> {
    if reader.fill_buf()?.is_empty() {
        return Ok(false);
    }
    let cut = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => BcfError::Damaged,
        _ => error.into(),
    };
    let sizes = take(reader, SIZES).map_err(cut)?;
    let [shared, samples] = [&sizes[..4], &sizes[4..]].map(number);
    if shared < FIXED - SIZES {
        return Err(BcfError::Damaged);
    }
    if shared + samples > LONGEST {
        return Err(BcfError::Long);
    }
    let (begin, size) = (bytes.len(), sizes.len() + shared + samples);
    bytes.extend(sizes);
    reader.take((shared + samples) as u64).read_to_end(bytes)?;
    if bytes.len() - begin < size {
        bytes.truncate(begin);
        return Err(BcfError::Damaged);
    }
    Ok(true)
}

/// Returns the number that bytes are, the lowest first.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte))
}

/// Turns lines into BCF.
pub struct BcfEncoder {
    codec: Codec,
    /// What the file begins with.
    pub header: Vec<u8>,
}

impl BcfEncoder {
    /// Encodes a header, lines of VCF.
    ///
    /// # Errors
    /// If htslib does not take it.
    pub fn new(text: &[u8]) -> Result<Self, Error> {
        let encoded = Codec::new(text).and_then(|mut codec| Ok((codec.header()?, codec)));
        let refused = |_| Error::input(Path::new("output"), "header", BcfError::Header.to_string());
        let (header, codec) = encoded.map_err(refused)?;
        Ok(Self { codec, header })
    }

    /// Encodes lines, each with its line feed.
    ///
    /// # Errors
    /// A record that BCF cannot hold.
    pub fn encode(&mut self, lines: &[u8]) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.codec.encode(line, &mut bytes).map_err(|_| impossible(line))?;
        }
        Ok(bytes)
    }
}

/// Says which record does not fit into BCF.
fn impossible(line: &[u8]) -> Error {
    let place: Vec<&[u8]> = line.split(|byte| *byte == b'\t').take(2).collect();
    let problem = "BCF cannot hold this record: its contig, a FILTER, INFO or FORMAT is not defined in the \
                   header, or a value is not of the type defined there; write VCF (--output-type z)";
    Error::input(Path::new("output"), String::from_utf8_lossy(&place.join(&b':')), problem)
}

#[cfg(test)]
mod tests;
