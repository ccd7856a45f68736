use std::ops::Range;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::scan::testing::{HashModel, Scanned};

/// Which windows of a sequence were scanned, in one go each.
type Noted = Mutex<Vec<Range<usize>>>;

/// Returns a model whose stretches cost as much as `gap` windows, and which notes what it scans.
fn noting<'a>(gap: usize, sequence: &'a [u8], scanned: &'a Noted) -> impl Model + 'a {
    let scan = move |inner: &HashModel, codes: &[u8], cleavage_above| {
        let start = codes.as_ptr().addr() - sequence.as_ptr().addr();
        scanned.lock().unwrap().push(start..start + codes.len() + 1 - WINDOW);
        inner.scan(codes, cleavage_above)
    };
    Scanned { gap, ..Scanned::new(HashModel::new(0.5), scan) }
}

proptest! {
    #[test]
    fn stretches_hold_every_wanted_window_once_and_join_what_is_near(
        codes in prop::collection::vec(0u8..4, 440),
        wanted in prop::collection::vec(any::<bool>(), 0..200),
        gap in 0usize..12,
    ) {
        let all = HashModel::new(0.5).scan(&codes, 0.5).unwrap();
        let scanned = Noted::default();
        let model = noting(gap, &codes, &scanned);
        let starts: Vec<usize> = (0..wanted.len()).filter(|&window| wanted[window]).collect();
        let some = model.scan_at(&codes, &starts, 0.5).unwrap();
        let expected: Vec<f32> = starts.iter().map(|&start| all.probability[start]).collect();
        prop_assert_eq!(some.probability, expected);
        let expected = all.cleavage.iter().filter_map(|(at, vector)| {
            starts.binary_search(at).ok().map(|index| (index, *vector))
        });
        prop_assert_eq!(some.cleavage, expected.collect::<Vec<_>>());

        let runs = scanned.lock().unwrap();
        let mut covered = vec![false; wanted.len()];
        for run in runs.iter() {
            prop_assert!(wanted[run.start] && wanted[run.end - 1]);
            covered[run.clone()].fill(true);
            let between = wanted[run.clone()].split(|&wanted| wanted).map(<[bool]>::len);
            prop_assert!(between.max().unwrap_or(0) <= gap);
        }
        prop_assert!(runs.windows(2).all(|two| two[1].start > two[0].end + gap));
        prop_assert!(wanted.iter().zip(&covered).all(|(wanted, covered)| covered >= wanted));
    }
}

#[test]
fn a_stretch_is_computed_together_where_that_is_less_work() {
    let codes = [0; 300];
    for (gap, expected) in [(0, vec![3..5, 9..10, 20..21]), (4, vec![3..10, 20..21])] {
        let scanned = Noted::default();
        noting(gap, &codes, &scanned).scan_at(&codes, &[3, 4, 9, 20], 0.5).unwrap();
        assert_eq!(*scanned.lock().unwrap(), expected);
    }
}

#[test]
fn a_window_past_the_sequence_is_an_error() {
    let model = HashModel::new(0.5);
    let said = model.scan_at(&[0; 300], &[60, 61], 0.5).unwrap_err().to_string();
    assert!(said.contains("window at 61 of 300 nt"), "{said}");
}
