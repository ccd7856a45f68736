//! `polyascan attribute`

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::choices::value_name;
use super::motifs::common::{LoadedModels, compressed, picture};
use super::motifs::run::go_on;
use super::motifs::session::{Asked, Session};
use super::options::{ModelOptions, StrandChoice, StrengthOptions, ThreadOptions};
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::genome::region::Region;
use crate::genome::strand::Strand;
use crate::interpret::attribution::figures::logos;
use crate::interpret::attribution::regions::best_places;
use crate::interpret::attribution::seqlets::Distribution;
use crate::interpret::attribution::tables::{self, REMARKS, SiteAttribution, track};
use crate::interpret::attribution::{Attribution, Attributor, Baseline, speaks_of};
use crate::interpret::models::Quantity;
use crate::interpret::sites::Sites;
use crate::interpret::soft::{self, Soft};
use crate::models::Model;
use crate::output::atomic::Complete;
use crate::output::bigwig::{TrackOutcome, TrackWriter};
use crate::output::summary::FileSummary;

/// What each nucleotide around polyA sites contributes to what models say.
///
/// Integrated gradients (Sundararajan et al. 2017) and input x gradient, in log2 odds of
/// classification and of strength, of the 240 nt around each site, or around the best position of
/// each region and strand; seqlets (stretches of high attribution) with the element that they hold.
/// Writes PREFIX.attribution.*: sites.tsv, bases.tsv.gz, seqlets.tsv,
/// {plus,minus}.{classification,strength}.{integrated,gradient}.bw, logos (SVG, PNG), summary.json.
/// Columns and definitions: docs/INTERPRETATION.md.
#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("where").required(true).args(["regions", "sites"])))]
pub struct Args {
    /// polyA sites: BED as `scan` writes it, or a table with the columns contig, offset (0-based)
    /// and strand.
    #[arg(long, value_name = "BED|TSV", conflicts_with = "strand")]
    sites: Option<PathBuf>,
    /// Part of the genome: NAME or NAME:START-END (1-based, commas allowed), at most 1,000,000 nt;
    /// may be repeated. The model says where in it the site lies.
    #[arg(short, long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// Strand of the regions [default: both].
    #[arg(long, value_enum, allow_hyphen_values = true)]
    strand: Option<StrandChoice>,
    /// Genome: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    fasta: PathBuf,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    strength: StrengthOptions,
    /// Where the gradients' path begins: a quarter of each base, or no base at all.
    #[arg(long, value_enum, default_value = "even")]
    baseline: BaselineChoice,
    /// Steps of the path.
    #[arg(long, value_name = "N", default_value_t = 64)]
    steps: usize,
    /// A stretch with a lower p is a seqlet.
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    seqlet_p: f64,
    /// Sites in the picture, the first ones.
    #[arg(long, value_name = "N", default_value_t = 10)]
    plots: usize,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Where to write.
    #[arg(short, long, value_name = "PREFIX")]
    output: String,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum BaselineChoice {
    Even,
    Zero,
}

impl BaselineChoice {
    fn baseline(self) -> Baseline {
        match self {
            Self::Even => Baseline::Even,
            Self::Zero => Baseline::Zero,
        }
    }
}

/// What follows `PREFIX.attribution.`, but for the summary.
const ENDINGS: [&str; 13] = [
    "sites.tsv",
    "bases.tsv.gz",
    "seqlets.tsv",
    "logos.svg",
    "logos.png",
    "plus.classification.integrated.bw",
    "plus.classification.gradient.bw",
    "plus.strength.integrated.bw",
    "plus.strength.gradient.bw",
    "minus.classification.integrated.bw",
    "minus.classification.gradient.bw",
    "minus.strength.integrated.bw",
    "minus.strength.gradient.bw",
];

/// With fewer sites there is little to compare a stretch with.
const FEW: usize = 20;
const MOST_PLOTS: usize = 50;
const MOST_STEPS: usize = 10_000;

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    args.check()?;
    let loaded = LoadedModels::of(&args.model, &args.strength)?;
    let models: Vec<&dyn Model> =
        std::iter::once(loaded.site_model()).chain(loaded.strength_model()).collect();
    let networks = args.networks(&models)?;
    let attributors = models.iter().zip(&networks).map(|(&model, network)| {
        Attributor::new(model, network.as_ref(), args.baseline.baseline(), args.steps)
    });
    let attributors: Vec<Attributor<'_>> = attributors.collect::<Result<_>>()?;
    let quantities: Vec<Quantity> = attributors.iter().map(|one| one.quantity).collect();
    if quantities.windows(2).any(|pair| pair[0] == pair[1]) {
        let problem = "there can be a model of sites and one of strength, not two of a kind";
        return Err(Error::model(&models[1].card().name, problem));
    }
    let read = |fasta: &FastaFile| args.places(loaded.site_model(), fasta);
    let mut session = Session::of(&args.asked(), "attribution", &ENDINGS, &loaded, read)?;
    session.set("steps", args.steps);
    session.set("baseline", value_name(args.baseline));
    session.set("seqlet_p", args.seqlet_p);
    let mut found: Vec<(usize, Vec<u8>, Vec<Attribution>)> = Vec::new();
    session.each_site(
        |number, window| {
            let each = attributors.iter().map(|one| one.attribute(window));
            let each = each.collect::<Result<Vec<_>>>()?;
            let asked = each.iter().map(|(_, asked)| asked).sum();
            let of = each.into_iter().map(|(of, _)| of).collect();
            Ok(((number, window.to_vec(), of), asked))
        },
        |site| found.push(site),
    )?;
    let mut sites: Vec<SiteAttribution> = found
        .into_iter()
        .map(|(number, codes, of)| {
            let place = session.site(number);
            let contig = session.contigs()[place.contig].name.clone();
            let (position, strand) = (place.position as u64, place.strand);
            SiteAttribution { contig, position, strand, codes, of, seqlets: Vec::new() }
        })
        .collect();
    find_seqlets(&mut sites, quantities.len(), args.seqlet_p);
    if sites.len() < FEW {
        let n = sites.len();
        session.note(format!(
            "seqlets are told by comparison with all stretches of the run, which has {n} of the {FEW} sites or more that \
             this takes"
        ));
    }
    let tracks = tracks(&mut session, &quantities, &sites)?;
    let files = files(&mut session, &quantities, &sites, args.plots)?;
    session.finish_with(files, tracks)
}

impl Args {
    fn check(&self) -> Result<()> {
        let usage = |problem: String| Err(Error::Usage(problem));
        if !(1..=MOST_STEPS).contains(&self.steps) {
            return usage(format!(
                "--steps {}: it must lie between 1 and {MOST_STEPS}",
                self.steps
            ));
        }
        if !(self.seqlet_p > 0.0 && self.seqlet_p < 1.0) {
            return usage(format!("--seqlet-p {}: it must lie between 0 and 1", self.seqlet_p));
        }
        if self.plots > MOST_PLOTS {
            return usage(format!("--plots {}: at most {MOST_PLOTS} at once", self.plots));
        }
        Ok(())
    }

    fn asked(&self) -> Asked<'_> {
        let models = [self.model.file(), self.strength.file()];
        let given = self.sites.iter().chain([&self.fasta]).map(PathBuf::as_path);
        let inputs: Vec<&Path> = given.chain(models.into_iter().flatten()).collect();
        Asked { inputs, fasta: &self.fasta, output: &self.output, threads: &self.threads }
    }

    /// Loads the differentiable form of each model.
    fn networks(&self, models: &[&dyn Model]) -> Result<Vec<Box<dyn Soft>>> {
        models.iter().try_for_each(|model| speaks_of(*model).map(|_| ()))?;
        let names =
            std::iter::once(self.model.model.as_str()).chain(self.strength.name(&self.model));
        names.map(soft::load).collect()
    }

    /// Reads the sites, or finds that of each region.
    fn places(&self, model: &dyn Model, fasta: &FastaFile) -> Result<(Sites, Option<FileSummary>)> {
        if let Some(path) = &self.sites {
            let source = Source::open(path)?;
            return Ok((Sites::read(&source, &fasta.contigs)?, Some(FileSummary::of(&source)?)));
        }
        let parse = |text: &String| Region::parse(text, &fasta.contigs, &self.fasta);
        let mut regions = self.regions.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let strands = self.strand.unwrap_or(StrandChoice::Both).strands();
        let places = best_places(model, fasta, &mut regions, strands, go_on)?;
        if places.is_empty() {
            let problem = "no position of the regions has a window of 240 nt that is not mostly N";
            return Err(Error::of_file(&self.fasta, problem));
        }
        Ok((Sites::of(places), None))
    }
}

fn find_seqlets(sites: &mut [SiteAttribution], quantities: usize, limit: f64) {
    for number in 0..quantities {
        let values: Vec<&[f32]> =
            sites.iter().map(|site| site.of[number].integrated.as_slice()).collect();
        let distribution = Distribution::of(&values);
        for site in sites.iter_mut() {
            let seqlets = distribution.seqlets(&site.of[number].integrated, limit);
            site.seqlets.push(seqlets);
        }
    }
}

fn files(
    session: &mut Session,
    quantities: &[Quantity],
    sites: &[SiteAttribution],
    plots: usize,
) -> Result<Vec<(String, Vec<u8>)>> {
    let table = |text: &str| session.table(&REMARKS, text);
    let bases = table(&tables::bases(quantities, sites));
    let mut files = vec![
        ("sites.tsv".to_owned(), table(&tables::sites(quantities, sites))),
        ("bases.tsv.gz".to_owned(), compressed(&bases)?),
        ("seqlets.tsv".to_owned(), table(&tables::seqlets(quantities, sites))),
    ];
    let shown = &sites[..plots.min(sites.len())];
    if !shown.is_empty() {
        files.extend(picture("logos", &logos(quantities, shown))?);
    }
    for (number, quantity) in quantities.iter().enumerate() {
        let seqlets: usize = sites.iter().map(|site| site.seqlets[number].len()).sum();
        let gap = sites.iter().map(|site| site.of[number].gap().abs()).fold(0.0, f64::max);
        let figures = &mut session.summary.figures;
        figures.insert(format!("{}_seqlets", quantity.name()), seqlets.into());
        figures.insert(format!("{}_largest_gap", quantity.name()), gap.into());
    }
    Ok(files)
}

/// Writes a track for each strand, quantity and kind of attribution.
fn tracks(
    session: &mut Session,
    quantities: &[Quantity],
    sites: &[SiteAttribution],
) -> Result<Vec<Complete>> {
    let contigs: HashSet<&str> = sites.iter().map(|site| site.contig.as_str()).collect();
    let mut complete = Vec::new();
    for strand in
        Strand::BOTH.into_iter().filter(|&strand| sites.iter().any(|s| s.strand == strand))
    {
        let side = strand.name();
        for (number, quantity) in quantities.iter().enumerate() {
            for kind in ["integrated", "gradient"] {
                let ending = format!("{side}.{}.{kind}.bw", quantity.name());
                let mut writer = TrackWriter::create(&session.path(&ending), session.contigs())?;
                for contig in 0..session.contigs().len() {
                    let name = &session.contigs()[contig].name;
                    if !contigs.contains(name.as_str()) {
                        continue;
                    }
                    let values = track(sites, name, strand, |site| {
                        let of = &site.of[number];
                        (of.first, if kind == "integrated" { &of.integrated } else { &of.gradient })
                    });
                    let runs = values.into_iter().map(|(at, value)| (at, at + 1, value)).collect();
                    writer.push_runs(contig, runs)?;
                }
                match writer.finish()? {
                    TrackOutcome::Written { file, .. } => complete.push(file),
                    TrackOutcome::Empty { path } => {
                        session.note(format!("{}: not written, it has no value", path.display()));
                    }
                }
            }
        }
    }
    Ok(complete)
}
