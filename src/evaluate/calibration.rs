//! Whether a probability of x means a polyA site in a share x of the cases.

pub mod calls;
pub mod line;

use serde::Serialize;

/// Bins.
const BINS: usize = 12;
/// Where they begin, and 1: finer near 0, where most calls of a scan are.
const EDGES: [f64; BINS + 1] = [0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
/// The first bin of the figure that leaves out the many cases near 0: it begins at 0.1.
const ABOVE: usize = 3;

/// Predictions against what was measured, over windows or calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    pub windows: usize,
    pub positives: usize,
    /// Mean squared difference between prediction and truth (0 or 1).
    pub brier: Option<f64>,
    /// Expected calibration error: mean over the windows of the difference between their bin's mean
    /// prediction and observed share.
    pub calibration_error: Option<f64>,
    /// Windows with a prediction of 0.1 or more, and the same figure over them.
    pub windows_above_0_1: usize,
    pub calibration_error_above_0_1: Option<f64>,
    pub bins: Vec<Bin>,
}

/// Windows of similar prediction.
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
        let below = EDGES.partition_point(|&edge| edge <= probability);
        let bin = &mut self.bins[below.clamp(1, BINS) - 1];
        bin.windows += 1;
        bin.positives += usize::from(positive);
        bin.predicted += probability;
        bin.squares += (probability - f64::from(u8::from(positive))).powi(2);
    }

    /// Returns the figures.
    pub fn finish(&self) -> Calibration {
        let all = Sums::over(&self.bins);
        Calibration {
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
            from: EDGES[index],
            to: EDGES[index + 1],
            windows: self.windows,
            positives: self.positives,
            mean_prediction: self.mean(self.predicted),
            observed: self.mean(self.positives as f64),
        }
    }
}

#[cfg(test)]
mod tests;
