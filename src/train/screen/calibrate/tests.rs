use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::models::screen::ScreenCard;
use crate::scan::testing::HashModel;

fn screen(likely: f64) -> Screen {
    let card = ScreenCard {
        model: "fake".into(),
        model_sha256: String::new(),
        min_probability: 0.5,
        min_centre_cleavage: 0.05,
        limit: 0.0,
        held_out: HeldOut::default(),
    };
    Screen::new(Box::new(HashModel::new(likely)), card, Path::new("screen"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_limit_finds_what_it_is_to_find_and_no_lower_one_less(
        stretches in prop::collection::vec(prop::collection::vec(0u8..4, 400..900), 3..6),
        recall in 0.5f64..1.0,
        more in 0.0f64..0.5,
    ) {
        // The screen's hash has nothing to do with the model's: only the limit can find enough.
        let (model, mut screen) = (HashModel::new(0.1), screen(0.8));
        let calibration =
            Calibration::new(&model, &stretches, ScanSettings::default(), 1).unwrap();
        let higher = calibration.limit(&screen, (recall + more).min(1.0)).unwrap();
        screen.card.limit = calibration.limit(&screen, recall).unwrap();
        prop_assert!(higher <= screen.card.limit);
        let found = calibration.measure(&screen).unwrap();
        prop_assert!(found.recall() >= recall && found.call_recall() >= recall, "{:?}", found);
        prop_assert!(found.computed <= found.windows);

        let lower = screen.card.limit - 0.05;
        screen.card.limit = lower;
        let more_found = calibration.measure(&screen).unwrap();
        prop_assert!(more_found.kept_found >= found.kept_found);
        prop_assert!(more_found.computed >= found.computed);
    }

    #[test]
    fn a_windows_recovery_is_the_highest_limit_that_keeps_it(
        stretches in prop::collection::vec(prop::collection::vec(0u8..4, 300..700), 1..3),
        step in 0usize..20,
    ) {
        let (model, mut screen) = (HashModel::new(0.2), screen(0.8));
        let Ok(calibration) = Calibration::new(&model, &stretches, ScanSettings::default(), 1) else {
            return Ok(());
        };
        let recovery = calibration.recovery(&screen).unwrap();
        screen.card.limit = step as f32 / 20.0;
        let kept: BTreeSet<Place> = calibration.scan(Some(&screen)).unwrap().kept().map(|k| k.0).collect();
        let want = recovery.iter().filter(|(_, limit)| **limit >= screen.card.limit);
        prop_assert_eq!(kept, want.map(|(place, _)| *place).collect::<BTreeSet<_>>());
    }
}

#[test]
fn a_model_that_keeps_nothing_is_refused() {
    let stretches = [vec![0; 500]];
    let model = HashModel::new(0.0);
    let refused = Calibration::new(&model, &stretches, ScanSettings::default(), 1);
    let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("it keeps none of"), "{message}");
}
