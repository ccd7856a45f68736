//! `polyascan convert`: published weights to safetensors.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::models::architecture::ConvertOptions;
use crate::models::convert;
use crate::models::{library, registry};
use crate::output::atomic::check_output;
use crate::text::count;

/// Convert the authors' own weight file of a published model to safetensors.
///
/// Reads Keras HDF5 files of PolyaID, PolyaStrength, APARENT2 and pysster, weights only or whole
/// saved models, and the NumPy archives of DeeReCT-PolyA, whatever the layer sizes. The format and
/// the model are recognised from the content; optimiser state and stored code are ignored, nothing
/// is executed. The output records the sha256 of the file it was made from and appears only when it
/// is complete.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Published weights, e.g. polyaID.h5 (not a Git LFS pointer: download the file itself)
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where to write the converted model [default: NAME.safetensors in the folder of models,
    /// $POLYASCAN_MODELS or ~/.local/share/polyascan/models, where --model finds it by name]
    #[arg(value_name = "OUT.safetensors", value_parser = crate::cli::options::name)]
    pub output: Option<PathBuf>,
    /// Name of the model in the folder of models [default: the input's name without its ending]
    #[arg(long, conflicts_with = "output")]
    pub name: Option<String>,
    /// Replace a model of this name
    #[arg(long, conflicts_with = "output")]
    pub force: bool,
    /// pysster: letters of the input, e.g. ACGT or ACGU,HIMS [default: ACGU for 4 channels,
    /// ACGU,HIMS for 16]
    #[arg(long, value_name = "LETTERS")]
    pub alphabet: Option<String>,
    /// pysster: nucleotides of the input, where the file does not tell
    #[arg(long, value_name = "NT")]
    pub input_length: Option<usize>,
    /// APARENT2: the library of reporter genes whose bias is added, 0 to 12; part of the file, and
    /// so of its digest [default: 11, with which its authors predict]
    #[arg(long, value_name = "N")]
    pub library: Option<usize>,
}

/// Runs the command.
///
/// # Errors
/// See [`convert::convert`]; a name that is taken.
pub fn run(args: &Args) -> Result<()> {
    let options = ConvertOptions {
        alphabet: args.alphabet.clone(),
        input_length: args.input_length,
        library: args.library,
    };
    let output = match &args.output {
        Some(output) => output.clone(),
        None => args.place()?,
    };
    check_output(&output)?;
    let made = convert::convert(&args.input, &output, &options)?;
    tracing::info!(
        "{}: {}, {}, {}",
        output.display(),
        made.architecture.name,
        count(made.tensors as u64, "tensor"),
        count(made.parameters as u64, "parameter")
    );
    tracing::info!(kind = "row", "  sha256 {}", made.sha256);
    tracing::info!(
        kind = "row",
        "  made from {} (sha256 {})",
        args.input.display(),
        made.source_sha256
    );
    Ok(())
}

impl Args {
    /// Returns the file in the folder of models, having made the folder.
    fn place(&self) -> Result<PathBuf> {
        let stem = self.input.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = self.name.clone().or(stem).unwrap_or_default();
        if !library::is_name(&name) {
            let problem = format!(
                "{name:?} is no name for a model: give one of letters, digits, `.`, `_` and `-` \
                 (--name)"
            );
            return Err(Error::Usage(problem));
        }
        if registry::EMBEDDED.iter().any(|embedded| embedded.name == name) {
            let problem = format!(
                "{name} is the name of a model inside the program; choose another (--name)"
            );
            return Err(Error::Usage(problem));
        }
        let Some(folder) = library::folder() else {
            let problem = "no home folder is known: name the output file, or set POLYASCAN_MODELS";
            return Err(Error::Usage(problem.into()));
        };
        let file = library::file(&folder, &name);
        if file.exists() && !self.force {
            let problem = format!(
                "{} is already there; --force replaces it, --name gives another name",
                file.display()
            );
            return Err(Error::Usage(problem));
        }
        std::fs::create_dir_all(&folder)
            .map_err(|e| Error::io(&folder, "cannot create the folder of models", e))?;
        Ok(file)
    }
}
