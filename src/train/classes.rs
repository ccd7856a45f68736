//! `polyascan train signal` and `train binding`: classifiers of sequences.

pub mod config;
pub mod cross;
pub mod examples;
pub mod features;
pub mod scored;
pub mod split;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::fit::{Task, Trainable, Validation};
use super::losses::{
    binary_cross_entropy, cross_entropy, weighted_binary_cross_entropy, weighted_cross_entropy,
};
use super::network::{Network, Noise};
use crate::error::Result;
use crate::models::{Classes, Model, Window};
use config::ClassTraining;
use examples::{Example, Examples};
use scored::Scored;
use split::Split;

/// The data of a run, and the epoch at hand.
pub struct ClassTask<'a> {
    config: &'a ClassTraining,
    device: &'a Device,
    examples: Arc<Examples>,
    split: Split,
    /// How much an example of each class counts; none where all count alike.
    weights: Option<Vec<f32>>,
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
        let weights = config.data.balance.then(|| examples.class_weights(&split.training));
        Self { config, device, examples, split, weights, order: Vec::new() }
    }
}

impl Trainable for ClassTraining {
    fn prepare(&mut self) -> Result<()> {
        features::complete(self)
    }

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
        let windows: Vec<Window<'_>> = examples().map(|example| example.window.window()).collect();
        let logits = network.forward(&windows, noise)?;
        // Of several classes the first counts, as in Keras.
        let counts = self.weights.as_ref().map(|weights| {
            let of = |example: &Example| example.classes.first().map_or(1.0, |&at| weights[at]);
            examples().map(of).collect::<Vec<f32>>()
        });
        let outputs = logits.dim(1)?;
        // A network may have an output for each of two classes where its model says one of them.
        if self.examples.kind != Classes::Any && outputs > 1 {
            let classes: Vec<u32> = examples().map(|example| example.classes[0] as u32).collect();
            let classes = Tensor::new(classes, self.device)?;
            return match counts {
                None => cross_entropy(&logits, &classes),
                Some(counts) => {
                    let counts = Tensor::new(counts, self.device)?;
                    weighted_cross_entropy(&logits, &classes, &counts)
                }
            };
        }
        // Of one output the first class is what it speaks of; of several each its own.
        let is_of =
            |example: &Example, class| f32::from(u8::from(example.classes.contains(&class)));
        let targets: Vec<f32> =
            examples().flat_map(|e| (0..outputs).map(move |class| is_of(e, class))).collect();
        let targets = Tensor::new(targets, self.device)?;
        match counts {
            None => binary_cross_entropy(&logits.flatten_all()?, &targets),
            Some(counts) => {
                let each: Vec<f32> =
                    counts.iter().flat_map(|&count| vec![count; outputs]).collect();
                let counts = Tensor::new(each, self.device)?;
                weighted_binary_cross_entropy(&logits.flatten_all()?, &targets, &counts)
            }
        }
    }

    fn validate(&self, model: &dyn Model, _: &[u8]) -> Result<Validation> {
        let scored = Scored::by(model, &self.examples, &self.split.validation)?;
        Ok(Validation { merit: -scored.loss(), figures: scored.figures() })
    }
}
