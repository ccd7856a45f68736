//! The configuration of `polyascan train windows`.

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::evaluate::parts::Parts;
use crate::evaluate::windows::settings::{Positives, Shares, SiteSource, WindowSettings};
use crate::models::card::Task;
use crate::train::networks::NetworkConfig;
use crate::train::recipe::{Configuration, Identity, Recipe};
use crate::train::scan::config::Loss;

/// Everything that decides a site model trained on windows: the file given to `polyascan train
/// windows --config`; `evaluate windows` takes the same.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WindowTraining {
    pub model: Identity,
    pub network: NetworkConfig,
    pub optimiser: Recipe,
    pub loss: Loss,
    pub sites: SiteSource,
    #[serde(default)]
    pub positives: Positives,
    #[serde(default)]
    pub negatives: Shares,
    #[serde(default)]
    pub parts: Parts,
    #[serde(default)]
    pub epoch: EpochSize,
}

/// How much is shown at a time.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EpochSize {
    /// Windows per epoch, drawn anew each time; 0: all.
    pub windows: usize,
    /// Windows that choose the epoch, at most; 0: all.
    pub validation: usize,
}

impl WindowTraining {
    /// Returns what windows are made of.
    pub fn settings(&self) -> WindowSettings<'_> {
        let Self { sites, positives, negatives, parts, .. } = self;
        WindowSettings { sites, positives, negatives, parts }
    }
}

impl Configuration for WindowTraining {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, Problem)> {
        let architecture = self.network.form().architecture();
        if architecture.task != Task::Sites {
            let problem =
                format!("{} has no classification and cleavage vector", architecture.name);
            return Err(("[network]", problem.into()));
        }
        let Loss { classification, cleavage } = self.loss;
        for (what, value) in [("classification", classification), ("cleavage", cleavage)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(("[loss]", format!("{what} = {value}: must be 0 or more").into()));
            }
        }
        self.settings().check()
    }
}
