//! `aparent2` under training (Linder et al. 2022).
//!
//! Batch norms are as in Keras: a batch is normed by its own mean and variance, and moving averages
//! of these, which the finished model norms by, are kept as the tensors `mean` and `variance`.
//! [`Statistics::Kept`] norms by the moving averages in training too and leaves them as they are:
//! for batches that are too small, or too unlike what the weights were trained on.

#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::layers::{Affine, Moments, Taps, norm_relu};
use crate::error::{Problem, Result};
use crate::genome::sequence::UNKNOWN;
use crate::models::aparent2::weights::{Config, EPSILON, LENGTH, LIBRARIES};
use crate::models::aparent2::{ARCHITECTURE, HEXAMER};
use crate::models::architecture::Architecture;
use crate::models::{Input, Length, Window};
use crate::train::network::{Network, Noise, Start, Starter, TrainingForm};

/// Share of the moving averages that a batch leaves (Keras's momentum).
const MOMENTUM: f32 = 0.99;
/// Taps of a residual block's convolutions.
const TAPS: usize = 3;

/// Sizes, by default the published ones: 28 blocks, 192,517 parameters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Aparent2Config {
    pub channels: usize,
    /// Residual blocks of each group.
    pub blocks: usize,
    /// Dilation of each group's convolutions.
    pub dilations: Vec<usize>,
    /// The library whose bias the finished model adds, from 0.
    pub library: usize,
    /// What batch norms norm by.
    pub statistics: Statistics,
}

/// What batch norms norm by while they are trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Statistics {
    /// Mean and variance of the batch; moving averages are kept.
    #[default]
    Batch,
    /// The moving averages, which stay as they are.
    Kept,
}

impl Default for Aparent2Config {
    fn default() -> Self {
        let Config { channels, blocks, dilations, library } = Config::published();
        Self { channels, blocks, dilations, library, statistics: Statistics::default() }
    }
}

impl Aparent2Config {
    /// Returns what the weight file says of the sizes.
    pub fn in_file(&self) -> Config {
        let Self { channels, blocks, dilations, library, statistics: _ } = self.clone();
        Config { channels, blocks, dilations, library }
    }
}

impl TrainingForm for Aparent2Config {
    fn architecture(&self) -> &'static Architecture {
        &ARCHITECTURE
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        self.in_file().check()
    }

    fn sizes(&self) -> serde_json::Result<Option<String>> {
        serde_json::to_string(&self.in_file()).map(Some)
    }

    fn head(&self) -> &'static [&'static str] {
        &["last.", "final.", "library."]
    }

    fn keeps(&self, name: &str) -> bool {
        name.ends_with(".mean") || name.ends_with(".variance")
    }

    fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>> {
        Ok(Box::new(Aparent2Net::start(self, start, device)?))
    }
}

/// The network; tensors as in [`crate::models::aparent2::weights`].
pub struct Aparent2Net {
    statistics: Statistics,
    device: Device,
    stem: Affine,
    groups: Vec<Group>,
    last: Affine,
    output: Affine,
    /// What each library adds to each logit: 206 x 13, 206.
    library: Affine,
}

/// Blocks of one dilation, and the skip connection from the group's input.
struct Group {
    dilation: usize,
    blocks: Vec<[Half; 2]>,
    skip: Affine,
}

/// Norm, ReLU and convolution: half of a block.
struct Half {
    norm: Norm,
    conv: Affine,
}

struct Norm {
    gamma: Tensor,
    beta: Tensor,
    /// Moving averages.
    mean: Tensor,
    variance: Tensor,
}

impl Aparent2Net {
    /// Assembles the network.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn start(
        config: &Aparent2Config,
        start: &mut Starter<'_>,
        device: &Device,
    ) -> Result<Self> {
        let c = config.channels;
        let stem = layer("stem", &[4, c], start)?;
        let mut groups = Vec::new();
        for (g, &dilation) in config.dilations.iter().enumerate() {
            let mut blocks = Vec::new();
            for b in 0..config.blocks {
                let name = format!("groups.{g}.blocks.{b}");
                blocks.push([Half::start(&name, 0, c, start)?, Half::start(&name, 1, c, start)?]);
            }
            let skip = layer(&format!("groups.{g}.skip"), &[c, c], start)?;
            groups.push(Group { dilation, blocks, skip });
        }
        let zeros = Start::Constant(0.0);
        Ok(Self {
            statistics: config.statistics,
            device: device.clone(),
            stem,
            groups,
            last: layer("last", &[c, c], start)?,
            output: layer("final", &[c, 1], start)?,
            library: Affine {
                weight: start("library.weight", &[LENGTH + 1, LIBRARIES], zeros.clone())?,
                bias: start("library.bias", &[LENGTH + 1], zeros)?,
            },
        })
    }

    /// Returns the one-hot columns of each nucleotide, an unknown one a quarter of each: (B 205) x
    /// 4.
    fn columns(&self, windows: &[Window<'_>]) -> Result<Tensor> {
        let mut values = vec![0f32; windows.len() * LENGTH * 4];
        let codes = windows.iter().flat_map(|window| window.codes);
        for (column, &code) in values.chunks_exact_mut(4).zip(codes) {
            match code {
                UNKNOWN.. => column.fill(0.25),
                known => column[usize::from(known)] = 1.0,
            }
        }
        Ok(Tensor::from_vec(values, (windows.len() * LENGTH, 4), &self.device)?)
    }
}

impl Network for Aparent2Net {
    /// Returns B x 206 x 13: the logits with the bias of each library; the last is that of "not
    /// here".
    fn forward(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor> {
        let length = Length::Exactly(LENGTH);
        let input = Input { length, anchor: HEXAMER, structure: false, features: 0 };
        input.check(ARCHITECTURE.name, windows)?;
        let channels = self.stem.bias.elem_count();
        let shape = (windows.len(), LENGTH, channels);
        let mut stream = self.stem.dense(&self.columns(windows)?)?.reshape(shape)?;
        let mut sum: Option<Tensor> = None;
        for Group { dilation, blocks, skip } in &self.groups {
            let tapped = skip.dense(&stream.flatten_to(1)?)?;
            sum = Some(sum.map_or_else(|| Ok(tapped.clone()), |sum| sum + &tapped)?);
            for [first, second] in blocks {
                let inner = first.run(&stream, *dilation, self.statistics)?;
                let branch = second.run(&inner, *dilation, self.statistics)?;
                stream = (noise.drop_values(&branch)? + stream)?;
            }
        }
        let last = self.last.dense(&stream.flatten_to(1)?)?;
        let sum = sum.map_or_else(|| Ok(last.clone()), |sum| sum + &last)?;
        let logits = self.output.dense(&sum)?.reshape((windows.len(), LENGTH))?;
        let logits = logits.pad_with_zeros(1, 0, 1)?.unsqueeze(2)?;
        let Affine { weight, bias } = &self.library;
        Ok(logits.broadcast_add(&weight.broadcast_add(&bias.unsqueeze(1)?)?)?)
    }
}

/// Starts a layer as the authors do: Glorot & Bengio 2010, normal.
fn layer(name: &str, shape: &[usize], start: &mut Starter<'_>) -> Result<Affine> {
    let (inputs, outputs) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let taps: usize = shape[..shape.len() - 2].iter().product();
    let deviation = (2.0 / (taps * (inputs + outputs)) as f32).sqrt();
    Ok(Affine {
        weight: start(&format!("{name}.weight"), shape, Start::Normal(deviation))?,
        bias: start(&format!("{name}.bias"), &[outputs], Start::Constant(0.0))?,
    })
}

impl Half {
    fn start(block: &str, n: usize, channels: usize, start: &mut Starter<'_>) -> Result<Self> {
        let mut part = |part: &str, first: f32| {
            start(&format!("{block}.norm{n}.{part}"), &[channels], Start::Constant(first))
        };
        let norm = Norm {
            gamma: part("gamma", 1.0)?,
            beta: part("beta", 0.0)?,
            mean: part("mean", 0.0)?,
            variance: part("variance", 1.0)?,
        };
        let conv = layer(&format!("{block}.conv{n}"), &[TAPS, channels, channels], start)?;
        Ok(Self { norm, conv })
    }

    fn run(&self, x: &Tensor, dilation: usize, statistics: Statistics) -> Result<Tensor> {
        let taps = Taps { dilation, padding: dilation };
        let convolved = self.conv.convolve(&self.norm.run(x, statistics)?, taps)?;
        Ok(convolved.broadcast_add(&self.conv.bias)?)
    }
}

impl Norm {
    fn run(&self, x: &Tensor, statistics: Statistics) -> Result<Tensor> {
        let Self { gamma, beta, mean, variance } = self;
        let of_batch = statistics == Statistics::Batch;
        let moments = if of_batch {
            let moments = Moments::of(x)?;
            follow(mean, &moments.mean)?;
            follow(variance, &moments.variance)?;
            moments
        } else {
            Moments { mean: mean.to_vec1()?, variance: variance.to_vec1()? }
        };
        norm_relu(x, gamma, beta, &moments, of_batch, EPSILON)
    }
}

/// Moves a moving average towards what a batch has, in place: the weights hold the same tensor.
fn follow(average: &Tensor, batch: &[f32]) -> Result<()> {
    let before: Vec<f32> = average.to_vec1()?;
    let mixed = before.iter().zip(batch).map(|(old, new)| MOMENTUM * old + (1.0 - MOMENTUM) * new);
    let mixed: Vec<f32> = mixed.collect();
    let count = mixed.len();
    Ok(average.slice_set(&Tensor::from_vec(mixed, count, average.device())?, 0, 0)?)
}
