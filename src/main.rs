//! Start, error report and exit code.

#![deny(unsafe_code)]

use std::process::ExitCode;

use polyascan::Error;
use polyascan::cli::{interrupt, log, run};

// Tensors of some MB come and go; the system's allocator returns them to the kernel each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keep_candle_from_spinning();
    // First of all: a signal in the meantime would end the program in its own way.
    let listening = interrupt::listen();
    match listening.and_then(|()| run(std::env::args_os())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::ClosedPipe) => ExitCode::SUCCESS,
        Err(error) => {
            log::error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Lets candle's element-wise operations run on the thread that asks: its own pool has a thread for
/// every core, whatever `--threads` says, and those that wait spin. Training takes half of the
/// processor time without it; what is large has rayon's threads.
#[allow(unsafe_code)]
fn keep_candle_from_spinning() {
    const THREADS: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(THREADS).is_none() {
        // SAFETY: this is the first that the program does, so no other thread reads the environment.
        unsafe { std::env::set_var(THREADS, "1") };
    }
}
