//! Weight files of dense-scan models: safetensors with the sizes in the metadata.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use candle_core::Tensor;

use super::ARCHITECTURE;
use super::network::DenseConfig;
use crate::error::{Error, Result};
use crate::models::import::{RawTensor, safetensors_file};
use crate::output::atomic::AtomicFile;

/// Writes a weight file, whose bytes depend on its content alone.
///
/// # Errors
/// If the file cannot be written.
pub fn save(path: &Path, config: &DenseConfig, tensors: &HashMap<String, Tensor>) -> Result<()> {
    let failed = |e: serde_json::Error| Error::Internal(format!("weights: {e}"));
    let sizes = serde_json::to_string(config).map_err(failed)?;
    let metadata = BTreeMap::from([
        ("architecture", ARCHITECTURE),
        ("task", "sites"),
        ("config", &sizes),
        ("format_version", "1"),
    ]);
    let raw = tensors.iter().map(|(name, tensor)| {
        let values = tensor.flatten_all()?.to_vec1()?;
        Ok((name.clone(), RawTensor { shape: tensor.dims().to_vec(), values }))
    });
    let bytes = safetensors_file::encode(&raw.collect::<Result<_>>()?, &metadata);
    let mut file = AtomicFile::create(path)?;
    file.write_all(&bytes.map_err(failed)?).map_err(|e| Error::io(path, "cannot write", e))?;
    file.commit()
}
