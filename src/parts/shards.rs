//! All shards of one run, put together again.

use std::path::{Path, PathBuf};

use super::{PartFile, Work, differences};
use crate::error::{Error, Result};
use crate::shard::Shard;

/// The files of all shards of one run, in order.
pub struct Shards<W> {
    /// As the first shard has it.
    pub work: W,
    files: Vec<(Shard, PathBuf)>,
}

impl<W: Work> Shards<W> {
    /// Checks that the files, given in any order, are all the shards of one run.
    ///
    /// # Errors
    /// If one is missing, given twice, damaged or of another run; if there are none.
    pub fn of(paths: &[PathBuf]) -> Result<Self> {
        let [first, ..] = paths else { return Err(Error::Usage("no shards to merge".into())) };
        let example = PartFile::<W>::open(first)?.work;
        let count = example.shard().count();
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let work = PartFile::<W>::open(path)?.work;
            let mut differences = differences(&work, &example);
            if work.shard().count() != count {
                let here = work.shard().count();
                differences.push(format!("it is one of {here} shards, not of {count}"));
            }
            if !differences.is_empty() {
                let (first, what) = (first.display(), differences.join("; "));
                return Err(Error::of_file(path, format!("of another run than {first}: {what}")));
            }
            files.push((work.shard(), path.clone()));
        }
        files.sort();
        check_complete(&files, count)?;
        let work = PartFile::open(&files[0].1)?.work;
        Ok(Self { work, files })
    }

    /// Returns the file of the first shard, for messages.
    pub fn first(&self) -> &Path {
        &self.files[0].1
    }

    /// Hands all parts to `consume`, in order; `total` is how much the whole work is. Returns the
    /// seconds that all shards took together.
    ///
    /// # Errors
    /// If a shard is damaged or not complete; those of `consume`.
    pub fn replay(
        &self,
        total: u64,
        consume: &mut dyn FnMut(&W::Part) -> Result<()>,
    ) -> Result<f64> {
        let mut seconds = 0.0;
        for (shard, path) in &self.files {
            let mut file = PartFile::<W>::open(path)?;
            let span = shard.of(total);
            let covered = file.replay(consume)?;
            seconds += file.seconds;
            if covered != span.end - span.start || !file.is_at_end() {
                let problem = format!("shard {shard} is damaged or not complete; run it again");
                return Err(Error::of_file(path, problem));
            }
        }
        Ok(seconds)
    }
}

/// Checks that sorted shards are each there once.
fn check_complete(files: &[(Shard, PathBuf)], count: u64) -> Result<()> {
    let missing = |index: u64| {
        Err(Error::Usage(format!("shard {index}/{count} is missing; give all {count} of them")))
    };
    for (expected, (shard, path)) in (1..).zip(files) {
        if shard.index() < expected {
            let problem = format!("shard {shard} is given twice; give each once");
            return Err(Error::of_file(path, problem));
        }
        if shard.index() > expected {
            return missing(expected);
        }
    }
    match files.len() as u64 {
        all if all == count => Ok(()),
        some => missing(some + 1),
    }
}
