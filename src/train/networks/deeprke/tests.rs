//! The network against the model of its file; what padding and training may not change.

use super::*;
use crate::models::Model;
use crate::models::deeprke::random::random;
use crate::models::weight_file::{RawTensor, Tensors};
use crate::train::networks::NetworkConfig;
use crate::train::networks::trial::*;
use crate::train::optimiser::Rule;
use crate::train::weights::Weights;

const SMALL: &str = r#"
    architecture = "deeprke"
    k = 2
    max_length = 90
    units = 6
    dense = [8]
    joined = [{ filters = 12, width = 4 }]
    sequence = { dimension = 10, module = [{ filters = 20, width = 4 }, { filters = 9, width = 6 }] }
    structure = { dimension = 7, module = [{ filters = 11, width = 8 }, { filters = 13, width = 2 }] }
"#;

const LENGTHS: [usize; 8] = [90, 31, 60, 7, 61, 90, 8, 20];

fn bound(network: &dyn Network, rnas: &[Rna]) -> Vec<f32> {
    let logits = network.forward(&windows(rnas), &mut silent()).unwrap();
    values(&logits).iter().map(|logit| 1.0 / (1.0 + (-logit[0]).exp())).collect()
}

fn assert_near(said: &[f32], expected: &[f32]) {
    assert_eq!(said.len(), expected.len());
    let near = said.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(near, "{said:?} {expected:?}");
    assert!(expected.iter().any(|p| (p - expected[0]).abs() > 1e-3), "all alike: {expected:?}");
}

/// The network and the model of its file, with weights that make a difference.
fn both(text: &str) -> (Box<dyn Network>, Box<dyn Model>) {
    let trial = Trial::new(text);
    let NetworkConfig::Deeprke(config) = &trial.network else { unreachable!() };
    let tensors = random(&config.in_file(), 3);
    let (network, weights) =
        Weights::start(&trial.network, &trial.optimiser, 1, Some(&tensors), &Device::Cpu).unwrap();
    (network, trial.model(&weights))
}

#[test]
fn the_network_says_what_the_model_of_its_file_says() {
    let odd = SMALL.replace("width = 4 }, {", "width = 5 }, {").replace("width = 8", "width = 3");
    let relu = SMALL.replace("units = 6", "units = 5\nactivation = \"relu\"\npool = 3");
    let alone = "architecture = \"deeprke\"\njoined = []\ndense = []\nmax_length = 90";
    let published = format!(
        "{alone}\n[network.structure]\ndimension = 100\nmodule = [{{ filters = 128, width = 8 }}, \
         {{ filters = 64, width = 16 }}, {{ filters = 32, width = 32 }}]"
    );
    let flat = SMALL.replace("units = 6", "units = 0");
    let five = SMALL.replace("units = 6", "units = 6\nlabels = \"five\"");
    let published = published.replace("joined = []\ndense = []", "");
    for text in [SMALL, &odd, &relu, &flat, &five, alone, &published] {
        let (network, model) = both(text);
        let rnas = rnas(&LENGTHS.map(|nt| nt.max(15)), 2);
        let said = model.predict(&windows(&rnas)).unwrap().values.remove(0);
        assert_near(&bound(network.as_ref(), &rnas), &said);
    }
}

#[test]
fn padding_does_not_change_the_answer() {
    let (network, _) = both(SMALL);
    let rnas = rnas(&LENGTHS, 3);
    let together = bound(network.as_ref(), &rnas);
    let alone = rnas.iter().flat_map(|rna| bound(network.as_ref(), std::slice::from_ref(rna)));
    assert_near(&together, &alone.collect::<Vec<_>>());
}

#[test]
fn padding_does_not_change_the_gradient() {
    // A batch's loss is the mean of its sequences' losses, so its steps are, too.
    let rnas = rnas(&LENGTHS, 3);
    let mut trial = Trial::new(SMALL);
    trial.optimiser.rule = Rule::Sgd;
    trial.optimiser.gradient_norm = 1e9;
    let moved = |rnas: &[Rna]| {
        let (network, mut weights) = trial.start();
        let before = weights.averaged().unwrap();
        trial.learn((network.as_ref(), &mut weights), rnas, &vec![1; rnas.len()], 1);
        let after = weights.averaged().unwrap();
        let change = before.iter().flat_map(|(name, before)| {
            let after = &after[name].values;
            before.values.iter().zip(after).map(|(a, b)| f64::from(b - a)).collect::<Vec<_>>()
        });
        change.collect::<Vec<f64>>()
    };
    let together = moved(&rnas);
    let alone: Vec<Vec<f64>> = rnas.iter().map(|rna| moved(std::slice::from_ref(rna))).collect();
    let size = together.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    for (at, step) in together.iter().enumerate() {
        let mean = alone.iter().map(|steps| steps[at]).sum::<f64>() / alone.len() as f64;
        assert!((step - mean).abs() < 1e-4 * size.max(1e-2), "{at}: {step} {mean}");
    }
    assert!(size > 1e-5, "{size}");
}

#[test]
fn overfits_64_examples() {
    let trial = Trial::new(SMALL);
    let (network, mut weights) = trial.start();
    let (mut rnas, classes) = two_structures_each(60);
    // Of different lengths.
    for (at, rna) in rnas.iter_mut().enumerate() {
        rna.codes.truncate(60 - at / 2);
        rna.labels.truncate(60 - at / 2);
    }
    let loss = trial.learn((network.as_ref(), &mut weights), &rnas, &classes, 300);
    assert!(loss < 0.05, "{loss}");
    let said = trial.model(&weights).predict(&windows(&rnas)).unwrap().values.remove(0);
    assert!(said.iter().zip(&classes).all(|(p, class)| (*p > 0.5) == (*class == 0)));
}

#[test]
fn starts_as_keras_does() {
    let (_, weights) = Trial::new(SMALL).start();
    let tensors = weights.averaged().unwrap();
    for (name, limit) in [
        ("sequence.embedding", 0.05),
        ("sequence.0.weight", (6f32 / (4 * (10 + 20)) as f32).sqrt()),
        ("joined.0.weight", (6f32 / (4 * (22 + 12)) as f32).sqrt()),
        ("lstm.forward.input", (6f32 / (12 + 24) as f32).sqrt()),
        ("dense.0.weight", (6f32 / (12 + 8) as f32).sqrt()),
    ] {
        let most = tensors[name].values.iter().fold(0f32, |most, value| most.max(value.abs()));
        assert!(most <= limit && most > 0.8 * limit, "{name}: {most} for {limit}");
    }
    for (name, tensor) in tensors.iter().filter(|(name, _)| name.ends_with("bias")) {
        for (at, value) in tensor.values.iter().enumerate() {
            let forget = name.starts_with("lstm.") && at / 6 == 1;
            assert_eq!(*value, if forget { 1.0 } else { 0.0 }, "{name} {at}");
        }
    }
}

#[test]
fn frozen_embeddings_stay_as_the_file_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("embeddings.safetensors");
    let tensor = |words: usize, dimension: usize| RawTensor {
        shape: vec![words, dimension],
        values: (0..words * dimension).map(|at| (at as f32).sin()).collect(),
    };
    let given = [("sequence", tensor(16, 10)), ("structure", tensor(36, 7))];
    let given: Tensors = given.map(|(name, tensor)| (name.to_owned(), tensor)).into();
    std::fs::write(&path, weight_file::encode(&given, &Default::default()).unwrap()).unwrap();
    let with = |more: &str| {
        let trial = Trial::new(&format!("{more}\nembeddings = {path:?}\n{SMALL}"));
        let (network, mut weights) = trial.start();
        let rnas = rnas(&[40; 8], 1);
        trial.learn((network.as_ref(), &mut weights), &rnas, &[0, 1].repeat(4), 3);
        weights.averaged().unwrap()
    };
    let (frozen, trained) = (with("train_embeddings = false"), with(""));
    for name in ["sequence", "structure"] {
        let own = format!("{name}.embedding");
        assert_eq!(frozen[&own], given[name]);
        assert_ne!(trained[&own], given[name]);
        assert_eq!(trained[&own].shape, given[name].shape);
    }
    assert_ne!(frozen["dense.0.weight"], trained["dense.0.weight"]);
}

#[test]
fn one_hot_words_stay_what_they_are() {
    let words = "one_hot = true\n".to_owned() + SMALL;
    let problem = Trial::read(&words).unwrap_err();
    assert!(problem.contains("sequence.dimension is 10, words are 16"), "{problem}");
    let words = words.replace("dimension = 10", "dimension = 16");
    let words = words.replace("dimension = 7", "dimension = 36");
    let trial = Trial::new(&words);
    let (network, mut weights) = trial.start();
    let rnas = rnas(&[40; 8], 1);
    trial.learn((network.as_ref(), &mut weights), &rnas, &[0, 1].repeat(4), 3);
    let tensors = weights.averaged().unwrap();
    for (name, words) in [("sequence", 16), ("structure", 36)] {
        let values = &tensors[&format!("{name}.embedding")].values;
        assert_eq!(values.iter().sum::<f32>(), words as f32);
        assert!((0..words).all(|word| values[word * (words + 1)] == 1.0), "{name}");
    }
    let both = format!("embeddings = \"kmers.safetensors\"\n{words}");
    assert!(Trial::read(&both).unwrap_err().contains("give one of them"));
}

#[test]
fn embeddings_of_other_sizes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("embeddings.safetensors");
    let trial = Trial::new(&format!("embeddings = {path:?}\n{SMALL}"));
    let problem = || {
        let Trial { network, optimiser, .. } = &trial;
        let started = Weights::start(network, optimiser, 1, None, &Device::Cpu);
        started.err().map(|e| e.to_string()).unwrap()
    };
    assert!(problem().contains("cannot read"));
    let tensor = RawTensor { shape: vec![64, 10], values: vec![0.0; 640] };
    for (name, told) in [("sequence", "[64, 10], expected [16, 10]"), ("other", "no tensor seq")] {
        let tensors = Tensors::from([(name.to_owned(), tensor.clone())]);
        std::fs::write(&path, weight_file::encode(&tensors, &Default::default()).unwrap()).unwrap();
        assert!(problem().contains(told), "{}", problem());
    }
}

#[test]
fn what_is_written_reads_as_it_was() {
    let trial = Trial::new(SMALL);
    let text = toml::to_string(&trial).unwrap();
    assert_eq!(toml::from_str::<Trial>(&text).unwrap().network, trial.network);
    let defaults = Trial::new("architecture = \"deeprke\"");
    let NetworkConfig::Deeprke(config) = &defaults.network else { unreachable!() };
    assert_eq!(config.in_file(), Config { structure: None, ..Config::published() });
    let text = toml::to_string(&defaults).unwrap();
    assert_eq!(toml::from_str::<Trial>(&text).unwrap().network, defaults.network);
    let problem = Trial::read(&SMALL.replace("width = 8", "width = 7")).unwrap_err();
    assert!(problem.contains("[network]") && problem.contains("even or both odd"), "{problem}");
}

#[test]
fn the_example_has_the_published_sizes() {
    let example: toml::Value =
        toml::from_str(include_str!("../../../../config/train/deeprke.toml")).unwrap();
    let network: NetworkConfig = example["network"].clone().try_into().unwrap();
    let NetworkConfig::Deeprke(config) = network else { unreachable!() };
    assert_eq!(config.in_file(), Config::published());
}
