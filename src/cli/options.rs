//! Options that several commands share.

use clap::Args;

use crate::engine::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::genome::strand::Strand;
use crate::models::{Model, registry};

/// Which model, and where it is computed.
#[derive(Debug, Args)]
pub struct ModelOptions {
    /// Name of a model inside the program (see `polyascan models`) or a weight file made by
    /// `polyascan convert` or `polyascan train`.
    #[arg(long, value_name = "NAME|FILE", default_value = "default")]
    pub model: String,
    /// auto takes a GPU if this build and machine have one, else the CPU.
    #[arg(long, value_name = "auto|cpu|cuda[:N]", default_value_t)]
    pub device: DeviceChoice,
}

impl ModelOptions {
    /// Loads the model; returns it with the name of its device.
    ///
    /// # Errors
    /// If there is no such model or device.
    pub fn load(&self) -> Result<(Box<dyn Model>, &'static str)> {
        let device = self.device.open()?;
        let model = registry::load(&self.model, &device)?;
        Ok((model, crate::engine::device::name(&device)))
    }
}

/// How many threads.
#[derive(Debug, Args)]
pub struct ThreadOptions {
    /// Threads that compute [default: all cores]; no effect on results.
    #[arg(short, long)]
    threads: Option<usize>,
}

impl ThreadOptions {
    /// Returns the number of threads, having limited the program's shared pool to it.
    ///
    /// # Errors
    /// If it is 0.
    pub fn apply(&self) -> Result<usize> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or_else(cores);
        if threads == 0 {
            return Err(Error::Usage("--threads 0: at least one thread is needed".into()));
        }
        // Fails only if a pool is there already, which then has been limited before.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        Ok(threads)
    }
}

/// One strand or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StrandChoice {
    Both,
    #[value(name = "+", alias = "plus")]
    Plus,
    #[value(name = "-", alias = "minus")]
    Minus,
}

impl StrandChoice {
    /// Returns the strands, plus first.
    pub fn strands(self) -> &'static [Strand] {
        match self {
            Self::Both => &Strand::BOTH,
            Self::Plus => &[Strand::Plus],
            Self::Minus => &[Strand::Minus],
        }
    }
}

/// Returns the command line as typed, for headers.
pub fn command_line() -> String {
    std::env::args().collect::<Vec<_>>().join(" ")
}
