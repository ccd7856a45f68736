//! Word embeddings by skip-gram with negative sampling (Mikolov et al. 2013, "Distributed
//! representations of words and phrases and their compositionality", NIPS 26).
//!
//! Every word's vector learns to tell the words around it from words drawn at random. One thread,
//! one order of operations: the same settings and sentences give the same bits.

use crate::engine::cpu::simd::vectorized;
use crate::error::Problem;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// The table that noise words are drawn from has about 2^10 entries per word, up to 2^20 in all: it
/// should stay in cache.
const NOISE_BITS: std::ops::RangeInclusive<u32> = 10..=20;
/// Noise words are drawn with probability proportional to count^0.75.
const NOISE_POWER: f64 = 0.75;
/// The learning rate never falls below this share of the first one.
const LEAST_RATE: f64 = 1e-4;
/// Values that are added up side by side: the same sums on every CPU, and quick ones.
const LANES: usize = 8;

/// How embeddings are trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SkipGram {
    /// Values per word.
    pub dimension: usize,
    /// Most words on each side that count as context; how many is drawn from 1 to this for each
    /// word.
    pub window: usize,
    /// Noise words per context word.
    pub negatives: usize,
    pub epochs: usize,
    /// At the first word; falls linearly to (almost) zero at the last one.
    pub learning_rate: f64,
    /// Words of a frequency f above this are kept with probability sqrt(this / f); 0 keeps all.
    pub subsample: f64,
    pub seed: u64,
}

impl Default for SkipGram {
    fn default() -> Self {
        Self {
            dimension: 25,
            window: 5,
            negatives: 5,
            epochs: 5,
            learning_rate: 0.025,
            subsample: 0.0,
            seed: 1,
        }
    }
}

/// A table of vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    pub dimension: usize,
    /// words x dimension, row-major; words that the sentences lack have zeros.
    pub values: Vec<f32>,
    /// Occurrences of each word.
    pub counts: Vec<u64>,
}

impl SkipGram {
    /// Trains a vector for each of `words` words from sentences of indices below `words`; `epoch`
    /// is told the number of each finished epoch, from 1, and its mean loss per pair of words.
    ///
    /// # Errors
    /// Says which setting is wrong, or that the sentences hold no two words together.
    pub fn train(
        &self,
        words: usize,
        sentences: &[Vec<u32>],
        mut epoch: impl FnMut(usize, f64),
    ) -> Result<Embedding, Problem> {
        self.check()?;
        if sentences.iter().all(|sentence| sentence.len() < 2) {
            return Err("no sequence has two words beside each other: nothing to learn".into());
        }
        let counts = counts(words, sentences)?;
        let mut network = Network::new(self, &counts);
        let total: usize = self.epochs * sentences.iter().map(Vec::len).sum::<usize>();
        let mut seen = 0;
        for number in 1..=self.epochs {
            for sentence in sentences {
                let done = seen as f64 / total as f64;
                network.rate = (self.learning_rate * (1.0 - done).max(LEAST_RATE)) as f32;
                vectorized(
                    #[inline(always)]
                    || network.sentence(sentence),
                );
                seen += sentence.len();
            }
            epoch(number, network.take_loss());
        }
        Ok(Embedding { dimension: self.dimension, values: network.vectors(), counts })
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// Says which one is wrong.
    pub fn check(&self) -> Result<(), Problem> {
        for (name, value, most) in [
            ("dimension", self.dimension, 1 << 16),
            ("window", self.window, 1 << 20),
            ("negatives", self.negatives, 1 << 10),
            ("epochs", self.epochs, 1 << 20),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!("{name} is {value}; expected 1 to {most}").into());
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 10.0) {
            return Err(format!("learning rate is {}; expected 0 to 10", self.learning_rate).into());
        }
        if !(0.0..=1.0).contains(&self.subsample) {
            return Err(format!("subsample is {}; expected 0 to 1", self.subsample).into());
        }
        Ok(())
    }
}

fn counts(words: usize, sentences: &[Vec<u32>]) -> Result<Vec<u64>, Problem> {
    let mut counts = vec![0; words];
    for &word in sentences.iter().flatten() {
        match counts.get_mut(word as usize) {
            Some(count) => *count += 1,
            None => return Err(format!("word {word} of a vocabulary of {words}").into()),
        }
    }
    Ok(counts)
}

/// The two tables and what training needs besides.
struct Network<'a> {
    settings: &'a SkipGram,
    rng: ChaCha8Rng,
    /// Dimension, padded to whole [`LANES`] with values that stay zero.
    width: usize,
    /// What words are as centres (the result), and as context.
    centres: Vec<f32>,
    contexts: Vec<f32>,
    noise: Vec<u32>,
    /// Probability that a word is kept.
    keep: Vec<f64>,
    rate: f32,
    /// What a pair changes in its centre.
    change: Vec<f32>,
    kept: Vec<u32>,
    loss: f64,
    pairs: u64,
}

impl<'a> Network<'a> {
    fn new(settings: &'a SkipGram, counts: &[u64]) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        let dimension = settings.dimension;
        let width = dimension.next_multiple_of(LANES);
        let mut centres = vec![0.0; counts.len() * width];
        let bound = 0.5 / dimension as f32;
        for (vector, _) in centres.chunks_exact_mut(width).zip(counts).filter(|(_, n)| **n > 0) {
            vector[..dimension].fill_with(|| rng.random_range(-bound..=bound));
        }
        let total = counts.iter().sum::<u64>() as f64;
        let keep = |&count: &u64| match settings.subsample {
            0.0 => 1.0,
            subsample => (subsample * total / count.max(1) as f64).sqrt(),
        };
        Self {
            settings,
            rng,
            width,
            contexts: vec![0.0; centres.len()],
            centres,
            noise: noise(counts),
            keep: counts.iter().map(keep).collect(),
            rate: 0.0,
            change: vec![0.0; width],
            kept: Vec::new(),
            loss: 0.0,
            pairs: 0,
        }
    }

    #[inline(always)]
    fn sentence(&mut self, sentence: &[u32]) {
        let mut kept = std::mem::take(&mut self.kept);
        kept.clear();
        kept.extend(sentence.iter().filter(|word| {
            let keep = self.keep[**word as usize];
            keep >= 1.0 || self.rng.random::<f64>() < keep
        }));
        for (at, &centre) in kept.iter().enumerate() {
            let reach = self.rng.random_range(1..=self.settings.window);
            let around = at.saturating_sub(reach)..kept.len().min(at + reach + 1);
            for place in around.filter(|&place| place != at) {
                self.pair(centre, kept[place]);
            }
        }
        self.kept = kept;
    }

    /// Moves a word towards one of its context and away from noise.
    #[inline(always)]
    fn pair(&mut self, centre: u32, context: u32) {
        let width = self.width;
        let centre = &mut self.centres[centre as usize * width..][..width];
        self.change.fill(0.0);
        for draw in 0..=self.settings.negatives {
            let (target, label) = match draw {
                0 => (context, 1.0),
                _ => (self.noise[self.rng.next_u32() as usize & (self.noise.len() - 1)], 0.0),
            };
            if draw > 0 && target == context {
                continue;
            }
            let target = &mut self.contexts[target as usize * width..][..width];
            let score = dot(centre, target);
            let off = if label > 0.0 { -score } else { score };
            let odds = (-score.abs()).exp();
            self.loss += f64::from(off.max(0.0) + (1.0 + odds).ln());
            let probability = if score > 0.0 { 1.0 } else { odds } / (1.0 + odds);
            let step = self.rate * (label - probability);
            for ((change, target), &centre) in self.change.iter_mut().zip(target).zip(&*centre) {
                *change += step * *target;
                *target += step * centre;
            }
        }
        centre.iter_mut().zip(&self.change).for_each(|(value, change)| *value += change);
        self.pairs += 1;
    }

    /// Returns the mean loss per pair since the last call.
    fn take_loss(&mut self) -> f64 {
        std::mem::take(&mut self.loss) / std::mem::take(&mut self.pairs).max(1) as f64
    }

    /// Returns the words' vectors without padding.
    fn vectors(&self) -> Vec<f32> {
        let dimension = self.settings.dimension;
        self.centres
            .chunks_exact(self.width)
            .flat_map(|vector| &vector[..dimension])
            .copied()
            .collect()
    }
}

/// Returns a table of a power of two of entries, in which each word has a share proportional to
/// count^0.75.
fn noise(counts: &[u64]) -> Vec<u32> {
    let weights = || counts.iter().map(|&count| (count as f64).powf(NOISE_POWER));
    let bits = NOISE_BITS.start() + counts.len().next_power_of_two().ilog2();
    let (size, total) = (1 << bits.min(*NOISE_BITS.end()), weights().sum::<f64>());
    let (mut table, mut sum) = (Vec::with_capacity(size), 0.0);
    for (word, weight) in weights().enumerate() {
        sum += weight;
        let end = ((sum / total * size as f64).round() as usize).min(size);
        table.resize(end.max(table.len()), word as u32);
    }
    table.resize(size, table.last().copied().unwrap_or(0));
    table
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

impl Embedding {
    /// Returns a word's vector.
    pub fn vector(&self, word: usize) -> &[f32] {
        &self.values[word * self.dimension..][..self.dimension]
    }

    /// Returns the cosine of the angle between two words' vectors; 0 where one is zero.
    pub fn cosine(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (self.vector(a), self.vector(b));
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        let norms = (dot(a, a) * dot(b, b)).sqrt();
        if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
    }

    /// Returns the `n` words most like a word, most like first, with their cosines. Words that the
    /// sentences lack are like none.
    pub fn nearest(&self, word: usize, n: usize) -> Vec<(usize, f64)> {
        let others = (0..self.counts.len()).filter(|&w| w != word && self.counts[w] > 0);
        let mut others: Vec<(usize, f64)> = others.map(|w| (w, self.cosine(word, w))).collect();
        others.sort_by(|a, b| b.1.total_cmp(&a.1));
        others.truncate(n);
        others
    }
}

#[cfg(test)]
mod tests;
