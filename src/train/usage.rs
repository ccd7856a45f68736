//! `polyascan train usage`: log2 odds of the usage of sites among those of a terminal exon, as
//! PolyaStrength was trained (Stroup & Ji 2023, eq. 4).

pub mod config;

use candle_core::{DType, Device, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::fit::{Task, Trainable, Validation};
use super::losses::squared_error;
use super::network::{Network, Noise};
use super::recipe::Configuration;
use crate::error::{Error, Result};
use crate::evaluate::metrics::{mean, pearson, spearman};
use crate::evaluate::parts::Dealt;
use crate::evaluate::strength::{agreement, strengths};
use crate::evaluate::usage::{CountedSite, GeneOf, complete, log_odds, read_counts};
use crate::genome::memory::Genome;
use crate::models::part::Part;
use crate::models::{CENTRE, Model, WINDOW, Window};
use config::{CountedSites, UsageTraining};

/// Counts of validation sites that differ more than so many times are ranked, as published.
const FOLD: f64 = 8.0;
/// Counts below it are taken for it.
const FLOOR: f64 = 1.0;

/// Sites with their usage, dealt out.
pub struct MeasuredUsage {
    pub genome: Genome,
    /// With a whole window and log2 odds of usage.
    pub sites: Vec<CountedSite>,
    odds: Vec<f64>,
    dealt: Dealt,
}

impl MeasuredUsage {
    /// Reads a genome, its sites and their genes.
    ///
    /// # Errors
    /// Files that cannot be read, no site with usage.
    pub fn read(config: &UsageTraining) -> Result<Self> {
        let CountedSites { fasta, sites, counts, gene, annotation, except, min_reads } =
            &config.sites;
        let (fasta, table) = (config.file(fasta), config.file(sites));
        let mut genome = Genome::read(&fasta)?;
        let except = genome.contigs.resolve_all(except);
        let except = except.map_err(|problem| Error::input(&fasta, "except", problem))?;
        genome.leave_out(|contig| except.contains(&contig));
        let annotation = annotation.as_ref().map(|path| config.file(path));
        let gene = match &annotation {
            Some(path) => GeneOf::Annotation(path),
            None => GeneOf::Column(gene),
        };
        // Usage is among all sites of a gene, whether their windows are whole or not.
        let all = read_counts(&table, &genome, counts, gene)?;
        let odds = log_odds(&all, *min_reads);
        let is_whole =
            |site: &CountedSite| !complete(vec![site.clone()], &genome, CENTRE, WINDOW).is_empty();
        let (sites, odds): (Vec<CountedSite>, Vec<f64>) = (all.into_iter().zip(odds))
            .filter_map(|(site, odds)| Some((site, odds?)))
            .filter(|(site, _)| is_whole(site))
            .unzip();
        if sites.is_empty() {
            let problem =
                format!("no site of a terminal exon whose gene has {min_reads} reads or more");
            return Err(Error::input(&table, "", problem));
        }
        let contigs: Vec<usize> = sites.iter().map(|site| site.place.contig).collect();
        let dealt = config.parts.deal(&contigs, config.model.seed);
        Ok(Self { genome, sites, odds, dealt })
    }

    /// Returns the numbers of the sites of a part.
    pub fn of_part(&self, part: Part) -> Vec<usize> {
        (0..self.sites.len()).filter(|&site| self.dealt.parts[site] == part).collect()
    }

    /// Returns the window centred on a site.
    fn window(&self, site: usize) -> Vec<u8> {
        let place = self.sites[site].place;
        self.genome.around_padded(place.contig, place.strand, place.position, CENTRE, WINDOW)
    }
}

/// The data of a run, and the epoch at hand.
pub struct UsageTask<'a> {
    config: &'a UsageTraining,
    device: &'a Device,
    measured: MeasuredUsage,
    training: Vec<usize>,
    validation: Vec<CountedSite>,
    /// Log2 odds of the validation sites.
    expected: Vec<f64>,
    /// The epoch's training sites, in order.
    order: Vec<usize>,
}

impl<'a> UsageTask<'a> {
    /// Reads all data.
    ///
    /// # Errors
    /// Data that cannot be read, a part without sites.
    pub fn new(config: &'a UsageTraining, device: &'a Device) -> Result<Self> {
        let measured = MeasuredUsage::read(config)?;
        let [training, validation] =
            [Part::Training, Part::Validation].map(|part| measured.of_part(part));
        if training.is_empty() || validation.is_empty() {
            let problem = format!(
                "{} sites train and {} validate: add sites",
                training.len(),
                validation.len()
            );
            return Err(Error::model(&config.model.name, problem));
        }
        tracing::info!("{} sites to train, {} to validate", training.len(), validation.len());
        let expected = validation.iter().map(|&site| measured.odds[site]).collect();
        let validation = validation.iter().map(|&site| measured.sites[site].clone()).collect();
        Ok(Self { config, device, measured, training, validation, expected, order: Vec::new() })
    }
}

impl Trainable for UsageTraining {
    fn task<'a>(&'a self, device: &'a Device) -> Result<Box<dyn Task + 'a>> {
        Ok(Box::new(UsageTask::new(self, device)?))
    }
}

impl Task for UsageTask<'_> {
    fn begin(&mut self, number: usize, _: Option<&dyn Model>) -> Result<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.config.model.seed);
        rng.set_stream(1 + number as u64);
        self.order.clone_from(&self.training);
        self.order.shuffle(&mut rng);
        Ok(self.order.len().div_ceil(self.config.optimiser.batch))
    }

    fn loss(&self, step: usize, network: &dyn Network, noise: &mut Noise) -> Result<Tensor> {
        let batch = self.config.optimiser.batch;
        let first = step * batch;
        let order = &self.order[first..self.order.len().min(first + batch)];
        let codes: Vec<Vec<u8>> = order.iter().map(|&site| self.measured.window(site)).collect();
        let windows: Vec<Window<'_>> = codes.iter().map(|codes| codes.as_slice().into()).collect();
        let odds: Vec<f32> = order.iter().map(|&site| self.measured.odds[site] as f32).collect();
        let odds = Tensor::from_vec(odds, order.len(), self.device)?;
        let ones = Tensor::ones(order.len(), DType::F32, self.device)?;
        squared_error(&network.forward(&windows, noise)?.flatten_all()?, &odds, &ones)
    }

    fn validate(&self, model: &dyn Model, _: &[u8]) -> Result<Validation> {
        let found = strengths(model, &self.measured.genome, &self.validation)?;
        let pairs: Vec<(f64, f64)> =
            found.iter().map(|&found| f64::from(found)).zip(self.expected.clone()).collect();
        let errors: Vec<f64> = pairs.iter().map(|(a, b)| (a - b).powi(2)).collect();
        let error = mean(&errors);
        let ranked = agreement("strength", &found, &self.validation, FOLD, FLOOR);
        let figures = [
            ("squared_error", error),
            ("pearson", pearson(&pairs)),
            ("spearman", spearman(&pairs)),
            ("pairs_auroc", ranked.auroc_of_differences),
        ];
        let figures = figures.map(|(name, figure)| (name.to_owned(), figure)).into();
        Ok(Validation { merit: -error.unwrap_or(f64::MAX), figures })
    }
}
