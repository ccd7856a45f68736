//! The configuration of `polyascan train isoform`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::aparent2::HEXAMER;
use crate::models::card::Task;
use crate::train::networks::NetworkConfig;
use crate::train::networks::aparent2::Statistics;
use crate::train::recipe::{Configuration, Identity, Recipe, Trained};

/// Everything that decides a trained isoform model: the file given to `polyascan train isoform
/// --config`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IsoformTraining {
    pub model: Identity,
    pub network: NetworkConfig,
    pub optimiser: Recipe,
    #[serde(default)]
    pub loss: Loss,
    /// How far frames are moved; without it they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
    pub examples: Vec<ExampleFile>,
    #[serde(default)]
    pub validation: Validation,
}

/// Weights of the parts of the loss, both Kullback-Leibler divergences.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Loss {
    /// Of the share cleaved 10 to 39 nt after the signal's first base, and the rest.
    pub isoform: f64,
    /// Of the 206 places of cleavage, the last of them elsewhere.
    pub cuts: f64,
}

impl Default for Loss {
    /// As published.
    fn default() -> Self {
        Self { isoform: 0.5, cuts: 0.5 }
    }
}

/// Frames are moved along their sequence by a distance drawn anew each time; by default as
/// published.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// Share of frames that are not moved.
    pub none: f64,
    /// Share moved by 1 to `near` nt either way ...
    pub near_share: f64,
    pub near: usize,
    /// ... all others by more, up to so many.
    pub far: usize,
}

impl Default for Shift {
    fn default() -> Self {
        Self { none: 0.5, near_share: 0.4, near: 5, far: 35 }
    }
}

/// A table of sequences and what was counted of each; see [`super::examples`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleFile {
    pub file: PathBuf,
    /// Index in each sequence (0-based) of the polyA signal's first base.
    #[serde(default = "hexamer")]
    pub hexamer: usize,
}

fn hexamer() -> usize {
    HEXAMER
}

/// What chooses the epoch.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Validation {
    /// Share of the examples, drawn by the seed; 0.025 if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Tables instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<ExampleFile>,
}

/// Share of the examples that validates, as published.
const VALIDATION: f64 = 0.025;

impl Validation {
    /// Returns the share of the examples that validates where no tables are named for it.
    pub fn share(&self) -> f64 {
        self.share.unwrap_or(VALIDATION)
    }
}

impl Configuration for IsoformTraining {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, Problem)> {
        let NetworkConfig::Aparent2(network) = &self.network else {
            let architecture = self.network.form().architecture();
            let (name, task) = (architecture.name, Task::Isoform.name());
            return Err((
                "[network]",
                format!("{name} is not for the task {task}: use aparent2").into(),
            ));
        };
        if self.optimiser.train == Trained::Head && network.statistics == Statistics::Batch {
            let problem = "statistics: with train = \"head\" the norms below stay as they are: set \
                           statistics = \"kept\"";
            return Err(("[network]", problem.into()));
        }
        let Loss { isoform, cuts } = self.loss;
        if ![isoform, cuts].iter().all(|weight| weight.is_finite() && *weight >= 0.0)
            || isoform + cuts <= 0.0
        {
            let problem = format!("isoform = {isoform}, cuts = {cuts}: 0 or more, one above 0");
            return Err(("[loss]", problem.into()));
        }
        if self.examples.is_empty() {
            return Err(("[[examples]]", "no file of examples".into()));
        }
        match self.validation.share {
            Some(_) if !self.validation.examples.is_empty() => {
                Err(("[validation]", "give a share or [[validation.examples]], not both".into()))
            }
            Some(share) if !(share > 0.0 && share < 1.0) => Err((
                "[validation]",
                format!("share = {share}: must be above 0 and below 1").into(),
            )),
            _ => self.check_shift(),
        }
    }
}

impl IsoformTraining {
    fn check_shift(&self) -> Result<(), (&'static str, Problem)> {
        let Some(Shift { none, near_share, near, far }) = self.shift else { return Ok(()) };
        let shares = [none, near_share];
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) || none + near_share > 1.0 {
            let problem = format!(
                "none = {none}, near_share = {near_share}: shares between 0 and 1, 1 at most together"
            );
            return Err(("[shift]", problem.into()));
        }
        if near == 0 || far <= near {
            return Err(("[shift]", format!("near = {near}, far = {far}: 0 < near < far").into()));
        }
        Ok(())
    }
}
