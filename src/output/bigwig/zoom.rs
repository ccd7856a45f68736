//! Zoom levels of a bigWig: what a browser shows of stretches too long for single values.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};

use super::Run;
use super::container::Packer;
use super::index::{Section, Sections};

/// Positions that a record of the first level spans at most; each level spans four times those of
/// the one before it.
const FIRST: u32 = 160;
/// Records of a compressed section.
pub(super) const RECORDS_PER_SECTION: usize = 4096;
/// Levels at most: the header has room for as many.
pub(super) const MOST_LEVELS: usize = 10;

/// Sums over the values of some positions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    pub positions: u64,
    pub least: f64,
    pub greatest: f64,
    pub sum: f64,
    pub squares: f64,
}

impl Summary {
    /// Starts without a position; the first value decides the extremes.
    pub(super) fn new() -> Self {
        Self { positions: 0, least: f64::MAX, greatest: f64::MIN, sum: 0.0, squares: 0.0 }
    }

    /// Adds positions of one value.
    pub(super) fn add(&mut self, positions: u32, value: f32) {
        let (length, value) = (f64::from(positions), f64::from(value));
        self.positions += u64::from(positions);
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
        self.sum += length * value;
        self.squares += length * value * value;
    }

    /// Adds other positions.
    pub(super) fn join(&mut self, other: &Self) {
        self.positions += other.positions;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        self.sum += other.sum;
        self.squares += other.squares;
    }
}

/// A stretch of a contig, at most as long as its level's records.
#[derive(Clone, Copy)]
struct Record {
    start: u32,
    end: u32,
    summary: Summary,
}

/// One level. Its sections wait in a temporary file, as they come behind all values.
pub(super) struct Level {
    span: u32,
    open: Option<Record>,
    records: Vec<Record>,
    waiting: BufWriter<File>,
    sections: Sections,
}

impl Level {
    /// Returns the levels that contigs of at most `longest` positions need.
    pub(super) fn all(longest: u32) -> io::Result<Vec<Self>> {
        let spans = std::iter::successors(Some(FIRST), |span| span.checked_mul(4));
        let new = |span| {
            Ok(Self {
                span,
                open: None,
                records: Vec::new(),
                waiting: BufWriter::new(tempfile::tempfile()?),
                sections: Sections::default(),
            })
        };
        spans.take(MOST_LEVELS).take_while(|&span| span <= longest).map(new).collect()
    }

    /// Returns how many positions a record spans at most.
    pub(super) fn span(&self) -> u32 {
        self.span
    }

    pub(super) fn sections(&self) -> &Sections {
        &self.sections
    }

    /// Adds the next run of a contig.
    pub(super) fn add(&mut self, contig: u32, run: Run, packer: &mut Packer) -> io::Result<()> {
        let mut start = run.start;
        while start < run.end {
            let reached = |record: &mut Record| start >= record.start.saturating_add(self.span);
            if let Some(record) = self.open.take_if(reached) {
                self.keep(contig, record, packer)?;
            }
            let record =
                self.open.get_or_insert(Record { start, end: start, summary: Summary::new() });
            record.end = run.end.min(record.start.saturating_add(self.span));
            record.summary.add(record.end - start, run.value);
            start = record.end;
        }
        Ok(())
    }

    /// Ends a contig: no section has records of two.
    pub(super) fn end_contig(&mut self, contig: u32, packer: &mut Packer) -> io::Result<()> {
        if let Some(record) = self.open.take() {
            self.keep(contig, record, packer)?;
        }
        if self.records.is_empty() { Ok(()) } else { self.write_section(contig, packer) }
    }

    fn keep(&mut self, contig: u32, record: Record, packer: &mut Packer) -> io::Result<()> {
        self.records.push(record);
        if self.records.len() < RECORDS_PER_SECTION {
            return Ok(());
        }
        self.write_section(contig, packer)
    }

    fn write_section(&mut self, contig: u32, packer: &mut Packer) -> io::Result<()> {
        let (start, end) = (self.records[0].start, self.records[self.records.len() - 1].end);
        let raw = packer.begin();
        for Record { start, end, summary } in self.records.drain(..) {
            let Summary { positions, least, greatest, sum, squares } = summary;
            for number in [contig, start, end, positions as u32] {
                raw.extend(number.to_le_bytes());
            }
            for number in [least, greatest, sum, squares] {
                raw.extend((number as f32).to_le_bytes());
            }
        }
        let packed = packer.pack()?;
        self.sections.push(Section { contig, start, end, bytes: packed.len() as u32 });
        self.waiting.write_all(packed)
    }

    /// Copies the sections to where they belong.
    pub(super) fn copy_to(self, out: &mut impl Write) -> io::Result<Sections> {
        let mut waiting = self.waiting.into_inner().map_err(|e| e.into_error())?;
        waiting.rewind()?;
        if io::copy(&mut waiting, out)? == self.sections.bytes() {
            Ok(self.sections)
        } else {
            Err(io::Error::other("a temporary file was cut short"))
        }
    }
}
