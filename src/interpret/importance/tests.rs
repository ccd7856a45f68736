use super::super::models::Models;
use super::super::replace::{Settings, importance};
use super::super::testing::{FunctionModel, chance};
use super::*;
use crate::context::families::SIX;
use crate::genome::sequence::encode;
use crate::models::WINDOW;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn hexamer(letters: &str) -> Hexamer {
    Hexamer::parse(letters).unwrap()
}

/// A site of random hexamers with importances drawn around 0, and AATAAA at -21 that counts
/// `signal`.
fn site(rng: &mut ChaCha8Rng, signal: Option<f64>) -> SiteImportance {
    let mut hexamers: Vec<Option<Hexamer>> =
        (0..POSITIONS).map(|_| Some(Hexamer::numbered(rng.random_range(0..HEXAMERS)))).collect();
    let mut values: Vec<f64> = (0..POSITIONS).map(|_| rng.random::<f64>() - 0.5).collect();
    if let Some(signal) = signal {
        hexamers[(-21 - FIRST) as usize] = Some(hexamer("AATAAA"));
        values[(-21 - FIRST) as usize] = signal;
    }
    SiteImportance { hexamers, window: vec![1.0], importance: vec![values] }
}

fn of_sites(n: usize, signal: Option<f64>) -> Importance {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut all = Importance::new(vec![Quantity::Strength]);
    (0..n).for_each(|_| all.add(&site(&mut rng, signal)));
    all
}

fn standing_out(all: &Importance) -> Vec<(String, usize)> {
    let out = all.windows().into_iter().filter(|cell| cell.figures[0].stands_out);
    out.map(|cell| (cell.hexamer.to_string(), cell.window)).collect()
}

#[test]
fn what_counts_everywhere_alike_stands_out_and_noise_does_not() {
    // -21 lies in the third window, -40 to -1.
    assert_eq!(distances(2), -40..0);
    assert_eq!(standing_out(&of_sites(200, Some(3.0))), [("AATAAA".to_owned(), 2)]);
    assert_eq!(standing_out(&of_sites(200, None)), []);
    let all = of_sites(200, Some(3.0));
    let at = (-21 - FIRST) as usize;
    assert!(all.sum(0, at, hexamer("AATAAA")) > all.limit_of_places(0));
}

#[test]
fn one_site_alone_makes_nothing_stand_out() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut all = of_sites(200, None);
    all.add(&site(&mut rng, Some(500.0)));
    assert!(all.limit_of_windows(0) < 500.0);
    assert_eq!(standing_out(&all), []);
}

#[test]
fn sums_are_those_of_the_sites() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut sites: Vec<SiteImportance> = (0..20).map(|_| site(&mut rng, Some(2.0))).collect();
    // Unknown bases, and a hexamer twice in one window.
    sites[0].hexamers[7] = None;
    sites[1].hexamers[50] = Some(hexamer("TTGTTT"));
    sites[1].hexamers[60] = Some(hexamer("TTGTTT"));
    sites[1].importance[0][50] = 1.0;
    sites[1].importance[0][60] = 0.25;
    let mut all = Importance::new(vec![Quantity::Strength]);
    sites.iter().for_each(|site| all.add(site));
    let known = 20 * POSITIONS as u64 - 1;
    let counts: u64 = all.counts.iter().map(|&n| u64::from(n)).sum();
    let in_windows: u64 = all.windows().iter().map(|cell| u64::from(cell.occurrences)).sum();
    assert_eq!((all.sites, counts, in_windows), (20, known, known));
    let expected: f64 = sites
        .iter()
        .flat_map(|site| site.hexamers.iter().zip(&site.importance[0]))
        .filter(|(six, _)| six.is_some())
        .map(|(_, value)| value)
        .sum();
    let sum: f64 = all.sums[0].iter().sum();
    let in_windows: f64 = all.windows().iter().map(|cell| cell.figures[0].sites.sum).sum();
    assert!((sum - expected).abs() < 1e-9 && (in_windows - expected).abs() < 1e-9);
    let twice = all.windows().into_iter();
    let mut twice = twice.filter(|cell| cell.window == 1 && cell.hexamer == hexamer("TTGTTT"));
    let cell = twice.next().unwrap();
    // A site counts once, with the sum of its occurrences.
    assert_eq!(u64::from(cell.occurrences), cell.figures[0].sites.count + 1);
    assert!(cell.figures[0].sites.sum >= 1.25);
}

#[test]
fn the_best_place_of_an_element_is_where_it_was_put() {
    let all = of_sites(300, Some(3.0));
    let signal = ELEMENTS.iter().find(|element| element.name == "signal").unwrap();
    let (per_site, per_occurrence) = all.best(0, signal);
    for best in [per_site.unwrap(), per_occurrence.unwrap()] {
        assert!((best.at + 21).abs() <= SMOOTH as i64, "{best:?}");
    }
    assert!((per_site.unwrap().value - 0.6).abs() < 0.1);
}

#[test]
fn windows_cover_every_hexamer_once() {
    let all: Vec<i64> = (0..WINDOWS).flat_map(distances).collect();
    let expected: Vec<i64> = (FIRST..FIRST + POSITIONS as i64).collect();
    assert_eq!(all, expected);
    assert_eq!((expected[0], expected[POSITIONS - 1]), (-120, 114));
    assert_eq!(POSITIONS + SIX - 1, 240);
}

/// Importance of 60 windows that all have AATAAA at -21, to a model.
fn of_model(function: impl Fn(&[u8]) -> f32 + Send + Sync) -> Importance {
    let model = FunctionModel::new(function);
    let models = Models::new(&model, None).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut all = Importance::new(models.quantities());
    for number in 0..60 {
        let mut window: Vec<u8> = (0..WINDOW).map(|_| rng.random_range(0..4)).collect();
        window[99..105].copy_from_slice(&encode(b"AATAAA").unwrap());
        let settings = Settings { replacements: 9, seed: 1 };
        all.add(&importance(&models, &window, number, settings, |_, _| true).unwrap());
    }
    all
}

#[test]
fn to_a_shuffled_model_nothing_stands_out() {
    let signal = encode(b"AATAAA").unwrap();
    let real = move |window: &[u8]| if window[99..105] == signal[..] { 4.0 } else { 0.0 };
    // Answers dealt out anew, whatever the sequence; the same with a signal that counts.
    assert_eq!(standing_out(&of_model(|window| 2.0 * chance(window))), []);
    let found = standing_out(&of_model(|window| 2.0 * chance(window) + real(window)));
    assert!(found.contains(&("AATAAA".to_owned(), 2)), "{found:?}");
    // And what holds part of it: replacing that breaks the signal too.
    let holds_part = |six: &str| ["AATA", "ATAA", "TAAA"].iter().any(|part| six.contains(part));
    assert!(found.iter().all(|(six, window)| *window == 2 && holds_part(six)), "{found:?}");
}
