//! The recipe of `polyascan distil`: config/train/screen.toml, or the user's own.

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::card::Task;
use crate::train::networks::NetworkConfig;
use crate::train::recipe::{Configuration, Identity, Recipe};
use crate::train::scan::config::Loss;

/// The recipe, as text.
pub const DEFAULT: &str = include_str!("../../../config/train/screen.toml");

/// Everything that decides a screen, but for the model, its thresholds and the genome.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScreenTraining {
    pub model: Identity,
    pub network: NetworkConfig,
    pub optimiser: Recipe,
    pub loss: Loss,
    pub labels: Slopes,
    pub stretches: StretchConfig,
    pub calibration: CalibrationConfig,
}

/// How fast a window's target rises about the thresholds: how many log-odds it changes...
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Slopes {
    /// ... with a log-odds of the classification.
    pub classification: f64,
    /// ... with a natural logarithm of the raw cleavage.
    pub cleavage: f64,
}

/// What is learned from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StretchConfig {
    /// Windows that the model scores.
    pub windows: usize,
    /// Neighbours that are scored together.
    pub together: usize,
    /// Share of the stretches that have a strong polyA signal.
    pub signals: f64,
    /// Share of the stretches that the screen finds likely...
    pub mined: f64,
    /// ... after so many epochs.
    pub mine_after: usize,
    /// They are chosen from so many times more stretches than are learned from.
    pub pool: usize,
}

/// What the limit is chosen on.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationConfig {
    /// Windows that the model scores.
    pub windows: usize,
    /// Share of the windows that the model keeps, and of its calls, that is to be found.
    pub recall: f64,
}

impl Configuration for ScreenTraining {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, Problem)> {
        let StretchConfig { windows, together, signals, mined, pool, .. } = self.stretches;
        let task = self.network.form().architecture().task;
        if task != Task::Sites || !matches!(self.network, NetworkConfig::DenseScan(_)) {
            return Err(("[network]", "a screen is a dense-scan network".into()));
        }
        if together == 0 || windows < together || pool == 0 {
            return Err(("[stretches]", "windows >= together >= 1 and pool >= 1 must hold".into()));
        }
        if signals < 0.0 || mined < 0.0 || signals + mined > 1.0 {
            return Err(("[stretches]", "signals and mined are shares of all stretches".into()));
        }
        let Slopes { classification, cleavage } = self.labels;
        if !(classification > 0.0 && cleavage > 0.0 && (classification * cleavage).is_finite()) {
            return Err(("[labels]", "classification and cleavage must be above 0".into()));
        }
        let CalibrationConfig { windows, recall } = self.calibration;
        if windows == 0 || !(recall > 0.0 && recall <= 1.0) {
            let problem = "windows must be above 0 and recall above 0 and at most 1";
            return Err(("[calibration]", problem.into()));
        }
        Ok(())
    }
}

impl StretchConfig {
    /// Returns the number of stretches that are learned from.
    pub fn count(&self) -> usize {
        self.windows / self.together
    }

    /// Returns how many of them are chosen for a polyA signal, and by the screen.
    pub fn chosen(&self) -> (usize, usize) {
        let share = |share: f64| (share * self.count() as f64) as usize;
        (share(self.signals), share(self.mined))
    }
}
