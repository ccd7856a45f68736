//! What bigWig and bigBed have in common: header, contigs, index and zoom levels around compressed
//! sections. The format is that of Kent et al. 2010 (Bioinformatics 26:2204, supplement), in the
//! layout of the crate bigtools.
//!
//! What stays in memory is of every section that was written where it lies. (The crate keeps queues
//! of some KiB for each contig and zoom level, and counts gaps as covered in zoom levels.)

use std::borrow::Borrow;
use std::cell::RefCell;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use libdeflater::{CompressionLvl, Compressor};
use rayon::prelude::*;

use super::Run;
use super::index::{Section, Sections, put};
use super::zoom::{Level, MOST_LEVELS, RECORDS_PER_SECTION, Summary};
use crate::genome::contigs::Contigs;

const VERSION: u16 = 4;
const CONTIG_MAGIC: u32 = 0x78CA_8C91;
/// Least entries of a node of the list of contigs.
const LEAST_CONTIG_BLOCK: usize = 256;
/// Offsets of the summary and of what follows it: the description of the fields, the number of
/// sections or items.
const SUMMARY: u64 = 64 + 24 * MOST_LEVELS as u64;
const DESCRIPTION: u64 = SUMMARY + 40;

/// Bytes of sections that are compressed together, on all threads: compression is most of a track's
/// work, and on many cores a track would be what a scan waits for.
const TOGETHER: usize = 1 << 20;
/// Buffers that are kept: as many as full sections wait. Of short contigs there are far more.
const MOST_SPARE: usize = 96;

thread_local! {
    /// Takes long to make.
    static COMPRESSOR: RefCell<Compressor> =
        RefCell::new(Compressor::new(CompressionLvl::default()));
}

/// Compresses sections, each by itself.
#[derive(Default)]
pub(super) struct Packer {
    raw: Vec<u8>,
    packed: Vec<u8>,
    /// Bytes of the largest section before compression.
    largest: usize,
}

impl Packer {
    /// Returns where the bytes of the next section go.
    pub(super) fn begin(&mut self) -> &mut Vec<u8> {
        self.raw.clear();
        &mut self.raw
    }

    /// Returns them compressed.
    pub(super) fn pack(&mut self) -> io::Result<&[u8]> {
        self.largest = self.largest.max(self.raw.len());
        compress(&self.raw, &mut self.packed)?;
        Ok(&self.packed)
    }
}

fn compress(raw: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
    COMPRESSOR.with_borrow_mut(|by| {
        packed.resize(by.zlib_compress_bound(raw.len()), 0);
        let length = by.zlib_compress(raw, packed).map_err(io::Error::other)?;
        packed.truncate(length);
        Ok(())
    })
}

/// A section that is not compressed yet: contig, start and end, and its bytes.
struct Waiting {
    place: [u32; 3],
    raw: Vec<u8>,
}

/// What tells one kind of file from another.
pub(super) struct Kind {
    pub magic: u32,
    /// Columns of a row, and those of them that are BED's; 0 of a bigWig.
    pub fields: [u16; 2],
    /// Their description (autoSql); empty of a bigWig.
    pub description: String,
    /// Values or items of a section at most.
    pub per_section: usize,
}

/// Writes a file front to back, the header last.
pub(super) struct Container<C, W: Write + Seek> {
    out: BufWriter<W>,
    kind: Kind,
    contigs: C,
    /// The contigs that have values; their places here are their numbers in the file.
    used: Vec<usize>,
    sections: Sections,
    /// Of fewer than [`TOGETHER`] bytes.
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    /// What held sections that are written, for those to come: memory that goes from thread to
    /// thread is cleared page by page each time.
    spare: Vec<Vec<u8>>,
    packed: Vec<Vec<u8>>,
    levels: Vec<Level>,
    /// Of the contigs that are done, and of the current one.
    summary: Option<Summary>,
    of_contig: Summary,
    packer: Packer,
}

impl<C: Borrow<Contigs>, W: Write + Seek> Container<C, W> {
    /// Begins a file of values on `contigs`, no longer and no more than the format allows.
    ///
    /// # Errors
    /// If it, or a temporary file, cannot be written.
    pub(super) fn create(out: W, kind: Kind, contigs: C) -> io::Result<Self> {
        let mut out = BufWriter::new(out);
        out.write_all(&[0; DESCRIPTION as usize])?;
        if !kind.description.is_empty() {
            out.write_all(kind.description.as_bytes())?;
            out.write_all(&[0])?;
        }
        out.write_all(&[0; 8])?;
        let lengths = contigs.borrow().iter();
        let longest = lengths.map(|contig| contig.length as u32).max().unwrap_or(0);
        Ok(Self {
            out,
            kind,
            contigs,
            used: Vec::new(),
            sections: Sections::default(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            spare: Vec::new(),
            packed: Vec::new(),
            levels: Level::all(longest)?,
            summary: None,
            of_contig: Summary::new(),
            packer: Packer::default(),
        })
    }

    /// Returns whether what is written now is of `contig`.
    pub(super) fn is_on(&self, contig: usize) -> bool {
        self.used.last() == Some(&contig)
    }

    /// Begins a contig; the one before is ended.
    pub(super) fn begin_contig(&mut self, contig: usize) {
        self.used.push(contig);
    }

    /// Returns the current contig's number in the file.
    pub(super) fn number(&self) -> u32 {
        self.used.len().saturating_sub(1) as u32
    }

    /// Adds a run to the summary and the zoom levels; it lies behind all before it.
    pub(super) fn add(&mut self, run: Run) -> io::Result<()> {
        self.of_contig.add(run.end - run.start, run.value);
        let number = self.number();
        let Self { levels, packer, .. } = self;
        levels.iter_mut().try_for_each(|level| level.add(number, run, packer))
    }

    /// Ends the current contig, all of whose sections are written.
    pub(super) fn end_contig(&mut self) -> io::Result<()> {
        if self.used.is_empty() {
            return Ok(());
        }
        let number = self.number();
        let Self { levels, packer, .. } = self;
        levels.iter_mut().try_for_each(|level| level.end_contig(number, packer))?;
        let of_contig = std::mem::replace(&mut self.of_contig, Summary::new());
        match &mut self.summary {
            Some(summary) => summary.join(&of_contig),
            None => self.summary = Some(of_contig),
        }
        Ok(())
    }

    /// Returns where the bytes of a section go.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes a section, which covers `start..end` of the current contig.
    pub(super) fn add_section(&mut self, start: u32, end: u32, raw: Vec<u8>) -> io::Result<()> {
        self.packer.largest = self.packer.largest.max(raw.len());
        self.waiting_bytes += raw.len();
        self.waiting.push(Waiting { place: [self.number(), start, end], raw });
        if self.waiting_bytes < TOGETHER { Ok(()) } else { self.write_sections() }
    }

    /// Writes the sections that wait.
    fn write_sections(&mut self) -> io::Result<()> {
        let Self { waiting, packed, .. } = self;
        packed.resize_with(packed.len().max(waiting.len()), Vec::new);
        let pairs = waiting.par_iter().zip(packed.par_iter_mut());
        pairs.try_for_each(|(section, packed)| compress(&section.raw, packed))?;
        self.waiting_bytes = 0;
        for (Waiting { place, mut raw }, packed) in self.waiting.drain(..).zip(&self.packed) {
            let [contig, start, end] = place;
            self.sections.push(Section { contig, start, end, bytes: packed.len() as u32 });
            self.out.write_all(packed)?;
            if self.spare.len() < MOST_SPARE {
                raw.clear();
                self.spare.push(raw);
            }
        }
        self.packed.truncate(MOST_SPARE);
        Ok(())
    }

    /// Returns the offset of the number of sections or items; the first section follows it.
    fn count_at(&self) -> u64 {
        let description = self.kind.description.len() as u64;
        DESCRIPTION + description + u64::from(description > 0)
    }

    /// Completes the file, whose last contig is ended; it has so many `items`, of a bigWig
    /// sections. Returns at how many positions there is one.
    pub(super) fn finish(mut self, items: Option<u64>) -> io::Result<u64> {
        self.write_sections()?;
        let contigs_at = self.out.stream_position()?;
        self.write_contigs()?;
        let index_at = self.out.stream_position()?;
        let (data, per_section) = (self.count_at() + 8, self.kind.per_section as u32);
        self.sections.write_index(&mut self.out, (index_at, data), per_section)?;
        let zooms = self.write_levels()?;
        self.out.seek(SeekFrom::End(0))?;
        put(&mut self.out, &[self.kind.magic])?;
        let summary = self.summary.unwrap_or_else(Summary::new);
        let items = items.unwrap_or(self.sections.len() as u64);
        self.write_header([contigs_at, index_at], items, &zooms, &summary)?;
        self.out.flush()?;
        Ok(summary.positions)
    }

    /// Writes the names and lengths of contigs, a tree of one node.
    fn write_contigs(&mut self) -> io::Result<()> {
        let all = self.contigs.borrow();
        let contigs = self.used.iter().map(|&contig| &all[contig]);
        let width = contigs.clone().map(|contig| contig.name.len()).max().unwrap_or(0);
        let (number, out) = (self.used.len(), &mut self.out);
        put(out, &[CONTIG_MAGIC, number.max(LEAST_CONTIG_BLOCK) as u32, width as u32, 8])?;
        out.write_all(&(number as u64).to_le_bytes())?;
        put(out, &[0, 0])?;
        out.write_all(&[1, 0])?;
        out.write_all(&(number as u16).to_le_bytes())?;
        for (number, contig) in contigs.enumerate() {
            out.write_all(contig.name.as_bytes())?;
            out.write_all(&vec![0; width - contig.name.len()])?;
            put(out, &[number as u32, contig.length as u32])?;
        }
        Ok(())
    }

    /// Writes the zoom levels that are worth it: much smaller than the values, and than the level
    /// before. Returns the positions that each one's records span, and the offsets of its data and
    /// its index.
    fn write_levels(&mut self) -> io::Result<Vec<(u32, u64, u64)>> {
        let mut written = Vec::new();
        let mut fewest = usize::MAX;
        for level in std::mem::take(&mut self.levels) {
            let (bytes, sections) = (level.sections().bytes(), level.sections().len());
            if bytes > self.sections.bytes() / 2 || fewest <= sections {
                continue;
            }
            fewest = sections;
            let data_at = self.out.stream_position()?;
            let index_at = data_at + bytes;
            let (span, sections) = (level.span(), level.copy_to(&mut self.out)?);
            let per_section = RECORDS_PER_SECTION as u32;
            sections.write_index(&mut self.out, (index_at, data_at), per_section)?;
            written.push((span, data_at, index_at));
        }
        Ok(written)
    }

    fn write_header(
        &mut self,
        [contigs_at, index_at]: [u64; 2],
        items: u64,
        zooms: &[(u32, u64, u64)],
        summary: &Summary,
    ) -> io::Result<()> {
        let (count_at, out) = (self.count_at(), &mut self.out);
        out.rewind()?;
        put(out, &[self.kind.magic])?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&(zooms.len() as u16).to_le_bytes())?;
        for offset in [contigs_at, count_at, index_at] {
            out.write_all(&offset.to_le_bytes())?;
        }
        let [fields, of_bed] = self.kind.fields;
        out.write_all(&fields.to_le_bytes())?;
        out.write_all(&of_bed.to_le_bytes())?;
        let description = if self.kind.description.is_empty() { 0 } else { DESCRIPTION };
        out.write_all(&description.to_le_bytes())?;
        out.write_all(&SUMMARY.to_le_bytes())?;
        put(out, &[self.packer.largest as u32, 0, 0])?;
        for &(span, data, index) in zooms {
            put(out, &[span, 0])?;
            out.write_all(&data.to_le_bytes())?;
            out.write_all(&index.to_le_bytes())?;
        }
        out.seek(SeekFrom::Start(SUMMARY))?;
        let Summary { positions, least, greatest, sum, squares } = *summary;
        out.write_all(&positions.to_le_bytes())?;
        for number in [least, greatest, sum, squares] {
            out.write_all(&number.to_le_bytes())?;
        }
        out.seek(SeekFrom::Start(count_at))?;
        out.write_all(&items.to_le_bytes())
    }
}
