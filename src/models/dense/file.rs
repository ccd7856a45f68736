//! Weight files of dense-scan models: safetensors with the sizes in the metadata.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use candle_core::Tensor;

use super::ARCHITECTURE;
use super::network::DenseConfig;
use crate::error::{Error, Result};
use crate::models::weight_file::{self, FORMAT_VERSION};
use crate::output::atomic::AtomicFile;

/// Writes a weight file.
///
/// # Errors
/// If the file cannot be written.
pub fn save(path: &Path, config: &DenseConfig, tensors: &HashMap<String, Tensor>) -> Result<()> {
    let sizes = serde_json::to_string(config).map_err(|e| Error::Internal(e.to_string()))?;
    let metadata = BTreeMap::from([
        ("architecture", ARCHITECTURE.name),
        ("task", ARCHITECTURE.task.name()),
        ("config", &sizes),
        ("format_version", FORMAT_VERSION),
    ]);
    let bytes = weight_file::encode(&weight_file::raw(tensors)?, &metadata)
        .map_err(|e| Error::Internal(format!("weights: {e}")))?;
    let mut file = AtomicFile::create(path)?;
    file.write_all(&bytes).map_err(|e| Error::io(path, "cannot write", e))?;
    file.commit()
}
