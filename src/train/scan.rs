//! `polyascan train scan`: classification and cleavage vector.

pub mod config;
pub mod distil;
pub mod epoch;
pub mod segment;
pub mod sources;

use candle_core::{D, Device, Tensor};
use candle_nn::ops::log_softmax;
use rayon::prelude::*;

use super::fit::{Task, Trainable, Validation};
use super::losses::binary_cross_entropy;
use super::network::{Network, Noise};
use super::recipe::Configuration;
use crate::error::{Error, Result};
use crate::evaluate::accuracy::{Ranking, rankings};
use crate::evaluate::measured::{MeasuredSite, read_sites};
use crate::evaluate::negatives::{Place, random};
use crate::genome::memory::Genome;
use crate::genome::strand::Strand;
use crate::models::{CENTRE, CLEAVAGE, Model, WINDOW, Window};
use config::{Loss, ScanTraining};
use epoch::{Batch, Epoch, Sources};

/// A hard negative is the highest-scoring place within this many nt of a random one.
const MINING_REACH: usize = 100;

/// The data of a run, and the epoch at hand.
pub struct ScanTask<'a> {
    config: &'a ScanTraining,
    device: &'a Device,
    sources: Sources,
    epoch: Option<Epoch>,
    validation: (Genome, Vec<MeasuredSite>),
}

impl<'a> ScanTask<'a> {
    /// Reads all data.
    ///
    /// # Errors
    /// Data that cannot be read or do not fill a batch.
    pub fn new(config: &'a ScanTraining, device: &'a Device) -> Result<Self> {
        let sources = Sources::read(config)?;
        let genome = Genome::read(&config.file(&config.validation.fasta))?;
        let sites = read_sites(&config.file(&config.validation.sites), &genome)?;
        // At once, not after an epoch of work: whether the data fill a batch.
        Epoch::new(&sources, config, 0)?;
        Ok(Self { config, device, sources, epoch: None, validation: (genome, sites) })
    }

    /// Mines hard negatives with a model.
    ///
    /// # Errors
    /// If the model fails.
    pub fn mine(&mut self, model: &dyn Model, seed: u64) -> Result<()> {
        for measured in &mut self.sources.genomes {
            let count = measured.config.hard;
            measured.hard = mine(model, &measured.genome, &measured.sites, count, seed)?;
        }
        Ok(())
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
            self.mine(model, self.config.model.seed + number as u64)?;
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

    fn validate(&self, model: &dyn Model) -> Result<Validation> {
        let (genome, sites) = &self.validation;
        let rankings = rankings(model, genome, sites)?;
        let figures = rankings.iter().flat_map(|r| {
            let name = |score| format!("{}_{}_{score}", r.negatives, r.tier);
            [(name("auroc_p50"), r.auroc_p50), (name("auroc_pv"), r.auroc_pv)]
        });
        Ok(Validation { merit: merit(&rankings), figures: figures.collect() })
    }
}

/// Binary cross-entropy of the classification plus cross-entropy of the cleavage vectors.
fn loss(outputs: &Tensor, batch: &Batch, weights: &Loss) -> Result<Tensor> {
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
        let ranking = rankings.iter().find(|r| r.tier == tier && r.negatives == "random")?;
        Some(ranking.auroc_p50? + ranking.auroc_pv?)
    };
    of_tier("high").or_else(|| of_tier("all")).unwrap_or(0.0)
}

/// Returns the place of the highest classification within 100 nt of each of many random places, all
/// of them away from sites.
fn mine(
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
    count: usize,
    seed: u64,
) -> Result<Vec<Place>> {
    // Random places are 200 nt or more from any site, so what is near them still is 100 nt away.
    let hardest = random(genome, sites, count, seed).into_par_iter().map(|place| {
        let Place { contig, strand, position } = place;
        let (before, length) = (CENTRE + MINING_REACH, WINDOW + 2 * MINING_REACH);
        let Some(codes) = genome.around(contig, strand, position, before, length) else {
            return Ok(place);
        };
        let scores = model.scan(&codes, f32::INFINITY)?.probability;
        let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let best = best.unwrap_or(MINING_REACH);
        let position = match strand {
            Strand::Plus => position + best - MINING_REACH,
            Strand::Minus => position + MINING_REACH - best,
        };
        Ok(Place { contig, strand, position })
    });
    hardest.collect()
}
