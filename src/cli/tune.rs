//! `polyascan tune`

use std::path::PathBuf;

use candle_core::Device;
use clap::{Args as ClapArgs, ValueEnum};
use toml::Value;

use super::claim::lock_over;
use super::options::{ThreadOptions, open_device};
use super::progress::steps;
use crate::config;
use crate::engine::device::DeviceChoice;
use crate::error::{Error, Problem, Result};
use crate::genome::limited;
use crate::models::card;
use crate::models::weight_file::sha256;
use crate::output::atomic::{AtomicFile, keep_input, write};
use crate::output::lock::Lock;
use crate::train::classes::config::ClassTraining;
use crate::train::fit::{Fitted, Run, Trainable, fit};
use crate::train::isoform::config::IsoformTraining;
use crate::train::scan::config::ScanTraining;
use crate::train::strength::config::StrengthTraining;
use crate::train::tune::trials::{Trial, Trials};
use crate::train::tune::{Space, set};
use crate::train::usage::config::UsageTraining;
use crate::train::windows::config::WindowTraining;
use crate::train::{artifacts, recipe};

/// Bytes of a table of trials at most.
const MOST_TRIALS_BYTES: u64 = 64 << 20;

/// Search the settings that train the best model: random trials, each chosen by the seed, or a grid.
///
/// The configuration is one of `polyascan train` with a table [tune] of what to vary: dotted keys
/// with { log = [a, b] }, { uniform = [a, b] }, { sqrt = [a, b] }, { integer = [a, b] } or
/// { choice = [...] }, for example `optimiser.learning_rate = { log = [1e-4, 1e-2] }`; with `search
/// = "grid"` there, all combinations of { choice } and { integer } are tried. Each trial trains as
/// `train` would, and the best epoch's merit (what chooses the epoch) chooses the trial. `polyascan
/// train` with the configuration written here makes the best trial's model again.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// What is trained.
    #[arg(value_enum)]
    task: Task,
    /// Data, recipe, sizes and ranges (TOML).
    #[arg(long)]
    config: PathBuf,
    /// Folder that the data paths are relative to, instead of the configuration's.
    #[arg(long)]
    data: Option<PathBuf>,
    /// How many in all, of random search; a grid has as many as combinations.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    trials: Option<u32>,
    /// Of the search; the seed of training is the configuration's.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes OUT.trials.tsv (every trial: values, merit, figures) and OUT.toml (the best trial's
    /// configuration), after each trial.
    #[arg(short, long, value_name = "OUT", value_parser = crate::cli::options::name)]
    output: PathBuf,
    /// Keep the best trial's weights too (safetensors; model card and log beside it).
    #[arg(long, value_name = "FILE", value_parser = crate::cli::options::name)]
    weights: Option<PathBuf>,
    /// Go on after the trials of OUT.trials.tsv.
    #[arg(long)]
    resume: bool,
    /// auto takes a GPU if this build and machine have one, else the CPU.
    #[arg(long, value_name = "auto|cpu|cuda[:N]", default_value_t)]
    device: DeviceChoice,
    #[command(flatten)]
    threads: ThreadOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Task {
    Scan,
    Windows,
    Strength,
    Usage,
    Isoform,
    Signal,
    Binding,
}

/// Runs the command.
///
/// # Errors
/// Configurations or data that cannot be used, outputs that cannot be written, no trial that
/// trains.
pub fn run(args: &Args) -> Result<()> {
    match args.task {
        Task::Scan => args.search::<ScanTraining>(card::Task::Sites),
        Task::Windows => args.search::<WindowTraining>(card::Task::Sites),
        Task::Strength => args.search::<StrengthTraining>(card::Task::Strength),
        Task::Usage => args.search::<UsageTraining>(card::Task::Strength),
        Task::Isoform => args.search::<IsoformTraining>(card::Task::Isoform),
        Task::Signal => args.search::<ClassTraining>(card::Task::Signal),
        Task::Binding => args.search::<ClassTraining>(card::Task::Binding),
    }
}

impl Args {
    fn search<C: Trainable>(&self, task: card::Task) -> Result<()> {
        let outputs = self.check_outputs()?;
        let _locks = self.lock(&outputs)?;
        self.threads.apply()?;
        let device = open_device(&self.device)?;
        let (base, space) = self.read()?;
        let count = self.count(&space)?;
        // All of them before the first: a wrong range is told at once.
        let configs = (0..count)
            .map(|number| {
                let (value, mut config) = self.trial::<C>(&base, &space, number)?;
                recipe::expect(&self.config, &config, task)?;
                config.prepare().map(|()| (value, config))
            })
            .collect::<Result<Vec<_>>>()?;
        let mut trials = self.begun((task, count), &base, &space)?;
        for (number, (_, config)) in configs.iter().enumerate().skip(trials.all.len()) {
            let drawn = space.draw(self.seed, number);
            let shown: Vec<String> = drawn.iter().map(|(key, v)| format!("{key} = {v}")).collect();
            tracing::info!(kind = "row", "trial {}: {}", number + 1, shown.join(", "));
            let fitted = self.train(config, &device, number)?;
            trials.all.push(Trial::new(&drawn, fitted.as_ref()));
            // The weights first: a trial in the table is not run again.
            if let (true, Some(fitted)) = (trials.best() == Some(number), fitted) {
                self.keep(config, &fitted)?;
            }
            write(&self.named("trials.tsv"), trials.table().as_bytes())?;
            self.write_best(&configs, &trials)?;
        }
        // Also where no trial was left to be run.
        let best = self.write_best(&configs, &trials)?;
        let merit = trials.all[best].merit().unwrap_or_default();
        let all = trials.all.len();
        tracing::info!(kind = "row", "best: trial {} of {all}, merit {merit:.5}", best + 1);
        Ok(())
    }

    fn check_outputs(&self) -> Result<Vec<PathBuf>> {
        let mut outputs = vec![self.named("trials.tsv"), self.named("toml")];
        if let Some(weights) = &self.weights {
            let beside =
                ["toml", "log.tsv", "svg"].map(|extension| weights.with_extension(extension));
            if let Some(path) = beside.iter().chain([weights]).find(|path| outputs.contains(path)) {
                let problem = "would be written for both --output and --weights";
                return Err(Error::Usage(format!("{}: {problem}", path.display())));
            }
            outputs.extend(beside.into_iter().chain([weights.clone()]));
        }
        for output in &outputs {
            keep_input(&self.config, output)?;
            // At once, not after the first trial.
            drop(AtomicFile::create(output)?);
        }
        Ok(outputs)
    }

    /// Keeps other runs from the outputs: the table, and the weights as `train` would lock them.
    fn lock(&self, outputs: &[PathBuf]) -> Result<Vec<Lock>> {
        let table = self.output.clone();
        let weights = self.weights.as_ref().map(|path| path.with_extension(""));
        let weights = weights.filter(|prefix| *prefix != table);
        let prefixes = std::iter::once(table).chain(weights);
        prefixes.map(|prefix| lock_over(&prefix.to_string_lossy(), outputs)).collect()
    }

    /// Reads the configuration and takes the ranges out of it.
    fn read(&self) -> Result<(Value, Space)> {
        let path = &self.config;
        let text = limited::read_text(path, config::MOST_BYTES, "a configuration")?;
        let wrong = |problem: Problem| Error::input(path, "[tune]", problem);
        let mut base = Value::Table(config::parse(path, &text)?);
        let space = Space::take(&mut base).map_err(wrong)?;
        if let Some(data) = &self.data {
            set(&mut base, "model.data", Value::from(data.display().to_string())).map_err(wrong)?;
        }
        Ok((base, space))
    }

    /// Returns how many trials there are in all.
    fn count(&self, space: &Space) -> Result<usize> {
        let wrong = |problem| Error::input(&self.config, "[tune]", problem);
        match (space.combinations().map_err(wrong)?, self.trials) {
            (Some(count), None) => Ok(count),
            (None, Some(trials)) => Ok(trials as usize),
            (Some(count), Some(_)) => Err(Error::Usage(format!(
                "--trials: the grid has {count} combinations, which are all tried; leave it out"
            ))),
            (None, None) => {
                let problem =
                    "--trials N is needed: random search goes on as long as it is asked to";
                Err(Error::Usage(problem.into()))
            }
        }
    }

    /// Returns a trial's configuration.
    fn trial<C: Trainable>(
        &self,
        base: &Value,
        space: &Space,
        number: usize,
    ) -> Result<(Value, C)> {
        let mut value = base.clone();
        for (key, drawn) in space.draw(self.seed, number) {
            set(&mut value, key, drawn)
                .map_err(|problem| Error::input(&self.config, format!("[tune] {key}"), problem))?;
        }
        let config = recipe::from_value(&self.config, value.clone(), None);
        config.map(|config| (value, config)).map_err(|error| match error {
            Error::Input { path, place, problem } => {
                let drawn = space.draw(self.seed, number);
                let drawn: Vec<String> = drawn.iter().map(|(k, v)| format!("{k} = {v}")).collect();
                let place = format!("{place} (trial {}: {})", number + 1, drawn.join(", "));
                let place = place.trim_start().to_owned();
                Error::Input { path, place, problem }
            }
            other => other,
        })
    }

    /// Returns the trials that are done already.
    fn begun(
        &self,
        (task, count): (card::Task, usize),
        base: &Value,
        space: &Space,
    ) -> Result<Trials> {
        let text = toml::to_string(base).map_err(|e| Error::Internal(e.to_string()))?;
        let (seed, digest) = (self.seed, sha256(text.as_bytes()));
        let search = format!("polyascan tune {}, seed {seed}, configuration {digest}", task.name());
        let mut trials = Trials::new(search, space.keys());
        let path = self.named("trials.tsv");
        if !self.resume || !path.exists() {
            return Ok(trials);
        }
        let text = limited::read_text(&path, MOST_TRIALS_BYTES, "a table of trials")?;
        let wrong = |problem: Problem| Error::of_file(&path, problem);
        trials.read(&text).map_err(wrong)?;
        if trials.all.len() > count {
            let there = trials.all.len();
            return Err(wrong(
                format!("{there} trials are there: ask for as many or more (--trials)").into(),
            ));
        }
        let mut done = trials.all.iter().enumerate();
        match done.find(|(number, trial)| !trial.is_of(&space.draw(self.seed, *number))) {
            Some((number, _)) => {
                let problem = "set other values than this search: the ranges have changed";
                Err(wrong(format!("trial {} {problem}", number + 1).into()))
            }
            None => Ok(trials),
        }
    }

    /// Trains; a run that fails for its settings is a trial without an outcome.
    fn train<C: Trainable>(
        &self,
        config: &C,
        device: &Device,
        number: usize,
    ) -> Result<Option<Fitted>> {
        let label = format!("trial {} ", number + 1);
        let run = Run { device, pretrained: None, checkpoint: None, label: &label, steps };
        match config.task(device).and_then(|mut task| fit(config, task.as_mut(), &run)) {
            Ok(fitted) => Ok(Some(fitted)),
            Err(Error::Model { problem, .. }) => {
                tracing::info!(kind = "row", "{label}failed: {problem}");
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn keep<C: Trainable>(&self, config: &C, fitted: &Fitted) -> Result<()> {
        match &self.weights {
            Some(path) => artifacts::save(config, fitted, None, path),
            None => Ok(()),
        }
    }

    /// Writes the configuration of the best trial so far; returns its place.
    fn write_best<C>(&self, configs: &[(Value, C)], trials: &Trials) -> Result<usize> {
        let Some(best) = trials.best() else {
            if trials.all.len() < configs.len() {
                return Ok(0);
            }
            let problem = "no trial gave a model; see the messages above";
            return Err(Error::input(&self.config, "[tune]", problem));
        };
        let config =
            toml::to_string(&configs[best].0).map_err(|e| Error::Internal(e.to_string()))?;
        let merit = trials.all[best].merit().unwrap_or_default();
        let (number, seed) = (best + 1, self.seed);
        let comment =
            format!("# Trial {number} of `polyascan tune --seed {seed}`: merit {merit:.5}.\n");
        write(&self.named("toml"), (comment + &config).as_bytes())?;
        Ok(best)
    }

    /// OUT with an ending after whatever OUT ends with.
    fn named(&self, ending: &str) -> PathBuf {
        let mut name = self.output.clone().into_os_string();
        name.push(format!(".{ending}"));
        name.into()
    }
}
