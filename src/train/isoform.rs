//! `polyascan train isoform`: where along a reporter's RNA it is cleaved, and which share of it
//! (Linder et al. 2022).

pub mod config;
pub mod examples;

use std::collections::BTreeMap;

use candle_core::{D, Device, Tensor};
use candle_nn::ops::log_softmax;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::artifacts;
use super::classes::split::{Split, share};
use super::fit::{Task, Trainable, Validation};
use super::losses::kl_divergence;
use super::network::{Network, Noise};
use super::networks::NetworkConfig;
use super::recipe::Configuration;
use crate::error::{Error, Result};
use crate::evaluate::metrics::{mean, pearson, spearman};
use crate::models::aparent2::ISOFORM;
use crate::models::aparent2::weights::LENGTH;
use crate::models::weight_file;
use crate::models::{Model, Window};
use config::{ExampleFile, IsoformTraining};
use examples::{Example, Target, read};

/// Frames that a model scores in one go.
const BATCH: usize = 16;
/// Probabilities are no less in a divergence: as in Keras.
const LEAST: f64 = 1e-7;

/// The data of a run, and the epoch at hand.
pub struct IsoformTask<'a> {
    config: &'a IsoformTraining,
    device: &'a Device,
    examples: Vec<Example>,
    split: Split,
    /// The epoch's training examples, in order.
    order: Vec<usize>,
}

impl<'a> IsoformTask<'a> {
    /// Reads all data.
    ///
    /// # Errors
    /// Data that cannot be read or do not fill a batch.
    pub fn new(config: &'a IsoformTraining, device: &'a Device) -> Result<Self> {
        let NetworkConfig::Aparent2(network) = &config.network else {
            return Err(Error::Internal("isoforms are learned by aparent2 alone".into()));
        };
        let read_all = |files: &[ExampleFile]| -> Result<Vec<Example>> {
            let all = files.iter().map(|f| read(&config.file(&f.file), f.hexamer, network.library));
            Ok(all.collect::<Result<Vec<_>>>()?.concat())
        };
        let mut examples = read_all(&config.examples)?;
        let held_out = read_all(&config.validation.examples)?;
        let split = if held_out.is_empty() {
            share(&vec![0; examples.len()], config.validation.share(), config.model.seed)
        } else {
            let first = examples.len();
            examples.extend(held_out);
            Split {
                training: (0..first).collect(),
                validation: (first..examples.len()).collect(),
                test: Vec::new(),
            }
        };
        let (training, batch) = (split.training.len(), config.optimiser.batch);
        if training < batch || split.validation.is_empty() {
            let problem = format!(
                "{training} examples train and {} validate; a batch has {batch}: lower it or add data",
                split.validation.len()
            );
            return Err(Error::model(&config.model.name, problem));
        }
        Ok(Self { config, device, examples, split, order: Vec::new() })
    }
}

impl Trainable for IsoformTraining {
    fn task<'a>(&'a self, device: &'a Device) -> Result<Box<dyn Task + 'a>> {
        Ok(Box::new(IsoformTask::new(self, device)?))
    }
}

impl Task for IsoformTask<'_> {
    fn begin(&mut self, number: usize, _: Option<&dyn Model>) -> Result<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.config.model.seed);
        rng.set_stream(1 + number as u64);
        self.order.clone_from(&self.split.training);
        self.order.shuffle(&mut rng);
        // Batches are whole: norms are by the batch.
        Ok(self.order.len() / self.config.optimiser.batch)
    }

    fn loss(&self, step: usize, network: &dyn Network, noise: &mut Noise) -> Result<Tensor> {
        let batch = self.config.optimiser.batch;
        let order = &self.order[step * batch..(step + 1) * batch];
        let mut moved = || self.config.shift.as_ref().map_or(0, |shift| shift.draw(&mut noise.rng));
        let examples = order.iter().map(|&index| &self.examples[index]);
        let (frames, targets): (Vec<Vec<u8>>, Vec<Target>) =
            examples.clone().map(|example| example.frame(moved())).unzip();
        let libraries: Vec<u32> = examples.map(|example| example.library as u32).collect();
        let windows: Vec<Window<'_>> = frames.iter().map(|codes| codes.as_slice().into()).collect();
        let logits = network.forward(&windows, noise)?;
        let places = logits.dim(1)?;
        let libraries = Tensor::from_vec(libraries, (batch, 1, 1), self.device)?;
        let libraries = libraries.broadcast_as((batch, places, 1))?.contiguous()?;
        self.divergence(&logits.gather(&libraries, 2)?.squeeze(2)?, &targets)
    }

    fn validate(&self, _: &dyn Model, weights: &[u8]) -> Result<Validation> {
        let mut of_library: BTreeMap<usize, Vec<&Example>> = BTreeMap::new();
        for &index in &self.split.validation {
            let example = &self.examples[index];
            of_library.entry(example.library).or_default().push(example);
        }
        let mut scored = Scored::default();
        for (library, examples) in of_library {
            scored.add(self.model_of(library, weights)?.as_ref(), &examples)?;
        }
        let [isoform, cuts] = [mean(&scored.isoform), mean(&scored.cuts)];
        let loss = self.config.loss.isoform * isoform.unwrap_or(0.0)
            + self.config.loss.cuts * cuts.unwrap_or(0.0);
        let figures = [
            ("validation_loss", Some(loss)),
            ("kl_isoform", isoform),
            ("kl_cuts", cuts),
            ("isoform_pearson", pearson(&scored.shares)),
            ("isoform_spearman", spearman(&scored.shares)),
        ];
        let figures = figures.map(|(name, figure)| (name.to_owned(), figure)).into();
        Ok(Validation { merit: -loss, figures })
    }
}

impl IsoformTask<'_> {
    /// The loss of logits (n x 206): the two divergences by their weights, each the mean of the
    /// examples that were measured so.
    fn divergence(&self, logits: &Tensor, targets: &[Target]) -> Result<Tensor> {
        let count = targets.len();
        let mut total = (logits.sum_all()? * 0.0)?;
        let log = log_softmax(logits, D::Minus1)?;
        let weights = |measured: &dyn Fn(&Target) -> bool| -> Vec<f32> {
            targets.iter().map(|target| f32::from(u8::from(measured(target)))).collect()
        };
        let tensor = |values: Vec<f32>, width: usize| -> Result<Tensor> {
            Ok(Tensor::from_vec(values, (count, width), self.device)?)
        };
        let cut = weights(&|target| target.cuts.is_some());
        if self.config.loss.cuts > 0.0 && cut.contains(&1.0) {
            let none = vec![0.0; LENGTH + 1];
            let cuts = targets.iter().flat_map(|target| target.cuts.as_ref().unwrap_or(&none));
            let cuts = tensor(cuts.copied().collect(), LENGTH + 1)?;
            let cut = Tensor::from_vec(cut, count, self.device)?;
            total = (total + (kl_divergence(&log, &cuts, &cut)? * self.config.loss.cuts)?)?;
        }
        let shared = weights(&|target| target.isoform.is_some());
        if self.config.loss.isoform > 0.0 && shared.contains(&1.0) {
            let shares = targets.iter().map(|target| target.isoform.unwrap_or(0.5));
            let shares = tensor(shares.flat_map(|share| [share, 1.0 - share]).collect(), 2)?;
            let shared = Tensor::from_vec(shared, count, self.device)?;
            let part = kl_divergence(&in_and_out(&log)?, &shares, &shared)?;
            total = (total + (part * self.config.loss.isoform)?)?;
        }
        Ok(total)
    }

    /// Returns the model of a weight file that predicts with the bias of a library.
    fn model_of(&self, library: usize, weights: &[u8]) -> Result<Box<dyn Model>> {
        let mut config = self.config.clone();
        if let NetworkConfig::Aparent2(network) = &mut config.network {
            network.library = library;
        }
        let internal = |e| Error::Internal(format!("weights: {e}"));
        let tensors = weight_file::decode(weights).map_err(internal)?.tensors;
        artifacts::build(&config, &artifacts::encode(&config, tensors)?)
    }
}

/// Returns the logarithms of what lies within an isoform's range and of the rest, n x 2, of those of
/// all places (n x 206).
fn in_and_out(log: &Tensor) -> Result<Tensor> {
    let within = log.narrow(1, ISOFORM.start, ISOFORM.len())?.log_sum_exp(1)?;
    let before = log.narrow(1, 0, ISOFORM.start)?;
    let behind = log.narrow(1, ISOFORM.end, log.dim(1)? - ISOFORM.end)?;
    let outside = Tensor::cat(&[before, behind], 1)?.log_sum_exp(1)?;
    Ok(Tensor::stack(&[within, outside], 1)?)
}

/// What a model says of examples, against what was measured.
#[derive(Default)]
struct Scored {
    /// Divergences.
    isoform: Vec<f64>,
    cuts: Vec<f64>,
    /// Shares predicted and measured.
    shares: Vec<(f64, f64)>,
}

impl Scored {
    fn add(&mut self, model: &dyn Model, examples: &[&Example]) -> Result<()> {
        let (frames, targets): (Vec<Vec<u8>>, Vec<Target>) =
            examples.iter().map(|example| example.frame(0)).unzip();
        let said = frames.par_chunks(BATCH).map(|frames| {
            let windows: Vec<Window<'_>> =
                frames.iter().map(|codes| codes.as_slice().into()).collect();
            let cut = model.predict(&windows)?.values.pop();
            cut.ok_or_else(|| Error::Internal("an isoform model has no output".into()))
        });
        let said = said.collect::<Result<Vec<_>>>()?.concat();
        for (said, target) in said.chunks_exact(LENGTH + 1).zip(&targets) {
            let term = |target: f32, said: f64| {
                let target = f64::from(target);
                if target > 0.0 { target * (target / said.clamp(LEAST, 1.0)).ln() } else { 0.0 }
            };
            if let Some(cuts) = &target.cuts {
                let terms = cuts.iter().zip(said).map(|(&cut, &said)| term(cut, said.into()));
                self.cuts.push(terms.sum());
            }
            if let Some(share) = target.isoform {
                let within: f64 = said[ISOFORM].iter().map(|&p| f64::from(p)).sum();
                self.isoform.push(term(share, within) + term(1.0 - share, 1.0 - within));
                self.shares.push((within, share.into()));
            }
        }
        Ok(())
    }
}
