//! Reads tracks back, for drawings. (The crate bigtools ends the program where a file is damaged.)
//!
//! Every number of a file is taken for wrong until it is checked: places lie in the file, no node
//! of a tree is visited twice, sizes have limits.

use std::collections::HashSet;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use libdeflater::Decompressor;

use crate::error::{Error, Problem, Result};

const MAGIC: u32 = 0x888F_FC26;
const CONTIG_MAGIC: u32 = 0x78CA_8C91;
const INDEX_MAGIC: u32 = 0x2468_ACE0;
/// Bytes of the headers of file, list of contigs, index and section.
const HEADER: usize = 64;
const CONTIG_HEADER: usize = 32;
const INDEX_HEADER: usize = 48;
const SECTION_HEADER: usize = 24;
/// Bytes of an item of the index: of leaves, and of other nodes.
const INDEX_ITEMS: [u64; 2] = [32, 24];
/// Bytes of a section at most, as it is and decompressed.
const LARGEST: u64 = 1 << 26;
/// Bytes of a contig's name at most.
const LONGEST_NAME: u32 = 1 << 16;

/// What is wrong with a file.
type Found<T> = std::result::Result<T, Problem>;

/// A contig of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigWigContig {
    pub name: String,
    pub length: u32,
    id: u32,
}

/// A bigWig file, open.
#[derive(Debug)]
pub struct BigWigReader {
    path: PathBuf,
    file: File,
    size: u64,
    contigs: Vec<BigWigContig>,
    /// Where the index of values lies.
    index: u64,
    /// Bytes of the largest section, 0 where they are not compressed.
    largest: u64,
}

impl BigWigReader {
    /// Opens a file and reads its list of contigs.
    ///
    /// # Errors
    /// If it cannot be read, or is no bigWig.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |e| Error::io(path, "cannot open", e);
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let (contigs, path) = (Vec::new(), path.to_owned());
        let mut reader = Self { path, file, size, contigs, index: 0, largest: 0 };
        reader.read_header().map_err(|problem| reader.damaged(&problem))?;
        Ok(reader)
    }

    /// Returns the contigs that have values.
    pub fn contigs(&self) -> &[BigWigContig] {
        &self.contigs
    }

    /// Hands all values in a range of a contig to `take`: start, end (cut to the range), value.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn values(
        &self,
        contig: &BigWigContig,
        range: Range<u32>,
        take: &mut dyn FnMut(u32, u32, f32),
    ) -> Result<()> {
        let sections =
            self.sections(contig.id, &range).map_err(|problem| self.damaged(&problem))?;
        for (place, size) in sections {
            let read = self.section(place, size, contig.id, &range, take);
            read.map_err(|problem| self.damaged(&problem))?;
        }
        Ok(())
    }

    fn damaged(&self, problem: &Problem) -> Error {
        let problem =
            format!("not a bigWig file, or damaged ({problem}); scan again with --tracks");
        Error::of_file(&self.path, problem)
    }

    /// Reads bytes at a place.
    fn bytes(&self, place: u64, number: u64) -> Found<Bytes> {
        let end = place.checked_add(number).filter(|end| *end <= self.size && number <= LARGEST);
        if end.is_none() {
            return Err("it ends too early".into());
        }
        let mut bytes = vec![0; number as usize];
        self.file.read_exact_at(&mut bytes, place).map_err(|e| e.to_string())?;
        Ok(Bytes { bytes, at: 0 })
    }

    fn read_header(&mut self) -> Found<()> {
        let mut header = self.bytes(0, HEADER as u64)?;
        if header.u32()? != MAGIC {
            return Err("other first bytes".into());
        }
        header.skip(4)?;
        let contigs = header.u64()?;
        header.skip(8)?;
        self.index = header.u64()?;
        header.skip(20)?;
        self.largest = header.u32()?.into();
        if self.largest > LARGEST {
            return Err("too large sections".into());
        }
        self.read_contigs(contigs)
    }

    fn read_contigs(&mut self, place: u64) -> Found<()> {
        let mut header = self.bytes(place, CONTIG_HEADER as u64)?;
        let (magic, _, width, values) =
            (header.u32()?, header.u32()?, header.u32()?, header.u32()?);
        if magic != CONTIG_MAGIC || values != 8 || width > LONGEST_NAME {
            return Err("no list of contigs where it should be".into());
        }
        let mut contigs = Vec::new();
        let root = place + CONTIG_HEADER as u64;
        self.walk(root, [u64::from(width) + 8; 2], &mut |node, is_leaf| {
            let name = node.take(width as usize)?;
            if !is_leaf {
                return node.u64().map(Some);
            }
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            let name = String::from_utf8_lossy(name).into_owned();
            contigs.push(BigWigContig { name, id: node.u32()?, length: node.u32()? });
            Ok(None)
        })?;
        self.contigs = contigs;
        Ok(())
    }

    /// Goes through the nodes of a tree from its root; items of leaves and of other nodes have so
    /// many bytes. `item` reads one and returns the place of a node below, if it wants to see it.
    fn walk(
        &self,
        root: u64,
        [of_leaf, of_other]: [u64; 2],
        item: &mut dyn FnMut(&mut Bytes, bool) -> Found<Option<u64>>,
    ) -> Found<()> {
        let (mut todo, mut seen) = (vec![root], HashSet::new());
        while let Some(place) = todo.pop() {
            if !seen.insert(place) {
                return Err("a tree that bites its tail".into());
            }
            let mut head = self.bytes(place, 4)?;
            let is_leaf = head.take(2)?[0] != 0;
            let number = u64::from(head.u16()?);
            let width = if is_leaf { of_leaf } else { of_other };
            let mut node = self.bytes(place + 4, number * width)?;
            let mut below = Vec::new();
            for _ in 0..number {
                below.extend(item(&mut node, is_leaf)?);
            }
            todo.extend(below.into_iter().rev());
        }
        Ok(())
    }

    /// Returns place and size of the sections that may have values in a range, in order.
    fn sections(&self, contig: u32, range: &Range<u32>) -> Found<Vec<(u64, u64)>> {
        let mut header = self.bytes(self.index, INDEX_HEADER as u64)?;
        if header.u32()? != INDEX_MAGIC {
            return Err("no index where it should be".into());
        }
        let mut sections = Vec::new();
        self.walk(self.index + INDEX_HEADER as u64, INDEX_ITEMS, &mut |node, is_leaf| {
            let first = (node.u32()?, node.u32()?);
            let last = (node.u32()?, node.u32()?);
            let place = node.u64()?;
            let size = if is_leaf { node.u64()? } else { 0 };
            let here = first < (contig, range.end) && (contig, range.start) < last;
            if here && is_leaf {
                sections.push((place, size));
            }
            Ok(Some(place).filter(|_| here && !is_leaf))
        })?;
        Ok(sections)
    }

    fn section(
        &self,
        place: u64,
        size: u64,
        contig: u32,
        range: &Range<u32>,
        take: &mut dyn FnMut(u32, u32, f32),
    ) -> Found<()> {
        let mut section = self.bytes(place, size)?;
        if self.largest > 0 {
            let mut bytes = vec![0; self.largest as usize];
            let decompressed = Decompressor::new().zlib_decompress(&section.bytes, &mut bytes);
            bytes.truncate(decompressed.map_err(|e| e.to_string())?);
            section = Bytes { bytes, at: 0 };
        }
        let (id, start, _, step, span) =
            (section.u32()?, section.u32()?, section.u32()?, section.u32()?, section.u32()?);
        let kind = section.take(2)?[0];
        let number = section.u16()?;
        debug_assert_eq!(section.at, SECTION_HEADER);
        if id != contig {
            return Ok(());
        }
        let mut next = start;
        for _ in 0..number {
            let (start, end) = match kind {
                1 => (section.u32()?, section.u32()?),
                2 => section.u32().map(|start| (start, start.saturating_add(span)))?,
                3 => (next, next.saturating_add(span)),
                _ => return Err("a section of an unknown kind".into()),
            };
            next = start.saturating_add(step);
            let value = f32::from_bits(section.u32()?);
            let (start, end) = (start.max(range.start), end.min(range.end));
            if start < end {
                take(start, end, value);
            }
        }
        Ok(())
    }
}

/// Bytes with a place in them; numbers are little-endian.
struct Bytes {
    bytes: Vec<u8>,
    at: usize,
}

impl Bytes {
    fn take(&mut self, number: usize) -> Found<&[u8]> {
        let end = self.at.checked_add(number);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        self.at = end.unwrap_or(self.at);
        taken.ok_or_else(|| "too few bytes".into())
    }

    fn skip(&mut self, number: usize) -> Found<()> {
        self.take(number).map(drop)
    }

    fn u16(&mut self) -> Found<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> Found<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn u64(&mut self) -> Found<u64> {
        let (low, high) = (self.u32()?, self.u32()?);
        Ok(u64::from(high) << 32 | u64::from(low))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{TrackOutcome, TrackWriter};
    use super::*;
    use crate::genome::contigs::Contigs;
    use crate::output::atomic::publish;

    const LENGTH: u32 = 30_000;

    /// Writes runs on the second of two contigs, and one value on the first.
    fn write(path: &Path, runs: &[(u64, u64, f32)]) {
        let mut contigs = Contigs::default();
        contigs.push("chr1".to_owned(), 500);
        contigs.push("longer name".to_owned(), LENGTH.into());
        let mut track = TrackWriter::create(path, &contigs).unwrap();
        track.push(0, 7, [0.25]).unwrap();
        track.push_runs(1, runs.to_vec()).unwrap();
        let TrackOutcome::Written { file, .. } = track.finish().unwrap() else { panic!() };
        publish(vec![file]).unwrap();
    }

    /// All values of a range, by position.
    fn read(path: &Path, range: Range<u32>) -> Result<Vec<(u32, f32)>> {
        let file = BigWigReader::open(path)?;
        let mut values = Vec::new();
        for contig in file.contigs().iter().filter(|contig| contig.name == "longer name") {
            file.values(contig, range.clone(), &mut |start, end, value| {
                values.extend((start..end.min(start + 1_000)).map(|at| (at, value)));
            })?;
        }
        Ok(values)
    }

    /// Runs with gaps between them, enough for several sections.
    fn many() -> Vec<(u64, u64, f32)> {
        (0..9_000).map(|n| (3 * n, 3 * n + 2, n as f32)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_was_written_is_read_back(
            lengths in prop::collection::vec((0u64..5, 1u64..9, -9i8..9), 1..900),
            from in 0..LENGTH,
            length in 0..LENGTH,
        ) {
            let mut at = 0;
            let runs = lengths.iter().map(|&(gap, length, value)| {
                let start = at + gap;
                at = start + length;
                (start, at, f32::from(value))
            });
            let runs: Vec<(u64, u64, f32)> = runs.collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.bw");
            write(&path, &runs);
            let range = from..(from + length).min(LENGTH);
            let of_run = |&(start, end, value): &(u64, u64, f32)| {
                (start as u32..end as u32).map(move |at| (at, value))
            };
            let expected: Vec<(u32, f32)> =
                runs.iter().flat_map(of_run).filter(|(at, _)| range.contains(at)).collect();
            prop_assert_eq!(read(&path, range).unwrap(), expected);
        }
    }

    #[test]
    fn several_sections_are_read_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.bw");
        write(&path, &many());
        let file = BigWigReader::open(&path).unwrap();
        let contigs: Vec<(&str, u32)> =
            file.contigs().iter().map(|c| (c.name.as_str(), c.length)).collect();
        assert_eq!(contigs, [("chr1", 500), ("longer name", LENGTH)]);
        let all = read(&path, 0..LENGTH).unwrap();
        assert_eq!(all.len(), 18_000);
        assert!(all.is_sorted_by_key(|(at, _)| *at));
        assert_eq!(read(&path, 13_000..13_004).unwrap().len(), 3);
    }

    #[test]
    fn damage_is_an_error_or_other_values_and_never_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.bw");
        write(&path, &many());
        let whole = std::fs::read(&path).unwrap();
        let mut refused = 0;
        for at in (0..64).chain((64..whole.len()).step_by(101)) {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                std::fs::write(&path, &damaged).unwrap();
                refused += usize::from(read(&path, 0..LENGTH).is_err());
            }
        }
        assert!(refused > 50, "{refused}");
        for length in [0, 3, 63, 64, 100, whole.len() / 2] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = read(&path, 0..LENGTH).unwrap_err().to_string();
            assert!(error.contains("not a bigWig file, or damaged"), "{error}");
        }
    }
}
