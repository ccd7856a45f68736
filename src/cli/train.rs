//! `polyascan train`

mod common;
mod embeddings;
mod scan;
mod strength;

use clap::{Args as ClapArgs, Subcommand};

use crate::error::Result;

/// Train a model.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Scan(scan::Args),
    Strength(strength::Args),
    Embeddings(embeddings::Args),
}

/// Runs the command.
///
/// # Errors
/// Those of the task.
pub fn run(args: &Args) -> Result<()> {
    match &args.task {
        Task::Scan(args) => scan::run(args),
        Task::Strength(args) => strength::run(args),
        Task::Embeddings(args) => embeddings::run(args),
    }
}
