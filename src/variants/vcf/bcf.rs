//! BCF to lines of VCF and back, by htslib.
//!
//! htslib wants files. What is read must have a name; what is written goes through a small VCF file and a
//! small BCF file for each batch of lines, so that output is compressed, named and closed as all other
//! output is.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use rust_htslib::bcf::{self, Read as _};
use tempfile::TempDir;

use super::reader::take;
use crate::error::{Error, Result};
use crate::genome::compression::{Reader, Source};

/// First bytes of BCF version 2, decompressed.
pub const MAGIC: &[u8] = b"BCF\x02";
/// Records that are turned into text together.
const RECORDS: usize = 64;
const DAMAGED: &str = "damaged or cut BCF; copy or download the file again";
const TEMPORARY: &str =
    "cannot be turned into text (is there room in the folder that TMPDIR names?)";
/// Bytes before the header's text: magic, minor version, length.
const BEFORE_TEXT: usize = 9;

/// Reads a BCF header: lines of VCF, without the numbers (`IDX`) that stand for names in records.
pub fn header_text(reader: &mut Reader) -> io::Result<Vec<u8>> {
    let begin = take(reader, BEFORE_TEXT)?;
    let length = begin[5..].iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    let text = take(reader, length)?;
    let lines = text.split(|byte| matches!(byte, b'\n' | 0)).filter(|line| !line.is_empty());
    Ok(lines.flat_map(|line| without_number(line).into_iter().chain([b'\n'])).collect())
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

/// Opens a file that htslib can read.
fn open(path: &Path) -> std::result::Result<bcf::Reader, String> {
    let reader = bcf::Reader::from_path(path).map_err(|e| e.to_string())?;
    // rust-htslib keeps the null pointer that htslib gives for a header that it cannot read, and
    // shows it nowhere else; to use it would end the program.
    if format!("{:?}", reader.header()).contains(" 0x0 ") {
        return Err(
            "htslib cannot read this header (its reason is above); copy or download the file again"
                .to_owned(),
        );
    }
    Ok(reader)
}

/// The records of a BCF file as lines.
pub struct BcfRecords {
    reader: bcf::Reader,
    record: bcf::Record,
    /// Holds the file of [`Batch`].
    folder: TempDir,
    batch: Batch,
    /// A copy with a name, of what was read from a pipe.
    _copy: Option<tempfile::NamedTempFile>,
}

/// Records as htslib writes them into a file: its only other way out takes nothing but UTF-8.
#[derive(Default)]
struct Batch {
    lines: Option<BufReader<File>>,
    /// Records not given out yet.
    left: usize,
    /// What comes after them, if not another batch.
    end: Option<std::result::Result<(), String>>,
}

impl BcfRecords {
    /// Opens a file whose header was checked.
    ///
    /// # Errors
    /// If htslib cannot.
    pub fn open(source: &Source) -> Result<Self> {
        let path = source.path();
        let failed = |e| Error::io(path, "cannot copy into a temporary file", e);
        let (path, copy) = if path.is_file() {
            (path.to_owned(), None)
        } else {
            let mut copy = tempfile::NamedTempFile::new().map_err(failed)?;
            io::copy(&mut source.reader(), &mut copy).map_err(failed)?;
            (copy.path().to_owned(), Some(copy))
        };
        let reader = open(&path).map_err(|problem| Error::input(source.path(), "", problem))?;
        let (record, folder) = (reader.empty_record(), tempfile::tempdir().map_err(failed)?);
        Ok(Self { reader, record, folder, batch: Batch::default(), _copy: copy })
    }

    /// Returns the next record as a line, without its line feed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn next_line(&mut self) -> std::result::Result<Option<Vec<u8>>, String> {
        while self.batch.left == 0 {
            // A line feed inside a value makes more lines than records.
            let lines = self.batch.lines.as_mut();
            if lines.is_some_and(|lines| lines.fill_buf().is_ok_and(|rest| !rest.is_empty())) {
                return Err(DAMAGED.to_owned());
            }
            match &self.batch.end {
                Some(end) => return end.clone().map(|()| None),
                None => self.batch = self.next_batch()?,
            }
        }
        self.batch.left -= 1;
        let mut line = Vec::new();
        if let Some(lines) = &mut self.batch.lines {
            lines.read_until(b'\n', &mut line).map_err(|_| TEMPORARY.to_owned())?;
        }
        match line.pop() {
            Some(b'\n') => Ok(Some(line)),
            _ => Err(TEMPORARY.to_owned()),
        }
    }

    fn next_batch(&mut self) -> std::result::Result<Batch, String> {
        let path = self.folder.path().join("batch.vcf");
        let failed = |_| TEMPORARY.to_owned();
        let header = bcf::Header::from_template(self.reader.header());
        let mut writer = bcf::Writer::from_path(&path, &header, true, bcf::Format::Vcf)
            .map_err(|_| TEMPORARY.to_owned())?;
        let mut batch = Batch::default();
        while batch.left < RECORDS && batch.end.is_none() {
            match self.reader.read(&mut self.record) {
                None => batch.end = Some(Ok(())),
                Some(read) => match read.and_then(|()| writer.write(&self.record)) {
                    Ok(()) => batch.left += 1,
                    Err(_) => batch.end = Some(Err(DAMAGED.to_owned())),
                },
            }
        }
        drop(writer);
        let mut lines = BufReader::new(File::open(&path).map_err(failed)?);
        while lines.fill_buf().map_err(failed)?.starts_with(b"#") {
            lines.skip_until(b'\n').map_err(failed)?;
        }
        batch.lines = Some(lines);
        Ok(batch)
    }
}

/// Turns lines into BCF.
pub struct BcfEncoder {
    folder: TempDir,
    /// The header as VCF, and as BCF.
    text: Vec<u8>,
    pub header: Vec<u8>,
}

impl BcfEncoder {
    /// Encodes a header.
    ///
    /// # Errors
    /// If the temporary folder cannot be written.
    pub fn new(text: Vec<u8>) -> Result<Self> {
        let folder = tempfile::tempdir()
            .map_err(|e| Error::io(&std::env::temp_dir(), "cannot create a temporary folder", e))?;
        let mut encoder = Self { folder, text, header: Vec::new() };
        encoder.header = encoder.bytes(b"")?;
        Ok(encoder)
    }

    /// Encodes lines, each with its line feed.
    ///
    /// # Errors
    /// A record that BCF cannot hold.
    pub fn encode(&self, lines: &[u8]) -> Result<Vec<u8>> {
        let bytes = self.bytes(lines)?;
        let records = bytes.strip_prefix(self.header.as_slice());
        let records = records.map(<[u8]>::to_vec);
        records.ok_or_else(|| Error::Internal("htslib wrote another header".into()))
    }

    /// Returns a whole BCF file, not compressed.
    fn bytes(&self, lines: &[u8]) -> Result<Vec<u8>> {
        let [vcf, bcf] = ["batch.vcf", "batch.bcf"].map(|name| self.folder.path().join(name));
        let failed = |path: PathBuf| move |e| Error::io(&path, "cannot write", e);
        let text = [self.text.as_slice(), lines].concat();
        fs::write(&vcf, text).map_err(failed(vcf.clone()))?;
        let refused = |e: rust_htslib::errors::Error| Error::Internal(format!("BCF: {e}"));
        let unreadable = |problem| Error::input(Path::new("output"), "header", problem);
        let mut reader = open(&vcf).map_err(unreadable)?;
        let header = bcf::Header::from_template(reader.header());
        let writer = bcf::Writer::from_path(&bcf, &header, true, bcf::Format::Bcf);
        let mut writer = writer.map_err(refused)?;
        let mut record = reader.empty_record();
        let mut lines = lines.split(|byte| *byte == b'\n');
        while let Some(read) = reader.read(&mut record) {
            let line = lines.next().unwrap_or_default();
            read.and_then(|()| writer.write(&record)).map_err(|_| impossible(line))?;
        }
        drop(writer);
        let mut bytes = Vec::new();
        let source = Source::open(&bcf)?;
        source.reader().read_to_end(&mut bytes).map_err(failed(bcf))?;
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
