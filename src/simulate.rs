//! A genome with known polyA sites, its annotation and variants, for demonstrations and tests.
//!
//! Nothing in it is real: a Markov chain with the dinucleotides of the human genome, in which
//! genes, polyA sites with the elements around human ones, decoys and variants are planted. The
//! background holds hexamers by chance, as a real genome does; only planted ones are listed.

mod background;
mod contig;
mod elements;
mod layout;
mod reads;
mod variants;
mod write;

use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use contig::SimulatedContig;
use write::Writers;

/// Positions in VCF and GTF are 32-bit signed in most programs.
const LONGEST_CONTIG: u64 = i32::MAX as u64;
/// One latent site (see [`SimulationReport::latent`]) for so many sites.
const SITES_PER_LATENT: u64 = 4;

/// What to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulationSettings {
    /// Nucleotides in all contigs together.
    pub length: u64,
    /// PolyA sites in all contigs together.
    pub sites: u64,
    /// Contigs, of the same length but for the remainder.
    pub contigs: u64,
    /// The same settings and seed give the same bytes.
    pub seed: u64,
    /// Reads of a site's 3' ends on average; 0: no reads are written.
    pub reads: u64,
}

/// How much of what was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulationReport {
    pub contigs: u64,
    pub bases: u64,
    pub genes: u64,
    pub sites: u64,
    /// Hexamers without any other element of a polyA site.
    pub decoys: u64,
    /// Polya sites but for one base of their hexamer, which a variant mends.
    pub latent: u64,
    pub variants: u64,
    /// Of sites, of internal priming, and of the background.
    pub reads: u64,
}

/// Writes `genome.fa`, `genes.gtf`, `truth.bed`, `decoys.bed`, `latent.bed`, `variants.vcf` and, if
/// asked for, `reads.bed` into `directory`, which is created if need be. Memory holds one contig.
///
/// # Errors
/// If the settings leave no room for the sites (the message says how much is needed), or a file
/// cannot be written.
pub fn simulate(settings: &SimulationSettings, directory: &Path) -> Result<SimulationReport> {
    let shares = settings.shares()?;
    let lengths: Vec<u64> = shares.iter().map(|share| share.length).collect();
    let mut writers = Writers::create(directory, settings, &lengths)?;
    let mut report = SimulationReport::default();
    for (index, share) in shares.into_iter().enumerate() {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        // A stream each, so that a contig depends on its own share only.
        rng.set_stream(index as u64);
        let contig = SimulatedContig::new(&mut rng, index, &share);
        report.contigs += 1;
        report.bases += share.length;
        report.genes += contig.genes.len() as u64;
        report.sites += contig.sites.len() as u64;
        report.decoys += contig.decoys.len() as u64;
        report.latent += contig.latent.len() as u64;
        report.variants += contig.snvs.len() as u64;
        if settings.reads > 0 {
            // A stream of its own: with and without reads the rest is the same.
            rng.set_stream(u64::MAX - index as u64);
            let reads = reads::draw(&mut rng, &contig, settings.reads);
            report.reads += reads.iter().flat_map(|strand| strand.values()).sum::<u64>();
            writers.write_reads(&contig.name, &reads)?;
        }
        writers.write(contig)?;
    }
    writers.commit()?;
    Ok(report)
}

/// What falls to one contig.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Share {
    length: u64,
    sites: u64,
    latent: u64,
}

impl SimulationSettings {
    /// Divides length, sites and latent sites among the contigs; the first ones get the remainders.
    fn shares(&self) -> Result<Vec<Share>> {
        for (option, value) in
            [("--length", self.length), ("--sites", self.sites), ("--contigs", self.contigs)]
        {
            if value == 0 {
                return Err(Error::Usage(format!("{option} must be at least 1")));
            }
        }
        let part =
            |total: u64, index: u64| total / self.contigs + u64::from(index < total % self.contigs);
        let latent = self.sites.div_ceil(SITES_PER_LATENT);
        let share = |index| Share {
            length: part(self.length, index),
            sites: part(self.sites, index),
            latent: part(latent, index),
        };
        let first = share(0);
        if first.length > LONGEST_CONTIG {
            let contigs = self.length.div_ceil(LONGEST_CONTIG);
            let problem = format!("a contig holds at most {LONGEST_CONTIG} nt; use --contigs");
            return Err(Error::Usage(format!("{problem} {contigs} or more")));
        }
        let needed = first.sites.saturating_add(first.latent);
        let needed = layout::shortest(needed).saturating_mul(self.contigs);
        // The first contig has the most sites; the shortest contig must hold as many.
        if self.length < needed {
            return Err(Error::Usage(format!(
                "--length {} is too short for --sites {} on --contigs {}: use at least --length \
                 {needed}, or fewer sites",
                self.length, self.sites, self.contigs
            )));
        }
        Ok((0..self.contigs).map(share).collect())
    }
}

#[cfg(test)]
mod tests;
