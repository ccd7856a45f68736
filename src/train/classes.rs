//! `polyascan train signal` and `train binding`: classifiers of sequences.

pub mod config;
pub mod cross;
pub mod examples;
pub mod scored;
pub mod split;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::fit::{Task, Trainable, Validation};
use super::losses::{binary_cross_entropy, cross_entropy};
use super::network::{Network, Noise};
use crate::error::Result;
use crate::models::{Model, Window};
use config::ClassTraining;
use examples::Examples;
use scored::Scored;
use split::Split;

/// The data of a run, and the epoch at hand.
pub struct ClassTask<'a> {
    config: &'a ClassTraining,
    device: &'a Device,
    examples: Arc<Examples>,
    split: Split,
    /// The epoch's training examples, in order.
    order: Vec<usize>,
}

impl<'a> ClassTask<'a> {
    /// Takes the data of a run.
    pub fn new(
        config: &'a ClassTraining,
        device: &'a Device,
        examples: Arc<Examples>,
        split: Split,
    ) -> Self {
        Self { config, device, examples, split, order: Vec::new() }
    }
}

impl Trainable for ClassTraining {
    fn task<'a>(&'a self, device: &'a Device) -> Result<Box<dyn Task + 'a>> {
        let examples = Examples::read(self)?;
        let split = examples.split(self)?;
        Ok(Box::new(ClassTask::new(self, device, Arc::new(examples), split)))
    }
}

impl Task for ClassTask<'_> {
    fn begin(&mut self, number: usize, _: Option<&dyn Model>) -> Result<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.config.model.seed);
        rng.set_stream(1 + number as u64);
        self.order.clone_from(&self.split.training);
        self.order.shuffle(&mut rng);
        Ok(self.order.len().div_ceil(self.config.optimiser.batch))
    }

    fn loss(&self, step: usize, network: &dyn Network, noise: &mut Noise) -> Result<Tensor> {
        let batch = self.config.optimiser.batch;
        let first = step * batch;
        let order = &self.order[first..self.order.len().min(first + batch)];
        let examples = || order.iter().map(|&index| &self.examples.all[index]);
        let windows: Vec<Window<'_>> = examples().map(|example| example.window()).collect();
        let logits = network.forward(&windows, noise)?;
        if logits.dim(1)? == 1 {
            // The probability of the first class.
            let targets: Vec<f32> = examples().map(|e| f32::from(u8::from(e.class == 0))).collect();
            let targets = Tensor::new(targets, self.device)?;
            return binary_cross_entropy(&logits.squeeze(1)?, &targets);
        }
        let classes: Vec<u32> = examples().map(|example| example.class as u32).collect();
        cross_entropy(&logits, &Tensor::new(classes, self.device)?)
    }

    fn validate(&self, model: &dyn Model, _: &[u8]) -> Result<Validation> {
        let scored = Scored::by(model, &self.examples, &self.split.validation)?;
        Ok(Validation { merit: -scored.loss(), figures: scored.figures() })
    }
}
