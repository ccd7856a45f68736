//! `pysster` under training.

#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::layers::{Affine, NO_ROW, Taps, sum_rows};
use crate::engine::cpu::gated::{Cell, Gate};
use crate::engine::cpu::layers::pooled;
use crate::error::{Error, Problem, Result};
use crate::models::architecture::Architecture;
use crate::models::features::{Feature, width};
use crate::models::pysster::alphabet::Alphabet;
use crate::models::pysster::plain::{self, Direction, Kind};
use crate::models::pysster::{ARCHITECTURE, Activation, Config, LONGEST, Pool, Recurrent};
use crate::models::{Input, Length, Window};
use crate::train::network::{Network, Noise, Start, Starter, TrainingForm};

/// Most kernels, taps, units or classes: far above any use, and products cannot overflow.
const LARGEST: usize = 1 << 20;

/// Sizes and dropout; what may be left out is as pysster has it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PyssterConfig {
    /// Letters of the sequence, and of the structure after a comma: see [`Alphabet`].
    #[serde(default = "letters")]
    pub alphabet: String,
    /// Nucleotides of every sequence.
    pub length: usize,
    /// Outputs.
    pub classes: usize,
    #[serde(default = "softmax")]
    pub output: Activation,
    /// Units of the dense layers before the last.
    #[serde(default = "dense")]
    pub dense: Vec<usize>,
    #[serde(default)]
    pub dropout: Dropout,
    /// Most that the length of the weights of convolutions, recurrent inputs and hidden dense layers
    /// may be over their first dimension; 0: any.
    #[serde(default = "max_norm")]
    pub max_norm: f64,
    #[serde(default = "convolutions")]
    pub convolutions: Vec<Convolution>,
    /// Between the convolutions and the dense layers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recurrent: Vec<RecurrentLayer>,
    /// What goes with each sequence beside its letters, read by the first dense layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<FeatureColumn>,
}

/// A recurrent layer; what may be left out is as pysster has it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RecurrentLayer {
    pub cell: Cell,
    /// Of each direction.
    #[serde(default = "units")]
    pub units: usize,
    #[serde(default = "both")]
    pub bidirectional: bool,
    #[serde(default)]
    pub gate: Gate,
    /// Share of its inputs dropped, the same ones at every step.
    #[serde(default = "input_dropout")]
    pub dropout: f64,
    /// The same of its outputs where it reads them again.
    #[serde(default)]
    pub recurrent_dropout: f64,
}

fn units() -> usize {
    32
}

fn both() -> bool {
    true
}

fn input_dropout() -> f64 {
    0.2
}

/// A column of the files of features.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureColumn {
    pub name: String,
    /// Whether the mean is taken off and the rest divided by the standard deviation; both are those
    /// of all examples, unless `standard` says them.
    pub standardize: bool,
    /// Whether its values are names; `categories` lists them, or they are those of all examples.
    pub categorical: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard: Option<[f64; 2]>,
}

impl FeatureColumn {
    /// Returns what the weight file says of it.
    pub fn feature(&self) -> Feature {
        let Self { name, categories, standard, .. } = self.clone();
        Feature { name, categories, standard }
    }

    /// Returns whether the examples must say more of it.
    pub fn is_open(&self) -> bool {
        self.standardize && self.standard.is_none()
            || self.categorical && self.categories.is_empty()
    }
}

/// A convolution, ReLU, and the max-pool after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    pub kernels: usize,
    /// Nucleotides (later: pools) that a kernel sees.
    pub width: usize,
    #[serde(default = "two")]
    pub pool: usize,
    #[serde(default = "two")]
    pub stride: usize,
}

/// Shares of values dropped.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dropout {
    /// Of letters.
    pub input: f64,
    /// After a max-pool.
    pub convolution: f64,
    /// After a dense layer.
    pub dense: f64,
}

impl Default for Dropout {
    fn default() -> Self {
        Self { input: 0.1, convolution: 0.3, dense: 0.6 }
    }
}

fn letters() -> String {
    "ACGU,HIMS".into()
}

fn max_norm() -> f64 {
    3.0
}

fn softmax() -> Activation {
    Activation::Softmax
}

fn dense() -> Vec<usize> {
    vec![100]
}

fn convolutions() -> Vec<Convolution> {
    vec![Convolution { kernels: 30, width: 25, pool: 2, stride: 2 }; 2]
}

fn two() -> usize {
    2
}

impl PyssterConfig {
    /// Returns what the weight file says of the sizes.
    pub fn in_file(&self) -> Config {
        let pool = |layer: &Convolution| Pool { size: layer.pool, stride: layer.stride };
        Config {
            alphabet: self.alphabet.clone(),
            length: self.length,
            pools: self.convolutions.iter().map(pool).collect(),
            recurrent: self.recurrent.iter().map(RecurrentLayer::in_file).collect(),
            features: self.features.iter().map(FeatureColumn::feature).collect(),
            output: self.output,
        }
    }

    /// Returns what the model reads.
    fn input(&self, alphabet: &Alphabet) -> Input {
        let features: Vec<Feature> = self.features.iter().map(FeatureColumn::feature).collect();
        Input {
            length: Length::Exactly(self.length),
            anchor: self.length / 2,
            structure: alphabet.structure().is_some(),
            features: width(&features),
        }
    }

    /// Returns the positions that the convolutions leave.
    fn positions(&self) -> usize {
        self.convolutions.iter().fold(self.length, |positions, layer| {
            pooled((positions + 1).saturating_sub(layer.width), layer.pool, layer.stride)
        })
    }
}

impl TrainingForm for PyssterConfig {
    fn architecture(&self) -> &'static Architecture {
        &ARCHITECTURE
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        Alphabet::new(&self.alphabet)?;
        let mut sizes = vec![("length", self.length, LONGEST), ("classes", self.classes, LARGEST)];
        sizes.extend(self.dense.iter().map(|&units| ("dense", units, LARGEST)));
        for layer in &self.convolutions {
            let Convolution { kernels, width, pool, stride } = *layer;
            let own = [("kernels", kernels), ("width", width), ("pool", pool), ("stride", stride)];
            sizes.extend(own.map(|(name, size)| (name, size, LARGEST)));
        }
        sizes.extend(self.recurrent.iter().map(|layer| ("units", layer.units, LARGEST)));
        if let Some((name, size, most)) = sizes.iter().find(|(_, n, most)| !(1..=*most).contains(n))
        {
            return Err(format!("{name} = {size}: must be 1 to {most}").into());
        }
        if self.convolutions.is_empty() {
            return Err("convolutions: one is needed".into());
        }
        if self.positions() == 0 {
            let problem = "is too short: the convolutions and pools leave nothing";
            return Err(format!("length = {} {problem}", self.length).into());
        }
        if self.output == Activation::Softmax && self.classes < 2 {
            return Err("classes = 1: softmax needs 2 or more".into());
        }
        if !(self.max_norm.is_finite() && self.max_norm >= 0.0) {
            return Err(format!("max_norm = {}: must be 0 or more", self.max_norm).into());
        }
        for column in &self.features {
            column.feature().check()?;
            if column.categorical == column.categories.is_empty() && !column.is_open() {
                return Err(
                    format!("feature {:?}: categories need categorical", column.name).into()
                );
            }
        }
        let Dropout { input, convolution, dense } = self.dropout;
        let recurrent =
            self.recurrent.iter().flat_map(|layer| [layer.dropout, layer.recurrent_dropout]);
        let shares: Vec<f64> = recurrent.chain([input, convolution, dense]).collect();
        match shares.iter().find(|share| !(0.0..1.0).contains(*share)) {
            Some(share) => Err(format!("dropout {share}: must be 0 or more and below 1").into()),
            None => Ok(()),
        }
    }

    fn sizes(&self) -> serde_json::Result<Option<String>> {
        serde_json::to_string(&self.in_file()).map(Some)
    }

    fn head(&self) -> &'static [&'static str] {
        &["dense."]
    }

    fn max_norm(&self, name: &str) -> Option<f64> {
        let output = format!("dense.{}.weight", self.dense.len());
        let is_kernel = name.ends_with(".weight") || name.ends_with(".input");
        (self.max_norm > 0.0 && is_kernel && name != output).then_some(self.max_norm)
    }

    fn has_own_dropout(&self) -> bool {
        true
    }

    fn build(&self, start: &mut Starter<'_>, _device: &Device) -> Result<Box<dyn Network>> {
        Ok(Box::new(PyssterNet::start(self, start)?))
    }
}

/// The network.
pub struct PyssterNet {
    config: PyssterConfig,
    alphabet: Alphabet,
    convolutions: Vec<Affine>,
    recurrent: Vec<Vec<Direction>>,
    dense: Vec<Affine>,
}

impl RecurrentLayer {
    fn in_file(&self) -> Recurrent {
        Recurrent { cell: self.cell, gate: self.gate, bidirectional: self.bidirectional }
    }

    /// Starts the directions of layer `n` as Keras does: the recurrent weights orthogonal (Saxe et
    /// al. 2014), an LSTM's forget gate open (Jozefowicz et al. 2015).
    fn start(&self, n: usize, inputs: usize, start: &mut Starter<'_>) -> Result<Vec<Direction>> {
        let (units, width) = (self.units, self.cell.gates() * self.units);
        let open = |at: usize| self.cell == Cell::Lstm && at / units == 1;
        let mut directions = Vec::new();
        for direction in self.in_file().directions() {
            let name = |part: &str| format!("rnn.{n}.{direction}.{part}");
            let bias = (0..width).map(|at| if open(at) { 1.0 } else { 0.0 }).collect();
            let first = Start::glorot(inputs, width);
            directions.push(Direction {
                input: start(&name("input"), &[inputs, width], first)?,
                recurrent: start(&name("recurrent"), &[units, width], Start::Orthogonal(width))?,
                bias: start(&name("bias"), &[width], Start::Values(bias))?,
            });
        }
        Ok(directions)
    }

    /// Goes through x (samples x steps x inputs): samples x steps x outputs, or samples x outputs of
    /// the last step of each direction.
    fn run(
        &self,
        directions: &[Direction],
        x: &Tensor,
        sequences: bool,
        noise: &mut Noise,
    ) -> Result<Tensor> {
        let kind = Kind { cell: self.cell, gate: self.gate };
        let ones = Tensor::ones((x.dim(0)?, self.units), x.dtype(), x.device())?;
        let mut sides = Vec::new();
        for _ in directions {
            let read = noise.drop_columns(x, self.dropout)?;
            let kept = match self.recurrent_dropout {
                0.0 => None,
                share => Some(noise.drop_share(&ones, share)?),
            };
            sides.push((read, kept));
        }
        plain::layer(kind, directions, &sides, sequences)
    }
}

impl PyssterNet {
    /// Assembles the network; all starts as in Keras.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn start(config: &PyssterConfig, start: &mut Starter<'_>) -> Result<Self> {
        let alphabet = Alphabet::new(&config.alphabet).map_err(Error::usage)?;
        let mut inputs = alphabet.channels();
        let mut convolutions = Vec::new();
        for (n, layer) in config.convolutions.iter().enumerate() {
            let shape = [layer.width, inputs, layer.kernels];
            convolutions.push(Affine::start(&format!("conv.{n}"), &shape, start)?);
            inputs = layer.kernels;
        }
        let mut recurrent = Vec::new();
        for (n, layer) in config.recurrent.iter().enumerate() {
            recurrent.push(layer.start(n, inputs, start)?);
            inputs = recurrent[n].len() * layer.units;
        }
        if recurrent.is_empty() {
            inputs *= config.positions();
        }
        inputs += config.input(&alphabet).features;
        let mut dense = Vec::new();
        for (n, &outputs) in config.dense.iter().chain([&config.classes]).enumerate() {
            dense.push(Affine::start(&format!("dense.{n}"), &[inputs, outputs], start)?);
            inputs = outputs;
        }
        Ok(Self { config: config.clone(), alphabet, convolutions, recurrent, dense })
    }

    /// Returns the first convolution without its bias. A letter that dropout takes is none.
    fn first(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor> {
        let weight = &self.convolutions[0].weight;
        let (taps, channels, kernels) = weight.dims3()?;
        let share = self.config.dropout.input;
        let mut letters = Vec::with_capacity(windows.len() * self.config.length);
        windows.iter().for_each(|window| self.alphabet.encode(window, &mut letters));
        let mut seen = |letter: u8| {
            if share > 0.0 && noise.rng.random::<f64>() < share {
                NO_ROW
            } else {
                u32::from(letter)
            }
        };
        let letters: Vec<u32> = letters.into_iter().map(&mut seen).collect();
        let places = letters.chunks_exact(self.config.length).flat_map(|all| all.windows(taps));
        let row = |(tap, &letter): (usize, &u32)| match letter {
            NO_ROW => NO_ROW,
            letter => (tap * channels) as u32 + letter,
        };
        let rows = places.flat_map(|place| place.iter().enumerate().map(row)).collect();
        let sums = sum_rows(&weight.flatten_to(1)?, rows, taps)?;
        let positions = self.config.length + 1 - taps;
        Ok((sums / (1.0 - share))?.reshape((windows.len(), positions, kernels))?)
    }
}

impl Network for PyssterNet {
    fn forward(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor> {
        let dropout = self.config.dropout;
        let input = self.config.input(&self.alphabet);
        input.check(ARCHITECTURE.name, windows)?;
        let mut values = self.first(windows, noise)?;
        for (n, (layer, sizes)) in
            self.convolutions.iter().zip(&self.config.convolutions).enumerate()
        {
            if n > 0 {
                values = layer.convolve(&values, Taps::VALID)?;
            }
            values = layer.pool(&values, sizes.pool, sizes.stride)?;
            values = noise.drop_share(&values, dropout.convolution)?;
        }
        let layers = self.config.recurrent.iter().zip(&self.recurrent);
        for (n, (layer, directions)) in layers.enumerate() {
            values = layer.run(directions, &values, n + 1 < self.recurrent.len(), noise)?;
        }
        values = values.flatten_from(1)?;
        if input.features > 0 {
            let all: Vec<f32> =
                windows.iter().flat_map(|window| window.features).copied().collect();
            let all = Tensor::from_vec(all, (windows.len(), input.features), values.device())?;
            let all = noise.drop_share(&all, dropout.input)?;
            values = Tensor::cat(&[values, all], 1)?;
        }
        for (n, layer) in self.dense.iter().enumerate() {
            values = layer.dense(&values)?;
            if n + 1 < self.dense.len() {
                values = noise.drop_share(&values.relu()?, dropout.dense)?;
            }
        }
        Ok(values)
    }
}
