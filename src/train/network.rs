//! Networks under training: the same tensors, by name and shape, as in their weight files.

use candle_core::{D, Device, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::engine::device::CpuPrecision;
use crate::error::{Problem, Result};
use crate::models::Window;
use crate::models::architecture::Architecture;

/// What a training run differentiates.
pub trait Network {
    /// Returns the network's logits of equally long windows, without the output's activation:
    /// B x W x outputs for networks that read (W + 239) nt, B x outputs for classifiers, B x 206 x
    /// libraries for APARENT2.
    ///
    /// # Errors
    /// If the tensor library fails.
    fn forward(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor>;
}

/// The sizes of a network, and what training has to know of its architecture.
pub trait TrainingForm {
    /// Returns the architecture of the weight file.
    fn architecture(&self) -> &'static Architecture;

    /// Checks that the sizes make a network.
    ///
    /// # Errors
    /// Says which is wrong.
    fn check(&self) -> std::result::Result<(), Problem>;

    /// Returns the weight file's metadata entry `config` (JSON), if the architecture has one.
    ///
    /// # Errors
    /// If a size cannot be written as JSON.
    fn sizes(&self) -> serde_json::Result<Option<String>> {
        Ok(None)
    }

    /// Returns the operations per position of a scan, where that is what the architecture is for.
    fn flop_per_position(&self) -> Option<usize> {
        None
    }

    /// Returns how the names of the head's tensors begin: what is trained where the rest is kept.
    fn head(&self) -> &'static [&'static str];

    /// Returns the layer whose first output is the logit of the classification, where that can be
    /// calibrated.
    fn classification(&self) -> Option<String> {
        None
    }

    /// Returns whether the sizes say how much is dropped where.
    fn has_own_dropout(&self) -> bool {
        false
    }

    /// Returns whether the network can be trained as the integers of its int8 form compute it.
    fn has_integers(&self) -> bool {
        false
    }

    /// Returns whether a tensor is not moved down a gradient: it stays as it begins, or the network
    /// itself sets it to what it saw of its batches.
    fn keeps(&self, _name: &str) -> bool {
        false
    }

    /// Returns a tensor's own weight decay, where it is not the optimiser's.
    fn weight_decay(&self, _name: &str) -> Option<f64> {
        None
    }

    /// Returns the most that the length of a tensor's columns over its first dimension may be.
    fn max_norm(&self, _name: &str) -> Option<f64> {
        None
    }

    /// Assembles the network from the tensors that `start` makes.
    ///
    /// # Errors
    /// Those of `start`.
    fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>>;
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
    /// The same, but for values more than two standard deviations away, which are drawn again.
    Truncated(f32),
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
            Self::Truncated(deviation) => (0..count)
                .map(|_| {
                    loop {
                        let value = normal(rng);
                        if value.abs() <= 2.0 {
                            return deviation * value;
                        }
                    }
                })
                .collect(),
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

/// Dropout, from a seeded generator, and rounding.
pub struct Noise {
    pub rng: ChaCha8Rng,
    /// Share of values dropped.
    pub dropout: f64,
    /// What products are rounded to.
    pub precision: CpuPrecision,
}

impl Noise {
    /// Rounds nothing.
    pub fn new(rng: ChaCha8Rng, dropout: f64) -> Self {
        Self { rng, dropout, precision: CpuPrecision::F32 }
    }

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

    /// Drops the same values of each sample at all positions (samples x positions x values).
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn drop_columns(&mut self, x: &Tensor, share: f64) -> Result<Tensor> {
        self.masked(x, vec![x.dim(0)?, 1, x.dim(D::Minus1)?], share)
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
