//! `polyascan distil`

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::claim::lock_over;
use super::options::{ThreadOptions, open_device};
use super::progress::steps;
use super::written::Written;
use crate::config::Config;
use crate::engine::device::{DeviceChoice, Precision};
use crate::error::{Error, Result};
use crate::genome::fasta::FastaFile;
use crate::models::registry;
use crate::models::screen::HeldOut;
use crate::output::atomic::{AtomicFile, keep_input};
use crate::scan::Anchor;
use crate::text::count;
use crate::train::artifacts;
use crate::train::fit::Run;
use crate::train::networks::NetworkConfig;
use crate::train::recipe;
use crate::train::screen::config::{DEFAULT, ScreenTraining};
use crate::train::screen::{Distillation, Distilled};

/// Make a screen of a slow model: a small network that says which windows it cannot keep.
///
/// `polyascan scan --model MODEL --screen SCREEN` then asks the model only for the others, and the
/// windows that it keeps have the same values. The screen is trained to the model's own outputs on
/// stretches of a genome; its limit is chosen on other stretches so that --recall of the windows
/// and calls of a scan without screen are found, and is kept in the file with what was measured.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// A model that can be scanned: a name (see `polyascan models`) or a weight file.
    #[arg(value_name = "MODEL")]
    model: String,
    /// Sequence like that to be scanned: plain, gzip or BGZF.
    #[arg(short, long, visible_alias = "genome", value_name = "FASTA")]
    fasta: PathBuf,
    /// Weight file to write (safetensors); the model card (.toml), the log (.log.tsv) and its
    /// curves (.svg) go beside it.
    #[arg(short, long, value_parser = super::options::name)]
    output: PathBuf,
    /// The least classification of the scans that the screen is for (0-1) [default: 0.5].
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    min_probability: Option<f64>,
    /// The least raw cleavage at a window's centre of these scans (0-1) [default: 0.05].
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    min_centre_cleavage: Option<f64>,
    /// Share of kept windows, and of calls, that are to be found [default: 0.999].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    recall: Option<f64>,
    /// Windows that the model scores to learn from [default: 1000000].
    #[arg(long, value_name = "N")]
    windows: Option<usize>,
    /// Windows that it scores to choose the limit on, of a quarter of the genome that nothing is
    /// learned from [default: 600000].
    #[arg(long, value_name = "N")]
    calibration_windows: Option<usize>,
    /// Times that the windows are learned from [default: 12].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Width of the screen, a multiple of 16: wider lets fewer windows pass, and is slower
    /// [default: 32].
    #[arg(long, value_name = "N")]
    channels: Option<usize>,
    /// Decides what is drawn and how weights begin [default: 1].
    #[arg(long)]
    seed: Option<u64>,
    /// Recipe in place of config/train/screen.toml (TOML).
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    /// What the model runs on, and the training.
    #[arg(long, value_name = "auto|cpu|cuda[:N]", default_value_t)]
    device: DeviceChoice,
    #[command(flatten)]
    threads: ThreadOptions,
}

/// Runs the command.
///
/// # Errors
/// A model that cannot be scanned, a genome that is too short, outputs that cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let config = args.recipe()?;
    let mut scan = Config::load(None)?;
    scan.scan.min_probability = args.min_probability.unwrap_or(scan.scan.min_probability);
    scan.scan.min_centre_cleavage =
        args.min_centre_cleavage.unwrap_or(scan.scan.min_centre_cleavage);
    scan.check().map_err(Error::usage)?;
    let threads = args.threads.apply()?;
    let beside = ["toml", "log.tsv", "svg"].map(|ending| args.output.with_extension(ending));
    let outputs = [&beside[..], std::slice::from_ref(&args.output)].concat();
    let _lock = args.claim(&outputs)?;
    let model = registry::load(&args.model, &args.device.workers(Precision::F32)?)?;
    let fasta = FastaFile::open(&args.fasta)?;
    // Calls of every posterior, as a scan with --stringency may want them.
    let settings = scan.scan.settings(Anchor::Window, scan.scan.calls(model.posterior(), 0.0), 0);
    let device = open_device(&args.device)?;
    let distillation =
        Distillation { config: &config, model: model.as_ref(), fasta: &fasta, settings, threads };
    let run = Run { device: &device, pretrained: None, checkpoint: None, label: "", steps };
    let Distilled { fitted, card } = distillation.run(&run)?;
    artifacts::save(&config, &fitted, None, &args.output)?;
    tell(&card.held_out);
    Written::of([args.output.clone()].into_iter().chain(beside)).tell();
    Ok(())
}

/// Says what was measured.
fn tell(measured: &HeldOut) {
    let HeldOut { windows, computed, kept, kept_found, calls, calls_found } = *measured;
    tracing::info!(
        "of {}, {computed} ({:.2} %) are left to the model; found are {kept_found} of {} ({:.3} %) and \
         {calls_found} of {} ({:.3} %), which promises {:.1} % of others",
        count(windows, "held-out window"),
        100.0 * computed as f64 / windows.max(1) as f64,
        count(kept, "kept window"),
        100.0 * measured.recall(),
        count(calls, "call"),
        100.0 * measured.call_recall(),
        100.0 * measured.call_recall_at_least(),
    );
}

impl Args {
    /// The recipe: command line over file.
    fn recipe(&self) -> Result<ScreenTraining> {
        let name = Path::new("config/train/screen.toml");
        let mut config: ScreenTraining = match &self.config {
            Some(path) => recipe::read(path, None)?,
            None => {
                let internal =
                    |e: toml::de::Error| Error::Internal(format!("{}: {e}", name.display()));
                let table: toml::Table = DEFAULT.parse().map_err(internal)?;
                recipe::from_value(name, toml::Value::Table(table), None)?
            }
        };
        let ScreenTraining { model, network, optimiser, stretches, calibration, .. } = &mut config;
        model.seed = self.seed.unwrap_or(model.seed);
        optimiser.epochs = self.epochs.unwrap_or(optimiser.epochs);
        stretches.windows = self.windows.unwrap_or(stretches.windows);
        calibration.windows = self.calibration_windows.unwrap_or(calibration.windows);
        calibration.recall = self.recall.unwrap_or(calibration.recall);
        if let (NetworkConfig::DenseScan(dense), Some(channels)) = (network, self.channels) {
            (dense.0.channels, dense.0.hidden) = (channels, channels);
        }
        // Once more, with what the command line says.
        let value = toml::Value::try_from(&config).map_err(|e| Error::Internal(e.to_string()))?;
        recipe::from_value(self.config.as_deref().unwrap_or(name), value, None)
    }

    /// Makes sure that the outputs can be written and replace no input, and keeps others from them.
    fn claim(&self, outputs: &[PathBuf]) -> Result<crate::output::lock::Lock> {
        let inputs = [Some(&self.fasta), self.config.as_ref()].into_iter().flatten();
        let model = Some(PathBuf::from(&self.model)).filter(|path| path.is_file());
        for input in inputs.chain(&model) {
            outputs.iter().try_for_each(|output| keep_input(input, output))?;
        }
        for output in outputs {
            drop(AtomicFile::create(output)?);
        }
        lock_over(&self.output.with_extension("").to_string_lossy(), outputs)
    }
}
