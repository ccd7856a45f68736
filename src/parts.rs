//! The results of a run in parts, on disk: what a shard hands to `merge`, and what a killed run
//! goes on from.
//!
//! A file begins with what it takes to make outputs of parts ([`Work`]), followed by one frame for
//! each part, in order and without gap: the seconds that it took, and the part. Outputs are the
//! same, to the byte, as of parts just computed; summaries add the seconds of all runs up.

mod checkpoint;
mod shards;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use checkpoint::Checkpoint;
pub use shards::Shards;

use crate::error::{Error, Result};
use crate::output::frames::{FrameReader, FrameWriter};
use crate::shard::Shard;

/// A run whose results can be kept in parts: all that it takes to make its outputs of them.
pub trait Work: Serialize + DeserializeOwned {
    /// The command that it is.
    const COMMAND: &'static str;
    /// The results of one stretch.
    type Part;

    /// Returns the share that is computed.
    fn shard(&self) -> Shard;

    /// Returns everything that decides the results, by name.
    fn identity(&self) -> BTreeMap<String, String>;

    /// Returns a part as bytes.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn encode(&self, part: &Self::Part) -> Result<Vec<u8>>;

    /// Returns the part that bytes hold, or `None` if they are none of this run.
    fn decode(&self, bytes: &[u8]) -> Option<Self::Part>;

    /// Returns the stretch that a part is of: a contig or the like, and a range on it. The lengths
    /// of all ranges are what shards are shares of.
    fn stretch(part: &Self::Part) -> (usize, Range<u64>);
}

/// Returns how much of the work a part is.
pub fn length<W: Work>(part: &W::Part) -> u64 {
    let (_, range) = W::stretch(part);
    range.end - range.start
}

/// Says what makes `here` another run than `there`, apart from the shard: "name: it has ..., not
/// ...".
fn differences<W: Work>(here: &W, there: &W) -> Vec<String> {
    let (here, there) = (here.identity(), there.identity());
    let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let none = "none".to_owned();
    let value = |of: &BTreeMap<String, String>, name| of.get(name).unwrap_or(&none).clone();
    let pairs = names.into_iter().map(|name| (name, value(&here, name), value(&there, name)));
    let differ = pairs.filter(|(_, here, there)| here != there);
    differ.map(|(name, here, there)| format!("{name}: it has {here}, not {there}")).collect()
}

/// Returns a digest as [`Work::identity`] shows it.
pub fn short_digest(sha256: &str) -> String {
    format!("sha256 {}", sha256.get(..16).unwrap_or(sha256))
}

/// The first frame of a file.
#[derive(Serialize, Deserialize)]
struct Beginning<W> {
    command: String,
    work: W,
}

/// Writes the parts of a run.
pub struct PartWriter<'a, W, O> {
    frames: FrameWriter<O>,
    work: &'a W,
    /// Since when the time counts as that of the next part.
    since: Instant,
}

impl<'a, W: Work, O: Write> PartWriter<'a, W, O> {
    /// Begins a file; `path` is for messages. The time of the first part counts from `since`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path, out: O, work: &'a W, since: Instant) -> Result<Self> {
        let mut frames = FrameWriter::create(path, out)?;
        let beginning = Beginning { command: W::COMMAND.to_owned(), work };
        let bytes = serde_json::to_vec(&beginning).map_err(|e| Error::Internal(e.to_string()))?;
        frames.append(&bytes)?;
        Ok(Self { frames, work, since })
    }

    /// Appends the next part.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, part: &W::Part) -> Result<()> {
        let now = Instant::now();
        let seconds = (now - self.since).as_secs_f64();
        let frame = [&seconds.to_le_bytes()[..], &self.work.encode(part)?].concat();
        self.since = now;
        self.frames.append(&frame)
    }

    /// Returns the output underneath, to complete it.
    pub fn into_inner(self) -> O {
        self.frames.into_inner()
    }
}

/// Reads what a [`PartWriter`] wrote.
pub struct PartFile<W> {
    path: PathBuf,
    pub work: W,
    frames: FrameReader,
    /// What the parts took that were read.
    seconds: f64,
}

impl<W: Work> PartFile<W> {
    /// Opens a file and reads how it begins.
    ///
    /// # Errors
    /// If it cannot be read, or is of another kind or command.
    pub fn open(path: &Path) -> Result<Self> {
        let (command, beginning, frames) = begin(path)?;
        if command != W::COMMAND {
            let problem = format!("this is kept of `polyascan {command}`, not of `{}`", W::COMMAND);
            return Err(Error::of_file(path, problem));
        }
        let beginning: Beginning<W> =
            serde_json::from_slice(&beginning).map_err(|_| damaged(path))?;
        Ok(Self { path: path.to_owned(), work: beginning.work, frames, seconds: 0.0 })
    }

    /// Hands the parts to `consume`, as far as the file is whole; returns how much of the work they
    /// are.
    ///
    /// # Errors
    /// If the file cannot be read, or holds what is no part; those of `consume`.
    pub fn replay(&mut self, consume: &mut dyn FnMut(&W::Part) -> Result<()>) -> Result<u64> {
        let (mut covered, mut last) = (0, (0, 0));
        while let Some(frame) = self.frames.next_frame()? {
            let part = self.timed(&frame).filter(|(part, _)| {
                let (contig, range) = W::stretch(part);
                range.start <= range.end && (contig, range.start) >= last
            });
            let Some((part, seconds)) = part else {
                let place = format!("before byte {}", self.frames.whole());
                let problem = "this is no part of a run; delete the file and begin anew";
                return Err(Error::input(&self.path, place, problem));
            };
            let (contig, range) = W::stretch(&part);
            covered += range.end - range.start;
            last = (contig, range.end);
            self.seconds += seconds;
            consume(&part)?;
        }
        Ok(covered)
    }

    /// Returns the part that a frame holds, and the seconds that it took.
    fn timed(&self, frame: &[u8]) -> Option<(W::Part, f64)> {
        let (seconds, part) = frame.split_first_chunk()?;
        let seconds = Some(f64::from_le_bytes(*seconds)).filter(|s| s.is_finite() && *s >= 0.0)?;
        Some((self.work.decode(part)?, seconds))
    }

    /// Returns whether the file is whole up to its end.
    pub fn is_at_end(&self) -> bool {
        self.frames.is_at_end()
    }
}

/// Returns the command whose parts a file holds.
///
/// # Errors
/// If it cannot be read or is of another kind.
pub fn command_of(path: &Path) -> Result<String> {
    begin(path).map(|(command, ..)| command)
}

/// Opens a file: its command, its first frame, and what follows.
fn begin(path: &Path) -> Result<(String, Vec<u8>, FrameReader)> {
    #[derive(Deserialize)]
    struct Command {
        command: String,
    }
    let mut frames = FrameReader::open(path)?;
    let beginning = frames.next_frame()?.unwrap_or_default();
    let command: Command = serde_json::from_slice(&beginning).map_err(|_| damaged(path))?;
    Ok((command.command, beginning, frames))
}

fn damaged(path: &Path) -> Error {
    let problem =
        "its beginning is damaged, or of another version of this program; delete it and begin anew";
    Error::of_file(path, problem)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::variants::annotate::Annotated;
    use crate::variants::totals::Totals;
    use crate::variants::work::VariantWork;

    #[test]
    fn parts_keep_the_time_that_they_took_from_run_to_run() {
        let work = VariantWork::for_tests();
        let part = |at: u64| Annotated {
            records: at..at + 1,
            totals: Totals { records: 1, ..Totals::named() },
            lines: Vec::new(),
            rows: Vec::new(),
            mismatches: Vec::new(),
            replaced: false,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let ago = |seconds| Instant::now() - Duration::from_secs(seconds);
        let mut seconds = Vec::new();
        for (run, took) in [(0, 300), (1, 40), (2, 0)] {
            let (mut kept, done) =
                Checkpoint::resume(&path, &work, ago(took), &mut |_| Ok(())).unwrap();
            assert_eq!(done, run);
            seconds.push(kept.earlier());
            kept.append(&part(run)).unwrap();
        }
        assert!(seconds[0] == 0.0 && (300.0..310.0).contains(&seconds[1]), "{seconds:?}");
        assert!((340.0..350.0).contains(&seconds[2]), "{seconds:?}");
    }

    #[test]
    fn a_whole_frame_that_is_no_part_is_refused() {
        let work = VariantWork::for_tests();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer =
            PartWriter::create(file.path(), Vec::new(), &work, Instant::now()).unwrap();
        writer.frames.append(b"no part").unwrap();
        std::fs::write(file.path(), writer.into_inner()).unwrap();
        let mut parts = PartFile::<VariantWork>::open(file.path()).unwrap();
        let message = parts.replay(&mut |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("this is no part of a run"), "{message}");
    }
}
