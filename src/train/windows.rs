//! `polyascan train windows`: classification and cleavage vector from windows of sites and of what
//! is none, as PolyaID was trained (Stroup & Ji 2023).

pub mod config;

use candle_core::{D, DType, Device, Tensor};
use candle_nn::ops::log_softmax;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::fit::{Task, Trainable, Validation};
use super::losses::{binary_cross_entropy, kl_divergence};
use super::network::{Network, Noise};
use super::recipe::Configuration;
use crate::error::{Error, Result};
use crate::evaluate::windows::figures::figures;
use crate::evaluate::windows::{Example, Label, SiteWindows};
use crate::models::part::Part;
use crate::models::{CLEAVAGE, Model, Window};
use config::WindowTraining;

/// The data of a run, and the epoch at hand.
pub struct WindowTask<'a> {
    config: &'a WindowTraining,
    device: &'a Device,
    windows: SiteWindows,
    training: Vec<Example>,
    validation: Vec<Example>,
    /// The epoch's training windows, in order.
    order: Vec<usize>,
}

impl<'a> WindowTask<'a> {
    /// Reads all data.
    ///
    /// # Errors
    /// Data that cannot be read or do not fill a batch.
    pub fn new(config: &'a WindowTraining, device: &'a Device) -> Result<Self> {
        let seed = config.model.seed;
        let windows = SiteWindows::read(&config.settings(), &|path| config.file(path), seed)?;
        let training = windows.examples(Part::Training);
        let mut validation = windows.examples(Part::Validation);
        if config.epoch.validation > 0 {
            validation.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
            validation.truncate(config.epoch.validation);
        }
        let batch = config.optimiser.batch;
        if training.len() < batch || validation.is_empty() {
            let problem = format!(
                "{} windows train and {} validate; a batch has {batch}: lower it or add sites",
                training.len(),
                validation.len()
            );
            return Err(Error::model(&config.model.name, problem));
        }
        let shown = windows.sites.len();
        tracing::info!(
            "{shown} of {} sites, {} windows to train, {} to validate",
            windows.all_sites(),
            training.len(),
            validation.len()
        );
        Ok(Self { config, device, windows, training, validation, order: Vec::new() })
    }
}

impl Trainable for WindowTraining {
    fn task<'a>(&'a self, device: &'a Device) -> Result<Box<dyn Task + 'a>> {
        Ok(Box::new(WindowTask::new(self, device)?))
    }
}

impl Task for WindowTask<'_> {
    fn begin(&mut self, number: usize, _: Option<&dyn Model>) -> Result<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.config.model.seed);
        rng.set_stream(1 + number as u64);
        self.order = (0..self.training.len()).collect();
        self.order.shuffle(&mut rng);
        let all = self.training.len();
        let shown = self.config.epoch.windows;
        let shown = if shown == 0 { all } else { shown.min(all) };
        Ok((shown / self.config.optimiser.batch).max(1))
    }

    fn loss(&self, step: usize, network: &dyn Network, noise: &mut Noise) -> Result<Tensor> {
        let batch = self.config.optimiser.batch;
        let order = &self.order[step * batch..(step + 1) * batch];
        let shown: Vec<(Vec<u8>, Label)> = order
            .par_iter()
            .map(|&index| {
                let example = &self.training[index];
                (self.windows.window(example), self.windows.label(example))
            })
            .collect();
        let windows: Vec<Window<'_>> =
            shown.iter().map(|(codes, _)| codes.as_slice().into()).collect();
        // One window each.
        let outputs = network.forward(&windows, noise)?.squeeze(1)?;
        let targets: Vec<f32> = shown.iter().map(|(_, label)| label.classification).collect();
        let targets = Tensor::from_vec(targets, batch, self.device)?;
        let logits = outputs.narrow(1, 0, 1)?.squeeze(1)?;
        let loss = (binary_cross_entropy(&logits, &targets)? * self.config.loss.classification)?;
        let vectors: Vec<f32> = shown.iter().flat_map(|(_, label)| label.vector).collect();
        let vectors = Tensor::from_vec(vectors, (batch, CLEAVAGE), self.device)?;
        let log = log_softmax(&outputs.narrow(1, 1, CLEAVAGE)?, D::Minus1)?;
        let ones = Tensor::ones(batch, DType::F32, self.device)?;
        Ok((loss + (kl_divergence(&log, &vectors, &ones)? * self.config.loss.cleavage)?)?)
    }

    fn validate(&self, model: &dyn Model, _: &[u8]) -> Result<Validation> {
        let figures = figures(model, &self.windows, Part::Validation, &self.validation)?;
        let weights = &self.config.loss;
        let loss = weights.classification * figures.loss.classification.unwrap_or(0.0)
            + weights.cleavage * figures.loss.cleavage.unwrap_or(0.0);
        let overall = figures.overall();
        let log = [
            ("validation_loss", Some(loss)),
            ("auroc", overall.and_then(|ranking| ranking.auroc)),
            ("auprc", overall.and_then(|ranking| ranking.auprc)),
            ("mean_position_spearman", figures.cleavage.mean_position.spearman),
            ("entropy_spearman", figures.cleavage.entropy.spearman),
        ];
        let log = log.map(|(name, figure)| (name.to_owned(), figure)).into();
        Ok(Validation { merit: -loss, figures: log })
    }
}
