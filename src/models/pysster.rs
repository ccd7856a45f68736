//! pysster (Budach & Marsico 2018, Bioinformatics): which protein binds an RNA, or any other class,
//! from its sequence and structure.
//!
//! Each nucleotide is one letter of sequence x structure (index = structure letters x base +
//! structure), one-hot. Blocks of convolution, ReLU and max-pool follow, then dense layers with
//! ReLU and one output per class: softmax (one class per sequence) or sigmoid (several). All sizes
//! are free. See [`alphabet`] for letters that a model does not know.

pub mod alphabet;
mod import;

use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, ArchitectureKind, LeftOpen, Recogniser};
use super::card::{ModelCard, Task};
use super::weight_file::{Reader, Tensors, WeightFile};
use super::{Input, Length, Model, Output, Predictions, Window};
use crate::engine::cpu::activation::sigmoid;
use crate::engine::cpu::layers::{Activations, Conv, Dense, LetterConv, max_pool, pooled};
use crate::engine::device::Workers;
use crate::error::{Error, Problem, Result};
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

/// What the tensors do not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Letters of the sequence, and of the structure after a comma: see [`Alphabet`].
    pub alphabet: String,
    /// Nucleotides of the input.
    pub length: usize,
    /// One for each convolution.
    pub pools: Vec<Pool>,
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
    dense: Vec<Dense>,
    output: Activation,
}

impl Pysster {
    /// Loads a model from tensors: `conv.N.weight` (taps, inputs, kernels), `conv.N.bias`,
    /// `dense.N.weight` (inputs, outputs), `dense.N.bias`; the last dense layer gives the classes.
    ///
    /// # Errors
    /// If a tensor is missing, left over or of a shape that does not fit.
    pub fn new(config: &Config, tensors: &Tensors, card: ModelCard) -> Result<Self> {
        Self::build(config, tensors, &card)
            .map(|model| Self { card: card.clone(), ..model })
            .map_err(|problem| Error::model(&card.name, problem))
    }

    fn build(
        config: &Config,
        tensors: &Tensors,
        card: &ModelCard,
    ) -> std::result::Result<Self, Problem> {
        let alphabet = Alphabet::new(&config.alphabet)?;
        if config.length > LONGEST {
            return Err(
                format!("it reads {} nt; at most {LONGEST} are supported", config.length).into()
            );
        }
        let mut reader = Reader::new(tensors);
        let (mut first, mut convs) = (None, Vec::new());
        let (mut positions, mut channels) = (config.length, alphabet.channels());
        for (n, pool) in config.pools.iter().enumerate() {
            let (weight, bias, taps) = conv(&mut reader, n, channels)?;
            match n {
                0 => first = Some(LetterConv::new(&weight, taps, channels, &bias)),
                _ => convs.push(Conv::new(&weight, taps, channels, &bias)),
            }
            if pool.size == 0 || pool.stride == 0 {
                return Err(
                    format!("pool {n} has size {} and stride {}", pool.size, pool.stride).into()
                );
            }
            positions = pooled((positions + 1).saturating_sub(taps), pool.size, pool.stride);
            channels = bias.len();
            if positions == 0 {
                return Err(
                    format!("{} nt are too short for convolution {n}", config.length).into()
                );
            }
        }
        let first = first.ok_or("it has no convolution")?;
        let mut inputs = positions * channels;
        let layers = (0..).take_while(|n| reader.has(&format!("dense.{n}.weight"))).count();
        let mut dense = Vec::new();
        for n in 0..layers {
            let outputs = reader.shape(&format!("dense.{n}.bias"), 1)?[0];
            let weight = reader.take(&format!("dense.{n}.weight"), &[inputs, outputs])?;
            let bias = reader.take(&format!("dense.{n}.bias"), &[outputs])?;
            dense.push(Dense::new(&weight, &bias, n + 1 < layers));
            inputs = outputs;
        }
        if dense.is_empty() {
            return Err("it has no dense layer".into());
        }
        reader.finish(ARCHITECTURE.name)?;
        Ok(Self {
            card: card.clone(),
            outputs: (0..inputs).map(|class| Output::new(format!("class_{class}"), 1)).collect(),
            alphabet,
            length: config.length,
            first,
            convs,
            pools: config.pools.clone(),
            dense,
            output: config.output,
        })
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
        for layer in &self.dense {
            values = layer.run(&values);
        }
        let (width, classes) = (values.width(), values.channels);
        for row in values.values.chunks_exact_mut(width) {
            match self.output {
                Activation::Softmax => softmax(&mut row[..classes]),
                Activation::Sigmoid => row.iter_mut().for_each(|value| *value = sigmoid(*value)),
            }
        }
        values
    }
}

/// Takes the kernel and bias of convolution `n`, and returns its number of taps too.
fn conv(
    reader: &mut Reader<'_>,
    n: usize,
    channels: usize,
) -> std::result::Result<(Vec<f32>, Vec<f32>, usize), Problem> {
    let name = format!("conv.{n}.weight");
    let shape = reader.shape(&name, 3)?;
    let (taps, kernels) = (shape[0], shape[2]);
    let weight = reader.take(&name, &[taps, channels, kernels])?;
    let bias = reader.take(&format!("conv.{n}.bias"), &[kernels])?;
    Ok((weight, bias, taps))
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
        Input { length: Length::Exactly(self.length), anchor: self.length / 2, structure }
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
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
