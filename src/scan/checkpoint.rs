//! Scored chunks on disk: what a shard hands to `merge`, and what a killed scan goes on from.
//!
//! A file begins with a [`Header`], which tells the whole scan, followed by one frame for each
//! chunk, in order and without gap. Consolidation starts from them as if they had just been scored:
//! the results are the same, to the byte.

mod header;

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use header::{Header, Outputs};

use super::inference::ChunkScores;
use super::record;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::output::atomic::AtomicFile;
use crate::output::frames::{FrameReader, FrameWriter};

/// Every chunk outlives the process once it is appended, and the machine after this time.
const SYNC: Duration = Duration::from_secs(1);

/// Writes the scored chunks of a scan.
pub struct ChunkWriter<W> {
    frames: FrameWriter<W>,
    tracks: bool,
}

impl<W: Write> ChunkWriter<W> {
    /// Begins a file with its header; `path` is for messages.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path, out: W, header: &Header) -> Result<Self> {
        let mut frames = FrameWriter::create(path, out)?;
        frames.append(&header.to_bytes()?)?;
        Ok(Self { frames, tracks: header.outputs.tracks })
    }

    /// Appends the next chunk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, scores: &ChunkScores) -> Result<()> {
        self.frames.append(&record::encode(scores, self.tracks))
    }

    /// Returns the output underneath, to complete it.
    pub fn into_inner(self) -> W {
        self.frames.into_inner()
    }
}

/// Reads what a [`ChunkWriter`] wrote.
pub struct ChunkFile {
    path: PathBuf,
    pub header: Header,
    pub contigs: Contigs,
    frames: FrameReader,
}

impl ChunkFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// If it cannot be read or is of another kind.
    pub fn open(path: &Path) -> Result<Self> {
        let mut frames = FrameReader::open(path)?;
        let header = frames.next_frame()?.as_deref().and_then(Header::from_bytes);
        let damaged = || {
            let problem = "its header is damaged, or of another version of this program; delete it \
                and begin anew";
            Error::input(path, "", problem)
        };
        let header = header.ok_or_else(damaged)?;
        let contigs = header.contigs().ok_or_else(damaged)?;
        Ok(Self { path: path.to_owned(), header, contigs, frames })
    }

    /// Hands the chunks to `consume`, as far as the file is whole; returns how many positions they
    /// cover (see [`super::Targets::scoring_total`]).
    ///
    /// # Errors
    /// If the file cannot be read, or holds what is no chunk; those of `consume`.
    pub fn replay(&mut self, consume: &mut dyn FnMut(&ChunkScores) -> Result<()>) -> Result<u64> {
        let (mut covered, mut last) = (0, (0, 0));
        while let Some(frame) = self.frames.next_frame()? {
            let scores = record::decode(&frame, &self.contigs).filter(|scores| {
                let chunk = &scores.chunk;
                (chunk.contig, chunk.centres.start) >= last
            });
            let Some(scores) = scores else {
                let place = format!("before byte {}", self.frames.whole());
                let problem = "this is no chunk of a scan; delete the file and begin anew";
                return Err(Error::input(&self.path, place, problem));
            };
            let centres = &scores.chunk.centres;
            covered += centres.end - centres.start;
            last = (scores.chunk.contig, centres.end);
            consume(&scores)?;
        }
        Ok(covered)
    }

    /// Returns whether the file is whole up to its end.
    pub fn is_at_end(&self) -> bool {
        self.frames.is_at_end()
    }
}

/// The file that a scan keeps its work in until it is complete.
pub struct Checkpoint {
    path: PathBuf,
    chunks: ChunkWriter<File>,
    synced: Instant,
}

impl Checkpoint {
    /// Goes on from the file at `path`, or begins it: hands what was done to `consume` and returns
    /// with it how many positions that was. What a killed run left half written is cut off.
    ///
    /// # Errors
    /// If the file is of another scan, which is named; if it cannot be read or written.
    pub fn resume(
        path: &Path,
        header: &Header,
        consume: &mut dyn FnMut(&ChunkScores) -> Result<()>,
    ) -> Result<(Self, u64)> {
        if !path.exists() {
            // Renamed when complete: a file with half a header is never seen.
            let file = AtomicFile::create(path)?;
            ChunkWriter::create(path, file, header)?.into_inner().commit()?;
        }
        let mut there = ChunkFile::open(path)?;
        let differences = there.header.differences(header);
        if !differences.is_empty() {
            let problem = format!(
                "this is kept of another scan ({}); repeat that one, or delete the file to begin anew",
                differences.join("; ")
            );
            return Err(Error::input(path, "", problem));
        }
        let done = there.replay(consume)?;
        let whole = there.frames.whole();
        let failed = |e| Error::io(path, "cannot go on writing", e);
        let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let frames = FrameWriter::go_on(path, file);
        let chunks = ChunkWriter { frames, tracks: header.outputs.tracks };
        Ok((Self { path: path.to_owned(), chunks, synced: Instant::now() }, done))
    }

    /// Keeps the next chunk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, scores: &ChunkScores) -> Result<()> {
        self.chunks.append(scores)?;
        if self.synced.elapsed() >= SYNC {
            self.sync()?;
        }
        Ok(())
    }

    /// Waits until everything is on the disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn sync(&mut self) -> Result<()> {
        self.synced = Instant::now();
        let file = self.chunks.frames.get_ref();
        file.sync_data().map_err(|e| Error::io(&self.path, "cannot write", e))
    }

    /// Returns where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file: the scan is complete.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|e| Error::io(&self.path, "cannot remove", e))
    }

    /// Gives the file, all of which is done, another name.
    ///
    /// # Errors
    /// If it cannot be written or renamed.
    pub fn rename(mut self, path: &Path) -> Result<()> {
        self.sync()?;
        std::fs::rename(&self.path, path).map_err(|e| Error::io(path, "cannot rename to this", e))
    }
}
