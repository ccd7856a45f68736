//! Shards of scored variants.

use std::time::Instant;

use super::Args;
use crate::cli::variants::output::Destination;
use crate::cli::variants::report::Report;
use crate::error::{Error, Result};
use crate::parts::Shards;
use crate::variants::work::VariantWork;

/// Merges them.
pub fn run(args: &Args) -> Result<()> {
    let destination = args.formats.destination(&args.output);
    merge(args, &destination).map_err(|error| destination.explain(error))
}

fn merge(args: &Args, destination: &Destination<'_>) -> Result<()> {
    let begin = Instant::now();
    if args.annotation.is_some() {
        let problem = "--annotation is for shards of a scan; those of variants need none";
        return Err(Error::Usage(problem.into()));
    }
    let inputs: Vec<_> = args.shards.iter().map(AsRef::as_ref).collect();
    destination.check(&inputs)?;
    let shards = Shards::<VariantWork>::of(&args.shards)?;
    let lock = destination.claim(&inputs)?;
    let work = &shards.work;
    let mut output = destination.create(work)?;
    let earlier = shards.replay(work.records, &mut |annotated| output.take(annotated))?;
    output.commit(work, Report::of(work.summary.clone()), earlier, begin)?;
    drop(lock);
    Ok(())
}
