//! Sites in the order of the output, with their signal, gene and class.

use std::collections::VecDeque;

use super::Sink;
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
    /// Subtracted from consolidated cleavage.
    background: f64,
    sink: &'a mut dyn Sink,
    totals: ScanTotals,
    current: Option<(usize, [Consolidator<'a>; 2])>,
}

impl<'a> Collector<'a> {
    /// Starts before the first chunk; see [`super::ScanJob`] and [`super::ScanSettings`].
    pub fn new(
        targets: &'a Targets,
        genes: Option<&'a GeneContext>,
        background: f64,
        sink: &'a mut dyn Sink,
    ) -> Self {
        Self { targets, genes, background, sink, totals: ScanTotals::default(), current: None }
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
                let targets = self.targets.get(contig, strand).as_slice();
                Consolidator::new(contig, strand, targets, self.background, with_tracks)
            });
            self.current = Some((contig, strands));
        }
        let totals = self.totals.of_contig(contig);
        for (sum, strand) in totals.windows.iter_mut().zip(&scores.strands) {
            *sum += strand.as_ref().map(|strand| strand.windows).unwrap_or_default();
        }
        if let Some((_, strands)) = &mut self.current {
            for strand in strands {
                strand.push(scores, &mut |block| self.sink.scores(block))?;
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
                strand.finish(&mut |block| self.sink.scores(block))?;
            }
        }
        self.hand_on_sites(true)?;
        self.current = None;
        Ok(())
    }

    /// Hands on the sites that nothing can come before any more.
    fn hand_on_sites(&mut self, contig_done: bool) -> Result<()> {
        let Some((contig, [plus, minus])) = &mut self.current else { return Ok(()) };
        let watermark = |strand: &Consolidator<'_>| match contig_done {
            true => u64::MAX,
            false => strand.watermark(),
        };
        let bounds = [watermark(plus), watermark(minus)];
        while let Some((strand, found)) = next_site([&mut plus.sites, &mut minus.sites], bounds) {
            let site = in_context(*contig, strand, found, self.genes);
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
    genes: Option<&GeneContext>,
) -> Site {
    Site {
        contig,
        position: found.position,
        strand,
        probability: found.probability,
        cleavage: found.cleavage as f32,
        cluster: found.cluster,
        entropy: found.entropy as f32,
        windows: found.windows,
        signal: signal::strongest(&found.upstream),
        gene: genes.map(|genes| genes.classify(contig, strand, found.position)),
        context: InContext::default(),
    }
}
