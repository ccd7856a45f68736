//! From sites to calls: one per place, those that are likely enough.

use std::collections::VecDeque;
use std::ops::{AddAssign, Range};

use serde::{Deserialize, Serialize};

use super::consolidate::Candidate;
use crate::genome::strand::Strand;
use crate::models::posterior::Posterior;

/// The greatest merge distance, in nt: less than what is scored around the positions asked for.
pub const MERGE_REACH: u64 = 240;

/// Which sites become calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallSettings {
    /// Subtracted from consolidated cleavage (0..1).
    pub background: f64,
    /// Makes posteriors of classifications, of models that have them.
    pub posterior: Option<Posterior>,
    /// Sites with a posterior below this are left out (0..1); those of models without posterior
    /// stay.
    pub min_posterior: f64,
    /// A site is left out if a better one of its strand lies within so many nt, one with the higher
    /// product of posterior (of models without: classification) and consolidated cleavage; 0: none
    /// is.
    pub merge_distance: u64,
}

impl CallSettings {
    /// Whether a site's posterior is below the threshold.
    fn is_too_unlikely(&self, site: &Candidate) -> bool {
        self.posterior_of(site).is_some_and(|posterior| posterior < self.min_posterior)
    }

    /// Returns the posterior of a site, of models that have one.
    pub fn posterior_of(&self, site: &Candidate) -> Option<f64> {
        self.posterior.map(|posterior| f64::from(posterior.of(site.probability)))
    }

    /// Whether the later of two sites on the contig is the better one; of equals the first in
    /// transcript direction is.
    fn is_better(&self, strand: Strand, later: &Candidate, earlier: &Candidate) -> bool {
        let rank = |site: &Candidate| {
            let likelihood = self.posterior_of(site);
            likelihood.unwrap_or(f64::from(site.probability)) * site.cleavage
        };
        let order = rank(later).total_cmp(&rank(earlier));
        order.is_gt() || (order.is_eq() && strand == Strand::Minus)
    }
}

/// What became of the sites on the positions asked for: all = merged + below the posterior + calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// Left out: a better one lies within the merge distance.
    pub merged: u64,
    /// Of the others, left out: posterior below the threshold.
    pub below_posterior: u64,
}

impl AddAssign for CallCounts {
    fn add_assign(&mut self, other: Self) {
        self.below_posterior += other.below_posterior;
        self.merged += other.merged;
    }
}

/// Chooses the calls among the sites of one strand of one contig, as they come.
///
/// A site is judged by those within the merge distance alone, whether they are calls themselves or
/// not: what is far away does not matter, so that a part of a genome has the calls of the whole,
/// and a higher threshold a part of the calls of a lower one.
#[derive(Debug)]
pub struct Caller<'a> {
    strand: Strand,
    settings: CallSettings,
    /// Only calls in here are reported.
    targets: &'a [Range<u64>],
    /// Sites that later ones may still be better than, and whether one is already.
    waiting: VecDeque<(Candidate, bool)>,
    /// What became of the sites so far.
    pub counts: CallCounts,
}

impl<'a> Caller<'a> {
    /// Starts at the beginning of a contig.
    pub fn new(strand: Strand, targets: &'a [Range<u64>], settings: CallSettings) -> Self {
        let (waiting, counts) = (VecDeque::new(), CallCounts::default());
        Self { strand, settings, targets, waiting, counts }
    }

    /// Takes the next site; they come in ascending order.
    pub fn push(&mut self, site: Candidate) {
        let mut beaten = false;
        if self.settings.merge_distance > 0 {
            for (other, other_beaten) in self.waiting.iter_mut().rev() {
                if other.position + self.settings.merge_distance < site.position {
                    break;
                }
                if self.settings.is_better(self.strand, &site, other) {
                    *other_beaten = true;
                } else {
                    beaten = true;
                }
            }
        }
        self.waiting.push_back((site, beaten));
    }

    /// Takes the sites of a consolidator, and hands on the calls that those from position `bound`
    /// on cannot change any more.
    pub fn settle(
        &mut self,
        sites: &mut VecDeque<Candidate>,
        bound: u64,
        calls: &mut VecDeque<Candidate>,
    ) {
        sites.drain(..).for_each(|site| self.push(site));
        let distance = self.settings.merge_distance;
        let is_final =
            |(site, _): &(Candidate, bool)| bound.saturating_sub(distance) > site.position;
        while self.waiting.front().is_some_and(is_final)
            && let Some((site, beaten)) = self.waiting.pop_front()
        {
            if !self.is_asked_for(&site) {
                continue;
            }
            if beaten {
                self.counts.merged += 1;
            } else if self.settings.is_too_unlikely(&site) {
                self.counts.below_posterior += 1;
            } else {
                calls.push_back(site);
            }
        }
    }

    /// Returns a position that no call still to come lies before, if no site to come lies before
    /// `bound`.
    pub fn watermark(&self, bound: u64) -> u64 {
        self.waiting.front().map_or(bound, |(site, _)| site.position.min(bound))
    }

    fn is_asked_for(&self, site: &Candidate) -> bool {
        let after = self.targets.partition_point(|range| range.end <= site.position);
        self.targets.get(after).is_some_and(|range| range.start <= site.position)
    }
}

#[cfg(test)]
mod tests;
