//! The recipes of config/train that say they are the published ones make the published networks.

use std::path::Path;

use candle_core::Device;

use crate::train::isoform::config::IsoformTraining;
use crate::train::optimiser::Rule;
use crate::train::recipe::{Configuration, from_value};
use crate::train::usage::config::UsageTraining;
use crate::train::weights::Weights;
use crate::train::windows::config::WindowTraining;

/// Reads a recipe and counts the values of its network.
fn read<C: Configuration>(text: &str) -> (C, usize) {
    let value = toml::from_str(text).unwrap();
    let config: C = from_value(Path::new("recipe.toml"), value, None).unwrap();
    let (identity, network, recipe) = config.common();
    let started = Weights::start(network, recipe, identity.seed, None, &Device::Cpu).unwrap();
    let tensors = started.1.averaged().unwrap();
    let count = tensors.values().map(|tensor| tensor.values.len()).sum();
    (config, count)
}

#[test]
fn recipes_make_networks_of_the_published_sizes() {
    let text = include_str!("../../../config/train/polyaid-published.toml");
    let (config, count) = read::<WindowTraining>(text);
    assert_eq!(count, 10_983_539);
    assert_eq!((config.optimiser.rule, config.optimiser.batch), (Rule::Nadam, 100));
    assert_eq!((config.positives.count, config.positives.offsets), (20_000, [-25, 25]));
    let text = include_str!("../../../config/train/polyastrength.toml");
    assert_eq!(read::<UsageTraining>(text).1, 336_321);
    let text = include_str!("../../../config/train/aparent2.toml");
    let (config, count) = read::<IsoformTraining>(text);
    assert_eq!((count, config.optimiser.dropout), (192_517, 0.25));
}
