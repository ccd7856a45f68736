//! The network against a plain form in f64, and what may not change its answers.

mod reference;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::config::{Activation, Convolution, Track};
use super::random::{random, with_embeddings};
use super::words::Labels;
use super::*;
use crate::engine::device::Workers;
use crate::genome::sequence::UNKNOWN;
use crate::models::registry;
use crate::structure::LABELS;

/// A sequence with labels.
type Labelled = (Vec<u8>, Vec<u8>);

fn model(config: &Config, tensors: &Tensors) -> DeepRke {
    let card = ModelCard::new("test", "deeprke", Task::Binding);
    DeepRke::new(config.clone(), tensors, card).unwrap()
}

/// Sequences of these lengths; one letter in twenty is unknown.
fn sequences(lengths: &[usize], seed: u64) -> Vec<Labelled> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |nt: usize, letters: &[u8], unknown: u8| -> Vec<u8> {
        let mut letter = || match rng.random_range(0..20) {
            0 => unknown,
            _ => letters[rng.random_range(0..letters.len())],
        };
        (0..nt).map(|_| letter()).collect()
    };
    let both = |&nt: &usize| (draw(nt, &[0, 1, 2, 3], UNKNOWN), draw(nt, LABELS, b'?'));
    lengths.iter().map(both).collect()
}

fn windows(sequences: &[Labelled]) -> Vec<Window<'_>> {
    sequences
        .iter()
        .map(|(codes, labels)| Window { codes, structure: Some(labels), features: &[] })
        .collect()
}

fn predict(model: &DeepRke, sequences: &[Labelled]) -> Vec<f32> {
    let mut said = model.predict(&windows(sequences)).unwrap();
    assert_eq!(said.values.len(), 1);
    said.values.remove(0)
}

/// Sizes of every kind: one or more convolutions, even and odd widths, nothing joined.
fn configs() -> impl Strategy<Value = Config> {
    let convolution = |odd: bool| {
        (1usize..20, 0usize..4).prop_map(move |(filters, half)| Convolution {
            filters,
            width: 2 * half + if odd { 1 } else { 2 },
        })
    };
    let track = move |odd: &[bool]| {
        let module: Vec<_> = odd.iter().map(|&odd| convolution(odd)).collect();
        (1usize..9, module).prop_map(|(dimension, module)| Track { dimension, module })
    };
    let tracks = prop::collection::vec(any::<bool>(), 1..3)
        .prop_flat_map(move |odd| (track(&odd), prop::option::of(track(&odd))));
    let joined = prop::collection::vec(any::<bool>().prop_flat_map(convolution), 0..3);
    let dense = prop::collection::vec(1usize..20, 0..3);
    let rest = (1usize..4, 1usize..4, 0usize..20, any::<bool>(), any::<bool>());
    (tracks, joined, dense, rest).prop_map(|((sequence, structure), joined, dense, rest)| {
        let (k, pool, units, relu, five) = rest;
        let activation = if relu { Activation::Relu } else { Activation::Linear };
        let labels = if five { Labels::Five } else { Labels::Six };
        let max_length = 300;
        Config {
            k,
            max_length,
            sequence,
            structure,
            labels,
            joined,
            pool,
            units,
            dense,
            activation,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_network_says_what_its_plain_form_says(config in configs(), seed: u64, more in prop::collection::vec(0usize..120, 1..8)) {
        let tensors = random(&config, seed);
        let model = model(&config, &tensors);
        let shortest = config.shortest().unwrap();
        let lengths: Vec<usize> = more.iter().map(|more| (shortest + more).min(300)).collect();
        let sequences = sequences(&lengths, seed);
        for ((codes, labels), said) in sequences.iter().zip(predict(&model, &sequences)) {
            let expected = reference::predict(&config, &tensors, codes, labels);
            prop_assert!((f64::from(said) - expected).abs() < 1e-5, "{said} for {expected}");
        }
    }

    #[test]
    fn a_sequence_alone_gives_the_same_bits_as_among_others(config in configs(), seed: u64, count in 2usize..90) {
        let model = model(&config, &random(&config, seed));
        let shortest = config.shortest().unwrap();
        let lengths: Vec<usize> = (0..count).map(|i| (shortest + i * 37 % 200).min(300)).collect();
        let sequences = sequences(&lengths, seed);
        let together = predict(&model, &sequences);
        for (at, sequence) in sequences.iter().enumerate() {
            let alone = predict(&model, std::slice::from_ref(sequence));
            prop_assert_eq!(alone[0].to_bits(), together[at].to_bits(), "{} of {}", at, count);
        }
    }
}

#[test]
fn the_published_network_says_what_its_plain_form_says() {
    let config = Config::published();
    let tensors = random(&config, 5);
    let model = model(&config, &tensors);
    let sequences = sequences(&[101, 101, 3, 4, 375, 58], 6);
    let said = predict(&model, &sequences);
    for ((codes, labels), said) in sequences.iter().zip(&said) {
        let expected = reference::predict(&config, &tensors, codes, labels);
        assert!((f64::from(*said) - expected).abs() < 1e-5, "{said} for {expected}");
    }
    assert!(said.iter().any(|p| (p - said[0]).abs() > 0.01), "all alike: {said:?}");
}

#[test]
fn every_label_counts() {
    let config = Config::published();
    let model = model(&config, &random(&config, 1));
    let (codes, mut labels) = sequences(&[101], 2).remove(0);
    labels.iter_mut().filter(|label| **label == b'?').for_each(|label| *label = b'H');
    let changed = |at: usize| {
        let mut labels = labels.clone();
        labels[at] = if labels[at] == b'S' { b'M' } else { b'S' };
        (codes.clone(), labels)
    };
    let said =
        predict(&model, &[(codes.clone(), labels.clone()), changed(0), changed(50), changed(100)]);
    assert!(said[1..].iter().all(|p| *p != said[0]), "{said:?}");
}

#[test]
fn the_file_of_a_network_loads_as_the_network() {
    let config = Config { max_length: 120, ..Config::published() };
    let tensors = random(&config, 3);
    let card = ModelCard::new("file", "", Task::Sites);
    let loaded = registry::build(&encode(&config, &tensors).unwrap(), card, &Workers::CPU).unwrap();
    assert_eq!(
        (loaded.card().architecture.as_str(), loaded.card().task),
        ("deeprke", Task::Binding)
    );
    let input = Input { length: Length::Between(3, 120), anchor: 0, structure: true, features: 0 };
    assert_eq!((loaded.input(), loaded.outputs()), (input, [Output::new("p_bound", 1)].as_slice()));
    assert_eq!(loaded.structure_letters().unwrap().as_bytes(), LABELS);
    let sequences = sequences(&[101, 40], 1);
    let said = loaded.predict(&windows(&sequences)).unwrap().values.remove(0);
    assert_eq!(said, predict(&model(&config, &tensors), &sequences));
}

#[test]
fn wrong_tensors_are_named() {
    let config = Config::published();
    let whole = random(&config, 2);
    let problem = |tensors: &Tensors| encode(&config, tensors).unwrap_err();
    for name in whole.keys() {
        let mut tensors = whole.clone();
        tensors.remove(name);
        assert!(problem(&tensors).contains(name), "without {name}");
        tensors.insert(name.clone(), whole[name].clone());
        tensors.get_mut(name).unwrap().shape.push(1);
        assert!(problem(&tensors).contains(name), "misshapen {name}");
        let mut tensors = whole.clone();
        tensors.get_mut(name).unwrap().values[0] = f32::NAN;
        assert!(problem(&tensors).contains("NaN"), "{}", problem(&tensors));
    }
    let mut tensors = whole;
    tensors.insert("extra".into(), Default::default());
    assert!(problem(&tensors).contains("another version"));
}

#[test]
fn sequences_that_cannot_be_read_are_refused() {
    let config = Config { max_length: 100, ..Config::published() };
    let model = model(&config, &random(&config, 2));
    let refused = |nt: usize, labels: Option<usize>, told: &str| {
        let (codes, labels) = (vec![0; nt], labels.map(|n| vec![b'S'; n]));
        let good = [(vec![1; 50], vec![b'H'; 50])];
        let mut windows = windows(&good);
        windows.push(Window { codes: &codes, structure: labels.as_deref(), features: &[] });
        let problem = model.predict(&windows).unwrap_err().to_string();
        assert!(problem.contains(told) && problem.contains("window 1"), "{problem}");
    };
    refused(101, Some(101), "101 nt");
    refused(2, Some(2), "it reads 3-");
    refused(50, None, "without RNA structure");
    refused(50, Some(49), "49 structure labels");
    assert_eq!(model.predict(&[]).unwrap().values, [vec![0f32; 0]]);
}

#[test]
fn weights_that_overflow_are_told() {
    let config = Config::published();
    let mut tensors = random(&config, 2);
    for layer in ["dense.0.weight", "dense.1.weight"] {
        tensors.get_mut(layer).unwrap().values.fill(3e38);
    }
    let problem = model(&config, &tensors).predict(&windows(&sequences(&[60], 1))).unwrap_err();
    assert!(problem.to_string().contains("not a number"), "{problem}");
}

#[test]
fn trained_embeddings_take_the_place_of_random_ones() {
    let config = Config::published();
    let mut tensors = random(&config, 2);
    let mut embeddings = Tensors::new();
    for (name, words) in [("sequence", 64), ("structure", 216)] {
        let tensor =
            weight_file::RawTensor { shape: vec![words, 100], values: vec![0.5; words * 100] };
        embeddings.insert(name.into(), tensor);
    }
    with_embeddings(&mut tensors, &embeddings).unwrap();
    assert_eq!(tensors["structure.embedding"], embeddings["structure"]);
    embeddings.get_mut("sequence").unwrap().shape = vec![100, 64];
    assert!(with_embeddings(&mut tensors, &embeddings).unwrap_err().contains("sequence"));
    embeddings.remove("sequence");
    assert!(with_embeddings(&mut tensors, &embeddings).unwrap_err().contains("no tensor sequence"));
}
