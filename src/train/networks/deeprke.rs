//! `deeprke` under training.
//!
//! Sequences of a batch are padded to the longest. After every pool what lies past a sequence's own
//! end is set to zero, which is what its own padding is, and the LSTM keeps to its own steps.

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::layers::{Affine, Lstm, NO_ROW, Taps, sum_rows};
use crate::error::{Error, Problem, Result};
use crate::models::architecture::Architecture;
use crate::models::deeprke::config::{Activation, Config, Convolution, Track};
use crate::models::deeprke::words::{BASES, Labels, words};
use crate::models::deeprke::{ARCHITECTURE, input};
use crate::models::{Window, file, weight_file};
use crate::train::network::{Network, Noise, Start, Starter, TrainingForm};

/// Half the range of the first values of embeddings that no file gives: that of Keras.
const EMBEDDING: f32 = 0.05;

/// Sizes as in [`Config`], and the embeddings. Only `structure` has to be given where the network
/// reads it; what else is left out is as the authors have it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DeeprkeConfig {
    #[serde(default = "published_k")]
    pub k: usize,
    #[serde(default = "published_max_length")]
    pub max_length: usize,
    #[serde(default = "published_pool")]
    pub pool: usize,
    #[serde(default = "published_units")]
    pub units: usize,
    #[serde(default = "published_dense")]
    pub dense: Vec<usize>,
    #[serde(default = "published_activation")]
    pub activation: Activation,
    /// What `polyascan train embeddings` wrote, with the same k and dimension; relative to the
    /// working folder. Without: small random values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<PathBuf>,
    /// Whether embeddings are trained too; otherwise they stay as they begin.
    #[serde(default = "yes")]
    pub train_embeddings: bool,
    /// Words stand for themselves in the place of embeddings (an ablation of the paper): every
    /// dimension is the number of words.
    #[serde(default)]
    pub one_hot: bool,
    #[serde(default = "published_module")]
    pub joined: Vec<Convolution>,
    #[serde(default = "published_track")]
    pub sequence: Track,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<Track>,
    #[serde(default)]
    pub labels: Labels,
}

fn yes() -> bool {
    true
}

fn published_k() -> usize {
    Config::published().k
}

fn published_max_length() -> usize {
    Config::published().max_length
}

fn published_pool() -> usize {
    Config::published().pool
}

fn published_units() -> usize {
    Config::published().units
}

fn published_dense() -> Vec<usize> {
    Config::published().dense
}

fn published_activation() -> Activation {
    Config::published().activation
}

fn published_module() -> Vec<Convolution> {
    Config::published().joined
}

fn published_track() -> Track {
    Config::published().sequence
}

impl DeeprkeConfig {
    /// Returns what the weight file says of the sizes.
    pub fn in_file(&self) -> Config {
        Config {
            k: self.k,
            max_length: self.max_length,
            sequence: self.sequence.clone(),
            structure: self.structure.clone(),
            labels: self.labels,
            joined: self.joined.clone(),
            pool: self.pool,
            units: self.units,
            dense: self.dense.clone(),
            activation: self.activation,
        }
    }

    /// Returns the first values of an embedding, words x dimension.
    fn embedding(&self, name: &str, shape: &[usize; 2]) -> Result<Start> {
        if self.one_hot {
            let [words, dimension] = *shape;
            let cells = (0..words * dimension).map(|at| (at / dimension, at % dimension));
            let values = cells.map(|(word, place)| f32::from(u8::from(word == place)));
            return Ok(Start::Values(values.collect()));
        }
        let Some(path) = &self.embeddings else { return Ok(Start::Uniform(EMBEDDING)) };
        let wrong = |problem: Problem| Error::of_file(path, problem);
        let bytes = file::read(path)?;
        let mut file = weight_file::decode(&bytes).map_err(wrong)?;
        let advice = "write embeddings with `polyascan train embeddings` for this k and dimension";
        match file.tensors.remove(name) {
            Some(tensor) if tensor.shape == shape => Ok(Start::Values(tensor.values)),
            Some(tensor) => {
                let found = tensor.shape;
                let problem = format!("tensor {name} is {found:?}, expected {shape:?}: {advice}");
                Err(wrong(problem.into()))
            }
            None => Err(wrong(format!("it has no tensor {name}: {advice}").into())),
        }
    }
}

impl TrainingForm for DeeprkeConfig {
    fn architecture(&self) -> &'static Architecture {
        &ARCHITECTURE
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        let sizes = self.in_file();
        sizes.check()?;
        if self.one_hot && self.embeddings.is_some() {
            return Err("one_hot stands in the place of embeddings: give one of them".into());
        }
        for (name, track, words) in sizes.tracks() {
            if self.one_hot && track.dimension != words {
                let found = track.dimension;
                return Err(
                    format!("one_hot: {name}.dimension is {found}, words are {words}").into()
                );
            }
        }
        Ok(())
    }

    fn sizes(&self) -> serde_json::Result<Option<String>> {
        serde_json::to_string(&self.in_file()).map(Some)
    }

    fn head(&self) -> &'static [&'static str] {
        &["dense."]
    }

    fn keeps(&self, name: &str) -> bool {
        (self.one_hot || !self.train_embeddings) && name.ends_with(".embedding")
    }

    fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>> {
        Ok(Box::new(DeeprkeNet::start(self, start, device)?))
    }
}

/// The network.
pub struct DeeprkeNet {
    config: Config,
    device: Device,
    tracks: Vec<TrackNet>,
    joined: Vec<Affine>,
    /// Forward and backward; `None` in a network without LSTM.
    lstm: Option<[Lstm; 2]>,
    dense: Vec<Affine>,
}

/// An embedding and the module over it.
struct TrackNet {
    embedding: Tensor,
    module: Vec<Affine>,
}

impl DeeprkeNet {
    /// Assembles the network; all but given embeddings starts as in Keras.
    ///
    /// # Errors
    /// Embeddings that cannot be read or have other sizes; those of `start`.
    pub fn start(config: &DeeprkeConfig, start: &mut Starter<'_>, device: &Device) -> Result<Self> {
        let sizes = config.in_file();
        let mut tracks = Vec::new();
        for (name, track, words) in sizes.tracks() {
            let shape = [words, track.dimension];
            let first = config.embedding(name, &shape)?;
            let embedding = start(&format!("{name}.embedding"), &shape, first)?;
            let module = module(name, &track.module, track.dimension, start)?;
            tracks.push(TrackNet { embedding, module });
        }
        let joined = module("joined", &sizes.joined, sizes.join().iter().sum(), start)?;
        let (read, units) = (sizes.features(), sizes.units);
        let mut direction = |name: &str| Lstm::start(&format!("lstm.{name}"), read, units, start);
        let lstm = match units {
            0 => None,
            _ => Some([direction("forward")?, direction("backward")?]),
        };
        let mut inputs = sizes.flat();
        let mut dense = Vec::new();
        for (n, &outputs) in sizes.dense.iter().chain([&1]).enumerate() {
            dense.push(Affine::start(&format!("dense.{n}"), &[inputs, outputs], start)?);
            inputs = outputs;
        }
        let device = device.clone();
        Ok(Self { config: sizes, device, tracks, joined, lstm, dense })
    }

    /// Returns the features of a track, and the positions of each sequence that they speak of.
    fn track(
        &self,
        track: &TrackNet,
        layers: &[Convolution],
        read: &[Vec<Option<usize>>],
    ) -> Result<(Tensor, Vec<usize>)> {
        let (words, dimension) = track.embedding.dims2()?;
        let (first, Convolution { filters, width }) = (&track.module[0], layers[0]);
        // What each word adds at each place of the filters: a convolution is then sums of its rows.
        let places = first.weight.permute((1, 0, 2))?.reshape((dimension, width * filters))?;
        let table = track.embedding.matmul(&places)?.reshape((words * width, filters))?;
        let rows = rows(read, layers[0]);
        let positions = rows.len() / width / read.len();
        let sums = sum_rows(&table, rows, width)?.reshape((read.len(), positions, filters))?;
        let mut lengths: Vec<usize> = read.iter().map(Vec::len).collect();
        let values = self.pool(&sums, first, layers[0], &mut lengths)?;
        let values = self.module(values, &track.module[1..], &layers[1..], &mut lengths)?;
        Ok((values, lengths))
    }

    /// Runs convolutions over samples x positions x channels; `lengths` are the positions of each
    /// sample before, and after.
    fn module(
        &self,
        mut values: Tensor,
        module: &[Affine],
        layers: &[Convolution],
        lengths: &mut [usize],
    ) -> Result<Tensor> {
        for (layer, &sizes) in module.iter().zip(layers) {
            let taps = Taps { dilation: 1, padding: sizes.padding() };
            let convolved = layer.convolve(&values, taps)?;
            values = self.pool(&convolved, layer, sizes, lengths)?;
        }
        Ok(values)
    }

    /// Pools, and sets to zero what lies past each sample's end.
    fn pool(
        &self,
        convolved: &Tensor,
        layer: &Affine,
        sizes: Convolution,
        lengths: &mut [usize],
    ) -> Result<Tensor> {
        let pooled = layer.pool(convolved, self.config.pool, self.config.pool)?;
        for length in lengths.iter_mut() {
            *length = self.config.pooled(&[sizes], *length);
        }
        let (samples, positions, _) = pooled.dims3()?;
        if lengths.iter().all(|&length| length == positions) {
            return Ok(pooled);
        }
        let inside = |&length: &usize| (0..positions).map(move |p| f32::from(p < length));
        let inside: Vec<f32> = lengths.iter().flat_map(inside).collect();
        let inside = Tensor::from_vec(inside, (samples, positions, 1), &self.device)?;
        Ok(pooled.broadcast_mul(&inside)?)
    }

    /// Returns the words of each track.
    fn words(&self, windows: &[Window<'_>]) -> Vec<Vec<Vec<Option<usize>>>> {
        let k = self.config.k;
        let sequence = windows.iter().map(|w| words(w.codes, k, BASES.len()).collect());
        let labels = self.config.labels;
        let structure = windows.iter().filter_map(|window| {
            Some(words(&labels.codes(window.structure?), k, labels.alphabet().len()).collect())
        });
        vec![sequence.collect(), structure.collect()]
    }
}

impl Network for DeeprkeNet {
    /// One logit: that of being bound.
    fn forward(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor> {
        input(&self.config).check(ARCHITECTURE.name, windows)?;
        let mut features = Vec::new();
        let mut lengths = Vec::new();
        let read = self.words(windows);
        for ((track, (_, sizes, _)), read) in
            self.tracks.iter().zip(self.config.tracks()).zip(&read)
        {
            let (values, positions) = self.track(track, &sizes.module, read)?;
            features.push(values);
            lengths = positions;
        }
        let joined = Tensor::cat(&features, 2)?;
        let steps = self.module(joined, &self.joined, &self.config.joined, &mut lengths)?;
        let mut values = match &self.lstm {
            Some([forward, backward]) => {
                let forward = forward.last_output(&steps, &lengths, false)?;
                let backward = backward.last_output(&steps, &lengths, true)?;
                Tensor::cat(&[forward, backward], 1)?
            }
            None => {
                let most = self.config.steps(self.config.max_length);
                let left = most - steps.dim(1)?;
                steps.pad_with_zeros(1, 0, left)?.flatten_from(1)?
            }
        };
        for (n, layer) in self.dense.iter().enumerate() {
            values = layer.dense(&values)?;
            if n + 1 < self.dense.len() {
                if self.config.activation == Activation::Relu {
                    values = values.relu()?;
                }
                values = noise.drop_values(&values)?;
            }
        }
        Ok(values)
    }
}

fn module(
    name: &str,
    layers: &[Convolution],
    mut inputs: usize,
    start: &mut Starter<'_>,
) -> Result<Vec<Affine>> {
    let mut module = Vec::new();
    for (n, &Convolution { filters, width }) in layers.iter().enumerate() {
        module.push(Affine::start(&format!("{name}.{n}"), &[width, inputs, filters], start)?);
        inputs = filters;
    }
    Ok(module)
}

/// Returns the rows of the table of words (word x width + place) that each position of a
/// convolution adds up, sequences padded to the longest.
fn rows(read: &[Vec<Option<usize>>], layer: Convolution) -> Vec<u32> {
    let Convolution { width, .. } = layer;
    let longest = read.iter().map(Vec::len).max().unwrap_or(0);
    let positions = longest + 2 * layer.padding() + 1 - width;
    let mut rows = Vec::with_capacity(read.len() * positions * width);
    for words in read {
        for (position, place) in (0..positions).flat_map(|p| (0..width).map(move |at| (p, at))) {
            let at = (position + place).checked_sub(layer.padding());
            let word = at.and_then(|at| words.get(at).copied().flatten());
            rows.push(word.map_or(NO_ROW, |word| (word * width + place) as u32));
        }
    }
    rows
}
