//! pysster (Budach & Marsico 2018, Bioinformatics): which protein binds an RNA, or any other class,
//! from its sequence and structure.
//!
//! Each nucleotide (or any other letter) is one letter of sequence x structure (index = structure
//! letters x base + structure), one-hot. Blocks of convolution, ReLU and max-pool follow, then
//! recurrent layers if there are any (LSTM or GRU, in one direction or both; the last gives the
//! outputs of its last step), then dense layers with ReLU and one output per class: softmax (one
//! class per sequence) or sigmoid (several). Features that go with a sequence are read by the first
//! dense layer, after all else. All sizes are free. See [`alphabet`] for letters that a model does
//! not know.

pub mod alphabet;
mod import;
pub mod plain;
mod weights;

use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, ArchitectureKind, LeftOpen, Recogniser};
use super::card::{ModelCard, Task};
use super::features::{Feature, width};
use super::weight_file::{Tensors, WeightFile};
use super::{Classes, Input, Length, Model, Output, Predictions, Window};
use crate::engine::cpu::activation::sigmoid;
use crate::engine::cpu::gated::{Cell, Gate, Gated};
use crate::engine::cpu::layers::{Activations, Conv, Dense, LetterConv, max_pool};
use crate::engine::device::Workers;
use crate::error::{Error, Result};
use alphabet::Alphabet;

/// Windows that are computed together: their activations stay in cache.
const BATCH: usize = 16;

/// The longest input: more would be no pysster model, but a damaged file.
pub const LONGEST: usize = 1 << 20;

/// Class probabilities.
pub const ARCHITECTURE: Architecture = Architecture {
    kind: ArchitectureKind::Pysster,
    name: "pysster",
    task: Task::Binding,
    licence: "MIT",
    source: "Budach & Marsico 2018, Bioinformatics 34:3035-3037",
    load,
    recognise: Recogniser::Keras(import::recognise),
    leaves_open: &[LeftOpen::Alphabet, LeftOpen::InputLength],
};

fn load(file: &WeightFile, card: ModelCard, _: &Workers) -> Result<Box<dyn Model>> {
    let config = file.config().map_err(|problem| Error::model(&card.name, problem))?;
    Ok(Box::new(Pysster::new(&config, &file.tensors, card)?))
}

/// How class scores become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Each sequence has one class.
    Softmax,
    /// Each sequence may have several.
    Sigmoid,
}

/// A max-pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    pub size: usize,
    pub stride: usize,
}

/// A recurrent layer; its units are those of its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrent {
    pub cell: Cell,
    #[serde(default)]
    pub gate: Gate,
    /// Whether it goes through the sequence in both directions.
    pub bidirectional: bool,
}

impl Recurrent {
    /// Returns the names of its directions in tensors.
    pub fn directions(self) -> &'static [&'static str] {
        if self.bidirectional { &["forward", "backward"] } else { &["forward"] }
    }
}

/// What the tensors do not tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Letters of the sequence, and of the structure after a comma: see [`Alphabet`].
    pub alphabet: String,
    /// Nucleotides of the input.
    pub length: usize,
    /// One for each convolution.
    pub pools: Vec<Pool>,
    /// Between the convolutions and the dense layers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recurrent: Vec<Recurrent>,
    /// Read by the first dense layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    pub output: Activation,
}

/// A loaded pysster model.
pub struct Pysster {
    card: ModelCard,
    outputs: Vec<Output>,
    alphabet: Alphabet,
    length: usize,
    first: LetterConv,
    convs: Vec<Conv>,
    pools: Vec<Pool>,
    recurrent: Vec<Gated>,
    features: Vec<Feature>,
    dense: Vec<Dense>,
    output: Activation,
}

impl Pysster {
    /// Loads a model from tensors: `conv.N.weight` (taps, inputs, kernels), `conv.N.bias`;
    /// `rnn.N.forward.input` (inputs, gates), `.recurrent` (units, gates), `.bias` and those of
    /// `backward`; `dense.N.weight` (inputs, outputs), `dense.N.bias`. The last dense layer gives
    /// the classes.
    ///
    /// # Errors
    /// If a tensor is missing, left over or of a shape that does not fit.
    pub fn new(config: &Config, tensors: &Tensors, card: ModelCard) -> Result<Self> {
        weights::build(config, tensors, &card).map_err(|problem| Error::model(&card.name, problem))
    }

    /// Returns one row of class probabilities per window.
    fn probabilities(&self, windows: &[Window<'_>]) -> Activations {
        let mut letters = Vec::with_capacity(windows.len() * self.length);
        windows.iter().for_each(|window| self.alphabet.encode(window, &mut letters));
        let mut values = self.first.run(&letters, windows.len());
        for (n, pool) in self.pools.iter().enumerate() {
            if let Some(conv) = n.checked_sub(1).and_then(|n| self.convs.get(n)) {
                values = conv.run(&values);
            }
            values = max_pool(&values, pool.size, pool.stride);
        }
        for layer in &self.recurrent {
            values = layer.run(&values);
        }
        if !self.features.is_empty() {
            values = with_features(&values, windows);
        }
        for layer in &self.dense {
            values = layer.run(&values);
        }
        let (across, classes) = (values.width(), values.channels);
        for row in values.values.chunks_exact_mut(across) {
            match self.output {
                Activation::Softmax => softmax(&mut row[..classes]),
                Activation::Sigmoid => row.iter_mut().for_each(|value| *value = sigmoid(*value)),
            }
        }
        values
    }
}

/// Flattens the values of each window and puts its features behind them.
fn with_features(values: &Activations, windows: &[Window<'_>]) -> Activations {
    let own = values.positions * values.channels;
    let features = windows.first().map_or(0, |window| window.features.len());
    let mut out = Activations::new(values.windows, 1, own + features);
    let width = out.width();
    let mut rows = values.rows();
    for (row, window) in out.values.chunks_exact_mut(width).zip(windows) {
        for place in row[..own].chunks_exact_mut(values.channels) {
            rows.next().into_iter().for_each(|values| place.copy_from_slice(values));
        }
        row[own..own + features].copy_from_slice(window.features);
    }
    out
}

fn softmax(values: &mut [f32]) {
    let highest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    values.iter_mut().for_each(|value| *value = (*value - highest).exp());
    let sum: f32 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= sum);
}

impl Model for Pysster {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        let structure = self.alphabet.structure().is_some();
        let features = width(&self.features);
        Input { length: Length::Exactly(self.length), anchor: self.length / 2, structure, features }
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn letters(&self) -> Option<&str> {
        self.alphabet.letters()
    }

    fn features(&self) -> &[Feature] {
        &self.features
    }

    fn classes(&self) -> Option<Classes> {
        Some(match (self.outputs.len(), self.output) {
            (1, _) => Classes::Two,
            (_, Activation::Softmax) => Classes::One,
            (_, Activation::Sigmoid) => Classes::Any,
        })
    }

    fn structure_letters(&self) -> Option<&str> {
        self.alphabet.structure()
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        self.input().check(&self.card.name, windows)?;
        let mut values = vec![Vec::with_capacity(windows.len()); self.outputs.len()];
        for batch in windows.chunks(BATCH) {
            for row in self.probabilities(batch).rows() {
                values.iter_mut().zip(row).for_each(|(class, value)| class.push(*value));
            }
        }
        Predictions { values }.check_finite(&self.card.name, windows.len())
    }
}
