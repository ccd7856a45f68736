//! Signal tracks: one bigWig per strand and quantity; unscored positions are absent. Sites as
//! bigBed.

pub mod bed;
mod container;
mod file;
mod index;
pub mod read;
mod runs;
mod zoom;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::atomic::{AtomicFile, Complete};
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::timing::Clock;
use file::BigWig;
use runs::{Block, Dense, RunStream};

/// Blocks that may wait for the writing thread; more and [`TrackWriter::push`] waits.
const WAITING_BLOCKS: usize = 4;
/// Values that are gathered before they are handed to that thread.
const GATHERED: usize = 1 << 14;
/// A node of the list of contigs counts them in 16 bits, and there is one node: readers differ on
/// more.
const MOST_CONTIGS: usize = u16::MAX as usize;

/// Consecutive positions (0-based, half-open) of a contig that have one value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    start: u32,
    end: u32,
    value: f32,
}

/// What became of a track.
#[derive(Debug)]
pub enum TrackOutcome {
    /// The file is complete and holds a value at this many positions.
    Written { file: Complete, positions: u64 },
    /// There was no value, and a bigWig cannot be empty: no file was written.
    Empty { path: PathBuf },
}

/// Writes one bigWig on a thread of its own, from values in order of contig and position. Nothing
/// appears under the final name.
///
/// Memory is bounded but for the file's index, 16 bytes for each compressed section: at least one
/// for each contig and zoom level. Zoom levels wait in the temporary directory (`TMPDIR`), at most
/// about half as large as the finished file.
#[derive(Debug)]
pub struct TrackWriter {
    path: PathBuf,
    blocks: Option<Sender<Block>>,
    gathered: Dense,
    thread: Option<JoinHandle<Result<TrackOutcome>>>,
    clock: Arc<Clock>,
}

impl TrackWriter {
    /// Starts the track `path` over `contigs`.
    ///
    /// # Errors
    /// If the file cannot be created, or the contigs are too long or too many for the format.
    pub fn create(path: &Path, contigs: &Contigs) -> Result<Self> {
        check_limits(path, contigs, Limited::Tracks)?;
        let file = AtomicFile::create(path)?;
        // Said before the work, not when the first value comes.
        tempfile::tempfile().map_err(|e| {
            let temporary = std::env::temp_dir();
            Error::io(&temporary, "cannot write temporary files (set TMPDIR)", e)
        })?;
        let (blocks, receiver) = bounded(WAITING_BLOCKS);
        let contigs = contigs.clone();
        let clock: Arc<Clock> = Arc::default();
        let its_clock = Arc::clone(&clock);
        let writer = move || {
            let begin = Instant::now();
            let outcome = write_track(file, &contigs, receiver, &its_clock);
            its_clock.one_thread(begin.elapsed());
            outcome
        };
        let thread = thread::Builder::new().name("track".to_owned()).spawn(writer);
        let thread = thread.map_err(|e| Error::threads(1, e))?;
        Ok(Self {
            path: path.to_owned(),
            blocks: Some(blocks),
            gathered: Dense::default(),
            thread: Some(thread),
            clock,
        })
    }

    /// Adds one value for each position from `start` of `contig` on; NaN is no value.
    ///
    /// # Errors
    /// If the track cannot be written, or a value lies before one that was pushed earlier; then
    /// the track is lost.
    pub fn push(&mut self, contig: usize, start: u64, values: impl AsRef<[f32]>) -> Result<()> {
        let values = values.as_ref();
        self.gathered.pieces.push((contig, start, values.len()));
        self.gathered.values.extend_from_slice(values);
        if self.gathered.values.len() < GATHERED { Ok(()) } else { self.hand_over() }
    }

    /// Adds one value for all positions `start..end` of each (start, end, value); NaN is no value.
    ///
    /// # Errors
    /// As for [`TrackWriter::push`].
    pub fn push_runs(&mut self, contig: usize, runs: Vec<(u64, u64, f32)>) -> Result<()> {
        self.hand_over()?;
        self.send(Block::Runs { contig, runs })
    }

    /// Returns what its thread did; all of it once the track is complete.
    pub fn clock(&self) -> Arc<Clock> {
        Arc::clone(&self.clock)
    }

    /// Completes the track.
    ///
    /// # Errors
    /// If the track cannot be written.
    pub fn finish(mut self) -> Result<TrackOutcome> {
        // Where these fail the thread has ended early, and says why.
        let gathered = std::mem::take(&mut self.gathered);
        let _ = self.send_silently(Block::Dense(gathered)) && self.send_silently(Block::End);
        self.join()
    }

    fn hand_over(&mut self) -> Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.pieces.is_empty() { Ok(()) } else { self.send(Block::Dense(gathered)) }
    }

    fn send(&mut self, block: Block) -> Result<()> {
        if self.send_silently(block) {
            return Ok(());
        }
        match self.join() {
            Err(error) => Err(error),
            Ok(_) => Err(Error::Internal(format!("{}: track ended early", self.path.display()))),
        }
    }

    fn send_silently(&mut self, block: Block) -> bool {
        self.blocks.as_ref().is_some_and(|blocks| blocks.send(block).is_ok())
    }

    fn join(&mut self) -> Result<TrackOutcome> {
        self.blocks = None;
        let Some(thread) = self.thread.take() else {
            let problem = format!("{}: used after it failed", self.path.display());
            return Err(Error::Internal(problem));
        };
        thread.join().unwrap_or_else(|_| {
            Err(Error::Internal(format!("{}: its thread failed", self.path.display())))
        })
    }
}

impl Drop for TrackWriter {
    fn drop(&mut self) {
        self.blocks = None;
        if let Some(thread) = self.thread.take() {
            // Without an end the thread gives up at once and removes its file.
            let _ = thread.join();
        }
    }
}

/// What the format sets limits to.
#[derive(Clone, Copy)]
enum Limited {
    Tracks,
    Items,
}

/// Returns whether the format can hold tracks of a genome.
pub fn holds(contigs: &Contigs) -> bool {
    check_limits(Path::new(""), contigs, Limited::Tracks).is_ok()
}

fn check_limits(path: &Path, contigs: &Contigs, what: Limited) -> Result<()> {
    let (format, cure) = match what {
        Limited::Tracks => ("bigWig", "leave the signal tracks out for this genome"),
        Limited::Items => ("bigBed", "leave --bigbed and --hub out for this genome"),
    };
    let refuse =
        |problem: String| Err(Error::Usage(format!("{}: {problem}; {cure}", path.display())));
    if let Some(contig) = contigs.iter().find(|contig| contig.length > u64::from(u32::MAX)) {
        let most = u32::MAX;
        let (name, length) = (&contig.name, contig.length);
        return refuse(format!("contig {name} has {length} nt, a {format} holds at most {most}"));
    }
    if contigs.len() > MOST_CONTIGS {
        return refuse(format!(
            "{} contigs, a {format} holds at most {MOST_CONTIGS}",
            contigs.len()
        ));
    }
    Ok(())
}

/// Writes what comes until [`Block::End`]; runs on the track's thread.
fn write_track(
    file: AtomicFile,
    contigs: &Contigs,
    blocks: Receiver<Block>,
    clock: &Arc<Clock>,
) -> Result<TrackOutcome> {
    let path = file.path().to_owned();
    let failed =
        |e| Error::io(&path, "cannot write (is there room here and where TMPDIR points?)", e);
    let Some(handle) = file.try_clone_file()? else {
        let problem = "a bigWig cannot be written to standard output, a pipe or a device";
        return Err(Error::Usage(format!("{}: {problem}", path.display())));
    };
    let mut runs = RunStream::new(contigs, blocks, clock.clone());
    let mut next = runs.next().map_err(|e| e.into_error(&path))?;
    if next.is_none() {
        return Ok(TrackOutcome::Empty { path });
    }
    let mut track = BigWig::create(handle, contigs).map_err(failed)?;
    while let Some((contig, run)) = next {
        track.add(contig, run).map_err(failed)?;
        next = runs.next().map_err(|e| e.into_error(&path))?;
    }
    let positions = track.finish().map_err(failed)?;
    Ok(TrackOutcome::Written { file: file.complete()?, positions })
}

#[cfg(test)]
mod tests;
