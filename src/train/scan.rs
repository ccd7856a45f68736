//! `polyascan train scan`: classification and cleavage vector.

pub mod config;
pub mod distil;
pub mod epoch;
pub mod segment;
pub mod sources;

use candle_core::{D, Device, Tensor};
use candle_nn::ops::log_softmax;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::fit::{Task, Trainable, Validation};
use super::log::Figure;
use super::losses::binary_cross_entropy;
use super::network::{Network, Noise};
use super::recipe::Configuration;
use crate::error::{Error, Result};
use crate::evaluate::accuracy::{Ranking, ScoredPlaces};
use crate::evaluate::balanced::Balanced;
use crate::evaluate::calibration::calls;
use crate::evaluate::calibration::line::Line;
use crate::evaluate::measured::{MeasuredSite, Place, Tier};
use crate::evaluate::negatives::{Negatives, Neighbours};
use crate::evaluate::position;
use crate::evaluate::recall::{Call, Peaks, at_rates, peaks};
use crate::evaluate::scores::each_strand_of;
use crate::genome::memory::Genome;
use crate::models::posterior::Posterior;
use crate::models::{CLEAVAGE, Model, Window};
use config::{HeldOut, Loss, ScanTraining};
use epoch::{Batch, Epoch, Sources};
use sources::{Measured, read_sites_of};

/// Hard negatives are drawn from this many peaks per kb and strand.
const MINED_RATE: f64 = 1.5;
/// So many times more sequence than that takes is looked through: some peaks lie at sites.
const MINED_SPARE: f64 = 1.5;
/// They lie farther than this, in nt, from any site of their strand.
const MINED_DISTANCE: usize = 100;

/// The data of a run, and the epoch at hand.
pub struct ScanTask<'a> {
    config: &'a ScanTraining,
    device: &'a Device,
    sources: Sources,
    epoch: Option<Epoch>,
    validation: Held,
    calibration: Option<Held>,
}

/// Sequence and sites that nothing is learned from.
struct Held {
    genome: Genome,
    sites: Vec<MeasuredSite>,
}

impl Held {
    fn read(held: &HeldOut, config: &ScanTraining) -> Result<Self> {
        let (fasta, table) = (config.file(&held.fasta), config.file(&held.sites));
        let mut genome = Genome::read(&fasta)?;
        let only = genome.contigs.resolve_all(&held.only);
        let only = only.map_err(|problem| Error::input(&fasta, "only", problem))?;
        genome.leave_out(|contig| !only.is_empty() && !only.contains(&contig));
        let sites = read_sites_of(&table, &genome)?;
        if sites.is_empty() {
            Err(Error::of_file(&table, "no site on the contigs that are held out"))
        } else {
            Ok(Self { genome, sites })
        }
    }
}

impl<'a> ScanTask<'a> {
    /// Reads all data.
    ///
    /// # Errors
    /// Data that cannot be read or do not fill a batch.
    pub fn new(config: &'a ScanTraining, device: &'a Device) -> Result<Self> {
        let sources = Sources::read(config)?;
        let validation = Held::read(&config.validation, config)?;
        let calibration = config.calibration.as_ref().map(|held| Held::read(held, config));
        let calibration = calibration.transpose()?;
        // At once, not after an epoch of work: whether the data fill a batch.
        Epoch::new(&sources, config, 0)?;
        Ok(Self { config, device, sources, epoch: None, validation, calibration })
    }
}

impl ScanTask<'_> {
    fn not_calibrated(&self, what: &str) -> Error {
        let problem = format!("[calibration]: {what}; give it more sites and sequence");
        Error::model(&self.config.model.name, problem)
    }
}

impl Trainable for ScanTraining {
    fn task<'a>(&'a self, device: &'a Device) -> Result<Box<dyn Task + 'a>> {
        Ok(Box::new(ScanTask::new(self, device)?))
    }
}

impl Task for ScanTask<'_> {
    fn begin(&mut self, number: usize, model: Option<&dyn Model>) -> Result<usize> {
        if let Some(model) = model {
            for measured in &mut self.sources.genomes {
                if measured.config.hard > 0 {
                    measured.hard = mine(model, measured, self.config.model.seed + number as u64)?;
                }
            }
        }
        let epoch = Epoch::new(&self.sources, self.config, number)?;
        let steps = epoch.steps();
        self.epoch = Some(epoch);
        Ok(steps)
    }

    fn loss(&self, step: usize, network: &dyn Network, noise: &mut Noise) -> Result<Tensor> {
        let Some(epoch) = &self.epoch else {
            return Err(Error::Internal("a step before the epoch was begun".into()));
        };
        let batch = epoch.batch(&self.sources, self.config, step, self.device)?;
        let windows: Vec<Window<'_>> =
            batch.segments.iter().map(|segment| Window::from(segment.codes.as_slice())).collect();
        loss(&network.forward(&windows, noise)?, &batch, &self.config.loss)
    }

    fn validate(&self, model: &dyn Model, _: &[u8]) -> Result<Validation> {
        let Held { genome, sites } = &self.validation;
        let rankings = ScoredPlaces::new(model, genome, sites)?.rankings();
        let figures = rankings.iter().flat_map(|r| {
            let name = |score| format!("{}_{}_{score}", r.negatives, r.tier);
            [
                (name("auroc_classification"), r.auroc_classification),
                (name("auroc_sharp"), r.auroc_sharp),
            ]
        });
        let mut figures: Vec<Figure> = figures.collect();
        let (peaks, kb) = peaks(model, genome)?.likeliest();
        let found = at_rates(&peaks, kb, sites).into_iter().filter(|r| r.tier == Tier::High);
        figures.extend(
            found.map(|r| (format!("recall_high_{}", r.calls.replace(' ', "_")), r.recall)),
        );
        if let Some(correlation) = position::correlation(model, genome, sites)? {
            figures.push(("mean_position_pearson".into(), Some(correlation)));
        }
        Ok(Validation { merit: merit(&rankings), figures })
    }

    fn calibrate(&self, model: &dyn Model) -> Result<Option<Line>> {
        let Some(Held { genome, sites }) = &self.calibration else { return Ok(None) };
        match Balanced::new(model, genome, sites)?.line() {
            Some(line) => Ok(Some(line)),
            None => Err(self.not_calibrated("no line was found for the classification")),
        }
    }

    fn posterior(&self, model: &dyn Model) -> Result<Option<Posterior>> {
        let Some(Held { genome, sites }) = &self.calibration else { return Ok(None) };
        match calls::posterior(&peaks(model, genome)?.likeliest().0, sites) {
            Some(posterior) => Ok(Some(posterior)),
            None => Err(self.not_calibrated("no posterior was found")),
        }
    }
}

/// Binary cross-entropy of the classification plus cross-entropy of the cleavage vectors.
///
/// # Errors
/// If the tensor library fails.
pub fn loss(outputs: &Tensor, batch: &Batch, weights: &Loss) -> Result<Tensor> {
    let outputs = outputs.flatten_to(1)?;
    let logits = outputs.narrow(1, 0, 1)?.squeeze(1)?;
    let total = (binary_cross_entropy(&logits, &batch.target)? * weights.classification)?;
    let Some((indices, vectors, masses)) = &batch.labelled else {
        return Ok(total);
    };
    let cleavage = outputs.index_select(indices, 0)?.narrow(1, 1, CLEAVAGE)?;
    let cross = (log_softmax(&cleavage, D::Minus1)? * vectors)?.sum(1)?.neg()?;
    let cross = ((cross * masses)?.sum_all()? / masses.sum_all()?)?;
    Ok((total + (cross * weights.cleavage)?)?)
}

/// What chooses the epoch: sites (high-evidence ones, if there are any) against random places, both
/// scores.
fn merit(rankings: &[Ranking]) -> f64 {
    let of_tier = |tier| {
        let ranking =
            rankings.iter().find(|r| r.tier == tier && r.negatives == Negatives::Random)?;
        Some(ranking.auroc_classification? + ranking.auroc_sharp?)
    };
    of_tier(Tier::High).or_else(|| of_tier(Tier::All)).unwrap_or(0.0)
}

/// Returns the highest peaks of a scan of the genome that are away from all sites: what would be
/// called wrongly. Of a big genome as many random contigs are scanned as the peaks that are asked
/// for take.
fn mine(model: &dyn Model, measured: &Measured, seed: u64) -> Result<Vec<Place>> {
    let mut order: Vec<usize> = (0..measured.genome.codes.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut peaks = Peaks::default();
    for contig in order {
        if MINED_RATE * peaks.kb() > MINED_SPARE * measured.config.hard as f64 {
            break;
        }
        each_strand_of(model, &measured.genome, contig, |profile| peaks.add_strand(profile))?;
    }
    let (peaks, kb) = peaks.sharpest();
    let near = Neighbours::new(&measured.sites);
    let places = peaks.iter().map(Call::place);
    let away = places.filter(|&place| !near.within(place, MINED_DISTANCE));
    Ok(away.take((MINED_RATE * kb) as usize).collect())
}
