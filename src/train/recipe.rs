//! What every training configuration has: who the model is, and how its weights are fitted.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::networks::NetworkConfig;
use super::optimiser::Rule;
use crate::config::{self, parse, wrong_entry};
use crate::engine::device::CpuPrecision;
use crate::error::{Error, Problem, Result};
use crate::genome::limited;
use crate::models::card::Task;

/// Where the entries of a configuration are shown.
const KNOWN: &str = "see the configurations in config/train";

/// The table `[model]`: what the model card says, the seed, and where the data are.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Name of the model.
    pub name: String,
    /// One line.
    pub description: String,
    #[serde(default)]
    pub licence: String,
    /// What a user of the model should know, for its card.
    #[serde(default, skip_serializing)]
    pub limits: String,
    pub seed: u64,
    /// Folder that data paths are relative to.
    #[serde(default)]
    pub data: PathBuf,
}

/// The table `[optimiser]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    #[serde(default)]
    pub rule: Rule,
    /// Most epochs.
    pub epochs: usize,
    /// Epochs without a better validation after which training ends; 0: never.
    #[serde(default)]
    pub patience: usize,
    /// Examples per step.
    pub batch: usize,
    /// Highest learning rate, after the warm-up.
    pub learning_rate: f64,
    #[serde(default)]
    pub schedule: Schedule,
    /// Of the exponential schedule.
    #[serde(default = "decay")]
    pub decay: f64,
    #[serde(default = "decay_steps")]
    pub decay_steps: usize,
    /// Of the plateau schedule.
    #[serde(default = "plateau")]
    pub plateau: usize,
    #[serde(default)]
    pub warmup_steps: usize,
    #[serde(default)]
    pub weight_decay: f64,
    /// Of SGD.
    #[serde(default = "momentum")]
    pub momentum: f64,
    /// Gradients are scaled down to this norm.
    #[serde(default = "gradient_norm")]
    pub gradient_norm: f64,
    /// Decay of the exponential moving average of the weights, which is what is kept; 0: no
    /// average.
    #[serde(default)]
    pub average: f64,
    /// Share of values dropped where the architecture drops some.
    #[serde(default)]
    pub dropout: f64,
    /// Which tensors are trained.
    #[serde(default)]
    pub train: Trained,
    /// What products are rounded to in training as well, so that the model is used to it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quantise: CpuPrecision,
}

fn is_default(precision: &CpuPrecision) -> bool {
    *precision == CpuPrecision::default()
}

fn momentum() -> f64 {
    0.9
}

fn gradient_norm() -> f64 {
    1.0
}

fn decay() -> f64 {
    0.96
}

fn decay_steps() -> usize {
    3000
}

fn plateau() -> usize {
    5
}

/// What becomes of the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Falls to zero at the end of the last epoch.
    #[default]
    Cosine,
    Constant,
    /// Multiplied by `decay` every `decay_steps` steps, smoothly.
    Exponential,
    /// Halved after `plateau` epochs without a better validation.
    Plateau,
}

/// Which tensors are trained; the others stay as `--pretrained` has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trained {
    #[default]
    All,
    /// The last layers.
    Head,
}

impl Recipe {
    fn check(&self) -> std::result::Result<(), Problem> {
        if self.epochs == 0 || self.batch == 0 {
            return Err("epochs and batch must be above 0".into());
        }
        for (what, value) in [("average", self.average), ("dropout", self.dropout)] {
            if !(0.0..1.0).contains(&value) {
                return Err(format!("{what} = {value}: must be 0 or more and below 1").into());
            }
        }
        if !(self.decay > 0.0 && self.decay <= 1.0) || self.decay_steps == 0 {
            let (decay, steps) = (self.decay, self.decay_steps);
            let problem = "decay must be above 0 and at most 1, decay_steps above 0";
            return Err(format!("decay = {decay}, decay_steps = {steps}: {problem}").into());
        }
        if self.plateau == 0 {
            return Err("plateau = 0: must be 1 or more".into());
        }
        for (what, value) in
            [("learning_rate", self.learning_rate), ("gradient_norm", self.gradient_norm)]
        {
            if !(value > 0.0 && value.is_finite()) {
                return Err(format!("{what} = {value}: must be above 0").into());
            }
        }
        Ok(())
    }
}

/// A task's configuration: a TOML file.
pub trait Configuration: serde::de::DeserializeOwned + Serialize {
    /// Returns the tables that every task has.
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe);

    /// Returns the identity, to be changed.
    fn identity(&mut self) -> &mut Identity;

    /// Returns the table with a wrong entry and what is wrong, of the tables of this task alone.
    ///
    /// # Errors
    /// If an entry is wrong.
    fn check(&self) -> std::result::Result<(), (&'static str, Problem)>;

    /// Returns the place of a data file.
    fn file(&self, path: &Path) -> PathBuf {
        self.common().0.data.join(path)
    }
}

/// Reads a configuration; `data` replaces the file's own data folder.
///
/// # Errors
/// If the file cannot be read or an entry is wrong.
pub fn read<C: Configuration>(path: &Path, data: Option<&Path>) -> Result<C> {
    let text = limited::read_text(path, config::MOST_BYTES, "a configuration")?;
    from_value(path, toml::Value::Table(parse(path, &text)?), data)
}

/// As [`read`], of what was read (and maybe changed) already.
///
/// # Errors
/// If an entry is wrong.
pub fn from_value<C: Configuration>(
    path: &Path,
    value: toml::Value,
    data: Option<&Path>,
) -> Result<C> {
    let mut config: C =
        value.try_into().map_err(|e: toml::de::Error| wrong_entry(path, &e, KNOWN))?;
    if let Some(data) = data {
        config.identity().data = data.to_owned();
    }
    let wrong = |table: &str, problem: Problem| Error::input(path, table, problem);
    let (_, network, recipe) = config.common();
    network.form().check().map_err(|problem| wrong("[network]", problem))?;
    recipe.check().map_err(|problem| wrong("[optimiser]", problem))?;
    if network.form().has_own_dropout() && recipe.dropout > 0.0 {
        let problem = "dropout: this architecture has its shares in [network], dropout";
        return Err(wrong("[optimiser]", problem.into()));
    }
    if recipe.quantise == CpuPrecision::Int8 && !network.form().has_integers() {
        let name = network.form().architecture().name;
        let problem = format!("quantise = \"int8\": {name} has no int8 form; leave it out");
        return Err(wrong("[optimiser]", problem.into()));
    }
    config.check().map_err(|(table, problem)| wrong(table, problem))?;
    Ok(config)
}

/// Checks that a configuration's network is for a task.
///
/// # Errors
/// If it is for another.
pub fn expect<C: Configuration>(path: &Path, config: &C, task: Task) -> Result<()> {
    let architecture = config.common().1.form().architecture();
    if architecture.task == task {
        return Ok(());
    }
    let (name, theirs) = (architecture.name, architecture.task.name());
    let problem = format!("{name} is for the task {theirs}, not {}", task.name());
    Err(Error::input(path, "[network]", problem))
}
