//! Which examples train, validate and test.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::models::part::Part;

/// Indices of examples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub training: Vec<usize>,
    /// They choose the epoch.
    pub validation: Vec<usize>,
    pub test: Vec<usize>,
}

impl Split {
    /// Returns the examples of a part of an archive.
    pub fn part(&mut self, part: Part) -> &mut Vec<usize> {
        match part {
            Part::Training => &mut self.training,
            Part::Validation => &mut self.validation,
            Part::Test => &mut self.test,
        }
    }
}

/// Draws a share of the examples of each label to validate, by seed.
pub fn share(labels: &[usize], share: f64, seed: u64) -> Split {
    let mut split = Split::default();
    for members in shuffled(labels, seed) {
        let (validation, training) =
            members.split_at((members.len() as f64 * share).round() as usize);
        split.validation.extend(validation);
        split.training.extend(training);
    }
    split.validation.sort_unstable();
    split.training.sort_unstable();
    split
}

/// Returns the fold (below `folds`) of each example, drawn by seed: every label, and the whole, is
/// spread over the folds so that their sizes differ by one at most.
pub fn folds(labels: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let mut fold = vec![0; labels.len()];
    let members = shuffled(labels, seed).into_iter().flatten();
    members.enumerate().for_each(|(place, index)| fold[index] = place % folds);
    fold
}

/// Returns the examples of each label in random order.
fn shuffled(labels: &[usize], seed: u64) -> Vec<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // The streams of training are numbered from 0.
    rng.set_stream(u64::MAX);
    let mut classes = vec![Vec::new(); labels.iter().max().map_or(0, |most| most + 1)];
    labels.iter().enumerate().for_each(|(index, &label)| classes[label].push(index));
    classes.iter_mut().for_each(|members: &mut Vec<usize>| members.shuffle(&mut rng));
    classes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(of: impl Iterator<Item = usize>, folds: usize) -> Vec<usize> {
        of.fold(vec![0; folds], |mut counts, fold| {
            counts[fold] += 1;
            counts
        })
    }

    fn differ_by_one_at_most(counts: &[usize]) -> bool {
        counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1
    }

    proptest! {
        #[test]
        fn folds_are_a_stratified_partition(
            labels in prop::collection::vec(0usize..3, 1..200), k in 3usize..9, seed: u64
        ) {
            let fold = folds(&labels, k, seed);
            prop_assert_eq!(fold.len(), labels.len());
            prop_assert!(differ_by_one_at_most(&counts(fold.iter().copied(), k)));
            for class in 0..3 {
                let members = (0..labels.len()).filter(|&i| labels[i] == class).map(|i| fold[i]);
                prop_assert!(differ_by_one_at_most(&counts(members, k)));
            }
            prop_assert_eq!(folds(&labels, k, seed), fold);
        }

        #[test]
        fn a_share_of_each_class_validates_and_the_rest_trains(
            labels in prop::collection::vec(0usize..3, 1..200), part in 0.01f64..0.99, seed: u64
        ) {
            let split = share(&labels, part, seed);
            let mut all = [&split.training[..], &split.validation].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
            for class in 0..3 {
                let of = |part: &[usize]| part.iter().filter(|&&i| labels[i] == class).count();
                let wanted = (of(&split.training) + of(&split.validation)) as f64 * part;
                prop_assert!((of(&split.validation) as f64 - wanted).abs() <= 0.5 + 1e-9);
            }
        }
    }

    #[test]
    fn another_seed_draws_others() {
        let labels: Vec<usize> = (0..200).map(|i| i % 2).collect();
        assert_ne!(folds(&labels, 5, 1), folds(&labels, 5, 2));
        assert_ne!(share(&labels, 0.2, 1), share(&labels, 0.2, 2));
    }
}
