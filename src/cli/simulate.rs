//! `polyascan simulate`

use std::path::PathBuf;

use crate::error::Result;
use crate::simulate::{SimulationSettings, simulate};
use crate::text::count;

/// Write a genome with known polyA sites, its annotation and variants.
///
/// Nothing in it is real, but the elements around its sites are those of human ones, so that a
/// model trained on human sites finds them. The same options give the same bytes.
///
/// Writes genome.fa, genes.gtf, truth.bed (the sites), decoys.bed (hexamers without a site),
/// latent.bed (sites that lack one base of their signal) and variants.vcf (which break, create or
/// do nothing) into the output directory.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Nucleotides in all contigs together.
    #[arg(long, value_name = "NT", default_value_t = 200_000)]
    pub length: u64,
    /// PolyA sites in all contigs together; each needs about 2.5 kb.
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub sites: u64,
    /// Contigs, of equal length.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub contigs: u64,
    /// Any number; another one gives another genome.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Also write reads.bed: 3' ends of so many reads a site on average, with internal priming and
    /// a background.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub reads: u64,
    /// Directory for the files; created if need be.
    #[arg(short, long, value_name = "DIR", value_parser = crate::cli::options::name)]
    pub output: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// If the length leaves no room for the sites, or a file cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let &Args { length, sites, contigs, seed, reads, .. } = args;
    let settings = SimulationSettings { length, sites, contigs, seed, reads };
    let report = simulate(&settings, &args.output)?;
    tracing::info!(
        "{}: {}, {}, {}, {}, {}, {}, {}{}",
        args.output.display(),
        count(report.contigs, "contig"),
        count(report.bases, "base"),
        count(report.genes, "gene"),
        count(report.sites, "polyA site"),
        count(report.decoys, "decoy"),
        count(report.latent, "latent site"),
        count(report.variants, "variant"),
        if reads == 0 { String::new() } else { format!(", {}", count(report.reads, "read")) },
    );
    Ok(())
}
