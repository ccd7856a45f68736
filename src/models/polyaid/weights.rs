//! The tensors of the PolyaID family, by name, and the check that they fit together.
//!
//! | tensor | shape |
//! | --- | --- |
//! | `conv.weight`, `conv.bias` | width x 4 x filters (bases A, C, G, T), filters |
//! | `lstm.{forward,backward}.input` | filters x 4 units (gates i, f, c, o, one after another) |
//! | `lstm.{forward,backward}.recurrent` | units x 4 units |
//! | `lstm.{forward,backward}.bias` | 4 units |
//! | `{classification,cleavage,strength}.N.weight`, `.bias` | inputs x outputs, outputs |
//!
//! N counts the dense layers of a head from 0; a ReLU follows each but the last. The first one
//! reads the flattened bidirectional sequence: step by step, forward units before backward units.
//! PolyaID has the heads `classification` (1 sigmoid) and `cleavage` (50 softmax), PolyaStrength
//! `strength` (1 linear). All values are f32, row-major.

use crate::error::Problem;
use crate::models::weight_file::{Reader, Tensors};
use crate::models::{CLEAVAGE, WINDOW};

/// Width and stride of the max-pool over convolution positions.
pub const POOL: usize = 3;
/// Number of gates: input, forget, cell, output.
pub const GATES: usize = 4;

/// The models of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    PolyaId,
    PolyaStrength,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::PolyaId, Self::PolyaStrength];

    /// Returns its name as an architecture.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PolyaId => "polyaid",
            Self::PolyaStrength => "polyastrength",
        }
    }

    /// Returns its heads and the number of their outputs.
    fn heads(self) -> &'static [(&'static str, usize)] {
        match self {
            Self::PolyaId => &[("classification", 1), ("cleavage", CLEAVAGE)],
            Self::PolyaStrength => &[("strength", 1)],
        }
    }
}

/// The sizes of a model, read off its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Nucleotides of a filter.
    pub width: usize,
    pub filters: usize,
    /// LSTM units per direction.
    pub units: usize,
    /// Pooled positions of a window: the convolution's 240 - width + 1 positions in threes, the
    /// rest dropped.
    pub steps: usize,
}

/// One direction of the LSTM.
#[derive(Clone, Debug)]
pub struct Direction<'a> {
    pub input: &'a [f32],
    pub recurrent: &'a [f32],
    pub bias: &'a [f32],
}

/// A dense layer: `weight` is inputs x outputs.
#[derive(Clone, Debug)]
pub struct Dense<'a> {
    pub weight: &'a [f32],
    pub bias: &'a [f32],
    pub inputs: usize,
    pub outputs: usize,
}

/// Tensors that fit together, where they stand.
#[derive(Clone, Debug)]
pub struct Weights<'a> {
    pub sizes: Sizes,
    pub conv_weight: &'a [f32],
    pub conv_bias: &'a [f32],
    /// Forward and backward.
    pub directions: [Direction<'a>; 2],
    /// The dense layers of each head: classification and cleavage, or strength.
    pub heads: Vec<Vec<Dense<'a>>>,
}

impl<'a> Weights<'a> {
    /// Takes the tensors of `architecture` and checks every shape and value.
    ///
    /// # Errors
    /// Says which tensor is missing, left over, not finite or of a shape that fits no 240-nt
    /// window.
    pub fn new(kind: Kind, tensors: &'a Tensors) -> Result<Self, Problem> {
        let mut reader = Reader::new(tensors);
        let (sizes, conv_weight, conv_bias) = convolution(&mut reader)?;
        let forward = direction(&mut reader, "lstm.forward", sizes)?;
        let backward = direction(&mut reader, "lstm.backward", sizes)?;
        let heads = kind.heads().iter();
        let heads = heads.map(|&(name, outputs)| head(&mut reader, name, sizes, outputs));
        let heads = heads.collect::<Result<Vec<_>, _>>()?;
        reader.finish(kind.name())?;
        Ok(Self { sizes, conv_weight, conv_bias, directions: [forward, backward], heads })
    }
}

fn convolution<'a>(reader: &mut Reader<'a>) -> Result<(Sizes, &'a [f32], &'a [f32]), Problem> {
    let shape = reader.shape("conv.weight", 3)?;
    let (width, filters) = (shape[0], shape[2]);
    if width > WINDOW + 1 - POOL {
        return Err(
            format!("tensor conv.weight: width {width} leaves nothing of {WINDOW} nt").into()
        );
    }
    let recurrent = "lstm.forward.recurrent";
    let units = reader.shape(recurrent, 2)?[1] / GATES;
    let steps = (WINDOW - width + 1) / POOL;
    let weight = reader.view("conv.weight", &[width, 4, filters])?;
    let bias = reader.view("conv.bias", &[filters])?;
    Ok((Sizes { width, filters, units, steps }, weight, bias))
}

fn direction<'a>(
    reader: &mut Reader<'a>,
    name: &str,
    sizes: Sizes,
) -> Result<Direction<'a>, Problem> {
    let Sizes { filters, units, .. } = sizes;
    let gates = GATES * units;
    Ok(Direction {
        input: reader.view(&format!("{name}.input"), &[filters, gates])?,
        recurrent: reader.view(&format!("{name}.recurrent"), &[units, gates])?,
        bias: reader.view(&format!("{name}.bias"), &[gates])?,
    })
}

fn head<'a>(
    reader: &mut Reader<'a>,
    name: &str,
    sizes: Sizes,
    outputs: usize,
) -> Result<Vec<Dense<'a>>, Problem> {
    let mut inputs = sizes.steps * 2 * sizes.units;
    let mut layers = Vec::new();
    while reader.has(&format!("{name}.{}.weight", layers.len())) {
        let layer = format!("{name}.{}", layers.len());
        let outputs = reader.shape(&format!("{layer}.weight"), 2)?[1];
        let weight = reader.view(&format!("{layer}.weight"), &[inputs, outputs])?;
        let bias = reader.view(&format!("{layer}.bias"), &[outputs])?;
        layers.push(Dense { weight, bias, inputs, outputs });
        inputs = outputs;
    }
    if layers.is_empty() {
        return Err(format!("tensor {name}.0.weight is missing").into());
    }
    if inputs != outputs {
        return Err(format!("head {name} ends in {inputs} outputs, expected {outputs}").into());
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::super::random::{Shape, random};
    use super::*;
    use crate::models::weight_file::RawTensor;

    const SHAPE: Shape = Shape { width: 8, filters: 5, units: 3, dense: &[4, 6] };

    #[test]
    fn tensors_that_fit_are_taken_whole() {
        let tensors = random(Kind::PolyaId, SHAPE, 1);
        let weights = Weights::new(Kind::PolyaId, &tensors).unwrap();
        assert_eq!(weights.sizes, Sizes { width: 8, filters: 5, units: 3, steps: 77 });
        assert_eq!(weights.heads.len(), 2);
        assert_eq!(weights.heads[1].last().unwrap().outputs, CLEAVAGE);
    }

    #[test]
    fn every_missing_misshapen_or_surplus_tensor_is_named() {
        let whole = random(Kind::PolyaStrength, SHAPE, 2);
        let problem = |tensors: &Tensors| Weights::new(Kind::PolyaStrength, tensors).err();
        for name in whole.keys() {
            let mut tensors = whole.clone();
            tensors.remove(name);
            assert!(problem(&tensors).is_some(), "without {name}");
            let mut tensors = whole.clone();
            tensors.get_mut(name).unwrap().shape.push(2);
            assert!(problem(&tensors).unwrap().contains(name), "misshapen {name}");
            let mut tensors = whole.clone();
            tensors.get_mut(name).unwrap().values[0] = f32::NAN;
            let said = problem(&tensors).unwrap();
            assert!(said.contains(name) && said.contains("NaN"), "{said}");
        }
        let mut tensors = whole;
        tensors.insert("extra".into(), RawTensor::default());
        assert!(problem(&tensors).unwrap().contains("another version"));
    }
}
