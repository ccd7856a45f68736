//! Signal tracks: one bigWig per strand and quantity; unscored positions are absent.

mod runs;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use bigtools::{BBIDataProcessor, BBIDataSource, BBIProcessError, BigWigWrite, ProcessDataError};
use crossbeam_channel::{Receiver, Sender, bounded};
use tokio::runtime::{Builder, Handle, Runtime};

use super::atomic::{AtomicFile, Complete};
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::profile::Clock;
use runs::{Block, RunStream, SourceError};

/// Blocks that may wait for the writing thread; more and [`TrackWriter::push`] waits.
const WAITING_BLOCKS: usize = 4;
/// The library counts the contigs of a file in 16 bits.
const MOST_CONTIGS: usize = u16::MAX as usize;
/// Values per compressed section. The index costs 40 bytes of memory a section until the file is
/// complete: at the usual 1024, over 100 MB for a value at every position of a human genome.
const VALUES_PER_SECTION: u32 = 4096;
/// Compressed sections that may wait to be written.
const WAITING_SECTIONS: usize = 16;

/// Name of the threads: a panic of one is the library's way to say that a file cannot be written.
pub const THREAD: &str = "track";

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
/// Memory is bounded but for the file's index. Zoom levels wait in the temporary directory
/// (`TMPDIR`), at most about half as large as the finished file.
#[derive(Debug)]
pub struct TrackWriter {
    path: PathBuf,
    blocks: Option<Sender<Block>>,
    thread: Option<JoinHandle<Result<TrackOutcome>>>,
    clock: Arc<Clock>,
}

impl TrackWriter {
    /// Starts the track `path` over `contigs`.
    ///
    /// # Errors
    /// If the file cannot be created, or the contigs are too long or too many for the format.
    pub fn create(path: &Path, contigs: &Contigs) -> Result<Self> {
        check_limits(path, contigs)?;
        let file = AtomicFile::create(path)?;
        // The library would overlook that it cannot keep the zoom levels.
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
        let thread = thread::Builder::new().name(THREAD.to_owned()).spawn(writer);
        let thread = thread.map_err(|e| Error::threads(1, e))?;
        Ok(Self { path: path.to_owned(), blocks: Some(blocks), thread: Some(thread), clock })
    }

    /// Adds one value for each position from `start` of `contig` on; NaN is no value.
    ///
    /// # Errors
    /// If the track cannot be written, or a value lies before one that was pushed earlier; then
    /// the track is lost.
    pub fn push(&mut self, contig: usize, start: u64, values: Vec<f32>) -> Result<()> {
        self.send(Block::Dense { contig, start, values })
    }

    /// Adds one value for all positions `start..end` of each (start, end, value); NaN is no value.
    ///
    /// # Errors
    /// As for [`TrackWriter::push`].
    pub fn push_runs(&mut self, contig: usize, runs: Vec<(u64, u64, f32)>) -> Result<()> {
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
        // Where this fails the thread has ended early, and says why.
        let _ = self.send_silently(Block::End);
        self.join()
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
            // The library panics where a file cannot be written.
            let folder = std::env::temp_dir();
            let room = format!("is there room in its folder and in {}?", folder.display());
            Err(Error::io(&self.path, "cannot write", io::Error::other(room)))
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

fn check_limits(path: &Path, contigs: &Contigs) -> Result<()> {
    let refuse = |problem: String| {
        let cure = "leave the signal tracks out for this genome";
        Err(Error::Usage(format!("{}: {problem}; {cure}", path.display())))
    };
    if let Some(contig) = contigs.iter().find(|contig| contig.length > u64::from(u32::MAX)) {
        let most = u32::MAX;
        let (name, length) = (&contig.name, contig.length);
        return refuse(format!("contig {name} has {length} nt, a bigWig holds at most {most}"));
    }
    if contigs.len() > MOST_CONTIGS {
        return refuse(format!("{} contigs, a bigWig holds at most {MOST_CONTIGS}", contigs.len()));
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
    let failed = |e| Error::io(&path, "cannot write", e);
    let Some(handle) = file.try_clone_file()? else {
        let problem = "a bigWig cannot be written to standard output, a pipe or a device";
        return Err(Error::Usage(format!("{}: {problem}", path.display())));
    };
    let output = CheckedFile { file: handle, failure: Arc::default() };
    let failure = output.failure.clone();
    let mut runs = RunStream::new(contigs, blocks, failure.clone(), clock.clone());
    // The library neither writes nor survives an empty stream.
    match runs.peek() {
        Ok(true) => {}
        Ok(false) => return Ok(TrackOutcome::Empty { path }),
        Err(error) => return Err(error.into_error(&path)),
    }
    // Limits were checked: no length is truncated.
    let sizes: HashMap<String, u32> =
        contigs.iter().map(|contig| (contig.name.clone(), contig.length as u32)).collect();
    let mut writer = BigWigWrite::new(output, sizes);
    writer.options.items_per_slot = VALUES_PER_SECTION;
    writer.options.channel_size = WAITING_SECTIONS;
    let runtime = Builder::new_current_thread().build().map_err(failed)?;
    let positions = runs.positions();
    let written = writer.write(runs, runtime);
    if let Some(error) = failure.lock().ok().and_then(|mut failure| failure.take()) {
        return Err(failed(error));
    }
    match written {
        Ok(()) => {}
        Err(BBIProcessError::SourceError(error)) => return Err(error.into_error(&path)),
        Err(BBIProcessError::IoError(error)) => return Err(failed(error)),
        Err(
            BBIProcessError::InvalidInput(problem) | BBIProcessError::InvalidChromosome(problem),
        ) => {
            return Err(Error::Internal(format!("{}: {problem}", path.display())));
        }
    }
    let positions = positions.load(std::sync::atomic::Ordering::Relaxed);
    Ok(TrackOutcome::Written { file: file.complete()?, positions })
}

impl BBIDataSource for RunStream {
    type Value = bigtools::Value;
    type Error = SourceError;

    /// Does what the library's own source does, and after each contig lets the tasks of that
    /// contig end: otherwise a genome of many short contigs is held in memory until its end.
    fn process_to_bbi<
        P: BBIDataProcessor<Value = Self::Value> + Send + 'static,
        StartProcessing: FnMut(String) -> std::result::Result<P, ProcessDataError>,
        Advance: FnMut(P),
    >(
        &mut self,
        runtime: &Runtime,
        start_processing: &mut StartProcessing,
        advance: &mut Advance,
    ) -> std::result::Result<(), BBIProcessError<Self::Error>> {
        runtime.block_on(async {
            let mut next = self.next().map_err(BBIProcessError::SourceError)?;
            while let Some((contig, mut value)) = next {
                let mut processor = start_processing(self.name(contig))?;
                loop {
                    next = self.next().map_err(BBIProcessError::SourceError)?;
                    let following = next.filter(|&(its_contig, _)| its_contig == contig);
                    let Some((_, following)) = following else { break };
                    processor.do_process(value, Some(&following)).await?;
                    value = following;
                }
                processor.do_process(value, None).await?;
                advance(processor);
                // One task stays: the writer of the file.
                while Handle::current().metrics().num_alive_tasks() > 1 {
                    tokio::task::yield_now().await;
                }
            }
            Ok(())
        })
    }
}

/// A file that remembers its first error and then takes everything: the library panics on some
/// errors and overlooks those of its last, buffered bytes.
struct CheckedFile {
    file: File,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl CheckedFile {
    fn checked<T>(&mut self, otherwise: T, act: impl FnOnce(&mut File) -> io::Result<T>) -> T {
        let Ok(mut failure) = self.failure.lock() else { return otherwise };
        if failure.is_some() {
            return otherwise;
        }
        act(&mut self.file).unwrap_or_else(|error| {
            *failure = Some(error);
            otherwise
        })
    }
}

impl Write for CheckedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.checked(bytes.len(), |file| file.write_all(bytes).map(|()| bytes.len())))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.checked((), File::flush);
        Ok(())
    }
}

impl Seek for CheckedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        Ok(self.checked(0, |file| file.seek(to)))
    }
}

#[cfg(test)]
mod tests;
