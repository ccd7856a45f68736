//! Start, error report and exit code.

#![deny(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use polyascan::Error;
use polyascan::cli::{Cli, interrupt, run};

// Tensors of some MB come and go; the system's allocator returns them to the kernel each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // First of all: a signal in the meantime would end the program in its own way.
    let listening = interrupt::listen();
    match listening.and_then(|()| run(&Cli::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::ClosedPipe) => ExitCode::SUCCESS,
        Err(error) => {
            polyascan::say!("polyascan: error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
