//! `polyascan train scan`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::cli::options::ThreadOptions;
use crate::engine::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::train::config::ScanTraining;
use crate::train::scan_task;

/// Classification and cleavage vector: a model that `scan` runs.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Data, recipe and sizes (TOML; see config/train-default.toml).
    #[arg(long)]
    config: PathBuf,
    /// Folder that the data paths are relative to, instead of the configuration's.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Weight file to write (safetensors); the model card (.toml) and the log (.tsv) go beside it.
    #[arg(short, long)]
    output: PathBuf,
    /// auto takes a GPU if this build and machine have one, else the CPU.
    #[arg(long, value_name = "auto|cpu|cuda[:N]", default_value_t)]
    device: DeviceChoice,
    #[command(flatten)]
    threads: ThreadOptions,
}

/// Runs the command.
///
/// # Errors
/// A configuration or data that cannot be used, outputs that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    args.keep_config()?;
    let config = ScanTraining::read(&args.config, args.data.as_deref())?;
    args.threads.apply()?;
    scan_task::train(&config, &args.device.open()?, &args.output)
}

impl Args {
    /// Makes sure that what is written does not take the configuration's place.
    fn keep_config(&self) -> Result<()> {
        let written = [
            self.output.clone(),
            self.output.with_extension("toml"),
            self.output.with_extension("tsv"),
        ];
        let real = |path: &PathBuf| path.canonicalize().ok();
        let config = real(&self.config);
        match written.iter().find(|path| config.is_some() && real(path) == config) {
            Some(path) => {
                let problem =
                    "would be overwritten by the model's card or log; choose another --output";
                Err(Error::Usage(format!("{}: {problem}", path.display())))
            }
            None => Ok(()),
        }
    }
}
