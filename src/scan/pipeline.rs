//! The threads of a scan and the bounded channels between them.
//!
//! One thread reads, `threads` threads infer, the calling thread consolidates and writes. Whoever
//! fails sends its error to the consolidator, which leaves; every channel is then closed, and each
//! thread ends at its next send or receive.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::chunks::{Chunk, ChunkReader};
use super::inference::{ChunkScores, Scorer};
use super::progress::Progress;
use super::reorder::{Reorder, TicketOffice, TicketReturn, tickets};
use crate::error::{Error, Result};

/// Chunks under way or waiting for an earlier one, per worker.
const TICKETS_PER_THREAD: usize = 4;

/// How often the consolidator looks whether it was interrupted while nothing arrives.
const POLL: Duration = Duration::from_millis(100);

/// The two reasons to stop early.
pub(super) struct Stop<'a> {
    /// Set by the user.
    pub interrupt: &'a AtomicBool,
    /// After an interrupt, chunks that a worker has begun are finished and consumed first.
    pub finish_begun: bool,
    /// Set when the consolidator has left.
    pub over: AtomicBool,
}

impl Stop<'_> {
    fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Says whether to begin nothing more.
    fn requested(&self) -> bool {
        self.interrupted() || self.over.load(Ordering::Relaxed)
    }

    /// Says whether to drop what has begun.
    pub fn at_once(&self) -> bool {
        (self.interrupted() && !self.finish_begun) || self.over.load(Ordering::Relaxed)
    }
}

/// Takes scored chunks in reading order.
pub(super) type Consumer<'a> = dyn FnMut(&ChunkScores) -> Result<()> + 'a;

/// Runs all stages until the source is used up or something fails.
pub(super) fn run(
    reader: ChunkReader<'_>,
    scorer: &Scorer<'_>,
    consume: &mut Consumer<'_>,
    progress: Progress,
    threads: usize,
    stop: &Stop<'_>,
) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("scan-{i}"))
        .build()
        .map_err(|e| Error::Internal(format!("cannot start {threads} threads: {e}")))?;
    let (chunk_sender, chunks) = bounded(threads);
    let (result_sender, results) = bounded(threads);
    let (office, returned) = tickets(TICKETS_PER_THREAD * threads);
    pool.in_place_scope(|workers| {
        let to_consolidator = result_sender.clone();
        // Exactly one on each thread: plain spawns could be run by a worker that waits inside the
        // model for its own nested tasks, and then never get back to its chunk.
        workers.spawn_broadcast(move |_, _| work(scorer, &chunks, &to_consolidator, stop));
        std::thread::scope(|scope| {
            let read = move || read(reader, &office, &chunk_sender, &result_sender, stop);
            let outcome = std::thread::Builder::new()
                .name("read".into())
                .spawn_scoped(scope, read)
                .map_err(|e| Error::Internal(format!("cannot start a thread: {e}")))
                .and_then(|_| in_order(consume, progress, results, returned, stop));
            stop.over.store(true, Ordering::Relaxed);
            outcome
        })
    })
}

/// The reading thread.
fn read(
    mut reader: ChunkReader<'_>,
    office: &TicketOffice,
    chunks: &Sender<Chunk>,
    results: &Sender<Result<ChunkScores>>,
    stop: &Stop<'_>,
) {
    while office.take() && !stop.requested() {
        let next = guarded("the reader", || reader.next_chunk());
        let sent = match next {
            Ok(Some(chunk)) => chunks.send(chunk).is_ok(),
            Ok(None) => false,
            Err(error) => {
                drop(results.send(Err(error)));
                false
            }
        };
        if !sent {
            return;
        }
    }
}

/// A worker's loop.
fn work(
    scorer: &Scorer<'_>,
    chunks: &Receiver<Chunk>,
    results: &Sender<Result<ChunkScores>>,
    stop: &Stop<'_>,
) {
    for chunk in chunks {
        if stop.requested() {
            return;
        }
        let Some(scores) = guarded("a worker", || scorer.score(chunk)).transpose() else {
            return;
        };
        let failed = scores.is_err();
        if results.send(scores).is_err() || failed {
            return;
        }
    }
}

/// The calling thread: puts results in order and consumes them.
fn in_order(
    consume: &mut Consumer<'_>,
    mut progress: Progress,
    results: Receiver<Result<ChunkScores>>,
    returned: TicketReturn,
    stop: &Stop<'_>,
) -> Result<()> {
    let mut reorder = Reorder::default();
    loop {
        if stop.at_once() {
            return Err(Error::Interrupted);
        }
        match results.recv_timeout(POLL) {
            Ok(scores) => {
                let scores = scores?;
                reorder.insert(scores.chunk.index, scores);
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(scores) = reorder.pop() {
            consume(&scores)?;
            returned.give_back();
            let centres = &scores.chunk.centres;
            progress.advance(centres.end - centres.start, scores.scored());
        }
    }
    if stop.interrupted() {
        return Err(Error::Interrupted);
    }
    match reorder.is_empty() {
        true => Ok(()),
        false => Err(Error::Internal("a chunk of the genome was lost".into())),
    }
}

/// Turns a panic into an error, so that the other threads hear of it.
fn guarded<T>(who: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Error::Internal(format!("{who} of the scan failed: {}", panic_text(panic.as_ref()))))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
