use proptest::prelude::*;

use super::*;
use crate::genome::sequence::encode;

fn profile(values: &[(usize, f64)]) -> Profile {
    let mut profile = [0.0; CLEAVAGE];
    values.iter().for_each(|&(at, value)| profile[at] = value);
    profile
}

fn raw(values: &[(usize, f32)]) -> Vec<f32> {
    let mut raw = vec![0.01; CLEAVAGE];
    values.iter().for_each(|&(at, value)| raw[at] = value);
    raw
}

#[test]
fn entropy_and_mean_are_those_of_the_equations() {
    assert_eq!((entropy(&[0.0; CLEAVAGE]), mean(&[0.0; CLEAVAGE])), (None, None));
    let one = profile(&[(30, 1.0)]);
    assert_eq!((entropy(&one), mean(&one)), (Some(0.0), Some(5.0)));
    let two = profile(&[(24, 0.5), (28, 0.5)]);
    assert!((entropy(&two).unwrap() - 2f64.ln()).abs() < 1e-12);
    assert_eq!(mean(&two), Some(1.0));
    // Background is taken off before.
    let found = normalised(&raw(&[(24, 0.32), (28, 0.12)]));
    assert!((found[24] - 0.75).abs() < 1e-6 && (found[28] - 0.25).abs() < 1e-6);
    assert_eq!(found.iter().filter(|value| **value > 0.0).count(), 2);
}

proptest! {
    /// No base is lost, and what is not between the places stays.
    #[test]
    fn a_moved_element_arrives_and_all_else_stays(
        codes in prop::collection::vec(0u8..4, 120),
        from in 0usize..114,
        to in 0usize..130,
    ) {
        let mut moved = codes.clone();
        let fits = to <= 114;
        prop_assert_eq!(move_six(&mut moved, from, to).is_some(), fits);
        if fits {
            prop_assert_eq!(&moved[to..to + 6], &codes[from..from + 6]);
            let (first, end) = (from.min(to), from.max(to) + 6);
            prop_assert_eq!(&moved[..first], &codes[..first]);
            prop_assert_eq!(&moved[end..], &codes[end..]);
            let mut rest = moved[first..end].to_vec();
            rest.drain(to - first..to - first + 6);
            let mut before = codes[first..end].to_vec();
            before.drain(from - first..from - first + 6);
            prop_assert_eq!(rest, before);
        } else {
            prop_assert_eq!(moved, codes);
        }
    }
}

#[test]
fn elements_never_cross_the_site() {
    let mut window = vec![1u8; 240];
    window[100..106].copy_from_slice(&encode(b"AATAAA").unwrap());
    window[128..134].copy_from_slice(&encode(b"TGTGTT").unwrap());
    let at = |shift, experiment| moved(&window, experiment, (100, 128), shift);
    let six = |window: &[u8], letters: &[u8]| {
        let six = encode(letters).unwrap();
        window.windows(6).position(|here| here == six)
    };
    let apart = at(3, Experiment::Both).unwrap();
    assert_eq!((six(&apart, b"AATAAA"), six(&apart, b"TGTGTT")), (Some(97), Some(131)));
    let together = at(-4, Experiment::Both).unwrap();
    assert_eq!((six(&together, b"AATAAA"), six(&together, b"TGTGTT")), (Some(104), Some(124)));
    assert_eq!(at(0, Experiment::Both).unwrap(), window);
    // The last six bases before the site, and the first six after it, are as near as they come.
    assert!(at(-14, Experiment::Signal).is_some() && at(-15, Experiment::Signal).is_none());
    assert!(at(-7, Experiment::Downstream).is_some() && at(-8, Experiment::Downstream).is_none());
    assert_eq!(window[120], at(-7, Experiment::Both).unwrap()[120]);
}

fn site(entropy: f64, hexamers: &[&str]) -> Heterogeneity {
    let here = hexamers.iter().filter_map(|letters| Hexamer::parse(letters)).collect();
    Heterogeneity {
        profile: [0.0; CLEAVAGE],
        entropy: Some(entropy),
        mean: Some(0.0),
        canonical: 0,
        signal: None,
        downstream: None,
        hexamers: vec![Vec::new(), here, Vec::new(), Vec::new()],
        moved: vec![vec![None; shifts().count()]; 3],
    }
}

#[test]
fn fifths_are_the_ends_of_the_order() {
    let mut sites: Vec<Heterogeneity> = (0..11).map(|i| site(f64::from(i * 7 % 11), &[])).collect();
    sites[3].entropy = None;
    let fifths = fifths(&sites);
    let of = |numbers: &[usize]| -> Vec<f64> {
        numbers.iter().map(|&number| sites[number].entropy.unwrap()).collect()
    };
    // 10 was that of the one without.
    assert_eq!((of(&fifths.low), of(&fifths.high)), (vec![0.0, 1.0], vec![8.0, 9.0]));
}

#[test]
fn what_low_sites_have_more_often_is_found() {
    let low = (0..40).map(|i| site(0.1, if i < 30 { &["AATAAA", "CCCCCC"] } else { &["CCCCCC"] }));
    let middle = (0..120).map(|_| site(0.5, &[]));
    let high = (0..40).map(|i| site(0.9, if i < 10 { &["AATAAA", "CCCCCC"] } else { &["CCCCCC"] }));
    let sites: Vec<Heterogeneity> = low.chain(middle).chain(high).collect();
    let found = enrichments(&sites, &fifths(&sites));
    let letters: Vec<String> = found.iter().map(|one| one.hexamer.to_string()).collect();
    assert_eq!(letters, ["AATAAA", "CCCCCC"]);
    // By hand: 80 (30 x 30 - 10 x 10)^2 / (40 x 40 x 40 x 40) = 20; (30.5 / 10.5)^2; two tests.
    assert!((found[0].chi_squared - 20.0).abs() < 1e-9);
    assert!((found[0].odds_ratio - 8.4376).abs() < 1e-3);
    assert!((found[0].p - 2.0 * 7.744e-6).abs() < 1e-7, "{}", found[0].p);
    // All sites have it.
    assert_eq!((found[1].chi_squared, found[1].p), (0.0, 1.0));
}
