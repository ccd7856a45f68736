//! `polyascan evaluate scan`

mod report;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::json;
use crate::cli::options::{ModelOptions, ThreadOptions};
use crate::config::{Config, ScanConfig, Stringencies};
use crate::error::{Error, Result};
use crate::evaluate::accuracy::ScoredPlaces;
use crate::evaluate::balanced::Balanced;
use crate::evaluate::calibration::calls;
use crate::evaluate::measured::{MeasuredSite, read_sites};
use crate::evaluate::places::PlaceScore;
use crate::evaluate::recall::{Call, at_rates, peaks, recall};
use crate::genome::fasta::FastaFile;
use crate::genome::memory::Genome;
use crate::genome::strand::Strand;
use crate::models::Model;
use crate::output::atomic::{check_output, keep_input, write};
use crate::output::bed::Site;
use crate::scan::{self, ScanJob, Sink, Targets};
use crate::timing::Profile;
use report::{Evaluation, Scanned, Scores};

/// Ranking, calls and calibration of a site model; ranking of peers.
///
/// Ranking: two scores of a place, classification and sharp. Site models: the classification of the
/// window centred on it; that times the cleavage mass within 1 nt of the centre. APARENT2: mean
/// log-odds of a cut in the 50 nt around it, and within 3 nt of it, over five frames. DeeReCT-PolyA
/// (classification only): the highest probability of a known hexamer 10-35 nt upstream. Evidence
/// tiers: all; high (10 or more reads, expression above 0, or a 3'UTR type); strong (reads or
/// expression); strong_hex (strong, with AATAAA or ATTAAA 10-40 nt upstream). Negatives, 20 per
/// site, the same for every model: random places 200 nt or more from any site; places with AATAAA
/// or ATTAAA 10-35 nt upstream but no site within 100 nt.
///
/// Calls: the peaks of sharp of the highest classification (the score of a scan's BED) at fixed
/// rates, and the sites of a scan with the default thresholds.
///
/// Calibration: windows in ten bins of classification. The calibration error is the mean over the
/// windows of the distance between their bin's mean classification and its share of positives.
/// First the windows centred on measured sites and on 100 random places for each (a site per 5 kb
/// of strand): what trained models are calibrated to. The places are those of the ranking, each
/// counted five times. Then every window of both strands, positive if a measured site of its strand
/// lies around its centre: sites are far rarer there, and real sites that nobody measured count
/// against the model.
///
/// Models that do not classify every window (APARENT2, DeeReCT-PolyA) are ranked alone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Genome, small enough to be held in memory.
    #[arg(short, long)]
    fasta: PathBuf,
    /// Measured sites: a table with the columns contig, offset (0-based), strand and, for the
    /// tiers, type, apadb_reads, polyasite_tpm; or BED.
    #[arg(long)]
    sites: PathBuf,
    #[command(flatten)]
    model: ModelOptions,
    /// Draw the calibration (reliability diagram).
    #[arg(long, value_name = "FILE.svg", value_parser = crate::cli::options::name)]
    plot: Option<PathBuf>,
    /// Write every ranked place, 0-based, with its kind (site, random, hexamer), tiers and scores
    /// (tab-separated): for peers to score the same ones.
    #[arg(long, value_name = "FILE.tsv", value_parser = crate::cli::options::name)]
    places: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read, or a model that does not speak of sites.
pub fn run(args: &Args) -> Result<String> {
    let threads = args.threads.apply()?;
    let model = args.model.load()?;
    for output in [&args.plot, &args.places].into_iter().flatten() {
        keep_input(&args.fasta, output)?;
        keep_input(&args.sites, output)?;
        check_output(output)?;
    }
    if args.plot.is_some() && !classifies_windows(model.as_ref()) {
        let name = &model.card().name;
        let problem = format!("--plot: {name} does not classify every window: no calibration");
        return Err(Error::Usage(problem));
    }
    let genome = Genome::read(&args.fasta)?;
    let sites = read_sites(&args.sites, &genome)?;
    if sites.is_empty() {
        return Err(Error::of_file(&args.sites, "no sites in this file"));
    }
    let evaluation = evaluate(args, model.as_ref(), &genome, &sites, threads)?;
    if let (Some(path), Some(scanned)) = (&args.plot, &evaluation.scanned) {
        write(path, scanned.reliability(&evaluation.model)?.as_bytes())?;
    }
    if args.json { json(&evaluation) } else { Ok(evaluation.table()) }
}

/// Whether a model says of every window by itself how likely a site lies in its centre.
fn classifies_windows(model: &dyn Model) -> bool {
    model.can_scan() && !model.card().task.is_anchored_on_signal()
}

fn evaluate(
    args: &Args,
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
    threads: usize,
) -> Result<Evaluation> {
    let places = ScoredPlaces::new(model, genome, sites)?;
    if let Some(path) = &args.places {
        write(path, places.table(genome).as_bytes())?;
    }
    let meaning = places.meaning();
    let scanned = if classifies_windows(model) {
        Some(scanned(args, model, genome, sites, threads)?)
    } else {
        None
    };
    Ok(Evaluation {
        model: model.card().name.clone(),
        sha256: model.card().sha256.clone(),
        fasta: args.fasta.display().to_string(),
        sites: args.sites.display().to_string(),
        scores: Scores { classification: meaning.classification, sharp: meaning.sharp },
        rankings: places.rankings(),
        scanned,
    })
}

/// What every window of both strands says.
fn scanned(
    args: &Args,
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
    threads: usize,
) -> Result<Scanned> {
    let (peaks, kb) = peaks(model, genome)?.likeliest();
    let mut figures = at_rates(&peaks, kb, sites);
    let config = Config::load(None)?.scan;
    let Stringencies { sensitive, default, strict } = config.min_posterior;
    let points = [("sensitive", sensitive), ("default", default), ("strict", strict)];
    // Models without posteriors have one operating point.
    let points = if model.posterior().is_some() { &points[..] } else { &points[1..2] };
    for (name, min_posterior) in points {
        let calls = scan_calls(&args.fasta, model, &config, *min_posterior, threads)?;
        figures.extend(recall(&format!("scan, {name}"), &calls, kb, sites));
    }
    let balanced = Balanced::new(model, genome, sites)?;
    Ok(Scanned {
        kilobases_and_strands: kb,
        recall: figures,
        auroc_balanced: balanced.auroc(),
        classification: balanced.calibration(),
        posterior: model.posterior().map(|p| calls::calibration(&peaks, sites, &p)),
    })
}

/// The sites of a scan at an operating point.
fn scan_calls(
    path: &Path,
    model: &dyn Model,
    config: &ScanConfig,
    min_posterior: f64,
    threads: usize,
) -> Result<Vec<Call>> {
    let fasta = FastaFile::open(path)?;
    let targets = Targets::new(&fasta.contigs, &Strand::BOTH, None, None);
    let job = ScanJob {
        bases: Box::new(fasta.bases()?),
        contigs: &fasta.contigs,
        fasta: path,
        model,
        screen: None,
        targets: &targets,
        genes: None,
        // Of genes nothing is asked.
        settings: config.settings(
            scan::Anchor::Window,
            config.calls(model.posterior(), min_posterior),
            0,
        ),
        threads,
        interrupt: &AtomicBool::new(false),
        profile: &Profile::default(),
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
            // Of a call nothing else is known.
            score: PlaceScore { classification: site.probability, sharp: site.probability },
        });
        Ok(())
    }
}
