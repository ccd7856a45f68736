//! The file that a run keeps its work in until it is complete.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{PartFile, PartWriter, Work, differences};
use crate::error::{Error, Result};
use crate::output::atomic::AtomicFile;
use crate::output::frames::FrameWriter;
use crate::output::sync::sync;

/// Every part outlives the process once it is appended, and the machine after this time.
const SYNC: Duration = Duration::from_secs(1);

/// What a run has done so far.
pub struct Checkpoint<'a, W> {
    path: PathBuf,
    parts: PartWriter<'a, W, File>,
    synced: Instant,
    /// What was kept by earlier runs took them.
    earlier: f64,
}

impl<'a, W: Work> Checkpoint<'a, W> {
    /// Goes on from the file at `path`, or begins it: hands what was done to `consume` and returns
    /// with it how much of the work that was. What a killed run left half written is cut off. The
    /// time of the next part counts from `since`.
    ///
    /// # Errors
    /// If the file is of another run, which is named; if it cannot be read or written.
    pub fn resume(
        path: &Path,
        work: &'a W,
        since: Instant,
        consume: &mut dyn FnMut(&W::Part) -> Result<()>,
    ) -> Result<(Self, u64)> {
        let meta = std::fs::metadata(path);
        if meta.as_ref().is_ok_and(|there| !there.is_file()) {
            return Err(Error::of_file(path, "is no file, so nothing can be kept there"));
        }
        if meta.is_err() {
            // Renamed when complete: a file that only half begins is never seen.
            let file = AtomicFile::create(path)?;
            PartWriter::create(path, file, work, since)?.into_inner().commit()?;
        }
        let mut there = PartFile::<W>::open(path)?;
        let mut differences = differences(&there.work, work);
        if there.work.shard() != work.shard() {
            let (here, wanted) = (there.work.shard(), work.shard());
            differences.push(format!("shard: it has {here}, not {wanted}"));
        }
        if !differences.is_empty() {
            let problem = format!(
                "this is kept of another run ({}); repeat that one, or delete the file to begin anew",
                differences.join("; ")
            );
            return Err(Error::of_file(path, problem));
        }
        let done = there.replay(consume)?;
        let whole = there.frames.whole();
        let failed = |e| Error::io(path, "cannot go on writing", e);
        let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let parts = PartWriter { frames: FrameWriter::go_on(&there.frames, file), work, since };
        let (path, synced, earlier) = (path.to_owned(), Instant::now(), there.seconds);
        Ok((Self { path, parts, synced, earlier }, done))
    }

    /// Returns the seconds that earlier runs took for what they have kept.
    pub fn earlier(&self) -> f64 {
        self.earlier
    }

    /// Keeps the next part.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, part: &W::Part) -> Result<()> {
        self.parts.append(part)?;
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
        let file = self.parts.frames.get_ref();
        sync(file, &self.path).map_err(|e| Error::io(&self.path, "cannot write", e))
    }

    /// Removes the file: the run is complete.
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
