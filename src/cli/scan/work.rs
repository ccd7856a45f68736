//! The scoring of a scan, kept chunk by chunk where it is asked for.

use std::path::Path;
use std::sync::atomic::Ordering;

use crate::error::{Error, Result};
use crate::scan::checkpoint::{Checkpoint, Header};
use crate::scan::inference::ChunkScores;
use crate::scan::{self, Part, ScanJob};

/// What came of the scoring.
pub struct Scored {
    /// Complete now.
    pub checkpoint: Option<Checkpoint>,
    /// Windows that this run scored.
    pub windows: u64,
}

/// Hands the scored chunks of the share that `header` names to `consume`; with a checkpoint, first
/// those that an earlier run has kept.
///
/// # Errors
/// Those of the scan, of the checkpoint and of `consume`.
pub fn score(
    job: ScanJob<'_>,
    header: &Header,
    checkpoint: Option<&Path>,
    consume: &mut dyn FnMut(&ChunkScores) -> Result<()>,
) -> Result<Scored> {
    let span = header.shard.of(job.targets.scoring_total(job.contigs));
    let mut windows = 0;
    let Some(path) = checkpoint else {
        let part = Part { span, finish_begun: false };
        scan::score(job, part, &mut |scores| {
            windows += scores.scored();
            consume(scores)
        })?;
        return Ok(Scored { checkpoint: None, windows });
    };
    let interrupt = job.interrupt;
    let (mut kept, mut done) = Checkpoint::resume(path, header, &mut |scores| {
        if interrupt.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        consume(scores)
    })?;
    let total = span.end - span.start;
    if done > total {
        let problem = "it holds more than all of this scan; delete it to begin anew";
        return Err(Error::input(path, "", problem));
    }
    let share = |done: u64| 100.0 * done as f64 / total.max(1) as f64;
    if done > 0 {
        eprintln!("polyascan: goes on from {}: {:.1}% was done", path.display(), share(done));
    }
    let part = Part { span: span.start + done..span.end, finish_begun: true };
    let outcome = scan::score(job, part, &mut |scores| {
        kept.append(scores)?;
        done += scores.chunk.centres.end - scores.chunk.centres.start;
        windows += scores.scored();
        consume(scores)
    });
    if let Err(error) = outcome {
        kept.sync()?;
        let (share, path) = (share(done), path.display());
        eprintln!("polyascan: {share:.1}% is kept in {path}; the same command goes on from there");
        return Err(error);
    }
    Ok(Scored { checkpoint: Some(kept), windows })
}
