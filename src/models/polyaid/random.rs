//! Models of any size with random weights, for tests and benchmarks.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::weights::{GATES, Kind, POOL};
use crate::models::weight_file::{RawTensor, Tensors};
use crate::models::{CLEAVAGE, WINDOW};

/// Layer sizes; `dense` are the hidden layers of every head.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    pub width: usize,
    pub filters: usize,
    pub units: usize,
    pub dense: &'a [usize],
}

impl Shape<'static> {
    /// The published PolyaID.
    pub const POLYAID: Self =
        Self { width: 8, filters: 512, units: 128, dense: &[256, 256, 128, 64] };
}

/// Returns tensors with uniform random weights whose size keeps activations of order one.
pub fn random(kind: Kind, shape: Shape<'_>, seed: u64) -> Tensors {
    let Shape { width, filters, units, dense } = shape;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = Tensors::new();
    let mut add = |name: String, shape: Vec<usize>, inputs: usize| {
        let bound = (3.0 / inputs as f32).sqrt();
        let n = shape.iter().product();
        let values = (0..n).map(|_| rng.random_range(-bound..=bound)).collect();
        tensors.insert(name, RawTensor { shape, values });
    };
    add("conv.weight".into(), vec![width, 4, filters], width);
    add("conv.bias".into(), vec![filters], 3);
    for direction in ["lstm.forward", "lstm.backward"] {
        add(format!("{direction}.input"), vec![filters, GATES * units], filters);
        add(format!("{direction}.recurrent"), vec![units, GATES * units], units);
        add(format!("{direction}.bias"), vec![GATES * units], 3);
    }
    let heads: &[_] = match kind {
        Kind::PolyaId => &[("classification", 1), ("cleavage", CLEAVAGE)],
        Kind::PolyaStrength => &[("strength", 1)],
    };
    for (head, outputs) in heads {
        let mut inputs = (WINDOW - width + 1) / POOL * 2 * units;
        for (n, &outputs) in dense.iter().chain([outputs]).enumerate() {
            add(format!("{head}.{n}.weight"), vec![inputs, outputs], inputs / 3 + 1);
            add(format!("{head}.{n}.bias"), vec![outputs], 12);
            inputs = outputs;
        }
    }
    tensors
}
