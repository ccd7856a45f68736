//! The stages of a scan put together: chunks are read, scored on several threads, and collected in
//! order.

use super::chunks::ChunkReader;
use super::inference::{ChunkScores, Scorer};
use super::progress::Progress;
use super::sites::Collector;
use super::totals::ScanTotals;
use crate::error::Result;
use crate::pipeline::{self, Stop};

/// Runs all stages until the source is used up or something fails.
pub(super) fn run(
    mut reader: ChunkReader<'_>,
    scorer: &Scorer<'_>,
    mut collector: Collector<'_>,
    mut progress: Progress,
    threads: usize,
    stop: &Stop<'_>,
) -> Result<ScanTotals> {
    let read = || reader.next_chunk();
    pipeline::run(
        threads,
        stop,
        scorer.profile,
        read,
        |chunk| scorer.score(chunk),
        |scores: ChunkScores| {
            collector.push(&scores)?;
            let centres = &scores.chunk.centres;
            progress.advance(centres.end - centres.start, windows(&scores));
            Ok(())
        },
    )?;
    collector.finish()
}

fn windows(scores: &ChunkScores) -> u64 {
    let strands = scores.strands.iter().flatten();
    strands.map(|strand| strand.windows.scored + strand.windows.context).sum()
}
