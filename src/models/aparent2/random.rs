//! Networks of any size with random weights, for tests and benchmarks.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::weights::Config;
use super::weights::{LENGTH, LIBRARIES};
use crate::models::weight_file::{RawTensor, Tensors};

/// Returns tensors with uniform random values that keep activations of order one.
pub fn random(config: &Config, seed: u64) -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = Tensors::new();
    let mut add = |name: String, shape: &[usize], low: f32, high: f32| {
        let values = (0..shape.iter().product()).map(|_| rng.random_range(low..=high)).collect();
        tensors.insert(name, RawTensor { shape: shape.to_vec(), values });
    };
    let c = config.channels;
    let bound = |inputs: usize| (3.0 / inputs as f32).sqrt();
    let mut layers = vec![
        ("stem".to_owned(), vec![4, c], 1),
        ("last".into(), vec![c, c], c),
        ("final".into(), vec![c, 1], c),
    ];
    for g in 0..config.dilations.len() {
        layers.push((format!("groups.{g}.skip"), vec![c, c], c));
        for b in 0..config.blocks {
            let block = format!("groups.{g}.blocks.{b}");
            layers.push((format!("{block}.conv0"), vec![3, c, c], 3 * c));
            layers.push((format!("{block}.conv1"), vec![3, c, c], 12 * c));
            for norm in ["norm0", "norm1"] {
                for (part, low, high) in [
                    ("gamma", 0.5, 1.5),
                    ("beta", -0.5, 0.5),
                    ("mean", -0.5, 0.5),
                    ("variance", 0.1, 2.0),
                ] {
                    add(format!("{block}.{norm}.{part}"), &[c], low, high);
                }
            }
        }
    }
    for (name, shape, inputs) in layers {
        add(format!("{name}.weight"), &shape, -bound(inputs), bound(inputs));
        add(format!("{name}.bias"), &shape[shape.len() - 1..], -0.5, 0.5);
    }
    add("library.weight".into(), &[LENGTH + 1, LIBRARIES], -1.0, 1.0);
    add("library.bias".into(), &[LENGTH + 1], -1.0, 1.0);
    tensors
}
