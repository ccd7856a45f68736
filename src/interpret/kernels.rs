//! What the kernels of a first layer look for, after pysster (Budach & Marsico 2018, Bioinformatics
//! 34:3035).
//!
//! Of each sequence a kernel's greatest activation (after the ReLU) and where it lies. A kernel's
//! limit is the greatest of the classes' mean greatest activations; importance is that less the
//! least of them. Sequences at or above the limit have the kernel's motif; those of the class with
//! the greatest mean, at most 750 and a third of all above, the strongest first, are aligned. Where
//! activations are equal, the first place counts (pysster draws one).

pub mod clusters;
pub mod figures;
pub mod motif;
pub mod page;
mod passes;
pub mod tables;
#[cfg(test)]
mod tests;

use statrs::distribution::{DiscreteCDF, Hypergeometric};

use crate::error::{Error, Result};
use crate::interpret::soft::{Bank, Soft};
use crate::interpret::statistics::quantile;
use crate::models::Window;
use motif::Motif;
pub use passes::{Peaks, Profiles};

/// Most sequences of a motif, and the share of those above the limit that they are at most.
const MOST_ALIGNED: usize = 750;
const SHARE_ALIGNED: usize = 3;
/// As close to the limit as this, relative and absolute, is above it.
const CLOSE: (f64, f64) = (1e-5, 1e-8);

/// A sequence of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    pub name: String,
    pub codes: Vec<u8>,
    pub structure: Option<Vec<u8>>,
    /// Index of the class.
    pub class: usize,
}

impl Labelled {
    /// Returns what a model reads.
    pub fn window(&self) -> Window<'_> {
        Window { codes: &self.codes, structure: self.structure.as_deref(), features: &[] }
    }
}

/// A kernel of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Its number in the bank; with the bank's name where there are several.
    pub name: String,
    /// Index of the bank.
    pub bank: usize,
}

/// A network and the sequences that its kernels are asked about.
pub struct Study<'a> {
    pub network: &'a dyn Soft,
    pub sequences: &'a [Labelled],
    pub classes: &'a [String],
    pub banks: Vec<Bank>,
    pub kernels: Vec<Kernel>,
}

/// What sequences of a class say of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct OfClass {
    pub sequences: usize,
    /// Of the greatest activations.
    pub mean: f64,
    /// Least, quartiles and greatest of them.
    pub quantiles: [f64; 5],
    /// Sequences above the limit.
    pub above: usize,
    /// log2 of the odds of being above in this class over those in the others; half a sequence is
    /// added to each number.
    pub enrichment: f64,
    /// Probability of as many or more above by chance (hypergeometric), times the number of kernels
    /// and classes, at most 1.
    pub p: f64,
}

/// What was found of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub classes: Vec<OfClass>,
    pub limit: f64,
    /// The class with the greatest mean, whose sequences make the motif.
    pub class: usize,
    pub importance: f64,
    /// Sequences above the limit.
    pub above: Vec<usize>,
    /// Those that are aligned.
    pub aligned: Vec<usize>,
    /// One for each track that it reads; none of a kernel that is never active.
    pub motifs: Vec<Motif>,
}

impl<'a> Study<'a> {
    /// Begins.
    ///
    /// # Errors
    /// If a class has no sequence, or a sequence is shorter than a kernel.
    pub fn new(
        network: &'a dyn Soft,
        sequences: &'a [Labelled],
        classes: &'a [String],
    ) -> Result<Self> {
        let banks = network.banks();
        let names = banks.iter().enumerate().flat_map(|(bank, of)| {
            let separator = if of.name.is_empty() { "" } else { "_" };
            (0..of.kernels)
                .map(move |n| Kernel { name: format!("{}{separator}{n}", of.name), bank })
        });
        let kernels: Vec<Kernel> = names.collect();
        for (number, class) in classes.iter().enumerate() {
            if !sequences.iter().any(|sequence| sequence.class == number) {
                return Err(Error::Usage(format!("class {class}: no sequence of it can be used")));
            }
        }
        let widest = banks.iter().map(|bank| bank.width).max().unwrap_or(0);
        if let Some(short) = sequences.iter().find(|sequence| sequence.codes.len() < widest) {
            let problem = format!("sequence {} is shorter than a kernel, {widest} nt", short.name);
            return Err(Error::Usage(problem));
        }
        Ok(Self { network, sequences, classes, banks, kernels })
    }

    /// Returns what was found of each kernel.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn found(&self, peaks: &Peaks) -> Result<Vec<Found>> {
        let tests = (self.kernels.len() * self.classes.len()) as f64;
        let found = (0..self.kernels.len()).map(|kernel| self.found_of(peaks, kernel, tests));
        let mut found: Vec<Found> = found.collect();
        self.align(peaks, &mut found)?;
        Ok(found)
    }

    fn found_of(&self, peaks: &Peaks, kernel: usize, tests: f64) -> Found {
        let value = |sequence: usize| f64::from(peaks.value(sequence, kernel));
        let numbers: Vec<Vec<usize>> =
            (0..self.classes.len()).map(|class| self.of_class(class)).collect();
        let mean = |numbers: &Vec<usize>| {
            numbers.iter().map(|&n| value(n)).sum::<f64>() / numbers.len() as f64
        };
        let means: Vec<f64> = numbers.iter().map(mean).collect();
        let limit = means.iter().copied().fold(0.0, f64::max);
        let class = means.iter().position(|&mean| mean == limit).unwrap_or(0);
        let least = means.iter().copied().fold(f64::INFINITY, f64::min);
        let is_above =
            |&n: &usize| value(n) > limit || (value(n) - limit).abs() <= CLOSE.1 + CLOSE.0 * limit;
        // A kernel that is never active has no motif.
        let is_above = |n: &usize| limit > 0.0 && is_above(n);
        let above: Vec<usize> = (0..self.sequences.len()).filter(is_above).collect();
        let counts: Vec<usize> =
            numbers.iter().map(|numbers| numbers.iter().filter(|n| is_above(n)).count()).collect();
        let classes = numbers.iter().enumerate().map(|(number, numbers)| {
            let values = || numbers.iter().map(|&n| value(n)).collect::<Vec<f64>>();
            let (enrichment, p) =
                enrichment((counts[number], numbers.len()), (above.len(), self.sequences.len()));
            OfClass {
                sequences: numbers.len(),
                mean: means[number],
                quantiles: [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| quantile(values(), share)),
                above: counts[number],
                enrichment,
                p: (p * tests).min(1.0),
            }
        });
        let aligned = strongest(&above, |n| self.sequences[n].class == class, value);
        Found {
            classes: classes.collect(),
            limit,
            class,
            importance: limit - least,
            above,
            aligned,
            motifs: Vec::new(),
        }
    }

    fn of_class(&self, class: usize) -> Vec<usize> {
        (0..self.sequences.len()).filter(|&n| self.sequences[n].class == class).collect()
    }

    /// Counts the letters of the aligned sequences.
    fn align(&self, peaks: &Peaks, found: &mut [Found]) -> Result<()> {
        let letters = self.network.letters();
        for (kernel, found) in found.iter_mut().enumerate() {
            let bank = &self.banks[self.kernels[kernel].bank];
            let tracks = || bank.tracks.iter().map(|&track| &letters.tracks[track]);
            let mut motifs: Vec<Motif> =
                tracks().map(|track| Motif::new(track, bank.width)).collect();
            for &sequence in &found.aligned {
                let read = self.read(sequence);
                let at = peaks.place(sequence, kernel);
                for (motif, &track) in motifs.iter_mut().zip(&bank.tracks) {
                    motif.add(&read[track][at..at + bank.width]);
                }
            }
            found.motifs = if found.aligned.is_empty() { Vec::new() } else { motifs };
        }
        Ok(())
    }

    /// Returns the letters of each track of a sequence, as the network reads them.
    pub fn read(&self, sequence: usize) -> Vec<Vec<u8>> {
        let mut x = Vec::new();
        self.network.encode(&self.sequences[sequence].window(), &mut x);
        self.network.letters().read(&x)
    }

    /// Returns the kernels, the most important first.
    pub fn ranked(&self, found: &[Found]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|&a, &b| found[b].importance.total_cmp(&found[a].importance).then(a.cmp(&b)));
        order
    }
}

/// Returns those of a class that are aligned: all, or as many of the strongest as are allowed and
/// those that equal the last of them.
fn strongest(
    above: &[usize],
    is_of_class: impl Fn(usize) -> bool,
    value: impl Fn(usize) -> f64,
) -> Vec<usize> {
    let most = MOST_ALIGNED.min(above.len() / SHARE_ALIGNED).max(1);
    let mut own: Vec<usize> = above.iter().copied().filter(|&n| is_of_class(n)).collect();
    if own.len() > most {
        let mut values: Vec<f64> = own.iter().map(|&n| value(n)).collect();
        values.sort_by(|a, b| b.total_cmp(a));
        own.retain(|&n| value(n) >= values[most - 1]);
    }
    own
}

/// Returns the log2 odds ratio of being above the limit in a class against all others, and the
/// probability of as many or more by chance.
fn enrichment((above, of): (usize, usize), (all_above, all): (usize, usize)) -> (f64, f64) {
    let half = |n: usize| n as f64 + 0.5;
    let (others, of_others) = (all_above - above, all - of);
    let odds = half(above) * half(of_others - others) / (half(of - above) * half(others));
    let chance = Hypergeometric::new(all as u64, all_above as u64, of as u64);
    let p = match (above as u64).checked_sub(1) {
        None => 1.0,
        Some(fewer) => chance.map_or(1.0, |chance| chance.sf(fewer)),
    };
    (odds.log2(), p)
}
