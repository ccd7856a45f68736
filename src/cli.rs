//! The command line: one file per command.

mod catalogues;
mod chosen;
mod claim;
mod context;
pub mod convert;
pub mod evaluate;
mod genes;
pub mod interrupt;
pub mod merge;
pub mod models;
mod motifs;
pub mod mutagenesis;
pub mod options;
mod parts;
pub mod plot;
pub mod predict;
mod putative;
pub mod report;
pub mod scan;
pub mod simulate;
pub mod train;
pub mod tune;
pub mod variants;

use clap::{Parser, Subcommand};

use crate::error::Result;

/// Scan a genome for cleavage and polyadenylation sites, to the nucleotide.
///
/// Exit codes: 0 done, 1 data error, 2 wrong usage, 130 interrupted.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::Args),
    Variants(variants::Args),
    Merge(merge::Args),
    Mutagenesis(mutagenesis::Args),
    Report(report::Args),
    Plot(plot::Args),
    Predict(predict::Args),
    Evaluate(evaluate::Args),
    Models(models::Args),
    Motifs(motifs::Args),
    Convert(convert::Args),
    Train(train::Args),
    Tune(tune::Args),
    Simulate(simulate::Args),
}

/// Runs the command.
///
/// # Errors
/// Those of the command.
pub fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Scan(args) => scan::run(args),
        Command::Variants(args) => variants::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Mutagenesis(args) => mutagenesis::run(args),
        Command::Report(args) => report::run(args),
        Command::Plot(args) => plot::run(args),
        Command::Predict(args) => predict::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Models(args) => models::run(args),
        Command::Motifs(args) => motifs::run(args),
        Command::Convert(args) => convert::run(args),
        Command::Train(args) => train::run(args),
        Command::Tune(args) => tune::run(args),
        Command::Simulate(args) => simulate::run(args),
    }
}
