//! `polyascan variants`

mod account;
pub mod output;
pub mod report;
mod survey;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ClapArgs;

use super::catalogues::{catalogue, known_places};
use super::chosen::GeneOptions;
use super::context::SpliceOptions;
use super::options::{ModelOptions, StrengthOptions, ThreadOptions, check_stdin};
use super::parts::{Consumer, PartOptions, Runner};
use super::precompute::computed_with;
use super::{claim, interrupt};
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::error::{Error, Result, excerpt};
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::models::Model;
use crate::output::lock::Lock;
use crate::parts::Checkpoint;
use crate::pipeline::Stop;
use crate::shard::Portion;
use crate::variants::annotate::{Annotated, Annotator};
use crate::variants::context::VariantContext;
use crate::variants::entry::KEYS;
use crate::variants::gene_usage::GeneUsage;
use crate::variants::input::Input;
use crate::variants::precomputed::table::Tables;
use crate::variants::run::{self, BatchReader};
use crate::variants::scorer::{Precomputed, VariantScorer};
use crate::variants::settings::CheckRef;
use crate::variants::settings::ContextRule;
use crate::variants::settings::{LatentSites, VariantSettings};
use crate::variants::tables::short;
use crate::variants::vcf::header::Header;
use crate::variants::vcf::line::COLUMNS;
use crate::variants::work::VariantWork;
use output::{Destination, OutputOptions};
use report::Report;
use survey::Survey;

/// Records with another REF than the genome's that are named on standard error, and samples in a
/// message.
const NAMED: usize = 10;

/// Say what variants do to polyA sites: VCF, BCF or a table in, annotated VCF or BCF out.
///
/// Every ALT is scored by itself, on both strands or, with --annotation, on those of the genes
/// here: all 240-nt windows that touch the change, on both haplotypes; sites of both, matched;
/// strength at the site. INFO/PolyA has an entry per allele x gene x site, INFO/PolyA_max the
/// largest |change| in strength, INFO/PolyA_skip why an allele was not scored. Every record comes
/// out, in order, otherwise untouched; OUT.summary.json accounts for all alleles. Method and
/// thresholds: docs/VARIANTS.md.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Variants: VCF, BCF, a table (chrom pos ref alt, GWAS Catalog) or a list (chr1:12345:A:G,
    /// HGVS g.), told by content, plain, gzip or BGZF; - is standard input.
    #[arg(value_name = "VARIANTS", required_unless_present = "variants")]
    input: Option<PathBuf>,
    /// A variant in place of a file, as chr1:12345:A:G or 'NC_000001.11:g.12345A>G'; may be
    /// repeated.
    #[arg(long = "variant", value_name = "VARIANT", conflicts_with = "input")]
    variants: Vec<String>,
    /// Genome that they were called on: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    fasta: PathBuf,
    /// Genes (GTF or GFF3, plain or compressed): alleles are scored on the strands of the genes
    /// that they lie in, or past whose ends they lie (up to 5 kb, never into the next gene).
    #[arg(short, long, visible_alias = "gtf", value_name = "GTF|GFF3")]
    annotation: Option<PathBuf>,
    /// Known sites (BED of 6 or more columns): an allele that reaches one has an entry for it,
    /// however unlikely the site looks, as for the ends of the transcripts of --annotation; may be
    /// repeated.
    #[arg(long = "sites", value_name = "[NAME=]BED")]
    catalogues: Vec<String>,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    strength: StrengthOptions,
    #[command(flatten)]
    splice: SpliceOptions,
    /// Which sites count, by published rules: effects on the others are unchanged and PolyA_max
    /// leaves them out; may be repeated.
    #[arg(long = "rule", value_enum, value_name = "RULE", requires = "annotation")]
    rules: Vec<ContextRule>,
    /// Latent sites that have entries: cleavage maxima that are called on neither haplotype, and
    /// that nobody knows.
    #[arg(long, value_enum, default_value = "changed", value_name = "SITES")]
    latent: LatentSites,
    /// Score only alleles that make, break or modify an element (polyA signal, TGTA, T-rich,
    /// GT/CT-rich, G-rich) on a strand that is scored, as Stroup & Ji 2023 do; the others are
    /// skipped (no_motif_change) before any model runs.
    #[arg(long)]
    changed_motif_only: bool,
    /// A sample whose phased genotypes say which variants lie on one haplotype: those up to 240 nt
    /// apart are also scored together (INFO/PolyA_hap). Records must be in order.
    #[arg(long, value_name = "SAMPLE")]
    haplotypes: Option<String>,
    /// Look effects up in this folder of `polyascan precompute`, which was made with the same
    /// genome, models, settings, --annotation and --sites, and compute only what is not there;
    /// results are the same.
    #[arg(long, value_name = "DIR")]
    precomputed: Option<PathBuf>,
    /// Longest allele that is scored, in nt that are replaced or put in [default: 100].
    #[arg(long, value_name = "NT")]
    max_length: Option<usize>,
    /// A REF that is not the genome's: e ends with an error, w warns and skips the record's
    /// alleles, x leaves the record out, s sets REF (unless an ALT is the genome's; genotypes
    /// stay).
    #[arg(short, long, value_enum, default_value = "w")]
    check_ref: CheckRef,
    /// The same as --check-ref e.
    #[arg(long, conflicts_with = "check_ref")]
    strict: bool,
    /// Settings that replace those of config/default.toml (TOML).
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Where to write; - is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-", value_parser = crate::cli::options::name)]
    output: PathBuf,
    #[command(flatten)]
    formats: OutputOptions,
    #[command(flatten)]
    parts: PartOptions,
}

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let destination = args.formats.destination(&args.output);
    annotate(args, &destination).map_err(|error| destination.explain(error))
}

fn annotate(args: &Args, destination: &Destination<'_>) -> Result<()> {
    let (begin, inputs) = (Instant::now(), args.inputs());
    args.check(destination, &inputs)?;
    let config = args.config()?;
    let threads = args.threads.apply()?;
    let model = args.model.load()?;
    let strength = args.strength.load(&args.model)?;
    let settings = args.settings(&config);
    let (thresholds, remembered) = (&settings.thresholds, config.variants.remembered);
    let numbers = thresholds.engine(model.posterior(), settings.latent, remembered);
    let engine = VariantScorer::new(model.as_ref(), strength.as_deref(), numbers)?
        .stopping(interrupt::patience(args.parts.resume));
    let prefix = destination.prefix();
    let lock = match (&prefix, args.parts.shard) {
        (Some(prefix), Some(_)) => Some(args.claim_shard(prefix, &inputs)?),
        _ => destination.claim(&inputs)?,
    };

    let input = args.input()?;
    let variants = input.records()?;
    let mut header = variants.header();
    let sample = args.sample(&header, &input)?;
    let fasta = FastaFile::open(&args.fasta)?;
    if !args.formats.force {
        input.check_assembly(&fasta.contigs)?;
    }
    let (annotation, extension) = (args.annotation.as_deref(), settings.extension);
    let loaded = args.splice.load(
        annotation,
        extension,
        &fasta,
        strength.is_some(),
        &GeneOptions::default(),
    )?;
    let (genes, usage) = (loaded.genes.as_ref(), &loaded.usage);
    let known = known_places(&args.catalogues, genes, &fasta.contigs)?;
    let models = (model.as_ref(), strength.as_deref());
    let tables = args.tables(&settings, models, &fasta, &known.places)?;
    let precomputed = tables.as_ref().map(|tables| tables as &dyn Precomputed);
    let engine = engine.looking_up(precomputed);

    let mut report = Report::new(&settings, models, &fasta, threads);
    report.inputs(&input.source, loaded.gtf.as_ref(), &known.files)?;
    loaded.notes.iter().chain(&known.remarks).for_each(|note| report.note(note.clone()));
    tables.iter().for_each(|tables| report.precomputed(tables));
    if let Some((name, here, there, n)) = header.other_length(&fasta.contigs) {
        report.note(format!(
            "{n} contigs have another length in the VCF than in the FASTA ({name}: {here} and {there} \
             nt); were the variants called on this genome?"
        ));
    }
    let interrupt = interrupt::watch();
    let unnamed = !header.defines_contigs();
    let mut genome = InTurn::new(&fasta)?;
    let mut survey = if args.parts.keep_parts() || unnamed {
        Survey::of(&input, &mut genome, interrupt)?
    } else {
        Survey::default()
    };
    // Where contigs come in order, they can be held one at a time again.
    let genome = if genome.keeps_all() { genome } else { InTurn::new(&fasta)? };
    survey.rows.take().into_iter().for_each(|rows| report.table(rows));
    if unnamed && !input.is_table() && !survey.contigs.is_empty() {
        report.note(format!(
            "the VCF has no ##contig lines; those of the genome's contigs were added ({})",
            survey.contigs.len()
        ));
    }
    if unnamed {
        header.add(survey.contig_lines());
    }
    let records = if args.parts.keep_parts() { survey.records } else { u64::MAX };
    let work = args.work(records, &mut header, &fasta, &report, settings);
    let annotator = Annotator {
        engine: &engine,
        genes,
        context: VariantContext { model: usage, genes, rules: &work.settings.rules },
        places: &known.places,
        usage: GeneUsage::default(),
        check_ref: work.settings.check_ref,
        longest: work.settings.max_length,
        changed_motif_only: work.settings.changed_motif_only,
        table: work.table,
        path: input.source.path(),
    };
    let compute = |portion: Portion, consume: &mut Consumer<'_, VariantWork>| {
        let mut display = Display::new(variants.progress().0);
        let sorted = args.formats.write_index;
        let reader = BatchReader::new(variants, genome, sorted, portion.span);
        let reader = reader.forced(args.formats.force).with_haplotypes(sample);
        let stop = Stop::new(interrupt, portion.finish_begun);
        run::run(reader, &annotator, threads, &stop, |annotated| {
            display.show(&annotated);
            consume(&annotated)
        })
    };
    let checkpoint = prefix.as_ref().and_then(|prefix| args.parts.checkpoint(prefix));
    let (total, checkpoint) = (work.records, checkpoint.as_deref());
    let runner = Runner { work: &work, total, checkpoint, interrupt, begin };
    match &prefix {
        Some(prefix) if args.parts.shard.is_some() => {
            let path = format!("{}.shard", args.parts.base(prefix));
            runner.into_shard(path.as_ref(), compute)?;
        }
        _ => {
            let mut output = destination.create(&work)?;
            let checkpoint = runner.run(compute, &mut |annotated| output.take(annotated))?;
            tables.iter().for_each(|tables| report.looked_up(tables));
            let earlier = checkpoint.as_ref().map_or(0.0, Checkpoint::earlier);
            output.commit(&work, report, earlier, begin)?;
            checkpoint.map_or(Ok(()), Checkpoint::remove)?;
        }
    }
    drop(lock);
    Ok(())
}

/// What is shown while records are scored.
struct Display {
    progress: Progress,
    /// How much of the input has been read.
    read: u64,
    mismatches: usize,
}

impl Display {
    /// Begins, with the input's size in bytes.
    fn new(size: u64) -> Self {
        Self { progress: Progress::of_records(size), read: 0, mismatches: 0 }
    }

    fn show(&mut self, annotated: &Annotated) {
        for place in &annotated.mismatches {
            self.mismatches += 1;
            if self.mismatches <= NAMED {
                crate::say!("polyascan: warning: {place}: REF is not what the genome has there");
            }
        }
        let read = annotated.read.unwrap_or(0);
        self.progress.advance(read.saturating_sub(self.read), annotated.totals.records);
        self.read = read;
    }
}

impl Args {
    /// Finds the column of the sample whose haplotypes are asked for.
    fn sample(&self, header: &Header, input: &Input) -> Result<Option<usize>> {
        let Some(name) = &self.haplotypes else { return Ok(None) };
        let samples = header.samples();
        let place = samples.iter().position(|sample| sample == name);
        place.map(|place| Some(COLUMNS.len() + 1 + place)).ok_or_else(|| {
            let there = match samples.len() {
                0 => "there are none".to_owned(),
                n => {
                    let some: Vec<&str> = samples.iter().take(NAMED).map(String::as_str).collect();
                    let more = if n > NAMED { ", ..." } else { "" };
                    format!("there are {}{more}", some.join(", "))
                }
            };
            let problem = format!("no sample {:?} for --haplotypes; {there}", excerpt(name));
            Error::input(input.source.path(), "header", problem)
        })
    }

    /// Opens the tables of precomputed effects.
    fn tables(
        &self,
        settings: &VariantSettings,
        models: (&dyn Model, Option<&dyn Model>),
        fasta: &FastaFile,
        places: &[[Vec<u64>; 2]],
    ) -> Result<Option<Tables>> {
        let Some(folder) = &self.precomputed else { return Ok(None) };
        let VariantSettings { thresholds, latent, .. } = settings;
        let here = computed_with((thresholds, *latent), models, fasta, places);
        Tables::open(folder, &fasta.contigs, &here, thresholds.rule).map(Some)
    }

    fn input(&self) -> Result<Input> {
        match &self.input {
            Some(path) => Input::open(path),
            None => Input::of_variants(&self.variants),
        }
    }

    fn inputs(&self) -> Vec<&Path> {
        let given = [
            self.input.as_ref(),
            Some(&self.fasta),
            self.annotation.as_ref(),
            self.config.as_ref(),
        ];
        let usage = self.splice.context_model.as_deref();
        let models = [self.model.file(), self.strength.file(), usage];
        let catalogues = self.catalogues.iter().map(|text| Path::new(catalogue(text).1));
        let given = given.into_iter().flatten().map(PathBuf::as_path);
        given.chain(models.into_iter().flatten()).chain(catalogues).collect()
    }

    /// Refuses what cannot be.
    fn check(&self, destination: &Destination<'_>, inputs: &[&Path]) -> Result<()> {
        let usage = |problem: &str| Err(Error::Usage(problem.to_owned()));
        check_stdin(inputs)?;
        for variant in &self.variants {
            if let Err(reason) = short::parse(variant) {
                let meaning = reason.meaning();
                return usage(&format!("--variant {:?}: {meaning}", excerpt(variant)));
            }
        }
        if self.parts.shard.is_some() && (self.formats.is_given() || self.formats.multiqc) {
            return usage(
                "--shard writes no VCF: give --output-type, --write-index, --tsv and --multiqc to `polyascan merge`",
            );
        }
        if self.parts.keep_parts() && destination.prefix().is_none() {
            return usage("--shard and --resume need the name of a file: -o out.vcf.gz");
        }
        destination.check(inputs)
    }

    /// Claims the names of a shard and of what it keeps.
    fn claim_shard(&self, prefix: &str, inputs: &[&Path]) -> Result<Lock> {
        let base = self.parts.base(prefix);
        claim::claim(&base, &claim::files(&base, &["shard", "checkpoint"]), inputs)
    }

    /// Describes the run, whose output gets `header` with what is added to it.
    fn work(
        &self,
        records: u64,
        header: &mut Header,
        fasta: &FastaFile,
        report: &Report,
        settings: VariantSettings,
    ) -> VariantWork {
        let replaced = header.remove(&KEYS);
        header.add(report.header_lines());
        VariantWork {
            shard: self.parts.share(),
            records,
            header: header.text(),
            replaced,
            genome_contigs: fasta.contigs.examples(3),
            longest_contig: fasta.contigs.iter().map(|contig| contig.length).max().unwrap_or(0),
            // Who merges shards decides on a table.
            table: self.formats.tsv.is_some() || self.parts.shard.is_some(),
            settings,
            summary: report.summary().clone(),
        }
    }

    /// What decides the results.
    fn settings(&self, config: &Config) -> VariantSettings {
        VariantSettings {
            thresholds: config.variants.thresholds(&config.scan),
            latent: self.latent,
            rules: self.rules.clone(),
            haplotypes: self.haplotypes.clone(),
            changed_motif_only: self.changed_motif_only,
            max_length: config.variants.max_length,
            extension: config.annotation.extension,
            check_ref: if self.strict { CheckRef::E } else { self.check_ref },
        }
    }

    /// The settings: command line over file over default.
    fn config(&self) -> Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        let variants = &mut config.variants;
        variants.max_length = self.max_length.unwrap_or(variants.max_length);
        Ok(config)
    }
}
