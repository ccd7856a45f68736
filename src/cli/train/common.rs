//! What every `polyascan train TASK --config` has in common.

use std::path::PathBuf;

use candle_core::Device;
use clap::Args as ClapArgs;

use crate::cli::claim::lock_over;
use crate::cli::options::{ThreadOptions, open_device};
use crate::cli::progress::steps;
use crate::cli::written::Written;
use crate::engine::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::models::{file, weight_file};
use crate::output::atomic::{AtomicFile, keep_input};
use crate::output::lock::Lock;
use crate::train::artifacts;
use crate::train::checkpoint::Checkpoint;
use crate::train::fit::{Run, Trainable, fit};

#[derive(Debug, ClapArgs)]
pub struct Common {
    /// Data, recipe and sizes (TOML; see config/ and docs/TRAINING.md).
    #[arg(long)]
    pub config: PathBuf,
    /// Folder that the data paths are relative to, instead of the configuration's.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Weight file to write (safetensors); the model card (.toml), the log (.log.tsv) and its
    /// curves (.svg) go beside it, and until the end a .checkpoint.
    #[arg(short, long, value_parser = crate::cli::options::name)]
    pub output: PathBuf,
    /// Go on after the last whole epoch of a run that was killed; the result is the same, to the
    /// bit. Begins anew if there is no checkpoint.
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

/// What every run of a command begins with.
pub struct Opened {
    pub device: Device,
    /// Keeps other runs from the outputs.
    _lock: Lock,
    pretrained: Option<(Vec<u8>, weight_file::Tensors)>,
}

impl Opened {
    /// Returns the bytes of the weights to go on from.
    pub fn pretrained(&self) -> Option<&[u8]> {
        self.pretrained.as_ref().map(|(bytes, _)| bytes.as_slice())
    }

    /// Returns a run.
    pub fn run<'a>(&'a self, checkpoint: &'a Checkpoint, label: &'a str) -> Run<'a> {
        let pretrained = self.pretrained.as_ref().map(|(_, tensors)| tensors);
        Run { device: &self.device, pretrained, checkpoint: Some(checkpoint), label, steps }
    }
}

impl Common {
    /// Trains and writes what it made.
    ///
    /// # Errors
    /// Inputs that cannot be read or would be overwritten, those of training, outputs that cannot
    /// be written.
    pub fn train<C: Trainable>(&self, config: &C) -> Result<()> {
        let written = ["toml", "log.tsv", "svg", "checkpoint", "best"];
        let mut outputs = written.map(|extension| self.output.with_extension(extension)).to_vec();
        outputs.push(self.output.clone());
        let opened = self.open(&outputs)?;
        let path = self.output.with_extension("checkpoint");
        let checkpoint = Checkpoint::new(path, config, opened.pretrained(), self.resume)?;
        let mut task = config.task(&opened.device)?;
        let fitted = fit(config, task.as_mut(), &opened.run(&checkpoint, ""))?;
        artifacts::save(config, &fitted, opened.pretrained(), &self.output)?;
        checkpoint.delete();
        let beside = ["toml", "log.tsv", "svg"].map(|ending| self.output.with_extension(ending));
        Written::of([self.output.clone()].into_iter().chain(beside)).tell();
        Ok(())
    }

    /// Checks the outputs before any work is done for them, reads the pretrained weights, and opens
    /// the device.
    ///
    /// # Errors
    /// Outputs that cannot be written or would take the place of an input, inputs that cannot be
    /// read.
    pub fn open(&self, outputs: &[PathBuf]) -> Result<Opened> {
        for (i, output) in outputs.iter().enumerate() {
            if outputs[..i].contains(output) {
                let problem = "two outputs would have this name; end --output in .safetensors";
                return Err(Error::Usage(format!("{}: {problem}", output.display())));
            }
            for input in [Some(&self.config), self.pretrained.as_ref()].into_iter().flatten() {
                let problem = "would be overwritten; choose another --output";
                keep_input(input, output)
                    .map_err(|_| Error::Usage(format!("{}: {problem}", output.display())))?;
            }
            drop(AtomicFile::create(output)?);
        }
        let prefix = self.output.with_extension("");
        let lock = lock_over(&prefix.to_string_lossy(), outputs)?;
        self.threads.apply()?;
        let read = |path: &PathBuf| -> Result<_> {
            let bytes = file::read(path)?;
            let file = weight_file::decode(&bytes).map_err(|e| Error::of_file(path, e))?;
            Ok((bytes, file.tensors))
        };
        let pretrained = self.pretrained.as_ref().map(read).transpose()?;
        Ok(Opened { device: open_device(&self.device)?, _lock: lock, pretrained })
    }
}
