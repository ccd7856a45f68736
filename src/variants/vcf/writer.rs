//! Writing VCF and BCF.

use std::io::Write;
use std::path::{Path, PathBuf};

use noodles::bgzf;
use rust_htslib::bcf::index;

use super::bcf::BcfEncoder;
use crate::error::{Error, Result};
use crate::output::atomic::{AtomicFile, Complete};
use crate::output::tabix::with_extension;

/// Positions that a tabix index can hold (2^29); longer contigs get a CSI index.
const TABIX_POSITIONS: u64 = 1 << 29;
/// Smallest interval of a CSI index: 2^14 nt, as bcftools has it.
const MIN_SHIFT: u32 = 14;

/// Format of the output, named as in bcftools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputType {
    /// VCF.
    V,
    /// VCF, BGZF.
    Z,
    /// BCF, BGZF.
    B,
    /// BCF, not compressed.
    U,
}

impl OutputType {
    /// Returns the format that a file's name asks for; VCF if it says nothing.
    pub fn of_name(path: &Path) -> Self {
        let name = path.to_string_lossy();
        match name {
            name if name.ends_with(".gz") || name.ends_with(".bgz") => Self::Z,
            name if name.ends_with(".bcf") => Self::B,
            _ => Self::V,
        }
    }

    fn is_compressed(self) -> bool {
        matches!(self, Self::Z | Self::B)
    }

    fn is_bcf(self) -> bool {
        matches!(self, Self::B | Self::U)
    }
}

/// Text or bytes, as they are or in BGZF; under its final name when complete.
pub enum Sink {
    Plain(AtomicFile),
    Bgzf(Box<bgzf::io::Writer<AtomicFile>>),
}

impl Sink {
    /// Starts a file.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path, compressed: bool) -> Result<Self> {
        let file = AtomicFile::create(path)?;
        Ok(if compressed {
            Self::Bgzf(Box::new(bgzf::io::Writer::new(file)))
        } else {
            Self::Plain(file)
        })
    }

    /// Writes.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (written, path) = match self {
            Self::Plain(file) => (file.write_all(bytes), file.path()),
            Self::Bgzf(writer) => (writer.write_all(bytes), writer.get_ref().path()),
        };
        written.map_err(|e| Error::io(path, "cannot write", e))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If its end cannot be written.
    pub fn complete(self) -> Result<Complete> {
        match self {
            Self::Plain(file) => file.complete(),
            Self::Bgzf(mut writer) => {
                let path = writer.get_ref().path().to_owned();
                writer.try_finish().map_err(|e| Error::io(&path, "cannot finish writing", e))?;
                writer.into_inner().complete()
            }
        }
    }
}

/// A VCF or BCF file in the making.
pub struct VcfWriter {
    path: PathBuf,
    sink: Sink,
    bcf: Option<BcfEncoder>,
}

impl VcfWriter {
    /// Starts a file with its header (text); `-` is standard output.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path, kind: OutputType, header: Vec<u8>) -> Result<Self> {
        let mut sink = Sink::create(path, kind.is_compressed())?;
        let bcf = if kind.is_bcf() {
            let encoder = BcfEncoder::new(&header)?;
            sink.write(&encoder.header)?;
            Some(encoder)
        } else {
            sink.write(&header)?;
            None
        };
        Ok(Self { path: path.to_owned(), sink, bcf })
    }

    /// Writes lines, each with its line feed.
    ///
    /// # Errors
    /// If the file cannot be written, or is BCF and cannot hold a record.
    pub fn write(&mut self, lines: &[u8]) -> Result<()> {
        match &mut self.bcf {
            Some(encoder) => self.sink.write(&encoder.encode(lines)?),
            None => self.sink.write(lines),
        }
    }

    /// Completes the file and, if asked for, its index; `longest` is the longest contig.
    ///
    /// # Errors
    /// If either cannot be written.
    pub fn complete(self, indexed: bool, longest: u64) -> Result<Vec<Complete>> {
        let data = self.sink.complete()?;
        if !indexed {
            return Ok(vec![data]);
        }
        let beside = |extension| with_extension(&self.path, extension);
        let csi = self.bcf.is_some() || longest > TABIX_POSITIONS;
        let extension = if csi { ".csi" } else { ".tbi" };
        let index = AtomicFile::create(&beside(extension))?.complete()?;
        let kind = if csi { index::Type::Csi(MIN_SHIFT) } else { index::Type::Tbx };
        index::build(data.place(), Some(index.place()), 1, kind).map_err(|_| {
            let problem = "it cannot be indexed: are the records in order (bcftools sort)? is a position \
                           past 536870912, or past the length that ##contig gives? is INFO/END of a \
                           record (a breakend's lies on the other contig) past it? leave --write-index out";
            Error::of_file(&self.path, problem)
        })?;
        // Of the other kind it would be out of date, and htslib might prefer it.
        Ok(vec![data.replacing([".csi", ".tbi"].map(beside).into()), index])
    }
}
