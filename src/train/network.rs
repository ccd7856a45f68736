//! Networks under training: the same tensors, by name and shape, as in their weight files.

use candle_core::{D, Device, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::networks::bilstm::BiLstmNet;
use super::networks::bilstm::config::{PolyaidConfig, PolyastrengthConfig};
use super::networks::deeprke::{DeeprkeConfig, DeeprkeNet};
use super::networks::deerect::{DeerectConfig, DeerectNet};
use super::networks::dense::{DenseNet, Outputs};
use super::networks::pysster::{PyssterConfig, PyssterNet};
use crate::error::Result;
use crate::models::dense::network::DenseConfig;
use crate::models::registry::Architecture;
use crate::models::{CLEAVAGE, Window, bilstm, deeprke, deerect, dense, pysster};

/// What a training run differentiates.
pub trait Network {
    /// Returns the network's logits of equally long windows, without the output's activation:
    /// B x W x outputs for networks that read (W + 239) nt, B x outputs for classifiers.
    ///
    /// # Errors
    /// If the tensor library fails.
    fn forward(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor>;
}

/// Architecture and sizes: the table `[network]` of a configuration.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "architecture", rename_all = "kebab-case")]
pub enum NetworkConfig {
    DenseScan(DenseConfig),
    DenseStrength(DenseConfig),
    Polyaid(PolyaidConfig),
    Polyastrength(PolyastrengthConfig),
    Pysster(PyssterConfig),
    Deeprke(DeeprkeConfig),
    Deerect(DeerectConfig),
}

impl NetworkConfig {
    /// Returns the architecture of the weight file.
    pub fn architecture(&self) -> &'static Architecture {
        match self {
            Self::DenseScan(_) => &dense::ARCHITECTURE,
            Self::DenseStrength(_) => &dense::STRENGTH,
            Self::Polyaid(_) => &bilstm::POLYAID,
            Self::Polyastrength(_) => &bilstm::POLYASTRENGTH,
            Self::Pysster(_) => &pysster::ARCHITECTURE,
            Self::Deeprke(_) => &deeprke::ARCHITECTURE,
            Self::Deerect(_) => &deerect::ARCHITECTURE,
        }
    }

    /// Returns what is wrong with the sizes, if anything.
    pub fn check(&self) -> std::result::Result<(), String> {
        match self {
            Self::DenseScan(config) | Self::DenseStrength(config) => config.check(),
            Self::Polyaid(config) => config.layers().check(),
            Self::Polyastrength(config) => config.layers().check(),
            Self::Pysster(config) => config.check(),
            Self::Deeprke(config) => config.sizes().check(),
            Self::Deerect(config) => config.check(),
        }
    }

    /// Returns the weight file's metadata entry `config` (JSON), if the architecture has one.
    pub fn sizes(&self) -> serde_json::Result<Option<String>> {
        match self {
            Self::DenseScan(config) | Self::DenseStrength(config) => {
                serde_json::to_string(config).map(Some)
            }
            Self::Polyaid(_) | Self::Polyastrength(_) => Ok(None),
            Self::Pysster(config) => serde_json::to_string(&config.sizes()).map(Some),
            Self::Deeprke(config) => serde_json::to_string(&config.sizes()).map(Some),
            Self::Deerect(_) => Ok(None),
        }
    }

    /// Returns the operations per position of a scan, where that is what the architecture is for.
    pub fn flop_per_position(&self) -> Option<usize> {
        match self {
            Self::DenseScan(config) => Some(config.flop_per_position(1 + CLEAVAGE)),
            Self::DenseStrength(config) => Some(config.flop_per_position(1)),
            Self::Polyaid(_) | Self::Polyastrength(_) => None,
            Self::Pysster(_) | Self::Deeprke(_) => None,
            Self::Deerect(_) => None,
        }
    }

    /// Returns how the names of the head's tensors begin: what is trained where the rest is kept.
    pub fn head(&self) -> &'static [&'static str] {
        match self {
            Self::DenseScan(_) | Self::DenseStrength(_) | Self::Deerect(_) => {
                &["hidden.", "output."]
            }

            Self::Polyaid(_) => &["classification.", "cleavage."],
            Self::Polyastrength(_) => &["strength."],
            Self::Pysster(_) | Self::Deeprke(_) => &["dense."],
        }
    }

    /// Returns the layer whose first output is the logit of the classification, where that can be
    /// calibrated.
    pub fn classification(&self) -> Option<String> {
        match self {
            Self::DenseScan(_) => Some("output".into()),
            Self::Polyaid(config) => {
                Some(format!("classification.{}", config.classification.len()))
            }
            _ => None,
        }
    }

    /// Returns whether the sizes say how much is dropped where.
    pub fn has_own_dropout(&self) -> bool {
        matches!(self, Self::Pysster(_))
    }

    /// Returns whether a tensor stays as it begins.
    pub fn keeps(&self, name: &str) -> bool {
        match self {
            Self::Deeprke(config) => !config.train_embeddings && name.ends_with(".embedding"),
            _ => false,
        }
    }

    /// Assembles the network from the tensors that `start` makes.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>> {
        match self {
            Self::DenseScan(config) => DenseNet::start(config, Outputs::Scan, start, device),
            Self::DenseStrength(config) => {
                DenseNet::start(config, Outputs::Strength, start, device)
            }
            Self::Polyaid(config) => BiLstmNet::start(&config.layers(), start, device),
            Self::Polyastrength(config) => BiLstmNet::start(&config.layers(), start, device),
            Self::Pysster(config) => Ok(Box::new(PyssterNet::start(config, start)?)),
            Self::Deeprke(config) => Ok(Box::new(DeeprkeNet::start(config, start, device)?)),
            Self::Deerect(config) => DeerectNet::start(config, start, device),
        }
    }
}

/// Makes a tensor by name, shape and first values; remembers it as trained.
pub type Starter<'a> = dyn FnMut(&str, &[usize], Start) -> Result<Tensor> + 'a;

/// First values of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// All the same.
    Constant(f32),
    /// Normal, with this standard deviation.
    Normal(f32),
    /// Uniform between -limit and +limit.
    Uniform(f32),
    /// Rows of so many values, at right angles to each other and of length 1 (Saxe et al. 2014).
    Orthogonal(usize),
    /// These ones.
    Values(Vec<f32>),
}

impl Start {
    /// He et al. 2015, for layers before a ReLU.
    pub fn he(inputs: usize) -> Self {
        Self::Normal((2.0 / inputs as f32).sqrt())
    }

    /// Glorot & Bengio 2010, uniform: what Keras does by default.
    pub fn glorot(inputs: usize, outputs: usize) -> Self {
        Self::Uniform((6.0 / (inputs + outputs) as f32).sqrt())
    }

    /// Draws `count` values.
    pub fn draw(self, count: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
        match self {
            Self::Constant(value) => vec![value; count],
            Self::Normal(deviation) => (0..count).map(|_| deviation * normal(rng)).collect(),
            Self::Uniform(limit) => {
                (0..count).map(|_| limit * (2.0 * rng.random::<f32>() - 1.0)).collect()
            }
            Self::Orthogonal(columns) => orthogonal(count, columns, rng),
            Self::Values(values) => values,
        }
    }
}

/// Random rows, each less its part along the rows before it (Gram-Schmidt).
fn orthogonal(count: usize, columns: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for _ in 0..count / columns {
        let mut row: Vec<f64> = (0..columns).map(|_| f64::from(normal(rng))).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for before in &rows {
            let along = dot(&row, before);
            row.iter_mut().zip(before).for_each(|(value, b)| *value -= along * b);
        }
        let length = dot(&row, &row).sqrt();
        row.iter_mut().for_each(|value| *value /= length);
        rows.push(row);
    }
    rows.into_iter().flatten().map(|value| value as f32).collect()
}

/// A standard normal value (Box-Muller); candle's own CPU generator takes no seed.
pub fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let (u, v): (f32, f32) = (rng.random::<f32>().max(1e-12), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
}

/// Dropout, from a seeded generator.
pub struct Noise {
    pub rng: ChaCha8Rng,
    /// Share of values dropped.
    pub dropout: f64,
}

impl Noise {
    /// Drops single values, and scales up the others.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn drop_values(&mut self, x: &Tensor) -> Result<Tensor> {
        self.drop_share(x, self.dropout)
    }

    /// As [`Noise::drop_values`], where a layer has a share of its own.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn drop_share(&mut self, x: &Tensor, share: f64) -> Result<Tensor> {
        self.masked(x, x.dims().to_vec(), share)
    }

    /// Drops whole channels (last dimension) of a sample (first dimension): neighbouring positions
    /// are too alike for single values.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn drop_channels(&mut self, x: &Tensor) -> Result<Tensor> {
        let mut shape = vec![1; x.rank()];
        shape[0] = x.dim(0)?;
        shape[x.rank() - 1] = x.dim(D::Minus1)?;
        self.masked(x, shape, self.dropout)
    }

    fn masked(&mut self, x: &Tensor, shape: Vec<usize>, share: f64) -> Result<Tensor> {
        if share == 0.0 {
            return Ok(x.clone());
        }
        let keep = (1.0 / (1.0 - share)) as f32;
        let mask: Vec<f32> = (0..shape.iter().product())
            .map(|_| if self.rng.random::<f64>() < share { 0.0 } else { keep })
            .collect();
        Ok(x.broadcast_mul(&Tensor::from_vec(mask, shape, x.device())?)?)
    }
}
