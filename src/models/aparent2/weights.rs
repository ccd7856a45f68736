//! The tensors of APARENT2, by name, and the check that they fit together.
//!
//! C is the number of channels, G counts groups of residual blocks and B the blocks of a group.
//!
//! | tensor | shape |
//! | --- | --- |
//! | `stem.weight`, `.bias` | 4 (bases A, C, G, T) x C, C |
//! | `groups.G.blocks.B.norm{0,1}.{gamma,beta,mean,variance}` | C |
//! | `groups.G.blocks.B.conv{0,1}.weight`, `.bias` | 3 x C x C (tap, input, output), C |
//! | `groups.G.skip.weight`, `.bias` | C x C, C |
//! | `last.weight`, `.bias` | C x C, C |
//! | `final.weight`, `.bias` | C x 1, 1 |
//! | `library.weight`, `.bias` | 206 x 13, 206 |
//!
//! The values are the authors' own, nothing folded; all are f32, row-major.

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::weight_file::{Reader, Tensors};

/// Nucleotides that the network reads.
pub const LENGTH: usize = 205;
/// Libraries of reporter genes that the network was trained on.
pub const LIBRARIES: usize = 13;
/// The libraries by the names in the authors' data, in the order of their columns.
pub const LIBRARY_NAMES: [&str; LIBRARIES] = [
    "tomm5_up_n20c20_dn_c20",
    "tomm5_up_c20n20_dn_c20",
    "tomm5_up_n20c20_dn_n20",
    "tomm5_up_c20n20_dn_n20",
    "doubledope",
    "simple",
    "atr",
    "hsp",
    "snh",
    "sox",
    "wha",
    "array",
    "aar",
];
/// The library whose bias the authors predict with.
pub const LIBRARY: usize = 11;
/// What batch norms add to a variance.
pub const EPSILON: f64 = 1e-3;

/// Sizes of an APARENT2 network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub channels: usize,
    /// Residual blocks of each group.
    pub blocks: usize,
    /// Dilation of the convolutions of each group.
    pub dilations: Vec<usize>,
    /// The library of the training data whose bias is added, from 0; the metadata of files with the
    /// authors' choice have none.
    #[serde(default = "published_library", skip_serializing_if = "is_published_library")]
    pub library: usize,
}

fn published_library() -> usize {
    LIBRARY
}

fn is_published_library(library: &usize) -> bool {
    *library == LIBRARY
}

impl Config {
    /// Returns the published sizes: 28 blocks, 192,517 parameters.
    pub fn published() -> Self {
        Self { channels: 32, blocks: 4, dilations: vec![1, 2, 4, 8, 4, 2, 1], library: LIBRARY }
    }

    /// Returns what is wrong with the sizes, if anything.
    ///
    /// # Errors
    /// Says which.
    pub fn check(&self) -> Result<(), Problem> {
        if self.channels == 0 || self.blocks == 0 || self.dilations.is_empty() {
            return Err("sizes in the metadata: each must be above 0".into());
        }
        if self.library >= LIBRARIES {
            return Err(
                format!("library {}: there are 0 to {}", self.library, LIBRARIES - 1).into()
            );
        }
        match self.dilations.iter().find(|dilation| !(1..LENGTH).contains(*dilation)) {
            Some(dilation) => {
                Err(format!("dilation {dilation}: must be 1 to {}", LENGTH - 1).into())
            }
            None => Ok(()),
        }
    }
}

/// Weight and bias of a layer.
#[derive(Clone, Debug)]
pub struct Layer {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// A batch norm's trained values and statistics.
#[derive(Clone, Debug)]
pub struct Norm {
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

/// A residual block: each convolution comes after its batch norm and a ReLU.
#[derive(Clone, Debug)]
pub struct Block {
    pub norms: [Norm; 2],
    pub convs: [Layer; 2],
}

/// Blocks of one dilation, and the skip connection from the group's input to the logits.
#[derive(Clone, Debug)]
pub struct Group {
    pub dilation: usize,
    pub blocks: Vec<Block>,
    pub skip: Layer,
}

/// Tensors that fit together.
#[derive(Clone, Debug)]
pub struct Weights {
    pub channels: usize,
    pub stem: Layer,
    pub groups: Vec<Group>,
    pub last: Layer,
    pub output: Layer,
    pub library: Layer,
    /// Which library's bias is added.
    pub chosen: usize,
}

impl Weights {
    /// Takes the tensors of a network of these sizes and checks every shape and value.
    ///
    /// # Errors
    /// Says which tensor is missing, left over, not finite, of another shape, or which variance is
    /// negative.
    pub fn new(config: &Config, tensors: &Tensors) -> Result<Self, Problem> {
        config.check()?;
        let c = config.channels;
        let mut reader = Reader::new(tensors);
        let stem = layer(&mut reader, "stem", &[4, c])?;
        let mut groups = Vec::new();
        for (g, &dilation) in config.dilations.iter().enumerate() {
            let name = |b| format!("groups.{g}.blocks.{b}");
            let blocks = (0..config.blocks).map(|b| block(&mut reader, &name(b), c));
            let blocks = blocks.collect::<Result<_, _>>()?;
            let skip = layer(&mut reader, &format!("groups.{g}.skip"), &[c, c])?;
            groups.push(Group { dilation, blocks, skip });
        }
        let last = layer(&mut reader, "last", &[c, c])?;
        let output = layer(&mut reader, "final", &[c, 1])?;
        let library = Layer {
            weight: reader.take("library.weight", &[LENGTH + 1, LIBRARIES])?,
            bias: reader.take("library.bias", &[LENGTH + 1])?,
        };
        reader.finish("aparent2")?;
        Ok(Self { channels: c, stem, groups, last, output, library, chosen: config.library })
    }
}

/// Takes a layer whose bias has the length of its weight's last dimension.
fn layer(reader: &mut Reader<'_>, name: &str, shape: &[usize]) -> Result<Layer, Problem> {
    let weight = reader.take(&format!("{name}.weight"), shape)?;
    let bias = reader.take(&format!("{name}.bias"), &shape[shape.len() - 1..])?;
    Ok(Layer { weight, bias })
}

fn norm(reader: &mut Reader<'_>, name: &str, channels: usize) -> Result<Norm, Problem> {
    let mut take = |part: &str| reader.take(&format!("{name}.{part}"), &[channels]);
    let norm = Norm {
        gamma: take("gamma")?,
        beta: take("beta")?,
        mean: take("mean")?,
        variance: take("variance")?,
    };
    match norm.variance.iter().position(|&value| value < 0.0) {
        Some(at) => Err(format!("tensor {name}.variance: value {at} is negative").into()),
        None => Ok(norm),
    }
}

fn block(reader: &mut Reader<'_>, name: &str, channels: usize) -> Result<Block, Problem> {
    let norms = [
        norm(reader, &format!("{name}.norm0"), channels)?,
        norm(reader, &format!("{name}.norm1"), channels)?,
    ];
    let shape = [3, channels, channels];
    let convs = [
        layer(reader, &format!("{name}.conv0"), &shape)?,
        layer(reader, &format!("{name}.conv1"), &shape)?,
    ];
    Ok(Block { norms, convs })
}
