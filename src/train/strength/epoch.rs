//! What an epoch of `train strength` shows, and in which order.

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::example::Example;
use super::{StrengthTask, pair};
use crate::error::{Error, Result};
use crate::evaluate::usage::Pair;

/// The stream of the epoch's generator that pairs of sites are drawn from; examples have those from
/// 1 on.
const USAGE: u64 = u64::MAX;

/// An epoch.
#[derive(Default)]
pub struct Epoch {
    /// Source and row of each example, in order.
    rows: Vec<(usize, usize)>,
    /// Source of usage and pair, in order.
    usage: Vec<(usize, Pair)>,
    seed: u64,
}

impl Epoch {
    /// Returns how many steps it has.
    pub fn steps(&self, batch: usize) -> usize {
        self.rows.len() / batch
    }

    /// Returns the pairs of sites of a step: as many in each.
    pub fn usage_of(&self, step: usize, batch: usize) -> &[(usize, Pair)] {
        let count = self.usage.len() / self.steps(batch).max(1);
        &self.usage[step * count..(step + 1) * count]
    }
}

impl StrengthTask<'_> {
    /// Draws an epoch.
    ///
    /// # Errors
    /// If the windows do not fill a batch.
    pub(super) fn draw(&self, number: usize) -> Result<Epoch> {
        let seed = self.config.model.seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draws = Vec::new();
        for (index, source) in self.sources.iter().enumerate() {
            let rows: Vec<usize> = (0..source.rows.len()).collect();
            draws.extend(rows.sample(&mut rng, source.config.per_epoch).map(|&row| (index, row)));
        }
        draws.shuffle(&mut rng);
        let (count, batch) = (draws.len(), self.config.optimiser.batch);
        if count < batch {
            let problem = format!(
                "an epoch of {count} windows does not fill a batch of {batch}: lower it or add data"
            );
            return Err(Error::model(&self.config.model.name, problem));
        }
        rng.set_stream(USAGE);
        let mut usage = Vec::new();
        for (index, source) in self.usage.iter().enumerate() {
            let pairs = (0..source.config.per_epoch).filter_map(|_| source.draw(&mut rng));
            usage.extend(pairs.map(|pair| (index, pair)));
        }
        usage.shuffle(&mut rng);
        Ok(Epoch { rows: draws, usage, seed })
    }

    /// Returns the pairs of a step.
    pub(super) fn examples(&self, step: usize) -> Vec<Example> {
        let size = self.config.optimiser.batch;
        let pairs = (step * size..(step + 1) * size).map(|i| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.epoch.seed);
            rng.set_stream(1 + i as u64);
            let (source, row) = self.epoch.rows[i];
            let source = &self.sources[source];
            let mut example = Example::new(&source.rows[row], source.config.hexamer);
            if rng.random::<f64>() < self.config.labels.short {
                example.shorten();
            }
            pair(example, &mut rng)
        });
        pairs.flatten().collect()
    }
}
