//! `polyascan motifs`

pub(super) mod common;
mod heterogeneity;
mod importance;
mod kernels;
mod optimise;
mod pairs;
pub(super) mod run;
mod sequences;
pub(super) mod session;

use clap::{Args as ClapArgs, Subcommand};

use crate::error::Result;

/// Say what models look for around polyA sites: which elements, where, and how much.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Importance(importance::Args),
    Pairs(pairs::Args),
    Heterogeneity(heterogeneity::Args),
    Kernels(kernels::Args),
    Optimise(optimise::Args),
}

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    match &args.task {
        Task::Importance(args) => importance::run(args),
        Task::Pairs(args) => pairs::run(args),
        Task::Heterogeneity(args) => heterogeneity::run(args),
        Task::Kernels(args) => kernels::run(args),
        Task::Optimise(args) => optimise::run(args),
    }
}
