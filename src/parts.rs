//! The results of a run in parts, on disk: what a shard hands to `merge`, and what a killed run goes on
//! from.
//!
//! A file begins with what it takes to make outputs of parts ([`Work`]), followed by one frame for each
//! part, in order and without gap. Outputs are the same, to the byte, as of parts just computed.

mod checkpoint;
mod shards;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

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

    /// Returns the stretch that a part is of: a contig or the like, and a range on it. The lengths of
    /// all ranges are what shards are shares of.
    fn stretch(part: &Self::Part) -> (usize, Range<u64>);
}

/// Returns how much of the work a part is.
pub fn length<W: Work>(part: &W::Part) -> u64 {
    let (_, range) = W::stretch(part);
    range.end - range.start
}

/// Says what makes `here` another run than `there`, apart from the shard: "name: it has ..., not ...".
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
}

impl<'a, W: Work, O: Write> PartWriter<'a, W, O> {
    /// Begins a file; `path` is for messages.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path, out: O, work: &'a W) -> Result<Self> {
        let mut frames = FrameWriter::create(path, out)?;
        let beginning = Beginning { command: W::COMMAND.to_owned(), work };
        let bytes = serde_json::to_vec(&beginning).map_err(|e| Error::Internal(e.to_string()))?;
        frames.append(&bytes)?;
        Ok(Self { frames, work })
    }

    /// Appends the next part.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, part: &W::Part) -> Result<()> {
        self.frames.append(&self.work.encode(part)?)
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
            return Err(Error::input(path, "", problem));
        }
        let beginning: Beginning<W> =
            serde_json::from_slice(&beginning).map_err(|_| damaged(path))?;
        Ok(Self { path: path.to_owned(), work: beginning.work, frames })
    }

    /// Hands the parts to `consume`, as far as the file is whole; returns how much of the work they
    /// are.
    ///
    /// # Errors
    /// If the file cannot be read, or holds what is no part; those of `consume`.
    pub fn replay(&mut self, consume: &mut dyn FnMut(&W::Part) -> Result<()>) -> Result<u64> {
        let (mut covered, mut last) = (0, (0, 0));
        while let Some(frame) = self.frames.next_frame()? {
            let part = self.work.decode(&frame).filter(|part| {
                let (contig, range) = W::stretch(part);
                range.start <= range.end && (contig, range.start) >= last
            });
            let Some(part) = part else {
                let place = format!("before byte {}", self.frames.whole());
                let problem = "this is no part of a run; delete the file and begin anew";
                return Err(Error::input(&self.path, place, problem));
            };
            let (contig, range) = W::stretch(&part);
            covered += range.end - range.start;
            last = (contig, range.end);
            consume(&part)?;
        }
        Ok(covered)
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
    Error::input(path, "", problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::work::VariantWork;

    #[test]
    fn a_whole_frame_that_is_no_part_is_refused() {
        let work = VariantWork::for_tests();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = PartWriter::create(file.path(), Vec::new(), &work).unwrap();
        writer.frames.append(b"no part").unwrap();
        std::fs::write(file.path(), writer.into_inner()).unwrap();
        let mut parts = PartFile::<VariantWork>::open(file.path()).unwrap();
        let message = parts.replay(&mut |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("this is no part of a run"), "{message}");
    }
}
