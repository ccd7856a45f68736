//! Reading VCF and BCF.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use super::bcf::{self, BcfError, BcfRecords};
use super::header::Header;
use super::line::Line;
use crate::error::{Error, Problem, Result};
use crate::genome::compression::{OLD_MAC, Reader, Source};

/// Bytes of a line at most; 16 million samples with genotypes are less.
const LONGEST: u64 = 1 << 28;

/// The records of a file: VCF (plain, gzip or BGZF) or BCF, told by content.
pub struct VcfReader {
    source: Source,
    pub header: Header,
    records: Records,
    /// Lines of text, or records of BCF, read.
    number: u64,
    /// Columns that the header names.
    columns: usize,
}

enum Records {
    Text(Reader),
    Bcf(Box<BcfRecords>),
}

impl VcfReader {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// If it cannot be read, or has no header.
    pub fn new(source: Source) -> Result<Self> {
        let mut reader = source.reader();
        let begin = reader.fill_buf().map_err(|e| source.error(e))?;
        if !begin.starts_with(bcf::MAGIC) {
            let (header, records) = (Header::default(), Records::Text(reader));
            let mut vcf = Self { source, header, records, number: 0, columns: 0 };
            vcf.read_header()?;
            return Ok(vcf);
        }
        let failed = |error| match error {
            BcfError::Unreadable(error) => source.error(error),
            error => Error::input(source.path(), "header", error.to_string()),
        };
        let text = bcf::header_text(&mut reader).map_err(failed)?;
        let wrong = |problem: Problem| Error::input(source.path(), "header", problem);
        let mut header = Header::default();
        let mut last = false;
        for line in bcf::header_lines(&text) {
            last = header.push(line).map_err(wrong)?;
        }
        if !last {
            return Err(wrong("it has no #CHROM line".into()));
        }
        let records = BcfRecords::new(reader, &text).map_err(failed)?;
        let (columns, records) = (header.columns(), Records::Bcf(Box::new(records)));
        Ok(Self { source, header, records, number: 0, columns })
    }

    /// Returns the name for messages: the path, or `<stdin>`.
    pub fn path(&self) -> PathBuf {
        self.source.path().to_owned()
    }

    /// Returns the next record.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is no record.
    pub fn next_record(&mut self) -> Result<Option<Line>> {
        let next = match &mut self.records {
            Records::Text(_) => self.next_line()?,
            Records::Bcf(records) => {
                self.number += 1;
                records.next_line().map_err(|error| match error {
                    BcfError::Unreadable(error) => self.source.error(error),
                    error => self.wrong(error.to_string()),
                })?
            }
        };
        let parse = |text: Vec<u8>| {
            check_letters(&text)?;
            self.check_columns(&text)?;
            Line::parse(text)
        };
        next.map(|text| parse(text).map_err(|problem| self.wrong(problem))).transpose()
    }

    /// Checks that a line has the columns that the header names: a cut one may have fewer.
    fn check_columns(&self, line: &[u8]) -> std::result::Result<(), Problem> {
        let (found, named) = (1 + line.iter().filter(|byte| **byte == b'\t').count(), self.columns);
        if line.starts_with(b"#") {
            Err("a header line after records; `bcftools concat` joins files".into())
        } else if found != named {
            Err(format!(
                "{found} columns, but the header names {named}; are they separated by tabs, and is the \
                 file complete?"
            ).into())
        } else {
            Ok(())
        }
    }

    fn wrong(&self, problem: impl Into<String>) -> Error {
        let what = if matches!(self.records, Records::Text(_)) { "line" } else { "record" };
        Error::input(self.source.path(), format!("{what} {}", self.number), problem)
    }

    /// Returns the next line that is not blank, without its end.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let Records::Text(reader) = &mut self.records else { return Ok(None) };
            let mut line = Vec::new();
            let n = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            if n.map_err(|e| self.source.error(e))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.len() as u64 == LONGEST {
                return Err(self.wrong("more than 256 MiB in one line; is it VCF?"));
            }
            let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
            while line.last().is_some_and(ends) {
                line.pop();
            }
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn read_header(&mut self) -> Result<()> {
        while let Some(line) = self.next_line()? {
            let pushed = check_letters(&line).and_then(|()| self.header.push(line));
            if pushed.map_err(|problem| self.wrong(problem))? {
                self.columns = self.header.columns();
                return Ok(());
            }
        }
        let problem = "not VCF: it has no #CHROM line; is it complete?";
        Err(Error::of_file(self.source.path(), problem))
    }
}

/// Refuses the beginning of what is neither VCF nor BCF.
///
/// # Errors
/// What is wrong with it.
pub fn look(begin: &[u8]) -> std::result::Result<(), Problem> {
    if begin.is_empty() || begin.starts_with(bcf::MAGIC) {
        return Ok(());
    }
    let text = begin.trim_ascii_start();
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Header::default().push(line.trim_ascii_end().to_vec()).map(drop)
}

/// Checks that a line, given without its end, is text.
fn check_letters(line: &[u8]) -> std::result::Result<(), Problem> {
    if line.contains(&b'\r') {
        return Err(OLD_MAC.into());
    }
    // Also those of the C1 set, which terminals obey, as UTF-8 has them.
    let c1 = |pair: &[u8]| pair[0] == 0xc2 && (0x80..0xa0).contains(&pair[1]);
    let control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
    if line.iter().any(control) || line.windows(2).any(c1) {
        Err("the line holds control characters; copy or download the file again".into())
    } else {
        Ok(())
    }
}

/// Reads exactly `n` bytes.
pub(super) fn take(reader: &mut impl Read, n: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(n as u64).read_to_end(&mut bytes)?;
    if bytes.len() == n { Ok(bytes) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}
