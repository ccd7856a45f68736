//! `polyascan config`

use std::path::PathBuf;

use crate::config::{Config, DEFAULT};
use crate::error::Result;

/// Print the settings (TOML): those of a file over the defaults, or the defaults with their
/// sources.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file as for --config: every setting is printed as it is in force with that file, which is
    /// checked.
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    /// The defaults with unit and source of each, to begin a file with.
    #[arg(long, conflicts_with = "config")]
    default: bool,
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, with entries that do not exist or values out of range.
pub fn run(args: &Args) -> Result<()> {
    if args.default {
        return super::print(DEFAULT);
    }
    super::print(Config::effective(args.config.as_deref())?)
}
