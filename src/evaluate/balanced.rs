//! The question that a classification answers: does RNA get cleaved in the central 50 nt of this
//! window, where windows with and without a site are equally many? (Stroup & Ji 2023, Methods:
//! training data.)

use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::calibration::line::Line;
use super::calibration::{Calibration, Tally};
use super::measured::{MeasuredSite, Place, Tier};
use super::metrics::auroc;
use super::negatives::{Neighbours, random};
use crate::error::Result;
use crate::genome::memory::Genome;
use crate::models::{CLEAVAGE_CENTRE, Model};

/// Windows per site, each shifted by -25 to 24 nt: the site lies anywhere in the central 50 nt.
const SHIFTS: usize = 5;
/// Neighbours lie so far from a site, in nt.
const NEIGHBOURS: std::ops::RangeInclusive<usize> = 50..=100;
/// Of either strand's windows, one of this many negatives is a random place, one a random place
/// shuffled, one a neighbour of a site.
const KINDS: usize = 3;
/// Fixed, so that models are compared on the same windows.
const SEED: u64 = 20_261_128;

/// Classifications of windows with and without a site in their central 50 nt.
#[derive(Clone, Debug, Default)]
pub struct Balanced {
    positives: Vec<f32>,
    negatives: Vec<f32>,
}

impl Balanced {
    /// Scores windows around the sites of high evidence (all, if there are none), and as many
    /// without.
    ///
    /// # Errors
    /// If the model cannot be scanned, or fails.
    pub fn new(model: &dyn Model, genome: &Genome, sites: &[MeasuredSite]) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let high: Vec<&MeasuredSite> = sites.iter().filter(|site| site.is(Tier::High)).collect();
        let shown = if high.is_empty() { sites.iter().collect() } else { high };
        let positives = positives(genome, &shown, &mut rng);
        let negatives = negatives(genome, sites, positives.len(), &mut rng);
        Ok(Self {
            positives: classifications(model, &positives)?,
            negatives: classifications(model, &negatives)?,
        })
    }

    /// Returns the line through the log-odds that makes them those of balanced windows.
    pub fn line(&self) -> Option<Line> {
        Line::fit(&self.positives, &self.negatives, self.times())
    }

    /// Returns the area under the ROC curve.
    pub fn auroc(&self) -> Option<f64> {
        auroc(&self.positives, &self.negatives)
    }

    /// Returns how well the classifications are the shares of windows with a site.
    pub fn calibration(&self) -> Calibration {
        let mut tally = Tally::default();
        self.positives.iter().for_each(|&p| tally.add(p, true));
        self.negatives.iter().for_each(|&p| tally.add(p, false));
        tally.finish()
    }

    /// How often a negative counts: places are hard to find in short sequence.
    fn times(&self) -> f64 {
        self.positives.len() as f64 / self.negatives.len().max(1) as f64
    }
}

fn positives(genome: &Genome, sites: &[&MeasuredSite], rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let centre = CLEAVAGE_CENTRE as i64;
    let shifted = sites.iter().flat_map(|site| {
        let shifts: [i64; SHIFTS] = std::array::from_fn(|_| rng.random_range(-centre..centre));
        shifts.map(|shift| window(genome, site.place(), shift as isize))
    });
    shifted.flatten().collect()
}

fn negatives(
    genome: &Genome,
    sites: &[MeasuredSite],
    count: usize,
    rng: &mut impl Rng,
) -> Vec<Vec<u8>> {
    let of_kind = count / KINDS;
    let places = random(genome, sites, count - of_kind, SEED);
    let mut windows: Vec<Vec<u8>> =
        places.iter().filter_map(|&place| window(genome, place, 0)).collect();
    windows.iter_mut().take(of_kind).for_each(|codes| codes.shuffle(rng));
    let near = Neighbours::new(sites);
    // More tries than are needed: places near the contigs' ends and near other sites are no
    // negatives.
    for _ in 0..20 * of_kind {
        if windows.len() == count || sites.is_empty() {
            break;
        }
        let place = sites[rng.random_range(0..sites.len())].place();
        let away = rng.random_range(NEIGHBOURS) as isize;
        let shift = if rng.random::<bool>() { away } else { -away };
        let Some(position) = place.position.checked_add_signed(shift) else { continue };
        if !near.within(Place { position, ..place }, NEIGHBOURS.start() - 1) {
            windows.extend(window(genome, Place { position, ..place }, 0));
        }
    }
    windows
}

/// Returns the complete window centred so many nt after a place, on the contig.
fn window(genome: &Genome, place: Place, shift: isize) -> Option<Vec<u8>> {
    let position = place.position.checked_add_signed(shift)?;
    genome.window(place.contig, place.strand, position)
}

fn classifications(model: &dyn Model, windows: &[Vec<u8>]) -> Result<Vec<f32>> {
    let one = |codes: &Vec<u8>| Ok(model.scan(codes, f32::INFINITY)?.probability);
    Ok(windows.par_iter().map(one).collect::<Result<Vec<_>>>()?.concat())
}
