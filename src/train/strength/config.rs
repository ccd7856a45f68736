//! The configuration of `polyascan train strength`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::models::CENTRE;
use crate::models::card::Task;
use crate::train::network::NetworkConfig;
use crate::train::recipe::{Configuration, Identity, Recipe};

/// Everything that decides a trained strength model: the file given to `polyascan train strength
/// --config`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StrengthTraining {
    pub model: Identity,
    pub network: NetworkConfig,
    pub optimiser: Recipe,
    pub teacher: Teacher,
    pub labels: Labels,
    pub windows: Vec<WindowSource>,
    pub validation: Validation,
}

/// The model whose log-odds are learned.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// APARENT2's weight file (`polyascan convert`); relative to the working folder.
    pub model: PathBuf,
    /// Share of the narrow log-odds in the target, 0 to 1; the wide ones have the rest.
    pub narrow: f64,
    /// Share of usage that no measurement tells from none (or from all): added to usage and to its
    /// complement before the log-odds are taken.
    pub floor: f64,
}

/// What is shown.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Least and greatest distance, in nt, from a signal's first base to the centre of a window that
    /// learns the signal's strength.
    pub distances: [usize; 2],
    /// Weight of the squared error of the difference that mutations make, beside that of the
    /// strengths.
    pub difference: f64,
    /// Share of windows cut to 164 nt, the signal at 50, as in reporter assays; N around them.
    pub short: f64,
}

/// Windows around a hexamer: a table with a column `sequence`, FASTA, or one sequence per line.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSource {
    pub file: PathBuf,
    /// Index of the hexamer's first base.
    pub hexamer: usize,
    /// Windows per epoch, each with a mutated copy.
    pub per_epoch: usize,
}

/// What chooses the epoch that is kept: windows that are never trained on, drawn by the seed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Of each table.
    pub windows: usize,
}

impl Configuration for StrengthTraining {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        if self.network.architecture().task != Task::Strength {
            let name = self.network.architecture().name;
            return Err(("[network]", format!("{name} predicts no strength")));
        }
        let [least, most] = self.labels.distances;
        if least > most || most > CENTRE {
            let problem = format!("distances must ascend and be at most {CENTRE}");
            return Err(("[labels]", problem));
        }
        if self.validation.windows == 0 {
            return Err(("[validation]", "windows = 0: must be above 0".into()));
        }
        for (table, what, value) in [
            ("[teacher]", "narrow", self.teacher.narrow),
            ("[teacher]", "floor", self.teacher.floor),
            ("[labels]", "short", self.labels.short),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err((table, format!("{what} = {value}: must lie between 0 and 1")));
            }
        }
        Ok(())
    }
}
