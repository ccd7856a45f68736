//! Ctrl-C, SIGTERM, SIGHUP and the warnings of batch systems (SIGUSR1, SIGUSR2, SIGXCPU): the
//! program ends with exit code 130 and leaves no unfinished file; at once when asked a second time.
//! A program that holds this one inside asks with [`request`].

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::cli::log;
use crate::error::{Error, Result};
use crate::output::temporaries;

static REQUESTED: AtomicBool = AtomicBool::new(false);
/// Somebody looks at [`REQUESTED`] and ends in order.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Starts to listen for signals, which end the program at once unless they are watched for.
///
/// # Errors
/// If the operating system does not allow it.
pub fn listen() -> Result<()> {
    begin_to_listen().map_err(|e| Error::threads(1, e))
}

fn begin_to_listen() -> io::Result<()> {
    // A file that grows larger than `ulimit -f` allows is a failed write, not the end.
    flag::register(SIGXFSZ, Arc::default())?;
    let signals = Signals::new([SIGINT, SIGTERM])?;
    let ignored = ignored();
    let may_be_ignored = [SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU];
    for signal in may_be_ignored.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0) {
        signals.add_signal(signal)?;
    }
    let mut signals = signals;
    let listen = move || signals.forever().for_each(|_| interrupted());
    thread::Builder::new().name("signals".into()).spawn(listen).map(drop)
}

fn interrupted() {
    let again = REQUESTED.swap(true, Ordering::Relaxed);
    if again || !WATCHED.load(Ordering::Relaxed) {
        temporaries::abandon_all(|| {
            log::error(&Error::Interrupted);
            std::process::exit(i32::from(Error::Interrupted.exit_code()))
        });
    }
}

/// Returns the signals that do nothing to this program, as `nohup` has it: a bit each.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0)
}

/// Time in which what has begun may be finished after a signal.
const GRACE: Duration = Duration::from_millis(1500);

/// Returns a question: has a signal come, and, with `finish_begun`, been there for so long that
/// what has begun is to be dropped all the same?
pub fn patience(finish_begun: bool) -> impl Fn() -> bool + Send + Sync {
    let first = OnceLock::new();
    move || {
        let requested = REQUESTED.load(Ordering::Relaxed);
        requested && (!finish_begun || first.get_or_init(Instant::now).elapsed() > GRACE)
    }
}

/// Asks the command that runs to end, as a signal does, or takes that back before the next one.
pub fn request(end: bool) {
    REQUESTED.store(end, Ordering::Relaxed);
}

/// Returns the flag that a signal sets from now on; whoever calls this looks at it often.
pub fn watch() -> &'static AtomicBool {
    WATCHED.store(true, Ordering::Relaxed);
    &REQUESTED
}
