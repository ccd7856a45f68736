//! The network as its description says, in f64, one value at a time.

use super::super::config::{Activation, Config, Convolution};
use crate::models::weight_file::Tensors;

/// Values of each position.
type Positions = Vec<Vec<f64>>;

/// Returns the probability that a sequence is bound.
pub fn predict(config: &Config, tensors: &Tensors, codes: &[u8], labels: &[u8]) -> f64 {
    let network = Network { config, tensors };
    let base = |&code: &u8| (code < 4).then_some(usize::from(code));
    let alphabet = config.labels.alphabet();
    let label = |&label: &u8| {
        let label = if alphabet.len() == 5 && label == b'T' { b'F' } else { label };
        alphabet.iter().position(|&known| known == label)
    };
    let bases: Vec<_> = codes.iter().map(base).collect();
    let mut features = network.track("sequence", &bases, 4, &config.sequence.module);
    if let Some(track) = &config.structure {
        let labels: Vec<_> = labels.iter().map(label).collect();
        let structure = network.track("structure", &labels, alphabet.len(), &track.module);
        assert_eq!(features.len(), structure.len());
        features.iter_mut().zip(structure).for_each(|(own, more)| own.extend(more));
    }
    let steps = network.module("joined", features, &config.joined);
    assert!(!steps.is_empty());
    let mut values = if config.units == 0 {
        let mut flat = steps.concat();
        flat.resize(config.flat(), 0.0);
        flat
    } else {
        let mut values = network.last_output("forward", &steps);
        let reversed: Positions = steps.into_iter().rev().collect();
        values.extend(network.last_output("backward", &reversed));
        values
    };
    for n in 0..=config.dense.len() {
        values = network.affine(&values, &format!("dense.{n}.weight"), &format!("dense.{n}.bias"));
        if n < config.dense.len() && config.activation == Activation::Relu {
            values.iter_mut().for_each(|value| *value = value.max(0.0));
        }
    }
    sigmoid(values[0])
}

struct Network<'a> {
    config: &'a Config,
    tensors: &'a Tensors,
}

impl Network<'_> {
    fn values(&self, name: &str) -> Vec<f64> {
        self.tensors[name].values.iter().copied().map(f64::from).collect()
    }

    fn track(
        &self,
        name: &str,
        letters: &[Option<usize>],
        alphabet: usize,
        module: &[Convolution],
    ) -> Positions {
        let embedding = format!("{name}.embedding");
        let dimension = self.tensors[&embedding].shape[1];
        let rows = self.values(&embedding);
        let words = letters.windows(self.config.k).map(|word| {
            let known: Option<Vec<usize>> = word.iter().copied().collect();
            match known {
                None => vec![0.0; dimension],
                Some(letters) => {
                    let row = letters.iter().fold(0, |index, letter| index * alphabet + letter);
                    rows[row * dimension..][..dimension].to_vec()
                }
            }
        });
        self.module(name, words.collect(), module)
    }

    fn module(&self, name: &str, mut values: Positions, module: &[Convolution]) -> Positions {
        for (n, layer) in module.iter().enumerate() {
            let weight = self.values(&format!("{name}.{n}.weight"));
            let bias = self.values(&format!("{name}.{n}.bias"));
            let inputs = values[0].len();
            let zeros = vec![vec![0.0; inputs]; layer.width / 2];
            let padded = [zeros.clone(), values, zeros].concat();
            let convolved: Positions = padded
                .windows(layer.width)
                .map(|places| {
                    let all = places.concat();
                    let sum = |filter: usize| -> f64 {
                        let terms = all.iter().enumerate();
                        terms.map(|(i, v)| v * weight[i * layer.filters + filter]).sum()
                    };
                    (0..layer.filters).map(|f| (sum(f) + bias[f]).max(0.0)).collect()
                })
                .collect();
            values = convolved
                .chunks_exact(self.config.pool)
                .map(|group| {
                    let most = |f: usize| group.iter().map(|row| row[f]).fold(0.0, f64::max);
                    (0..layer.filters).map(most).collect()
                })
                .collect();
        }
        values
    }

    /// Returns an LSTM's output at the last of `steps`.
    fn last_output(&self, direction: &str, steps: &Positions) -> Vec<f64> {
        let units = self.config.units;
        let part = |part: &str| format!("lstm.{direction}.{part}");
        let recurrent = self.values(&part("recurrent"));
        let (mut output, mut state) = (vec![0.0; units], vec![0.0; units]);
        for step in steps {
            let gates = self.affine(step, &part("input"), &part("bias"));
            let gate = |gate: usize, unit: usize| {
                let column = gate * units + unit;
                let terms = output.iter().enumerate();
                let sum: f64 = terms.map(|(i, v)| v * recurrent[i * 4 * units + column]).sum();
                gates[column] + sum
            };
            let next: Vec<(f64, f64)> = (0..units)
                .map(|unit| {
                    let entering = sigmoid(gate(0, unit)) * gate(2, unit).tanh();
                    let state = sigmoid(gate(1, unit)) * state[unit] + entering;
                    (state, sigmoid(gate(3, unit)) * state.tanh())
                })
                .collect();
            (state, output) = next.into_iter().unzip();
        }
        output
    }

    fn affine(&self, inputs: &[f64], weight: &str, bias: &str) -> Vec<f64> {
        let (weight, bias) = (self.values(weight), self.values(bias));
        let outputs = bias.len();
        let sum = |output: usize| -> f64 {
            let terms = inputs.iter().enumerate();
            terms.map(|(i, v)| v * weight[i * outputs + output]).sum()
        };
        (0..outputs).map(|output| sum(output) + bias[output]).collect()
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
