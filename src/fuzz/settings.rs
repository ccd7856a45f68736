//! Configurations.

use proptest::prelude::*;

use super::damage::damaged_text;
use super::file;
use crate::config::Config;
use crate::scan::Anchor;
use crate::train::classes::config::ClassTraining;
use crate::train::isoform::config::IsoformTraining;
use crate::train::recipe;
use crate::train::scan::config::ScanTraining;
use crate::train::usage::config::UsageTraining;
use crate::train::windows::config::WindowTraining;

proptest! {
    #[test]
    fn settings_are_refused_or_lie_in_their_ranges(
        bytes in damaged_text(&[include_str!("../../config/default.toml")])
    ) {
        let file = file(&bytes);
        let Ok(config) = Config::load(Some(file.path())) else { return Ok(()) };
        prop_assert_eq!(config.check(), Ok(()));
        let settings = config.scan.settings(Anchor::Window, config.scan.calls(None, 0.5), 0);
        for share in [settings.min_probability, settings.min_centre_cleavage, settings.calls.background] {
            prop_assert!((0.0..=1.0).contains(&share));
        }
        prop_assert!(settings.chunk_size > 0);
        let rule = &config.variants.rule;
        prop_assert!(rule.strength.is_finite() && rule.delta >= 0.0);
    }

    #[test]
    fn recipes_are_refused_or_make_a_network(
        bytes in damaged_text(&[
            include_str!("../../config/train/default.toml"),
            include_str!("../../config/train/polyaid.toml"),
            include_str!("../../config/train/deeprke.toml"),
            include_str!("../../config/train/deerect.toml"),
            include_str!("../../config/train/pysster.toml"),
            include_str!("../../config/train/polyaid-published.toml"),
            include_str!("../../config/train/polyastrength.toml"),
            include_str!("../../config/train/aparent2.toml"),
        ])
    ) {
        let file = file(&bytes);
        // Ok or an error: a panic fails.
        let _ = recipe::read::<ScanTraining>(file.path(), None);
        let _ = recipe::read::<ClassTraining>(file.path(), None);
        let _ = recipe::read::<WindowTraining>(file.path(), None);
        let _ = recipe::read::<UsageTraining>(file.path(), None);
        let _ = recipe::read::<IsoformTraining>(file.path(), None);
    }
}
