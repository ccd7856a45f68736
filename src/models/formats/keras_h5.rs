//! Reads Keras weight files (HDF5): weights only, or whole saved models with optimiser state.
//!
//! Tensors are found as Keras itself finds them, through the `layer_names` attribute of the weight
//! group and the `weight_names` attribute of each layer. Only those tensors are read: stored Python
//! code (Lambda layers), optimiser state and training configuration are never looked at.

use std::path::Path;

use hdf5_reader::error::Error as Hdf5Error;
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions};

use super::foreign;
use crate::error::{Error, Problem, Result};
use crate::models::weight_file::RawTensor;

/// The most bytes of weights: a small damaged file can claim to unpack to anything.
const MAX_WEIGHTS: usize = 1 << 28;
/// The most layers, and weights of a layer: names in a file of some KB can be millions.
const MAX_NAMES: usize = 1 << 16;
/// The most pieces of a text attribute.
const MAX_PARTS: usize = 1 << 12;

/// One weight of a layer, by the name that Keras gave it, e.g. `bin_conv/kernel:0`.
#[derive(Clone, Debug, PartialEq)]
pub struct KerasWeight {
    pub name: String,
    pub tensor: RawTensor,
}

/// A layer and its weights, in the file's order; many layers have none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KerasLayer {
    pub name: String,
    pub weights: Vec<KerasWeight>,
}

/// What a Keras file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KerasFile {
    /// In the order of `layer_names`.
    pub layers: Vec<KerasLayer>,
    /// The model's description, which only whole saved models have.
    pub config: Option<serde_json::Value>,
}

/// Reads a Keras weight file that is in memory; `path` is for messages.
///
/// # Errors
/// If the file is a Git LFS pointer or in another format (named in the message), ends early, is
/// damaged, holds no Keras weights, or a weight is missing, of another type or not finite.
pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<KerasFile> {
    if !foreign::is_hdf5(&bytes) {
        let found = foreign::describe(&bytes).unwrap_or("in no format that is known".into());
        return Err(Error::of_file(path, format!("not an HDF5 file but {found}")));
    }
    let present = bytes.len() as u64;
    // One thread is enough for these sizes, and no external file is ever opened.
    let options = OpenOptions::default().with_max_read_bytes(MAX_WEIGHTS);
    let file = Hdf5File::from_vec_with_options(bytes, options).map_err(|e| damaged(path, "", e))?;
    let superblock = file.superblock();
    let expected = superblock.base_address.saturating_add(superblock.eof_address);
    if present < expected {
        let problem = format!(
            "the file ends early: it should have {expected} bytes and has {present}; download it \
             again"
        );
        return Err(Error::of_file(path, problem));
    }
    let root = file.root_group().map_err(|e| damaged(path, "/", e))?;
    let reader = Reader { path };
    Ok(KerasFile { layers: reader.layers(&root)?, config: reader.config(&root)? })
}

/// Turns the HDF5 library's complaint into one that says what to do.
fn damaged(path: &Path, place: &str, error: Hdf5Error) -> Error {
    match cause(&error) {
        Hdf5Error::UnsupportedFilter(filter) => {
            return Error::input(path, place, compressed(filter));
        }
        Hdf5Error::UnsupportedEncoding(_) => {
            let problem = format!(
                "whole, but written in a way that is not read here ({error}); write it anew: `h5repack IN OUT`"
            );
            return Error::input(path, place, problem);
        }
        _ => {}
    }
    let problem = format!(
        "cannot be read as HDF5: {error}; the file is damaged or incomplete: download it again"
    );
    Error::input(path, place, problem)
}

/// Returns what the library complains of, without the objects in which that is.
fn cause(error: &Hdf5Error) -> &Hdf5Error {
    match error {
        Hdf5Error::Context { source, .. } => cause(source),
        other => other,
    }
}

/// Says what a filter is that is not read here (numbers: the HDF Group's list of registered
/// filters), and what to do.
fn compressed(filter: &str) -> String {
    let number = filter.rsplit(' ').next().unwrap_or_default();
    let name = match number {
        "4" => "SZIP",
        "307" => "bzip2",
        "32000" => "LZF",
        "32001" => "Blosc",
        "32004" => "LZ4",
        "32008" => "bitshuffle",
        "32015" => "Zstandard",
        _ => "another method",
    };
    format!(
        "compressed with {name} ({filter}), which is not read here; compress it with gzip: \
         `h5repack -f GZIP=6 IN OUT`"
    )
}

struct Reader<'a> {
    path: &'a Path,
}

impl Reader<'_> {
    /// Reads all layers of the weight group: `/model_weights` of a saved model, or the root.
    fn layers(&self, root: &Group) -> Result<Vec<KerasLayer>> {
        let saved_model = match root.group("model_weights") {
            Ok(group) => Some(group),
            Err(Hdf5Error::GroupNotFound(_)) => None,
            Err(e) => return Err(damaged(self.path, "/model_weights", e)),
        };
        let group = saved_model.as_ref().unwrap_or(root);
        let Some(names) = self.strings(group, "layer_names")? else {
            let problem = "HDF5, but without Keras weights: neither / nor /model_weights has the \
                           attribute `layer_names`. Files of Keras 3 that end in .weights.h5 have none: \
                           save the whole model as HDF5 (`model.save(\"model.h5\")`)";
            return Err(Error::of_file(self.path, problem));
        };
        let mut budget = MAX_WEIGHTS;
        names.into_iter().map(|name| self.layer(group, name, &mut budget)).collect()
    }

    fn layer(&self, parent: &Group, name: String, budget: &mut usize) -> Result<KerasLayer> {
        let place = format!("layer {name}");
        let group = descend(parent, &name).map_err(|e| self.missing(&place, e))?;
        let names = self.strings(&group, "weight_names")?.unwrap_or_default();
        let weights = names.into_iter().map(|weight| {
            let place = format!("layer {name}, weight {weight}");
            let dataset = match weight.rsplit_once('/') {
                Some((folder, leaf)) => descend(&group, folder).and_then(|g| g.dataset(leaf)),
                None => group.dataset(&weight),
            };
            let dataset = dataset.map_err(|e| self.missing(&place, e))?;
            let tensor = self.tensor(&dataset, &place, budget)?;
            Ok(KerasWeight { name: weight, tensor })
        });
        let weights = weights.collect::<Result<_>>()?;
        Ok(KerasLayer { name, weights })
    }

    fn tensor(&self, dataset: &Dataset, place: &str, budget: &mut usize) -> Result<RawTensor> {
        let wrong = |problem: Problem| Error::input(self.path, place, problem);
        let damaged = |e| damaged(self.path, place, e);
        let Datatype::FloatingPoint { size, .. } = *dataset.dtype() else {
            return Err(wrong("holds no floating-point numbers: not a weight".into()));
        };
        let needed = dataset.raw_byte_len().map_err(damaged)?;
        *budget = budget
            .checked_sub(needed)
            .ok_or_else(|| wrong("the file claims more than 256 MiB of weights: damaged".into()))?;
        if size == 2 && !is_half(&dataset.raw_datatype().map_err(damaged)?) {
            return Err(wrong("16-bit numbers that are not IEEE halves: save it as f32".into()));
        }
        let bytes = dataset.read_native_bytes().map_err(damaged)?;
        let values = to_f32(&bytes, usize::from(size)).map_err(wrong)?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let problem = format!(
                "value {at} is {}: weights must be finite; the file is damaged or its training \
                 diverged",
                values[at]
            );
            return Err(wrong(problem.into()));
        }
        let shape = dataset.shape().iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX));
        Ok(RawTensor { shape: shape.collect(), values })
    }

    /// Returns a string-list attribute; Keras splits one of more than 64 KB into NAME0, NAME1, ...
    fn strings(&self, group: &Group, name: &str) -> Result<Option<Vec<String>>> {
        if let Some(all) = self.attribute(group, name)? {
            return Ok(Some(all));
        }
        let Some(mut all) = self.attribute(group, &format!("{name}0"))? else { return Ok(None) };
        let mut part = 1;
        while let Some(more) = self.attribute(group, &format!("{name}{part}"))? {
            all.extend(more);
            part += 1;
            if all.len() > MAX_NAMES || part > MAX_PARTS {
                return Err(self.too_many(group, name));
            }
        }
        Ok(Some(all))
    }

    fn attribute(&self, group: &Group, name: &str) -> Result<Option<Vec<String>>> {
        let place = || format!("attribute {name} of {}", group.name());
        match group.attribute(name) {
            // An empty list is stored without strings at all (as an array of numbers).
            Ok(attribute) if attribute.num_elements().is_ok_and(|n| n == 0) => Ok(Some(vec![])),
            Ok(attribute) if attribute.num_elements().is_ok_and(|n| n > MAX_NAMES as u64) => {
                Err(self.too_many(group, name))
            }
            Ok(attribute) => {
                attribute.read_strings().map(Some).map_err(|e| damaged(self.path, &place(), e))
            }
            Err(Hdf5Error::AttributeNotFound(_)) => Ok(None),
            Err(e) => Err(damaged(self.path, &place(), e)),
        }
    }

    fn too_many(&self, group: &Group, name: &str) -> Error {
        let problem = format!("more than {MAX_NAMES} names: not weights that this program knows");
        Error::input(self.path, format!("attribute {name} of {}", group.name()), problem)
    }

    fn config(&self, root: &Group) -> Result<Option<serde_json::Value>> {
        let Some(text) = self.attribute(root, "model_config")? else { return Ok(None) };
        serde_json::from_str(&text.concat()).map(Some).map_err(|e| {
            let problem = format!("not JSON ({e}): the file is damaged; download it again");
            Error::input(self.path, "attribute model_config", problem)
        })
    }

    fn missing(&self, place: &str, error: Hdf5Error) -> Error {
        if !matches!(cause(&error), Hdf5Error::DatasetNotFound(_) | Hdf5Error::GroupNotFound(_)) {
            return damaged(self.path, place, error);
        }
        let problem = "named in the file but not there: the file is damaged or was saved in part";
        Error::input(self.path, place, problem)
    }
}

/// Goes down a path of groups: layer and weight names may hold slashes.
fn descend(group: &Group, path: &str) -> hdf5_reader::error::Result<Group> {
    path.split('/').filter(|name| !name.is_empty()).try_fold(group.clone(), |g, name| g.group(name))
}

/// Returns whether a 16-bit float datatype message describes IEEE halves (5 exponent bits; bfloat16
/// has 8). Byte 13 of the message is the exponent's size (HDF5 format specification, IV.A.2.d).
fn is_half(datatype: &[u8]) -> bool {
    datatype.get(13) == Some(&5)
}

/// Converts native-endian floats of 2, 4 or 8 bytes.
fn to_f32(bytes: &[u8], size: usize) -> std::result::Result<Vec<f32>, Problem> {
    match size {
        2 => {
            use candle_core::{DType, Device, Tensor};
            let n = bytes.len() / 2;
            Tensor::from_raw_buffer(bytes, DType::F16, &[n], &Device::Cpu)
                .and_then(|halves| halves.to_dtype(DType::F32)?.to_vec1())
                .map_err(|e| e.to_string().into())
        }
        4 => Ok(bytes.as_chunks().0.iter().map(|&value| f32::from_ne_bytes(value)).collect()),
        8 => Ok(bytes.as_chunks().0.iter().map(|&v| f64::from_ne_bytes(v) as f32).collect()),
        _ => Err(format!("{}-bit floating-point numbers are not supported", 8 * size).into()),
    }
}

#[cfg(test)]
mod tests;
