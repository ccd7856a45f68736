//! The three forms of dense-scan are one function.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::gpu::GpuDense;
use super::network::{DenseConfig, DenseNetwork, Residuals};
use super::{ARCHITECTURE, DenseScan};
use crate::engine::cpu::activation::{sigmoid, softmax};
use crate::engine::cuda::Precision;
use crate::engine::device::{CpuPrecision, DeviceKind, Workers};
use crate::models::card::{ModelCard, Task};
use crate::models::encoding::one_hot;
use crate::models::posterior::Posterior;
use crate::models::{
    CLEAVAGE, ChangedCopy, CleavageVector, Model, Replacement, WINDOW, Window, gpu, registry,
};

fn model(config: &DenseConfig, seed: u64) -> DenseScan {
    with_network(config, seed, CpuPrecision::F32).0
}

fn precisions() -> impl Strategy<Value = CpuPrecision> {
    prop::sample::select(vec![CpuPrecision::F32, CpuPrecision::Int8])
}

/// A random model and the network that defines it.
fn with_network(
    config: &DenseConfig,
    seed: u64,
    precision: CpuPrecision,
) -> (DenseScan, DenseNetwork) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = HashMap::new();
    let network = DenseNetwork::new(config, 1 + CLEAVAGE, |name, shape| {
        let scale = if name.ends_with("bias") { 0.2 } else { 1.5 / (shape[0] as f32).sqrt() };
        let count: usize = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| scale * (rng.random::<f32>() - 0.5)).collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        tensors.insert(name.to_owned(), tensor.clone());
        Ok(tensor)
    });
    let network = network.unwrap();
    let card = ModelCard::new("random", ARCHITECTURE.name, Task::Sites);
    let posterior = Some(Posterior { slope: 1.2, intercept: -3.0 });
    let workers = Workers::cpu(precision);
    (DenseScan::load(config, posterior, &tensors, card, &workers).unwrap(), network)
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
    fn every_form_says_what_the_network_says(config in sizes(), extra in 0usize..70, seed: u64) {
        let (model, network) = with_network(&config, seed, CpuPrecision::F32);
        let codes = sequence(WINDOW + extra, seed ^ 1);
        let windows: Vec<&[u8]> = codes.windows(WINDOW).collect();
        let outputs = network.forward(&one_hot(&windows, &Device::Cpu).unwrap(), Residuals::Plain).unwrap();
        let outputs = outputs.squeeze(1).unwrap().to_vec2::<f32>().unwrap();
        let kernel = model.scan(&codes, -1.0).unwrap();
        let on_gpu = GpuDense::new(&network, &Device::Cpu, Precision::F32).unwrap();
        let on_gpu = gpu::scan(&on_gpu, &codes, -1.0).unwrap();
        for scores in [kernel, on_gpu] {
            prop_assert_eq!(scores.probability.len(), extra + 1);
            prop_assert_eq!(scores.cleavage.len(), extra + 1);
            for (s, (start, vector)) in scores.cleavage.iter().enumerate() {
                prop_assert_eq!(*start, s);
                prop_assert!((scores.probability[s] - sigmoid(outputs[s][0])).abs() < 1e-5);
                let expected: CleavageVector = softmax(&outputs[s][1..]);
                prop_assert!(vector.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5));
            }
        }
    }

    #[test]
    fn predict_is_scan_to_the_bit(
        config in sizes(), extra in 0usize..70, precision in precisions(), seed: u64,
    ) {
        let (model, _) = with_network(&config, seed, precision);
        let codes = sequence(WINDOW + extra, seed ^ 3);
        let windows: Vec<Window> = codes.windows(WINDOW).map(Window::from).collect();
        let scan = model.scan(&codes, -1.0).unwrap();
        let vectors = scan.cleavage.iter().flat_map(|(_, vector)| vector).copied();
        let posterior = scan.probability.iter().map(|&p| model.posterior.unwrap().of(p));
        let expected = [scan.probability.clone(), vectors.collect(), posterior.collect()];
        prop_assert_eq!(model.predict(&windows).unwrap().values, expected);
    }

    #[test]
    fn windows_at_a_stride_are_those_by_themselves_to_the_bit(
        config in sizes(), lengths in prop::collection::vec(200usize..700, 1..4),
        every in prop::sample::select(vec![1usize, 2, 7, 47, 48, 240]),
        precision in precisions(), seed: u64,
    ) {
        let (sites, _) = with_network(&config, seed, precision);
        let pieces: Vec<Vec<u8>> = (seed % 97..).zip(lengths).map(|(s, nt)| sequence(nt, s)).collect();
        let windows: Vec<Window> = pieces
            .iter()
            .flat_map(|codes| codes.windows(WINDOW).step_by(every).map(Window::from))
            .collect();
        let pieces: Vec<Window> = pieces.iter().map(|codes| codes[..].into()).collect();
        let strength = registry::load("default-strength", &Workers::cpu(precision)).unwrap();
        for model in [&sites as &dyn Model, &*strength] {
            let said = model.predict_every(&pieces, every).unwrap();
            prop_assert_eq!(said, model.predict(&windows).unwrap());
        }
    }

    #[test]
    fn a_window_scores_the_same_bits_wherever_it_lies_and_however_few_others_are_there(
        config in sizes(), extra in 1usize..700, at in 0usize..700, others in 0usize..12,
        precision in precisions(), seed: u64
    ) {
        let (model, _) = with_network(&config, seed, precision);
        let codes = sequence(WINDOW + extra, seed ^ 2);
        let at = at % (extra + 1);
        let end = (at + others).min(extra);
        let whole = model.scan(&codes, 0.5).unwrap();
        let few = model.scan(&codes[at..end + WINDOW], 0.5).unwrap();
        prop_assert_eq!(&whole.probability[at..=end], &few.probability[..]);
        let vectors = whole.cleavage.iter().filter(|(start, _)| (at..=end).contains(start));
        let vectors: Vec<_> = vectors.map(|(start, vector)| (start - at, *vector)).collect();
        prop_assert_eq!(vectors, few.cleavage);
    }
}

#[test]
fn borders_of_pieces_do_not_show() {
    let config = DenseConfig { channels: 16, stem_width: 16, dilations: vec![50, 62], hidden: 16 };
    let model = model(&config, 7);
    let codes = sequence(9000, 8);
    let whole = model.scan(&codes, 0.5).unwrap();
    for start in [287usize, 288, 289, 4000, 8000] {
        let part = model.scan(&codes[start..start + 700], 0.5).unwrap();
        assert_eq!(part.probability, whole.probability[start..start + 700 - WINDOW + 1]);
    }
    assert_eq!(model.scan(&codes[..WINDOW - 1], 0.5).unwrap().probability.len(), 0);
}

#[test]
fn the_gpu_form_of_the_default_model_says_the_same() {
    let workers = Workers::new(vec![Device::Cpu, Device::Cpu], Precision::F32);
    let [cpu, gpu] = [Workers::CPU, workers].map(|at| registry::load("default", &at).unwrap());
    assert_eq!((cpu.device(), gpu.device()), (DeviceKind::CPU, DeviceKind::Cuda(Precision::F32)));
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

/// Within 0.2 of a logit's spread, for random weights; trained ones are nearer.
#[test]
fn integers_say_nearly_what_f32_says() {
    for seed in 0..4 {
        let config = DenseConfig {
            channels: 64,
            stem_width: 16,
            dilations: vec![1, 2, 4, 8, 16, 33, 48],
            hidden: 64,
        };
        let codes = sequence(4000, seed);
        let [exact, integers] = [CpuPrecision::F32, CpuPrecision::Int8].map(|precision| {
            let (model, _) = with_network(&config, seed, precision);
            assert_eq!(model.device(), DeviceKind::Cpu(precision));
            let logit = |p: f32| f64::from(p).ln() - (1.0 - f64::from(p)).ln();
            model.scan(&codes, 0.5).unwrap().probability.into_iter().map(logit).collect::<Vec<_>>()
        });
        let mean = exact.iter().sum::<f64>() / exact.len() as f64;
        let spread: f64 = exact.iter().map(|x| (x - mean).powi(2)).sum();
        let off: f64 = exact.iter().zip(&integers).map(|(a, b)| (a - b).powi(2)).sum();
        assert!(off > 0.0 && off < 0.04 * spread, "{off} of {spread}");
    }
}

#[test]
fn weights_whose_integers_would_overflow_are_refused() {
    let config = DenseConfig { channels: 16, stem_width: 16, dilations: vec![112], hidden: 16 };
    let mut tensors = HashMap::new();
    let network = DenseNetwork::new(&config, 1 + CLEAVAGE, |name, shape| {
        let tensor = Tensor::full(1e30f32, shape, &Device::Cpu)?;
        tensors.insert(name.to_owned(), tensor.clone());
        Ok(tensor)
    });
    network.unwrap();
    let load = |precision| {
        let card = ModelCard::new("large", ARCHITECTURE.name, Task::Sites);
        DenseScan::load(&config, None, &tensors, card, &Workers::cpu(precision))
    };
    assert!(load(CpuPrecision::F32).is_ok());
    let refused = load(CpuPrecision::Int8).err().unwrap().to_string();
    assert!(refused.contains("int8: weights so large"), "{refused}");
}

#[test]
fn sizes_that_do_not_see_240_nt_are_refused() {
    let wrong = DenseConfig { channels: 48, stem_width: 16, dilations: vec![100], hidden: 64 };
    assert!(wrong.check().is_err_and(|problem| problem.contains("240")));
    let wrong = DenseConfig { channels: 20, stem_width: 16, dilations: vec![112], hidden: 64 };
    assert!(wrong.check().is_err_and(|problem| problem.contains("channels")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// To the bit, wherever the copy lies, its stretch in it, and however short it is.
    #[test]
    fn a_copy_of_a_held_sequence_is_scanned_as_it_would_be_by_itself(
        config in sizes(), length in 240usize..900, cut in (0usize..700, 0usize..700), at: usize,
        removed in 0usize..40, put_in in 0usize..40, seed: u64,
    ) {
        let model = model(&config, seed);
        let codes = sequence(length, seed ^ 1);
        let (held_scores, held) = model.holder().unwrap().hold(&codes, 0.5);
        prop_assert_eq!(held_scores, model.scan(&codes, 0.5).unwrap());
        let (from, to) = (cut.0.min(length), length.saturating_sub(cut.1));
        let (from, to) = (from.min(to), to);
        let start = from + at % (to - from + 1);
        let end = (start + removed).min(to);
        let stretch = &sequence(100, seed ^ 2)[..put_in];
        let copy = [&codes[from..start], stretch, &codes[end..to]].concat();
        let sizes = [end - start, put_in];
        let changed = ChangedCopy::new(&codes, &copy, from, start - from, sizes).unwrap();
        prop_assert_eq!(held.scan_copy(&changed, 0.5), model.scan(&copy, 0.5).unwrap());
        if put_in < copy.len() {
            let mut other = copy.clone();
            let elsewhere = if start > from { 0 } else { copy.len() - 1 };
            other[elsewhere] = (other[elsewhere] + 1) % 4;
            prop_assert_eq!(ChangedCopy::new(&codes, &other, from, start - from, sizes), None);
        }
    }

    /// To the bit: what a copy shares with its window is what it would compute by itself.
    #[test]
    fn a_copy_is_scored_as_it_would_be_by_itself(
        config in sizes(),
        places in prop::collection::vec((0usize..235, 1usize..=6, 1usize..60), 1..4),
        precision in precisions(),
        seed: u64,
    ) {
        let (model, _) = with_network(&config, seed, precision);
        let window = sequence(WINDOW, seed ^ 1);
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 2);
        // Unknown bases too.
        let drawn: Vec<Vec<u8>> = places
            .iter()
            .map(|&(_, length, copies)| (0..length * copies).map(|_| rng.random_range(0..5)).collect())
            .collect();
        let replacements: Vec<Replacement<'_>> = places
            .iter()
            .zip(&drawn)
            .map(|(&(at, length, _), stretches)| Replacement { at, length, stretches })
            .collect();
        let copies: Vec<Vec<u8>> = replacements
            .iter()
            .flat_map(|replacement| {
                replacement.stretches.chunks(replacement.length).map(|stretch| {
                    let mut copy = window.clone();
                    copy[replacement.bases()].copy_from_slice(stretch);
                    copy
                })
            })
            .collect();
        let each: Vec<&[u8]> = copies.iter().map(Vec::as_slice).collect();
        let shared = model.predict_copies(&window, &replacements).unwrap();
        prop_assert_eq!(&shared, &model.kernel.first_each(&each));
        let alone = crate::models::copies::one_by_one(&model, &window, &replacements).unwrap();
        for (shared, alone) in shared.iter().zip(alone) {
            prop_assert!((shared - alone).abs() < 1e-3 * shared.abs().max(1.0), "{shared} {alone}");
        }
    }
}

#[test]
fn a_replacement_that_does_not_fit_is_an_error() {
    let config = DenseConfig { channels: 16, stem_width: 16, dilations: vec![112], hidden: 16 };
    let (model, window) = (model(&config, 1), sequence(WINDOW, 1));
    for (at, length, stretches) in [(235, 6, 6), (0, 6, 7), (3, 0, 0), (usize::MAX, 2, 2)] {
        let stretches = &window[..stretches];
        let replacement = Replacement { at, length, stretches };
        assert!(model.predict_copies(&window, &[replacement]).is_err(), "{replacement:?}");
    }
    assert!(model.predict_copies(&window[1..], &[]).is_err());
}
