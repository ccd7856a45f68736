//! Usage that was measured, as pairs of sites of one gene whose strengths are to differ as their
//! counts do.

use candle_core::{Device, Tensor};
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::config::{StrengthTraining, UsageSource};
use crate::error::{Error, Result};
use crate::evaluate::strength::{Agreement, agreement, strengths};
use crate::evaluate::usage::{CountedSite, GeneOf, Pair, complete, genes, pairs, read_counts};
use crate::genome::memory::Genome;
use crate::models::{CENTRE, Model, WINDOW};
use crate::train::losses::binary_cross_entropy;
use crate::train::recipe::Configuration;

/// Windows are centred at most so far from the site, in nt: a measured position can be off, and
/// strength does not depend on where exactly the window lies.
pub const SHIFT: usize = 3;

/// A genome whose sites have counts.
pub struct Usage {
    pub config: UsageSource,
    genome: Genome,
    sites: Vec<CountedSite>,
    /// The pairs that each site is in, of sites that are in any.
    partners: Vec<Vec<Pair>>,
}

impl Usage {
    /// Reads a genome, its sites and their genes.
    ///
    /// # Errors
    /// Files that cannot be read or hold no pair.
    pub fn read(config: &UsageSource, training: &StrengthTraining) -> Result<Self> {
        let fasta = training.file(&config.fasta);
        let mut genome = Genome::read(&fasta)?;
        let except = genome.contigs.resolve_all(&config.except);
        let except = except.map_err(|problem| Error::input(&fasta, "except", problem))?;
        genome.leave_out(|contig| except.contains(&contig));
        let annotation = config.annotation.as_ref().map(|path| training.file(path));
        let gene = match &annotation {
            Some(path) => GeneOf::Annotation(path),
            None => GeneOf::Column(&config.gene),
        };
        let path = training.file(&config.sites);
        let sites = read_counts(&path, &genome, &config.counts, gene)?;
        let sites = complete(sites, &genome, CENTRE + SHIFT, WINDOW + 2 * SHIFT);
        let mut partners = vec![Vec::new(); sites.len()];
        for gene in genes(&sites) {
            for pair in pairs(&sites, &gene, config.floor) {
                partners[pair.more].push(pair);
                partners[pair.less].push(pair);
            }
        }
        partners.retain(|pairs| !pairs.is_empty());
        if partners.is_empty() {
            let problem = format!("no two sites of a gene, one of them above {}", config.floor);
            return Err(Error::of_file(&path, problem));
        }
        Ok(Self { config: config.clone(), genome, sites, partners })
    }

    /// Draws a pair: first a site, so that genes count by their sites, not by their square.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Pair> {
        self.partners.choose(rng)?.choose(rng).copied()
    }

    /// Returns what both sites of a pair are read as, that used more first: windows centred `first`
    /// to `last` nt after the site; at most [`SHIFT`] on either side.
    pub fn windows(&self, pair: &Pair, first: i64, last: i64) -> [Vec<u8>; 2] {
        let length = WINDOW + (last - first).unsigned_abs() as usize;
        [pair.more, pair.less].map(|site| {
            let place = self.sites[site].place;
            let before = (CENTRE as i64 - first).unsigned_abs() as usize;
            self.genome.around_padded(place.contig, place.strand, place.position, before, length)
        })
    }

    /// Compares a model's strengths of the sites with their counts, over pairs that differ `fold`
    /// times.
    ///
    /// # Errors
    /// If the model fails.
    pub fn agreement(&self, model: &dyn Model, fold: f64) -> Result<Agreement> {
        let strengths = strengths(model, &self.genome, &self.sites)?;
        Ok(agreement("strength", &strengths, &self.sites, fold, self.config.floor))
    }
}

/// Cross-entropy of the shares of the two sites: that of the site used more is measured as
/// 2^d / (1 + 2^d), d at most `limit`, and predicted with the difference of the strengths (pairs,
/// that used more first, x windows).
pub fn loss(strengths: &Tensor, pairs: &[Pair], limit: f64, device: &Device) -> Result<Tensor> {
    let (count, windows) = strengths.dims2()?;
    let share = |pair: &Pair| {
        let odds = pair.difference.min(limit).exp2();
        (odds / (1.0 + odds)) as f32
    };
    let targets: Vec<f32> = pairs.iter().map(share).collect();
    let targets = Tensor::from_vec(targets, (count / 2, 1), device)?;
    let targets = targets.broadcast_as((count / 2, windows))?.contiguous()?.flatten_all()?;
    let sites = strengths.reshape((count / 2, 2, windows))?;
    let difference = (sites.narrow(1, 0, 1)? - sites.narrow(1, 1, 1)?)?.flatten_all()?;
    binary_cross_entropy(&(difference * std::f64::consts::LN_2)?, &targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_least_where_strengths_differ_as_counts_do() {
        let device = Device::Cpu;
        let pair = |difference| Pair { more: 0, less: 1, difference };
        let value = |strengths: &[[f32; 2]], pairs: &[Pair]| {
            let shape = (strengths.len(), 2);
            let strengths = Tensor::from_vec(strengths.concat(), shape, &device).unwrap();
            f64::from(loss(&strengths, pairs, 6.0, &device).unwrap().to_scalar::<f32>().unwrap())
        };
        let at = |d: f32| value(&[[d - 1.0, d + 1.0], [-1.0, 1.0]], &[pair(3.0)]);
        assert!(at(3.0) < at(2.9) && at(3.0) < at(3.1));
        // Shares 8/9 and 1/9: their entropy.
        let entropy = -(8.0f64 / 9.0 * (8.0f64 / 9.0).ln() + (1.0f64 / 9.0).ln() / 9.0);
        assert!((at(3.0) - entropy).abs() < 1e-5);
        // A difference past the limit is taken for it, and the mean is over pairs and windows.
        let far = value(&[[6.0, 6.0], [0.0, 0.0]], &[pair(11.0)]);
        assert!((far - value(&[[6.0, 6.0], [0.0, 0.0]], &[pair(6.0)])).abs() < 1e-6);
        let both =
            value(&[[6.0, 6.0], [0.0, 0.0], [3.0, 3.0], [0.0, 0.0]], &[pair(6.0), pair(3.0)]);
        assert!((both - (far + entropy) / 2.0).abs() < 1e-5);
    }
}
