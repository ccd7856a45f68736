//! Windows of both haplotypes and the sites that they make.
//!
//! Windows that do not touch the change are the same on both haplotypes: they are scored once, for
//! all changes of a batch together; per change only the alternate's windows that touch it are
//! added.

use std::collections::VecDeque;
use std::ops::Range;

use super::change::{Change, FLANK};
use super::haplotype::{Haplotype, touching};
use super::settings::EngineSettings;
use crate::error::{Error, Result};
use crate::genome::region::Intervals;
use crate::genome::strand::Strand;
use crate::scan::calls::{CallSettings, Caller};
use crate::scan::chunks::Chunk;
use crate::scan::consolidate::{Candidate, Consolidator, REACH};
use crate::scan::inference::{ChunkScores, KeepAbove, Kept, Scorer, StrandChunk};

/// Windows looked at beyond the last one that touches the change: a site up to 24 nt beyond may
/// change, depends on windows up to 24 nt further, and its cluster may be longer still.
pub const CONTEXT: u64 = 2 * REACH + 52;

/// What a model says of the windows of one strand of one haplotype, around a change.
#[derive(Debug)]
pub struct Windows {
    /// Centre of the first window.
    start: u64,
    /// Classification by centre; NaN where no window was scored.
    probability: Vec<f32>,
    kept: Vec<Kept>,
}

/// A site of one haplotype.
#[derive(Clone, Debug)]
pub struct HaplotypeSite {
    pub site: Candidate,
    /// Whether a scan calls it; otherwise it is latent: a cleavage maximum that would be a site if
    /// it were likelier.
    pub called: bool,
}

/// Returns the centres around a change that are looked at, on both strands.
pub fn looked_at(change: &Change, length: u64) -> Range<u64> {
    let [plus, minus] = Strand::BOTH.map(|strand| touching(strand, &change.replaced()));
    minus.start.saturating_sub(CONTEXT)..(plus.end + CONTEXT).min(length)
}

/// Scores the reference's windows with these centres (by strand, ascending and disjoint); one
/// result for each stretch of centres that are wanted on a strand or both.
///
/// # Errors
/// Those of the model.
pub fn of_reference(
    scorer: &Scorer<'_>,
    sequence: &[u8],
    wanted: [Vec<Range<u64>>; 2],
) -> Result<Vec<ChunkScores>> {
    let both = wanted.iter().flatten().cloned().collect();
    let stretches = Intervals::new(both);
    let scored = stretches.as_slice().iter().map(|centres| {
        let inside = |range: &&Range<u64>| centres.start <= range.start && range.end <= centres.end;
        let wanted =
            [0, 1].map(|strand: usize| wanted[strand].iter().filter(inside).cloned().collect());
        let length = sequence.len() as u64;
        let start = centres.start.saturating_sub(FLANK);
        let end = (centres.end + FLANK).min(length);
        scored(
            scorer,
            Chunk {
                contig: 0,
                contig_length: length,
                start,
                codes: sequence[start as usize..end as usize].into(),
                centres: centres.clone(),
                wanted,
            },
        )
    });
    scored.collect()
}

/// Scores the alternate's windows that touch the change.
///
/// # Errors
/// Those of the model.
pub fn of_alternate(
    scorer: &Scorer<'_>,
    alternate: &Haplotype,
    strands: [bool; 2],
) -> Result<ChunkScores> {
    let wanted = Strand::BOTH.map(|strand| {
        if strands[strand.index()] {
            vec![touching(strand, &alternate.changed)]
        } else {
            Vec::new()
        }
    });
    scored(scorer, alternate.chunk(wanted))
}

fn scored(scorer: &Scorer<'_>, chunk: Chunk) -> Result<ChunkScores> {
    scorer.score(chunk)?.ok_or(Error::Interrupted)
}

impl Windows {
    /// Takes the windows with some centres out of a scored chunk.
    pub fn cut(scores: &ChunkScores, strand: Strand, centres: Range<u64>) -> Self {
        let (start, end) = (centres.start, centres.end);
        let unscored = || Self {
            start,
            probability: vec![f32::NAN; (end - start) as usize],
            kept: Vec::new(),
        };
        let Some(StrandChunk { probability, kept, .. }) = &scores.strands[strand.index()] else {
            return unscored();
        };
        let index = |centre: u64| (centre - scores.chunk.centres.start) as usize;
        let place = |centre: u64| kept.partition_point(|window| window.centre < centre);
        Self {
            start,
            probability: probability[index(start)..index(end)].to_vec(),
            kept: kept[place(start)..place(end)].to_vec(),
        }
    }

    /// Returns the windows of both haplotypes on one strand: those of the reference with the
    /// centres that are looked at, and the same with those that touch the change replaced.
    pub fn both(
        reference: &ChunkScores,
        alternate: &ChunkScores,
        strand: Strand,
        change: &Change,
        centres: Range<u64>,
    ) -> [Self; 2] {
        // Near a contig's end there are fewer centres than windows that would touch the change.
        let old = touching(strand, &change.replaced());
        let old = old.start..old.end.min(centres.end);
        let new = touching(strand, &change.put_in());
        let mut changed = Self::cut(reference, strand, centres.start..old.start);
        let middle = Self::cut(alternate, strand, new.clone());
        let mut after = Self::cut(reference, strand, old.end..centres.end);
        for window in &mut after.kept {
            window.centre = window.centre - old.end + new.end;
        }
        for part in [middle, after] {
            changed.probability.extend(part.probability);
            changed.kept.extend(part.kept);
        }
        [Self::cut(reference, strand, centres), changed]
    }

    /// Returns whether there is nothing to consolidate.
    pub fn is_silent(&self) -> bool {
        self.kept.is_empty()
    }

    /// Returns the classification of the window centred on a position, or of the nearest one
    /// scored, the first of two.
    pub fn probability_at(&self, position: u64) -> f32 {
        let known = |&(_, value): &(u64, f32)| !value.is_nan();
        let centres = (self.start..).zip(self.probability.iter().copied()).filter(known);
        let nearest = centres.min_by_key(|&(centre, _)| centre.abs_diff(position));
        nearest.map_or(f32::NAN, |(_, value)| value)
    }

    /// Returns the haplotype's sites in ascending order: the calls of a scan, and latent sites
    /// farther from them than sites of two haplotypes may lie apart. `on_signal`: whether the model
    /// is anchored on the polyA signal.
    ///
    /// # Errors
    /// None of its own.
    pub fn sites(
        &self,
        haplotype: &Haplotype,
        strand: Strand,
        settings: &EngineSettings,
        on_signal: bool,
    ) -> Result<Vec<HaplotypeSite>> {
        let consolidated = |keep: KeepAbove, calls: CallSettings| {
            let kept = |w: &&Kept| keep.keeps(w.probability, &w.cleavage, on_signal);
            self.consolidated(haplotype, strand, calls, self.kept.iter().filter(kept).cloned())
        };
        let called = consolidated(settings.keep, settings.calls)?;
        let likelihood = CallSettings { min_posterior: 0.0, ..settings.calls };
        let mut latent = consolidated(settings.latent, likelihood)?;
        let within = settings.match_distance;
        latent.retain(|site| called.iter().all(|c| c.position.abs_diff(site.position) > within));
        let called = called.into_iter().map(|site| HaplotypeSite { site, called: true });
        let latent = latent.into_iter().map(|site| HaplotypeSite { site, called: false });
        let mut sites: Vec<HaplotypeSite> = called.chain(latent).collect();
        sites.sort_by_key(|site| site.site.position);
        Ok(sites)
    }

    /// Consolidates some of the windows, as a scan does, into calls in ascending order.
    fn consolidated(
        &self,
        haplotype: &Haplotype,
        strand: Strand,
        settings: CallSettings,
        kept: impl Iterator<Item = Kept>,
    ) -> Result<Vec<Candidate>> {
        let kept: Vec<Kept> = kept.collect();
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let centres = self.start..self.start + self.probability.len() as u64;
        let mut chunk = haplotype.chunk([Vec::new(), Vec::new()]);
        chunk.centres = centres.clone();
        let mut strands = [None, None];
        let probability = self.probability.clone();
        strands[strand.index()] = Some(StrandChunk { probability, kept, ..StrandChunk::default() });
        let everywhere = 0..u64::MAX;
        let targets = std::slice::from_ref(&everywhere);
        let mut consolidator = Consolidator::new(0, strand, targets, settings.background, false);
        consolidator.push(&ChunkScores { chunk, strands }, &mut |_| Ok(()))?;
        consolidator.finish(&mut |_| Ok(()))?;
        let (mut caller, mut calls) = (Caller::new(strand, targets, settings), VecDeque::new());
        caller.settle(&mut consolidator.sites, u64::MAX, &mut calls);
        Ok(calls.into())
    }
}
