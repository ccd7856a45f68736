//! Sums are differences, seqlets are where attribution is high, tracks take the nearest site.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::seqlets::{Distribution, Seqlet, family};
use super::tables::{SiteAttribution, track};
use super::*;
use crate::context::families::Family;
use crate::engine::device::Workers;
use crate::genome::sequence::{UNKNOWN, encode};
use crate::genome::strand::Strand;
use crate::interpret::soft;
use crate::models::registry;

/// The gap may be a hundredth of all that is attributed, whatever its sign, and 0.02 log2 odds.
fn close(attribution: &Attribution) -> bool {
    let all: f64 = attribution.integrated.iter().map(|&value| f64::from(value.abs())).sum();
    attribution.gap().abs() <= 0.01 * all + 0.02
}

#[test]
fn integrated_gradients_sum_to_the_difference_of_outputs() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for name in ["default", "default-strength"] {
        let model = registry::load(name, &Workers::CPU).unwrap();
        let network = soft::load(name).unwrap();
        for baseline in [Baseline::Even, Baseline::Zero] {
            let attributor =
                Attributor::new(model.as_ref(), network.as_ref(), baseline, 128).unwrap();
            for number in 0..2 {
                let mut window: Vec<u8> = (0..WINDOW).map(|_| rng.random_range(0..4)).collect();
                window[99..105].copy_from_slice(&encode(b"AATAAA").unwrap());
                // Repeats, whose positions tie in every pool, and unknown bases.
                window[150..170].fill(3);
                window[..15 * number].fill(UNKNOWN);
                let (found, windows) = attributor.attribute(&window).unwrap();
                assert_eq!((found.integrated.len(), windows), (WINDOW, 130));
                assert!(close(&found), "{name} {}: {} of {}", number, found.gap(), found.said);
                let all: f32 = found.integrated.iter().map(|value| value.abs()).sum();
                assert!(all > 2.0, "{name} attributes nothing");
                assert!(found.integrated[..15 * number].iter().all(|&value| value == 0.0));
                // What is said is what the model says.
                let said = model.predict_copies(
                    &window,
                    &[crate::models::Replacement { at: 0, length: 1, stretches: &window[..1] }],
                );
                let expected = f64::from(said.unwrap()[0]) * attributor.scale();
                assert!((found.said - expected).abs() < 1e-3, "{} {expected}", found.said);
            }
        }
    }
}

#[test]
fn models_that_do_not_speak_of_sites_are_refused() {
    let model = registry::load("default", &Workers::CPU).unwrap();
    assert_eq!(speaks_of(model.as_ref()).unwrap(), (Quantity::Classification, 0));
    let deerect = crate::models::deerect::ARCHITECTURE;
    assert_eq!(deerect.task, Task::Signal);
}

/// Noise with a stretch of 8 high values and one of 6 low ones in some windows.
fn noise() -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut windows: Vec<Vec<f32>> =
        (0..60).map(|_| (0..240).map(|_| rng.random::<f32>() * 0.2 - 0.1).collect()).collect();
    for window in windows.iter_mut().take(6) {
        window[100..108].fill(2.0);
        window[150..156].fill(-1.5);
    }
    windows
}

#[test]
fn seqlets_are_where_attribution_is_high_and_nowhere_else() {
    let windows = noise();
    let slices: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
    let distribution = Distribution::of(&slices);
    let found = distribution.seqlets(&windows[0], 0.01);
    let overlaps = |seqlet: &&Seqlet, from: usize, to: usize| {
        seqlet.from < to && seqlet.from + seqlet.length > from
    };
    let up: Vec<&Seqlet> = found.iter().filter(|seqlet| seqlet.sum > 0.0).collect();
    let high = up.iter().find(|seqlet| overlaps(seqlet, 100, 108)).unwrap();
    assert!(high.from <= 100 && high.from + high.length >= 108 && high.p < 0.01, "{high:?}");
    let low = found.iter().find(|seqlet| overlaps(seqlet, 150, 156)).unwrap();
    assert!(low.sum < -8.0, "{low:?}");
    // They do not overlap, and those of noise are as few as the limit says.
    assert!(found.windows(2).all(|pair| pair[0].from + pair[0].length <= pair[1].from));
    let of_noise: usize = windows[6..].iter().map(|w| distribution.seqlets(w, 0.01).len()).sum();
    assert!(of_noise <= 54, "{of_noise} in 54 windows of noise");
}

#[test]
fn a_seqlet_is_called_after_the_element_that_it_holds() {
    let codes = encode(b"CCCCCAATAAACCCCCCCC").unwrap();
    let mut values = vec![0f32; codes.len()];
    values[5..11].fill(1.0);
    let seqlet = Seqlet { from: 6, length: 4, sum: 4.0, p: 0.001 };
    let (of, hexamer, at) = family(&seqlet, &codes, &values).unwrap();
    assert_eq!((of, hexamer.to_string().as_str(), at), (Family::Aataaa, "AATAAA", 5));
    let elsewhere = Seqlet { from: 13, ..seqlet };
    assert_eq!(family(&elsewhere, &codes, &values), None);
    // A sum of the other sign is no match.
    assert_eq!(family(&Seqlet { sum: -4.0, ..seqlet }, &codes, &values), None);
}

#[test]
fn tracks_have_the_value_of_the_nearest_site_on_both_strands() {
    let site = |position: u64, strand: Strand, value: f32| SiteAttribution {
        contig: "a".into(),
        position,
        strand,
        codes: vec![0; WINDOW],
        of: vec![Attribution {
            first: 0,
            gradient: vec![0.0; WINDOW],
            integrated: (0..WINDOW).map(|at| value + at as f32 / 1000.0).collect(),
            said: 0.0,
            baseline: 0.0,
        }],
        seqlets: Vec::new(),
    };
    let sites =
        [site(500, Strand::Plus, 1.0), site(510, Strand::Plus, 2.0), site(500, Strand::Minus, 3.0)];
    let values = |strand| track(&sites, "a", strand, |site| (0, &site.of[0].integrated));
    let plus = values(Strand::Plus);
    assert_eq!(plus.first().unwrap().0, 380);
    assert_eq!(plus.last().unwrap().0, 510 + 119);
    assert!(plus.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
    let of = |position: u64| plus.iter().find(|(at, _)| *at == position).unwrap().1;
    // 505 is as near to both: the first site's.
    assert_eq!((of(504).floor(), of(505).floor(), of(506).floor()), (1.0, 1.0, 2.0));
    let minus = values(Strand::Minus);
    // The window of 500 on the minus strand is 381 to 620; its first nucleotide is the last
    // position.
    assert_eq!((minus[0].0, minus.len(), minus.last().unwrap().0), (381, 240, 620));
    assert_eq!(minus.last().unwrap().1, 3.0);
}
