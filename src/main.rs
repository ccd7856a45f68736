//! Start, error report and exit code.

#![deny(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use polyascan::Error;
use polyascan::cli::{Cli, interrupt, run};
use polyascan::output::bigwig::THREAD as TRACK_THREAD;

// Tensors of some MB come and go; the system's allocator returns them to the kernel each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // First of all: a signal in the meantime would end the program in its own way.
    let listening = interrupt::listen();
    quiet_tracks();
    match listening.and_then(|()| run(&Cli::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::ClosedPipe) => ExitCode::SUCCESS,
        Err(error) => {
            polyascan::say!("polyascan: error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// A panic on a track's thread becomes an error, which is told.
fn quiet_tracks() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() != Some(TRACK_THREAD) {
            usual(info);
        }
    }));
}
