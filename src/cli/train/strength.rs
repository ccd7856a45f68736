//! `polyascan train strength`

use clap::Args as ClapArgs;

use super::common::Common;
use crate::error::Result;
use crate::train::recipe;
use crate::train::strength::config::StrengthTraining;

/// log2 odds of usage of a polyA site, learned from APARENT2.
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
    let config: StrengthTraining = recipe::read(&args.common.config, args.common.data.as_deref())?;
    args.common.train(&config)
}
