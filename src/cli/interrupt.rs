//! Ctrl-C and SIGTERM: the program ends with exit code 130 and leaves no unfinished file; at once
//! when asked a second time.

use std::sync::atomic::{AtomicBool, Ordering};

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
    let handler = || {
        let again = REQUESTED.swap(true, Ordering::Relaxed);
        if again || !WATCHED.load(Ordering::Relaxed) {
            temporaries::abandon_all(|| {
                eprintln!("polyascan: error: {}", Error::Interrupted);
                std::process::exit(i32::from(Error::Interrupted.exit_code()))
            });
        }
    };
    ctrlc::set_handler(handler).map_err(|e| Error::Internal(format!("no interrupt handler: {e}")))
}

/// Returns the flag that a signal sets from now on; whoever calls this looks at it often.
pub fn watch() -> &'static AtomicBool {
    WATCHED.store(true, Ordering::Relaxed);
    &REQUESTED
}
