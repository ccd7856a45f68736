//! BGZF files with an index, for queries by region.
//!
//! The index grows while the file is written, from the virtual positions of noodles' writer, so
//! that nothing is compressed twice. (htslib's writer knows no positions and loses errors on
//! closing; its reader checks the finished pair.)

use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use noodles::bgzf;
use noodles::core::Position;
use noodles::csi::binning_index::Indexer;
use noodles::csi::binning_index::index::Header;
use noodles::csi::binning_index::index::header::Builder;
use noodles::csi::binning_index::index::reference_sequence::bin::Chunk;
use noodles::csi::binning_index::index::reference_sequence::index::{BinnedIndex, LinearIndex};
use noodles::{csi, tabix};
use rust_htslib::tbx;
use tempfile::TempDir;

use super::atomic::{AtomicFile, Complete};
use crate::error::{Error, Problem, Result};
use crate::genome::contigs::Contigs;

/// Positions that a tabix index can hold (2^29); longer contigs get a CSI index.
const TABIX_POSITIONS: u64 = 1 << 29;
/// Smallest interval of both indices: 2^14 nt, as tabix has it.
const MIN_SHIFT: u8 = 14;
/// The same of fine indices: 2^6 nt.
pub const FINE: u8 = 6;
/// Levels of bins in a tabix index.
const TABIX_DEPTH: u8 = 5;

const TBI: &str = ".tbi";
/// The ending of CSI indices.
pub const CSI: &str = ".csi";

/// Which columns say where a row lies; the contig is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Columns 2 and 3, 0-based half-open.
    Bed,
    /// Column 2, 1-based: one position.
    Position,
}

/// How exactly an index says where rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolution {
    /// As every reader knows it: `.tbi`, or `.csi` where a contig is longer than 2^29 nt.
    Usual,
    /// For many queries of single positions: `.csi` with intervals of 64 nt.
    Fine,
}

/// A table in BGZF with its index beside it: `NAME.tbi` or `NAME.csi`.
pub struct IndexedTable {
    data: bgzf::io::Writer<AtomicFile>,
    index: IndexWriter,
    contigs: Contigs,
    /// Of the index.
    extension: &'static str,
    /// For the check at the end: made first, so that it is not what a finished run fails for.
    folder: TempDir,
}

struct IndexWriter {
    indexer: AnyIndexer,
    layout: Layout,
    file: AtomicFile,
    /// The index of the other kind that an earlier run may have left; htslib would prefer a `.csi`.
    stale: PathBuf,
}

enum AnyIndexer {
    Tabix(Indexer<LinearIndex>),
    Csi(Indexer<BinnedIndex>),
}

impl IndexedTable {
    /// Starts the file `path` and its index. Every contig can be queried, also those without a row.
    ///
    /// # Errors
    /// If one of the files cannot be created.
    pub fn create(path: &Path, contigs: &Contigs, layout: Layout) -> Result<Self> {
        Self::indexed(path, contigs, layout, Resolution::Usual)
    }

    /// Does the same for a table that is to be queried for many single positions.
    ///
    /// # Errors
    /// As [`IndexedTable::create`].
    pub fn create_fine(path: &Path, contigs: &Contigs, layout: Layout) -> Result<Self> {
        Self::indexed(path, contigs, layout, Resolution::Fine)
    }

    fn indexed(
        path: &Path,
        contigs: &Contigs,
        layout: Layout,
        resolution: Resolution,
    ) -> Result<Self> {
        if path == Path::new("-") {
            let problem = "standard output cannot be compressed and indexed; name a file";
            return Err(Error::Usage(problem.to_owned()));
        }
        let failed =
            |e| Error::io(&std::env::temp_dir(), "cannot write temporary files (set TMPDIR)", e);
        let folder = tempfile::tempdir().map_err(failed)?;
        let index = IndexWriter::create(path, contigs, layout, resolution)?;
        let data = bgzf::io::Writer::new(AtomicFile::create(path)?);
        let (extension, _) = index_extension(contigs, resolution);
        Ok(Self { data, index, contigs: contigs.clone(), extension, folder })
    }

    /// Writes a header line, which starts with `#` and ends with a line feed.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_header(&mut self, line: &str) -> Result<()> {
        self.write(line)
    }

    /// Writes a row for `range` (0-based half-open) of `contig`; it ends with a line feed. Rows
    /// come in order of contig and start.
    ///
    /// # Errors
    /// If the file cannot be written or the row is out of order.
    pub fn write_row(&mut self, contig: usize, range: Range<u64>, line: &str) -> Result<()> {
        let start = self.data.virtual_position();
        self.write(line)?;
        let chunk = Chunk::new(start, self.data.virtual_position());
        self.index.indexer.add(contig, range.clone(), chunk).map_err(|problem| {
            let name = &self.contigs[contig].name;
            Error::Internal(format!("row {name}:{}-{}: {problem}", range.start + 1, range.end))
        })
    }

    /// Completes both files, the index last: no reader ever finds an index beside data that it does
    /// not belong to.
    ///
    /// # Errors
    /// If a file cannot be completed.
    pub fn complete(mut self) -> Result<[Complete; 2]> {
        let path = self.data.get_ref().path().to_owned();
        self.data.try_finish().map_err(|e| Error::io(&path, "cannot finish writing", e))?;
        let index_path = self.index.file.path().to_owned();
        let index_file =
            self.index.indexer.write(self.index.file, self.index.layout, &self.contigs);
        let index_file = index_file.map_err(|e| Error::io(&index_path, "cannot write", e))?;
        let (data, index) = (self.data.into_inner().complete()?, index_file.complete()?);
        verify(&path, &data, (&index, self.extension), &self.contigs, self.folder.path())?;
        Ok([data.replacing(vec![index_path, self.index.stale]), index])
    }

    fn write(&mut self, line: &str) -> Result<()> {
        let written = self.data.write_all(line.as_bytes());
        written.map_err(|e| Error::io(self.data.get_ref().path(), "cannot write", e))
    }
}

/// Opens what is to be called `path` with htslib, which is what its readers use, and looks for
/// every contig.
fn verify(
    path: &Path,
    data: &Complete,
    (index, extension): (&Complete, &str),
    contigs: &Contigs,
    folder: &Path,
) -> Result<()> {
    let wrong = |problem: String| Error::of_file(path, format!("the index is broken: {problem}"));
    let failed = |e| Error::io(folder, "cannot write temporary files (set TMPDIR)", e);
    // htslib looks for an index by the name of the data.
    for (file, name) in [(data, "data.gz".to_owned()), (index, format!("data.gz{extension}"))] {
        let place = file.place().canonicalize().map_err(failed)?;
        symlink(place, folder.join(name)).map_err(failed)?;
    }
    let reader = tbx::Reader::from_path(folder.join("data.gz"));
    let reader = reader.map_err(|e| wrong(e.to_string()))?;
    let missing = contigs.iter().find(|contig| reader.tid(&contig.name).is_err());
    missing.map_or(Ok(()), |contig| Err(wrong(format!("it lacks contig {}", contig.name))))
}

impl IndexWriter {
    fn create(
        path: &Path,
        contigs: &Contigs,
        layout: Layout,
        resolution: Resolution,
    ) -> Result<Self> {
        let (extension, other) = index_extension(contigs, resolution);
        let longest = longest(contigs);
        let indexer = if extension == TBI {
            AnyIndexer::Tabix(Indexer::default())
        } else {
            let min_shift = if resolution == Resolution::Fine { FINE } else { MIN_SHIFT };
            let depth = depth_for(longest, min_shift);
            let indexer = Indexer::new(min_shift, depth).ok_or_else(|| {
                Error::Usage(format!("a contig of {longest} nt is too long to be indexed"))
            })?;
            AnyIndexer::Csi(indexer)
        };
        let file = AtomicFile::create(&with_extension(path, extension))?;
        Ok(Self { indexer, layout, file, stale: with_extension(path, other) })
    }
}

impl AnyIndexer {
    fn add(
        &mut self,
        contig: usize,
        range: Range<u64>,
        chunk: Chunk,
    ) -> std::result::Result<(), Problem> {
        let position = |p: u64| {
            let p = usize::try_from(p).map_err(|e| e.to_string())?;
            Position::try_from(p).map_err(|e| e.to_string())
        };
        // Indices count from 1 and include the end.
        let context = Some((contig, position(range.start + 1)?, position(range.end)?, true));
        let added = match self {
            Self::Tabix(indexer) => indexer.add_record(context, chunk),
            Self::Csi(indexer) => indexer.add_record(context, chunk),
        };
        added.map_err(|e| e.to_string().into())
    }

    fn write(
        self,
        mut file: AtomicFile,
        layout: Layout,
        contigs: &Contigs,
    ) -> io::Result<AtomicFile> {
        let header = header(layout, contigs);
        match self {
            Self::Tabix(indexer) => {
                let index = indexer.set_header(header).build(contigs.len());
                let mut writer = tabix::io::Writer::new(&mut file);
                writer.write_index(&index)?;
                writer.try_finish()?;
            }
            Self::Csi(indexer) => {
                let index = indexer.set_header(header).build(contigs.len());
                let mut writer = csi::io::Writer::new(&mut file);
                writer.write_index(&index)?;
                writer.get_mut().try_finish()?;
            }
        }
        Ok(file)
    }
}

fn longest(contigs: &Contigs) -> u64 {
    contigs.iter().map(|contig| contig.length).max().unwrap_or(0)
}

/// Returns the ending of the index of a file over these contigs, and that of the other kind.
fn index_extension(contigs: &Contigs, resolution: Resolution) -> (&'static str, &'static str) {
    let usual = resolution == Resolution::Usual && longest(contigs) <= TABIX_POSITIONS;
    if usual { (TBI, CSI) } else { (CSI, TBI) }
}

/// Returns the smallest number of levels whose bins reach `length`.
fn depth_for(length: u64, min_shift: u8) -> u8 {
    let reaches = |depth: &u8| length <= 1 << (min_shift + 3 * depth);
    (TABIX_DEPTH..=16).find(reaches).unwrap_or(u8::MAX)
}

/// Comment sign `#`, contigs in FASTA order.
fn header(layout: Layout, contigs: &Contigs) -> Header {
    let names = contigs.iter().map(|contig| contig.name.as_str().into()).collect();
    let columns = match layout {
        Layout::Bed => Builder::bed(),
        Layout::Position => Builder::gff().set_start_position_index(1).set_end_position_index(None),
    };
    columns.set_reference_sequence_names(names).build()
}

/// Returns a path with an ending behind its whole name: that of the index beside a file.
pub fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(extension);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use rust_htslib::tbx::{self, Read};

    use super::*;
    use crate::output::atomic::publish;

    fn genome(lengths: &[u64]) -> Contigs {
        let mut contigs = Contigs::default();
        for (i, &length) in lengths.iter().enumerate() {
            // Not in alphabetical order.
            contigs.push(format!("chr{}", 9 - i), length);
        }
        contigs
    }

    fn row(contigs: &Contigs, contig: usize, start: u64) -> String {
        format!("{}\t{start}\t{}\n", contigs[contig].name, start + 1)
    }

    fn write(path: &Path, contigs: &Contigs, rows: &[(usize, u64)]) {
        let mut bed = IndexedTable::create(path, contigs, Layout::Bed).unwrap();
        bed.write_header("#chrom\tstart\tend\n").unwrap();
        for &(contig, start) in rows {
            bed.write_row(contig, start..start + 1, &row(contigs, contig, start)).unwrap();
        }
        publish(bed.complete().unwrap().into()).unwrap();
    }

    fn query(path: &Path, name: &str, range: Range<u64>) -> Vec<String> {
        let mut reader = tbx::Reader::from_path(path).unwrap();
        let tid = reader.tid(name).unwrap();
        reader.fetch(tid, range.start, range.end).unwrap();
        reader.records().map(|r| String::from_utf8(r.unwrap()).unwrap() + "\n").collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_query_finds_the_rows_of_its_region_and_no_others(
            mut rows in prop::collection::vec((0usize..3, 0u64..3_000_000), 0..400),
            queries in prop::collection::vec((0usize..3, 0u64..3_000_000, 1u64..400_000), 8),
        ) {
            rows.sort();
            let contigs = genome(&[3_000_000; 3]);
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("x.bed.gz");
            write(&path, &contigs, &rows);
            for (contig, start, length) in queries {
                let end = start + length;
                let inside = |&&(c, s): &&(usize, u64)| c == contig && (start..end).contains(&s);
                let expected: Vec<String> =
                    rows.iter().filter(inside).map(|&(c, s)| row(&contigs, c, s)).collect();
                prop_assert_eq!(query(&path, &contigs[contig].name, start..end), expected);
            }
        }
    }

    #[test]
    fn contigs_beyond_tabix_get_a_csi_index() {
        let contigs = genome(&[1000, 3_000_000_000]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.bed.gz");
        fs::write(dir.path().join("x.bed.gz.tbi"), "of an earlier run").unwrap();
        let rows = [(0, 5), (1, 7), (1, 700_000_000), (1, 2_900_000_000)];
        write(&path, &contigs, &rows);
        assert!(dir.path().join("x.bed.gz.csi").exists());
        assert!(!dir.path().join("x.bed.gz.tbi").exists());
        for &(contig, start) in &rows {
            let found = query(&path, &contigs[contig].name, start..start + 1);
            assert_eq!(found, [row(&contigs, contig, start)]);
        }
        assert!(query(&path, "chr8", 8..700_000_000).is_empty());
    }

    #[test]
    fn nothing_is_left_without_commit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.bed.gz");
        let mut bed = IndexedTable::create(&path, &genome(&[100]), Layout::Bed).unwrap();
        bed.write_row(0, 3..4, "chr9\t3\t4\n").unwrap();
        drop(bed);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn rows_out_of_order_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.bed.gz");
        let mut bed = IndexedTable::create(&path, &genome(&[100, 100]), Layout::Bed).unwrap();
        bed.write_row(1, 3..4, "chr8\t3\t4\n").unwrap();
        let message = bed.write_row(0, 3..4, "chr9\t3\t4\n").unwrap_err().to_string();
        assert!(message.contains("chr9:4-4"), "{message}");
    }
}
