//! pysster, over letters of sequence x structure.

use candle_core::Tensor;

use super::letters::{Letters, Track};
use super::operations::{Layer, head, max_pool, relu};
use super::{Bank, Parts, Said, Soft};
use crate::error::{Error, Result};
use crate::models::features::{Feature, width};
use crate::models::pysster::alphabet::Alphabet;
use crate::models::pysster::plain::{self, Direction, Kind};
use crate::models::pysster::{Config, Pool, Recurrent};
use crate::models::{Input, Length, Window};

/// The network.
pub struct Pysster {
    alphabet: Alphabet,
    convolutions: Vec<(Layer, Pool)>,
    recurrent: Vec<(Recurrent, Vec<Direction>)>,
    features: Vec<Feature>,
    dense: Vec<Layer>,
    length: usize,
    letters: Letters,
}

impl Pysster {
    /// Takes the tensors.
    ///
    /// # Errors
    /// If one is missing, or the alphabet is none.
    pub fn new(parts: &Parts<'_>, config: &Config) -> Result<Self> {
        let alphabet = Alphabet::new(&config.alphabet).map_err(|e| Error::model("pysster", e))?;
        let text = config.alphabet.to_ascii_uppercase();
        let (sequence, structure) = text.split_once(',').unwrap_or((&text, ""));
        let mut tracks = vec![Track { name: "sequence", letters: sequence.to_owned() }];
        if !structure.is_empty() {
            tracks.push(Track { name: "structure", letters: structure.to_owned() });
        }
        let layers = parts.layers("conv")?;
        let mut recurrent = Vec::new();
        for (n, layer) in config.recurrent.iter().enumerate() {
            let part =
                |direction: &str, part: &str| parts.get(&format!("rnn.{n}.{direction}.{part}"));
            let direction = |name: &&'static str| -> Result<Direction> {
                Ok(Direction {
                    input: part(name, "input")?,
                    recurrent: part(name, "recurrent")?,
                    bias: part(name, "bias")?,
                })
            };
            let directions = layer.directions().iter().map(direction).collect::<Result<_>>()?;
            recurrent.push((*layer, directions));
        }
        Ok(Self {
            alphabet,
            convolutions: layers.into_iter().zip(config.pools.iter().copied()).collect(),
            recurrent,
            features: config.features.clone(),
            dense: parts.layers("dense")?,
            length: config.length,
            letters: Letters { tracks, joint: true },
        })
    }
}

impl Soft for Pysster {
    fn letters(&self) -> &Letters {
        &self.letters
    }

    fn input(&self) -> Input {
        let structure = self.letters.tracks.len() > 1;
        let features = width(&self.features);
        Input { length: Length::Exactly(self.length), anchor: self.length / 2, structure, features }
    }

    /// Letters that the alphabet lacks are drawn as the model draws them.
    fn encode(&self, window: &Window<'_>, x: &mut Vec<f32>) {
        let mut letters = Vec::new();
        self.alphabet.encode(window, &mut letters);
        for letter in letters {
            let first = x.len();
            x.resize(first + self.letters.channels(), 0.0);
            x[first + usize::from(letter)] = 1.0;
        }
    }

    fn banks(&self) -> Vec<Bank> {
        let shape = self.convolutions[0].0.weight.dims();
        let tracks = (0..self.letters.tracks.len()).collect();
        vec![Bank { name: "", width: shape[0], kernels: shape[2], tracks }]
    }

    fn kernels(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        Ok(vec![self.convolutions[0].0.convolve(x, 1)?])
    }

    fn outputs(&self) -> Vec<String> {
        let classes = self.dense.last().map_or(0, |layer| layer.bias.elem_count());
        (0..classes).map(|class| format!("class_{class}")).collect()
    }

    fn said(&self, x: &Tensor) -> Result<Said> {
        let mut values = x.clone();
        for (layer, pool) in &self.convolutions {
            values = max_pool(&layer.convolve(&values, 1)?.relu()?, pool.size, pool.stride)?;
        }
        for (n, (layer, directions)) in self.recurrent.iter().enumerate() {
            let kind = Kind { cell: layer.cell, gate: layer.gate };
            let sides = vec![(values, None); directions.len()];
            values = plain::layer(kind, directions, &sides, n + 1 < self.recurrent.len())?;
        }
        if !self.features.is_empty() {
            let problem = "it reads features, which letters do not tell: only its kernels can be \
                           looked at (motifs kernels)";
            return Err(Error::model("pysster", problem));
        }
        let (hidden, outputs) = head(&self.dense, &values.flatten_from(1)?, relu)?;
        Ok(Said { hidden, outputs })
    }
}
