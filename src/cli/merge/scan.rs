//! Shards of a scan.

use std::path::Path;
use std::time::Instant;

use super::Args;
use crate::cli::context::LoadedContext;
use crate::cli::options::check_prefix;
use crate::cli::scan::files::{self, Files};
use crate::cli::scan::report::{Outcome, Report};
use crate::context::features::GeneContext;
use crate::error::{Error, Result};
use crate::genome::annotation::Annotation;
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;
use crate::parts::Shards;
use crate::scan::Collector;
use crate::scan::in_context::InContextSink;
use crate::scan::work::ScanWork;
use crate::timing::Profile;

/// Merges them.
pub fn run(args: &Args) -> Result<()> {
    let begin = Instant::now();
    if args.formats.is_given() {
        let problem = "--output-type, --write-index and --tsv are for shards of variants; these are of a scan";
        return Err(Error::Usage(problem.into()));
    }
    args.formats.tables.check()?;
    let shards = Shards::<ScanWork>::of(&args.shards)?;
    let (work, prefix) = (&shards.work, args.output.to_string_lossy());
    let gtf = work.summary.annotation.as_ref();
    let gtf = gtf.map(|gtf| args.annotation.as_deref().unwrap_or(Path::new(&gtf.path)));
    check_prefix(&prefix, "sites.bed")?;
    let lock = match &*prefix {
        "-" if args.formats.multiqc || args.formats.tables.parquet() => {
            let problem = "--multiqc and --format need a prefix: -o out/sample";
            return Err(Error::Usage(problem.into()));
        }
        "-" if !work.outputs.are_plain() || work.context.tables => {
            let problem = "-o - writes plain BED; these shards are of a scan with --tracks, --bgzip, --bigbed or --context";
            return Err(Error::Usage(problem.into()));
        }
        "-" => None,
        prefix => Some(files::claim(
            prefix,
            &args.shards.iter().map(AsRef::as_ref).chain(gtf).collect::<Vec<_>>(),
        )?),
    };
    let mut files = Files::reserve(&prefix)?;
    let lacks = || Error::of_file(shards.first(), "its beginning lacks contigs");
    let contigs = &work.contigs().ok_or_else(lacks)?;
    let mut genes = gtf.map(|gtf| genes_of(gtf, work, contigs)).transpose()?;
    let targets = work.targets();
    let mut report = Report::of(work.summary.clone());
    let fasta = work.context.needs_genome().then(|| genome(args, work)).transpose()?;
    let digest = report.annotation_digest();
    let of_genes = genes.as_mut().zip(digest.as_deref());
    let (loaded, notes) = LoadedContext::load(&work.context, of_genes, contigs, fasta.as_ref())?;
    notes.into_iter().for_each(|note| report.note(note));
    let mut tables = files.create(&prefix, work, contigs)?;
    let profile = &Profile::default();
    let context = loaded.context(contigs, fasta.as_ref(), &targets, genes.as_ref(), profile)?;
    let mut in_context = InContextSink::new(context, &mut files, tables.as_mut());
    let mut collector =
        Collector::new(&targets, genes.as_ref(), work.settings.calls, &mut in_context);
    let earlier =
        shards.replay(targets.scoring_total(contigs), &mut |scores| collector.push(scores))?;
    let mut totals = collector.finish()?;
    in_context.finish(&mut totals)?.into_iter().for_each(|note| report.note(note));
    files.tables(tables)?;
    let outcome = Outcome {
        totals: &totals,
        contigs,
        begin,
        earlier,
        profile,
        show_profile: false,
        multiqc: args.formats.multiqc,
        parquet: args.formats.tables.parquet(),
    };
    report.finish(files, &outcome)?;
    drop(lock);
    Ok(())
}

/// Opens the genome that the shards were scanned on.
fn genome(args: &Args, work: &ScanWork) -> Result<FastaFile> {
    let path = args.fasta.as_deref().unwrap_or(Path::new(&work.summary.fasta.path));
    if !path.exists() {
        let problem = "the genome that the shards were scanned on is no longer here; it is read again for the \
            strength of sites: say where it is with --fasta";
        return Err(Error::of_file(path, problem));
    }
    let fasta = FastaFile::open(path)?;
    if fasta.sha256 != work.summary.fasta.sha256 {
        let problem = "this is not the genome that the shards were scanned on (its sha256 differs); name that one \
            with --fasta";
        return Err(Error::of_file(path, problem));
    }
    Ok(fasta)
}

/// Reads the annotation that the shards were scanned with.
fn genes_of(path: &Path, work: &ScanWork, contigs: &Contigs) -> Result<GeneContext> {
    if !path.exists() {
        let problem = "the annotation that the shards were scanned with is no longer here; say where it \
            is with --annotation";
        return Err(Error::of_file(path, problem));
    }
    let source = Source::open(path)?;
    let expected = work.summary.annotation.as_ref().map(|gtf| &gtf.sha256);
    if expected != Some(&source.sha256()?) {
        let problem = "this is not the annotation that the shards were scanned with (its sha256 \
            differs); name that one with --annotation";
        return Err(Error::of_file(path, problem));
    }
    let annotation = Annotation::from_source(&source, contigs)?;
    Ok(GeneContext::new(&annotation, contigs, work.settings.extension))
}
