//! Options that several commands share.

use std::path::Path;

use clap::Args;

use crate::engine::cpu::simd;
use crate::engine::cuda::Precision;
use crate::engine::device::{DeviceChoice, Workers};
use crate::error::{Error, Result};
use crate::genome::strand::Strand;
use crate::models::{Model, registry};

/// Which model, and where it is computed.
#[derive(Debug, Args)]
pub struct ModelOptions {
    /// Name of a model inside the program or of a converted one (see `polyascan models`), or a
    /// weight file made by `polyascan convert` or `polyascan train`.
    #[arg(long, value_name = "NAME|FILE", default_value = "default")]
    pub model: String,
    /// auto takes the first GPU if this build and machine have one, else the CPU; cuda:0,1 takes
    /// several GPUs, cuda:all every one.
    #[arg(long, value_name = "auto|cpu|cuda[:N,...|:all]", default_value_t)]
    pub device: DeviceChoice,
    /// Vector instructions of the CPU [default: the fastest that it has]. Results of one kind are the
    /// same on every CPU; those of different kinds differ by rounding.
    #[arg(long, value_name = "KIND")]
    simd: Option<simd::Path>,
    /// What factors of products are rounded to on a GPU; sums are f32. tf32 and bf16 are faster and
    /// change probabilities a little.
    #[arg(long, value_enum, default_value = "f32")]
    pub gpu_precision: Precision,
}

impl ModelOptions {
    /// Loads the model.
    ///
    /// # Errors
    /// If there is no such model or device.
    pub fn load(&self) -> Result<Box<dyn Model>> {
        if let Some(path) = self.simd {
            path.force().map_err(|problem| Error::Usage(format!("--simd {path}: {problem}")))?;
        }
        let workers = self.device.workers(self.gpu_precision)?;
        let model = registry::load(&self.model, &workers)?;
        if model.device() != workers.name() {
            let name = &model.card().name;
            eprintln!("polyascan: note: model {name} has no form for a GPU; it runs on the CPU");
        }
        Ok(model)
    }
}

/// The strength model that goes with the default site model.
const DEFAULT_STRENGTH: &str = "default-strength";
/// No strength model.
const NONE: &str = "none";

/// Which strength model goes with the site model.
#[derive(Debug, Args)]
pub struct StrengthOptions {
    /// Model of strength, or none [default: default-strength with the default model, else none].
    #[arg(long, value_name = "NAME|FILE|none")]
    pub strength_model: Option<String>,
}

impl StrengthOptions {
    /// Loads the strength model that is to go with a site model, if there is to be one.
    ///
    /// # Errors
    /// If there is no such model.
    pub fn load(&self, sites: &ModelOptions) -> Result<Option<Box<dyn Model>>> {
        let name = match (&self.strength_model, sites.model.as_str()) {
            (Some(name), _) => name,
            (None, "default") => DEFAULT_STRENGTH,
            (None, _) => NONE,
        };
        if name == NONE {
            return Ok(None);
        }
        registry::load(name, &Workers::CPU).map(Some)
    }
}

/// Makes sure that a prefix of file names is one; `example` is an ending, for the message.
///
/// # Errors
/// If it is none.
pub fn check_prefix(prefix: &str, example: &str) -> Result<()> {
    if !prefix.is_empty() && !prefix.ends_with('/') {
        return Ok(());
    }
    let problem =
        format!("-o takes a prefix, as in out/sample: files are called PREFIX.{example} and so on");
    Err(Error::Usage(problem))
}

/// Makes the folder that a prefix names.
///
/// # Errors
/// If it cannot be made.
pub fn make_folder(prefix: &str) -> Result<()> {
    match Path::new(prefix).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .map_err(|e| Error::io(folder, "cannot create the output folder", e)),
        _ => Ok(()),
    }
}

/// More threads than any machine runs at once would only take memory.
const MOST_THREADS: usize = 1024;

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
        if !(1..=MOST_THREADS).contains(&threads) {
            let problem = format!("--threads {threads}: it must lie between 1 and {MOST_THREADS}");
            return Err(Error::Usage(problem));
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

/// Returns what computes a model: on a CPU also its vector instructions, as results differ by rounding
/// between them.
pub fn device_of(model: &dyn Model) -> String {
    match model.device() {
        "cpu" => format!("cpu {}", simd::Path::current()),
        gpu => gpu.to_owned(),
    }
}

/// Returns the command line as typed, for headers.
pub fn command_line() -> String {
    std::env::args().collect::<Vec<_>>().join(" ")
}

/// Options without effect on results, with the number of values they take.
const NO_EFFECT: [(&str, Option<char>, usize); 11] = [
    ("--threads", Some('t'), 1),
    ("--chunk-size", None, 1),
    ("--output", Some('o'), 1),
    ("--quiet", Some('q'), 0),
    ("--device", None, 1),
    ("--tsv", None, 1),
    ("--output-type", Some('O'), 1),
    ("--write-index", Some('W'), 0),
    ("--shard", None, 1),
    ("--resume", None, 0),
    ("--plots", None, 1),
];

/// Returns the command line without what has no effect on results, so that equal results are equal
/// files.
pub fn result_command_line() -> String {
    without_effectless(std::env::args().skip(1))
}

fn without_effectless(args: impl Iterator<Item = String>) -> String {
    let mut kept = vec!["polyascan".to_owned()];
    let mut values_to_skip = 0;
    for arg in args {
        if values_to_skip > 0 {
            values_to_skip -= 1;
            continue;
        }
        let effectless = NO_EFFECT.iter().find(|(long, short, values)| {
            let with_value = |name: &str| *values == 1 && arg.starts_with(name);
            let short = short.map(|letter| format!("-{letter}"));
            arg == *long
                || with_value(&format!("{long}="))
                || short.is_some_and(|s| arg == s || (!arg.starts_with("--") && with_value(&s)))
        });
        match effectless {
            Some((long, short, 1))
                if arg == *long || short.is_some_and(|s| arg == format!("-{s}")) =>
            {
                values_to_skip = 1;
            }
            Some(_) => {}
            None => kept.push(arg),
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_command_line_does_not_name_threads_or_outputs() {
        let line = |text: &str| without_effectless(text.split(' ').map(str::to_owned));
        let expected = "polyascan scan g.fa --strand - --tracks";
        for typed in [
            "scan g.fa -t 4 --strand - -o out/a --tracks",
            "scan --threads=2 g.fa --strand - --tracks -oout -q",
            "scan g.fa --chunk-size 100 --strand - -t8 --tracks --output x --quiet",
            "scan g.fa --shard 1/2 --strand - --tracks --resume -o x",
        ] {
            assert_eq!(line(typed), expected);
        }
    }
}
