//! How many measured sites a scan finds, at a given number of calls.

use rayon::prelude::*;
use serde::Serialize;

use super::measured::{MeasuredSite, Place, Tier};
use super::metrics::{mean, median};
use super::negatives::Neighbours;
use super::places::PlaceScore;
use super::scores::{StrandProfile, each_strand};
use crate::error::Result;
use crate::genome::memory::Genome;
use crate::genome::strand::Strand;
use crate::models::Model;

/// A measured site is found by a call of its strand within this many nt (Stroup & Ji 2023).
pub const REACH: usize = 24;
/// Calls per kb and strand at which recall is reported.
pub const RATES: [f64; 3] = [0.5, 1.0, 2.0];

/// A called place and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    pub contig: usize,
    pub strand: Strand,
    pub position: usize,
    pub score: PlaceScore,
}

impl Call {
    /// Returns where it is.
    pub fn place(&self) -> Place {
        Place { contig: self.contig, strand: self.strand, position: self.position }
    }
}

/// What a set of calls finds of one tier.
#[derive(Clone, Debug, Serialize)]
pub struct Recall {
    /// How the calls were chosen.
    pub calls: String,
    /// Calls per kb and strand.
    pub per_kb: f64,
    pub tier: Tier,
    pub sites: usize,
    /// Share of the sites with a call within 24 nt.
    pub recall: Option<f64>,
    /// Share of the calls within 24 nt of a site of the tier; sites that nobody measured count as
    /// none.
    pub near_site: Option<f64>,
    /// nt from the found sites to their nearest call: median and mean.
    pub median_distance: Option<f64>,
    pub mean_distance: Option<f64>,
}

/// The peaks of the sharp score of every strand, as calls.
#[derive(Clone, Debug, Default)]
pub struct Peaks {
    calls: Vec<Call>,
    windows: usize,
}

impl Peaks {
    /// Returns the kb x strands scored so far.
    pub fn kb(&self) -> f64 {
        self.windows as f64 / 1000.0
    }

    /// Adds the peaks of a strand.
    pub fn add_strand(&mut self, profile: &StrandProfile) {
        let scores: Vec<f32> = profile.scores.iter().map(|score| score.sharp).collect();
        self.windows += scores.len();
        self.calls.extend(local_maxima(&scores).into_iter().map(|window| Call {
            contig: profile.contig,
            strand: profile.strand,
            position: profile.position(window),
            score: profile.scores[window],
        }));
    }

    /// Returns the calls, those of the highest classification first (what sorts the calls of a
    /// scan), and the kb x strands scored.
    pub fn likeliest(self) -> (Vec<Call>, f64) {
        self.sorted(|score| score.classification)
    }

    /// Returns the calls, those of the highest sharp score first, and the kb x strands scored.
    pub fn sharpest(self) -> (Vec<Call>, f64) {
        self.sorted(|score| score.sharp)
    }

    fn sorted(mut self, rank: fn(&PlaceScore) -> f32) -> (Vec<Call>, f64) {
        let place = |c: &Call| (c.contig, c.strand, c.position);
        let order = |a: &Call, b: &Call| rank(&b.score).total_cmp(&rank(&a.score));
        self.calls.sort_by(|a, b| order(a, b).then(place(a).cmp(&place(b))));
        let kb = self.kb();
        (self.calls, kb)
    }
}

/// Scans a genome; returns the peaks of the sharp score.
///
/// # Errors
/// If the model cannot be scanned, or fails.
pub fn peaks(model: &dyn Model, genome: &Genome) -> Result<Peaks> {
    let mut peaks = Peaks::default();
    each_strand(model, genome, |profile| peaks.add_strand(profile))?;
    Ok(peaks)
}

/// Positions that no other within the reach exceeds; the first of equals.
fn local_maxima(scores: &[f32]) -> Vec<usize> {
    let highest =
        |from: usize, to: usize| scores[from..to].iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (0..scores.len())
        .filter(|&i| {
            let score = scores[i];
            score > highest(i.saturating_sub(REACH), i)
                && score >= highest(i + 1, (i + 1 + REACH).min(scores.len()))
        })
        .collect()
}

/// Returns what `calls` find of each tier; `kb` is the length scored, strands added.
pub fn recall(name: &str, calls: &[Call], kb: f64, sites: &[MeasuredSite]) -> Vec<Recall> {
    let distance = |site: &MeasuredSite| {
        let same = calls.iter().filter(|c| c.contig == site.contig && c.strand == site.strand);
        same.map(|c| c.position.abs_diff(site.position)).min().filter(|&nt| nt <= REACH)
    };
    let found: Vec<Option<usize>> = sites.par_iter().map(distance).collect();
    let of = |tier: Tier| {
        let part = sites.iter().zip(&found).filter(move |(site, _)| site.is(tier));
        let distances: Vec<Option<usize>> = part.map(|(_, nt)| *nt).collect();
        let hits: Vec<f64> = distances.iter().flatten().map(|&nt| nt as f64).collect();
        let n = distances.len();
        let of_tier = sites.iter().filter(|site| site.is(tier)).cloned().collect::<Vec<_>>();
        let near = Neighbours::new(&of_tier);
        let near = calls.iter().filter(|call| near.within(call.place(), REACH)).count();
        Recall {
            calls: name.to_owned(),
            per_kb: calls.len() as f64 / kb.max(1e-9),
            tier,
            sites: n,
            recall: (n > 0).then(|| hits.len() as f64 / n as f64),
            near_site: (!calls.is_empty()).then(|| near as f64 / calls.len() as f64),
            median_distance: median(&hits),
            mean_distance: mean(&hits),
        }
    };
    Tier::ALL.into_iter().map(of).collect()
}

/// Returns the recall of the highest peaks at each of the rates.
pub fn at_rates(calls: &[Call], kb: f64, sites: &[MeasuredSite]) -> Vec<Recall> {
    let top = |rate: f64| {
        let count = ((rate * kb).round() as usize).min(calls.len());
        recall(&format!("top {rate} per kb and strand"), &calls[..count], kb, sites)
    };
    RATES.into_iter().flat_map(top).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_the_only_call_within_its_reach() {
        let mut scores = vec![0.1f32; 200];
        scores[50] = 0.9;
        scores[60] = 0.8;
        scores[90] = 0.7;
        let peaks = local_maxima(&scores);
        assert!(peaks.contains(&50) && !peaks.contains(&60) && peaks.contains(&90));
        assert!(peaks.windows(2).all(|pair| pair[1] - pair[0] > REACH));
    }
}
