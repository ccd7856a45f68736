//! The three forms of dense-scan are one function.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::gpu::GpuDense;
use super::network::DenseConfig;
use super::{ARCHITECTURE, DenseScan};
use crate::engine::cuda::Precision;
use crate::engine::device::Workers;
use crate::models::card::{ModelCard, Task};
use crate::models::posterior::Posterior;
use crate::models::{CLEAVAGE, Model, WINDOW, Window, gpu, registry};

fn model(config: &DenseConfig, seed: u64) -> DenseScan {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = HashMap::new();
    let network = super::DenseNetwork::new(config, 1 + CLEAVAGE, |name, shape| {
        let scale = if name.ends_with("bias") { 0.2 } else { 1.5 / (shape[0] as f32).sqrt() };
        let count: usize = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| scale * (rng.random::<f32>() - 0.5)).collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        tensors.insert(name.to_owned(), tensor.clone());
        Ok(tensor)
    });
    network.unwrap();
    let card = ModelCard::new("random", ARCHITECTURE.name, Task::Sites);
    let posterior = Some(Posterior { slope: 1.2, intercept: -3.0 });
    DenseScan::load(config, posterior, &tensors, card, &Workers::CPU).unwrap()
}

fn sizes() -> impl Strategy<Value = DenseConfig> {
    let dilations = prop::sample::select(vec![
        vec![1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 25, 25],
        vec![3, 50, 59],
        vec![112],
        vec![100, 7, 5],
    ]);
    (prop::sample::select(vec![16, 48, 64]), dilations, prop::sample::select(vec![16, 64]))
        .prop_map(|(channels, dilations, hidden)| DenseConfig {
            channels,
            stem_width: 16,
            dilations,
            hidden,
        })
}

fn sequence(length: usize, seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..4)).collect();
    let run = rng.random_range(0..60);
    let start = rng.random_range(0..length - run);
    codes[start..start + run].fill(crate::genome::sequence::UNKNOWN);
    codes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn scan_equals_predict_on_every_window(config in sizes(), extra in 0usize..70, seed: u64) {
        let model = model(&config, seed);
        let codes = sequence(WINDOW + extra, seed ^ 1);
        let windows: Vec<Window> = codes.windows(WINDOW).map(Window::from).collect();
        let predictions = model.predict(&windows).unwrap();
        let [probability, cleavage, posterior] = predictions.values.as_slice() else {
            panic!("a calibrated site model has three outputs");
        };
        for (p, posterior) in probability.iter().zip(posterior) {
            prop_assert_eq!(model.posterior.unwrap().of(*p), *posterior);
        }
        let kernel = model.scan(&codes, -1.0).unwrap();
        let on_gpu = GpuDense::new(&model.network, &Device::Cpu, Precision::F32).unwrap();
        let on_gpu = gpu::scan(&on_gpu, &codes, -1.0).unwrap();
        for scores in [kernel, on_gpu] {
            prop_assert_eq!(scores.probability.len(), extra + 1);
            prop_assert_eq!(scores.cleavage.len(), extra + 1);
            for (s, (start, vector)) in scores.cleavage.iter().enumerate() {
                prop_assert_eq!(*start, s);
                prop_assert!((scores.probability[s] - probability[s]).abs() < 1e-5);
                for (a, b) in vector.iter().zip(&cleavage[s * CLEAVAGE..]) {
                    prop_assert!((a - b).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn a_window_scores_the_same_bits_wherever_it_lies(config in sizes(), extra in 1usize..300, at in 0usize..300, seed: u64) {
        let model = model(&config, seed);
        let codes = sequence(WINDOW + extra, seed ^ 2);
        let at = at % (extra + 1);
        let whole = model.scan(&codes, 0.5).unwrap();
        let alone = model.scan(&codes[at..at + WINDOW], 0.5).unwrap();
        prop_assert_eq!(whole.probability[at].to_bits(), alone.probability[0].to_bits());
        let vector = whole.cleavage.iter().find(|(start, _)| *start == at).map(|(_, v)| *v);
        prop_assert_eq!(vector, alone.cleavage.first().map(|(_, v)| *v));
    }

    #[test]
    fn a_few_windows_score_the_bits_of_a_long_scan(config in sizes(), few in 1usize..12, at in 0usize..100, seed: u64) {
        let model = model(&config, seed);
        let codes = sequence(WINDOW + 120, seed ^ 3);
        let whole = model.scan(&codes, 0.5).unwrap();
        let part = model.scan(&codes[at..at + WINDOW + few - 1], 0.5).unwrap();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&part.probability), bits(&whole.probability[at..at + few]));
        let here = whole.cleavage.iter().filter(|(start, _)| (at..at + few).contains(start));
        let here: Vec<_> = here.map(|(start, vector)| (start - at, *vector)).collect();
        prop_assert_eq!(here, part.cleavage);
    }
}

#[test]
fn block_borders_do_not_show() {
    let config = DenseConfig { channels: 16, stem_width: 16, dilations: vec![50, 62], hidden: 16 };
    let model = model(&config, 7);
    let codes = sequence(9000, 8);
    let whole = model.scan(&codes, 0.5).unwrap();
    for start in [4000usize, 4095, 4096, 8000] {
        let part = model.scan(&codes[start..start + 700], 0.5).unwrap();
        assert_eq!(part.probability, whole.probability[start..start + 700 - WINDOW + 1]);
    }
    assert_eq!(model.scan(&codes[..WINDOW - 1], 0.5).unwrap().probability.len(), 0);
}

#[test]
fn the_gpu_form_of_the_default_model_says_the_same() {
    let workers = Workers::new(vec![Device::Cpu, Device::Cpu], Precision::F32);
    let [cpu, gpu] = [Workers::CPU, workers].map(|at| registry::load("default", &at).unwrap());
    assert_eq!((cpu.device(), gpu.device()), ("cpu", "cuda"));
    let codes = sequence(1500, 3);
    let (expected, said) = (cpu.scan(&codes, 0.01).unwrap(), gpu.scan(&codes, 0.01).unwrap());
    assert_eq!(said.probability.len(), expected.probability.len());
    for (a, b) in said.probability.iter().zip(&expected.probability) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    assert!(!expected.cleavage.is_empty());
    assert_eq!(said.cleavage.len(), expected.cleavage.len());
    for ((s, a), (t, b)) in said.cleavage.iter().zip(&expected.cleavage) {
        assert_eq!(s, t);
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}

#[test]
fn sizes_that_do_not_see_240_nt_are_refused() {
    let wrong = DenseConfig { channels: 48, stem_width: 16, dilations: vec![100], hidden: 64 };
    assert!(wrong.check().is_err_and(|problem| problem.contains("240")));
    let wrong = DenseConfig { channels: 20, stem_width: 16, dilations: vec![112], hidden: 64 };
    assert!(wrong.check().is_err_and(|problem| problem.contains("channels")));
}
