//! `polyascan train windows`

use clap::Args as ClapArgs;

use super::common::Common;
use crate::error::Result;
use crate::train::recipe;
use crate::train::windows::config::WindowTraining;

/// Classification and cleavage vector from windows of sites and of what is none, as PolyaID was
/// trained: a model that `scan` runs.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// A configuration or data that cannot be used, outputs that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let config: WindowTraining = recipe::read(&args.common.config, args.common.data.as_deref())?;
    args.common.train(&config)
}
