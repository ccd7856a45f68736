//! A signal in its surroundings, as the teacher and the network read it, and mutations of it.

use std::ops::Range;

use rand::{Rng, RngExt};

use crate::genome::sequence::UNKNOWN;
use crate::models::{CENTRE, WINDOW, aparent2};

/// Nucleotides of an example...
const LENGTH: usize = 400;
/// ... and where its signal begins: the farthest window's centre lies 120 nt from there.
const SIGNAL: usize = 160;

/// What a reporter assay reads around a signal's first base.
const SHORT: Range<usize> = SIGNAL - 50..SIGNAL + 114;

/// How near to the signal half of the mutations fall.
const NEAR: Range<usize> = SIGNAL - 12..SIGNAL + 42;

/// A sequence with a signal at its fixed place; N where nothing is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    codes: Vec<u8>,
}

impl Example {
    /// Puts the signal at `hexamer` of a sequence in its place.
    pub fn new(sequence: &[u8], hexamer: usize) -> Self {
        let mut codes = vec![UNKNOWN; LENGTH];
        for (at, code) in codes.iter_mut().enumerate() {
            if let Some(&base) = (at + hexamer).checked_sub(SIGNAL).and_then(|i| sequence.get(i)) {
                *code = base;
            }
        }
        Self { codes }
    }

    /// Takes away what a reporter assay does not read.
    pub fn shorten(&mut self) {
        for (at, code) in self.codes.iter_mut().enumerate() {
            if !SHORT.contains(&at) {
                *code = UNKNOWN;
            }
        }
    }

    /// Returns a copy with a few bases replaced: one of them mostly, half of them near the signal.
    pub fn mutated(&self, rng: &mut impl Rng) -> Self {
        let mut copy = self.clone();
        let several = rng.random::<f64>() < 0.3;
        let count = if several { rng.random_range(2..=6) } else { 1 };
        for _ in 0..count {
            let near = rng.random::<f64>() < 0.5;
            let at = rng.random_range(if near { NEAR } else { SHORT });
            let code = &mut copy.codes[at];
            if *code != UNKNOWN {
                *code = (*code + rng.random_range(1..4u8)) % 4;
            }
        }
        copy
    }

    /// Returns the frame that the teacher reads.
    pub fn frame(&self) -> &[u8] {
        &self.codes[SIGNAL - aparent2::HEXAMER..][..aparent2::weights::LENGTH]
    }

    /// Returns what holds the 240-nt windows whose centres are `least` to `most` nt after the
    /// signal's first base, at most 120.
    pub fn windows(&self, least: usize, most: usize) -> &[u8] {
        &self.codes[SIGNAL + least - CENTRE..][..WINDOW + most - least]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    proptest! {
        #[test]
        fn teacher_and_network_see_the_signal_where_they_expect_it(length in 206usize..700, hexamer in 0usize..200, least in 0usize..60, more in 0usize..60) {
            let mut sequence = vec![1; length];
            sequence[hexamer] = 2;
            let example = Example::new(&sequence, hexamer);
            prop_assert_eq!(example.frame()[aparent2::HEXAMER], 2);
            let windows = example.windows(least, least + more);
            prop_assert_eq!(windows.len(), 240 + more);
            // The first window's centre lies `least` after the signal.
            prop_assert_eq!(windows[CENTRE - least], 2);
            prop_assert_eq!(windows.iter().filter(|&&code| code == 2).count(), 1);
        }

        #[test]
        fn mutations_are_few_and_leave_unknown_bases_unknown(seed: u64) {
            let mut example = Example::new(&[0; 300], 150);
            example.shorten();
            let mutated = example.mutated(&mut ChaCha8Rng::seed_from_u64(seed));
            let pairs = || example.codes.iter().zip(&mutated.codes);
            prop_assert!((0..=6).contains(&pairs().filter(|(a, b)| a != b).count()));
            prop_assert!(pairs().all(|(&a, &b)| (a == UNKNOWN) == (b == UNKNOWN)));
            prop_assert_eq!(example.codes.iter().filter(|&&code| code != UNKNOWN).count(), 164);
        }
    }
}
