//! `polyascan train signal` and `train binding`

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::common::Common;
use crate::error::Result;
use crate::models::card::Task;
use crate::output::atomic::write;
use crate::train::checkpoint::Checkpoint;
use crate::train::classes::config::ClassTraining;
use crate::train::classes::cross::{CrossValidation, Tested, table};
use crate::train::fit::{Trainable as _, fit};
use crate::train::{artifacts, recipe};

#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Cross-validate instead: of K stratified folds one tests, the one before it chooses the epoch
    /// and the others train, so that each fold tests once. Prints loss, error rate and AUROC, also
    /// of all examples together, and writes them to OUT.folds.tsv instead of weights.
    #[arg(long, visible_alias = "nfolds", value_name = "K")]
    folds: Option<usize>,
    /// Keep the weights of each fold as OUT.foldN.safetensors.
    #[arg(long, requires = "folds")]
    keep_folds: bool,
}

/// Runs the command.
///
/// # Errors
/// A configuration or data that cannot be used, outputs that cannot be written.
pub fn run(args: &Args, task: Task) -> Result<()> {
    let common = &args.common;
    let mut config: ClassTraining = recipe::read(&common.config, common.data.as_deref())?;
    recipe::expect(&common.config, &config, task)?;
    config.prepare()?;
    match args.folds {
        None => common.train(&config),
        Some(folds) => args.cross_validate(&config, folds),
    }
}

impl Args {
    fn cross_validate(&self, config: &ClassTraining, folds: usize) -> Result<()> {
        let cross = CrossValidation::new(config, folds)?;
        let result = self.common.output.with_extension("folds.tsv");
        let mut outputs: Vec<PathBuf> = (0..folds).flat_map(|n| self.written(n)).collect();
        outputs.push(result.clone());
        let opened = self.common.open(&outputs)?;
        let mut tested = Vec::new();
        let mut checkpoints = Vec::new();
        for number in 0..folds {
            let config = cross.config(number);
            let path = self.of_fold(number, "checkpoint");
            let resume = self.common.resume;
            let checkpoint = Checkpoint::new(path, &config, opened.pretrained(), resume)?;
            let label = format!("fold {} of {folds}, ", number + 1);
            let mut task = cross.task(number, &config, &opened.device);
            let fitted = fit(&config, &mut task, &opened.run(&checkpoint, &label))?;
            if self.keep_folds {
                let path = self.of_fold(number, "safetensors");
                artifacts::save(&config, &fitted, opened.pretrained(), &path)?;
            }
            tested.push(Tested {
                epochs: fitted.log.0.len(),
                kept_epoch: fitted.kept_epoch,
                scored: cross.score(number, &config, &fitted)?,
            });
            checkpoints.push(checkpoint);
        }
        let text = table(&tested);
        write(&result, text.as_bytes())?;
        // A finished fold's checkpoint says its result again, until all are done.
        checkpoints.iter().for_each(Checkpoint::delete);
        write(Path::new("-"), text.as_bytes())
    }

    /// Returns the files that a fold makes.
    fn written(&self, number: usize) -> Vec<PathBuf> {
        let kept = ["safetensors", "toml", "log.tsv", "svg"];
        let kept = if self.keep_folds { &kept[..] } else { &[] };
        ["checkpoint", "best"].iter().chain(kept).map(|end| self.of_fold(number, end)).collect()
    }

    fn of_fold(&self, number: usize, ending: &str) -> PathBuf {
        self.common.output.with_extension(format!("fold{}.{ending}", number + 1))
    }
}
