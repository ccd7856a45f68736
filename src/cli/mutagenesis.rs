//! `polyascan mutagenesis`

pub(super) mod files;
mod pictures;
pub(super) mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ClapArgs;

use super::chosen::{self, GeneOptions};
use super::context::SpliceOptions;
use super::interrupt;
use super::options::{
    ModelOptions, StrandChoice, StrengthOptions, ThreadOptions, check_prefix_of_several,
    check_stdin,
};
use super::parts::{Consumer, PartOptions, Runner};
use super::progress::Progress;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::genome::region::Region;
use crate::parts::Checkpoint;
use crate::pipeline::Stop;
use crate::scan::targets::StrandedRegion;
use crate::shard::Portion;
use crate::variants::LatentSites;
use crate::variants::context::VariantContext;
use crate::variants::mutagenesis;
use crate::variants::mutagenesis::plan::{Plan, SiteKey, different};
use crate::variants::mutagenesis::scored::Mutator;
use crate::variants::mutagenesis::sites::{self, UsageColumn};
use crate::variants::mutagenesis::work::{MutagenesisWork, Outputs};
use crate::variants::scorer::VariantScorer;
use files::Files;
use report::Report;

/// Pictures at most: they are kept in memory until the run is complete.
const MOST_PLOTS: usize = 1000;

/// Say what every SNV of a region, or around polyA sites, does to the sites.
///
/// Writes PREFIX.mutagenesis.tsv.gz (a row per SNV, strand and site) with its index,
/// PREFIX.{plus,minus}.{effect,strongest}.bw (mean and strongest effect at each position),
/// PREFIX.summary.json (every position accounted for) and, with --plots, a heat map with a logo of
/// each site as SVG and PNG. Scores are those of `variants`. Columns: docs/MUTAGENESIS.md.
///
/// A long run can be split (--shard, then `polyascan merge`) and taken up again after a kill
/// (--resume); both give the bytes of the run in one go.
#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("where").required(true).args(["regions", "sites", "genes"])))]
pub struct Args {
    /// Genome: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    fasta: PathBuf,
    /// Part of the genome: NAME or NAME:START-END (1-based, commas allowed); may be repeated.
    #[arg(short, long = "region", value_name = "REGION")]
    regions: Vec<String>,
    #[command(flatten)]
    chosen: GeneOptions,
    /// Sites as `scan` writes them (BED, the strand in column 6): the positions up to 120 nt from
    /// each are changed, and the effects on these sites told.
    #[arg(long, value_name = "BED", conflicts_with = "strand")]
    sites: Option<PathBuf>,
    /// The usage of each site that was measured, of which delta_usage is then the change: score
    /// (1000 times the share, as BED has it), or a column of the BED by its number or by its name
    /// in the header line (#chrom ...), which holds shares from 0 to 1.
    #[arg(long, value_name = "score|COLUMN")]
    usage: Option<UsageColumn>,
    /// Also write PREFIX.mutagenesis.cutoff.tsv.gz: the rows whose odds (delta_logodds) change by
    /// more than FOLD either way [default: 1.25, as of APARENT2's published table].
    #[arg(long, value_name = "FOLD", num_args = 0..=1, default_missing_value = "1.25")]
    cutoff: Option<f64>,
    /// Strand of the sites in the regions [default: both].
    #[arg(long, value_enum, allow_hyphen_values = true)]
    strand: Option<StrandChoice>,
    /// Also delete each stretch of N nt.
    #[arg(long, value_name = "N")]
    deletions: Option<u64>,
    /// Draw a heat map with a logo for the first N sites (PREFIX.NUMBER.CONTIG_POSITION_STRAND.svg
    /// and .png); without --sites for sites in the regions.
    #[arg(long, value_name = "N", default_value_t = 0)]
    plots: usize,
    /// Genes (GTF or GFF3, plain or compressed): the class of each site, and whether it is used.
    #[arg(short, long, visible_alias = "gtf", value_name = "GTF|GFF3")]
    annotation: Option<PathBuf>,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    strength: StrengthOptions,
    #[command(flatten)]
    splice: SpliceOptions,
    /// Settings that replace those of config/default.toml (TOML).
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadOptions,
    #[command(flatten)]
    parts: PartOptions,
    /// Where to write.
    #[arg(short, long, value_name = "PREFIX")]
    output: String,
}

/// Bytes of a file's name that file systems take.
const LONGEST_NAME: usize = 255;

/// Runs the command.
///
/// # Errors
/// Wrong input, a region or site outside the genome, an output that cannot be written, an
/// interrupt.
pub fn run(args: &Args) -> Result<()> {
    let begin = Instant::now();
    let config = Config::load(args.config.as_deref())?;
    args.check(config.variants.max_length as u64)?;
    let threads = args.threads.apply()?;
    let model = args.model.load()?;
    let strength = args.strength.load(&args.model)?;
    let thresholds = config.variants.thresholds(&config.scan);
    // Each change is asked for once.
    let settings = thresholds.engine(model.posterior(), LatentSites::Changed, 1);
    let engine = VariantScorer::new(model.as_ref(), strength.as_deref(), settings)?
        .stopping(interrupt::patience(args.parts.resume));
    let lock = files::claim(&args.parts.base(&args.output), &args.inputs())?;
    let files = match args.parts.shard {
        None => Some(Files::reserve(&args.output, &args.inputs())?),
        Some(_) => None,
    };

    let fasta = FastaFile::open(&args.fasta)?;
    let models = (model.as_ref(), strength.as_deref());
    let mut report = Report::new(&config, models, &fasta, threads);
    let (annotation, extension) = (args.annotation.as_deref(), config.annotation.extension);
    let loaded =
        args.splice.load(annotation, extension, &fasta, strength.is_some(), &args.chosen)?;
    report.genes(&loaded)?;
    let chosen = &loaded.chosen;
    let places = chosen::places(chosen, &fasta.contigs, extension);
    places.into_iter().for_each(|note| report.note(note));
    let of_genes = chosen.iter().map(|gene| chosen::region_of(gene, &fasta.contigs, extension));
    let (plan, shown) = args.plan(&fasta, of_genes.collect(), &mut report)?;
    let speaks_of_usage = strength.is_some() || engine.speaks_of_signals();
    report.usage(args.usage.is_some(), speaks_of_usage);
    let work = args.work(&plan, shown, &report)?.on(&fasta.contigs);
    let mutator = Mutator {
        engine: &engine,
        plan: &plan,
        contigs: &fasta.contigs,
        context: VariantContext { model: &loaded.usage, genes: loaded.genes.as_ref(), rules: &[] },
        measured: args.usage.is_some(),
        deletions: work.outputs.deletions,
        pictures: args.plots > 0,
    };
    let interrupt = interrupt::watch();
    let genome = InTurn::new(&fasta)?;
    let compute = |portion: Portion, consume: &mut Consumer<'_, MutagenesisWork>| {
        let Portion { span, finish_begun } = portion;
        let mut progress = Progress::of_positions(span.end - span.start);
        let stop = Stop::new(interrupt, finish_begun);
        mutagenesis::run(&plan, span, genome, &mutator, threads, &stop, |scored| {
            progress.advance(scored.totals.positions.asked, scored.totals.scored());
            consume(&scored)
        })
    };
    let checkpoint = args.parts.checkpoint(&args.output);
    let (total, checkpoint) = (work.positions, checkpoint.as_deref());
    let runner = Runner { work: &work, total, checkpoint, interrupt, begin };
    if let Some(mut files) = files {
        files.create(&work, &fasta.contigs)?;
        let checkpoint = runner.run(compute, &mut |scored| files.take(scored))?;
        let earlier = checkpoint.as_ref().map_or(0.0, Checkpoint::earlier);
        let drawn = files.draw(&fasta.contigs, strength.is_some(), interrupt)?;
        report.finish(files, &drawn, earlier + begin.elapsed().as_secs_f64())?;
        checkpoint.map_or(Ok(()), Checkpoint::remove)?;
    } else {
        let path = format!("{}.shard", args.parts.base(&args.output));
        runner.into_shard(path.as_ref(), compute)?;
    }
    drop(lock);
    Ok(())
}

impl Args {
    /// Refuses what cannot be.
    fn check(&self, longest: u64) -> Result<()> {
        let usage = |problem: String| Err(Error::Usage(problem));
        check_prefix_of_several(&self.output, "mutagenesis.tsv.gz")?;
        if let Some(n) = self.deletions
            && !(1..=longest).contains(&n)
        {
            let limit = "variants.max_length in the configuration";
            return usage(format!(
                "--deletions {n}: it must lie between 1 and {longest} ({limit})"
            ));
        }
        if self.usage.is_some() && self.sites.is_none() {
            let problem = "it says where the BED of --sites has the usage; give one";
            return usage(format!("--usage: {problem}"));
        }
        if let Some(fold) = self.cutoff
            && !(fold > 1.0 && fold.is_finite())
        {
            let problem = "it must be a change of the odds above 1, such as 1.25";
            return usage(format!("--cutoff {fold}: {problem}"));
        }
        if self.plots > MOST_PLOTS {
            return usage(format!("--plots {}: at most {MOST_PLOTS} at once", self.plots));
        }
        let name = Path::new(&self.output).file_name().unwrap_or_default();
        if self.plots > 0 && name.len() + pictures::ENDING > LONGEST_NAME {
            return usage(format!(
                "-o {}: too long a name for pictures, which add up to {} letters to it",
                self.output,
                pictures::ENDING
            ));
        }
        check_stdin(&self.inputs())
    }

    fn inputs(&self) -> Vec<&Path> {
        let given = [&self.sites, &self.annotation, &self.config, &self.splice.context_model];
        let given = given.into_iter().flatten().chain([&self.fasta]);
        let models = [self.model.file(), self.strength.file()];
        given.map(PathBuf::as_path).chain(models.into_iter().flatten()).collect()
    }

    /// Describes the run.
    fn work(
        &self,
        plan: &Plan,
        shown: Option<Vec<SiteKey>>,
        report: &Report,
    ) -> Result<MutagenesisWork> {
        let SpliceOptions { context_model, splice_scores, .. } = &self.splice;
        let context_model =
            context_model.as_ref().map(|path| Source::open(path)?.sha256()).transpose()?;
        let outputs = Outputs {
            cutoff: self.cutoff,
            plots: self.plots,
            shown,
            deletions: self.deletions.unwrap_or(0),
            usage: self.usage.as_ref().map(|column| column.to_string()),
        };
        Ok(MutagenesisWork {
            shard: self.parts.share(),
            positions: plan.positions(),
            plan: plan.digest(),
            context_model,
            splice_scores: splice_scores.as_ref().map(|folder| folder.display().to_string()),
            strands: plan.used_strands(),
            outputs,
            provenance: report.provenance(),
            summary: report.summary().clone(),
            contigs: Vec::new(),
        })
    }

    /// Finds out what is to be changed, and which of the sites that are named are to be drawn.
    fn plan(
        &self,
        fasta: &FastaFile,
        of_genes: Vec<StrandedRegion>,
        report: &mut Report,
    ) -> Result<(Plan, Option<Vec<SiteKey>>)> {
        let contigs = &fasta.contigs;
        let Some(path) = &self.sites else {
            let mut regions = of_genes;
            for text in &self.regions {
                regions.push((Region::parse(text, contigs, &self.fasta)?, None));
            }
            let strands = self.strand.unwrap_or(StrandChoice::Both).strands();
            let plan = Plan::of_regions(contigs, &regions, strands);
            return Ok((plan, None));
        };
        let source = Source::open(path)?;
        let (sites, again) = different(sites::read(&source, contigs, self.usage.as_ref())?);
        if again > 0 {
            report.note(format!("{}: {again} sites are there twice", path.display()));
        }
        report.sites(&source, &sites)?;
        let shown: Vec<SiteKey> = sites.iter().take(self.plots).map(|site| site.key).collect();
        Ok((Plan::of_sites(contigs, &sites), Some(shown)))
    }
}
