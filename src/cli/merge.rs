//! `polyascan merge`

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ClapArgs;

use super::scan::files::{self, Files};
use super::scan::report::{Outcome, Report};
use crate::context::features::GeneContext;
use crate::error::{Error, Result};
use crate::genome::annotation::Annotation;
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::output::summary::FileSummary;
use crate::profile::Profile;
use crate::scan::Collector;
use crate::scan::checkpoint::{ChunkFile, Header};
use crate::shard::Shard;

/// Merge the shards of a scan: the files that the scan would have written in one go, to the byte.
///
/// Takes what `polyascan scan --shard I/N` wrote, all N of them in any order, of the same genome,
/// model and options. Only times, threads and command line in PREFIX.summary.json are those of the
/// merge.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// All shards of one scan (PREFIX.I-of-N.shard).
    #[arg(required = true, value_name = "SHARD")]
    shards: Vec<PathBuf>,
    /// Where the scan's annotation lies now, if elsewhere.
    #[arg(long, value_name = "GTF")]
    annotation: Option<PathBuf>,
    /// Where to write; - is BED on standard output, and nothing else.
    #[arg(short, long, value_name = "PREFIX")]
    output: String,
}

/// Runs the command.
///
/// # Errors
/// A shard that is missing, given twice, damaged or of another scan; an output that cannot be
/// written.
pub fn run(args: &Args) -> Result<()> {
    let begin = Instant::now();
    let inputs = args.shards.iter().chain(&args.annotation).map(PathBuf::as_path);
    let lock = files::lock(&args.output, inputs)?;
    let mut files = Files::reserve(&args.output)?;
    let shards = in_order(&args.shards)?;
    let ChunkFile { header, contigs, .. } = ChunkFile::open(shards[0].1)?;
    if args.output == "-" && (header.outputs.tracks || header.outputs.bgzip) {
        let problem = "-o - writes plain BED; these shards are of a scan with --tracks or --bgzip";
        return Err(Error::Usage(problem.into()));
    }
    let genes = header.summary.annotation.as_ref();
    let genes = genes.map(|gtf| genes_of(gtf, args, &header, &contigs)).transpose()?;
    let targets = header.targets();
    let positions = targets.scoring_total(&contigs);
    files.create(&args.output, &header, &contigs)?;
    let background = setting(&header, "background", shards[0].1, serde_json::Value::as_f64)?;
    let mut collector = Collector::new(&targets, genes.as_ref(), background, &mut files);
    for (shard, path) in shards {
        let mut file = ChunkFile::open(path)?;
        let span = shard.of(positions);
        let covered = file.replay(&mut |scores| collector.push(scores))?;
        if covered != span.end - span.start || !file.is_at_end() {
            let problem = format!("shard {shard} is damaged or not complete; run it again");
            return Err(Error::input(path, "", problem));
        }
    }
    let totals = collector.finish()?;
    let report = Report::of(header.summary);
    let profile = Profile::default();
    let (totals, contigs, profile) = (&totals, &contigs, &profile);
    let outcome = Outcome { totals, contigs, begin, windows: 0, profile, show_profile: false };
    report.finish(files, &outcome)?;
    drop(lock);
    Ok(())
}

/// Checks that the files are all the shards of one scan, and returns them in order.
fn in_order(paths: &[PathBuf]) -> Result<Vec<(Shard, &Path)>> {
    let first = ChunkFile::open(&paths[0])?.header;
    let mut shards = Vec::with_capacity(paths.len());
    for path in paths {
        let header = ChunkFile::open(path)?.header;
        let mut differences = header.differences_but_shard(&first);
        if header.shard.count() != first.shard.count() {
            let counts = (header.shard.count(), first.shard.count());
            differences.push(format!("it is one of {} shards, not of {}", counts.0, counts.1));
        }
        if !differences.is_empty() {
            let (first, what) = (paths[0].display(), differences.join("; "));
            return Err(Error::input(path, "", format!("of another scan than {first}: {what}")));
        }
        shards.push((header.shard, path.as_path()));
    }
    shards.sort();
    for (expected, (shard, path)) in (1..).zip(&shards) {
        if shard.index() < expected {
            let problem = format!("shard {shard} is given twice; give each once");
            return Err(Error::input(path, "", problem));
        }
        if shard.index() > expected {
            return Err(missing(expected, first.shard.count()));
        }
    }
    match shards.len() as u64 {
        all if all == first.shard.count() => Ok(shards),
        some => Err(missing(some + 1, first.shard.count())),
    }
}

fn missing(index: u64, count: u64) -> Error {
    Error::Usage(format!("shard {index}/{count} is missing; give all {count} of them"))
}

/// Reads the annotation that the shards were scanned with.
fn genes_of(
    gtf: &FileSummary,
    args: &Args,
    header: &Header,
    contigs: &Contigs,
) -> Result<GeneContext> {
    let path = args.annotation.as_deref().unwrap_or(Path::new(&gtf.path));
    let source = Source::open(path)?;
    if source.sha256()? != gtf.sha256 {
        let problem = "this is not the annotation that the shards were scanned with (its sha256 \
            differs); name that one with --annotation";
        return Err(Error::input(path, "", problem));
    }
    let annotation = Annotation::from_source(&source, contigs)?;
    let extension = setting(header, "extension", &args.shards[0], serde_json::Value::as_u64)?;
    Ok(GeneContext::new(&annotation, contigs, extension))
}

/// Returns a setting of the scan.
fn setting<T>(
    header: &Header,
    name: &str,
    path: &Path,
    read: fn(&serde_json::Value) -> Option<T>,
) -> Result<T> {
    let value = header.summary.settings.get(name).and_then(read);
    value.ok_or_else(|| Error::input(path, "", format!("its header lacks {name}")))
}
