//! `polyascan sites`

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use rayon::prelude::*;

use super::chosen::GeneOptions;
use super::claimed::{self, Claimed};
use super::command_line;
use super::genes::read_genes;
use super::options::{ThreadOptions, check_stdin};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::genome::strand::Strand;
use crate::output::atomic::Complete;
use crate::output::bigwig::{self, TrackOutcome};
use crate::output::provenance::{entries, file_entry};
use crate::output::summary::{FastaSummary, FileSummary, MeasuredSummary, SampleSummary};
use crate::reads::bam::Library;
use crate::reads::cleavage::GenomicAs;
use crate::reads::ends::{Counts, Ends};
use crate::reads::sample::Sample;
use crate::reads::sites::{Asked, CountedSite, Made, sites};
use crate::reads::{groups, tables, tracks};
use crate::text::count;

/// Make polyA sites of the 3' ends of reads, of your own sequencing experiment.
///
/// Ends near each other become one site, where most of them lie; sites that genomic As may have
/// primed, and those with too few reads, are left out and counted. Writes PREFIX.measured.tsv (a
/// row per site with its reads by sample, gene, class and usage: what `train`, `evaluate` and
/// `--sites` read), PREFIX.measured.bed, PREFIX.measured.plus.bw and .minus.bw (all reads where they
/// say that RNA was cut) and PREFIX.measured.summary.json; with groups of samples
/// PREFIX.measured.groups.tsv, which compares the proximal with the distal site of each gene. Rules
/// and columns: docs/READS.md.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Samples: BAM, BED (6 columns), or bedGraph or bigWig of each strand; plain or compressed.
    /// Without a name the file's is taken.
    #[arg(required = true, value_name = "[NAME[@GROUP]=]FILE|PLUS,MINUS", value_parser = Sample::parse)]
    reads: Vec<Sample>,
    /// Genome: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    fasta: PathBuf,
    /// Genes (GTF or GFF3, plain or compressed): says of which gene and class a site is, and how
    /// much of the gene's reads it has.
    #[arg(short, long, visible_alias = "gtf", value_name = "GTF|GFF3")]
    annotation: Option<PathBuf>,
    /// Which nucleotide of a run of genomic As stands for all cuts around it, which reads cannot
    /// tell apart.
    #[arg(long, value_enum, default_value = "first", value_name = "WHICH")]
    genomic_as: GenomicAs,
    /// Keep sites before genomic As too: where reads show tails, as those of BAM files must (PASS
    /// reads).
    #[arg(long)]
    keep_primed: bool,
    /// Of BAM files: how reads lie on the RNA.
    #[arg(long, value_enum, default_value = "forward", value_name = "DIRECTION")]
    library: Library,
    /// Settings that replace those of config/default.toml (TOML): the table [reads].
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Where to write.
    #[arg(short, long, value_name = "PREFIX")]
    output: String,
}

/// What follows `PREFIX.measured.`, but for the summary.
const ENDINGS: [&str; 5] = ["tsv", "bed", "groups.tsv", TRACKS[0], TRACKS[1]];
/// Of the tracks of both strands.
const TRACKS: [&str; 2] = ["plus.bw", "minus.bw"];

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    args.check()?;
    let config = Config::load(args.config.as_deref())?;
    let threads = args.threads.apply()?;
    let claimed = Claimed::claim(&args.output, "measured", &ENDINGS, &args.inputs())?;
    let fasta = FastaFile::open(&args.fasta)?;
    let (annotation, extension) = (args.annotation.as_deref(), config.annotation.extension);
    let read = read_genes(annotation, extension, &fasta.contigs, &GeneOptions::default())?;
    let asked = args.asked(&config);
    let read_sample = |sample: &Sample| -> Result<(Ends, SampleSummary)> {
        let (ends, sources) = sample.read(&fasta, args.library, &asked.rules)?;
        let files = sources.iter().map(FileSummary::of).collect::<Result<_>>()?;
        let (name, group) = (sample.name.clone(), sample.group.clone());
        let summary = SampleSummary { name, group, files, reads: ends.account.clone() };
        Ok((ends, summary))
    };
    let samples: Vec<(Ends, SampleSummary)> =
        args.reads.par_iter().map(read_sample).collect::<Result<_>>()?;
    let (ends, samples): (Vec<Ends>, Vec<SampleSummary>) = samples.into_iter().unzip();
    let genes = read.genes.as_ref();
    let Made { sites: found, clusters, cuts } = sites(&ends, InTurn::new(&fasta)?, genes, &asked)?;
    let groups_of: Vec<Option<String>> = samples.iter().map(|s| s.group.clone()).collect();
    let compared = groups::compare(&found, &groups_of);
    let mut summary = MeasuredSummary {
        program: "polyascan".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        command_line: command_line::typed(),
        fasta: FastaSummary::of(&fasta),
        annotation: read.gtf.as_ref().map(FileSummary::of).transpose()?,
        samples,
        settings: asked,
        clusters,
        by_feature: by(&found, |site| genes.map(|_| site.feature.name())),
        by_signal: by(&found, |site| Some(signal(site))),
        genes_compared: compared.iter().map(|test| test.gene).collect::<HashSet<_>>().len() as u64,
        notes: Vec::new(),
        threads,
        wall_seconds: 0.0,
    };
    read.notes.into_iter().for_each(|text| note(&mut summary, text));
    let tracks = tracks(&claimed, &fasta.contigs, &cuts, &mut summary)?;
    let names: Vec<String> = summary.samples.iter().map(|sample| sample.name.clone()).collect();
    let table = |remarks: &[&str], text: &str| claimed::table(made(&summary), remarks, text);
    let contigs = &fasta.contigs;
    let mut files = vec![
        ("tsv".to_owned(), table(&tables::REMARKS, &tables::sites(&found, contigs, genes, &names))),
        ("bed".to_owned(), tables::bed(&found, contigs, genes).into_bytes()),
    ];
    if groups_of.iter().flatten().collect::<HashSet<_>>().len() > 1 {
        let text = tables::groups(&compared, &found, contigs, genes);
        files.push(("groups.tsv".to_owned(), table(&[], &text)));
    }
    finish(claimed, summary, &files, tracks)
}

/// Writes the reads of all samples where they say that RNA was cut: a track of each strand that has
/// any.
fn tracks(
    claimed: &Claimed,
    contigs: &Contigs,
    cuts: &[[Counts; 2]],
    summary: &mut MeasuredSummary,
) -> Result<Vec<Complete>> {
    if !bigwig::holds(contigs) {
        let [plus, minus] = TRACKS;
        note(summary, format!("no {plus} and {minus}: bigWig does not hold such a genome"));
        return Ok(Vec::new());
    }
    let mut complete = Vec::new();
    for (ending, strand) in TRACKS.into_iter().zip(Strand::BOTH) {
        match tracks::write(&claimed.path(ending), contigs, cuts, strand)? {
            TrackOutcome::Written { file, .. } => complete.push(file),
            TrackOutcome::Empty { .. } => {
                note(summary, format!("no {ending}: no read on this strand"));
            }
        }
    }
    Ok(complete)
}

fn finish(
    claimed: Claimed,
    mut summary: MeasuredSummary,
    files: &[(String, Vec<u8>)],
    mut complete: Vec<Complete>,
) -> Result<()> {
    if let Some(text) = claimed.complete(files, &mut complete)? {
        note(&mut summary, text);
    }
    let seconds = claimed.seconds();
    summary.wall_seconds = seconds;
    let reads: u64 = summary.samples.iter().map(|sample| sample.reads.read).sum();
    let counted: u64 = summary.samples.iter().map(|sample| sample.reads.counted).sum();
    if counted == 0 {
        note(&mut summary, "no read counts: the summary says why".to_owned());
    }
    let written = claimed.publish(complete, |file| summary.complete(file))?;
    let clusters = summary.clusters;
    tracing::info!(
        "{} of {} ({}, {} skipped); {}: {} with too few reads, {} before genomic As; {seconds:.1} s",
        count(clusters.sites, "site"),
        count(reads, "read"),
        count(summary.samples.len() as u64, "sample"),
        reads - counted,
        count(clusters.clusters, "cluster"),
        clusters.too_few_reads,
        clusters.internal_priming,
    );
    written.tell();
    Ok(())
}

/// Says a remark, on standard error and in the summary.
fn note(summary: &mut MeasuredSummary, text: String) {
    tracing::info!(kind = "note", "{text}");
    summary.notes.push(text);
}

/// Returns what made the sites: only what decides them.
fn made(summary: &MeasuredSummary) -> Vec<String> {
    let MeasuredSummary { version, fasta, annotation, samples, .. } = summary;
    let mut lines = entries(version, &command_line::result(), None, None, Some(fasta));
    lines.extend(annotation.iter().map(|gtf| file_entry("annotation", gtf)));
    for sample in samples {
        let kind = format!("sample {}", sample.name);
        lines.extend(sample.files.iter().map(|file| file_entry(&kind, file)));
    }
    lines
}

fn by<'a>(
    sites: &'a [CountedSite],
    key: impl Fn(&'a CountedSite) -> Option<&'static str>,
) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for key in sites.iter().filter_map(key) {
        *all.entry(key.to_owned()).or_default() += 1;
    }
    all
}

fn signal(site: &CountedSite) -> &'static str {
    match site.signal {
        Some((signal @ ("AATAAA" | "ATTAAA"), _)) => signal,
        Some(_) => "other",
        None => "none",
    }
}

impl Args {
    /// Refuses what cannot be.
    fn check(&self) -> Result<()> {
        let mut names = HashSet::new();
        if let Some(again) = self.reads.iter().find(|sample| !names.insert(&sample.name)) {
            let problem =
                format!("two samples are called {:?}: name them, as NAME=FILE", again.name);
            return Err(Error::Usage(problem));
        }
        check_stdin(&self.inputs())
    }

    fn inputs(&self) -> Vec<&Path> {
        let given = [Some(&self.fasta), self.annotation.as_ref(), self.config.as_ref()];
        let given = given.into_iter().flatten();
        given
            .chain(self.reads.iter().flat_map(|sample| &sample.files))
            .map(PathBuf::as_path)
            .collect()
    }

    fn asked(&self, config: &Config) -> Asked {
        let genomic_as = self.genomic_as;
        Asked { rules: config.reads, genomic_as, keep_primed: self.keep_primed }
    }
}
