//! Work in order on several threads, with bounded channels between them.
//!
//! One thread reads, `threads` threads work, the calling thread consumes, in the order of reading.
//! Whoever fails sends its error to the consumer, which leaves; every channel is then closed, and
//! each thread ends at its next send or receive.

pub mod reorder;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::error::{Error, Result};
use crate::timing::{Activity, Profile, Stage, Stopwatch};
use reorder::{Reorder, TicketOffice, TicketReturn, tickets};

/// Items under way or waiting for an earlier one, per worker.
const TICKETS_PER_THREAD: usize = 4;

/// How often the consumer looks whether it was interrupted while nothing arrives.
const POLL: Duration = Duration::from_millis(100);

/// The two reasons to stop early.
pub struct Stop<'a> {
    /// Set by the user.
    interrupt: &'a AtomicBool,
    /// After an interrupt, what a worker has begun is finished and consumed first.
    finish_begun: bool,
    /// Set when the consumer has left.
    over: AtomicBool,
}

impl<'a> Stop<'a> {
    /// Stops once `interrupt` is set; with `finish_begun`, what has begun is still consumed.
    pub fn new(interrupt: &'a AtomicBool, finish_begun: bool) -> Self {
        Self { interrupt, finish_begun, over: AtomicBool::new(false) }
    }

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

/// An item with its number in reading order, or what went wrong.
type Numbered<T> = Result<(u64, T)>;

/// Hands everything that `read` gives, until it gives `None`, to `work` and what that gives, in
/// order, to `consume`; `work` gives `None` if it was told to stop. What the threads did goes to
/// `profile`.
///
/// # Errors
/// The first failure of any of the three; [`Error::Interrupted`].
pub fn run<T: Send, R: Send>(
    threads: usize,
    stop: &Stop<'_>,
    profile: &Profile,
    read: impl FnMut() -> Result<Option<T>> + Send,
    work: impl Fn(T) -> Result<Option<R>> + Sync,
    consume: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("work-{i}"))
        .build()
        .map_err(|e| Error::threads(threads, e))?;
    let (item_sender, items) = bounded(threads);
    let (result_sender, results) = bounded(threads);
    let (office, returned) = tickets(TICKETS_PER_THREAD * threads);
    let work = &work;
    let mut watch = profile.start(Stage::Consolidation);
    let outcome = pool.in_place_scope(|workers| {
        let to_consumer = result_sender.clone();
        // Exactly one on each thread: plain spawns could be run by a worker that waits inside the
        // model for its own nested tasks, and then never get back to its item.
        workers.spawn_broadcast(move |_, _| {
            work_through(work, &items, &to_consumer, stop, profile.start(Stage::Inference));
        });
        std::thread::scope(|scope| {
            let read = move || {
                let watch = profile.start(Stage::Reading);
                read_on(read, &office, &item_sender, &result_sender, stop, watch);
            };
            let outcome = std::thread::Builder::new()
                .name("read".into())
                .spawn_scoped(scope, read)
                .map_err(|e| Error::threads(threads, e))
                .and_then(|_| consume_in_order(consume, results, returned, stop, &mut watch));
            stop.over.store(true, Ordering::Relaxed);
            outcome
        })
    });
    watch.lap(Activity::Busy);
    outcome
}

/// The reading thread.
fn read_on<T, R>(
    mut read: impl FnMut() -> Result<Option<T>>,
    office: &TicketOffice,
    items: &Sender<(u64, T)>,
    results: &Sender<Numbered<R>>,
    stop: &Stop<'_>,
    mut watch: Stopwatch,
) {
    let mut number = 0;
    while office.take() && !stop.requested() {
        watch.lap(Activity::WaitingOut);
        let next = guarded("the reader", &mut read);
        watch.lap(Activity::Busy);
        let sent = match next {
            Ok(Some(item)) => items.send((number, item)).is_ok(),
            Ok(None) => false,
            Err(error) => {
                drop(results.send(Err(error)));
                false
            }
        };
        watch.lap(Activity::WaitingOut);
        if !sent {
            return;
        }
        number += 1;
    }
}

/// A worker's loop.
fn work_through<T, R>(
    work: &impl Fn(T) -> Result<Option<R>>,
    items: &Receiver<(u64, T)>,
    results: &Sender<Numbered<R>>,
    stop: &Stop<'_>,
    mut watch: Stopwatch,
) {
    for (number, item) in items {
        watch.lap(Activity::WaitingIn);
        if stop.requested() {
            return;
        }
        let Some(result) = guarded("a worker", || work(item)).transpose() else { return };
        watch.lap(Activity::Busy);
        let failed = result.is_err();
        if results.send(result.map(|result| (number, result))).is_err() || failed {
            return;
        }
        watch.lap(Activity::WaitingOut);
    }
    watch.lap(Activity::WaitingIn);
}

/// The calling thread: puts results in order and consumes them.
fn consume_in_order<R>(
    mut consume: impl FnMut(R) -> Result<()>,
    results: Receiver<Numbered<R>>,
    returned: TicketReturn,
    stop: &Stop<'_>,
    watch: &mut Stopwatch,
) -> Result<()> {
    let mut reorder = Reorder::default();
    loop {
        if stop.at_once() {
            return Err(Error::Interrupted);
        }
        let received = results.recv_timeout(POLL);
        watch.lap(Activity::WaitingIn);
        match received {
            Ok(result) => {
                let (number, result) = result?;
                reorder.insert(number, result);
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(result) = reorder.pop() {
            consume(result)?;
            returned.give_back();
        }
        watch.lap(Activity::Busy);
    }
    if stop.interrupted() {
        return Err(Error::Interrupted);
    }
    if reorder.is_empty() {
        Ok(())
    } else {
        Err(Error::Internal("a piece of work was lost".into()))
    }
}

/// Turns a panic into an error, so that the other threads hear of it.
fn guarded<T>(who: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Error::Internal(format!("{who} failed: {}", panic_text(panic.as_ref()))))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests;
