//! `polyascan merge`

mod mutagenesis;
mod scan;
mod variants;

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::variants::output::OutputOptions;
use crate::error::{Error, Result};
use crate::parts::{self, Work};
use crate::scan::work::ScanWork;
use crate::variants::mutagenesis::work::MutagenesisWork;
use crate::variants::work::VariantWork;

/// Merge the shards of a scan, of scored variants or of a mutagenesis: the files of the run in one
/// go, to the byte.
///
/// Takes what `scan`, `variants` or `mutagenesis` wrote with --shard I/N, all N of them in any
/// order, of the same inputs, models and options. In PREFIX.summary.json the time is that of all
/// shards and of the merge together, the command line that of the merge.
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
    /// Of a scan or a mutagenesis: PREFIX of its files. Of variants: the VCF or BCF file. - is
    /// standard output.
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
        MutagenesisWork::COMMAND => mutagenesis::run(args),
        other => {
            let problem = format!("this is kept of `polyascan {other}`, by another version");
            Err(Error::of_file(&args.shards[0], problem))
        }
    }
}
