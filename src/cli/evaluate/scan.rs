//! `polyascan evaluate scan`

mod report;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::json;
use crate::cli::options::{ModelOptions, ThreadOptions};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::evaluate::accuracy::ScoredPlaces;
use crate::evaluate::calibration::{Tally, of_places};
use crate::evaluate::measured::{MeasuredSite, read_sites};
use crate::evaluate::profile::each_strand;
use crate::evaluate::recall::{Call, Peaks, at_rates, recall};
use crate::genome::fasta::FastaFile;
use crate::genome::memory::Genome;
use crate::genome::strand::Strand;
use crate::models::{CLEAVAGE_CENTRE, Model};
use crate::output::atomic::{check_output, keep_input, write};
use crate::output::bed::Site;
use crate::profile::Profile;
use crate::scan::{self, ScanJob, Sink, Targets};
use report::{Evaluation, Scanned, Scores};

/// Ranking, calls and calibration of a site model; ranking of peers.
///
/// Ranking: two scores of a place, p50 and p.v. Site models: the classification of the window centred
/// on it; that times the cleavage mass within 1 nt of the centre. APARENT2: mean log-odds of a cut in
/// the 50 nt around it, and within 3 nt of it, over five frames. DeeReCT-PolyA (p50 only): the highest
/// probability of a known hexamer 10-35 nt upstream. Evidence tiers: all; high (10 or more reads,
/// expression above 0, or a 3'UTR type); strong (reads or expression); strong_hex (strong, with AATAAA
/// or ATTAAA 10-40 nt upstream). Negatives, 20 per site, the same for every model: random places 200 nt
/// or more from any site; places with AATAAA or ATTAAA 10-35 nt upstream but no site within 100 nt.
///
/// Calls: the peaks of p.v of the highest classification (the score of a scan's BED) at fixed rates, and
/// the sites of a scan with the default thresholds.
///
/// Calibration: windows in ten bins of classification. The calibration error is the mean over the windows
/// of the distance between their bin's mean classification and its share of positives. First the windows
/// centred on measured sites and on 100 random places for each (a site per 5 kb of strand): what trained
/// models are calibrated to. The places are those of the ranking, each counted five times. Then every
/// window of both strands, positive if a measured site of its strand lies around its centre: sites are
/// far rarer there, and real sites that nobody measured count against the model.
///
/// Models that do not classify every window (APARENT2, DeeReCT-PolyA) are ranked alone.
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
    /// Calibration: a window is positive with a site from NT upstream of its centre to NT - 1
    /// downstream. 25 is the cleavage vector's reach.
    #[arg(long, value_name = "NT", default_value_t = CLEAVAGE_CENTRE)]
    within: usize,
    /// Draw the calibration (reliability diagram).
    #[arg(long, value_name = "FILE.svg", value_parser = crate::cli::options::name)]
    plot: Option<PathBuf>,
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
    if args.within == 0 {
        return Err(Error::Usage("--within 0: no window could be positive".into()));
    }
    if let Some(plot) = &args.plot {
        if !classifies_windows(model.as_ref()) {
            let name = &model.card().name;
            let problem = format!("--plot: {name} does not classify every window: no calibration");
            return Err(Error::Usage(problem));
        }
        keep_input(&args.fasta, plot)?;
        keep_input(&args.sites, plot)?;
        check_output(plot)?;
    }
    let genome = Genome::read(&args.fasta)?;
    let sites = read_sites(&args.sites, &genome)?;
    if sites.is_empty() {
        return Err(Error::input(&args.sites, "", "no sites in this file"));
    }
    let evaluation = evaluate(args, model.as_ref(), &genome, &sites, threads)?;
    if let (Some(path), Some(scanned)) = (&args.plot, &evaluation.scanned) {
        write(path, scanned.reliability(&evaluation.model)?.as_bytes())?;
    }
    match args.json {
        true => json(&evaluation),
        false => Ok(evaluation.table()),
    }
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
    let meaning = places.meaning();
    let scanned = match classifies_windows(model) {
        true => Some(scanned(args, model, genome, sites, &places, threads)?),
        false => None,
    };
    Ok(Evaluation {
        model: model.card().name.clone(),
        sha256: model.card().sha256.clone(),
        fasta: args.fasta.display().to_string(),
        sites: args.sites.display().to_string(),
        scores: Scores { p50: meaning.p50, pv: meaning.pv },
        rankings: places.rankings()?,
        scanned,
    })
}

/// What every window of both strands says.
fn scanned(
    args: &Args,
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
    places: &ScoredPlaces<'_>,
    threads: usize,
) -> Result<Scanned> {
    let (mut peaks, mut tally) = (Peaks::ranked_by(|score| score.p50), Tally::default());
    each_strand(model, genome, |profile| {
        peaks.add_strand(profile);
        tally.add_strand(profile, sites, args.within);
    })?;
    let (peaks, kb) = peaks.finish();
    let mut figures = at_rates(&peaks, kb, sites);
    let calls = scan_calls(&args.fasta, model, threads)?;
    figures.extend(recall("scan, default thresholds", &calls, kb, sites));
    let (at_sites, random) = places.classifications();
    Ok(Scanned {
        kilobases_and_strands: kb,
        calibration_at_places: of_places(&at_sites, &random),
        recall: figures,
        calibration: tally.finish(args.within),
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
            score: site.probability,
        });
        Ok(())
    }
}
