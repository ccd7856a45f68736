//! A run of `polyascan scan`: open, compute, finish.

use std::path::PathBuf;
use std::time::Instant;

use super::Args;
use super::files::{self, Files};
use super::report::{Outcome, Report};
use crate::cli::chosen;
use crate::cli::context::LoadedContext;
use crate::cli::genes::{ReadGenes, read_genes};
use crate::cli::interrupt;
use crate::cli::options::check_stdin;
use crate::cli::parts::{Consumer, Runner};
use crate::cli::progress::Progress;
use crate::context::features::GeneContext;
use crate::error::Result;
use crate::genome::fasta::FastaFile;
use crate::models::Model;
use crate::models::screen::Screen;
use crate::output::lock::Lock;
use crate::parts::{self, Checkpoint};
use crate::scan::in_context::InContextSink;
use crate::scan::work::ScanWork;
use crate::scan::{self, Collector, ScanJob, ScanTotals, Targets, Timed};
use crate::shard::Portion;
use crate::timing::{Activity, Profile, Stage};

/// What a scan reads and computes with.
struct Inputs {
    begin: Instant,
    threads: usize,
    model: Box<dyn Model>,
    screen: Option<Screen>,
    fasta: FastaFile,
    genes: Option<GeneContext>,
    targets: Targets,
    work: ScanWork,
    /// `None` of a shard: who merges puts sites into context.
    context: Option<LoadedContext>,
    /// Where what is finished is kept, if it is.
    kept: Option<PathBuf>,
    _lock: Option<Lock>,
}

/// What came of a scan whose sites are written.
struct Computed<'a> {
    totals: ScanTotals,
    checkpoint: Option<Checkpoint<'a, ScanWork>>,
}

/// Runs the command.
///
/// # Errors
/// Wrong input, a region outside the genome, an output that cannot be written, an interrupt.
pub fn run(args: &Args) -> Result<()> {
    let profile = Profile::default();
    let (inputs, mut files, mut report) = open(args, &profile)?;
    match compute(args, &inputs, &mut files, &mut report, &profile)? {
        Some(computed) => finish(args, &inputs, files, report, computed, &profile),
        None => Ok(()),
    }
}

/// Opens what is read, claims what is written, and describes the run.
fn open(args: &Args, profile: &Profile) -> Result<(Inputs, Files, Report)> {
    let begin = Instant::now();
    let mut opening = profile.start(Stage::Opening);
    let config = args.config()?;
    let threads = args.threads.apply()?;
    args.check_output()?;
    check_stdin(&args.inputs())?;
    let model = args.model.load()?;
    let screen = args.screen(model.card(), &config)?;
    let lock = match args.output.as_str() {
        "-" => None,
        prefix => Some(files::claim(&args.parts.base(prefix), &args.inputs())?),
    };
    let files = match args.parts.shard {
        None => Files::reserve(&args.output)?,
        Some(_) => Files::default(),
    };

    let fasta = FastaFile::open(args.genome.path())?;
    let calls = config.scan.calls(model.posterior(), args.least_posterior(&config));
    let settings = config.scan.settings(args.anchor, calls, config.annotation.extension);
    let (annotation, extension) = (args.annotation.as_deref(), settings.extension);
    let read = read_genes(annotation, extension, &fasta.contigs, &args.chosen)?;
    let ReadGenes { gtf, mut genes, chosen, notes } = read;
    let of_genes = chosen.iter().map(|gene| chosen::region_of(gene, &fasta.contigs, extension));
    let regions = args.regions(&fasta, of_genes.collect())?;
    let restrict = if args.whole_genome { None } else { genes.as_ref() };
    let strands = args.strand.strands();
    let targets = Targets::new(&fasta.contigs, strands, regions.as_deref(), restrict);

    let mut report = Report::new(&settings, model.as_ref(), &fasta, threads);
    screen.iter().for_each(|screen| report.screen(screen));
    if let Some(gtf) = &gtf {
        report.annotation(gtf)?;
    }
    let places = chosen::places(&chosen, &fasta.contigs, extension);
    notes.into_iter().chain(places).for_each(|note| report.note(note));
    if args.asks_for_posterior() && model.posterior().is_none() {
        let name = &model.card().name;
        report.note(format!(
            "{name} gives no posteriors: --stringency and --min-posterior choose nothing"
        ));
    }
    let plan = args.context.plan(&args.model)?;
    report.context(&plan);
    let (share, outputs) = (args.parts.share(), args.outputs());
    let work = report.work(share, outputs, (settings, plan), &fasta.contigs, &targets);
    let context = match args.parts.shard {
        None => {
            let digest = report.annotation_digest();
            let of_genes = genes.as_mut().zip(digest.as_deref());
            let (loaded, notes) =
                LoadedContext::load(&work.context, of_genes, &fasta.contigs, Some(&fasta))?;
            notes.into_iter().for_each(|note| report.note(note));
            Some(loaded)
        }
        Some(_) => None,
    };
    opening.lap(Activity::Busy);
    let kept = args.parts.checkpoint(&args.output);
    let inputs = Inputs {
        begin,
        threads,
        model,
        screen,
        fasta,
        genes,
        targets,
        work,
        context,
        kept,
        _lock: lock,
    };
    Ok((inputs, files, report))
}

/// Scores the windows, and hands what comes of them to the files; of a shard to its own file.
fn compute<'a>(
    args: &Args,
    inputs: &'a Inputs,
    files: &mut Files,
    report: &mut Report,
    profile: &Profile,
) -> Result<Option<Computed<'a>>> {
    let Inputs {
        begin, threads, model, screen, fasta, genes, targets, work, context, kept, ..
    } = inputs;
    let (contigs, genes, interrupt) = (&fasta.contigs, genes.as_ref(), interrupt::watch());
    let job = ScanJob {
        bases: Box::new(fasta.bases()?),
        contigs,
        fasta: args.genome.path(),
        model: model.as_ref(),
        screen: screen.as_ref(),
        targets,
        genes,
        settings: work.settings,
        threads: *threads,
        interrupt,
        profile,
    };
    let (total, checkpoint) = (targets.scoring_total(contigs), kept.as_deref());
    let runner = Runner { work, total, checkpoint, interrupt, begin: *begin };
    let score = |portion: Portion, consume: &mut Consumer<'_, ScanWork>| {
        let mut progress = Progress::of_scan(portion.span.end - portion.span.start);
        scan::score(job, portion, &mut |scores| {
            consume(scores)?;
            progress.advance(parts::length::<ScanWork>(scores), scores.scored());
            Ok(())
        })
    };
    let Some(context) = context else {
        let path = format!("{}.shard", args.parts.base(&args.output));
        runner.into_shard(path.as_ref(), score)?;
        return Ok(None);
    };
    let mut tables = files.create(&args.output, work, contigs)?;
    let context = context.context(contigs, Some(fasta), targets, genes, profile)?;
    let mut in_context = InContextSink::new(context, files, tables.as_mut());
    let mut sink = Timed { sink: &mut in_context, profile };
    let mut collector = Collector::new(targets, genes, work.settings.calls, &mut sink);
    let checkpoint = runner.run(score, &mut |scores| collector.push(scores))?;
    // What was held back until now belongs to consolidation, too.
    let mut totals = profile.part(Stage::Consolidation, || collector.finish())?;
    let notes = profile.part(Stage::Consolidation, || in_context.finish(&mut totals))?;
    notes.into_iter().for_each(|note| report.note(note));
    files.tables(tables)?;
    Ok(Some(Computed { totals, checkpoint }))
}

/// Completes the files, says what came out, and drops what was kept until now.
fn finish(
    args: &Args,
    inputs: &Inputs,
    files: Files,
    report: Report,
    computed: Computed<'_>,
    profile: &Profile,
) -> Result<()> {
    let Computed { totals, checkpoint } = computed;
    let outcome = Outcome {
        totals: &totals,
        contigs: &inputs.fasta.contigs,
        begin: inputs.begin,
        earlier: checkpoint.as_ref().map_or(0.0, Checkpoint::earlier),
        profile,
        show_profile: args.profile,
        multiqc: args.multiqc,
        parquet: args.tables.parquet(),
    };
    report.finish(files, &outcome)?;
    checkpoint.map_or(Ok(()), Checkpoint::remove)
}
