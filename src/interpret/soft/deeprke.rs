//! DeepRKE. The share of a word is the product of those of its letters, so that between letters the
//! network is what it would say on average of letters drawn one by one.

use candle_core::{D, Tensor};

use super::letters::{Letters, Track};
use super::operations::{Direction, Layer, head, max_pool, relu};
use super::{Bank, Parts, Said, Soft};
use crate::error::{Error, Result};
use crate::models::Input;
use crate::models::deeprke::config::{Activation, Config, Convolution};
use crate::models::deeprke::input;

/// An embedding and the module over it.
struct TrackNet {
    name: &'static str,
    embedding: Tensor,
    module: Vec<Layer>,
}

/// The network.
pub struct DeepRke {
    config: Config,
    tracks: Vec<TrackNet>,
    joined: Vec<Layer>,
    /// `None` in a network without LSTM.
    directions: Option<[Direction; 2]>,
    dense: Vec<Layer>,
    letters: Letters,
}

impl DeepRke {
    /// Takes the tensors.
    ///
    /// # Errors
    /// If one is missing.
    pub fn new(parts: &Parts<'_>, config: Config) -> Result<Self> {
        let track = |(name, _, _): &(&'static str, _, _)| {
            let embedding = parts.get(&format!("{name}.embedding"))?;
            Ok::<_, Error>(TrackNet { name, embedding, module: parts.layers(name)? })
        };
        let tracks = config.tracks().iter().map(track).collect::<Result<Vec<_>>>()?;
        let direction = |name: &str| {
            let get = |part: &str| parts.get(&format!("lstm.{name}.{part}"));
            Ok::<_, Error>(Direction {
                input: get("input")?,
                recurrent: get("recurrent")?,
                bias: get("bias")?,
            })
        };
        let mut letters = Letters::bases();
        if tracks.len() > 1 {
            let labels = String::from_utf8_lossy(config.labels.alphabet()).into_owned();
            letters.tracks.push(Track { name: "structure", letters: labels });
        }
        Ok(Self {
            tracks,
            joined: parts.layers("joined")?,
            directions: match config.units {
                0 => None,
                _ => Some([direction("forward")?, direction("backward")?]),
            },
            dense: parts.layers("dense")?,
            config,
            letters,
        })
    }

    /// Returns the embedded words of a track: samples x words x dimension.
    fn embedded(&self, x: &Tensor, number: usize) -> Result<Tensor> {
        let sizes = self.letters.sizes();
        let (first, letters) = (sizes[..number].iter().sum(), sizes[number]);
        let x = x.narrow(D::Minus1, first, letters)?;
        let (samples, nt, _) = x.dims3()?;
        let places = (nt + 1).saturating_sub(self.config.k);
        if places == 0 {
            return Err(Error::model("deeprke", format!("{nt} nt have no word")));
        }
        let mut words = x.narrow(1, 0, places)?;
        for at in 1..self.config.k {
            let before = words.dim(D::Minus1)?;
            let next = x.narrow(1, at, places)?.unsqueeze(2)?;
            let both = words.unsqueeze(3)?.broadcast_mul(&next)?;
            words = both.reshape((samples, places, before * letters))?;
        }
        let embedding = &self.tracks[number].embedding;
        let flat = words.reshape((samples * places, ()))?.matmul(embedding)?;
        Ok(flat.reshape((samples, places, ()))?)
    }

    fn module(&self, mut x: Tensor, layers: &[Layer], sizes: &[Convolution]) -> Result<Tensor> {
        for (layer, sizes) in layers.iter().zip(sizes) {
            let padding = sizes.padding();
            let convolved = layer.convolve(&x.pad_with_zeros(1, padding, padding)?, 1)?;
            x = max_pool(&convolved.relu()?, self.config.pool, self.config.pool)?;
        }
        Ok(x)
    }
}

impl Soft for DeepRke {
    fn letters(&self) -> &Letters {
        &self.letters
    }

    fn input(&self) -> Input {
        input(&self.config)
    }

    fn banks(&self) -> Vec<Bank> {
        let bank = |(number, track): (usize, &TrackNet)| {
            let shape = track.module[0].weight.dims();
            let name = if self.tracks.len() > 1 { track.name } else { "" };
            let width = shape[0] + self.config.k - 1;
            Bank { name, width, kernels: shape[2], tracks: vec![number] }
        };
        self.tracks.iter().enumerate().map(bank).collect()
    }

    fn kernels(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let of_track = |(number, track): (usize, &TrackNet)| {
            track.module[0].convolve(&self.embedded(x, number)?, 1)
        };
        self.tracks.iter().enumerate().map(of_track).collect()
    }

    fn outputs(&self) -> Vec<String> {
        vec!["p_bound".into()]
    }

    /// The output is the logit of being bound.
    fn said(&self, x: &Tensor) -> Result<Said> {
        let mut features = Vec::new();
        for (number, (track, (_, sizes, _))) in
            self.tracks.iter().zip(self.config.tracks()).enumerate()
        {
            let embedded = self.embedded(x, number)?;
            features.push(self.module(embedded, &track.module, &sizes.module)?);
        }
        let steps = self.module(Tensor::cat(&features, 2)?, &self.joined, &self.config.joined)?;
        let both = match &self.directions {
            Some([forward, backward]) => {
                let last = steps.dim(1)? - 1;
                let forward = forward.run(&steps, false)?.narrow(1, last, 1)?.squeeze(1)?;
                let backward = backward.run(&steps, true)?.narrow(1, 0, 1)?.squeeze(1)?;
                Tensor::cat(&[forward, backward], 1)?
            }
            None => {
                let left = self.config.steps(self.config.max_length) - steps.dim(1)?;
                steps.pad_with_zeros(1, 0, left)?.flatten_from(1)?
            }
        };
        let between = match self.config.activation {
            Activation::Relu => relu,
            _ => |x: &Tensor| Ok(x.clone()),
        };
        let (hidden, outputs) = head(&self.dense, &both, between)?;
        Ok(Said { hidden, outputs })
    }
}
