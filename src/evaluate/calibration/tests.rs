//! Predictions fall into bins, and the figures follow.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn figures_are_those_of_their_definitions(
        windows in prop::collection::vec((0.0f32..=1.0, any::<bool>()), 1..200)
    ) {
        let mut tally = Tally::default();
        windows.iter().for_each(|&(p, positive)| tally.add(p, positive));
        let found = tally.finish();
        let truth = |positive: bool| f64::from(u8::from(positive));
        let n = windows.len() as f64;
        let brier: f64 = windows.iter().map(|&(p, y)| (f64::from(p) - truth(y)).powi(2)).sum();
        prop_assert!((found.brier.unwrap() - brier / n).abs() < 1e-9);
        let (mut error, mut above, mut above_n) = (0.0, 0.0, 0.0);
        for bin in &found.bins {
            let inside = |p: f32| f64::from(p) >= bin.from && (f64::from(p) < bin.to || bin.to == 1.0);
            let part: Vec<_> = windows.iter().filter(|(p, _)| inside(*p)).collect();
            prop_assert_eq!(bin.windows, part.len());
            prop_assert_eq!(bin.observed.is_none(), part.is_empty());
            if part.is_empty() {
                continue;
            }
            let size = part.len() as f64;
            let mean = part.iter().map(|(p, _)| f64::from(*p)).sum::<f64>() / size;
            let observed = part.iter().map(|(_, y)| truth(*y)).sum::<f64>() / size;
            prop_assert!((bin.mean_prediction.unwrap() - mean).abs() < 1e-9);
            prop_assert!((bin.observed.unwrap() - observed).abs() < 1e-9);
            error += size * (mean - observed).abs();
            if bin.from >= 0.1 {
                above += size * (mean - observed).abs();
                above_n += size;
            }
        }
        prop_assert!((found.calibration_error.unwrap() - error / n).abs() < 1e-9);
        prop_assert_eq!(found.windows_above_0_1 as f64, above_n);
        match found.calibration_error_above_0_1 {
            Some(found) => prop_assert!((found - above / above_n).abs() < 1e-9),
            None => prop_assert_eq!(above_n, 0.0),
        }
    }
}

#[test]
fn bins_are_closed_below_and_the_last_holds_certainty() {
    let mut tally = Tally::default();
    [0.0, 0.1, 0.5, 1.0].into_iter().for_each(|p| tally.add(p, true));
    let counts: Vec<usize> = tally.finish().bins.iter().map(|bin| bin.windows).collect();
    assert_eq!(counts, [1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
    assert_eq!(Tally::default().finish().brier, None);
}
