//! The loop of every training run: epochs, validation, the best weights, checkpoints.

use std::time::Instant;

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::artifacts;
use super::checkpoint::{Checkpoint, Progress};
use super::log::{EpochLog, Figure, Log};
use super::network::{Network, Noise};
use super::recipe::{Configuration, Trained};
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::evaluate::calibration::line::Line;
use crate::models::Model;
use crate::models::posterior::Posterior;
use crate::models::weight_file::Tensors;

/// What is learned, and from what.
pub trait Task {
    /// Makes ready epoch `number` (from 0) and returns its steps. `model` has the weights that it
    /// begins with, once they were trained. The same for the same seed, whatever the threads.
    ///
    /// # Errors
    /// If the data do not make an epoch.
    fn begin(&mut self, number: usize, model: Option<&dyn Model>) -> Result<usize>;

    /// Returns the loss of a step of the epoch.
    ///
    /// # Errors
    /// If the tensor library fails.
    fn loss(&self, step: usize, network: &dyn Network, noise: &mut Noise) -> Result<Tensor>;

    /// Measures a model, whose weight file is `weights`, on the validation data.
    ///
    /// # Errors
    /// If the model fails.
    fn validate(&self, model: &dyn Model, weights: &[u8]) -> Result<Validation>;

    /// Returns what makes the trained model's classification that of held-out data; `None` leaves
    /// it.
    ///
    /// # Errors
    /// If the model fails or there is nothing to calibrate on.
    fn calibrate(&self, _model: &dyn Model) -> Result<Option<Line>> {
        Ok(None)
    }

    /// Returns what makes posteriors of the calibrated model's outputs on held-out data.
    ///
    /// # Errors
    /// As [`Task::calibrate`].
    fn posterior(&self, _model: &dyn Model) -> Result<Option<Posterior>> {
        Ok(None)
    }
}

/// A configuration that names its task: what `train` and `tune` run.
pub trait Trainable: Configuration {
    /// Completes the configuration by what it leaves to the data, before anything else is done with
    /// it.
    ///
    /// # Errors
    /// Data that cannot be read.
    fn prepare(&mut self) -> Result<()> {
        Ok(())
    }

    /// Reads the data.
    ///
    /// # Errors
    /// Data that cannot be read or used.
    fn task<'a>(&'a self, device: &'a Device) -> Result<Box<dyn Task + 'a>>;
}

/// Figures of validation data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validation {
    /// What chooses the epoch that is kept; higher is better.
    pub merit: f64,
    pub figures: Vec<Figure>,
}

/// Where a run starts from and how it is kept.
pub struct Run<'a> {
    pub device: &'a Device,
    /// Weights of a trained model to go on from.
    pub pretrained: Option<&'a Tensors>,
    /// Where to leave a checkpoint every epoch.
    pub checkpoint: Option<&'a Checkpoint>,
    /// The name of the run in progress bars and logs; empty for the only one.
    pub label: &'a str,
    /// Shows how far an epoch of so many steps is: see [`ShowStep`].
    pub steps: fn(u64) -> ShowStep,
}

/// Is told after each step of an epoch what to say of it; dropped at the epoch's end.
pub type ShowStep = Box<dyn FnMut(String)>;

/// A finished run.
pub struct Fitted {
    /// The best epoch's averaged weights, calibrated: a weight file.
    pub weights: Vec<u8>,
    /// How they were calibrated.
    pub calibration: Option<Line>,
    pub posterior: Option<Posterior>,
    pub kept_epoch: usize,
    pub best: Validation,
    pub log: Log,
    pub seconds: f64,
}

/// Fits a network.
///
/// # Errors
/// Data that do not make an epoch, a loss that is NaN or infinite, a checkpoint of another run,
/// failures of the tensor library.
pub fn fit<C: Configuration>(config: &C, task: &mut dyn Task, run: &Run<'_>) -> Result<Fitted> {
    let (identity, network_config, recipe) = config.common();
    let pretrained = run.pretrained;
    if recipe.train == Trained::Head && pretrained.is_none() {
        let problem = "[optimiser] train = \"head\" keeps the other layers as they begin: give \
                       --pretrained FILE, or train = \"all\"";
        return Err(Error::Usage(problem.into()));
    }
    let (network, mut weights) =
        Weights::start(network_config, recipe, identity.seed, pretrained, run.device)?;
    let mut progress = match run.checkpoint {
        Some(checkpoint) => checkpoint.restore(&mut weights)?.unwrap_or_default(),
        None => Progress::default(),
    };
    while !progress.is_over(recipe.epochs, recipe.patience) {
        let begin = Instant::now();
        let number = progress.epochs;
        let before = match number {
            0 if pretrained.is_none() => None,
            _ => Some(artifacts::build(config, &artifacts::encode(config, weights.averaged()?)?)?),
        };
        let steps = task.begin(number, before.as_deref())?;
        weights.halvings = progress.halvings(recipe.plateau);
        let mut epoch = Epoch { task, network: network.as_ref(), label: run.label, number, steps };
        let loss = epoch.run(config, &mut weights, (run.steps)(steps as u64))?;
        let bytes = artifacts::encode(config, weights.averaged()?)?;
        let validation = task.validate(artifacts::build(config, &bytes)?.as_ref(), &bytes)?;
        let seconds = begin.elapsed().as_secs_f64();
        let (merit, figures) = (Some(validation.merit), validation.figures.clone());
        let line = EpochLog { number, loss, seconds, merit, figures };
        let (epoch, label) = (number + 1, run.label);
        tracing::info!(kind = "row", epoch, loss, seconds, "{label}{line}");
        progress.end_epoch(line, validation, bytes);
        if let Some(checkpoint) = run.checkpoint {
            checkpoint.save(&weights, &progress)?;
        }
    }
    let mut fitted = progress.finish();
    fitted.calibration = task.calibrate(artifacts::build(config, &fitted.weights)?.as_ref())?;
    if let Some(line) = &fitted.calibration {
        fitted.weights = artifacts::calibrated(config, &fitted.weights, line)?;
    }
    fitted.posterior = task.posterior(artifacts::build(config, &fitted.weights)?.as_ref())?;
    if let Some(posterior) = &fitted.posterior {
        fitted.weights = artifacts::with_posterior(&fitted.weights, posterior)?;
    }
    Ok(fitted)
}

/// One epoch.
struct Epoch<'a> {
    task: &'a dyn Task,
    network: &'a dyn Network,
    label: &'a str,
    number: usize,
    steps: usize,
}

impl Epoch<'_> {
    /// Makes all steps; returns the mean loss.
    fn run<C: Configuration>(
        &mut self,
        config: &C,
        weights: &mut Weights,
        mut show: ShowStep,
    ) -> Result<f64> {
        let (identity, _, recipe) = config.common();
        let seed = identity.seed ^ ((self.number as u64) << 32);
        let mut noise = Noise::new(ChaCha8Rng::seed_from_u64(seed), recipe.dropout);
        noise.precision = recipe.quantise;
        let mut sum = 0.0;
        let (label, number) = (self.label, self.number + 1);
        for step in 0..self.steps {
            let loss = self.task.loss(step, self.network, &mut noise)?;
            sum += f64::from(loss.to_scalar::<f32>()?);
            if !sum.is_finite() {
                let problem = format!("the loss is {sum} in epoch {number}: learn more slowly");
                return Err(Error::model(&identity.name, problem));
            }
            weights.descend(&loss, recipe, self.steps * recipe.epochs)?;
            let rate = weights.rate(recipe, self.steps * recipe.epochs);
            let mean = sum / (step + 1) as f64;
            show(format!("{label}epoch {number} loss {mean:.4} rate {rate:.2e}"));
        }
        Ok(sum / self.steps.max(1) as f64)
    }
}
