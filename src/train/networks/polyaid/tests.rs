use std::collections::BTreeMap;

use candle_core::{D, Var};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::config::{PolyaidConfig, PolyastrengthConfig};
use super::*;
use crate::engine::cpu::activation::{sigmoid, softmax};
use crate::engine::device::Workers;
use crate::models::card::{ModelCard, Task};
use crate::models::weight_file::{Tensors, encode};
use crate::models::{CLEAVAGE, Model, Predictions, WINDOW, registry};
use crate::train::losses::{binary_cross_entropy, cross_entropy, squared_error};
use crate::train::networks::NetworkConfig;
use crate::train::recipe::Recipe;
use crate::train::weights::Weights;

const CPU: Device = Device::Cpu;

/// Units and filters that fill no whole vectors, heads of different depth.
fn polyaid() -> NetworkConfig {
    let (classification, cleavage) = (vec![20, 9, 8], vec![24]);
    NetworkConfig::Polyaid(PolyaidConfig {
        filters: 20,
        width: 7,
        units: 6,
        classification,
        cleavage,
    })
}

fn polyastrength() -> NetworkConfig {
    let strength = vec![24, 8];
    NetworkConfig::Polyastrength(PolyastrengthConfig { filters: 16, width: 8, units: 5, strength })
}

fn recipe(more: &str) -> Recipe {
    let text = "epochs = 1\nbatch = 64\nlearning_rate = 1e-2\nschedule = \"constant\"\n";
    toml::from_str(&format!("{text}{more}")).unwrap()
}

fn no_noise() -> Noise {
    Noise::new(ChaCha8Rng::seed_from_u64(1), 0.0)
}

fn random_windows(count: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Of five codes one is an unknown base.
    (0..count).map(|_| (0..WINDOW).map(|_| rng.random_range(0..5)).collect()).collect()
}

fn views(windows: &[Vec<u8>]) -> Vec<Window<'_>> {
    windows.iter().map(|codes| Window::from(codes.as_slice())).collect()
}

/// The inference model of the weight file.
fn model(config: &NetworkConfig, tensors: &Tensors) -> Box<dyn Model> {
    let metadata = BTreeMap::from([("architecture", config.form().architecture().name)]);
    let bytes = encode(tensors, &metadata).unwrap();
    registry::build(&bytes, ModelCard::new("tiny", "", Task::Sites), &Workers::CPU).unwrap()
}

/// What the model says, by what the network says.
fn activated(config: &NetworkConfig, logits: &Tensor) -> Predictions {
    let rows: Vec<Vec<f32>> = logits.squeeze(1).unwrap().to_vec2().unwrap();
    let first = rows.iter().map(|row| row[0]);
    let values = match config {
        NetworkConfig::Polyaid(_) => {
            let vectors = rows.iter().flat_map(|row| softmax::<CLEAVAGE>(&row[1..]));
            vec![first.map(sigmoid).collect(), vectors.collect()]
        }
        _ => vec![first.collect()],
    };
    Predictions { values }
}

fn layers(config: &NetworkConfig) -> Layers<'_> {
    match config {
        NetworkConfig::Polyaid(config) => config.layers(),
        NetworkConfig::Polyastrength(config) => config.layers(),
        other => panic!("{other:?}"),
    }
}

/// A network of given tensors in a given form, and its variables.
fn network(config: &NetworkConfig, tensors: &Tensors, form: Form) -> (BiLstmNet, Vec<Var>) {
    let mut vars = Vec::new();
    let mut start = |name: &str, shape: &[usize], _: Start| {
        let var = Var::from_vec(tensors[name].values.clone(), shape, &CPU)?;
        vars.push(var.clone());
        Ok(var.as_tensor().clone())
    };
    let net = BiLstmNet::new(&layers(config), form, &mut start, &CPU).unwrap();
    (net, vars)
}

#[test]
fn the_network_says_what_the_model_of_its_weight_file_says() {
    let windows = random_windows(19, 3);
    for config in [polyaid(), polyastrength()] {
        let (started, mut weights) = Weights::start(&config, &recipe(""), 5, None, &CPU).unwrap();
        // A few steps, so that no tensor is still zero.
        for _ in 0..4 {
            let logits = started.forward(&views(&windows), &mut no_noise()).unwrap();
            let loss = (logits - 0.3).unwrap().sqr().unwrap().mean_all().unwrap();
            weights.descend(&loss, &recipe(""), 10).unwrap();
        }
        let tensors = weights.averaged().unwrap();
        assert!(tensors.values().all(|tensor| tensor.values.iter().any(|&value| value != 0.0)));
        let said = model(&config, &tensors).predict(&views(&windows)).unwrap();
        let fused = network(&config, &tensors, Form::Fused).0;
        let plain = network(&config, &tensors, Form::Plain).0;
        for net in [started.as_ref(), &fused, &plain] {
            let logits = net.forward(&views(&windows), &mut no_noise()).unwrap();
            let outputs: usize = layers(&config).heads.iter().map(|head| head.outputs).sum();
            assert_eq!(logits.dims(), [19, 1, outputs]);
            let found = activated(&config, &logits);
            assert_eq!(found.values.len(), said.values.len());
            for (found, said) in found.values.iter().zip(&said.values) {
                assert_eq!(found.len(), said.len());
                let error = found.iter().zip(said).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(error < 1e-5, "{error}");
            }
        }
    }
}

#[test]
fn both_forms_learn_the_same() {
    let windows = random_windows(33, 8);
    for config in [polyaid(), polyastrength()] {
        let tensors = Weights::start(&config, &recipe(""), 2, None, &CPU).unwrap().1;
        let tensors = tensors.averaged().unwrap();
        let gradients = [Form::Fused, Form::Plain].map(|form| {
            let (net, vars) = network(&config, &tensors, form);
            let logits = net.forward(&views(&windows), &mut no_noise()).unwrap();
            let store = (logits - 0.5).unwrap().sqr().unwrap().sum_all().unwrap().backward();
            let store = store.unwrap();
            let flat =
                |var: &Var| store.get(var).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            vars.iter().map(flat).collect::<Vec<Vec<f32>>>()
        });
        for (fused, plain) in gradients[0].iter().zip(&gradients[1]) {
            let size = plain.iter().fold(0f32, |most, value| most.max(value.abs()));
            for (a, b) in fused.iter().zip(plain) {
                assert!((a - b).abs() < 1e-4 * (1.0 + size), "{a} {b}");
            }
        }
    }
}

/// Learns windows by heart; returns the last loss and the tensors.
fn overfit(
    config: &NetworkConfig,
    windows: &[Vec<u8>],
    steps: usize,
    loss: impl Fn(&Tensor) -> Result<Tensor>,
) -> (f32, Tensors) {
    let recipe = recipe("gradient_norm = 5.0");
    let (net, mut weights) = Weights::start(config, &recipe, 11, None, &CPU).unwrap();
    let mut last = f32::NAN;
    for _ in 0..steps {
        let logits = net.forward(&views(windows), &mut no_noise()).unwrap().squeeze(1).unwrap();
        let loss = loss(&logits).unwrap();
        weights.descend(&loss, &recipe, steps).unwrap();
        last = loss.to_scalar().unwrap();
    }
    (last, weights.averaged().unwrap())
}

#[test]
fn overfits_64_examples() {
    let windows = random_windows(64, 21);
    let mut rng = ChaCha8Rng::seed_from_u64(22);
    let site: Vec<bool> = (0..64).map(|_| rng.random()).collect();
    let cut: Vec<u32> = (0..64).map(|_| rng.random_range(0..CLEAVAGE as u32)).collect();
    let target: Vec<f32> = site.iter().map(|&site| f32::from(u8::from(site))).collect();
    let target = Tensor::new(target, &CPU).unwrap();
    let cuts = Tensor::new(cut.clone(), &CPU).unwrap();
    let (loss, tensors) = overfit(&polyaid(), &windows, 120, |logits| {
        let site = binary_cross_entropy(&logits.narrow(1, 0, 1)?.squeeze(1)?, &target)?;
        Ok((site + cross_entropy(&logits.narrow(1, 1, CLEAVAGE)?, &cuts)?)?)
    });
    // Knowing nothing costs ln 2 + ln 50 = 4.6.
    assert!(loss < 0.05, "{loss}");
    let said = model(&polyaid(), &tensors).predict(&views(&windows)).unwrap();
    assert!(said.values[0].iter().zip(&site).all(|(&p, &site)| (p > 0.5) == site));
    for (vector, &cut) in said.values[1].chunks_exact(CLEAVAGE).zip(&cut) {
        assert!(vector[cut as usize] > 0.5, "{} at {cut}", vector[cut as usize]);
    }
}

#[test]
fn strength_overfits_64_values() {
    let windows = random_windows(64, 31);
    let mut rng = ChaCha8Rng::seed_from_u64(32);
    let target: Vec<f32> = (0..64).map(|_| rng.random_range(-6.0..6.0)).collect();
    let targets = Tensor::new(target.clone(), &CPU).unwrap();
    let ones = targets.ones_like().unwrap();
    let (_, tensors) = overfit(&polyastrength(), &windows, 300, |logits| {
        squared_error(&logits.squeeze(D::Minus1)?, &targets, &ones)
    });
    let said = model(&polyastrength(), &tensors).predict(&views(&windows)).unwrap();
    for (said, target) in said.values[0].iter().zip(&target) {
        assert!((said - target).abs() < 0.5, "{said} {target}");
    }
}

#[test]
fn of_a_pretrained_network_the_heads_alone_can_be_trained() {
    let windows = random_windows(8, 4);
    for (config, heads) in
        [(polyaid(), &["classification.", "cleavage."][..]), (polyastrength(), &["strength."])]
    {
        let first = Weights::start(&config, &recipe(""), 7, None, &CPU).unwrap().1;
        let before = first.averaged().unwrap();
        let recipe = recipe("train = \"head\"");
        let (net, mut weights) = Weights::start(&config, &recipe, 8, Some(&before), &CPU).unwrap();
        assert_eq!(weights.averaged().unwrap(), before);
        for _ in 0..2 {
            let logits = net.forward(&views(&windows), &mut no_noise()).unwrap();
            let loss = (logits - 1.0).unwrap().sqr().unwrap().mean_all().unwrap();
            weights.descend(&loss, &recipe, 2).unwrap();
        }
        for (name, tensor) in &weights.averaged().unwrap() {
            let is_head = heads.iter().any(|head| name.starts_with(head));
            assert_eq!(*tensor != before[name], is_head, "{name}");
        }
    }
}

#[test]
fn training_begins_as_in_keras() {
    let weights = Weights::start(&polyaid(), &recipe(""), 1, None, &CPU).unwrap().1;
    let tensors = weights.averaged().unwrap();
    let values = |name: &str| tensors[name].values.as_slice();
    let (units, gates) = (6, 24);
    let bias = values("lstm.backward.bias");
    let forget = units..2 * units;
    assert!((0..gates).all(|at| bias[at] == if forget.contains(&at) { 1.0 } else { 0.0 }));
    assert!(values("conv.bias").iter().all(|&value| value == 0.0));
    let rows: Vec<&[f32]> = values("lstm.forward.recurrent").chunks_exact(gates).collect();
    for (i, a) in rows.iter().enumerate() {
        for (j, b) in rows.iter().enumerate() {
            let dot: f32 = a.iter().zip(*b).map(|(a, b)| a * b).sum();
            let expected = if i == j { 1.0 } else { 0.0 };
            assert!((dot - expected).abs() < 1e-5, "{i} {j} {dot}");
        }
    }
    // Width 7 of 4 bases, 20 filters; 20 filters to 24 gates.
    for (name, limit) in [
        ("conv.weight", (6f32 / (28.0 + 140.0)).sqrt()),
        ("lstm.forward.input", (6f32 / 44.0).sqrt()),
    ] {
        let most = values(name).iter().fold(0f32, |most, value| most.max(value.abs()));
        assert!(most <= limit && most > 0.95 * limit, "{name} {most} {limit}");
    }
}

#[test]
fn dropout_follows_its_generator_and_spares_the_cleavage_head() {
    let windows = random_windows(4, 6);
    let net = Weights::start(&polyaid(), &recipe(""), 1, None, &CPU).unwrap().0;
    let run = |seed: u64| -> Vec<f32> {
        let mut noise = Noise::new(ChaCha8Rng::seed_from_u64(seed), 0.7);
        let logits = net.forward(&views(&windows), &mut noise).unwrap();
        logits.flatten_all().unwrap().to_vec1().unwrap()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let config = polyaid();
    let dropout: Vec<f64> = layers(&config).heads.iter().map(|head| 0.7 * head.dropout).collect();
    assert!((dropout[0] - 0.7).abs() < 1e-9 && (dropout[1] - 0.1).abs() < 1e-9, "{dropout:?}");
}

#[test]
fn windows_of_another_length_and_sizes_of_nothing_are_refused() {
    let net = Weights::start(&polyaid(), &recipe(""), 1, None, &CPU).unwrap().0;
    let long = vec![0u8; 400];
    let error = net.forward(&[Window::from(long.as_slice())], &mut no_noise()).unwrap_err();
    assert!(error.to_string().contains("400 nt") && error.to_string().contains("240"), "{error}");
    let sizes = |filters, width, units, hidden: usize| {
        PolyastrengthConfig { filters, width, units, strength: vec![hidden] }.layers().check()
    };
    assert!(sizes(1, 238, 1, 1).is_ok());
    assert!(sizes(1, 239, 1, 1).is_err());
    for nothing in [sizes(0, 8, 4, 4), sizes(4, 0, 4, 4), sizes(4, 8, 0, 4), sizes(4, 8, 4, 0)] {
        assert!(nothing.is_err());
    }
}
