//! `polyascan train`

mod classes;
mod common;
mod context;
mod embeddings;
mod examples;
mod isoform;
mod scan;
mod strength;
mod usage;
mod windows;

use clap::{Args as ClapArgs, Subcommand};

use crate::error::Result;
use crate::models::card;

/// Train a model.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Scan(scan::Args),
    Windows(windows::Args),
    Strength(strength::Args),
    Usage(usage::Args),
    Isoform(isoform::Args),
    Context(context::Args),
    /// Is a hexamer a polyA signal: DeeReCT-PolyA.
    Signal(classes::Args),
    /// Which class is a sequence of, e.g. bound by a protein or not: pysster, DeepRKE.
    Binding(classes::Args),
    Embeddings(embeddings::Args),
    Examples(examples::Args),
}

/// Runs the command.
///
/// # Errors
/// Those of the task.
pub fn run(args: &Args) -> Result<()> {
    match &args.task {
        Task::Scan(args) => scan::run(args),
        Task::Windows(args) => windows::run(args),
        Task::Strength(args) => strength::run(args),
        Task::Usage(args) => usage::run(args),
        Task::Isoform(args) => isoform::run(args),
        Task::Context(args) => context::run(args),
        Task::Signal(args) => classes::run(args, card::Task::Signal),
        Task::Binding(args) => classes::run(args, card::Task::Binding),
        Task::Embeddings(args) => embeddings::run(args),
        Task::Examples(args) => examples::run(args),
    }
}
