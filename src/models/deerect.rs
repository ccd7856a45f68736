//! DeeReCT-PolyA: is this hexamer a polyA signal (Xia et al. 2018, Bioinformatics).
//!
//! A window of 206 nt with the hexamer at 100..106 is one-hot encoded (an unknown base all zero),
//! padded by one less than a filter's width of columns of 0.25 on either side and convolved without
//! a bias. Filters are normalised in four groups per window (filter f is in group f mod 4;
//! population variance, epsilon 1e-12), the bias is added, ReLU, max-pool of 10 (the tail dropped);
//! then a dense layer with ReLU, another with softmax over true and pseudo signal.
//!
//! | tensor | shape |
//! | --- | --- |
//! | `conv.weight`, `conv.bias` | width x 4 x filters (bases A, C, G, T), filters |
//! | `hidden.weight`, `hidden.bias` | inputs x hidden (position by position), hidden |
//! | `output.weight`, `output.bias` | hidden x 2 (true, pseudo signal), 2 |

pub mod archive;
mod import;
pub mod kernel;

use super::architecture::{Architecture, ArchitectureKind, Recogniser};
use super::card::{ModelCard, Task};
use super::weight_file::{Reader, Tensors};
use super::{Classes, Input, Length, Model, Output, Predictions, Window};
use crate::error::{Error, Problem, Result};
use crate::models::deerect::kernel::{DeerectKernel, GROUPS, Sizes, Weights};

/// Nucleotides of a window.
pub const LENGTH: usize = 206;
/// Index in the window of the hexamer's first base.
pub const HEXAMER: usize = 100;

/// Whether a hexamer is a polyA signal.
pub const ARCHITECTURE: Architecture = Architecture {
    kind: ArchitectureKind::Deerect,
    name: "deerect",
    task: Task::Signal,
    licence: "not stated by the authors",
    source: "Xia et al. 2018, Bioinformatics 35:2371, doi:10.1093/bioinformatics/bty991",
    load: |file, card, _| Ok(Box::new(Deerect::new(&file.tensors, card)?)),
    recognise: Recogniser::Numpy(import::recognise),
    leaves_open: &[],
};

/// A loaded DeeReCT-PolyA.
pub struct Deerect {
    card: ModelCard,
    outputs: [Output; 1],
    kernel: DeerectKernel,
}

impl Deerect {
    /// Builds the model from tensors named as above.
    ///
    /// # Errors
    /// If a tensor is missing, left over, not finite or of a shape that does not fit.
    pub fn new(tensors: &Tensors, card: ModelCard) -> Result<Self> {
        let (sizes, weights) =
            weights(tensors).map_err(|problem| Error::model(&card.name, problem))?;
        let kernel = DeerectKernel::new(sizes, &weights);
        Ok(Self { card, outputs: [Output::new("p_true_signal", 1)], kernel })
    }
}

impl Model for Deerect {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        Input { length: Length::Exactly(LENGTH), anchor: HEXAMER, structure: false, features: 0 }
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn classes(&self) -> Option<Classes> {
        Some(Classes::Two)
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        self.input().check(&self.card.name, windows)?;
        let values = self.kernel.predict(windows.iter().map(|window| window.codes));
        Predictions { values: vec![values] }.check_finite(&self.card.name, windows.len())
    }
}

/// Takes and checks the tensors.
fn weights(tensors: &Tensors) -> std::result::Result<(Sizes, Weights), Problem> {
    let mut reader = Reader::new(tensors);
    let conv = reader.shape("conv.weight", 3)?;
    let (width, filters) = (conv[0], conv[2]);
    let hidden = reader.shape("hidden.weight", 2)?[1];
    if width > LENGTH {
        return Err(format!("tensor conv.weight: filters of {width} nt for {LENGTH} nt").into());
    }
    if !filters.is_multiple_of(GROUPS) {
        return Err(
            format!("tensor conv.weight: {filters} filters do not make {GROUPS} groups").into()
        );
    }
    let sizes = Sizes { length: LENGTH, width, filters, hidden };
    let inputs = sizes.steps() * filters;
    let weights = Weights {
        conv: reader.take("conv.weight", &[width, 4, filters])?,
        conv_bias: reader.take("conv.bias", &[filters])?,
        hidden: (
            reader.take("hidden.weight", &[inputs, hidden])?,
            reader.take("hidden.bias", &[hidden])?,
        ),
        output: (reader.take("output.weight", &[hidden, 2])?, reader.take("output.bias", &[2])?),
    };
    reader.finish(ARCHITECTURE.name)?;
    Ok((sizes, weights))
}
