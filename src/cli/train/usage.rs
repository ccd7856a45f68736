//! `polyascan train usage`

use clap::Args as ClapArgs;

use super::common::Common;
use crate::error::Result;
use crate::train::recipe;
use crate::train::usage::config::UsageTraining;

/// log2 odds of usage among the sites of a terminal exon, as measured: PolyaStrength.
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
    let config: UsageTraining = recipe::read(&args.common.config, args.common.data.as_deref())?;
    args.common.train(&config)
}
