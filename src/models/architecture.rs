//! What an architecture is to the rest of the program: a name, how its weight files become models,
//! and how the files are recognised that its authors publish.

use std::path::Path;

use super::Model;
use super::card::{ModelCard, Task};
use super::formats::keras_h5::KerasFile;
use super::formats::npz::NpzFile;
use super::weight_file::{Tensors, WeightFile};
use crate::engine::device::Workers;
use crate::error::Result;

/// The architectures, for whatever treats each in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchitectureKind {
    DenseScan,
    DenseStrength,
    Polyaid,
    Polyastrength,
    Aparent2,
    Deerect,
    Pysster,
    Deeprke,
}

/// A kind of network.
#[derive(Debug)]
pub struct Architecture {
    pub kind: ArchitectureKind,
    /// The name in weight files and model cards.
    pub name: &'static str,
    pub task: Task,
    /// Licence of the published weights, where they have one.
    pub licence: &'static str,
    /// The paper.
    pub source: &'static str,
    /// Builds a model whose scans run on the workers.
    pub load: fn(&WeightFile, ModelCard, &Workers) -> Result<Box<dyn Model>>,
    pub recognise: Recogniser,
    /// What published files leave open.
    pub leaves_open: &'static [LeftOpen],
}

/// Takes a published file if it is of the architecture, and nothing if it is of another.
#[derive(Debug)]
pub enum Recogniser {
    Keras(fn(&Path, &KerasFile, &ConvertOptions) -> Result<Option<Recognised>>),
    Numpy(fn(&Path, &NpzFile, &ConvertOptions) -> Result<Option<Recognised>>),
    /// Nobody publishes weights, or in no format that is read.
    Unpublished,
}

/// What a published file may leave open, by the option that says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOpen {
    Alphabet,
    InputLength,
    Library,
}

impl LeftOpen {
    /// Returns the option of `polyascan convert`.
    pub fn option(self) -> &'static str {
        match self {
            Self::Alphabet => "--alphabet",
            Self::InputLength => "--input-length",
            Self::Library => "--library",
        }
    }
}

/// What is said of a published file that it leaves open itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConvertOptions {
    /// Letters of the input's channels: those of the sequence, or those of sequence and structure
    /// with a comma between.
    pub alphabet: Option<String>,
    /// Nucleotides of the input.
    pub input_length: Option<usize>,
    /// Of APARENT2 the library of the training data whose bias is added, from 0.
    pub library: Option<usize>,
}

impl ConvertOptions {
    /// Returns what is said.
    pub fn given(&self) -> impl Iterator<Item = LeftOpen> {
        let Self { alphabet, input_length, library } = self;
        let given = [
            alphabet.as_ref().map(|_| LeftOpen::Alphabet),
            input_length.map(|_| LeftOpen::InputLength),
            library.map(|_| LeftOpen::Library),
        ];
        given.into_iter().flatten()
    }
}

/// A published model.
#[derive(Clone, Debug)]
pub struct Recognised {
    pub tensors: Tensors,
    /// Sizes that the tensors do not tell, for [`WeightFile::config`].
    pub config: Option<serde_json::Value>,
}
