//! Sites in the order of the output, with their signal, gene and class.

use std::collections::VecDeque;

use super::Sink;
use super::calls::{CallSettings, Caller};
use super::consolidate::{Candidate, Consolidator};
use super::inference::ChunkScores;
use super::targets::Targets;
use super::totals::ScanTotals;
use crate::context::features::GeneContext;
use crate::context::signal;
use crate::error::Result;
use crate::genome::strand::Strand;
use crate::output::bed::{InContext, Site};

/// Takes scored chunks in order and hands finished sites and track values to a sink.
///
/// Sites leave by contig, position, and plus before minus. The two strands are merged by watermark:
/// a site leaves as soon as the other strand can no longer bring one before it, so what waits is
/// bounded by the sites that lie opposite one open cluster.
pub struct Collector<'a> {
    targets: &'a Targets,
    genes: Option<&'a GeneContext>,
    settings: CallSettings,
    sink: &'a mut dyn Sink,
    totals: ScanTotals,
    current: Option<(usize, [StrandCalls<'a>; 2])>,
}

/// One strand of the contig at hand.
struct StrandCalls<'a> {
    consolidator: Consolidator<'a>,
    caller: Caller<'a>,
    /// Calls found and not yet handed on, ascending.
    calls: VecDeque<Candidate>,
    /// No call still to come lies before.
    watermark: u64,
}

impl StrandCalls<'_> {
    /// Takes what the consolidator has found; with `done` nothing is to come.
    fn settle(&mut self, done: bool) {
        let bound = if done { u64::MAX } else { self.consolidator.watermark() };
        self.caller.settle(&mut self.consolidator.sites, bound, &mut self.calls);
        self.watermark = self.caller.watermark(bound);
    }
}

impl<'a> Collector<'a> {
    /// Starts before the first chunk; see [`super::ScanJob`] and [`super::ScanSettings`].
    pub fn new(
        targets: &'a Targets,
        genes: Option<&'a GeneContext>,
        settings: CallSettings,
        sink: &'a mut dyn Sink,
    ) -> Self {
        Self { targets, genes, settings, sink, totals: ScanTotals::default(), current: None }
    }

    /// Takes in the next chunk.
    ///
    /// # Errors
    /// Only those of the sink.
    pub fn push(&mut self, scores: &ChunkScores) -> Result<()> {
        let contig = scores.chunk.contig;
        if self.current.as_ref().is_none_or(|(current, _)| *current != contig) {
            self.finish_contig()?;
            let with_tracks = self.sink.wants_tracks();
            let strands = Strand::BOTH.map(|strand| {
                let (targets, settings) =
                    (self.targets.get(contig, strand).as_slice(), self.settings);
                let background = settings.background;
                StrandCalls {
                    consolidator: Consolidator::new(
                        contig,
                        strand,
                        targets,
                        background,
                        with_tracks,
                    ),
                    caller: Caller::new(strand, targets, settings),
                    calls: VecDeque::new(),
                    watermark: 0,
                }
            });
            self.current = Some((contig, strands));
        }
        let totals = self.totals.of_contig(contig);
        for (sum, strand) in totals.windows.iter_mut().zip(&scores.strands) {
            *sum += strand.as_ref().map(|strand| strand.windows).unwrap_or_default();
        }
        if let Some((_, strands)) = &mut self.current {
            for strand in strands {
                strand.consolidator.push(scores, &mut |block| self.sink.scores(block))?;
            }
        }
        self.hand_on_sites(false)
    }

    /// Hands on what is left and returns the totals.
    ///
    /// # Errors
    /// Only those of the sink.
    pub fn finish(mut self) -> Result<ScanTotals> {
        self.finish_contig()?;
        Ok(self.totals)
    }

    fn finish_contig(&mut self) -> Result<()> {
        if let Some((_, strands)) = &mut self.current {
            for strand in strands {
                strand.consolidator.finish(&mut |block| self.sink.scores(block))?;
            }
        }
        self.hand_on_sites(true)?;
        if let Some((_, strands)) = self.current.take() {
            strands.iter().for_each(|strand| self.totals.calls += strand.caller.counts);
        }
        Ok(())
    }

    /// Hands on the sites that nothing can come before any more.
    fn hand_on_sites(&mut self, contig_done: bool) -> Result<()> {
        let Some((contig, [plus, minus])) = &mut self.current else { return Ok(()) };
        plus.settle(contig_done);
        minus.settle(contig_done);
        let bounds = [plus.watermark, minus.watermark];
        while let Some((strand, found)) = next_site([&mut plus.calls, &mut minus.calls], bounds) {
            let posterior = self.settings.posterior_of(&found);
            let site = in_context(*contig, strand, found, posterior, self.genes);
            self.totals.of_contig(*contig).sites[strand.index()] += 1;
            if let Some((_, feature)) = &site.gene {
                *self.totals.features.entry(*feature).or_default() += 1;
            }
            self.sink.site(&site)?;
        }
        Ok(())
    }
}

/// Takes the first site of both strands, if no site to come (none lies before its strand's bound)
/// belongs before it.
fn next_site(
    [plus, minus]: [&mut VecDeque<Candidate>; 2],
    bounds: [u64; 2],
) -> Option<(Strand, Candidate)> {
    let first = |sites: &VecDeque<Candidate>| sites.front().map(|site| site.position);
    let earliest = [first(plus).unwrap_or(bounds[0]), first(minus).unwrap_or(bounds[1])];
    if !plus.is_empty() && earliest[0] <= earliest[1] {
        return plus.pop_front().map(|site| (Strand::Plus, site));
    }
    if !minus.is_empty() && earliest[1] < earliest[0] {
        return minus.pop_front().map(|site| (Strand::Minus, site));
    }
    None
}

/// Looks up what is known of the place of a site.
fn in_context(
    contig: usize,
    strand: Strand,
    found: Candidate,
    posterior: Option<f64>,
    genes: Option<&GeneContext>,
) -> Site {
    Site {
        contig,
        position: found.position,
        strand,
        probability: found.probability,
        posterior: posterior.map(|posterior| posterior as f32),
        cleavage: found.cleavage as f32,
        cluster: found.cluster,
        entropy: found.entropy as f32,
        windows: found.windows,
        signal: signal::strongest(&found.upstream),
        gene: genes.map(|genes| genes.classify(contig, strand, found.position)),
        context: InContext::default(),
    }
}
