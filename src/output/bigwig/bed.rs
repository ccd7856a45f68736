//! Items of BED, such as sites, in a bigBed: what browsers read by stretches.

use std::fs::File;
use std::io;
use std::path::Path;

use super::Run;
use super::container::{Container, Kind};
use super::{Limited, check_limits};
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::output::atomic::{AtomicFile, Complete};

const MAGIC: u32 = 0x8789_F2EB;
/// Items of a compressed section, as bedToBigBed has them.
const ITEMS_PER_SECTION: usize = 512;

/// What the columns are.
pub struct Columns {
    /// In autoSql.
    pub description: String,
    pub all: usize,
    /// The first ones, which BED defines.
    pub of_bed: usize,
}

/// Writes a bigBed of items of one nucleotide, in order of contig and position. Nothing appears
/// under the final name.
pub struct ItemWriter {
    output: AtomicFile,
    file: Container<Contigs, File>,
    items: u64,
    /// First and last position of the section, and how many items it has.
    section: Option<(u32, u32, usize)>,
    raw: Vec<u8>,
    /// Position of the last items, and how many lie there.
    last: Option<(u32, u32)>,
}

impl ItemWriter {
    /// Starts the file `path` over `contigs`.
    ///
    /// # Errors
    /// If it cannot be created, or the contigs are too long or too many for the format.
    pub fn create(path: &Path, contigs: &Contigs, columns: Columns) -> Result<Self> {
        check_limits(path, contigs, Limited::Items)?;
        let output = AtomicFile::create(path)?;
        let Some(handle) = output.try_clone_file()? else {
            let problem = "a bigBed cannot be written to standard output, a pipe or a device";
            return Err(Error::Usage(format!("{}: {problem}", path.display())));
        };
        let Columns { description, all, of_bed } = columns;
        let fields = [all as u16, of_bed as u16];
        let kind = Kind { magic: MAGIC, fields, description, per_section: ITEMS_PER_SECTION };
        let failed = |e| Error::io(path, "cannot write", e);
        let file = Container::create(handle, kind, contigs.clone()).map_err(failed)?;
        Ok(Self { output, file, items: 0, section: None, raw: Vec::new(), last: None })
    }

    /// Adds an item: contig, position, and the columns from the fourth on, with tabs between them.
    ///
    /// # Errors
    /// If it cannot be written, or lies before the last one.
    pub fn add(&mut self, contig: usize, position: u32, text: &str) -> Result<()> {
        let ordered = !self.file.is_on(contig) || self.last.is_none_or(|(at, _)| at <= position);
        if !ordered {
            return Err(Error::Internal(format!("items out of order in a bigBed: {text}")));
        }
        self.put(contig, position, text).map_err(|e| self.failed(e))
    }

    fn put(&mut self, contig: usize, position: u32, text: &str) -> io::Result<()> {
        if !self.file.is_on(contig) {
            self.end_contig()?;
            self.file.begin_contig(contig);
        }
        match &mut self.last {
            Some((at, depth)) if *at == position => *depth += 1,
            _ => {
                self.end_position()?;
                self.last = Some((position, 1));
            }
        }
        for number in [self.file.number(), position, position + 1] {
            self.raw.extend(number.to_le_bytes());
        }
        self.raw.extend(text.as_bytes());
        self.raw.push(0);
        self.items += 1;
        let (first, _, items) = self.section.unwrap_or((position, position, 0));
        self.section = Some((first, position, items + 1));
        if items + 1 == ITEMS_PER_SECTION { self.end_section() } else { Ok(()) }
    }

    /// Counts the items of a position, all of which have come, in the zoom levels.
    fn end_position(&mut self) -> io::Result<()> {
        let Some((start, depth)) = self.last.take() else { return Ok(()) };
        self.file.add(Run { start, end: start + 1, value: depth as f32 })
    }

    fn end_section(&mut self) -> io::Result<()> {
        let Some((first, last, _)) = self.section.take() else { return Ok(()) };
        let raw = std::mem::replace(&mut self.raw, self.file.buffer());
        self.file.add_section(first, last + 1, raw)
    }

    fn end_contig(&mut self) -> io::Result<()> {
        self.end_position()?;
        self.end_section()?;
        self.file.end_contig()
    }

    /// Completes the file; `None` without an item, as a bigBed cannot be empty.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self) -> Result<Option<Complete>> {
        if self.items == 0 {
            return Ok(None);
        }
        self.end_contig().map_err(|e| self.failed(e))?;
        let Self { output, file, items, .. } = self;
        file.finish(Some(items)).map_err(|e| Error::io(output.path(), "cannot write", e))?;
        output.complete().map(Some)
    }

    fn failed(&self, error: io::Error) -> Error {
        let problem = "cannot write (is there room here and where TMPDIR points?)";
        Error::io(self.output.path(), problem, error)
    }
}
