//! `polyascan evaluate`

mod calls;
mod classes;
mod context;
mod scan;
mod strength;
mod variants;
mod windows;

use std::io::Write as _;
use std::path::Path;

use clap::{Args as ClapArgs, Subcommand};
use serde::Serialize;

use crate::error::{Error, Result};

/// Measure a model against measured polyA sites, measured variants or labelled sequences.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Scan(scan::Args),
    Windows(windows::Args),
    Calls(calls::Args),
    Classes(classes::Args),
    Strength(strength::Args),
    Context(context::Args),
    Variants(variants::Args),
}

/// Runs the command.
///
/// # Errors
/// Input that cannot be read, or a model that does not fit the task.
pub fn run(args: &Args) -> Result<()> {
    let text = match &args.task {
        Task::Scan(args) => scan::run(args)?,
        Task::Windows(args) => windows::run(args)?,
        Task::Calls(args) => calls::run(args)?,
        Task::Classes(args) => classes::run(args)?,
        Task::Strength(args) => strength::run(args)?,
        Task::Context(args) => context::run(args)?,
        Task::Variants(args) => variants::run(args)?,
    };
    let failed = |e| Error::io(Path::new("standard output"), "cannot write", e);
    std::io::stdout().write_all(text.as_bytes()).map_err(failed)
}

fn json(figures: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(figures);
    text.map(|text| text + "\n").map_err(|e| Error::Internal(e.to_string()))
}
