//! The values of a bigWig as they are written: sections of runs in a [`Container`].

use std::io::{self, Seek, Write};

use super::Run;
use super::container::{Container, Kind};
use crate::genome::contigs::Contigs;

/// Values per compressed section. At the usual 1024 the index of a human genome would be large.
pub(super) const VALUES_PER_SECTION: usize = 4096;

const BIG_WIG: Kind = Kind {
    magic: 0x888F_FC26,
    fields: [0; 2],
    description: String::new(),
    per_section: VALUES_PER_SECTION,
};

/// Writes one file, from runs in order of contig and position.
pub(super) struct BigWig<'a, W: Write + Seek> {
    file: Container<&'a Contigs, W>,
    runs: Vec<Run>,
}

impl<'a, W: Write + Seek> BigWig<'a, W> {
    /// Begins a file of values on `contigs`, no longer and no more than the format allows.
    ///
    /// # Errors
    /// If it, or a temporary file, cannot be written.
    pub(super) fn create(out: W, contigs: &'a Contigs) -> io::Result<Self> {
        Ok(Self { file: Container::create(out, BIG_WIG, contigs)?, runs: Vec::new() })
    }

    /// Adds a run, which lies behind all before it.
    pub(super) fn add(&mut self, contig: usize, run: Run) -> io::Result<()> {
        if !self.file.is_on(contig) {
            self.end_contig()?;
            self.file.begin_contig(contig);
        }
        self.runs.push(run);
        if self.runs.len() == VALUES_PER_SECTION {
            self.write_section()?;
        }
        self.file.add(run)
    }

    fn end_contig(&mut self) -> io::Result<()> {
        if !self.runs.is_empty() {
            self.write_section()?;
        }
        self.file.end_contig()
    }

    fn write_section(&mut self) -> io::Result<()> {
        let (contig, count) = (self.file.number(), self.runs.len() as u16);
        let (start, end) = (self.runs[0].start, self.runs[self.runs.len() - 1].end);
        let mut raw = self.file.buffer();
        for number in [contig, start, end, 0, 0] {
            raw.extend(number.to_le_bytes());
        }
        // Runs with start and end, as in a bedGraph.
        raw.extend([1, 0]);
        raw.extend(count.to_le_bytes());
        for Run { start, end, value } in self.runs.drain(..) {
            raw.extend(start.to_le_bytes());
            raw.extend(end.to_le_bytes());
            raw.extend(value.to_le_bytes());
        }
        self.file.add_section(start, end, raw)
    }

    /// Completes the file, which must have a value; returns at how many positions it has one.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.end_contig()?;
        self.file.finish(None)
    }
}
