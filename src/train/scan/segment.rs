//! Segments of sequence and the labels of their windows.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::config::Labels;
use crate::genome::sequence::UNKNOWN;
use crate::models::{CENTRE, CLEAVAGE, CLEAVAGE_CENTRE, WINDOW};

/// A stretch of sequence in transcript direction and where it is cut.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    pub codes: Vec<u8>,
    /// (position in the segment, cleavage mass), in any order.
    pub cuts: Vec<(usize, f32)>,
}

/// Targets of one window that holds cleavage.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowLabel {
    /// First base of the window in the segment.
    pub start: usize,
    /// Target of the classification: cleavage mass by its distance from the centre, at most 1.
    pub target: f32,
    /// Cleavage mass in the central 50 nt, at most 1: how much the vector counts.
    pub mass: f32,
    /// The mass by position, summing to 1.
    pub vector: [f32; CLEAVAGE],
}

impl Segment {
    /// Returns the labels of the windows with any cleavage mass in their central 50 nt, ascending.
    pub fn labels(&self, labels: &Labels) -> Vec<WindowLabel> {
        let counts = kernel(labels.whole_within, labels.nothing_beyond);
        let windows = (self.codes.len() + 1).saturating_sub(WINDOW);
        let mut density = vec![0f32; self.codes.len()];
        for &(position, mass) in &self.cuts {
            density[position] += mass;
        }
        let first = CENTRE - CLEAVAGE_CENTRE;
        let central = |start: usize| &density[start + first..start + first + CLEAVAGE];
        (0..windows)
            .filter_map(|start| {
                let sum: f32 = central(start).iter().sum();
                (sum > 1e-3).then(|| {
                    let mut vector = [0.0; CLEAVAGE];
                    vector.iter_mut().zip(central(start)).for_each(|(v, d)| *v = d / sum);
                    let target: f32 = central(start).iter().zip(counts).map(|(d, c)| d * c).sum();
                    WindowLabel { start, target: target.min(1.0), mass: sum.min(1.0), vector }
                })
            })
            .collect()
    }

    /// Replaces a share of the bases by random ones, so that single sites are not learned by heart.
    pub fn mutate(&mut self, share: f64, rng: &mut impl Rng) {
        if share == 0.0 {
            return;
        }
        for code in self.codes.iter_mut().filter(|code| **code != UNKNOWN) {
            if rng.random::<f64>() < share {
                *code = rng.random_range(0..4);
            }
        }
    }

    /// Shuffles the bases: a segment of the same composition, without cuts.
    pub fn shuffle(&mut self, rng: &mut impl Rng) {
        self.codes.shuffle(rng);
        self.cuts.clear();
    }

    /// Cuts `length` nt out of a longer segment (or pads a shorter one with N or with `flank`), so
    /// that the base at `anchor` lies where a random window may have its centre.
    pub fn crop(
        &self,
        anchor: usize,
        length: usize,
        flank: Option<&[u8]>,
        rng: &mut impl Rng,
    ) -> Self {
        // The anchor's place in the result: anywhere a window's central 50 nt can reach.
        let (lowest, highest) = labelled(length);
        let target = rng.random_range(lowest..=highest) as isize;
        let available = self.codes.len() as isize - length as isize;
        let (low, high) = (available.min(0), available.max(0));
        let start = (anchor as isize - target).clamp(low, high);
        let mut codes = flank.map_or_else(|| vec![UNKNOWN; length], <[u8]>::to_vec);
        codes.resize(length, UNKNOWN);
        let place = |i: usize| usize::try_from(i as isize - start).ok().filter(|&at| at < length);
        for (i, &code) in self.codes.iter().enumerate() {
            if let Some(at) = place(i) {
                codes[at] = code;
            }
        }
        let cuts = self.cuts.iter().filter_map(|&(i, mass)| Some((place(i)?, mass))).collect();
        Self { codes, cuts }
    }
}

/// Returns the first and the last index in a segment of `length` nt that is in the central 50 nt of
/// one of its windows.
pub fn labelled(length: usize) -> (usize, usize) {
    let first = CENTRE - CLEAVAGE_CENTRE;
    (first, length - WINDOW + first + CLEAVAGE - 1)
}

/// How much cleavage counts in the classification, by its index in the cleavage vector.
fn kernel(whole_within: usize, nothing_beyond: usize) -> [f32; CLEAVAGE] {
    std::array::from_fn(|i| {
        let beyond = i.abs_diff(CLEAVAGE_CENTRE).saturating_sub(whole_within) as f32;
        (1.0 - beyond / (nothing_beyond + 1 - whole_within) as f32).max(0.0)
    })
}

/// Moves cuts to where reads can place them. A tail cannot be told from genomic As that follow the
/// cut: databases of measured sites give the last of these As as the site, and so the base after a
/// site is never an A.
pub fn past_following_as(codes: &[u8], cuts: &mut [(usize, f32)]) {
    for (position, _) in cuts {
        while codes.get(*position + 1) == Some(&0) {
            *position += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn counting(whole_within: usize, nothing_beyond: usize) -> Labels {
        let (segment, spread, mutated_mass, noise) = (400, 1.0, 0.1, 0.0);
        let full_reads = 0.0;
        Labels { segment, whole_within, nothing_beyond, spread, full_reads, mutated_mass, noise }
    }

    proptest! {
        #[test]
        fn a_cut_is_labelled_in_the_windows_whose_centre_is_near(cut in 0usize..400) {
            let segment = Segment { codes: vec![0; 400], cuts: vec![(cut, 1.0)] };
            let labels = segment.labels(&counting(25, 25));
            for start in 0..=160 {
                let centre = start + CENTRE;
                let label = labels.iter().find(|label| label.start == start);
                let inside = cut + 25 >= centre && cut < centre + 25;
                prop_assert_eq!(label.is_some(), inside);
                if let Some(label) = label {
                    prop_assert_eq!(label.vector[cut + 25 - centre], 1.0);
                    prop_assert_eq!(label.target, 1.0);
                }
            }
        }

        #[test]
        fn the_classification_falls_with_distance_and_the_vector_does_not(cut in 150usize..250, whole in 0usize..=25, more in 0usize..=25) {
            let nothing = (whole + more).min(25);
            let segment = Segment { codes: vec![0; 400], cuts: vec![(cut, 1.0)] };
            let labels = segment.labels(&counting(whole, nothing));
            prop_assert_eq!(labels.len(), CLEAVAGE);
            for label in labels {
                let distance = cut.abs_diff(label.start + CENTRE);
                prop_assert_eq!(label.mass, 1.0);
                prop_assert_eq!(label.target == 1.0, distance <= whole);
                prop_assert_eq!(label.target == 0.0, distance > nothing);
            }
        }

        #[test]
        fn a_crop_keeps_bases_and_cuts_together(length in 206usize..700, anchor in 90usize..120, seed: u64) {
            let codes: Vec<u8> = (0..length).map(|i| (i % 4) as u8).collect();
            let mut whole = Segment { codes, cuts: vec![] };
            whole.codes[anchor] = UNKNOWN;
            whole.cuts.push((anchor, 1.0));
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let flank = vec![0u8; 400];
            let part = whole.crop(anchor, 400, Some(&flank), &mut rng);
            prop_assert_eq!(part.codes.len(), 400);
            let at = part.codes.iter().position(|&code| code == UNKNOWN);
            prop_assert_eq!(part.cuts.first().map(|cut| cut.0), at);
        }
    }

    #[test]
    fn a_cut_before_as_lies_at_the_last_of_them() {
        let mut cuts = [(0, 0.1), (1, 0.2), (3, 0.3), (6, 0.4)];
        past_following_as(&[2, 1, 0, 0, 3, 1, 0, 0], &mut cuts);
        assert_eq!(cuts, [(0, 0.1), (3, 0.2), (3, 0.3), (7, 0.4)]);
    }
}
