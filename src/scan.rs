//! The scan: chunks of sequence to consolidated polyA sites.
//!
//! ```text
//! chunks ─► inference (workers) ─► reorder ─► consolidate (one state per strand) ─► sites, tracks ─► Sink
//! ```
//!
//! Every position asked for ([`targets`]) has one window on each strand. Window and site
//! definitions: Stroup & Ji 2023. Results do not depend on the number of threads or the chunk size.

pub mod calls;
#[doc(hidden)]
pub mod chunks;
#[doc(hidden)]
pub mod consolidate;
#[doc(hidden)]
pub mod in_context;
#[doc(hidden)]
pub mod inference;
#[doc(hidden)]
pub mod memory;
mod pipeline;
#[doc(hidden)]
pub mod record;
#[doc(hidden)]
pub mod screened;
pub mod sequence;
pub mod settings;
#[doc(hidden)]
pub mod sites;
#[doc(hidden)]
pub mod targets;
mod timed;
#[doc(hidden)]
pub mod totals;
#[doc(hidden)]
pub mod tracks;
#[doc(hidden)]
pub mod work;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use calls::CallSettings;
use chunks::{BaseSource, ChunkReader, ChunkSizes};
use inference::{ChunkScores, Scorer};
use screened::Screening;

use crate::context::features::GeneContext;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::models::Model;
use crate::models::screen::Screen;
use crate::output::bed::Site;
use crate::pipeline::Stop;
use crate::shard::Portion;
use crate::timing::Profile;

pub use settings::{Anchor, ScanSettings};
pub use sites::Collector;
pub use targets::Targets;
pub use timed::Timed;
pub use totals::{ContigTotals, ScanTotals, WindowCounts};
pub use tracks::TrackBlock;

/// Where results go: a file, several, or a test's list.
pub trait Sink {
    /// Takes the next site: by contig in FASTA order, position, plus before minus.
    fn site(&mut self, site: &Site) -> Result<()>;

    /// Says whether [`Self::scores`] is to be called.
    fn wants_tracks(&self) -> bool {
        false
    }

    /// Takes the next track values: ascending on each contig and strand, the strands interleaved.
    fn scores(&mut self, _track: &TrackBlock<'_>) -> Result<()> {
        Ok(())
    }
}

/// Everything that a scan needs.
pub struct ScanJob<'a> {
    /// A pass over the genome, at its beginning.
    pub bases: Box<dyn BaseSource + 'a>,
    /// Of the genome.
    pub contigs: &'a Contigs,
    /// Where the genome comes from; named in errors.
    pub fasta: &'a Path,
    /// A model that can be scanned.
    pub model: &'a dyn Model,
    /// Says which windows the model is not asked for.
    pub screen: Option<&'a Screen>,
    /// Positions asked for.
    pub targets: &'a Targets,
    /// Names the genes and classes of sites.
    pub genes: Option<&'a GeneContext>,
    /// What decides the sites.
    pub settings: ScanSettings,
    /// Inference threads, at least 1; nested parallelism of the model stays within them.
    pub threads: usize,
    /// Ends the scan with [`Error::Interrupted`] once set.
    pub interrupt: &'a AtomicBool,
    /// Where the threads put down what they do.
    pub profile: &'a Profile,
}

/// Scans: hands sites and track values to `sink` and returns the totals.
///
/// # Errors
/// The first failure of the source, the model or the sink; [`Error::Interrupted`]; a model that
/// cannot be scanned. Nothing more is handed to the sink after that.
pub fn run(job: ScanJob<'_>, sink: &mut dyn Sink) -> Result<ScanTotals> {
    let mut sink = Timed { sink, profile: job.profile };
    let mut collector = Collector::new(job.targets, job.genes, job.settings.calls, &mut sink);
    let span = 0..job.targets.scoring_total(job.contigs);
    score(job, Portion { span, finish_begun: false }, &mut |scores| collector.push(scores))?;
    collector.finish()
}

/// Scores a part of a genome and hands the scored chunks to `consume`, in order and without gap.
///
/// # Errors
/// As for [`run`]; those of `consume`.
pub fn score(
    job: ScanJob<'_>,
    portion: Portion,
    consume: &mut dyn FnMut(&ChunkScores) -> Result<()>,
) -> Result<()> {
    let ScanSettings { anchor, chunk_size, calls: CallSettings { background, .. }, .. } =
        job.settings;
    let threads = job.threads;
    if !job.model.can_scan() {
        return Err(job.model.not_scannable());
    }
    if anchor == Anchor::Signal && job.model.signal_index().is_none() {
        let name = &job.model.card().name;
        let problem = format!(
            "--anchor signal: {name} is not anchored on polyA signals; use --anchor window"
        );
        return Err(Error::Usage(problem));
    }
    if anchor == Anchor::Signal && job.screen.is_some() {
        let problem = "--anchor signal takes the place of a screen: leave --screen out, or use --anchor window";
        return Err(Error::Usage(problem.into()));
    }
    if threads == 0 || chunk_size == 0 {
        return Err(Error::Usage("threads and chunk size must be at least 1".into()));
    }
    let positions = portion.span.end.saturating_sub(portion.span.start);
    let sizes = ChunkSizes::new(positions, threads, chunk_size);
    let reader =
        ChunkReader::new(job.bases, job.contigs, job.fasta, job.targets, portion.span, sizes);
    let stop = Stop::new(job.interrupt, portion.finish_begun);
    let stop_at_once = || stop.at_once();
    let scorer = Scorer {
        model: job.model,
        scans: None,
        contigs: job.contigs,
        targets: job.targets,
        keep: job.settings.keep(),
        anchor,
        screening: job.screen.map(|screen| Screening { screen, background }),
        stop: &stop_at_once,
        profile: job.profile,
    };
    pipeline::run(reader, &scorer, consume, threads, &stop)
}
