//! Reading VCF and BCF.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use super::bcf::{self, BcfRecords};
use super::header::Header;
use super::line::Line;
use crate::error::{Error, Result};
use crate::genome::compression::{Reader, Source};

/// The records of a file: VCF (plain, gzip or BGZF) or BCF, told by content.
pub struct VcfReader {
    source: Source,
    pub header: Header,
    records: Records,
    /// Lines of text, or records of BCF, read.
    number: u64,
}

enum Records {
    Text(Reader),
    Bcf(BcfRecords),
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
            let mut vcf = Self { source, header, records, number: 0 };
            vcf.read_header()?;
            return Ok(vcf);
        }
        let text = bcf::header_text(&mut reader).map_err(|e| source.error(e))?;
        let wrong = |problem: String| Error::input(source.path(), "header", problem);
        let mut header = Header::default();
        let mut last = false;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            last = header.push(line.to_vec()).map_err(wrong)?;
        }
        if !last {
            return Err(wrong("it has no #CHROM line".to_owned()));
        }
        let records = Records::Bcf(BcfRecords::open(&source)?);
        Ok(Self { source, header, records, number: 0 })
    }

    /// Returns the name for messages: the path, or `<stdin>`.
    pub fn path(&self) -> PathBuf {
        self.source.path().to_owned()
    }

    /// Returns the size of the file, and how far it is read, in bytes; `None` of BCF.
    pub fn progress(&self) -> (u64, Option<u64>) {
        let offset = match &self.records {
            Records::Text(reader) => Some(reader.offset()),
            Records::Bcf(_) => None,
        };
        (self.source.size(), offset)
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
                let text = records.next_line();
                text.map_err(|problem| self.wrong("record", problem))?
            }
        };
        let parse = |text| Line::parse(text).map_err(|problem| self.wrong("line", problem));
        next.map(parse).transpose()
    }

    fn wrong(&self, what: &str, problem: impl Into<String>) -> Error {
        Error::input(self.source.path(), format!("{what} {}", self.number), problem)
    }

    /// Returns the next line that is not blank, without its end.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>> {
        let Records::Text(reader) = &mut self.records else { return Ok(None) };
        loop {
            let mut line = Vec::new();
            let n = reader.read_until(b'\n', &mut line).map_err(|e| self.source.error(e))?;
            if n == 0 {
                return Ok(None);
            }
            self.number += 1;
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
            let pushed = self.header.push(line);
            if pushed.map_err(|problem| self.wrong("line", problem))? {
                return Ok(());
            }
        }
        let problem = "no VCF: it has no #CHROM line; is it complete?";
        Err(Error::input(self.source.path(), "", problem))
    }
}

/// Reads exactly `n` bytes.
pub(super) fn take(reader: &mut impl Read, n: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(n as u64).read_to_end(&mut bytes)?;
    match bytes.len() == n {
        true => Ok(bytes),
        false => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}
