//! What every `polyascan train TASK --config` has in common.

use std::path::PathBuf;

use candle_core::Device;
use clap::Args as ClapArgs;

use crate::cli::options::ThreadOptions;
use crate::engine::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::models::weight_file;
use crate::train::checkpoint::Checkpoint;
use crate::train::fit::{Fitted, Run};
use crate::train::product;
use crate::train::recipe::Configuration;

#[derive(Debug, ClapArgs)]
pub struct Common {
    /// Data, recipe and sizes (TOML; see config/ and docs/TRAINING.md).
    #[arg(long)]
    pub config: PathBuf,
    /// Folder that the data paths are relative to, instead of the configuration's.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Weight file to write (safetensors); the model card (.toml), the log (.log.tsv) and its curves
    /// (.svg) go beside it, and until the end a .checkpoint.
    #[arg(short, long)]
    pub output: PathBuf,
    /// Go on after the last whole epoch of a run that was killed; the result is the same, to the bit.
    /// Begins anew if there is no checkpoint.
    #[arg(long)]
    pub resume: bool,
    /// Weight file of the same architecture and sizes to go on from. With `train = "head"` in
    /// [optimiser] only the last layers are changed.
    #[arg(long, value_name = "FILE")]
    pub pretrained: Option<PathBuf>,
    /// auto takes a GPU if this build and machine have one, else the CPU.
    #[arg(long, value_name = "auto|cpu|cuda[:N]", default_value_t)]
    pub device: DeviceChoice,
    #[command(flatten)]
    pub threads: ThreadOptions,
}

impl Common {
    /// Trains with `fit` and writes what it made.
    ///
    /// # Errors
    /// Inputs that cannot be read or would be overwritten, those of `fit`, outputs that cannot be
    /// written.
    pub fn train<C: Configuration>(
        &self,
        config: &C,
        fit: impl FnOnce(&Device, &Run<'_>) -> Result<Fitted>,
    ) -> Result<()> {
        self.keep_inputs()?;
        self.threads.apply()?;
        let device = self.device.open()?;
        let bytes = self
            .pretrained
            .as_deref()
            .map(|path| std::fs::read(path).map_err(|e| Error::io(path, "cannot read", e)));
        let bytes = bytes.transpose()?;
        let pretrained = bytes.as_deref().map(|bytes| self.decode(bytes)).transpose()?;
        let path = self.output.with_extension("checkpoint");
        let checkpoint = Checkpoint::new(path, config, bytes.as_deref(), self.resume)?;
        let run = Run {
            device: &device,
            pretrained: pretrained.as_ref(),
            checkpoint: Some(&checkpoint),
            label: "",
        };
        let fitted = fit(&device, &run)?;
        product::save(config, &fitted, bytes.as_deref(), &self.output)?;
        checkpoint.delete();
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<weight_file::Tensors> {
        let path = self.pretrained.as_deref().unwrap_or(&self.config);
        let file = weight_file::decode(bytes);
        file.map(|file| file.tensors).map_err(|problem| Error::input(path, "", problem))
    }

    /// Makes sure that what is written does not take the place of what is read.
    fn keep_inputs(&self) -> Result<()> {
        let written = ["toml", "log.tsv", "svg", "checkpoint", "best"];
        let written = written.map(|extension| self.output.with_extension(extension));
        let real = |path: &PathBuf| path.canonicalize().ok();
        for input in [Some(&self.config), self.pretrained.as_ref()].into_iter().flatten() {
            let input = real(input);
            let mut outputs = written.iter().chain([&self.output]);
            if let Some(path) = outputs.find(|path| input.is_some() && real(path) == input) {
                let problem = "would be overwritten; choose another --output";
                return Err(Error::Usage(format!("{}: {problem}", path.display())));
            }
        }
        Ok(())
    }
}
