use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::models::WINDOW;
use crate::models::screen::{HeldOut, ScreenCard};
use crate::scan::testing::*;
use crate::scan::{ScanSettings, ScanTotals, WindowCounts};

/// A screen whose classification is that of a hash of the window; more of them `likely` to pass.
fn screen(limit: f32, likely: f64) -> Screen {
    let card = ScreenCard {
        model: "fake".into(),
        model_sha256: String::new(),
        min_probability: 0.5,
        min_centre_cleavage: 0.05,
        limit,
        held_out: HeldOut::default(),
    };
    Screen::new(Box::new(HashModel::new(likely)), card, Path::new("screen"))
}

fn screened(
    contigs: &[Vec<u8>],
    model: &HashModel,
    screen: &Screen,
    (threads, chunk_size): (usize, usize),
) -> (Collected, ScanTotals) {
    let mut sink = Collected::default();
    let settings = ScanSettings { chunk_size, ..ScanSettings::default() };
    let bases = MemoryBases::new(contigs);
    let totals =
        scan_screened(bases, model, Some(screen), None, (settings, threads), &mut sink).unwrap();
    (sink, totals)
}

fn exact(contigs: &[Vec<u8>], model: &HashModel) -> (Collected, ScanTotals) {
    scan(contigs, model, None, (ScanSettings::default(), 1)).unwrap()
}

/// A contig with a run of N.
fn contig() -> impl Strategy<Value = Vec<u8>> {
    let codes = prop::collection::vec(0u8..4, 0..1_500);
    (codes, 0usize..1_500, 0usize..400).prop_map(|(mut codes, start, count)| {
        let length = codes.len();
        codes[start.min(length)..length.min(start + count)].fill(4);
        codes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_screen_that_misses_nothing_gives_the_exact_scan(
        contigs in prop::collection::vec(contig(), 1..3),
        likely in prop_oneof![Just(0.02), Just(0.3)],
        chunk in prop_oneof![1usize..60, 60usize..1_000],
        threads in 1usize..4,
    ) {
        // The same hash: above 0.5 is what the model finds likely.
        let model = HashModel::new(likely);
        let (want, exact) = exact(&contigs, &model);
        let (got, totals) = screened(&contigs, &model, &screen(0.5, likely), (threads, chunk));
        prop_assert_eq!(got.sites, want.sites);
        let (got, want) = (totals.windows(), exact.windows());
        prop_assert_eq!(got.scored + got.screened, want.scored);
        prop_assert_eq!(WindowCounts { scored: want.scored, screened: 0, ..got }, want);
    }

    #[test]
    fn chunks_and_threads_do_not_show_in_a_screened_scan(
        contigs in prop::collection::vec(contig(), 1..3),
        limit in 0.5f32..1.0,
        chunks in (1usize..60, 60usize..1_000),
    ) {
        // Passing has nothing to do with what the model says.
        let (model, screen) = (HashModel::new(0.3), screen(limit, 0.9));
        let first = screened(&contigs, &model, &screen, (1, 65_536));
        for (threads, chunk) in [(1, chunks.0), (3, chunks.1)] {
            let other = screened(&contigs, &model, &screen, (threads, chunk));
            prop_assert_eq!(&other.0.sites, &first.0.sites);
            prop_assert_eq!(&other.1, &first.1);
        }
    }

    #[test]
    fn what_passes_has_the_values_of_the_exact_scan(
        codes in prop::collection::vec(0u8..4, 240..1_200),
        limit in 0.5f32..1.0,
    ) {
        let (model, screen) = (HashModel::new(0.3), screen(limit, 1.0));
        let windows = codes.len() + 1 - WINDOW;
        let settings = ScanSettings::default();
        let screening = Screening { screen: &screen, background: settings.calls.background };
        let profile = Profile::default();
        let got = screening
            .scan(&model, &codes, &vec![true; windows], settings.keep(), &profile)
            .unwrap();
        let scores = screen.scores(&codes).unwrap();
        for (window, codes) in codes.windows(WINDOW).enumerate() {
            let (probability, cleavage) = model.window(codes);
            let is_kept = settings.keep().keeps(probability, &cleavage, false);
            let said = got.probability[window];
            prop_assert!(said.is_nan() || said.to_bits() == probability.to_bits());
            let found = got.kept.iter().find(|(at, _)| *at == window);
            prop_assert!(found.is_none_or(|(_, said)| is_kept && *said == cleavage));
            if scores[window] >= limit {
                prop_assert!(!said.is_nan());
                prop_assert_eq!(found.is_some(), is_kept);
            }
        }
        // Every place where a site may come out has its own classification.
        for (window, cleavage) in &got.kept {
            for at in spoken_of(*window, cleavage, settings.calls.background).flatten() {
                prop_assert!(got.probability.get(at).is_none_or(|p| !p.is_nan()));
            }
        }
    }
}

#[test]
fn a_sequence_without_scorable_windows_is_not_screened() {
    let (model, screen) = (HashModel::new(1.0), screen(0.0, 1.0));
    let screening = Screening { screen: &screen, background: 0.02 };
    let profile = Profile::default();
    let keep = ScanSettings::default().keep();
    let got = screening.scan(&model, &[4; 300], &[false; 61], keep, &profile).unwrap();
    assert!(got.kept.is_empty() && got.probability.iter().all(|p| p.is_nan()));
    assert!(profile.stages().is_empty());
}
