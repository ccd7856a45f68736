//! `polyascan evaluate scan`

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::json;
use crate::cli::options::{ModelOptions, ThreadOptions};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::evaluate::accuracy::{Ranking, rankings};
use crate::evaluate::measured::{MeasuredSite, read_sites};
use crate::evaluate::recall::{Call, Recall, at_rates, peaks, recall};
use crate::genome::fasta::FastaFile;
use crate::genome::memory::Genome;
use crate::genome::strand::Strand;
use crate::models::Model;
use crate::output::bed::Site;
use crate::scan::{self, ScanJob, Sink, Targets};

/// Classification and calls of a site model.
///
/// Scores of a place: p50, the classification of the window centred on it; p.v, that times the
/// cleavage mass within 1 nt of the centre. Evidence tiers: all; high (10 or more reads, expression
/// above 0, or a 3'UTR type); strong (reads or expression); strong_hex (strong, with AATAAA or ATTAAA
/// 10-40 nt upstream). Negatives, 20 per site, the same for every model: random places 200 nt or more
/// from any site; places with AATAAA or ATTAAA 10-35 nt upstream but no site within 100 nt. Calls: the
/// highest peaks of p.v at fixed rates, and the sites of a scan with the default thresholds.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Genome, small enough to be held in memory.
    #[arg(long)]
    fasta: PathBuf,
    /// Measured sites: a table with the columns contig, offset (0-based), strand and, for the tiers,
    /// type, apadb_reads, polyasite_tpm; or BED.
    #[arg(long)]
    sites: PathBuf,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// All figures of one evaluation.
#[derive(Debug, Serialize)]
struct Evaluation {
    model: String,
    sha256: String,
    fasta: String,
    sites: String,
    kilobases_and_strands: f64,
    rankings: Vec<Ranking>,
    recall: Vec<Recall>,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read, or a model without a cleavage vector.
pub fn run(args: &Args) -> Result<String> {
    let threads = args.threads.apply()?;
    let model = args.model.load()?;
    let genome = Genome::read(&args.fasta)?;
    let sites = read_sites(&args.sites, &genome)?;
    if sites.is_empty() {
        return Err(Error::input(&args.sites, "", "no sites in this file"));
    }
    let evaluation = evaluate(args, model.as_ref(), &genome, &sites, threads)?;
    match args.json {
        true => json(&evaluation),
        false => Ok(evaluation.table()),
    }
}

fn evaluate(
    args: &Args,
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
    threads: usize,
) -> Result<Evaluation> {
    let rankings = rankings(model, genome, sites)?;
    let (peaks, kb) = peaks(model, genome)?;
    let mut figures = at_rates(&peaks, kb, sites);
    let calls = scan_calls(&args.fasta, model, threads)?;
    figures.extend(recall("scan, default thresholds", &calls, kb, sites));
    Ok(Evaluation {
        model: model.card().name.clone(),
        sha256: model.card().sha256.clone(),
        fasta: args.fasta.display().to_string(),
        sites: args.sites.display().to_string(),
        kilobases_and_strands: kb,
        rankings,
        recall: figures,
    })
}

/// The sites of a scan with the default thresholds.
fn scan_calls(path: &Path, model: &dyn Model, threads: usize) -> Result<Vec<Call>> {
    let config = Config::load(None)?.scan;
    let fasta = FastaFile::open(path)?;
    let targets = Targets::new(&fasta.contigs, &Strand::BOTH, None, None);
    let job = ScanJob {
        bases: Box::new(fasta.bases()?),
        contigs: &fasta.contigs,
        fasta: path,
        model,
        targets: &targets,
        genes: None,
        settings: config.settings(scan::Anchor::Window, threads),
        interrupt: &AtomicBool::new(false),
        quiet: true,
    };
    let mut calls = Calls(Vec::new());
    scan::run(job, &mut calls)?;
    Ok(calls.0)
}

struct Calls(Vec<Call>);

impl Sink for Calls {
    fn site(&mut self, site: &Site) -> Result<()> {
        self.0.push(Call {
            contig: site.contig,
            strand: site.strand,
            position: site.position as usize,
            score: site.probability,
        });
        Ok(())
    }
}

impl Evaluation {
    fn table(&self) -> String {
        let show = |value: Option<f64>| value.map_or("NA".into(), |value| format!("{value:.3}"));
        let mut lines = vec![
            format!("# model {} {}", self.model, self.sha256),
            format!("# {} against {}", self.fasta, self.sites),
            "#negatives\ttier\tsites\tplaces\tauroc_p50\tauroc_p.v\tauprc_p50\tauprc_p.v".into(),
        ];
        lines.extend(self.rankings.iter().map(|r| {
            let figures = [r.auroc_p50, r.auroc_pv, r.auprc_p50, r.auprc_pv].map(show).join("\t");
            format!("{}\t{}\t{}\t{}\t{figures}", r.negatives, r.tier, r.sites, r.places)
        }));
        lines.push("#calls\tper_kb_and_strand\ttier\tsites\trecall_24nt\tmedian_nt".into());
        lines.extend(self.recall.iter().map(|r| {
            let (found, nt) = (show(r.recall), show(r.median_distance));
            format!("{}\t{:.3}\t{}\t{}\t{found}\t{nt}", r.calls, r.per_kb, r.tier, r.sites)
        }));
        lines.join("\n") + "\n"
    }
}
