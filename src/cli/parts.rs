//! What commands share that can be split into shards and resumed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;

use crate::error::{Error, Result};
use crate::output::atomic::AtomicFile;
use crate::parts::{self, Checkpoint, PartWriter, Work};
use crate::shard::{Portion, Shard};

/// Which share of the work, and whether it is kept.
#[derive(Debug, Args)]
pub struct PartOptions {
    /// Score only the I-th of N equal shares of the work, and write PREFIX.I-of-N.shard for
    /// `polyascan merge`.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Keep what is finished in PREFIX.checkpoint until all is done, and go on from that file if an
    /// earlier run of the same command has left it.
    #[arg(long)]
    pub resume: bool,
}

impl PartOptions {
    /// Returns whether parts are written to files.
    pub fn keep_parts(&self) -> bool {
        self.resume || self.shard.is_some()
    }

    /// Returns the share that is asked for.
    pub fn share(&self) -> Shard {
        self.shard.unwrap_or(Shard::WHOLE)
    }

    /// Returns the prefix of what belongs to this run alone: that of its share of the work.
    pub fn base(&self, prefix: &str) -> String {
        match self.shard {
            None => prefix.to_owned(),
            Some(shard) => format!("{prefix}.{}", shard.file_name()),
        }
    }

    /// Returns the checkpoint, if there is to be one; else says if one lies there.
    pub fn checkpoint(&self, prefix: &str) -> Option<PathBuf> {
        let path = PathBuf::from(format!("{}.checkpoint", self.base(prefix)));
        if !self.resume && path.exists() {
            let path = path.display();
            tracing::info!(
                kind = "note",
                "{path} is of an unfinished run; --resume goes on from there"
            );
        }
        self.resume.then_some(path)
    }
}

/// A run that keeps its parts where that is asked for.
pub struct Runner<'a, W> {
    pub work: &'a W,
    /// How much the whole work is, of which `work` has a share.
    pub total: u64,
    pub checkpoint: Option<&'a Path>,
    pub interrupt: &'a AtomicBool,
    /// When this run began.
    pub begin: Instant,
}

/// Takes the parts of a run in order.
pub type Consumer<'a, W> = dyn FnMut(&<W as Work>::Part) -> Result<()> + 'a;

impl<'a, W: Work> Runner<'a, W> {
    /// Hands the parts to `consume`: first those that an earlier run has kept, then those that
    /// `compute` gives, which are kept. Returns the checkpoint, complete.
    ///
    /// # Errors
    /// Those of the checkpoint, of `compute` and of `consume`.
    pub fn run(
        &self,
        compute: impl FnOnce(Portion, &mut Consumer<'_, W>) -> Result<()>,
        consume: &mut Consumer<'_, W>,
    ) -> Result<Option<Checkpoint<'a, W>>> {
        let span = self.work.shard().of(self.total);
        let Some(path) = self.checkpoint else {
            compute(Portion { span, finish_begun: false }, consume)?;
            return Ok(None);
        };
        let (mut kept, mut done) = Checkpoint::resume(path, self.work, self.begin, &mut |part| {
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            consume(part)
        })?;
        let all = span.end - span.start;
        if done > all {
            let problem = "it holds more than all of this run; delete it to begin anew";
            return Err(Error::of_file(path, problem));
        }
        let share = |done: u64| 100.0 * done as f64 / all.max(1) as f64;
        if done > 0 {
            tracing::info!("goes on from {}: {:.1}% was done", path.display(), share(done));
        }
        let portion = Portion { span: span.start + done..span.end, finish_begun: true };
        let outcome = compute(portion, &mut |part| {
            kept.append(part)?;
            done += parts::length::<W>(part);
            consume(part)
        });
        if let Err(error) = outcome {
            kept.sync()?;
            let (share, path) = (share(done), path.display());
            let then = match error {
                Error::Interrupted => "",
                _ => ", once that is mended",
            };
            tracing::info!(
                "{share:.1}% is kept in {path}; the same command goes on from there{then}"
            );
            return Err(error);
        }
        Ok(Some(kept))
    }

    /// Puts the parts of a share into a file for `polyascan merge`.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn into_shard(
        self,
        path: &Path,
        compute: impl FnOnce(Portion, &mut Consumer<'_, W>) -> Result<()>,
    ) -> Result<()> {
        if self.checkpoint.is_some() {
            let checkpoint = self.run(compute, &mut |_| Ok(()))?;
            checkpoint.map_or(Ok(()), |checkpoint| checkpoint.rename(path))?;
        } else {
            let file = AtomicFile::create(path)?;
            let mut parts = PartWriter::create(path, file, self.work, self.begin)?;
            self.run(compute, &mut |part| parts.append(part))?;
            parts.into_inner().commit()?;
        }
        tracing::info!("shard {} is kept in {}", self.work.shard(), path.display());
        Ok(())
    }
}
