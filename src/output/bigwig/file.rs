//! A bigWig as it is written, front to back: values, contigs, index, zoom levels; the header last. The format is that
//! of Kent et al. 2010 (Bioinformatics 26:2204, supplement), in the layout of the crate bigtools.
//!
//! What stays in memory is a section of values, and of every section that was written where it lies. (The crate keeps
//! queues of some KiB for each contig and zoom level, and counts gaps as covered in zoom levels.)

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use libdeflater::{CompressionLvl, Compressor};

use super::Run;
use super::index::{Section, Sections, put};
use super::zoom::{Level, MOST_LEVELS, Summary};
use crate::genome::contigs::Contigs;

/// Values per compressed section. At the usual 1024 the index of a human genome would be large.
pub(super) const VALUES_PER_SECTION: usize = 4096;

const MAGIC: u32 = 0x888F_FC26;
const VERSION: u16 = 4;
const CONTIG_MAGIC: u32 = 0x78CA_8C91;
/// Least entries of a node of the list of contigs.
const LEAST_CONTIG_BLOCK: usize = 256;
/// Offsets of the summary, of the number of sections, of the first section.
const SUMMARY: u64 = 64 + 24 * MOST_LEVELS as u64;
const COUNT: u64 = SUMMARY + 40;
const DATA: u64 = COUNT + 8;

/// Compresses sections, each by itself.
pub(super) struct Packer {
    compressor: Compressor,
    raw: Vec<u8>,
    packed: Vec<u8>,
    /// Bytes of the largest section before compression.
    largest: usize,
}

impl Packer {
    fn new() -> Self {
        let compressor = Compressor::new(CompressionLvl::default());
        Self { compressor, raw: Vec::new(), packed: Vec::new(), largest: 0 }
    }

    /// Returns where the bytes of the next section go.
    pub(super) fn begin(&mut self) -> &mut Vec<u8> {
        self.raw.clear();
        &mut self.raw
    }

    /// Returns them compressed.
    pub(super) fn pack(&mut self) -> io::Result<&[u8]> {
        self.largest = self.largest.max(self.raw.len());
        self.packed.resize(self.compressor.zlib_compress_bound(self.raw.len()), 0);
        let packed = self.compressor.zlib_compress(&self.raw, &mut self.packed);
        Ok(&self.packed[..packed.map_err(io::Error::other)?])
    }
}

/// Writes one file, from runs in order of contig and position.
pub(super) struct BigWig<'a, W: Write + Seek> {
    out: BufWriter<W>,
    contigs: &'a Contigs,
    /// The contigs that have values; their places here are their numbers in the file.
    used: Vec<usize>,
    runs: Vec<Run>,
    sections: Sections,
    levels: Vec<Level>,
    /// Of the contigs that are done, and of the current one.
    summary: Option<Summary>,
    of_contig: Summary,
    packer: Packer,
}

impl<'a, W: Write + Seek> BigWig<'a, W> {
    /// Begins a file of values on `contigs`, no longer and no more than the format allows.
    ///
    /// # Errors
    /// If it, or a temporary file, cannot be written.
    pub(super) fn create(out: W, contigs: &'a Contigs) -> io::Result<Self> {
        let mut out = BufWriter::new(out);
        out.write_all(&[0; DATA as usize])?;
        let longest = contigs.iter().map(|contig| contig.length as u32).max().unwrap_or(0);
        Ok(Self {
            out,
            contigs,
            used: Vec::new(),
            runs: Vec::new(),
            sections: Sections::default(),
            levels: Level::all(longest)?,
            summary: None,
            of_contig: Summary::new(),
            packer: Packer::new(),
        })
    }

    /// Adds a run, which lies behind all before it.
    pub(super) fn add(&mut self, contig: usize, run: Run) -> io::Result<()> {
        if self.used.last() != Some(&contig) {
            self.end_contig()?;
            self.used.push(contig);
        }
        self.of_contig.add(run.end - run.start, run.value);
        self.runs.push(run);
        if self.runs.len() == VALUES_PER_SECTION {
            self.write_section()?;
        }
        let number = self.number();
        let Self { levels, packer, .. } = self;
        levels.iter_mut().try_for_each(|level| level.add(number, run, packer))
    }

    /// Returns the current contig's number in the file.
    fn number(&self) -> u32 {
        self.used.len().saturating_sub(1) as u32
    }

    fn end_contig(&mut self) -> io::Result<()> {
        if self.used.is_empty() {
            return Ok(());
        }
        if !self.runs.is_empty() {
            self.write_section()?;
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

    fn write_section(&mut self) -> io::Result<()> {
        let (contig, count) = (self.number(), self.runs.len() as u16);
        let (start, end) = (self.runs[0].start, self.runs[self.runs.len() - 1].end);
        let raw = self.packer.begin();
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
        let packed = self.packer.pack()?;
        self.sections.push(Section { contig, start, end, bytes: packed.len() as u32 });
        self.out.write_all(packed)
    }

    /// Completes the file, which must have a value; returns at how many positions it has one.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.end_contig()?;
        let contigs_at = self.out.stream_position()?;
        self.write_contigs()?;
        let index_at = self.out.stream_position()?;
        let per_section = VALUES_PER_SECTION as u32;
        self.sections.write_index(&mut self.out, (index_at, DATA), per_section)?;
        let zooms = self.write_levels()?;
        self.out.seek(SeekFrom::End(0))?;
        put(&mut self.out, &[MAGIC])?;
        let summary = self.summary.unwrap_or_else(Summary::new);
        self.write_header(contigs_at, index_at, &zooms, &summary)?;
        self.out.flush()?;
        Ok(summary.positions)
    }

    /// Writes the names and lengths of contigs, a tree of one node.
    fn write_contigs(&mut self) -> io::Result<()> {
        let contigs = self.used.iter().map(|&contig| &self.contigs[contig]);
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

    /// Writes the zoom levels that are worth it: much smaller than the values, and than the level before. Returns the
    /// positions that each one's records span, and the offsets of its data and its index.
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
            sections.write_index(&mut self.out, (index_at, data_at), VALUES_PER_SECTION as u32)?;
            written.push((span, data_at, index_at));
        }
        Ok(written)
    }

    fn write_header(
        &mut self,
        contigs_at: u64,
        index_at: u64,
        zooms: &[(u32, u64, u64)],
        summary: &Summary,
    ) -> io::Result<()> {
        let out = &mut self.out;
        out.rewind()?;
        put(out, &[MAGIC])?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&(zooms.len() as u16).to_le_bytes())?;
        for offset in [contigs_at, COUNT, index_at] {
            out.write_all(&offset.to_le_bytes())?;
        }
        // Fields of a bigBed, and their description: none.
        out.write_all(&[0; 12])?;
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
        out.write_all(&(self.sections.len() as u64).to_le_bytes())
    }
}
