use std::collections::BTreeMap;

use candle_core::{D, DType, Var};
use candle_nn::ops::log_softmax;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::engine::device::Workers;
use crate::models::aparent2::random::random;
use crate::models::aparent2::weights::LIBRARY;
use crate::models::card::{ModelCard, Task};
use crate::models::weight_file::{Tensors, encode, raw};
use crate::models::{Model, registry};
use crate::train::losses::kl_divergence;
use crate::train::networks::NetworkConfig;
use crate::train::recipe::Recipe;
use crate::train::weights::Weights;

const CPU: Device = Device::Cpu;

/// Channels that fill no whole vector, two dilations.
fn small(statistics: Statistics) -> Aparent2Config {
    Aparent2Config { channels: 10, blocks: 1, dilations: vec![1, 3], library: LIBRARY, statistics }
}

fn frames(count: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Of five codes one is an unknown base.
    (0..count).map(|_| (0..LENGTH).map(|_| rng.random_range(0..5)).collect()).collect()
}

fn views(frames: &[Vec<u8>]) -> Vec<Window<'_>> {
    frames.iter().map(|codes| Window::from(codes.as_slice())).collect()
}

fn silent() -> Noise {
    Noise::new(ChaCha8Rng::seed_from_u64(1), 0.0)
}

/// A network of given tensors, and its variables by name.
fn network(config: &Aparent2Config, tensors: &Tensors) -> (Aparent2Net, BTreeMap<String, Var>) {
    let mut vars = BTreeMap::new();
    let mut start = |name: &str, shape: &[usize], _: Start| {
        let var = Var::from_vec(tensors[name].values.clone(), shape, &CPU)?;
        vars.insert(name.to_owned(), var.clone());
        Ok(var.as_tensor().clone())
    };
    (Aparent2Net::start(config, &mut start, &CPU).unwrap(), vars)
}

/// The inference model of a weight file that predicts with a library.
fn model(config: &Aparent2Config, tensors: &Tensors, library: usize) -> Box<dyn Model> {
    let sizes = Aparent2Config { library, ..config.clone() }.sizes().unwrap().unwrap();
    let metadata = BTreeMap::from([("architecture", "aparent2"), ("config", sizes.as_str())]);
    let bytes = encode(tensors, &metadata).unwrap();
    registry::build(&bytes, ModelCard::new("tiny", "", Task::Isoform), &Workers::CPU).unwrap()
}

/// Returns the probabilities that a network's logits of a library are.
fn cut(logits: &Tensor, library: usize) -> Vec<f32> {
    let logits = logits.narrow(2, library, 1).unwrap().squeeze(2).unwrap();
    log_softmax(&logits, D::Minus1)
        .unwrap()
        .exp()
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap()
}

fn assert_near(found: &[f32], expected: &[f32], most: f32) {
    assert_eq!(found.len(), expected.len());
    let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error < most, "{error}");
}

#[test]
fn with_kept_statistics_it_says_what_the_model_of_its_file_says_of_every_library() {
    let frames = frames(9, 3);
    for config in [
        small(Statistics::Kept),
        Aparent2Config { statistics: Statistics::Kept, ..Aparent2Config::default() },
    ] {
        let tensors = random(&config.in_file(), 5);
        let logits = network(&config, &tensors).0.forward(&views(&frames), &mut silent()).unwrap();
        assert_eq!(logits.dims(), [9, LENGTH + 1, LIBRARIES]);
        for library in [0, 7, LIBRARY] {
            let said = model(&config, &tensors, library).predict(&views(&frames)).unwrap();
            assert_near(&cut(&logits, library), &said.values[3], 1e-5);
        }
    }
}

#[test]
fn what_is_kept_of_batches_is_what_the_finished_model_norms_by() {
    let config = small(Statistics::Batch);
    let tensors = random(&config.in_file(), 8);
    let (net, vars) = network(&config, &tensors);
    let frames = frames(8, 4);
    let mut last = net.forward(&views(&frames), &mut silent()).unwrap();
    // 0.99^1200 of what they began with is left.
    for _ in 0..1200 {
        last = net.forward(&views(&frames), &mut silent()).unwrap();
    }
    let tensors: std::collections::HashMap<String, Tensor> =
        vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    let said = model(&config, &raw(&tensors).unwrap(), LIBRARY).predict(&views(&frames)).unwrap();
    assert_near(&cut(&last, LIBRARY), &said.values[3], 1e-4);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let frames = frames(6, 9);
    for statistics in [Statistics::Batch, Statistics::Kept] {
        let config = small(statistics);
        let tensors = random(&config.in_file(), 2);
        let (net, vars) = network(&config, &tensors);
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let count = 6 * (LENGTH + 1) * LIBRARIES;
        let weights = Start::Normal(0.05).draw(count, &mut rng);
        let weights = Tensor::from_vec(weights, (6, LENGTH + 1, LIBRARIES), &CPU).unwrap();
        let loss = || {
            let logits = net.forward(&views(&frames), &mut silent()).unwrap();
            (logits * &weights).unwrap().sum_all().unwrap()
        };
        let gradients = loss().backward().unwrap();
        let value = || loss().to_dtype(DType::F64).unwrap().to_scalar::<f64>().unwrap();
        for (name, var) in vars.iter().filter(|(name, _)| !config.keeps(name)) {
            let gradient = gradients.get(var).unwrap();
            let length = |t: &Tensor| {
                let square = t.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
                f64::from(square).sqrt()
            };
            let before = var.as_tensor().copy().unwrap();
            let random = Start::Normal(1.0).draw(before.elem_count(), &mut rng);
            let random = Tensor::from_vec(random, before.shape(), &CPU).unwrap();
            // Along the gradient, where a wrong one shows most, and aside.
            let direction = (gradient / length(gradient).max(1e-2)).unwrap()
                + (&random / length(&random)).unwrap();
            let direction = direction.unwrap();
            let expected = (gradient * &direction).unwrap().sum_all().unwrap();
            let expected = f64::from(expected.to_scalar::<f32>().unwrap());
            let at = |step: f64| {
                var.set(&(&before + (&direction * step).unwrap()).unwrap()).unwrap();
                value()
            };
            let step = 2e-3;
            let found = (at(step) - at(-step)) / (2.0 * step);
            var.set(&before).unwrap();
            // ReLUs bend, and sums of 16,000 f32 are not exact.
            let most = 0.03 * length(gradient) + 0.05;
            assert!((found - expected).abs() < most, "{name} {statistics:?}: {found} {expected}");
        }
    }
}

#[test]
fn overfits_64_examples() {
    let config = Aparent2Config { channels: 16, ..small(Statistics::Batch) };
    let config = NetworkConfig::Aparent2(config);
    let text = "epochs = 1\nbatch = 64\nlearning_rate = 0.01\nschedule = \"constant\"\n\
                gradient_norm = 100.0";
    let recipe: Recipe = toml::from_str(text).unwrap();
    let (net, mut weights) = Weights::start(&config, &recipe, 11, None, &CPU).unwrap();
    let frames = frames(64, 21);
    let mut rng = ChaCha8Rng::seed_from_u64(22);
    let cuts: Vec<usize> = (0..64).map(|_| rng.random_range(0..=LENGTH)).collect();
    let mut targets = vec![0f32; 64 * (LENGTH + 1)];
    cuts.iter().enumerate().for_each(|(i, &at)| targets[i * (LENGTH + 1) + at] = 1.0);
    let targets = Tensor::from_vec(targets, (64, LENGTH + 1), &CPU).unwrap();
    let ones = Tensor::ones(64, DType::F32, &CPU).unwrap();
    let mut last = f32::NAN;
    for _ in 0..250 {
        let logits = net.forward(&views(&frames), &mut silent()).unwrap();
        let logits = logits.narrow(2, LIBRARY, 1).unwrap().squeeze(2).unwrap();
        let log = log_softmax(&logits, D::Minus1).unwrap();
        let loss = kl_divergence(&log, &targets, &ones).unwrap();
        weights.descend(&loss, &recipe, 250).unwrap();
        last = loss.to_scalar().unwrap();
    }
    // Knowing nothing costs ln 206 = 5.3.
    assert!(last < 0.3, "{last}");
    // The moving averages come after.
    for _ in 0..400 {
        net.forward(&views(&frames), &mut silent()).unwrap();
    }
    let tensors = weights.averaged().unwrap();
    let NetworkConfig::Aparent2(config) = config else { unreachable!() };
    let said = model(&config, &tensors, LIBRARY).predict(&views(&frames)).unwrap();
    let found = said.values[3].chunks_exact(LENGTH + 1).zip(&cuts).filter(|(p, at)| p[**at] > 0.5);
    assert!(found.count() > 56);
}

#[test]
fn sizes_that_make_no_network_are_refused() {
    let said = |config: Aparent2Config| config.check().unwrap_err();
    assert!(said(Aparent2Config { channels: 0, ..small(Statistics::Batch) }).contains("above 0"));
    assert!(
        said(Aparent2Config { library: 13, ..small(Statistics::Batch) }).contains("library 13")
    );
    let long = vec![0u8; 240];
    let (net, _) =
        network(&small(Statistics::Kept), &random(&small(Statistics::Kept).in_file(), 1));
    let error = net.forward(&[Window::from(long.as_slice())], &mut silent()).unwrap_err();
    assert!(error.to_string().contains("205"), "{error}");
}
