//! DeepRKE: whether a protein binds an RNA, from embeddings of its sequence and structure k-mers
//! (Deng et al., BMC Genomics 2020, 21(Suppl 13):866). See docs/models/deeprke.md.
//!
//! Each sequence is convolved by itself and the LSTM stops at each sequence's own end, so that a
//! sequence's result depends, to the bit, on nothing else that is scored with it.

pub mod config;
mod convolutions;
#[cfg(any(test, feature = "testing"))]
pub mod random;
mod recurrent;
#[cfg(test)]
mod tests;
pub mod weights;
pub mod words;

use std::collections::BTreeMap;

use super::architecture::{Architecture, ArchitectureKind, Recogniser};
use super::card::{ModelCard, Task};
use super::weight_file::{self, FORMAT_VERSION, Tensors, WeightFile};
use super::{Classes, Input, Length, Model, Output, Predictions, Window, check_finite};
use crate::engine::cpu::activation::sigmoid;
use crate::engine::device::Workers;
use crate::error::{Error, Problem, Result, WindowPlace};
use config::Config;
use convolutions::{Modules, Scratch};
use recurrent::Recurrent;
use words::BASES;

/// Sequences that go through the LSTM together.
const BATCH: usize = 64;

/// The architecture's entry.
pub const ARCHITECTURE: Architecture = Architecture {
    kind: ArchitectureKind::Deeprke,
    name: "deeprke",
    task: Task::Binding,
    licence: "",
    source: "Deng et al., BMC Genomics 2020, 21(Suppl 13):866, doi:10.1186/s12864-020-07239-w",
    load,
    recognise: Recogniser::Unpublished,
    leaves_open: &[],
};

fn load(file: &WeightFile, card: ModelCard, _workers: &Workers) -> Result<Box<dyn Model>> {
    let config = file.config().map_err(|problem| Error::model(&card.name, problem))?;
    Ok(Box::new(DeepRke::new(config, &file.tensors, card)?))
}

/// Returns what a network of these sizes reads.
pub fn input(config: &Config) -> Input {
    let longest = config.max_length;
    Input {
        length: Length::Between(config.shortest().unwrap_or(longest), longest),
        anchor: 0,
        structure: config.structure.is_some(),
        features: 0,
    }
}

/// A loaded DeepRKE model.
pub struct DeepRke {
    card: ModelCard,
    config: Config,
    outputs: [Output; 1],
    modules: Modules,
    recurrent: Recurrent,
}

impl DeepRke {
    /// Builds the model from its tensors ([`weights`]).
    ///
    /// # Errors
    /// If the sizes make no network, or a tensor is missing, left over, of another shape or not
    /// finite.
    pub fn new(config: Config, tensors: &Tensors, card: ModelCard) -> Result<Self> {
        weights::check(&config, tensors).map_err(|problem| Error::model(&card.name, problem))?;
        Ok(Self {
            card,
            outputs: [Output::new("p_bound", 1)],
            modules: Modules::new(&config, tensors),
            recurrent: Recurrent::new(&config, tensors),
            config,
        })
    }

    /// Returns the words of each track.
    fn words(&self, window: &Window<'_>) -> Vec<Vec<Option<usize>>> {
        let k = self.config.k;
        let mut words = vec![words::words(window.codes, k, BASES.len()).collect()];
        if let (Some(_), Some(labels)) = (&self.config.structure, window.structure) {
            let codes = self.config.labels.codes(labels);
            words.push(words::words(&codes, k, self.config.labels.alphabet().len()).collect());
        }
        words
    }
}

impl Model for DeepRke {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        input(&self.config)
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn classes(&self) -> Option<Classes> {
        Some(Classes::Two)
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        self.input().check(&self.card.name, windows)?;
        let mut scratch = Scratch::default();
        let mut bound = Vec::with_capacity(windows.len());
        for batch in windows.chunks(BATCH) {
            let mut features = Vec::new();
            let mut steps = Vec::with_capacity(batch.len());
            for window in batch {
                features.extend_from_slice(self.modules.run(&self.words(window), &mut scratch));
                steps.push(self.config.steps(window.codes.len()));
            }
            let logits = self.recurrent.run(&features, &steps);
            let width = logits.len() / batch.len();
            check_finite(&self.card.name, logits.chunks_exact(width))
                .map_err(|e| e.at_window(|at| WindowPlace::Number(bound.len() + at)))?;
            bound.extend(logits.into_iter().map(sigmoid));
        }
        Ok(Predictions { values: vec![bound] })
    }
}

/// Returns the bytes of a weight file.
///
/// # Errors
/// If the sizes make no network or the tensors are not those of the network.
pub fn encode(config: &Config, tensors: &Tensors) -> std::result::Result<Vec<u8>, Problem> {
    weights::check(config, tensors)?;
    let sizes = serde_json::to_string(config).map_err(|e| e.to_string())?;
    let metadata = BTreeMap::from([
        ("architecture", ARCHITECTURE.name),
        ("task", ARCHITECTURE.task.name()),
        ("config", &sizes),
        ("format_version", FORMAT_VERSION),
    ]);
    weight_file::encode(tensors, &metadata).map_err(|e| e.to_string().into())
}
