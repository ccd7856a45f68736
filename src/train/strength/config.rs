//! The configuration of `polyascan train strength`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::CENTRE;
use crate::models::card::Task;
use crate::train::networks::NetworkConfig;
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
    /// Genomes with sites whose usage was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<UsageSource>,
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
    /// Least and greatest distance, in nt, from a signal's first base to the centre of a window
    /// that learns the signal's strength.
    pub distances: [usize; 2],
    /// Weight of the squared error of the difference that mutations make, beside that of the
    /// strengths.
    pub difference: f64,
    /// Share of windows cut to 164 nt, the signal at 50, as in reporter assays; N around them.
    pub short: f64,
    /// Weight of the loss of measured usage.
    #[serde(default)]
    pub usage: f64,
    /// Most that two counts are taken to differ, in log2.
    #[serde(default = "limit")]
    pub limit: f64,
}

fn limit() -> f64 {
    6.0
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
    /// A table of rows (file name, 0-based row, tab-separated) that are left out: sequence that
    /// judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<PathBuf>,
}

/// A genome with measured sites whose reads or expression were counted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UsageSource {
    pub fasta: PathBuf,
    pub sites: PathBuf,
    /// Column of the sites with the counts.
    pub counts: String,
    /// Column with the gene...
    #[serde(default = "gene")]
    pub gene: String,
    /// ... instead of which a GTF can say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<PathBuf>,
    /// Contigs left out.
    #[serde(default)]
    pub except: Vec<String>,
    /// Counts below it are taken for it; pairs of two such counts are left out.
    pub floor: f64,
    /// Pairs of sites per epoch; 0 for validation.
    #[serde(default)]
    pub per_epoch: usize,
}

fn gene() -> String {
    "gene".into()
}

/// What chooses the epoch that is kept: windows that are never trained on, drawn by the seed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Of each table.
    pub windows: usize,
    /// Measured usage that is not trained on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<UsageSource>,
}

impl Configuration for StrengthTraining {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, Problem)> {
        if self.network.form().architecture().task != Task::Strength {
            let name = self.network.form().architecture().name;
            return Err(("[network]", format!("{name} predicts no strength").into()));
        }
        let [least, most] = self.labels.distances;
        if least > most || most > CENTRE {
            let problem = format!("distances must ascend and be at most {CENTRE}");
            return Err(("[labels]", problem.into()));
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
                return Err((table, format!("{what} = {value}: must lie between 0 and 1").into()));
            }
        }
        self.check_usage()
    }
}

impl StrengthTraining {
    fn check_usage(&self) -> Result<(), (&'static str, Problem)> {
        for source in self.usage.iter().chain(&self.validation.usage) {
            if !(source.floor > 0.0 && source.floor.is_finite()) {
                let problem = format!("floor = {}: must be above 0", source.floor);
                return Err(("[[usage]]", problem.into()));
            }
        }
        let Labels { usage, limit, .. } = self.labels;
        if !(usage.is_finite() && usage >= 0.0 && limit.is_finite() && limit > 0.0) {
            let problem = format!("usage = {usage}: must be 0 or more; limit = {limit}: above 0");
            return Err(("[labels]", problem.into()));
        }
        if (usage > 0.0) != self.usage.iter().any(|source| source.per_epoch > 0) {
            let problem = "usage above 0 and [[usage]] with per_epoch above 0 go together";
            return Err(("[labels]", problem.into()));
        }
        Ok(())
    }
}
