//! This program's weight files: safetensors whose bytes depend on their content alone.
//!
//! The `safetensors` crate writes metadata in the random order of a hash map; a weight file's sha256
//! must not change from run to run.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Tensor};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::error::Result;

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
