//! Shards of a scan.

use std::path::Path;
use std::time::Instant;

use super::Args;
use crate::cli::options::check_prefix;
use crate::cli::scan::files::{self, Files};
use crate::cli::scan::report::{Outcome, Report};
use crate::context::features::GeneContext;
use crate::error::{Error, Result};
use crate::genome::annotation::Annotation;
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::parts::Shards;
use crate::profile::Profile;
use crate::scan::Collector;
use crate::scan::work::ScanWork;

/// Merges them.
pub fn run(args: &Args) -> Result<()> {
    let begin = Instant::now();
    if args.formats.is_given() {
        let problem = "--output-type, --write-index and --tsv are for shards of variants; these are of a scan";
        return Err(Error::Usage(problem.into()));
    }
    let shards = Shards::<ScanWork>::of(&args.shards)?;
    let (work, prefix) = (&shards.work, args.output.to_string_lossy());
    let gtf = work.summary.annotation.as_ref();
    let gtf = gtf.map(|gtf| args.annotation.as_deref().unwrap_or(Path::new(&gtf.path)));
    check_prefix(&prefix, "sites.bed")?;
    let lock = match &*prefix {
        "-" if work.outputs.tracks || work.outputs.bgzip => {
            let problem =
                "-o - writes plain BED; these shards are of a scan with --tracks or --bgzip";
            return Err(Error::Usage(problem.into()));
        }
        "-" => None,
        prefix => Some(files::claim(
            prefix,
            &args.shards.iter().map(AsRef::as_ref).chain(gtf).collect::<Vec<_>>(),
        )?),
    };
    let mut files = Files::reserve(&prefix)?;
    let lacks =
        |what: &str| Error::input(shards.first(), "", format!("its beginning lacks {what}"));
    let contigs = &work.contigs().ok_or_else(|| lacks("contigs"))?;
    let setting = |name: &str| work.summary.settings.get(name).ok_or_else(|| lacks(name));
    let extension = setting("extension")?.as_u64().ok_or_else(|| lacks("extension"))?;
    let genes = gtf.map(|gtf| genes_of(gtf, work, contigs, extension)).transpose()?;
    let targets = work.targets();
    files.create(&prefix, work, contigs)?;
    let mut collector = Collector::new(&targets, genes.as_ref(), work.calls, &mut files);
    shards.replay(targets.scoring_total(contigs), &mut |scores| collector.push(scores))?;
    let totals = &collector.finish()?;
    let profile = &Profile::default();
    let outcome = Outcome { totals, contigs, begin, windows: 0, profile, show_profile: false };
    Report::of(work.summary.clone()).finish(files, &outcome)?;
    drop(lock);
    Ok(())
}

/// Reads the annotation that the shards were scanned with.
fn genes_of(
    path: &Path,
    work: &ScanWork,
    contigs: &Contigs,
    extension: u64,
) -> Result<GeneContext> {
    if !path.exists() {
        let problem = "the annotation that the shards were scanned with is no longer here; say where it \
            is with --annotation";
        return Err(Error::input(path, "", problem));
    }
    let source = Source::open(path)?;
    let expected = work.summary.annotation.as_ref().map(|gtf| &gtf.sha256);
    if expected != Some(&source.sha256()?) {
        let problem = "this is not the annotation that the shards were scanned with (its sha256 \
            differs); name that one with --annotation";
        return Err(Error::input(path, "", problem));
    }
    let annotation = Annotation::from_source(&source, contigs)?;
    Ok(GeneContext::new(&annotation, contigs, extension))
}
