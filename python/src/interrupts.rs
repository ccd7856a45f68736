//! Ctrl-C while Rust works: Python hears of signals on its main thread, and only when asked.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use polyascan::cli::interrupt;
use pyo3::prelude::*;

use crate::raise;

/// How often Python is asked.
const POLL: Duration = Duration::from_millis(50);

/// Commands share what the command line sets: one runs at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `work` on another thread without the GIL; `ask_to_end` is called, once, when a signal has
/// come.
fn watched<T: Send>(
    py: Python<'_>,
    ask_to_end: impl Fn(),
    work: impl FnOnce() -> polyascan::Result<T> + Send,
) -> PyResult<T> {
    let (done, mut over) = channel();
    let mut signal = None;
    let outcome = std::thread::scope(|scope| {
        scope.spawn(move || done.send(work()));
        loop {
            // The receiver goes where the GIL is not held, and comes back.
            let received;
            (received, over) = py.detach(move || (over.recv_timeout(POLL), over));
            match received {
                Ok(outcome) => return Some(outcome),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if signal.is_none() => {
                    if let Err(error) = py.check_signals() {
                        signal = Some(error);
                        ask_to_end();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    });
    match (signal, outcome) {
        (Some(error), _) => Err(error),
        (None, Some(outcome)) => outcome.map_err(raise),
        (None, None) => Err(crate::Error::new_err("the computation ended early")),
    }
}

/// Runs `work`, which looks at the flag that it is given.
pub fn of_flag<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool) -> polyascan::Result<T> + Send,
) -> PyResult<T> {
    let flag = AtomicBool::new(false);
    watched(py, || flag.store(true, Ordering::Relaxed), || work(&flag))
}

/// Runs a command of the program.
pub fn of_command(
    py: Python<'_>,
    command: impl FnOnce() -> polyascan::Result<()> + Send,
) -> PyResult<()> {
    watched(
        py,
        || interrupt::request(true),
        || {
            let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            interrupt::request(false);
            command()
        },
    )
}
