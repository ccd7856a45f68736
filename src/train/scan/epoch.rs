//! The order of an epoch, and batches of labelled segments as tensors.

use candle_core::{Device, Tensor};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::config::ScanTraining;
use super::distil::{Teachers, blend};
use super::segment::{Segment, WindowLabel};
use super::sources::{Measured, Windows};
use crate::error::{Error, Result};
use crate::evaluate::measured::Place;
use crate::models::{CLEAVAGE, WINDOW};

/// Cleavage mass below which a window's vector is not learned.
const LEAST_MASS: f32 = 0.02;

/// Share of short windows whose flanks are N; the others get genomic flanks.
const UNKNOWN_FLANKS: f64 = 0.3;

/// All data of a run.
pub struct Sources {
    pub windows: Vec<Windows>,
    pub genomes: Vec<Measured>,
    pub teachers: Teachers,
}

/// One segment to be shown: which, of which source.
#[derive(Clone, Copy, Debug)]
enum Draw {
    Window { source: usize, row: usize },
    Antisense { source: usize, row: usize },
    Site { source: usize, site: usize },
    Place { source: usize, place: Place },
    Random { source: usize },
    Shuffled { source: usize },
}

impl Sources {
    /// Reads all data that the configuration names.
    ///
    /// # Errors
    /// Those of the readers.
    pub fn read(config: &ScanTraining) -> Result<Self> {
        let windows = config.windows.iter().map(|source| Windows::read(source, config));
        let genomes = config.genome.iter().map(|source| Measured::read(source, config));
        Ok(Self {
            windows: windows.collect::<Result<_>>()?,
            genomes: genomes.collect::<Result<_>>()?,
            teachers: Teachers::load(config.distil.as_ref())?,
        })
    }

    /// Returns the epoch's segments to be shown, in random order.
    fn draws(&self, rng: &mut ChaCha8Rng) -> Vec<Draw> {
        let mut draws = Vec::new();
        for (source, windows) in self.windows.iter().enumerate() {
            let rows: Vec<usize> = (0..windows.len()).collect();
            let window = |&row: &usize| Draw::Window { source, row };
            draws.extend(rows.sample(rng, windows.config.per_epoch).map(window));
            let antisense = |&row: &usize| Draw::Antisense { source, row };
            draws.extend(rows.sample(rng, windows.config.antisense).map(antisense));
        }
        for (source, measured) in self.genomes.iter().enumerate() {
            for site in 0..measured.sites.len() {
                draws.extend((0..measured.repeats(site)).map(|_| Draw::Site { source, site }));
            }
            let hard: Vec<Place> =
                measured.hard.sample(rng, measured.config.hard).copied().collect();
            let random = measured.config.random + measured.config.hard - hard.len();
            draws.extend((0..random).map(|_| Draw::Random { source }));
            draws.extend((0..measured.config.shuffled).map(|_| Draw::Shuffled { source }));
            draws.extend(hard.into_iter().map(|place| Draw::Place { source, place }));
        }
        draws.shuffle(rng);
        draws
    }

    /// Makes the segment of a draw; `None` where a contig ends too early.
    fn segment(&self, draw: Draw, config: &ScanTraining, rng: &mut ChaCha8Rng) -> Option<Segment> {
        let (labels, length) = (&config.labels, config.labels.segment);
        match draw {
            Draw::Window { source, row } => {
                let flank = self.flank(config, rng);
                Some(self.windows[source].segment(row, labels, length, flank.as_deref(), rng))
            }
            Draw::Antisense { source, row } => {
                let flank = self.flank(config, rng);
                Some(self.windows[source].antisense(row, length, flank.as_deref(), rng))
            }
            Draw::Site { source, site } => self.genomes[source].at_site(site, labels, length, rng),
            Draw::Place { source, place } => self.genomes[source].near(place, labels, length, rng),
            Draw::Random { source } => self.genomes[source].random(labels, length, rng),
            Draw::Shuffled { source } => {
                let mut segment = self.genomes[source].random(labels, length, rng)?;
                segment.shuffle(rng);
                Some(segment)
            }
        }
    }

    /// Returns the labels of a segment's windows, mixed with what the teachers say of them.
    fn labels(&self, segment: &Segment, config: &ScanTraining) -> Result<Vec<WindowLabel>> {
        let labels = segment.labels(&config.labels);
        match &config.distil {
            Some(distil) => Ok(blend(&labels, &self.teachers.say(&segment.codes)?, distil.weight)),
            None => Ok(labels),
        }
    }

    /// Draws sequence without sites to put around a window, or `None`: N.
    fn flank(&self, config: &ScanTraining, rng: &mut ChaCha8Rng) -> Option<Vec<u8>> {
        if rng.random::<f64>() < UNKNOWN_FLANKS {
            return None;
        }
        let genome = self.genomes.choose(rng)?;
        let flank = genome.random(&config.labels, config.labels.segment, rng)?;
        flank.cuts.is_empty().then_some(flank.codes)
    }
}

/// A batch: B segments of L nt, W = L - 239 windows each.
pub struct Batch {
    pub segments: Vec<Segment>,
    /// (B W): target of the classification.
    pub target: Tensor,
    /// Indices (n) of the windows with cleavage among the B W, their vectors (n x 50), and weights
    /// (n).
    pub labelled: Option<(Tensor, Tensor, Tensor)>,
}

/// What an epoch shows, in order.
pub struct Epoch {
    draws: Vec<Draw>,
    seed: u64,
    /// Segments per step.
    size: usize,
}

impl Epoch {
    /// Draws the segments of epoch `number`; the same for the same seed, whatever the threads.
    ///
    /// # Errors
    /// If they do not fill a batch.
    pub fn new(sources: &Sources, config: &ScanTraining, number: usize) -> Result<Self> {
        let seed = config.model.seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
        let draws = sources.draws(&mut ChaCha8Rng::seed_from_u64(seed));
        let (count, batch) = (draws.len(), config.optimiser.batch);
        if count < batch {
            let problem = format!(
                "an epoch of {count} segments does not fill a batch of {batch}: lower it or add data"
            );
            return Err(Error::model(&config.model.name, problem));
        }
        Ok(Self { draws, seed, size: batch })
    }

    /// Returns the number of steps; what does not fill a batch is left out.
    pub fn steps(&self) -> usize {
        self.draws.len() / self.size
    }

    /// Makes the batch of a step.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn batch(
        &self,
        sources: &Sources,
        config: &ScanTraining,
        step: usize,
        device: &Device,
    ) -> Result<Batch> {
        let first = step * self.size;
        let segments: Vec<Segment> = (first..first + self.size)
            .into_par_iter()
            .map(|i| {
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                rng.set_stream(1 + i as u64);
                let mut draw = self.draws[i];
                loop {
                    let drawn = sources.segment(draw, config, &mut rng);
                    if let Some(mut segment) = drawn {
                        segment.mutate(config.labels.noise, &mut rng);
                        return segment;
                    }
                    // Too close to a contig's end: something else from the same genome.
                    if let Draw::Site { source, .. } | Draw::Place { source, .. } = draw {
                        draw = Draw::Random { source };
                    }
                }
            })
            .collect();
        let labels = segments.par_iter().map(|segment| sources.labels(segment, config));
        let labels = labels.collect::<Result<Vec<_>>>()?;
        tensors(segments, &labels, config.labels.segment + 1 - WINDOW, device)
    }
}

/// Returns labelled segments as a batch.
///
/// # Errors
/// If the tensor library fails.
pub fn tensors(
    segments: Vec<Segment>,
    labels: &[Vec<WindowLabel>],
    windows: usize,
    device: &Device,
) -> Result<Batch> {
    let mut target = vec![0f32; segments.len() * windows];
    let (mut indices, mut vectors, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for (b, labels) in labels.iter().enumerate() {
        for label in labels {
            let index = b * windows + label.start;
            target[index] = label.target;
            if label.mass > LEAST_MASS {
                indices.push(index as u32);
                vectors.extend_from_slice(&label.vector);
                weights.push(label.mass);
            }
        }
    }
    let n = indices.len();
    let labelled = (n > 0).then(|| -> Result<_> {
        Ok((
            Tensor::from_vec(indices, n, device)?,
            Tensor::from_vec(vectors, (n, CLEAVAGE), device)?,
            Tensor::from_vec(weights, n, device)?,
        ))
    });
    let count = target.len();
    let target = Tensor::from_vec(target, count, device)?;
    Ok(Batch { segments, target, labelled: labelled.transpose()? })
}
