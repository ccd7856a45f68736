//! `polyascan train examples`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::cli::written::Written;
use crate::error::Result;
use crate::output::atomic::{keep_input, whole};
use crate::train::classes::config::ClassTraining;
use crate::train::classes::cross::CrossValidation;
use crate::train::recipe;

/// The examples of a configuration of `train signal` as DeeReCT-PolyA's own program reads them.
///
/// Writes a NumPy archive of windows of 206 nt, one-hot in the order A, G, T, C, and their labels (0
/// true, 1 pseudo): `train_dataset`, `train_labels`, `valid_dataset` and so on. Of --folds
/// stratified folds the last tests, the one before it validates and the others train, as the last
/// fold of `train signal --folds`. `[data] archive` of a configuration, `predict` and `evaluate
/// classes --archive` read it again.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Data and network (TOML).
    #[arg(long)]
    config: PathBuf,
    /// Folder that the data paths are relative to, instead of the configuration's.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Folds that the examples are dealt out to, by the configuration's seed.
    #[arg(long, visible_alias = "nfolds", value_name = "K", default_value_t = 5)]
    folds: usize,
    /// Archive to write (.npz).
    #[arg(short, long, value_name = "NPZ", value_parser = crate::cli::options::name)]
    output: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// A configuration or data that cannot be used, an output that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    keep_input(&args.config, &args.output)?;
    let config: ClassTraining = recipe::read(&args.config, args.data.as_deref())?;
    let (bytes, [train, valid, test]) = CrossValidation::new(&config, args.folds)?.archive()?;
    tracing::info!("{train} windows train, {valid} validate, {test} test");
    Written::publish(vec![whole(&args.output, &bytes)?])?.tell();
    Ok(())
}
