//! Shards of a saturation mutagenesis.

use std::time::Instant;

use super::Args;
use crate::cli::interrupt;
use crate::cli::mutagenesis::files::{self, Files};
use crate::cli::mutagenesis::report::Report;
use crate::cli::options::check_prefix_of_several;
use crate::error::{Error, Result};
use crate::parts::Shards;
use crate::variants::mutagenesis::work::MutagenesisWork;

/// Merges them.
pub fn run(args: &Args) -> Result<()> {
    let begin = Instant::now();
    let of_others = args.formats.is_given() || args.formats.is_more();
    if of_others || args.annotation.is_some() || args.fasta.is_some() {
        let problem = "--annotation, --fasta and formats are for shards of a scan or of variants; these are of a \
            mutagenesis, which need none";
        return Err(Error::Usage(problem.into()));
    }
    let prefix = args.output.to_string_lossy();
    check_prefix_of_several(&prefix, "mutagenesis.tsv.gz")?;
    let shards = Shards::<MutagenesisWork>::of(&args.shards)?;
    let inputs: Vec<_> = args.shards.iter().map(AsRef::as_ref).collect();
    let lock = files::claim(&prefix, &inputs)?;
    let mut files = Files::reserve(&prefix, &inputs)?;
    let work = &shards.work;
    let lacks = || Error::of_file(shards.first(), "its beginning lacks contigs");
    let contigs = &work.contigs().ok_or_else(lacks)?;
    files.create(work, contigs)?;
    let earlier = shards.replay(work.positions, &mut |scored| files.take(scored))?;
    let of_strength = work.summary.strength_model.is_some();
    let drawn = files.draw(contigs, of_strength, interrupt::watch())?;
    let seconds = earlier + begin.elapsed().as_secs_f64();
    Report::of(work.summary.clone()).finish(files, &drawn, seconds)?;
    drop(lock);
    Ok(())
}
