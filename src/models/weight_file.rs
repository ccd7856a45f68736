//! This program's weight files: safetensors whose bytes depend on their content alone.
//!
//! The `safetensors` crate writes metadata in the random order of a hash map; a weight file's
//! sha256 must not change from run to run.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::posterior::Posterior;
use crate::error::{Problem, Result};

/// The metadata entry `format_version` of files that this program writes and reads.
pub const FORMAT_VERSION: &str = "1";

/// A tensor in memory: row-major f32 values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawTensor {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Tensors by name.
pub type Tensors = BTreeMap<String, RawTensor>;

/// What a weight file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightFile {
    /// `architecture`, `config` (JSON), `licence`, `source` and so on.
    pub metadata: BTreeMap<String, String>,
    pub tensors: Tensors,
}

impl WeightFile {
    /// Returns a metadata entry, empty if it is not there.
    pub fn entry(&self, key: &str) -> &str {
        self.metadata.get(key).map_or("", String::as_str)
    }

    /// Returns the sizes of the network from the metadata entry `config`.
    ///
    /// # Errors
    /// If it is missing or not what `T` is.
    pub fn config<T: serde::de::DeserializeOwned>(&self) -> std::result::Result<T, Problem> {
        serde_json::from_str(self.entry("config"))
            .map_err(|e| format!("metadata entry `config`: {e}").into())
    }

    /// Returns what makes posteriors of the model's outputs, from the metadata entry `posterior`.
    ///
    /// # Errors
    /// If it is there and is none.
    pub fn posterior(&self) -> std::result::Result<Option<Posterior>, Problem> {
        match self.entry("posterior") {
            "" => Ok(None),
            json => serde_json::from_str(json)
                .map(Some)
                .map_err(|e| format!("metadata entry `posterior`: {e}").into()),
        }
    }

    /// Returns the tensors as candle's.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn candle(&self) -> Result<HashMap<String, Tensor>> {
        let tensors = self.tensors.iter().map(|(name, tensor)| {
            let shape = tensor.shape.as_slice();
            Ok((name.clone(), Tensor::from_slice(&tensor.values, shape, &Device::Cpu)?))
        });
        tensors.collect()
    }
}

/// Reads a safetensors file of f32 tensors.
///
/// # Errors
/// If the bytes are no complete safetensors file, of another format version, or hold tensors that
/// are not f32 or not finite.
pub fn decode(bytes: &[u8]) -> std::result::Result<WeightFile, Problem> {
    let damaged = |e| format!("not a complete safetensors file ({e}); copy or download it again");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
    let mut file = WeightFile { metadata, ..WeightFile::default() };
    if !["", FORMAT_VERSION].contains(&file.entry("format_version")) {
        let version = file.entry("format_version");
        return Err(format!("format version {version}; this program reads {FORMAT_VERSION}").into());
    }
    for (name, view) in SafeTensors::deserialize(bytes).map_err(damaged)?.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("tensor {name}: {:?}; f32 is expected", view.dtype()).into());
        }
        let values: Vec<f32> =
            view.data().as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
        if !values.iter().all(|value| value.is_finite()) {
            return Err(format!("tensor {name} holds NaN or infinite values").into());
        }
        file.tensors.insert(name.to_owned(), RawTensor { shape: view.shape().to_vec(), values });
    }
    Ok(file)
}

/// Takes tensors by name, checks them, and sees to it that none is left over.
pub struct Reader<'a> {
    tensors: &'a Tensors,
    used: usize,
}

impl<'a> Reader<'a> {
    /// Begins with all tensors of a model.
    pub fn new(tensors: &'a Tensors) -> Self {
        Self { tensors, used: 0 }
    }

    /// Takes a copy of a tensor of known shape.
    ///
    /// # Errors
    /// As [`Reader::view`].
    pub fn take(&mut self, name: &str, shape: &[usize]) -> std::result::Result<Vec<f32>, Problem> {
        self.view(name, shape).map(<[f32]>::to_vec)
    }

    /// Takes a tensor of known shape where it stands.
    ///
    /// # Errors
    /// If it is missing, of another shape or not finite.
    pub fn view(&mut self, name: &str, shape: &[usize]) -> std::result::Result<&'a [f32], Problem> {
        let tensor = self.get(name)?;
        if tensor.shape != shape {
            return Err(format!("tensor {name} is {:?}, expected {shape:?}", tensor.shape).into());
        }
        if tensor.values.len() != shape.iter().product::<usize>() {
            return Err(
                format!("tensor {name} has {} values for {shape:?}", tensor.values.len()).into()
            );
        }
        if let Some(at) = tensor.values.iter().position(|value| !value.is_finite()) {
            return Err(format!("tensor {name}: value {at} is {}", tensor.values[at]).into());
        }
        self.used += 1;
        Ok(&tensor.values)
    }

    /// Returns a tensor's shape, which must have `rank` dimensions above 0.
    ///
    /// # Errors
    /// If the tensor is missing or of another rank.
    pub fn shape(&self, name: &str, rank: usize) -> std::result::Result<&'a [usize], Problem> {
        match self.get(name)?.shape.as_slice() {
            shape if shape.len() == rank && !shape.contains(&0) => Ok(shape),
            shape => {
                Err(format!("tensor {name} is {shape:?}, expected {rank} dimensions above 0")
                    .into())
            }
        }
    }

    /// Returns whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Checks that every tensor was taken.
    ///
    /// # Errors
    /// If the file has more tensors than the model.
    pub fn finish(self, architecture: &str) -> std::result::Result<(), Problem> {
        if self.used == self.tensors.len() {
            return Ok(());
        }
        Err(format!(
            "{} tensors, of which {architecture} has {}: made by another version of this program?",
            self.tensors.len(),
            self.used
        )
        .into())
    }

    fn get(&self, name: &str) -> std::result::Result<&'a RawTensor, Problem> {
        self.tensors.get(name).ok_or_else(|| format!("tensor {name} is missing").into())
    }
}

/// Returns candle's tensors as tensors in memory.
///
/// # Errors
/// If the tensor library fails.
pub fn raw(tensors: &HashMap<String, Tensor>) -> Result<Tensors> {
    let raw = tensors.iter().map(|(name, tensor)| {
        let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        Ok((name.clone(), RawTensor { shape: tensor.dims().to_vec(), values }))
    });
    raw.collect()
}

/// Returns the bytes of a safetensors file: tensors in the order of their names, all f32.
pub fn encode(
    tensors: &Tensors,
    metadata: &BTreeMap<&str, &str>,
) -> std::result::Result<Vec<u8>, serde_json::Error> {
    let mut header = BTreeMap::from([("__metadata__", json!(metadata))]);
    let mut end = 0;
    for (name, tensor) in tensors {
        let start = end;
        end += 4 * tensor.values.len();
        let entry = json!({ "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end] });
        header.insert(name, entry);
    }
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = Vec::with_capacity(8 + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for tensor in tensors.values() {
        bytes.extend(tensor.values.iter().flat_map(|value| value.to_le_bytes()));
    }
    Ok(bytes)
}

/// Returns the sha256 of bytes, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_safetensors_crate_reads_what_is_written() {
        let tensors = Tensors::from([
            ("b".to_owned(), RawTensor { shape: vec![2, 1], values: vec![1.5, -2.0] }),
            ("a".to_owned(), RawTensor { shape: vec![3], values: vec![0.0, 0.25, 4.0] }),
        ]);
        let metadata = BTreeMap::from([("architecture", "polyaid"), ("task", "sites")]);
        let bytes = encode(&tensors, &metadata).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(file.tensor("b").unwrap().shape(), [2, 1]);
        assert_eq!(file.tensor("a").unwrap().data()[4..8], 0.25f32.to_le_bytes());
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        assert_eq!(header.metadata().as_ref().unwrap()["architecture"], "polyaid");
    }
}
