//! Whether a classification of x means a polyA site in a share x of the windows.

pub mod line;

use serde::Serialize;

use super::measured::MeasuredSite;
use super::negatives::PER_SITE;
use super::profile::StrandProfile;
use crate::models::CENTRE;

/// Bins of equal width between 0 and 1.
const BINS: usize = 10;
/// The first bin of the figure that leaves out the many windows near 0: it begins at 0.1.
const ABOVE: usize = 1;

/// Predictions against what was measured, over windows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// A window is positive if a measured site of its strand lies from this many nt upstream of its
    /// centre to one less downstream; 0: if it is centred on one.
    pub within_nt: usize,
    pub windows: usize,
    pub positives: usize,
    /// Mean squared difference between classification and truth (0 or 1).
    pub brier: Option<f64>,
    /// Expected calibration error: mean over the windows of the difference between their bin's mean
    /// prediction and observed share.
    pub calibration_error: Option<f64>,
    /// Windows with a classification of 0.1 or more, and the same figure over them.
    pub windows_above_0_1: usize,
    pub calibration_error_above_0_1: Option<f64>,
    pub bins: Vec<Bin>,
}

/// Windows of similar classification.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// From here (included) to there; the last includes 1.
    pub from: f64,
    pub to: f64,
    pub windows: usize,
    pub positives: usize,
    pub mean_prediction: Option<f64>,
    /// Share of the windows that are positive.
    pub observed: Option<f64>,
}

/// Sums over the windows of a bin.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    windows: usize,
    positives: usize,
    predicted: f64,
    squares: f64,
}

/// Windows counted so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    bins: [Sums; BINS],
}

impl Tally {
    /// Counts one window.
    pub fn add(&mut self, probability: f32, positive: bool) {
        let probability = f64::from(probability);
        let bin = &mut self.bins[((probability * BINS as f64) as usize).min(BINS - 1)];
        bin.windows += 1;
        bin.positives += usize::from(positive);
        bin.predicted += probability;
        bin.squares += (probability - f64::from(u8::from(positive))).powi(2);
    }

    /// Counts every window of a strand; `within` is as in [`Calibration::within_nt`].
    pub fn add_strand(&mut self, profile: &StrandProfile, sites: &[MeasuredSite], within: usize) {
        let positive = positives(profile, sites, within);
        for (score, positive) in profile.scores.iter().zip(positive) {
            self.add(score.p50, positive);
        }
    }

    /// Returns the figures.
    pub fn finish(&self, within: usize) -> Calibration {
        let all = Sums::over(&self.bins);
        Calibration {
            within_nt: within,
            windows: all.windows,
            positives: all.positives,
            brier: all.mean(all.squares),
            calibration_error: error(&self.bins),
            windows_above_0_1: Sums::over(&self.bins[ABOVE..]).windows,
            calibration_error_above_0_1: error(&self.bins[ABOVE..]),
            bins: self.bins.iter().enumerate().map(|(i, sums)| sums.bin(i)).collect(),
        }
    }
}

/// Random places for each measured site that a calibrated probability speaks of. With places of 50 nt,
/// the length of a cleavage vector, that is a site per 5 kb of strand: about as many as are known along
/// human genes (PolyASite 2.0, Herrmann et al. 2020: 569,005 clusters).
pub const RARITY: usize = 100;

/// Returns the calibration over windows centred on measured sites and on random places, each counted
/// so often that there are [`RARITY`] per site.
pub fn of_places(sites: &[f32], random: &[f32]) -> Calibration {
    let mut tally = Tally::default();
    sites.iter().for_each(|&probability| tally.add(probability, true));
    for _ in 0..RARITY / PER_SITE {
        random.iter().for_each(|&probability| tally.add(probability, false));
    }
    tally.finish(0)
}

/// Returns, for each window of a strand, whether a site lies around its centre.
fn positives(profile: &StrandProfile, sites: &[MeasuredSite], within: usize) -> Vec<bool> {
    let mut positive = vec![false; profile.scores.len()];
    let on_strand =
        |site: &&MeasuredSite| (site.contig, site.strand) == (profile.contig, profile.strand);
    for site in sites.iter().filter(on_strand) {
        // Centres within - 1 nt upstream of the site to `within` nt downstream of it.
        let site = profile.on_strand(site.position);
        let first = (site + 1).saturating_sub(within + CENTRE);
        let end = (site + within + 1).saturating_sub(CENTRE).min(positive.len());
        positive[first.min(end)..end].fill(true);
    }
    positive
}

fn error(bins: &[Sums]) -> Option<f64> {
    // |windows x (mean prediction - observed share)|, added up.
    let off: f64 = bins.iter().map(|bin| (bin.predicted - bin.positives as f64).abs()).sum();
    Sums::over(bins).mean(off)
}

impl Sums {
    fn over(bins: &[Self]) -> Self {
        bins.iter().fold(Self::default(), |all, bin| Self {
            windows: all.windows + bin.windows,
            positives: all.positives + bin.positives,
            predicted: all.predicted + bin.predicted,
            squares: all.squares + bin.squares,
        })
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.windows > 0).then(|| sum / self.windows as f64)
    }

    fn bin(&self, index: usize) -> Bin {
        Bin {
            from: index as f64 / BINS as f64,
            to: (index + 1) as f64 / BINS as f64,
            windows: self.windows,
            positives: self.positives,
            mean_prediction: self.mean(self.predicted),
            observed: self.mean(self.positives as f64),
        }
    }
}

#[cfg(test)]
mod tests;
