//! Start, error report and exit code.

#![deny(unsafe_code)]

use std::process::ExitCode;

use polyascan::Error;
use polyascan::cli::{interrupt, log, run};
use polyascan::engine::candle;

// Tensors of some MB come and go; the system's allocator returns them to the kernel each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    candle::keep_from_spinning();
    // Before all else: a signal in the meantime would end the program in its own way.
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
