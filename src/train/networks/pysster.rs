//! `pysster` under training.

#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::layers::{Affine, NO_ROW, Taps, sum_rows};
use crate::engine::cpu::layers::pooled;
use crate::error::{Error, Problem, Result};
use crate::models::architecture::Architecture;
use crate::models::pysster::alphabet::Alphabet;
use crate::models::pysster::{ARCHITECTURE, Activation, Config, LONGEST, Pool};
use crate::models::{Input, Length, Window};
use crate::train::network::{Network, Noise, Starter, TrainingForm};

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
    #[serde(default = "convolutions")]
    pub convolutions: Vec<Convolution>,
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
            output: self.output,
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
        let Dropout { input, convolution, dense } = self.dropout;
        match [input, convolution, dense].iter().find(|share| !(0.0..1.0).contains(*share)) {
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
    dense: Vec<Affine>,
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
        inputs *= config.positions();
        let mut dense = Vec::new();
        for (n, &outputs) in config.dense.iter().chain([&config.classes]).enumerate() {
            dense.push(Affine::start(&format!("dense.{n}"), &[inputs, outputs], start)?);
            inputs = outputs;
        }
        Ok(Self { config: config.clone(), alphabet, convolutions, dense })
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
        let PyssterConfig { length, dropout, .. } = self.config;
        let structure = self.alphabet.structure().is_some();
        let input = Input { length: Length::Exactly(length), anchor: length / 2, structure };
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
        values = values.flatten_from(1)?;
        for (n, layer) in self.dense.iter().enumerate() {
            values = layer.dense(&values)?;
            if n + 1 < self.dense.len() {
                values = noise.drop_share(&values.relu()?, dropout.dense)?;
            }
        }
        Ok(values)
    }
}
