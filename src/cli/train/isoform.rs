//! `polyascan train isoform`

use clap::Args as ClapArgs;

use super::common::Common;
use crate::error::Result;
use crate::train::isoform::config::IsoformTraining;
use crate::train::recipe;

/// Where along a reporter's RNA it is cleaved, and which share of it: APARENT2.
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
    let config: IsoformTraining = recipe::read(&args.common.config, args.common.data.as_deref())?;
    args.common.train(&config)
}
