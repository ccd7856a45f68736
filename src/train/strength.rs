//! `polyascan train strength`: log2 odds of usage, learned from APARENT2 on real and mutated
//! signals and from measured usage of the sites of genes.

pub mod config;
mod epoch;
pub mod example;
pub mod usage;

use std::path::Path;

use candle_core::{Device, Tensor};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::fit::{Task, Trainable, Validation};
use super::losses::squared_error;
use super::network::{Network, Noise};
use super::networks::NetworkConfig;
use super::recipe::Configuration;
use super::scan::sources::{check_hexamer, left_out, sequences};
use crate::engine::device::Workers;
use crate::error::{Error, Result};
use crate::evaluate::metrics::pearson;
use crate::evaluate::usage::Pair;
use crate::models::registry::load_file;
use crate::models::{Model, Predictions, Window};
use config::{StrengthTraining, Teacher, WindowSource};
use epoch::Epoch;
use example::Example;
use usage::{SHIFT, Usage};

/// Windows that the teacher or a model scores in one go.
const BATCH: usize = 64;

/// Counts of validation sites that differ more than so many times are ranked.
const FOLD: f64 = 8.0;

/// Indices of the teacher's outputs.
const NARROW: usize = 1;
const WIDE: usize = 2;

/// The data of a run, and the epoch at hand.
pub struct StrengthTask<'a> {
    config: &'a StrengthTraining,
    device: &'a Device,
    teacher: Box<dyn Model>,
    sources: Vec<Source>,
    usage: Vec<Usage>,
    epoch: Epoch,
    /// Pairs of an example and its mutated copy, and what the teacher says of them.
    validation: (Vec<Example>, Vec<f32>),
    validation_usage: Vec<Usage>,
}

/// A table's windows.
struct Source {
    config: WindowSource,
    rows: Vec<Vec<u8>>,
}

impl<'a> StrengthTask<'a> {
    /// Reads all data and asks the teacher of the validation windows.
    ///
    /// # Errors
    /// Data or a teacher that cannot be read, too few windows.
    pub fn new(config: &'a StrengthTraining, device: &'a Device) -> Result<Self> {
        let teacher = load_teacher(&config.teacher.model)?;
        let mut rng = ChaCha8Rng::seed_from_u64(config.model.seed);
        let (mut sources, mut validation) = (Vec::new(), Vec::new());
        for source in &config.windows {
            let path = config.file(&source.file);
            let mut rows = sequences(&path)?;
            check_hexamer(&path, rows.iter().map(Vec::len), source.hexamer)?;
            if let Some(table) = &source.leave_out {
                let left_out = left_out(&config.file(table), &path)?;
                let mut row = 0..;
                rows.retain(|_| row.next().is_some_and(|row| !left_out.contains(&row)));
            }
            if rows.len() <= config.validation.windows {
                let problem = format!("{} windows; more are held out", rows.len());
                return Err(Error::of_file(&path, problem));
            }
            rows.shuffle(&mut rng);
            for row in rows.split_off(rows.len() - config.validation.windows) {
                validation.extend(pair(Example::new(&row, source.hexamer), &mut rng));
            }
            sources.push(Source { config: source.clone(), rows });
        }
        let said = say(teacher.as_ref(), &validation, &config.teacher)?;
        let validation = (validation, said);
        let read = |sources: &[config::UsageSource]| -> Result<Vec<Usage>> {
            sources.iter().map(|source| Usage::read(source, config)).collect()
        };
        let (usage, validation_usage) = (read(&config.usage)?, read(&config.validation.usage)?);
        let epoch = Epoch::default();
        let task =
            Self { config, device, teacher, sources, usage, epoch, validation, validation_usage };
        // At once, not after an epoch of work: whether the data fill a batch.
        task.draw(0)?;
        Ok(task)
    }
}

impl Trainable for StrengthTraining {
    fn task<'a>(&'a self, device: &'a Device) -> Result<Box<dyn Task + 'a>> {
        Ok(Box::new(StrengthTask::new(self, device)?))
    }
}

impl Task for StrengthTask<'_> {
    fn begin(&mut self, number: usize, _: Option<&dyn Model>) -> Result<usize> {
        self.epoch = self.draw(number)?;
        Ok(self.epoch.steps(self.config.optimiser.batch))
    }

    fn loss(&self, step: usize, network: &dyn Network, noise: &mut Noise) -> Result<Tensor> {
        let examples = self.examples(step);
        let said = say(self.teacher.as_ref(), &examples, &self.config.teacher)?;
        let [least, most] = self.config.labels.distances;
        // A network of single windows sees the signal at one distance, drawn anew for each pair.
        let single = !matches!(self.config.network, NetworkConfig::DenseStrength(_));
        let windows: Vec<Window<'_>> = examples
            .chunks_exact(2)
            .flat_map(|pair| {
                let (least, most) = if single {
                    let distance = noise.rng.random_range(least..=most);
                    (distance, distance)
                } else {
                    (least, most)
                };
                pair.iter().map(move |example| Window::from(example.windows(least, most)))
            })
            .collect();
        let strengths = network.forward(&windows, noise)?.squeeze(2)?;
        let taught = loss(&strengths, said, self.config.labels.difference, self.device)?;
        let draws = self.epoch.usage_of(step, self.config.optimiser.batch);
        if draws.is_empty() {
            return Ok(taught);
        }
        let most = SHIFT as i64;
        let codes = draws.iter().flat_map(|(source, pair)| {
            let (first, last) = if single {
                let shift = noise.rng.random_range(-most..=most);
                (shift, shift)
            } else {
                (-most, most)
            };
            self.usage[*source].windows(pair, first, last)
        });
        let codes: Vec<Vec<u8>> = codes.collect();
        let windows: Vec<Window<'_>> = codes.iter().map(|codes| codes.as_slice().into()).collect();
        let strengths = network.forward(&windows, noise)?.squeeze(2)?;
        let pairs: Vec<Pair> = draws.iter().map(|(_, pair)| *pair).collect();
        let measured = usage::loss(&strengths, &pairs, self.config.labels.limit, self.device)?;
        Ok((taught + (measured * self.config.labels.usage)?)?)
    }

    fn validate(&self, model: &dyn Model, _: &[u8]) -> Result<Validation> {
        let (examples, said) = &self.validation;
        let [least, most] = self.config.labels.distances;
        let middle = least.midpoint(most);
        let windows = examples.iter().map(|example| example.windows(middle, middle));
        let found = predict(model, &windows.collect::<Vec<_>>())?;
        let found: Vec<f32> = found.into_iter().flat_map(|batch| batch.values.concat()).collect();
        let differences = |values: &[f32]| -> Vec<f32> {
            values.chunks_exact(2).map(|pair| pair[1] - pair[0]).collect()
        };
        let squared = |a: &[f32], b: &[f32]| {
            let pairs = a.iter().zip(b).map(|(&a, &b)| (f64::from(a), f64::from(b)));
            pearson(&pairs.collect::<Vec<_>>()).map(|r| r * r)
        };
        let strengths = squared(&found, said);
        let differences = squared(&differences(&found), &differences(said));
        let error = found.iter().zip(said).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        let mut figures = vec![
            ("r2_strength".into(), strengths),
            ("r2_difference".into(), differences),
            ("squared_error".into(), Some(error / said.len() as f64)),
        ];
        let mut merit = strengths.unwrap_or(0.0) + differences.unwrap_or(0.0);
        for (number, usage) in self.validation_usage.iter().enumerate() {
            let auroc = usage.agreement(model, FOLD)?.auroc;
            figures.push((format!("usage_auroc_{}", number + 1), auroc));
            merit += auroc.unwrap_or(0.0) / self.validation_usage.len() as f64;
        }
        Ok(Validation { merit, figures })
    }
}

fn pair(example: Example, rng: &mut ChaCha8Rng) -> [Example; 2] {
    let mutated = example.mutated(rng);
    [example, mutated]
}

/// Squared error of strengths (2 pairs x windows), and of the differences within pairs.
fn loss(strengths: &Tensor, said: Vec<f32>, difference: f64, device: &Device) -> Result<Tensor> {
    let (count, windows) = strengths.dims2()?;
    let targets = Tensor::from_vec(said, (count, 1), device)?.broadcast_as((count, windows))?;
    let ones = Tensor::ones(count * windows, strengths.dtype(), device)?;
    let error = squared_error(&strengths.flatten_all()?, &targets.flatten_all()?, &ones)?;
    let change = |t: &Tensor| -> Result<Tensor> {
        let pairs = t.reshape((count / 2, 2, windows))?;
        Ok((pairs.narrow(1, 1, 1)? - pairs.narrow(1, 0, 1)?)?.flatten_all()?)
    };
    let ones = ones.narrow(0, 0, count / 2 * windows)?;
    let change = squared_error(&change(strengths)?, &change(&targets.contiguous()?)?, &ones)?;
    Ok((error + (change * difference)?)?)
}

/// Loads the teacher, which must say the log-odds of APARENT2.
fn load_teacher(path: &Path) -> Result<Box<dyn Model>> {
    let model = load_file(path, &Workers::CPU)?;
    let outputs: Vec<&str> = model.outputs().iter().map(|output| output.name.as_str()).collect();
    match outputs.as_slice() {
        ["isoform_80_110", "logodds_narrow", "logodds_wide", ..] => Ok(model),
        _ => {
            let problem = "the teacher of strength is APARENT2; `polyascan convert` makes its file";
            Err(Error::model(path.display().to_string(), problem))
        }
    }
}

/// Returns what the teacher says of examples: log2 odds, narrow and wide mixed.
fn say(teacher: &dyn Model, examples: &[Example], how: &Teacher) -> Result<Vec<f32>> {
    let frames: Vec<&[u8]> = examples.iter().map(Example::frame).collect();
    let said = predict(teacher, &frames)?;
    let output =
        |index: usize| said.iter().flat_map(move |batch| batch.values[index].iter().copied());
    let target = |(narrow, wide): (f32, f32)| {
        let [narrow, wide] = [narrow, wide].map(|odds| with_floor(f64::from(odds), how.floor));
        (how.narrow * narrow + (1.0 - how.narrow) * wide) as f32
    };
    Ok(output(NARROW).zip(output(WIDE)).map(target).collect())
}

/// log2 odds from natural log-odds, with a floor under usage and its complement.
fn with_floor(log_odds: f64, floor: f64) -> f64 {
    let usage = 1.0 / (1.0 + (-log_odds).exp());
    let rest = 1.0 / (1.0 + log_odds.exp());
    ((usage + floor) / (rest + floor)).log2()
}

/// Returns what a model says of windows, batch by batch.
fn predict(model: &dyn Model, windows: &[&[u8]]) -> Result<Vec<Predictions>> {
    let batches = windows.par_chunks(BATCH).map(|batch| {
        let batch: Vec<Window<'_>> = batch.iter().map(|&codes| Window::from(codes)).collect();
        model.predict(&batch)
    });
    batches.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_become_base_2_and_have_a_floor() {
        assert!((with_floor(2f64.ln(), 0.0) - 1.0).abs() < 1e-12);
        assert!((with_floor(-50.0, 0.01) - (0.01f64 / 1.01).log2()).abs() < 1e-9);
        assert!((with_floor(1.5, 0.003) + with_floor(-1.5, 0.003)).abs() < 1e-12);
    }

    #[test]
    fn the_loss_counts_strengths_and_their_differences() {
        let device = Device::Cpu;
        let strengths = Tensor::new(&[[1f32, 1.0], [3.0, 2.0]], &device).unwrap();
        let value = |difference| {
            let loss = loss(&strengths, vec![1.0, 2.0], difference, &device).unwrap();
            loss.to_scalar::<f32>().unwrap()
        };
        // Errors 0, 0, 1, 0; differences 2 and 1 where the teacher says 1.
        assert!((value(0.0) - 0.25).abs() < 1e-6);
        assert!((value(2.0) - (0.25 + 2.0 * 0.5)).abs() < 1e-6);
    }
}
