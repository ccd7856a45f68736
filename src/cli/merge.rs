//! `polyascan merge`

mod scan;
mod variants;

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::variants::output::OutputOptions;
use crate::error::{Error, Result};
use crate::parts::{self, Work};
use crate::scan::work::ScanWork;
use crate::variants::work::VariantWork;

/// Merge the shards of a scan or of scored variants: the files of the run in one go, to the byte.
///
/// Takes what `polyascan scan --shard I/N` or `polyascan variants --shard I/N` wrote, all N of them in
/// any order, of the same inputs, models and options. Only times, threads and command line in
/// PREFIX.summary.json are those of the merge.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// All shards of one run (PREFIX.I-of-N.shard).
    #[arg(required = true, value_name = "SHARD")]
    shards: Vec<PathBuf>,
    /// Where a scan's annotation lies now, if elsewhere.
    #[arg(short, long, visible_alias = "gtf", value_name = "GTF")]
    annotation: Option<PathBuf>,
    /// Where the genome of a scan lies now, if elsewhere.
    #[arg(short, long, value_name = "FASTA")]
    fasta: Option<PathBuf>,
    /// Of a scan: PREFIX of its files. Of variants: the VCF or BCF file. - is standard output.
    #[arg(short, long, value_name = "PREFIX|FILE", value_parser = crate::cli::options::name)]
    output: PathBuf,
    #[command(flatten)]
    formats: OutputOptions,
}

/// Runs the command.
///
/// # Errors
/// A shard that is missing, given twice, damaged or of another run; an output that cannot be
/// written.
pub fn run(args: &Args) -> Result<()> {
    let first = args.shards.first().map(|path| parts::command_of(path)).transpose()?;
    match first.unwrap_or_default().as_str() {
        ScanWork::COMMAND => scan::run(args),
        VariantWork::COMMAND => variants::run(args),
        other => {
            let problem = format!("this is kept of `polyascan {other}`, by another version");
            Err(Error::input(&args.shards[0], "", problem))
        }
    }
}
