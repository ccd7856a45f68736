//! `polyascan variants`

pub mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ClapArgs;

use super::interrupt;
use super::options::{ModelOptions, StrengthOptions, ThreadOptions};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::genome::annotation::Annotation;
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::output::atomic::{AtomicFile, keep_input};
use crate::pipeline::Stop;
use crate::scan::progress::Progress;
use crate::variants::annotate::{Annotated, Annotator, CheckRef, table_header};
use crate::variants::engine::Engine;
use crate::variants::entry::KEYS;
use crate::variants::genes::GeneReach;
use crate::variants::run::{self, BatchReader};
use crate::variants::totals::Totals;
use crate::variants::vcf::reader::VcfReader;
use crate::variants::vcf::writer::{OutputType, Sink, VcfWriter};
use report::Report;

/// Records with another REF than the genome's that are named on standard error.
const NAMED: usize = 10;

/// Say what variants do to polyA sites: VCF or BCF in, the same annotated out.
///
/// Every ALT is scored by itself, on both strands or, with --annotation, on those of the genes here: all
/// 240-nt windows that touch the change, on both haplotypes; sites of both, matched; strength at the
/// site. INFO/PolyA has an entry per allele x gene x site, INFO/PolyA_max the largest |change| in strength,
/// INFO/PolyA_skip why an allele was not scored. Every record comes out, in order, otherwise untouched;
/// OUT.summary.json accounts for all alleles. Method and thresholds: docs/VARIANTS.md.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Variants: VCF (plain, gzip, BGZF) or BCF; - is standard input.
    vcf: PathBuf,
    /// Genome that they were called on: plain, gzip or BGZF.
    #[arg(short, long, value_name = "FASTA")]
    fasta: PathBuf,
    /// Genes (GTF, plain or compressed): alleles are scored on the strands of the genes that they lie in, or
    /// past whose ends they lie (up to 5 kb).
    #[arg(short, long, value_name = "GTF")]
    annotation: Option<PathBuf>,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    strength: StrengthOptions,
    /// Longest allele that is scored, in nt that are replaced or put in [default: 100].
    #[arg(long, value_name = "NT")]
    max_length: Option<usize>,
    /// A REF that is not the genome's: e ends with an error, w warns and skips the record's alleles, x leaves
    /// the record out, s sets REF (unless an ALT is the genome's; genotypes stay).
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
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// v VCF, z VCF in BGZF, b BCF, u BCF not compressed [default: by the output's name, else v].
    #[arg(short = 'O', long, value_enum)]
    output_type: Option<OutputType>,
    /// Also write the output's index (.tbi or .csi); records must be sorted.
    #[arg(short = 'W', long)]
    write_index: bool,
    /// Also write a table, one row per entry and per allele without one; BGZF if its name ends in .gz.
    #[arg(long, value_name = "FILE")]
    tsv: Option<PathBuf>,
    /// No progress bar.
    #[arg(short, long)]
    quiet: bool,
}

/// Everything that a run writes, and what is counted on the way; no file shows under its final name
/// before it is complete.
struct Output {
    vcf: VcfWriter,
    table: Option<Sink>,
    summary: Option<AtomicFile>,
    progress: Progress,
    /// How much of the input has been read.
    read: u64,
    totals: Totals,
    /// Records whose REF is not the genome's.
    mismatches: usize,
    /// Whether there were entries of an earlier run.
    replaced: bool,
}

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let begin = Instant::now();
    args.check()?;
    let config = args.config()?;
    let threads = args.threads.apply()?;
    let model = args.model.load()?;
    let strength = args.strength.load(&args.model)?;
    let settings = config.variants.settings(&config.scan, &model.card().architecture);
    let engine = Engine::new(model.as_ref(), strength.as_deref(), settings)?;
    let summary = args.summary_file().map(|path| AtomicFile::create(&path)).transpose()?;

    let mut vcf = VcfReader::open(&args.vcf)?;
    let fasta = FastaFile::open(&args.fasta)?;
    let gtf = args.annotation.as_deref().map(Source::open).transpose()?;
    let annotation = gtf.as_ref().map(|gtf| Annotation::from_source(gtf, &fasta.contigs));
    let annotation = annotation.transpose()?;
    let extension = config.annotation.extension;
    let genes = annotation.as_ref().map(|a| GeneReach::new(a, &fasta.contigs, extension));

    let models = (model.as_ref(), strength.as_deref());
    let mut report = Report::new(&config, models, &vcf.path(), &fasta, threads);
    if let Some(gtf) = &gtf {
        report.annotation(gtf)?;
    }
    for note in annotation.iter().flat_map(|annotation| &annotation.notes) {
        report.note(note.clone());
    }
    if let Some((name, here, there, n)) = vcf.header.other_length(&fasta.contigs) {
        report.note(format!(
            "{n} contigs have another length in the VCF than in the FASTA ({name}: {here} and {there} \
             nt); were the variants called on this genome?"
        ));
    }
    let replaced = vcf.header.remove(&KEYS);
    vcf.header.add(report.header_lines());
    let mut output = args.create(&vcf, summary, replaced)?;
    let annotator = Annotator {
        engine: &engine,
        genes: genes.as_ref(),
        check_ref: if args.strict { CheckRef::E } else { args.check_ref },
        longest: config.variants.max_length,
        table: args.tsv.is_some(),
        path: &vcf.path(),
    };
    let reader = BatchReader::new(vcf, &fasta.contigs, InTurn::new(&fasta)?, args.write_index);
    let stop = Stop::new(interrupt::watch(), false);
    run::run(reader, &annotator, threads, &stop, |annotated| output.take(&annotated))?;
    let longest = fasta.contigs.iter().map(|contig| contig.length).max().unwrap_or(0);
    let (totals, summary) = output.commit(args.write_index, longest, &mut report)?;
    report.finish(summary, totals, begin.elapsed().as_secs_f64())
}

impl Output {
    /// Writes what came of a batch.
    fn take(&mut self, annotated: &Annotated) -> Result<()> {
        self.vcf.write(&annotated.lines)?;
        if let Some(table) = &mut self.table {
            table.write(&annotated.rows)?;
        }
        self.totals += &annotated.totals;
        self.replaced |= annotated.replaced;
        for place in &annotated.mismatches {
            self.mismatches += 1;
            if self.mismatches <= NAMED {
                eprintln!("polyascan: warning: {place}: REF is not what the genome has there");
            }
        }
        let so_far = annotated.read.unwrap_or(0);
        self.progress.advance(so_far.saturating_sub(self.read), annotated.totals.records);
        self.read = so_far;
        Ok(())
    }

    /// Completes all files but the summary, which is returned with the totals.
    fn commit(
        self,
        indexed: bool,
        longest: u64,
        report: &mut Report,
    ) -> Result<(Totals, Option<AtomicFile>)> {
        drop(self.progress);
        if self.replaced {
            report.note("INFO/PolyA entries of an earlier run were replaced".into());
        }
        if self.mismatches > 0 {
            report.note(format!("{} records have another REF than the genome", self.mismatches));
        }
        self.vcf.commit(indexed, longest)?;
        self.table.map_or(Ok(()), Sink::commit)?;
        Ok((self.totals, self.summary))
    }
}

impl Args {
    /// Refuses what cannot be.
    fn check(&self) -> Result<()> {
        let is_dash = |path: &Path| path == Path::new("-");
        let usage = |problem: &str| Err(Error::Usage(problem.to_owned()));
        let inputs = [Some(&self.vcf), Some(&self.fasta), self.annotation.as_ref()];
        if inputs.iter().flatten().filter(|path| is_dash(path)).count() > 1 {
            return usage("only one input can be standard input");
        }
        if is_dash(&self.output) && self.tsv.as_deref().is_some_and(is_dash) {
            return usage("--tsv -: standard output takes the VCF already; use -o FILE");
        }
        for output in [Some(&self.output), self.tsv.as_ref()].into_iter().flatten() {
            for input in inputs.into_iter().flatten() {
                keep_input(input, output)?;
            }
        }
        let compressed = matches!(self.kind(), OutputType::Z | OutputType::B);
        if self.write_index && (is_dash(&self.output) || !compressed) {
            return usage("--write-index needs a compressed output file: -o out.vcf.gz or out.bcf");
        }
        Ok(())
    }

    fn kind(&self) -> OutputType {
        self.output_type.unwrap_or_else(|| OutputType::of_name(&self.output))
    }

    /// The summary's name: the output's without its ending. None for standard output.
    fn summary_file(&self) -> Option<PathBuf> {
        if self.output == Path::new("-") {
            return None;
        }
        let name = self.output.to_string_lossy();
        let endings = [".vcf.gz", ".vcf.bgz", ".vcf", ".bcf"];
        let prefix = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
        Some(PathBuf::from(format!("{prefix}.summary.json")))
    }

    /// The settings: command line over file over default.
    fn config(&self) -> Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        let variants = &mut config.variants;
        variants.max_length = self.max_length.unwrap_or(variants.max_length);
        Ok(config)
    }

    fn create(
        &self,
        vcf: &VcfReader,
        summary: Option<AtomicFile>,
        replaced: bool,
    ) -> Result<Output> {
        let table = |path: &PathBuf| -> Result<Sink> {
            let mut table = Sink::create(path, OutputType::of_name(path) == OutputType::Z)?;
            table.write(table_header().as_bytes())?;
            Ok(table)
        };
        let (size, known) = vcf.progress();
        Ok(Output {
            table: self.tsv.as_ref().map(table).transpose()?,
            vcf: VcfWriter::create(&self.output, self.kind(), &vcf.header)?,
            summary,
            progress: Progress::of_records(known.map(|_| size), self.quiet),
            read: 0,
            totals: Totals::named(),
            mismatches: 0,
            replaced,
        })
    }
}
