//! Networks that read shares of letters where the models read letters, so that their outputs have
//! gradients by the input: each architecture once more, in plain operations of candle, from the
//! tensors of its weight file.
//!
//! Activations are samples x positions x channels. Of equal values a max-pool takes the first one,
//! so that sums of gradients along a path are differences of outputs where a sequence repeats
//! itself.

mod aparent2;
mod deeprke;
mod deerect;
mod dense;
pub mod letters;
mod operations;
mod polyaid;
mod pysster;
#[cfg(test)]
mod tests;

use candle_core::{DType, Device, Tensor};

use crate::error::{Error, Problem, Result};
use crate::models::architecture::ArchitectureKind;
use crate::models::registry;
use crate::models::weight_file::{Tensors, WeightFile};
use crate::models::{Input, Window};
use letters::Letters;

/// Kernels of a first layer that are equally wide and read the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    /// Empty where a network has one bank alone.
    pub name: &'static str,
    /// Nucleotides that a kernel sees.
    pub width: usize,
    pub kernels: usize,
    /// Which tracks of the letters it reads.
    pub tracks: Vec<usize>,
}

/// What a network says, before the outputs' activation.
pub struct Said {
    /// The last hidden layer before its ReLU, samples x units; no units of networks without one.
    pub hidden: Tensor,
    /// Logits or log odds, samples x outputs.
    pub outputs: Tensor,
}

/// A network that can be differentiated by its input, samples x nucleotides x channels of its
/// letters.
pub trait Soft: Send + Sync {
    /// Returns the letters that it reads.
    fn letters(&self) -> &Letters;

    /// Returns what it reads of a sequence.
    fn input(&self) -> Input;

    /// Appends the channels of a window.
    fn encode(&self, window: &Window<'_>, x: &mut Vec<f32>) {
        self.letters().encode(window, x);
    }

    /// Returns the banks of the first layer of kernels wider than one nucleotide.
    fn banks(&self) -> Vec<Bank>;

    /// Returns what the kernels of each bank say before the ReLU, at each place where they lie
    /// inside the sequence: samples x places x kernels.
    ///
    /// # Errors
    /// If the tensor library fails, or the sequence is shorter than a kernel.
    fn kernels(&self, x: &Tensor) -> Result<Vec<Tensor>>;

    /// Returns the names of the outputs.
    fn outputs(&self) -> Vec<String>;

    /// Returns what the network says.
    ///
    /// # Errors
    /// If the tensor library fails.
    fn said(&self, x: &Tensor) -> Result<Said>;
}

/// Weights as candle's tensors of one type, for networks to take theirs from.
pub struct Parts<'a> {
    tensors: &'a Tensors,
    kind: DType,
}

impl Parts<'_> {
    /// Returns a tensor by its name.
    fn get(&self, name: &str) -> Result<Tensor> {
        let found = self.tensors.get(name);
        let found = found.ok_or_else(|| Error::Internal(format!("tensor {name} is missing")))?;
        let tensor = Tensor::from_slice(&found.values, found.shape.as_slice(), &Device::Cpu)?;
        Ok(tensor.to_dtype(self.kind)?)
    }

    /// Returns `NAME.weight` and `NAME.bias`.
    fn layer(&self, name: &str) -> Result<operations::Layer> {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        Ok(operations::Layer { weight: self.get(&weight)?, bias: self.get(&bias)? })
    }

    /// Returns `NAME.0`, `NAME.1` and so on, as many as there are.
    fn layers(&self, name: &str) -> Result<Vec<operations::Layer>> {
        let names = (0..).map(|n| format!("{name}.{n}"));
        let there = names.take_while(|name| self.tensors.contains_key(&format!("{name}.weight")));
        there.map(|name| self.layer(&name)).collect()
    }
}

/// Loads the network of a model by its name or file.
///
/// # Errors
/// If there is no such model, or the tensor library fails.
pub fn load(name_or_file: &str) -> Result<Box<dyn Soft>> {
    build(&registry::weights(name_or_file)?, DType::F32)
}

/// Builds the network of a weight file that a model was built of, which has checked it.
///
/// # Errors
/// If a tensor is missing or the tensor library fails.
pub fn build(file: &WeightFile, kind: DType) -> Result<Box<dyn Soft>> {
    let parts = Parts { tensors: &file.tensors, kind };
    let name = file.entry("architecture");
    let wrong = |problem: Problem| Error::model(name, problem);
    let known = registry::architecture(name);
    let known = known.ok_or_else(|| wrong("no architecture of this program".into()))?;
    Ok(match known.kind {
        ArchitectureKind::DenseScan => {
            Box::new(dense::Dense::new(&parts, &file.config().map_err(wrong)?, true)?)
        }
        ArchitectureKind::DenseStrength => {
            Box::new(dense::Dense::new(&parts, &file.config().map_err(wrong)?, false)?)
        }
        ArchitectureKind::Polyaid => {
            Box::new(polyaid::BiLstm::new(&parts, &["classification", "cleavage"])?)
        }
        ArchitectureKind::Polyastrength => Box::new(polyaid::BiLstm::new(&parts, &["strength"])?),
        ArchitectureKind::Aparent2 => {
            Box::new(aparent2::Aparent2::new(&parts, &file.config().map_err(wrong)?)?)
        }
        ArchitectureKind::Deerect => Box::new(deerect::Deerect::new(&parts)?),
        ArchitectureKind::Pysster => {
            Box::new(pysster::Pysster::new(&parts, &file.config().map_err(wrong)?)?)
        }
        ArchitectureKind::Deeprke => {
            Box::new(deeprke::DeepRke::new(&parts, file.config().map_err(wrong)?)?)
        }
    })
}

/// Returns windows of equal lengths as samples x nucleotides x channels.
///
/// # Errors
/// If the tensor library fails.
pub fn encoded(network: &dyn Soft, windows: &[Window<'_>], kind: DType) -> Result<Tensor> {
    let nt = windows.first().map_or(0, |window| window.codes.len());
    let mut x = Vec::new();
    windows.iter().for_each(|window| network.encode(window, &mut x));
    let shape = (windows.len(), nt, network.letters().channels());
    Ok(Tensor::from_vec(x, shape, &Device::Cpu)?.to_dtype(kind)?)
}
