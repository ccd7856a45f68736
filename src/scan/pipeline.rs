//! The stages of a scan put together: chunks are read, scored on several threads, and handed on in
//! order.

use super::chunks::ChunkReader;
use super::inference::{ChunkScores, Scorer};
use crate::error::Result;
use crate::pipeline::{self, Stop};

/// Takes scored chunks in reading order.
pub(super) type Consumer<'a> = dyn FnMut(&ChunkScores) -> Result<()> + 'a;

/// Runs all stages until the source is used up or something fails.
pub(super) fn run(
    mut reader: ChunkReader<'_>,
    scorer: &Scorer<'_>,
    consume: &mut Consumer<'_>,
    threads: usize,
    stop: &Stop<'_>,
) -> Result<()> {
    pipeline::run(
        threads,
        stop,
        scorer.profile,
        || reader.next_chunks(),
        |chunks| chunks.into_iter().map(|chunk| scorer.score(chunk)).collect::<Result<Option<_>>>(),
        |together: Vec<ChunkScores>| together.iter().try_for_each(&mut *consume),
    )
}
