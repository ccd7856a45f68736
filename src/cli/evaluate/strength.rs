//! `polyascan evaluate strength`

use std::path::PathBuf;

use serde::Serialize;

use super::json;
use crate::cli::options::{ModelOptions, ThreadOptions};
use crate::error::{Error, Result};
use crate::evaluate::metrics::shown;
use crate::evaluate::strength::{Agreement, agreement, scores};
use crate::evaluate::usage::{CountedSite, GeneOf, complete, read_counts};
use crate::genome::memory::Genome;
use crate::models::part::Part;
use crate::models::{CENTRE, WINDOW};
use crate::train::recipe::{self, Configuration};
use crate::train::usage::MeasuredUsage;
use crate::train::usage::config::UsageTraining;

/// Predicted strengths against the measured usage of the sites of each gene.
///
/// With --config the sites are those of one part of a configuration of `train usage`.
///
/// Pairs are two sites of one gene and strand, 50 nt or more apart, whose counts differ more than
/// --fold times. AUROC is the share of them in which the site used more has the higher score (ties
/// count half); by gene, the mean of the genes' own shares. Spearman's correlation is that within
/// genes of three or more sites, the mean weighted by their sites. The areas of differences are the
/// published ones: both sites of each pair, scored by the difference from the other. Correlations
/// with usage are with its log2 odds among the sites of the terminal exon (all sites, where neither
/// --annotation nor a column `feature` tells), of genes with 10 counts or more. Sites whose 240-nt
/// window leaves the contig or holds N are left out.
///
/// Strength models are scored by their output for the window centred on the site; site models,
/// APARENT2 and DeeReCT-PolyA by the scores of `evaluate scan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Genome, small enough to be held in memory.
    #[arg(short, long, required_unless_present = "config")]
    fasta: Option<PathBuf>,
    /// Measured sites: a table with the columns contig, offset (0-based; or representative_offset),
    /// strand, and those of --counts and --gene.
    #[arg(long, required_unless_present = "config")]
    sites: Option<PathBuf>,
    /// Configuration of `train usage` that names genome, sites and columns instead.
    #[arg(long, value_name = "TOML", conflicts_with_all = ["fasta", "sites", "counts", "gene", "annotation"])]
    config: Option<PathBuf>,
    /// Folder that the data paths are relative to, instead of the configuration's.
    #[arg(long, requires = "config")]
    data: Option<PathBuf>,
    /// Which of its sites.
    #[arg(long, value_enum, default_value = "test", requires = "config")]
    part: Part,
    /// Column with reads, transcripts per million, or another count.
    #[arg(long, value_name = "COLUMN", default_value = "apadb_reads")]
    counts: String,
    /// Column with the gene; sites without one (empty, NA, .) are left out.
    #[arg(long, value_name = "COLUMN", default_value = "gene")]
    gene: String,
    /// GTF that gives the genes instead of a column: those that the site lies in, or 5 kb past
    /// their ends.
    #[arg(short, long, visible_alias = "gtf", value_name = "GTF", conflicts_with = "gene")]
    annotation: Option<PathBuf>,
    /// Pairs whose counts differ more than this many times are ranked.
    #[arg(long, default_value_t = 8.0)]
    fold: f64,
    /// Counts below it are taken for it; pairs of two such counts are left out.
    #[arg(long, default_value_t = 1.0)]
    floor: f64,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Print JSON instead of a table.
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
    counts: String,
    fold: f64,
    floor: f64,
    /// Sites with a gene, and those of them with a complete window.
    read: usize,
    scored: usize,
    strength: Vec<Agreement>,
}

/// Returns the report.
///
/// # Errors
/// Input that cannot be read, or a model that does not speak of sites.
pub fn run(args: &Args) -> Result<String> {
    for (option, value, least) in [("--fold", args.fold, 1.0), ("--floor", args.floor, 0.0)] {
        if !(value.is_finite() && value >= least && value > 0.0) {
            return Err(Error::Usage(format!("{option} {value}: must be {}", above(least))));
        }
    }
    args.threads.apply()?;
    let model = args.model.load()?;
    let Data { fasta, table, counts, genome, read, sites } = args.data()?;
    let scores = scores(model.as_ref(), &genome, &sites)?;
    let figures =
        scores.iter().map(|(name, scores)| agreement(name, scores, &sites, args.fold, args.floor));
    let evaluation = Evaluation {
        model: model.card().name.clone(),
        sha256: model.card().sha256.clone(),
        fasta: fasta.display().to_string(),
        sites: table.display().to_string(),
        counts,
        fold: args.fold,
        floor: args.floor,
        read,
        scored: sites.len(),
        strength: figures.collect(),
    };
    if args.json { json(&evaluation) } else { Ok(evaluation.text()) }
}

/// Sites with their counts.
struct Data {
    fasta: PathBuf,
    table: PathBuf,
    counts: String,
    genome: Genome,
    /// Sites with a gene.
    read: usize,
    /// Those of them with a complete window.
    sites: Vec<CountedSite>,
}

impl Args {
    fn data(&self) -> Result<Data> {
        if let Some(path) = &self.config {
            let config: UsageTraining = recipe::read(path, self.data.as_deref())?;
            let measured = MeasuredUsage::read(&config)?;
            let of_part = measured.of_part(self.part);
            let sites: Vec<CountedSite> =
                of_part.into_iter().map(|site| measured.sites[site].clone()).collect();
            if sites.is_empty() {
                let problem = format!("no site in the {} part: give it a share", self.part.name());
                return Err(Error::input(path, "[parts]", problem));
            }
            return Ok(Data {
                fasta: config.file(&config.sites.fasta),
                table: config.file(&config.sites.sites),
                counts: config.sites.counts.clone(),
                genome: measured.genome,
                read: sites.len(),
                sites,
            });
        }
        // clap asks for both where there is no configuration.
        let [fasta, table] =
            [&self.fasta, &self.sites].map(|path| path.clone().unwrap_or_default());
        let genome = Genome::read(&fasta)?;
        let gene = match &self.annotation {
            Some(path) => GeneOf::Annotation(path),
            None => GeneOf::Column(&self.gene),
        };
        let sites = read_counts(&table, &genome, &self.counts, gene)?;
        let read = sites.len();
        let sites = complete(sites, &genome, CENTRE, WINDOW);
        Ok(Data { fasta, table, counts: self.counts.clone(), genome, read, sites })
    }
}

fn above(least: f64) -> &'static str {
    if least > 0.0 { "1 or more" } else { "above 0" }
}

impl Evaluation {
    fn text(&self) -> String {
        let mut lines = vec![
            format!("# model {} {}", self.model, self.sha256),
            format!(
                "# {}, {} of {}: {} sites with a gene, {} with a complete window",
                self.fasta, self.counts, self.sites, self.read, self.scored
            ),
            format!(
                "# pairs of one gene that differ more than {} times; counts below {} are taken for it",
                self.fold, self.floor
            ),
            "#score\tpairs\tgenes\tauroc\tauroc_by_gene\tspearman\tgenes_ranked".into(),
        ];
        lines.extend(self.strength.iter().map(|s| {
            let figures = [s.auroc, s.auroc_by_gene, s.spearman];
            let figures = figures.map(|figure| shown(figure, 4)).join("\t");
            format!("{}\t{}\t{}\t{figures}\t{}", s.score, s.pairs, s.genes, s.genes_ranked)
        }));
        lines.push(
            "#score\tauroc_of_differences\tauprc_of_differences\tsites_with_usage\tusage_pearson\tusage_spearman".into(),
        );
        lines.extend(self.strength.iter().map(|s| {
            let [auroc, auprc] =
                [s.auroc_of_differences, s.auprc_of_differences].map(|figure| shown(figure, 4));
            let usage = [s.usage_pearson, s.usage_spearman].map(|figure| shown(figure, 4));
            let usage = usage.join("\t");
            format!("{}\t{auroc}\t{auprc}\t{}\t{usage}", s.score, s.sites_with_usage)
        }));
        lines.join("\n") + "\n"
    }
}
