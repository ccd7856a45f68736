//! The command line: one file per command.

mod advice;
mod attribute;
mod catalogues;
mod choices;
mod chosen;
mod claim;
mod claimed;
mod command_line;
pub mod completions;
pub mod config;
mod context;
pub mod convert;
pub mod distil;
pub mod evaluate;
mod fold;
mod genes;
pub mod interrupt;
pub mod log;
pub mod man;
pub mod merge;
pub mod models;
mod motifs;
pub mod mutagenesis;
pub mod options;
mod parts;
pub mod plot;
pub mod precompute;
pub mod predict;
mod progress;
mod putative;
pub mod report;
pub mod scan;
pub mod simulate;
pub mod sites;
mod tables;
pub mod train;
pub mod tune;
pub mod variants;
pub mod version;
mod written;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use self::log::LogOptions;
use crate::error::{Error, Result};
use crate::output::sync;

/// Scan a genome for cleavage and polyadenylation sites, to the nucleotide.
///
/// Exit codes: 0 done, 1 data error, 2 wrong usage, 130 interrupted.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    log: LogOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::Args),
    Variants(variants::Args),
    Merge(merge::Args),
    Mutagenesis(mutagenesis::Args),
    Precompute(precompute::Args),
    Report(report::Args),
    Plot(plot::Args),
    Predict(predict::Args),
    Evaluate(evaluate::Args),
    Models(models::Args),
    Motifs(motifs::Args),
    Attribute(attribute::Args),
    Convert(convert::Args),
    Train(train::Args),
    Distil(distil::Args),
    Tune(tune::Args),
    Sites(sites::Args),
    Simulate(simulate::Args),
    Config(config::Args),
    Completions(completions::Args),
    Man(man::Args),
    Version(version::Args),
}

/// Runs the command that the arguments ask for, the program's name first; ends the program at once
/// for `--help`, `--version` and arguments that cannot be.
///
/// # Errors
/// Those of the command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<()> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match parsed(arguments.iter().cloned()) {
        Ok(parsed) => parsed.run(),
        Err(error) if error.use_stderr() && log::asks_for_json(&arguments) => {
            LogOptions::JSON.apply()?;
            Err(Error::Usage(error.to_string().trim_start_matches("error: ").trim_end().to_owned()))
        }
        Err(error) => error.exit(),
    }
}

/// Runs a command inside of another program, which goes on whatever the arguments are: as [`run`],
/// but texts of `--help` and `--version` are errors, too.
///
/// # Errors
/// Arguments that cannot be; those of the command.
pub fn run_within(arguments: impl IntoIterator<Item = OsString>) -> Result<()> {
    let parsed = parsed(arguments).map_err(|error| Error::Usage(error.to_string()))?;
    parsed.run()
}

/// A command and what was given to it.
struct Parsed {
    arguments: Vec<OsString>,
    cli: Cli,
    command: clap::Command,
    matches: ArgMatches,
}

fn parsed(arguments: impl IntoIterator<Item = OsString>) -> clap::error::Result<Parsed> {
    let command = Cli::command();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = command.clone().try_get_matches_from(&arguments).map_err(advice::add)?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok(Parsed { arguments, cli, command, matches })
}

impl Parsed {
    fn run(&self) -> Result<()> {
        let Self { arguments, cli, command, matches } = self;
        let begin = Instant::now();
        cli.log.apply()?;
        command_line::note(arguments, command, matches);
        tracing::debug!("version {}", env!("CARGO_PKG_VERSION"));
        let outcome = cli.command.run();
        sync::remark().iter().for_each(|note| tracing::info!(kind = "note", "{note}"));
        tracing::debug!("{:.1} s in all", begin.elapsed().as_secs_f64());
        outcome
    }
}

impl Command {
    fn run(&self) -> Result<()> {
        match self {
            Self::Scan(args) => scan::run(args),
            Self::Variants(args) => variants::run(args),
            Self::Merge(args) => merge::run(args),
            Self::Mutagenesis(args) => mutagenesis::run(args),
            Self::Precompute(args) => precompute::run(args),
            Self::Report(args) => report::run(args),
            Self::Plot(args) => plot::run(args),
            Self::Predict(args) => predict::run(args),
            Self::Evaluate(args) => evaluate::run(args),
            Self::Models(args) => models::run(args),
            Self::Motifs(args) => motifs::run(args),
            Self::Attribute(args) => attribute::run(args),
            Self::Convert(args) => convert::run(args),
            Self::Train(args) => train::run(args),
            Self::Distil(args) => distil::run(args),
            Self::Tune(args) => tune::run(args),
            Self::Sites(args) => sites::run(args),
            Self::Simulate(args) => simulate::run(args),
            Self::Config(args) => config::run(args),
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(args),
            Self::Version(args) => version::run(args),
        }
    }
}

/// Writes text to standard output.
fn print(text: impl AsRef<[u8]>) -> Result<()> {
    let failed = |e| Error::io(Path::new("standard output"), "cannot write", e);
    std::io::stdout().lock().write_all(text.as_ref()).map_err(failed)
}
