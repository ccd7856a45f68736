//! Options that several commands share.

use std::convert::Infallible;
use std::error::Error as _;
use std::path::{Path, PathBuf};

use candle_core::Device;
use clap::Args;

use crate::engine::cpu::simd;
use crate::engine::device::{CpuPrecision, DeviceChoice, DeviceKind, Precision, Workers};
use crate::error::{Error, Result};
use crate::genome::strand::Strand;
use crate::models::{Model, registry};
use crate::text::count;

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
    /// Vector instructions of the CPU [default: the fastest that it has]. Results of one kind are
    /// the same on every CPU; those of different kinds differ by rounding.
    #[arg(long, value_name = "KIND")]
    simd: Option<simd::Path>,
    /// What factors of products are rounded to. Those other than f32 are faster and change
    /// probabilities a little.
    #[arg(long, value_enum, default_value = "f32", alias = "gpu-precision")]
    pub precision: Precision,
}

/// The genome of commands that read it first of all.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct GenomeOptions {
    /// Genome: plain, gzip or BGZF, soft-masked or not, with or without index; - is standard input.
    #[arg(value_name = "FASTA")]
    genome: Option<PathBuf>,
    /// The same, by name as in the other commands.
    #[arg(short, long, value_name = "FASTA")]
    fasta: Option<PathBuf>,
}

impl GenomeOptions {
    /// Returns the file.
    pub fn path(&self) -> &Path {
        // clap asks for one of them.
        self.genome.as_deref().or(self.fasta.as_deref()).unwrap_or(Path::new("-"))
    }
}

/// Takes the name of an output: text, so that it can stand in messages, tables and the names of
/// files beside it.
///
/// # Errors
/// None: what is not UTF-8 is refused before.
pub fn name(text: &str) -> std::result::Result<PathBuf, Infallible> {
    Ok(text.into())
}

/// Returns the file that a model's name is, if it is one.
fn model_file(name: &str) -> Option<&Path> {
    Some(Path::new(name)).filter(|path| path.is_file())
}

/// Makes sure that at most one input is standard input.
///
/// # Errors
/// If more are.
pub fn check_stdin(inputs: &[&Path]) -> Result<()> {
    if inputs.iter().filter(|path| **path == Path::new("-")).count() > 1 {
        return Err(Error::Usage("only one input can be standard input".into()));
    }
    Ok(())
}

impl ModelOptions {
    /// Returns the weight file that is named, if one is.
    pub fn file(&self) -> Option<&Path> {
        model_file(&self.model)
    }

    /// Returns what the model is computed in where that is on the CPU.
    pub fn cpu_precision(&self) -> CpuPrecision {
        self.precision.on_cpu().unwrap_or_default()
    }

    /// Loads the model.
    ///
    /// # Errors
    /// If there is no such model or device, or it has no form in the precision.
    pub fn load(&self) -> Result<Box<dyn Model>> {
        if let Some(path) = self.simd {
            path.force().map_err(|problem| Error::Usage(format!("--simd {path}: {problem}")))?;
        }
        let workers = self.device.workers(self.precision)?;
        workers.note.iter().for_each(|note| tracing::info!("{note}"));
        let model = registry::load(&self.model, &workers)?;
        let name = &model.card().name;
        if model.device() == DeviceKind::CPU
            && workers.kind() == DeviceKind::Cpu(CpuPrecision::Int8)
        {
            let problem = "it has no int8 form: dense-scan and dense-strength have one; leave \
                           --precision out";
            return Err(Error::model(name.as_str(), problem));
        }
        if model.device() != workers.kind() {
            tracing::info!(kind = "note", "model {name} has no form for a GPU; it runs on the CPU");
        }
        let card = model.card();
        tracing::debug!("model {} sha256={}, on {}", card.name, card.sha256, device_of(&*model));
        Ok(model)
    }
}

/// Opens what training runs on, and says why it is the CPU, where a GPU was to be taken if there is
/// one.
///
/// # Errors
/// As [`DeviceChoice::open`].
pub fn open_device(choice: &DeviceChoice) -> Result<Device> {
    let (device, note) = choice.open()?;
    note.iter().for_each(|note| tracing::info!("{note}"));
    Ok(device)
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
    /// Returns the weight file that is named, if one is.
    pub fn file(&self) -> Option<&Path> {
        self.strength_model.as_deref().and_then(model_file)
    }

    /// Returns the name of the strength model that is to go with a site model, if there is to be
    /// one.
    pub fn name(&self, sites: &ModelOptions) -> Option<&str> {
        let name = match (&self.strength_model, sites.model.as_str()) {
            (Some(name), _) => name,
            (None, "default") => DEFAULT_STRENGTH,
            (None, _) => NONE,
        };
        Some(name).filter(|name| *name != NONE)
    }

    /// Loads the strength model that is to go with a site model, if there is to be one. It is
    /// computed in f32: small differences of strength are what effects are made of.
    ///
    /// # Errors
    /// If there is no such model.
    pub fn load(&self, sites: &ModelOptions) -> Result<Option<Box<dyn Model>>> {
        self.name(sites).map(|name| registry::load(name, &Workers::CPU)).transpose()
    }
}

/// Endings of files, which a prefix is not to have.
const FILE_ENDINGS: [&str; 9] =
    [".bed", ".bed.gz", ".bw", ".json", ".tsv", ".tsv.gz", ".vcf", ".vcf.gz", ".bcf"];

/// Makes sure that a prefix of file names is one; `example` is an ending, for the message.
///
/// # Errors
/// If it is none.
pub fn check_prefix(prefix: &str, example: &str) -> Result<()> {
    if let Some(ending) = FILE_ENDINGS.iter().find(|ending| prefix.ends_with(**ending)) {
        let stem = prefix.strip_suffix(ending).unwrap_or(prefix);
        let stem = stem.strip_suffix(".sites").unwrap_or(stem);
        let problem = format!(
            "-o {prefix}: -o takes a prefix, not a file: with -o {stem} files are called {stem}.{example} and so on"
        );
        return Err(Error::Usage(problem));
    }
    if !prefix.is_empty() && !prefix.ends_with('/') {
        return Ok(());
    }
    let problem =
        format!("-o takes a prefix, as in out/sample: files are called PREFIX.{example} and so on");
    Err(Error::Usage(problem))
}

/// Does the same for a command whose files standard output cannot hold.
///
/// # Errors
/// As [`check_prefix`]; standard output.
pub fn check_prefix_of_several(prefix: &str, example: &str) -> Result<()> {
    if prefix == "-" {
        let problem = "-o takes a prefix, as in out/sample: there are several files";
        return Err(Error::Usage(problem.into()));
    }
    check_prefix(prefix, example)
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
/// Threads of the shared pool for each core.
const MOST_PER_CORE: usize = 4;

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
        tracing::debug!("{}", count(threads as u64, "thread"));
        // Far more than there are cores would spin against each other, and against the thread that
        // hears signals.
        let shared = threads.min(MOST_PER_CORE * cores());
        match rayon::ThreadPoolBuilder::new().num_threads(shared).build_global() {
            // Without a cause, a pool is there already, which then has been limited before.
            Err(e) if e.source().is_some() => Err(Error::threads(threads, e)),
            _ => Ok(threads),
        }
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
            Self::Plus => Strand::Plus.alone(),
            Self::Minus => Strand::Minus.alone(),
        }
    }
}

/// Returns what computes a model: on a CPU also its vector instructions, as results differ by
/// rounding between them.
pub fn device_of(model: &dyn Model) -> String {
    match model.device() {
        kind @ DeviceKind::Cpu(_) => format!("{kind} {}", simd::Path::current()),
        gpu => gpu.to_string(),
    }
}
