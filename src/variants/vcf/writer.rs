//! Writing VCF and BCF.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use noodles::bgzf;
use rust_htslib::bcf::index;
use tempfile::TempDir;

use super::bcf::BcfEncoder;
use crate::error::{Error, Result};
use crate::output::atomic::AtomicFile;

/// Positions that a tabix index can hold (2^29); longer contigs get a CSI index.
const TABIX_POSITIONS: u64 = 1 << 29;
/// Smallest interval of a CSI index: 2^14 nt, as bcftools has it.
const MIN_SHIFT: u32 = 14;

/// Format of the output, named as in bcftools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
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
        Ok(match compressed {
            false => Self::Plain(file),
            true => Self::Bgzf(Box::new(bgzf::io::Writer::new(file))),
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
    pub fn commit(self) -> Result<()> {
        self.finish()?.commit()
    }

    /// Writes the end of the file, which has no final name yet.
    fn finish(self) -> Result<AtomicFile> {
        match self {
            Self::Plain(file) => Ok(file),
            Self::Bgzf(mut writer) => {
                let path = writer.get_ref().path().to_owned();
                writer.try_finish().map_err(|e| Error::io(&path, "cannot finish writing", e))?;
                Ok(writer.into_inner())
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
            let encoder = BcfEncoder::new(header)?;
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
        match &self.bcf {
            Some(encoder) => self.sink.write(&encoder.encode(lines)?),
            None => self.sink.write(lines),
        }
    }

    /// Completes the file and, if asked for, its index; `longest` is the longest contig.
    ///
    /// # Errors
    /// If either cannot be written.
    pub fn commit(self, indexed: bool, longest: u64) -> Result<()> {
        let mut file = self.sink.finish()?;
        if !indexed {
            return file.commit();
        }
        let csi = self.bcf.is_some() || longest > TABIX_POSITIONS;
        let index = Index::of(&self.path, file.written()?.unwrap_or(&self.path), csi)?;
        file.commit()?;
        index.commit()
    }
}

/// The index of a file, under another name until that has its own.
struct Index {
    folder: TempDir,
    target: PathBuf,
    /// Where an index of the other kind may lie.
    other: PathBuf,
}

impl Index {
    /// Indexes what is to be called `path`, and now lies elsewhere.
    fn of(path: &Path, now: &Path, csi: bool) -> Result<Self> {
        let beside = |extension: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(extension);
            PathBuf::from(name)
        };
        let (ours, other) = if csi { (".csi", ".tbi") } else { (".tbi", ".csi") };
        let (target, other) = (beside(ours), beside(other));
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let folder =
            tempfile::tempdir_in(folder).map_err(|e| Error::io(&target, "cannot write", e))?;
        let index = Self { folder, target, other };
        let kind = if csi { index::Type::Csi(MIN_SHIFT) } else { index::Type::Tbx };
        index::build(now, Some(&index.unfinished()), 1, kind).map_err(|_| {
            let problem = "it cannot be indexed: is a position past 536870912, or past the length that \
                           ##contig gives? leave --write-index out";
            Error::input(path, "", problem)
        })?;
        Ok(index)
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    /// Gives it its name.
    fn commit(self) -> Result<()> {
        // An index of the other kind would be out of date, and htslib might prefer it.
        let _ = fs::remove_file(&self.other);
        let renamed = fs::rename(self.unfinished(), &self.target);
        renamed.map_err(|e| Error::io(&self.target, "cannot write", e))
    }
}
