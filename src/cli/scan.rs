//! `polyascan scan`

pub(super) mod files;
pub(super) mod report;
mod run;

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::chosen::GeneOptions;
use super::context::ContextOptions;
use super::options::{GenomeOptions, ModelOptions, StrandChoice, ThreadOptions, check_prefix};
use super::parts::PartOptions;
use super::tables::TableOptions;
use crate::config::{Config, Stringencies};
use crate::error::{Error, Problem, Result};
use crate::genome::fasta::FastaFile;
use crate::genome::region::{Region, read_bed};
use crate::genome::strand::Strand;
use crate::models::card::ModelCard;
use crate::models::screen::Screen;
use crate::scan::Anchor;
use crate::scan::targets::StrandedRegion;
use crate::scan::work::Outputs;
pub use run::run;

/// Scan a genome: FASTA in, polyA sites out, to the nucleotide.
///
/// Writes PREFIX.sites.bed (one site per line, columns named in its header) and PREFIX.summary.json
/// (every window accounted for); with --tracks also PREFIX.{plus,minus}.{cleavage,probability}.bw,
/// with --bigbed PREFIX.sites.bb. Files appear under their final name when complete. Results do not
/// depend on --threads.
///
/// A long scan can be split (--shard, then `polyascan merge`) and taken up again after a kill
/// (--resume); both give the bytes of the scan in one go.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    genome: GenomeOptions,
    /// Part of the genome: NAME or NAME:START-END (1-based, commas allowed); may be repeated.
    #[arg(short, long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// Parts of the genome as BED; column 6, if there, gives the strand.
    #[arg(long = "regions", value_name = "BED")]
    regions_file: Option<PathBuf>,
    #[command(flatten)]
    chosen: GeneOptions,
    /// Genes (GTF or GFF3, plain or compressed): scans genes and 5 kb past their ends on their
    /// strand, and names the gene and the class of each site.
    #[arg(short, long, visible_alias = "gtf", value_name = "GTF|GFF3")]
    annotation: Option<PathBuf>,
    /// Scan everything, also where the annotation has no gene.
    #[arg(long, requires = "annotation")]
    whole_genome: bool,
    #[arg(long, value_enum, default_value = "both", allow_hyphen_values = true)]
    strand: StrandChoice,
    #[command(flatten)]
    model: ModelOptions,
    /// Ask the model only for windows that this screen leaves in, a small network that
    /// `polyascan distil` made of the model: much faster; kept windows have the same values, and the
    /// summary says how many of them the screen was measured to find.
    #[arg(long, value_name = "FILE")]
    screen: Option<PathBuf>,
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
    /// Which calls: default; sensitive has more of the real sites and more others, strict the
    /// surest. Calls per kb and share of measured sites found: docs/SCAN.md.
    #[arg(long, value_enum, default_value = "default", conflicts_with = "min_posterior")]
    stringency: Stringency,
    /// Leave out calls with a posterior below this (0-1), in place of --stringency.
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    min_posterior: Option<f64>,
    /// Leave out a call where a better one of its strand lies within so many nt; 0: none
    /// [default: 24].
    #[arg(long, value_name = "NT")]
    merge_distance: Option<u64>,
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
    /// Also write the sites as bigBed, in the colours of their strands (PREFIX.sites.bb), and what
    /// its columns are in autoSql (PREFIX.as).
    #[arg(long)]
    bigbed: bool,
    /// Also write what genome browsers open, of the assembly GENOME as UCSC names it (hg38), with
    /// --tracks and --bigbed: a track hub (PREFIX.{hub,genomes,trackDb}.txt) and a session of IGV
    /// (PREFIX.igv.xml).
    #[arg(long, value_name = "GENOME", value_parser = assembly)]
    hub: Option<String>,
    /// Also write PREFIX.polyascan_{scan,sites}_mqc.json, which MultiQC shows beside other samples.
    #[arg(long)]
    multiqc: bool,
    #[command(flatten)]
    tables: TableOptions,
    #[command(flatten)]
    context: ContextOptions,
    #[command(flatten)]
    parts: PartOptions,
    /// Say at the end what each kind of thread did and what it waited for; also in the summary.
    #[arg(long)]
    profile: bool,
    /// Where to write; - is BED on standard output, and nothing else.
    #[arg(short, long, value_name = "PREFIX")]
    output: String,
}

/// Reads the name of an assembly.
fn assembly(name: &str) -> std::result::Result<String, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err("the name of an assembly is of letters, digits, `_`, `.` and `-`, as in hg38".into())
}

/// Named operating points of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Stringency {
    Sensitive,
    Default,
    Strict,
}

impl Args {
    /// Refuses outputs that do not go together.
    fn check_output(&self) -> Result<()> {
        let needs_prefix = self.tracks
            || self.bgzip
            || self.bigbed
            || self.hub.is_some()
            || self.multiqc
            || self.tables.parquet()
            || self.parts.keep_parts()
            || self.context.needs_prefix();
        if self.screen.is_some() && (self.tracks || self.hub.is_some()) {
            let problem = "--tracks and --hub show the classification of every window, and a screen leaves most \
                of them out: leave --screen out";
            return Err(Error::Usage(problem.into()));
        }
        self.tables.check()?;
        if (self.multiqc || self.tables.parquet()) && self.parts.shard.is_some() {
            let problem =
                "a shard is no whole sample: give --multiqc and --format to `polyascan merge`";
            return Err(Error::Usage(problem.into()));
        }
        match self.output.as_str() {
            "-" if needs_prefix => Err(Error::Usage(
                "-o - writes plain BED to standard output; --tracks, --bgzip, --bigbed, --hub, --context, \
                 --multiqc, --format, --shard and --resume need a prefix"
                    .into(),
            )),
            output => check_prefix(output, "sites.bed"),
        }
    }

    /// The screen, having made sure that it goes with the model and the thresholds.
    fn screen(&self, model: &ModelCard, config: &Config) -> Result<Option<Screen>> {
        let Some(path) = &self.screen else { return Ok(None) };
        let screen = Screen::load(path)?;
        screen.check(model, config.scan.min_probability, config.scan.min_centre_cleavage)?;
        Ok(Some(screen))
    }

    /// The files that are asked for.
    fn outputs(&self) -> Outputs {
        let [plus, minus] = Strand::BOTH.map(|s| self.strand.strands().contains(&s));
        let hub = self.hub.clone();
        let (tracks, bigbed) = (self.tracks || hub.is_some(), self.bigbed || hub.is_some());
        Outputs { plus, minus, tracks, bgzip: self.bgzip, bigbed, hub }
    }

    fn inputs(&self) -> Vec<&Path> {
        let given = [&self.regions_file, &self.annotation, &self.config, &self.screen];
        let given = given.into_iter().flatten().map(PathBuf::as_path).chain([self.genome.path()]);
        given.chain(self.model.file()).chain(self.context.files()).collect()
    }

    /// The settings: command line over file over default.
    fn config(&self) -> Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        let scan = &mut config.scan;
        scan.min_probability = self.min_probability.unwrap_or(scan.min_probability);
        scan.min_centre_cleavage = self.min_centre_cleavage.unwrap_or(scan.min_centre_cleavage);
        scan.background = self.background.unwrap_or(scan.background);
        scan.merge_distance = self.merge_distance.unwrap_or(scan.merge_distance);
        scan.chunk_size = self.chunk_size.unwrap_or(scan.chunk_size);
        config.check().map_err(Error::usage)?;
        match self.min_posterior {
            Some(least) if !(0.0..=1.0).contains(&least) => {
                let problem = format!("min-posterior is {least}; it must lie between 0 and 1");
                Err(Error::Usage(problem))
            }
            _ => Ok(config),
        }
    }

    /// The least posterior of a call.
    fn least_posterior(&self, config: &Config) -> f64 {
        let Stringencies { sensitive, default, strict } = config.scan.min_posterior;
        self.min_posterior.unwrap_or(match self.stringency {
            Stringency::Sensitive => sensitive,
            Stringency::Default => default,
            Stringency::Strict => strict,
        })
    }

    fn asks_for_posterior(&self) -> bool {
        self.min_posterior.is_some() || self.stringency != Stringency::Default
    }

    /// The regions of the command line, of the BED file and of the genes that are named, or `None`
    /// for everything.
    fn regions(
        &self,
        fasta: &FastaFile,
        of_genes: Vec<StrandedRegion>,
    ) -> Result<Option<Vec<StrandedRegion>>> {
        if self.regions.is_empty() && self.regions_file.is_none() && !self.chosen.is_given() {
            return Ok(None);
        }
        let mut regions = of_genes;
        for text in &self.regions {
            regions.push((Region::parse(text, &fasta.contigs, self.genome.path())?, None));
        }
        if let Some(path) = &self.regions_file {
            let of_file = read_bed(path, &fasta.contigs)?;
            if of_file.is_empty() {
                return Err(Error::of_file(path, "no regions in this BED file"));
            }
            regions.extend(of_file);
        }
        Ok(Some(regions))
    }
}
