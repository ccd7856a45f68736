//! Networks on trial: started, trained and written as `fit` does it, without a task's data.

use std::path::Path;

use candle_core::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::{Model, Window};
use crate::structure::LABELS;
use crate::train::artifacts;
use crate::train::losses::{binary_cross_entropy, cross_entropy};
use crate::train::network::{Network, Noise};
use crate::train::networks::NetworkConfig;
use crate::train::recipe::{Configuration, Identity, Recipe, from_value};
use crate::train::weights::Weights;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    pub model: Identity,
    pub network: NetworkConfig,
    pub optimiser: Recipe,
}

impl Configuration for Trial {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, Problem)> {
        Ok(())
    }
}

/// A sequence and its structure labels.
#[derive(Clone, Debug)]
pub struct Rna {
    pub codes: Vec<u8>,
    pub labels: Vec<u8>,
    pub features: Vec<f32>,
}

impl Rna {
    pub fn window(&self) -> Window<'_> {
        Window { codes: &self.codes, structure: Some(&self.labels), features: &self.features }
    }
}

/// RNAs of these lengths; one base in twenty is unknown.
pub fn rnas(lengths: &[usize], seed: u64) -> Vec<Rna> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rna = |&nt: &usize| Rna {
        codes: (0..nt).map(|_| (rng.random_range(0..20u8) + 1).min(20) % 5).collect(),
        labels: (0..nt).map(|_| LABELS[rng.random_range(0..LABELS.len())]).collect(),
        features: Vec::new(),
    };
    lengths.iter().map(&mut rna).collect()
}

pub fn windows(rnas: &[Rna]) -> Vec<Window<'_>> {
    rnas.iter().map(Rna::window).collect()
}

pub fn silent() -> Noise {
    Noise::new(ChaCha8Rng::seed_from_u64(1), 0.0)
}

pub fn values(logits: &Tensor) -> Vec<Vec<f32>> {
    logits.to_vec2().unwrap()
}

/// Softmax.
pub fn probabilities(logits: &[f32]) -> Vec<f32> {
    let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
    logits.iter().map(|logit| logit.exp() / sum).collect()
}

impl Trial {
    /// Reads the table `[network]`.
    pub fn read(network: &str) -> Result<Self, Problem> {
        let text = format!(
            "[model]\nname = \"trial\"\ndescription = \"\"\nseed = 7\n\
             [optimiser]\nepochs = 1\nbatch = 64\nlearning_rate = 0.003\nschedule = \"constant\"\n\
             [network]\n{network}"
        );
        let value = toml::from_str(&text).map_err(|e| e.to_string())?;
        from_value(Path::new("trial.toml"), value, None).map_err(|e| e.to_string().into())
    }

    pub fn new(network: &str) -> Self {
        Self::read(network).unwrap()
    }

    pub fn start(&self) -> (Box<dyn Network>, Weights) {
        Weights::start(&self.network, &self.optimiser, self.model.seed, None, &Device::Cpu).unwrap()
    }

    /// Returns the model of the weights' file.
    pub fn model(&self, weights: &Weights) -> Box<dyn Model> {
        let file = artifacts::encode(self, weights.averaged().unwrap()).unwrap();
        artifacts::build(self, &file).unwrap()
    }

    /// Makes steps on one batch; returns the last loss.
    pub fn learn(
        &self,
        (network, weights): (&dyn Network, &mut Weights),
        rnas: &[Rna],
        classes: &[u32],
        steps: usize,
    ) -> f32 {
        let windows = windows(rnas);
        let first: Vec<f32> =
            classes.iter().map(|&class| f32::from(u8::from(class == 0))).collect();
        let first = Tensor::new(first, &Device::Cpu).unwrap();
        let classes = Tensor::new(classes, &Device::Cpu).unwrap();
        let mut last = f32::NAN;
        for _ in 0..steps {
            let logits = network.forward(&windows, &mut silent()).unwrap();
            // One logit is that of the first of two classes.
            let loss = match logits.dim(1).unwrap() {
                1 => binary_cross_entropy(&logits.squeeze(1).unwrap(), &first).unwrap(),
                _ => cross_entropy(&logits, &classes).unwrap(),
            };
            weights.descend(&loss, &self.optimiser, steps).unwrap();
            last = loss.to_scalar().unwrap();
        }
        last
    }
}

/// Returns 64 RNAs with classes that only their structure tells: each sequence is there with two
/// structures, one of each class.
pub fn two_structures_each(nt: usize) -> (Vec<Rna>, Vec<u32>) {
    let first = rnas(&[nt; 32], 3);
    let second = rnas(&[nt; 32], 4);
    let pair = |(first, second): (Rna, Rna)| [Rna { codes: first.codes.clone(), ..second }, first];
    (first.into_iter().zip(second).flat_map(pair).collect(), [1, 0].repeat(32))
}
