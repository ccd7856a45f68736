//! Published weight files to this program's own: safetensors with named, checked tensors.

pub mod foreign;
pub mod keras_bilstm;
pub mod keras_config;
pub mod keras_h5;
pub mod npz;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::bilstm::weights::{Architecture, Weights};
use super::weight_file::sha256;
use super::weight_file::{self, FORMAT_VERSION};
use crate::error::{Error, Result};
use crate::output::atomic::{AtomicFile, keep_input};
pub use foreign::describe;

/// What a conversion made.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    pub architecture: Architecture,
    pub tensors: usize,
    /// Number of trained values.
    pub parameters: usize,
    /// sha256 of the file that was read, hexadecimal.
    pub source_sha256: String,
    /// sha256 of the file that was written, hexadecimal.
    pub sha256: String,
}

/// Reads the Keras weights of PolyaID or PolyaStrength and writes them as safetensors. The output
/// appears under its name when it is complete.
///
/// # Errors
/// If the file is not what it should be (see [`keras_h5::read`]), belongs to another architecture,
/// or its tensors do not fit together.
pub fn convert_keras(input: &Path, output: &Path) -> Result<Converted> {
    keep_input(input, output)?;
    let mut out = AtomicFile::create(output)?;
    let file = keras_h5::read(input)?;
    let source_sha256 = file.sha256.clone();
    let (architecture, tensors) = keras_bilstm::recognise(input, file)?;
    // The same check that loading makes: a file that was converted can be loaded.
    Weights::new(architecture, &tensors).map_err(|problem| Error::input(input, "", problem))?;
    let metadata = BTreeMap::from([
        ("architecture", architecture.name()),
        ("task", architecture.task().name()),
        ("source_sha256", &source_sha256),
        ("format_version", FORMAT_VERSION),
    ]);
    let bytes = weight_file::encode(&tensors, &metadata)
        .map_err(|problem| Error::Internal(problem.to_string()))?;
    out.write_all(&bytes).map_err(|e| Error::io(output, "cannot write", e))?;
    out.commit()?;
    let parameters = tensors.values().map(|tensor| tensor.values.len()).sum();
    let sha256 = sha256(&bytes);
    Ok(Converted { architecture, tensors: tensors.len(), parameters, source_sha256, sha256 })
}
