//! `polyascan convert`: published Keras weights to safetensors.

use std::path::PathBuf;

use crate::error::Result;
use crate::models::import;

/// Convert the published Keras weights of PolyaID or PolyaStrength (HDF5) to safetensors
///
/// Weights-only files and whole saved models are both read, whatever the layer sizes; optimiser
/// state and stored code are ignored. The architecture is recognised from the layers. The output
/// records the sha256 of the file it was made from and appears only when it is complete.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Keras weights, e.g. polyaID.h5 (not a Git LFS pointer: download the file itself)
    #[arg(value_name = "IN.h5")]
    pub input: PathBuf,
    /// Where to write the converted model
    #[arg(value_name = "OUT.safetensors")]
    pub output: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// See [`import::convert_keras`].
pub fn run(args: &Args) -> Result<()> {
    let made = import::convert_keras(&args.input, &args.output)?;
    eprintln!(
        "{}: {}, {} tensors, {} parameters\n  sha256 {}\n  made from {} (sha256 {})",
        args.output.display(),
        made.architecture.name(),
        made.tensors,
        made.parameters,
        made.sha256,
        args.input.display(),
        made.source_sha256
    );
    Ok(())
}
