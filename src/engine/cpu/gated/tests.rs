use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

fn values(n: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Weights of one direction: input, recurrent, bias.
struct Weights {
    inputs: usize,
    units: usize,
    parts: [Vec<f32>; 3],
}

impl Weights {
    fn new(cell: Cell, inputs: usize, units: usize, rng: &mut ChaCha8Rng) -> Self {
        let width = cell.gates() * units;
        let parts = [inputs * width, units * width, width].map(|n| values(n, rng));
        Self { inputs, units, parts }
    }

    fn direction(&self, cell: Cell, gate: Gate) -> Direction {
        let [input, recurrent, bias] = &self.parts;
        Direction::new(cell, gate, input, recurrent, bias)
    }

    /// The outputs of each step of one window, in f64, as Keras' code has them.
    fn plain(&self, cell: Cell, gate: Gate, steps: &[&[f32]]) -> Vec<Vec<f64>> {
        let [input, recurrent, bias] = &self.parts;
        let (units, width) = (self.units, cell.gates() * self.units);
        let gated = |x: f64| match gate {
            Gate::HardSigmoid => (0.2 * x + 0.5).clamp(0.0, 1.0),
            Gate::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        };
        let times = |values: &[f64], matrix: &[f32], column: usize| -> f64 {
            let rows = values.iter().enumerate();
            rows.map(|(row, value)| value * f64::from(matrix[row * width + column])).sum()
        };
        let (mut h, mut c) = (vec![0.0; units], vec![0.0; units]);
        let mut all = Vec::new();
        for x in steps {
            let x: Vec<f64> = x.iter().map(|&value| f64::from(value)).collect();
            assert_eq!(x.len(), self.inputs);
            let of = |h: &[f64], k: usize, unit: usize| {
                let column = k * units + unit;
                times(&x, input, column) + times(h, recurrent, column) + f64::from(bias[column])
            };
            let next: Vec<f64> = match cell {
                Cell::Lstm => {
                    let state = |unit: usize| {
                        gated(of(&h, 1, unit)) * c[unit]
                            + gated(of(&h, 0, unit)) * of(&h, 2, unit).tanh()
                    };
                    c = (0..units).map(state).collect();
                    (0..units).map(|unit| gated(of(&h, 3, unit)) * f64::tanh(c[unit])).collect()
                }
                Cell::Gru => {
                    let reset: Vec<f64> =
                        (0..units).map(|unit| gated(of(&h, 1, unit)) * h[unit]).collect();
                    let next = |unit: usize| {
                        let z = gated(of(&h, 0, unit));
                        z * h[unit] + (1.0 - z) * of(&reset, 2, unit).tanh()
                    };
                    (0..units).map(next).collect()
                }
            };
            h = next;
            all.push(h.clone());
        }
        all
    }
}

fn kinds() -> impl Strategy<Value = (Cell, Gate)> {
    let cell = prop_oneof![Just(Cell::Lstm), Just(Cell::Gru)];
    (cell, prop_oneof![Just(Gate::HardSigmoid), Just(Gate::Sigmoid)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_kind_equals_its_definition_in_both_directions(
        (cell, gate) in kinds(), windows in 1usize..20, steps in 1usize..7,
        inputs in 1usize..20, units in 1usize..20, sequences: bool, seed: u64
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights = [0, 1].map(|_| Weights::new(cell, inputs, units, &mut rng));
        let mut x = Activations::new(windows, steps, inputs);
        let width = x.width();
        for row in x.values.chunks_exact_mut(width) {
            row[..inputs].copy_from_slice(&values(inputs, &mut rng));
        }
        let directions = weights.iter().map(|of| of.direction(cell, gate)).collect();
        let layer = Gated::new(directions, sequences);
        let found = layer.run(&x);
        let rows: Vec<&[f32]> = x.rows().collect();
        let said: Vec<&[f32]> = found.rows().collect();
        for (window, own) in rows.chunks_exact(steps).enumerate() {
            let forward = weights[0].plain(cell, gate, own);
            let reversed: Vec<&[f32]> = own.iter().rev().copied().collect();
            let mut backward = weights[1].plain(cell, gate, &reversed);
            backward.reverse();
            let places: Vec<(usize, usize)> = if sequences {
                (0..steps).map(|step| (step, step)).collect()
            } else {
                vec![(steps - 1, 0)]
            };
            for (place, (ahead, back)) in places.into_iter().enumerate() {
                let expected = [forward[ahead].clone(), backward[back].clone()].concat();
                let row = said[window * found.positions + place];
                for (found, expected) in row.iter().zip(&expected) {
                    prop_assert!((f64::from(*found) - expected).abs() < 1e-5, "{found}, not {expected}");
                }
            }
            // By itself a window has the same bits.
            let mut alone = Activations::new(1, steps, inputs);
            alone.values.copy_from_slice(&x.values[window * steps * width..][..steps * width]);
            let bits = |of: &Activations, from: usize| -> Vec<u32> {
                of.rows().skip(from).take(found.positions).flatten().map(|v| v.to_bits()).collect()
            };
            prop_assert_eq!(bits(&layer.run(&alone), 0), bits(&found, window * found.positions));
        }
    }
}
