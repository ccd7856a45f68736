//! `polyascan scan`

mod files;
mod report;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args as ClapArgs;

use super::interrupt;
use super::options::{ModelOptions, StrandChoice, ThreadOptions, check_prefix};
use crate::config::Config;
use crate::context::features::GeneContext;
use crate::error::{Error, Result};
use crate::genome::annotation::Annotation;
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::genome::region::{Region, read_bed};
use crate::scan::targets::StrandedRegion;
use crate::scan::{self, Anchor, ScanJob, Targets};
use files::Files;
use report::Report;

/// Scan a genome: FASTA in, polyA sites out, to the nucleotide.
///
/// Writes PREFIX.sites.bed (one site per line, columns named in its header) and PREFIX.summary.json
/// (every window accounted for); with --tracks also PREFIX.{plus,minus}.{cleavage,probability}.bw.
/// Files appear under their final name when complete. Results do not depend on --threads.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Genome: plain, gzip or BGZF, soft-masked or not, with or without index; - is standard input.
    fasta: PathBuf,
    /// Part of the genome: NAME or NAME:START-END (1-based, commas allowed); may be repeated.
    #[arg(short, long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// Parts of the genome as BED; column 6, if there, gives the strand.
    #[arg(long = "regions", value_name = "BED")]
    regions_file: Option<PathBuf>,
    /// Genes (GTF, plain or compressed): scans genes and 5 kb past their ends on their strand, and
    /// names the gene and the class of each site.
    #[arg(long, value_name = "GTF")]
    annotation: Option<PathBuf>,
    /// Scan everything, also where the annotation has no gene.
    #[arg(long, requires = "annotation")]
    whole_genome: bool,
    #[arg(long, value_enum, default_value = "both", allow_hyphen_values = true)]
    strand: StrandChoice,
    #[command(flatten)]
    model: ModelOptions,
    /// Score every position, or (APARENT2) only where one of the known polyA signals lies in its
    /// place, 32 nt upstream: much faster, blind to other signals.
    #[arg(long, value_enum, default_value = "window")]
    anchor: Anchor,
    /// Keep windows with a classification above this (0-1) [default: 0.5].
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    min_probability: Option<f64>,
    /// ... and a raw cleavage at their centre above this (0-1) [default: 0.05].
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    min_centre_cleavage: Option<f64>,
    /// Subtracted from the mean of the kept cleavage vectors (0-1) [default: 0.02].
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    background: Option<f64>,
    /// Settings that replace those of config/default.toml (TOML).
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Most positions per chunk of work; no effect on results [default: 65536].
    #[arg(long, value_name = "NT")]
    chunk_size: Option<usize>,
    /// Also write bigWig tracks of cleavage and classification.
    #[arg(long)]
    tracks: bool,
    /// Write PREFIX.sites.bed.gz and its tabix index instead of PREFIX.sites.bed.
    #[arg(long)]
    bgzip: bool,
    /// No progress bar.
    #[arg(short, long)]
    quiet: bool,
    /// Where to write; - is BED on standard output, and nothing else.
    #[arg(short, long, value_name = "PREFIX")]
    output: String,
}

/// Runs the command.
///
/// # Errors
/// Wrong input, a region outside the genome, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let begin = Instant::now();
    let config = args.config()?;
    let threads = args.threads.apply()?;
    if args.output == "-" && (args.tracks || args.bgzip) {
        let problem =
            "-o - writes plain BED to standard output; --tracks and --bgzip need a prefix";
        return Err(Error::Usage(problem.into()));
    }
    check_prefix(&args.output, "sites.bed")?;
    let model = args.model.load()?;
    let mut files = Files::reserve(&args.output)?;

    let fasta = FastaFile::open(&args.fasta)?;
    let gtf = args.annotation.as_deref().map(Source::open).transpose()?;
    let annotation = gtf.as_ref().map(|gtf| Annotation::from_source(gtf, &fasta.contigs));
    let annotation = annotation.transpose()?;
    let extension = config.annotation.extension;
    let genes = annotation.as_ref().map(|a| GeneContext::new(a, &fasta.contigs, extension));
    let regions = args.regions(&fasta)?;
    let restrict = if args.whole_genome { None } else { genes.as_ref() };
    let strands = args.strand.strands();
    let targets = Targets::new(&fasta.contigs, strands, regions.as_deref(), restrict);

    let mut report = Report::new(&config, model.as_ref(), args.anchor, &fasta, threads);
    if let Some(gtf) = &gtf {
        report.annotation(gtf)?;
    }
    for note in annotation.iter().flat_map(|annotation| &annotation.notes) {
        report.note(note.clone());
    }
    files.create(args, &fasta.contigs, &report.provenance())?;
    let job = ScanJob {
        bases: Box::new(fasta.bases()?),
        contigs: &fasta.contigs,
        fasta: &args.fasta,
        model: model.as_ref(),
        targets: &targets,
        genes: genes.as_ref(),
        settings: config.scan.settings(args.anchor, threads),
        interrupt: interrupt::watch(),
        quiet: args.quiet,
    };
    let totals = scan::run(job, &mut files)?;
    report.finish(files, &totals, &fasta.contigs, begin.elapsed().as_secs_f64())
}

impl Args {
    /// The settings: command line over file over default.
    fn config(&self) -> Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        let scan = &mut config.scan;
        scan.min_probability = self.min_probability.unwrap_or(scan.min_probability);
        scan.min_centre_cleavage = self.min_centre_cleavage.unwrap_or(scan.min_centre_cleavage);
        scan.background = self.background.unwrap_or(scan.background);
        scan.chunk_size = self.chunk_size.unwrap_or(scan.chunk_size);
        config.check().map_err(Error::Usage)?;
        Ok(config)
    }

    /// The regions of the command line and of the BED file, or `None` for everything.
    fn regions(&self, fasta: &FastaFile) -> Result<Option<Vec<StrandedRegion>>> {
        if self.regions.is_empty() && self.regions_file.is_none() {
            return Ok(None);
        }
        let mut regions = Vec::new();
        for text in &self.regions {
            regions.push((Region::parse(text, &fasta.contigs, &self.fasta)?, None));
        }
        if let Some(path) = &self.regions_file {
            let of_file = read_bed(path, &fasta.contigs)?;
            if of_file.is_empty() {
                return Err(Error::input(path, "", "no regions in this BED file"));
            }
            regions.extend(of_file);
        }
        Ok(Some(regions))
    }

    /// The name of a file of this run.
    fn file(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("{}.{ending}", self.output))
    }

    /// The name of the sites file.
    fn sites_file(&self) -> PathBuf {
        match (self.output.as_str(), self.bgzip) {
            ("-", _) => PathBuf::from("-"),
            (_, false) => self.file("sites.bed"),
            (_, true) => self.file("sites.bed.gz"),
        }
    }
}
