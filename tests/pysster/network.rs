//! Networks of any size, against their definition written out.

use polyascan::models::card::{ModelCard, Task};
use polyascan::models::pysster::{Activation, Config, Pool, Pysster};
use polyascan::models::weight_file::{RawTensor, Tensors};
use polyascan::models::{Model, Window};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Sizes of a random model.
#[derive(Clone, Debug)]
pub struct Sizes {
    /// Alphabets of sequence and structure.
    pub alphabet: (&'static str, &'static str),
    /// Taps, kernels and pool of each block.
    pub blocks: Vec<(usize, usize, Pool)>,
    pub hidden: Vec<usize>,
    pub classes: usize,
    pub output: Activation,
    /// Positions that are left after the blocks.
    pub left: usize,
}

impl Sizes {
    fn letters(&self) -> usize {
        self.alphabet.0.len() * self.alphabet.1.len().max(1)
    }

    fn length(&self) -> usize {
        let before = |left: usize, (taps, _, pool): &(usize, usize, Pool)| {
            (left - 1) * pool.stride + pool.size + taps - 1
        };
        self.blocks.iter().rev().fold(self.left, before)
    }

    pub fn config(&self) -> Config {
        let (sequence, structure) = self.alphabet;
        let comma = if structure.is_empty() { "" } else { "," };
        Config {
            alphabet: format!("{sequence}{comma}{structure}"),
            length: self.length(),
            pools: self.blocks.iter().map(|block| block.2).collect(),
            recurrent: Vec::new(),
            features: Vec::new(),
            output: self.output,
        }
    }

    pub fn tensors(&self, rng: &mut ChaCha8Rng) -> Tensors {
        let mut tensors = Tensors::new();
        let mut add = |name: String, shape: &[usize]| {
            let (n, inputs) =
                (shape.iter().product(), shape.iter().rev().skip(1).product::<usize>());
            let bound = (3.0 / inputs as f32).sqrt();
            let values = (0..n).map(|_| rng.random_range(-bound..=bound)).collect();
            tensors.insert(format!("{name}.weight"), RawTensor { shape: shape.to_vec(), values });
            let outputs = shape[shape.len() - 1];
            let values = (0..outputs).map(|_| rng.random_range(-0.5..=0.5)).collect();
            tensors.insert(format!("{name}.bias"), RawTensor { shape: vec![outputs], values });
        };
        let mut inputs = self.letters();
        for (n, &(taps, kernels, _)) in self.blocks.iter().enumerate() {
            add(format!("conv.{n}"), &[taps, inputs, kernels]);
            inputs = kernels;
        }
        inputs *= self.left;
        for (n, &outputs) in self.hidden.iter().chain([&self.classes]).enumerate() {
            add(format!("dense.{n}"), &[inputs, outputs]);
            inputs = outputs;
        }
        tensors
    }

    fn model(&self, tensors: &Tensors) -> Pysster {
        let card = ModelCard::new("random", "pysster", Task::Binding);
        Pysster::new(&self.config(), tensors, card).unwrap()
    }

    /// The network written out, in f64.
    fn plain(&self, tensors: &Tensors, letters: &[usize]) -> Vec<f64> {
        let of = |name: String| -> Vec<f64> {
            tensors[&name].values.iter().map(|&value| f64::from(value)).collect()
        };
        let one_hot = |&letter: &usize| {
            (0..self.letters()).map(|l| f64::from(u8::from(l == letter))).collect()
        };
        let mut x: Vec<Vec<f64>> = letters.iter().map(one_hot).collect();
        for (n, &(taps, kernels, pool)) in self.blocks.iter().enumerate() {
            let (weight, bias) = (of(format!("conv.{n}.weight")), of(format!("conv.{n}.bias")));
            let inputs = x[0].len();
            let conv = |t: usize, k: usize| {
                let sum = (0..taps * inputs)
                    .map(|i| x[t + i / inputs][i % inputs] * weight[i * kernels + k])
                    .sum::<f64>();
                (sum + bias[k]).max(0.0)
            };
            let pooled = |p: usize, k: usize| {
                (0..pool.size).map(|i| conv(p * pool.stride + i, k)).fold(f64::MIN, f64::max)
            };
            let positions = (x.len() + 1 - taps - pool.size) / pool.stride + 1;
            x = (0..positions).map(|p| (0..kernels).map(|k| pooled(p, k)).collect()).collect();
        }
        let mut x = x.concat();
        for n in 0..=self.hidden.len() {
            let (weight, mut out) =
                (of(format!("dense.{n}.weight")), of(format!("dense.{n}.bias")));
            for (o, out) in out.iter_mut().enumerate() {
                let columns = weight.len() / x.len();
                *out += x.iter().enumerate().map(|(i, x)| x * weight[i * columns + o]).sum::<f64>();
                *out = if n < self.hidden.len() { out.max(0.0) } else { *out };
            }
            x = out;
        }
        let sum: f64 = x.iter().map(|x| x.exp()).sum();
        x.iter()
            .map(|x| match self.output {
                Activation::Softmax => x.exp() / sum,
                Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            })
            .collect()
    }
}

fn sizes() -> impl Strategy<Value = Sizes> {
    let alphabets = [
        ("ACGU", ""),
        ("GATC", ""),
        ("ACGU", "SU"),
        ("ACGU", "HIMS"),
        ("CAUG", ".()"),
        ("ACGT", "HIMSFT"),
    ];
    let pool = (1usize..4, 1usize..4).prop_map(|(size, stride)| Pool { size, stride });
    let blocks = proptest::collection::vec((1usize..7, 1usize..40, pool), 1..4);
    let hidden = proptest::collection::vec(1usize..70, 0..3);
    let output = prop_oneof![Just(Activation::Softmax), Just(Activation::Sigmoid)];
    (proptest::sample::select(alphabets.to_vec()), blocks, hidden, 1usize..5, output, 1usize..6)
        .prop_map(|(alphabet, blocks, hidden, classes, output, left)| Sizes {
            alphabet,
            blocks,
            hidden,
            classes,
            output,
            left,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_network_computes_its_definition(sizes in sizes(), windows in 1usize..40, seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let tensors = sizes.tensors(&mut rng);
        let model = sizes.model(&tensors);
        let (sequence, structure) = (sizes.alphabet.0.as_bytes(), sizes.alphabet.1.as_bytes());
        let letters: Vec<Vec<usize>> = (0..windows)
            .map(|_| (0..sizes.length()).map(|_| rng.random_range(0..sizes.letters())).collect())
            .collect();
        let texts: Vec<(Vec<u8>, Vec<u8>)> = letters
            .iter()
            .map(|letters| {
                let n = structure.len().max(1);
                let bases = letters.iter().map(|l| sequence[l / n]).collect::<Vec<u8>>();
                let codes = polyascan::genome::sequence::encode(&bases).unwrap();
                let labels = letters.iter().filter_map(|l| structure.get(l % n).copied()).collect();
                (codes, labels)
            })
            .collect();
        let windows: Vec<Window> = texts
            .iter()
            .map(|(codes, labels)| Window {
                codes,
                structure: (!structure.is_empty()).then_some(labels.as_slice()),
                features: &[],
            })
            .collect();
        let said = model.predict(&windows).unwrap().values;
        prop_assert_eq!(said.len(), sizes.classes);
        for (n, letters) in letters.iter().enumerate() {
            let alone = model.predict(&windows[n..=n]).unwrap().values;
            for (class, expected) in sizes.plain(&tensors, letters).into_iter().enumerate() {
                prop_assert!((f64::from(said[class][n]) - expected).abs() < 1e-5);
                prop_assert_eq!(said[class][n], alone[class][0]);
            }
        }
    }
}
