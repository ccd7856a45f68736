//! From kept windows to sites: the mean of the cleavage vectors that cover a position, background
//! subtracted; a run of positions above zero is a cluster, its maximum the site.
//!
//! One [`Consolidator`] handles one strand of one contig. It sees kept windows in ascending order
//! of their centres *on the contig*, on both strands, and adds up their vectors in f64 in that
//! order: the result therefore does not depend on how the contig was cut into chunks. It holds at
//! most 49 positions that are not final, one open cluster and the tail of the last chunk.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::inference::{ChunkScores, Kept, StrandChunk};
use super::tracks::{Tail, TrackBlock};
use crate::error::Result;
use crate::genome::sequence::complement;
use crate::genome::strand::Strand;
use crate::models::{CLEAVAGE, CLEAVAGE_CENTRE};

/// Windows speak of positions closer than 25 nt to their centres: this many on either side.
pub const REACH: u64 = CLEAVAGE_CENTRE as u64 - 1;

/// Nucleotides upstream of a site in which polyA signals are looked for.
pub const UPSTREAM: u64 = 41;

/// A site, not yet put into context.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// 0-based position of the last nucleotide before the cut.
    pub position: u64,
    /// Consolidated cleavage, background subtracted.
    pub cleavage: f64,
    /// Classification of the window centred on the site, or of the nearest kept window.
    pub probability: f32,
    /// Kept windows averaged at the site.
    pub windows: u32,
    /// The run of positions above zero.
    pub cluster: Range<u64>,
    /// Entropy of the cluster's normalised profile, nats.
    pub entropy: f64,
    /// Mean position of that profile (Stroup & Ji 2023, Eq. 3), on the contig.
    pub mean: f64,
    /// Up to 41 codes upstream of the site, in transcript direction.
    pub upstream: Vec<u8>,
}

/// A position that later windows may still add to.
#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    sum: f64,
    windows: u32,
}

/// A cluster that the next position may still extend; `best` lacks cluster and entropy.
#[derive(Debug)]
struct OpenCluster {
    range: Range<u64>,
    best: Candidate,
    /// Sum of the values, and of value x ln(value): the entropy needs no more.
    sum: f64,
    sum_v_ln_v: f64,
    /// Sum of value x distance from the cluster's start.
    sum_v_at: f64,
}

/// Turns the kept windows of one strand of one contig into sites, in ascending order.
#[derive(Debug)]
pub struct Consolidator<'a> {
    contig: usize,
    strand: Strand,
    /// Only positions in here get track values.
    targets: &'a [Range<u64>],
    background: f64,
    tail: Tail,
    pending: VecDeque<Pending>,
    /// Position of the first pending value; all before it are final.
    pending_start: u64,
    /// Centre and classification of the kept windows that a pending position may be nearest to.
    recent: VecDeque<(u64, f32)>,
    /// Codes around the last kept window, and the position of the first of them.
    codes: Option<(Arc<[u8]>, u64)>,
    cluster: Option<OpenCluster>,
    /// Sites found and not yet taken, ascending.
    pub sites: VecDeque<Candidate>,
}

impl<'a> Consolidator<'a> {
    /// Starts at the beginning of a contig.
    pub fn new(
        contig: usize,
        strand: Strand,
        targets: &'a [Range<u64>],
        background: f64,
        with_tracks: bool,
    ) -> Self {
        Self {
            contig,
            strand,
            targets,
            background,
            tail: Tail::new(with_tracks),
            pending: VecDeque::with_capacity(CLEAVAGE),
            pending_start: 0,
            recent: VecDeque::with_capacity(CLEAVAGE),
            codes: None,
            cluster: None,
            sites: VecDeque::new(),
        }
    }

    /// Takes in the next chunk of the contig.
    ///
    /// # Errors
    /// Only those of `hand_on`, which gets the track values that are now final.
    pub fn push(
        &mut self,
        scores: &ChunkScores,
        hand_on: &mut dyn FnMut(&TrackBlock<'_>) -> Result<()>,
    ) -> Result<()> {
        let centres = scores.chunk.centres.clone();
        self.skip_to(centres.start, hand_on)?;
        match &scores.strands[self.strand.index()] {
            None => self.tail.extend_unscored(centres.end - centres.start),
            Some(StrandChunk { probability, kept, .. }) => {
                self.tail.extend(probability);
                for window in kept {
                    self.add(window);
                    self.codes = Some((scores.chunk.codes.clone(), scores.chunk.start));
                }
            }
        }
        let end = centres.end.saturating_sub(REACH);
        self.settle_before(end);
        self.tail.finalise(end, self.targets, self.contig, self.strand, hand_on)
    }

    /// Says that the contig has no more windows: everything becomes final.
    ///
    /// # Errors
    /// As for [`Self::push`].
    pub fn finish(&mut self, hand_on: &mut dyn FnMut(&TrackBlock<'_>) -> Result<()>) -> Result<()> {
        self.settle_before(u64::MAX);
        self.tail.finalise(u64::MAX, self.targets, self.contig, self.strand, hand_on)
    }

    /// Returns a position that no later site lies before.
    pub fn watermark(&self) -> u64 {
        match &self.cluster {
            Some(cluster) => cluster.best.position,
            None => self.tail.end().saturating_sub(REACH),
        }
    }

    /// Accounts for centres up to `start` that nobody wanted scored.
    fn skip_to(
        &mut self,
        start: u64,
        hand_on: &mut dyn FnMut(&TrackBlock<'_>) -> Result<()>,
    ) -> Result<()> {
        let gap = start.saturating_sub(self.tail.end());
        if gap <= 2 * REACH {
            self.tail.extend_unscored(gap);
            return Ok(());
        }
        // No window after the gap reaches a position that one before it reaches.
        self.finish(hand_on)?;
        self.tail.restart(start);
        Ok(())
    }

    /// Adds the vector of a kept window to the positions that it covers.
    fn add(&mut self, window: &Kept) {
        let first = window.centre.saturating_sub(REACH);
        self.settle_before(first);
        self.pending_start = first;
        self.pending.resize(2 * REACH as usize + 1, Pending::default());
        for (offset, slot) in self.pending.iter_mut().enumerate() {
            // Vector index 25 + d speaks of d nt downstream; index 0 is too far from the centre.
            let index = match self.strand {
                Strand::Plus => 1 + offset,
                Strand::Minus => CLEAVAGE - 1 - offset,
            };
            slot.sum += f64::from(window.cleavage[index]);
            slot.windows += 1;
        }
        // The first pending position is 24 nt before this centre: a window nearest to it is at
        // most 48 nt before.
        while self.recent.front().is_some_and(|&(centre, _)| centre + 2 * REACH < window.centre) {
            self.recent.pop_front();
        }
        self.recent.push_back((window.centre, window.probability));
    }

    /// Makes the positions before `end` final.
    fn settle_before(&mut self, end: u64) {
        while self.pending_start < end
            && let Some(pending) = self.pending.pop_front()
        {
            self.settle(self.pending_start, pending);
            self.pending_start += 1;
        }
        if let Some(cluster) = self.cluster.take_if(|cluster| cluster.range.end < end) {
            self.close(cluster);
        }
    }

    /// Puts one final position into its cluster.
    fn settle(&mut self, position: u64, Pending { sum, windows }: Pending) {
        let value = (sum / f64::from(windows) - self.background).max(0.0);
        self.tail.set_cleavage(position, value as f32);
        if value == 0.0 {
            return;
        }
        if let Some(cluster) = self.cluster.take_if(|cluster| cluster.range.end < position) {
            self.close(cluster);
        }
        let better = match (&self.cluster, self.strand) {
            (None, _) => true,
            (Some(cluster), Strand::Plus) => value > cluster.best.cleavage,
            // On ties the first in transcript direction wins: the later one here.
            (Some(cluster), Strand::Minus) => value >= cluster.best.cleavage,
        };
        let best = better.then(|| self.candidate(position, value, windows));
        match (&mut self.cluster, best) {
            (Some(cluster), best) => cluster.extend(value, best),
            (cluster @ None, Some(best)) => *cluster = Some(OpenCluster::new(value, best)),
            (None, None) => {}
        }
    }

    /// Describes a position that may turn out to be a site.
    fn candidate(&self, position: u64, cleavage: f64, windows: u32) -> Candidate {
        let scored = self.tail.probability_at(position);
        Candidate {
            position,
            cleavage,
            probability: scored.unwrap_or_else(|| self.nearest_kept(position)),
            windows,
            cluster: position..position + 1,
            entropy: 0.0,
            mean: position as f64,
            upstream: self.upstream_of(position),
        }
    }

    /// Returns the classification of the kept window nearest to a covered position, the upstream
    /// one of two.
    fn nearest_kept(&self, position: u64) -> f32 {
        let distance = |&&(centre, _): &&(u64, f32)| {
            let downstream = match self.strand {
                Strand::Plus => centre > position,
                Strand::Minus => centre < position,
            };
            (centre.abs_diff(position), downstream)
        };
        self.recent.iter().min_by_key(distance).map_or(f32::NAN, |&(_, probability)| probability)
    }

    /// Returns the codes upstream of a pending position, in transcript direction. Such a position
    /// is within 24 nt of the last kept window, whose chunk reaches 120 nt to either side.
    fn upstream_of(&self, position: u64) -> Vec<u8> {
        let Some((codes, start)) = &self.codes else { return Vec::new() };
        let end = start + codes.len() as u64;
        let part = |from: u64, to: u64| {
            let (from, to) = (from.clamp(*start, end) - start, to.clamp(*start, end) - start);
            &codes[from as usize..to as usize]
        };
        match self.strand {
            Strand::Plus => part(position.saturating_sub(UPSTREAM), position).to_vec(),
            Strand::Minus => {
                let upstream = part(position + 1, position + 1 + UPSTREAM);
                upstream.iter().rev().map(|&code| complement(code)).collect()
            }
        }
    }

    /// Reports the site of a finished cluster, also where it was not asked for: it may be better
    /// than one nearby that was.
    fn close(&mut self, cluster: OpenCluster) {
        self.sites.push_back(cluster.into_site());
    }
}

impl OpenCluster {
    fn new(value: f64, best: Candidate) -> Self {
        let range = best.cluster.clone();
        Self { range, best, sum: value, sum_v_ln_v: value * value.ln(), sum_v_at: 0.0 }
    }

    /// Adds the next position, and makes it the maximum if it is one.
    fn extend(&mut self, value: f64, best: Option<Candidate>) {
        self.sum_v_at += value * (self.range.end - self.range.start) as f64;
        self.range.end += 1;
        self.sum += value;
        self.sum_v_ln_v += value * value.ln();
        if let Some(best) = best {
            self.best = best;
        }
    }

    fn into_site(self) -> Candidate {
        // -sum p ln p with p = v / S equals ln S - sum(v ln v) / S; rounding may leave it below 0.
        let entropy = (self.sum.ln() - self.sum_v_ln_v / self.sum).max(0.0);
        let mean = self.range.start as f64 + self.sum_v_at / self.sum;
        Candidate { cluster: self.range, entropy, mean, ..self.best }
    }
}

#[cfg(test)]
mod tests;
