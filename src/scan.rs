//! The scan: chunks of sequence to consolidated polyA sites.
//!
//! ```text
//! chunks ─► inference (workers) ─► reorder ─► consolidate (one state per strand) ─► sites, tracks ─► Sink
//! ```
//!
//! Every position asked for ([`targets`]) has one window on each strand. Window and site
//! definitions: Stroup & Ji 2023. Results do not depend on the number of threads or the chunk size.

pub mod calls;
pub mod chunks;
pub mod consolidate;
pub mod in_context;
pub mod inference;
mod pipeline;
pub mod progress;
pub mod record;
pub mod sites;
pub mod targets;
mod timed;
pub mod totals;
pub mod tracks;
pub mod work;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use calls::CallSettings;
use chunks::{BaseSource, ChunkReader, ChunkSizes};
use inference::{ChunkScores, KeepAbove, Scorer};
use progress::Progress;

use crate::context::features::GeneContext;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::models::Model;
use crate::output::bed::Site;
use crate::pipeline::Stop;
use crate::profile::Profile;
use crate::shard::Portion;

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

/// Which windows a model scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Anchor {
    /// Every position.
    #[default]
    Window,
    /// Where one of the known polyA signals begins ([`crate::context::signal::SIGNALS`]).
    Signal,
}

impl Anchor {
    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Signal => "signal",
        }
    }
}

/// Numbers that a scan is run with.
#[derive(Clone, Copy, Debug)]
pub struct ScanSettings {
    pub anchor: Anchor,
    /// Windows with a classification above this are kept (0..1).
    pub min_probability: f32,
    /// ... if the raw cleavage at their centre is above this (0..1).
    pub min_centre_cleavage: f32,
    /// Which sites become calls.
    pub calls: CallSettings,
    /// Inference threads, at least 1; nested parallelism of the model stays within them.
    pub threads: usize,
    /// Centres per chunk at most, at least 1; no effect on results.
    pub chunk: usize,
}

impl Default for ScanSettings {
    /// The published thresholds (Stroup & Ji 2023), every site a call, one thread.
    fn default() -> Self {
        Self {
            anchor: Anchor::Window,
            min_probability: 0.5,
            min_centre_cleavage: 0.05,
            calls: CallSettings {
                background: consolidate::BACKGROUND,
                posterior: None,
                min_posterior: 0.0,
                merge_distance: 0,
            },
            threads: 1,
            chunk: chunks::DEFAULT_CHUNK,
        }
    }
}

/// Everything that a scan needs.
pub struct ScanJob<'a> {
    /// A pass over the genome, at its beginning.
    pub bases: Box<dyn BaseSource + 'a>,
    pub contigs: &'a Contigs,
    /// Where the genome comes from; named in errors.
    pub fasta: &'a Path,
    pub model: &'a dyn Model,
    pub targets: &'a Targets,
    /// Names the genes and classes of sites.
    pub genes: Option<&'a GeneContext>,
    pub settings: ScanSettings,
    /// Ends the scan with [`Error::Interrupted`] once set.
    pub interrupt: &'a AtomicBool,
    /// No progress bar, even on a terminal.
    pub quiet: bool,
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
    let ScanSettings { anchor, min_probability, min_centre_cleavage, threads, chunk, .. } =
        job.settings;
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
    if threads == 0 || chunk == 0 {
        return Err(Error::Usage("threads and chunk size must be at least 1".into()));
    }
    let positions = portion.span.end.saturating_sub(portion.span.start);
    let sizes = ChunkSizes::new(positions, threads, chunk);
    let progress = Progress::of_scan(positions, job.quiet);
    let reader =
        ChunkReader::new(job.bases, job.contigs, job.fasta, job.targets, portion.span, sizes);
    let stop = Stop::new(job.interrupt, portion.finish_begun);
    let stop_at_once = || stop.at_once();
    let scorer = Scorer {
        model: job.model,
        contigs: job.contigs,
        targets: job.targets,
        keep: KeepAbove { probability: min_probability, centre_cleavage: min_centre_cleavage },
        anchor,
        stop: &stop_at_once,
        profile: job.profile,
    };
    pipeline::run(reader, &scorer, consume, progress, threads, &stop)
}
