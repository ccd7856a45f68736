//! A run of `polyascan variants`: open, survey, compute and finish.

use std::time::Instant;

use super::Args;
use super::output::Destination;
use super::report::Report;
use super::survey::Survey;
use crate::cli::catalogues::{KnownPlaces, known_places};
use crate::cli::chosen::GeneOptions;
use crate::cli::genes::LoadedGenes;
use crate::cli::interrupt;
use crate::cli::parts::{Consumer, Runner};
use crate::cli::progress::Progress;
use crate::error::Result;
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::models::Model;
use crate::output::lock::Lock;
use crate::parts::Checkpoint;
use crate::pipeline::Stop;
use crate::shard::Portion;
use crate::variants::annotate::{Annotated, Annotator};
use crate::variants::context::VariantContext;
use crate::variants::gene_usage::GeneUsage;
use crate::variants::input::{Input, VariantReader};
use crate::variants::precomputed::table::Tables;
use crate::variants::run::{self as scoring, BatchReader};
use crate::variants::scorer::{Precomputed, VariantScorer};
use crate::variants::settings::{EngineSettings, VariantSettings};
use crate::variants::vcf::header::Header;
use crate::variants::work::VariantWork;

/// Records with another REF than the genome's that are named on standard error.
const NAMED: usize = 10;

/// What decides the effects.
struct Models {
    sites: Box<dyn Model>,
    strength: Option<Box<dyn Model>>,
    settings: VariantSettings,
    numbers: EngineSettings,
}

/// What a run reads.
struct Inputs {
    begin: Instant,
    threads: usize,
    /// What the names of files begin with that stand beside the output, if that is a file.
    prefix: Option<String>,
    input: Input,
    fasta: FastaFile,
    loaded: LoadedGenes,
    known: KnownPlaces,
    tables: Option<Tables>,
    _lock: Option<Lock>,
}

/// Records and the genome under them, and what was found out about both.
struct Surveyed<'a> {
    records: VariantReader,
    /// How many there are, where that was counted.
    counted: Option<u64>,
    genome: InTurn<'a>,
    /// The column of the sample whose haplotypes are asked for.
    sample: Option<usize>,
    work: VariantWork,
}

/// Runs the command.
///
/// # Errors
/// Wrong input, an output that cannot be written, an interrupt.
pub fn run(args: &Args, destination: &Destination<'_>) -> Result<()> {
    let begin = Instant::now();
    args.check(destination, &args.inputs())?;
    let models = Models::load(args)?;
    let (inputs, records) = open(args, destination, &models, begin)?;
    let mut report = begin_report(&models, &inputs)?;
    let surveyed = survey(args, &models, &inputs, records, &mut report)?;
    compute(args, destination, &models, &inputs, surveyed, report)
}

impl Models {
    fn load(args: &Args) -> Result<Self> {
        let config = args.config()?;
        let sites = args.model.load()?;
        let strength = args.strength.load(&args.model)?;
        let settings = args.settings(&config);
        let (posterior, remembered) = (sites.posterior(), config.variants.remembered);
        let numbers = settings.thresholds.engine(posterior, settings.latent, remembered);
        let models = Self { sites, strength, settings, numbers };
        // Refuses models of the wrong kind before anything is read.
        models.scorer()?;
        Ok(models)
    }

    fn both(&self) -> (&dyn Model, Option<&dyn Model>) {
        (self.sites.as_ref(), self.strength.as_deref())
    }

    fn scorer(&self) -> Result<VariantScorer<'_>> {
        VariantScorer::new(self.sites.as_ref(), self.strength.as_deref(), self.numbers)
    }
}

/// Claims what is written, and opens what is read.
fn open(
    args: &Args,
    destination: &Destination<'_>,
    models: &Models,
    begin: Instant,
) -> Result<(Inputs, VariantReader)> {
    let threads = args.threads.apply()?;
    let prefix = destination.prefix();
    let lock = match (&prefix, args.parts.shard) {
        (Some(prefix), Some(_)) => Some(args.claim_shard(prefix, &args.inputs())?),
        _ => destination.claim(&args.inputs())?,
    };
    let input = args.input()?;
    let records = input.records()?;
    // Refused before the genome is read, which takes longer.
    args.sample(&records.header(), &input)?;
    let fasta = FastaFile::open(&args.fasta)?;
    if !args.formats.force {
        input.check_assembly(&fasta.contigs)?;
    }
    let (annotation, extension) = (args.annotation.as_deref(), models.settings.extension);
    let (expressed, chosen) = (models.strength.is_some(), GeneOptions::default());
    let loaded = args.splice.load(annotation, extension, &fasta, expressed, &chosen)?;
    let known = known_places(&args.catalogues, loaded.genes.as_ref(), &fasta.contigs)?;
    let tables = args.tables(&models.settings, models.both(), &fasta, &known.places)?;
    let inputs =
        Inputs { begin, threads, prefix, input, fasta, loaded, known, tables, _lock: lock };
    Ok((inputs, records))
}

/// Begins the account with what was opened.
fn begin_report(models: &Models, inputs: &Inputs) -> Result<Report> {
    let Inputs { threads, input, fasta, loaded, known, tables, .. } = inputs;
    let mut report = Report::new(&models.settings, models.both(), fasta, *threads);
    report.inputs(&input.source, loaded.gtf.as_ref(), &known.files)?;
    loaded.notes.iter().chain(&known.remarks).for_each(|note| report.note(note.clone()));
    tables.iter().for_each(|tables| report.precomputed(tables));
    Ok(report)
}

/// Goes through the records where somebody has to know of them before they are scored, and
/// describes the run.
fn survey<'a>(
    args: &Args,
    models: &Models,
    inputs: &'a Inputs,
    records: VariantReader,
    report: &mut Report,
) -> Result<Surveyed<'a>> {
    let Inputs { input, fasta, .. } = inputs;
    let mut header = records.header();
    let sample = args.sample(&header, input)?;
    if let Some((name, here, there, n)) = header.other_length(&fasta.contigs) {
        report.note(format!(
            "{n} contigs have another length in the VCF than in the FASTA ({name}: {here} and {there} \
             nt); were the variants called on this genome?"
        ));
    }
    let unnamed = !header.defines_contigs();
    let mut genome = InTurn::new(fasta)?;
    let surveyed = args.parts.keep_parts() || unnamed;
    let mut survey = if surveyed {
        Survey::of(input, &mut genome, interrupt::watch())?
    } else {
        Survey::default()
    };
    // Where contigs come in order, they can be held one at a time again.
    let genome = if genome.keeps_all() { genome } else { InTurn::new(fasta)? };
    survey.rows.take().into_iter().for_each(|rows| report.table(rows));
    if unnamed {
        name_contigs(&survey, &mut header, input, report);
    }
    let count = if args.parts.keep_parts() { survey.records } else { u64::MAX };
    let work = args.work(count, &mut header, fasta, report, models.settings.clone());
    let counted = surveyed.then_some(survey.records);
    Ok(Surveyed { records, counted, genome, sample, work })
}

/// Adds the contigs to a header that has none.
fn name_contigs(survey: &Survey, header: &mut Header, input: &Input, report: &mut Report) {
    if !input.is_table() && !survey.contigs.is_empty() {
        report.note(format!(
            "the VCF has no ##contig lines; those of the genome's contigs were added ({})",
            survey.contigs.len()
        ));
    }
    header.add(survey.contig_lines());
}

/// Scores the records, and hands them to the output; of a shard to its own file.
fn compute(
    args: &Args,
    destination: &Destination<'_>,
    models: &Models,
    inputs: &Inputs,
    surveyed: Surveyed<'_>,
    mut report: Report,
) -> Result<()> {
    let Surveyed { records, counted, genome, sample, work } = surveyed;
    let Inputs { begin, threads, prefix, input, loaded, known, tables, .. } = inputs;
    let interrupt = interrupt::watch();
    let precomputed = tables.as_ref().map(|tables| tables as &dyn Precomputed);
    let scorer = models.scorer()?.stopping(interrupt::patience(args.parts.resume));
    let scorer = scorer.looking_up(precomputed);
    let genes = loaded.genes.as_ref();
    let annotator = Annotator {
        engine: &scorer,
        genes,
        context: VariantContext { model: &loaded.usage, genes, rules: &work.settings.rules },
        places: &known.places,
        usage: GeneUsage::default(),
        check_ref: work.settings.check_ref,
        longest: work.settings.max_length,
        changed_motif_only: work.settings.changed_motif_only,
        table: work.table,
        path: input.source.path(),
    };
    let score = |portion: Portion, consume: &mut Consumer<'_, VariantWork>| {
        let mut display = Display::of(input, counted, &portion)?;
        let reader = BatchReader::new(records, genome, args.formats.write_index, portion.span);
        let reader = reader.forced(args.formats.force).with_haplotypes(sample);
        let stop = Stop::new(interrupt, portion.finish_begun);
        scoring::run(reader, &annotator, *threads, &stop, |annotated| {
            display.show(&annotated);
            consume(&annotated)
        })
    };
    let kept = prefix.as_ref().and_then(|prefix| args.parts.checkpoint(prefix));
    let (total, checkpoint, begin) = (work.records, kept.as_deref(), *begin);
    let runner = Runner { work: &work, total, checkpoint, interrupt, begin };
    if let (Some(prefix), Some(_)) = (prefix, args.parts.shard) {
        let path = format!("{}.shard", args.parts.base(prefix));
        return runner.into_shard(path.as_ref(), score);
    }
    let mut output = destination.create(&work)?;
    let checkpoint = runner.run(score, &mut |annotated| output.take(annotated))?;
    tables.iter().for_each(|tables| report.looked_up(tables));
    let earlier = checkpoint.as_ref().map_or(0.0, Checkpoint::earlier);
    output.commit(&work, report, earlier, begin)?;
    checkpoint.map_or(Ok(()), Checkpoint::remove)
}

/// What is shown while records are scored.
struct Display {
    progress: Progress,
    mismatches: usize,
}

impl Display {
    /// Begins; records that nobody has counted are counted meanwhile.
    fn of(input: &Input, counted: Option<u64>, portion: &Portion) -> Result<Self> {
        let span = &portion.span;
        let progress = match counted {
            Some(all) => Progress::of_records(Some(span.end.min(all).saturating_sub(span.start))),
            None => {
                let records = input.records()?;
                Progress::of_records(None).counting(move |ended| records.count(ended))
            }
        };
        Ok(Self { progress, mismatches: 0 })
    }

    fn show(&mut self, annotated: &Annotated) {
        for place in &annotated.mismatches {
            self.mismatches += 1;
            if self.mismatches <= NAMED {
                tracing::warn!("{place}: REF is not what the genome has there");
            }
        }
        let records = annotated.totals.records;
        self.progress.advance(records, records);
    }
}
