//! `polyascan distil`: a screen, a small dense-scan network that is trained to the outputs of a
//! slower model, and the limit below which that model cannot keep a window.

mod calibrate;
pub mod config;
mod labels;
mod stretches;

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::artifacts;
use super::fit::{Fitted, Run, Task, Validation, fit};
use super::network::{Network, Noise};
use super::scan;
use super::scan::epoch::tensors;
use super::scan::segment::Segment;
use crate::context::signal::{FARTHEST, NEAREST, signal_at};
use crate::error::{Error, Result};
use crate::genome::fasta::FastaFile;
use crate::models::screen::{HeldOut, Screen, ScreenCard};
use crate::models::{CENTRE, Model, WINDOW, Window};
use crate::scan::ScanSettings;
use crate::scan::inference::KeepAbove;
use calibrate::Calibration;
use config::ScreenTraining;
use labels::{Labelled, label};
use stretches::{Blocks, draw};

/// Windows of a stretch that is calibrated on, on each strand: many times what a site takes.
const CALIBRATED: usize = 2_048;
/// One of so many stretches that are learned from chooses the epoch.
const VALIDATED: usize = 16;
/// A stretch is mined if the screen gives one of its windows this probability of being kept.
const LIKELY: f32 = 0.02;
/// The strongest polyA signals, first in [`crate::context::signal::SIGNALS`].
const STRONG: usize = 2;

/// What a screen is made of.
pub struct Distillation<'a> {
    pub config: &'a ScreenTraining,
    pub model: &'a dyn Model,
    pub fasta: &'a FastaFile,
    /// Of the scans that the screen is for.
    pub settings: ScanSettings,
    pub threads: usize,
}

/// A screen that was made.
pub struct Distilled {
    /// The weight file, and how it was trained.
    pub fitted: Fitted,
    pub card: ScreenCard,
}

impl Distillation<'_> {
    /// Trains and calibrates a screen.
    ///
    /// # Errors
    /// A model that cannot be scanned, a genome that is too short, failures of models and of the
    /// tensor library.
    pub fn run(&self, run: &Run<'_>) -> Result<Distilled> {
        let Self { config, model, fasta, settings, threads } = *self;
        if !model.can_scan() {
            return Err(model.not_scannable());
        }
        let seed = config.model.seed;
        let blocks = Blocks::new(fasta, CALIBRATED / 2 + WINDOW - 1, seed)?;
        let mut task = ScreenTask::new(self, &blocks, run.device)?;
        let mut fitted = fit(config, &mut task, run)?;
        drop(task);

        let shortest = blocks.held_out.iter().map(|(_, range)| range.end - range.start).min();
        let length = (CALIBRATED + WINDOW - 1).min(shortest.unwrap_or(0) as usize);
        let windows = 2 * (length + 1 - WINDOW);
        let count = config.calibration.windows.div_ceil(windows);
        let held_out = draw(fasta, &blocks.held_out, (count, length), seed ^ 1)?;
        let calibration = Calibration::new(model, &held_out, settings, threads)?;
        let network = |weights: &[u8]| artifacts::build(config, weights);
        let mut card = ScreenCard {
            model: model.card().name.clone(),
            model_sha256: model.card().sha256.clone(),
            min_probability: settings.min_probability,
            min_centre_cleavage: settings.min_centre_cleavage,
            limit: 0.0,
            held_out: HeldOut::default(),
        };
        let screen = |card: &ScreenCard| -> Result<Screen> {
            Ok(Screen::new(network(&fitted.weights)?, card.clone(), "screen".as_ref()))
        };
        card.limit = calibration.limit(&screen(&card)?, config.calibration.recall)?;
        card.held_out = calibration.measure(&screen(&card)?)?;
        fitted.weights = artifacts::with_screen(&fitted.weights, &card)?;
        Ok(Distilled { fitted, card })
    }
}

/// The stretches of a run, and the order of the epoch at hand.
struct ScreenTask<'a> {
    config: &'a ScreenTraining,
    model: &'a dyn Model,
    keep: KeepAbove,
    device: &'a Device,
    learned: Vec<Labelled>,
    validated: Vec<Labelled>,
    /// Stretches that some are still to be chosen of.
    pool: Vec<Vec<u8>>,
    order: Vec<usize>,
}

impl<'a> ScreenTask<'a> {
    fn new(
        Distillation { config, model, fasta, settings, .. }: &Distillation<'a>,
        blocks: &Blocks,
        device: &'a Device,
    ) -> Result<Self> {
        let stretches = &config.stretches;
        let (signals, mined) = stretches.chosen();
        let wanted = stretches.count() - mined;
        let size = (stretches.count() * stretches.pool, stretches.together + WINDOW - 1);
        let mut pool = draw(fasta, &blocks.learned, size, config.model.seed ^ 2)?;
        let rest = pool.split_off((wanted - signals).min(pool.len()));
        let (strong, weak): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|codes| has_signal(codes));
        let mut rest = [strong, weak].concat();
        pool.extend(rest.drain(..signals.min(rest.len())));
        let keep = settings.keep();
        let mut task = Self {
            config,
            model: *model,
            keep,
            device,
            learned: Vec::new(),
            validated: Vec::new(),
            pool: rest,
            order: Vec::new(),
        };
        let labelled = task.label(pool)?;
        for (number, stretch) in labelled.into_iter().enumerate() {
            match number % VALIDATED {
                0 => task.validated.push(stretch),
                _ => task.learned.push(stretch),
            }
        }
        if task.steps() == 0 {
            let (count, batch) = (stretches.count(), config.optimiser.batch);
            let problem = format!(
                "{count} stretches do not fill a batch of {batch}: give a larger genome or more windows"
            );
            return Err(Error::model(&config.model.name, problem));
        }
        Ok(task)
    }

    fn label(&self, stretches: Vec<Vec<u8>>) -> Result<Vec<Labelled>> {
        stretches
            .into_par_iter()
            .map(|codes| label(self.model, codes, self.keep, self.config.labels))
            .collect()
    }

    /// Steps of every epoch: those before stretches are mined show others more often.
    fn steps(&self) -> usize {
        self.config.stretches.count().min(self.learned.len() * 2) / self.config.optimiser.batch
    }

    /// Chooses stretches that a half-trained screen finds likely.
    fn mine(&mut self, screen: &dyn Model, rng: &mut ChaCha8Rng) -> Result<()> {
        let pool = std::mem::take(&mut self.pool);
        let best = pool.par_iter().map(|codes| -> Result<f32> {
            let said = screen.scan(codes, f32::INFINITY)?;
            Ok(said.probability.into_iter().fold(0.0, f32::max))
        });
        let best: Vec<f32> = best.collect::<Result<_>>()?;
        let mut stretches: Vec<(f32, Vec<u8>)> = best.into_iter().zip(pool).collect();
        stretches.shuffle(rng);
        // Likely ones in random order, so that unsure ones are among them, then the next likely.
        stretches.sort_by(|(a, _), (b, _)| b.min(LIKELY).total_cmp(&a.min(LIKELY)));
        stretches.truncate(self.config.stretches.chosen().1);
        let chosen = stretches.into_iter().map(|(_, codes)| codes).collect();
        self.learned.extend(self.label(chosen)?);
        Ok(())
    }
}

impl Task for ScreenTask<'_> {
    fn begin(&mut self, number: usize, model: Option<&dyn Model>) -> Result<usize> {
        let seed = self.config.model.seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let steps = self.steps();
        if let Some(screen) = model.filter(|_| number >= self.config.stretches.mine_after)
            && !self.pool.is_empty()
        {
            self.mine(screen, &mut rng)?;
        }
        let batch = self.config.optimiser.batch;
        self.order.clear();
        while self.order.len() < steps * batch {
            let mut all: Vec<usize> = (0..self.learned.len()).collect();
            all.shuffle(&mut rng);
            self.order.extend(all);
        }
        Ok(steps)
    }

    fn loss(&self, step: usize, network: &dyn Network, noise: &mut Noise) -> Result<Tensor> {
        let batch = self.config.optimiser.batch;
        let chosen = &self.order[step * batch..(step + 1) * batch];
        let chosen: Vec<&Labelled> = chosen.iter().map(|&at| &self.learned[at]).collect();
        self.loss_of(&chosen, network, noise)
    }

    fn validate(&self, model: &dyn Model, _: &[u8]) -> Result<Validation> {
        let mut entropy = 0.0;
        let mut windows = 0;
        for stretch in &self.validated {
            let said = model.scan(&stretch.codes, f32::INFINITY)?.probability;
            windows += said.len();
            for (p, target) in said.iter().zip(&stretch.targets) {
                let (p, target) = (f64::from(*p), f64::from(*target));
                let log = |p: f64| p.max(1e-9).ln();
                entropy -= target * log(p) + (1.0 - target) * log(1.0 - p);
            }
        }
        let loss = entropy / windows.max(1) as f64;
        Ok(Validation { merit: -loss, figures: vec![("validation_loss".into(), Some(loss))] })
    }
}

impl ScreenTask<'_> {
    fn loss_of(
        &self,
        stretches: &[&Labelled],
        network: &dyn Network,
        noise: &mut Noise,
    ) -> Result<Tensor> {
        let segments = stretches
            .iter()
            .map(|stretch| Segment { codes: stretch.codes.clone(), cuts: Vec::new() });
        let labels: Vec<_> = stretches.iter().map(|stretch| stretch.labels()).collect();
        let together = self.config.stretches.together;
        let batch = tensors(segments.collect(), &labels, together, self.device)?;
        let windows: Vec<Window<'_>> =
            batch.segments.iter().map(|segment| Window::from(segment.codes.as_slice())).collect();
        scan::loss(&network.forward(&windows, noise)?, &batch, &self.config.loss)
    }
}

/// Whether a strong polyA signal lies where windows of the stretch may have their site's.
fn has_signal(codes: &[u8]) -> bool {
    let centres = CENTRE..codes.len() + 1 + CENTRE - WINDOW;
    let mut places = centres.start - FARTHEST..centres.end - NEAREST;
    places.any(|at| signal_at(codes, at).is_some_and(|rank| rank < STRONG))
}
