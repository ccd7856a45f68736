//! The network against the model of its file; what training may not change.

use std::path::Path;

use candle_core::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::train::network::Start;
use crate::train::networks::NetworkConfig;
use crate::train::networks::trial::*;
use crate::train::recipe;

const SMALL: &str = r#"
    architecture = "pysster"
    length = 60
    classes = 2
    dense = [32]
    dropout = { input = 0.0, convolution = 0.0, dense = 0.0 }
    convolutions = [{ kernels = 24, width = 8 }, { kernels = 16, width = 5 }]
"#;

/// Values of every class, RNA by RNA, of the file's model and of the network.
fn both(network: &str, nt: usize) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let trial = Trial::new(network);
    let (network, mut weights) = trial.start();
    let features = trial.model(&weights).input().features;
    let mut rnas = rnas(&[nt; 40], 5);
    for (at, rna) in rnas.iter_mut().enumerate() {
        rna.features = (0..features).map(|n| ((at * 7 + n * 5) % 11) as f32 / 5.0 - 1.0).collect();
    }
    // Biases must count, too.
    trial.learn((network.as_ref(), &mut weights), &rnas, &[0, 1].repeat(20), 3);
    let said = trial.model(&weights).predict(&windows(&rnas)).unwrap().values;
    let logits = values(&network.forward(&windows(&rnas), &mut silent()).unwrap());
    ((0..rnas.len()).map(|rna| said.iter().map(|class| class[rna]).collect()).collect(), logits)
}

fn assert_near(said: &[f32], expected: &[f32]) {
    assert_eq!(said.len(), expected.len());
    let near = said.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(near, "{said:?} {expected:?}");
}

#[test]
fn the_network_says_what_the_model_of_its_file_says() {
    let small = both(SMALL, 60);
    let other = both(
        "architecture = \"pysster\"\nalphabet = \"ACGTN,.()|\"\nlength = 83\nclasses = 3\n\
         dense = [7, 5]\ndropout = { input = 0.0, convolution = 0.0, dense = 0.0 }\n\
         [[network.convolutions]]\nkernels = 9\nwidth = 6\npool = 3\nstride = 2\n\
         [[network.convolutions]]\nkernels = 17\nwidth = 4\npool = 2\nstride = 3\n\
         [[network.convolutions]]\nkernels = 3\nwidth = 1\npool = 1\nstride = 1",
        83,
    );
    for (said, logits) in [small, other] {
        for (said, logits) in said.iter().zip(&logits) {
            assert_near(said, &probabilities(logits));
        }
    }
    let several = "architecture = \"pysster\"\nalphabet = \"ACGU\"\nlength = 50\nclasses = 4\n\
        output = \"sigmoid\"\ndense = []\n\
        convolutions = [{ kernels = 5, width = 7 }]\n\
        dropout = { input = 0.0, convolution = 0.0, dense = 0.0 }";
    let (said, logits) = both(several, 50);
    for (said, logits) in said.iter().zip(&logits) {
        let expected: Vec<f32> = logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
        assert_near(said, &expected);
    }
}

/// A network with recurrent layers and features.
fn recurrent(layers: &str, more: &str) -> String {
    format!(
        "architecture = \"pysster\"\nlength = 60\nclasses = 2\ndense = [12]\n{more}\n\
         dropout = {{ input = 0.0, convolution = 0.0, dense = 0.0 }}\n\
         convolutions = [{{ kernels = 16, width = 6, pool = 3, stride = 3 }}]\n\
         recurrent = [{layers}]\n"
    )
}

#[test]
fn recurrent_layers_and_features_say_what_the_model_of_their_file_says() {
    let three = "features = [{ name = \"x\", standard = [0.5, 2.0] }, \
        { name = \"y\", categories = [\"a\", \"b\"], categorical = true }]";
    for (layers, more) in [
        ("{ cell = \"lstm\", units = 7, dropout = 0.0 }", ""),
        ("{ cell = \"gru\", units = 9, bidirectional = false, dropout = 0.0 }", three),
        (
            "{ cell = \"gru\", units = 5, gate = \"sigmoid\", dropout = 0.0 }, \
             { cell = \"lstm\", units = 4, gate = \"sigmoid\", dropout = 0.0 }",
            three,
        ),
    ] {
        let (said, logits) = both(&recurrent(layers, more), 60);
        for (said, logits) in said.iter().zip(&logits) {
            assert_near(said, &probabilities(logits));
        }
        let spread = said.iter().fold(0f32, |most, p| most.max((p[0] - said[0][0]).abs()));
        assert!(spread > 0.01, "all alike");
    }
    let (said, logits) = both(&recurrent("", three), 60);
    said.iter().zip(&logits).for_each(|(said, logits)| assert_near(said, &probabilities(logits)));
}

#[test]
fn letters_of_any_alphabet_say_what_the_model_of_their_file_says() {
    let (said, logits) = both(&recurrent("", "alphabet = \"ACDEFGHIKLMNPQRSTVWY,FTHIMS\""), 60);
    said.iter().zip(&logits).for_each(|(said, logits)| assert_near(said, &probabilities(logits)));
}

#[test]
fn recurrent_networks_overfit_64_examples() {
    for cell in ["lstm", "gru"] {
        let layer = format!("{{ cell = \"{cell}\", units = 12, dropout = 0.0 }}");
        let trial = Trial::new(&recurrent(&layer, ""));
        let (network, mut weights) = trial.start();
        let (rnas, classes) = two_structures_each(60);
        let loss = trial.learn((network.as_ref(), &mut weights), &rnas, &classes, 150);
        assert!(loss < 0.05, "{cell}: {loss}");
    }
}

#[test]
fn overfits_64_examples() {
    let trial = Trial::new(SMALL);
    let (network, mut weights) = trial.start();
    let (rnas, classes) = two_structures_each(60);
    let loss = trial.learn((network.as_ref(), &mut weights), &rnas, &classes, 150);
    assert!(loss < 0.05, "{loss}");
    let said = trial.model(&weights).predict(&windows(&rnas)).unwrap().values;
    let right = |(rna, &class): (usize, &u32)| said[class as usize][rna] > 0.5;
    assert!(classes.iter().enumerate().all(right));
}

#[test]
fn starts_as_keras_does() {
    let (_, weights) = Trial::new(SMALL).start();
    let tensors = weights.averaged().unwrap();
    let names: Vec<&str> = tensors.keys().map(String::as_str).collect();
    let expected = ["conv.0.bias", "conv.0.weight", "conv.1.bias", "conv.1.weight"];
    assert_eq!(names[..4], expected);
    for (name, sums) in [
        ("conv.0.weight", 8 * (16 + 24)),
        ("conv.1.weight", 5 * (24 + 16)),
        ("dense.0.weight", 11 * 16 + 32),
        ("dense.1.weight", 32 + 2),
    ] {
        let limit = (6.0 / sums as f32).sqrt();
        let most = tensors[name].values.iter().fold(0f32, |most, value| most.max(value.abs()));
        assert!(most <= limit && most > 0.8 * limit, "{name}: {most} for {limit}");
        let bias = &tensors[&name.replace("weight", "bias")];
        assert!(bias.values.iter().all(|value| *value == 0.0), "{name}");
    }
}

#[test]
fn dropped_letters_are_seeded_and_keep_the_mean() {
    let mut trial = Trial::new(SMALL);
    let NetworkConfig::Pysster(config) = &mut trial.network else { unreachable!() };
    let mut convolved = |share: f64| {
        config.dropout.input = share;
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut start = |_: &str, shape: &[usize], first: Start| {
            let values = first.draw(shape.iter().product(), &mut rng);
            Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
        };
        let network = PyssterNet::start(config, &mut start).unwrap();
        let rna = &rnas(&[60], 5)[0];
        let values = network.first(&vec![rna.window(); 4000], &mut silent()).unwrap();
        values.narrow(1, 0, 1).unwrap().squeeze(1).unwrap().to_vec2::<f32>().unwrap()
    };
    let (whole, dropped) = (convolved(0.0), convolved(0.5));
    assert_eq!(dropped, convolved(0.5));
    assert_ne!(dropped[0], dropped[1]);
    for kernel in 0..24 {
        let mean = dropped.iter().map(|row| row[kernel]).sum::<f32>() / dropped.len() as f32;
        assert!((mean - whole[0][kernel]).abs() < 0.05, "{mean} {}", whole[0][kernel]);
    }
}

#[test]
fn windows_that_do_not_fit_are_named() {
    let (network, _) = Trial::new(SMALL).start();
    let rnas = rnas(&[60, 61], 1);
    let problem =
        |windows: &[Window<'_>]| network.forward(windows, &mut silent()).unwrap_err().to_string();
    assert!(problem(&windows(&rnas)).contains("window 1 has 61 nt"));
    assert!(problem(&[rnas[0].codes.as_slice().into()]).contains("structure"));
}

#[test]
fn sizes_that_make_no_network_are_refused() {
    for (change, to, told) in [
        ("length = 60", "length = 15", "length = 15"),
        ("classes = 2", "classes = 1", "classes"),
        ("kernels = 24", "kernels = 0", "kernels = 0"),
        ("width = 5", "width = 5, stride = 0", "stride = 0"),
        ("input = 0.0", "input = 1.0", "dropout 1"),
        ("dense = [32]", "dense = [0]", "dense = 0"),
        ("dense = [32]", "dense = [3]\nrecurrent = [{ cell = \"rnn\" }]", "rnn"),
        ("dense = [32]", "dense = [3]\nrecurrent = [{ cell = \"gru\", units = 0 }]", "units = 0"),
        ("dense = [32]", "dense = [3]\nfeatures = [{ name = \"\" }]", "a name is needed"),
        ("length = 60", "length = 60\nalphabet = \"ACG\"", "alphabet"),
        ("length = 60", "length = 60\ntypo = 1", "typo"),
    ] {
        let problem = Trial::read(&SMALL.replace(change, to)).unwrap_err();
        assert!(problem.contains(told), "{told:?} is not in {problem:?}");
    }
    let defaults = Trial::new("architecture = \"pysster\"\nlength = 101\nclasses = 2");
    let text = toml::to_string(&defaults).unwrap();
    assert_eq!(toml::from_str::<Trial>(&text).unwrap().network, defaults.network);
}

#[test]
fn dropout_of_the_optimiser_is_refused() {
    let mut trial = Trial::new(SMALL);
    trial.optimiser.dropout = 0.1;
    let value = toml::Value::try_from(&trial).unwrap();
    let problem = recipe::from_value::<Trial>(Path::new("a.toml"), value, None).unwrap_err();
    assert!(problem.to_string().contains("[network], dropout"), "{problem}");
}

#[test]
fn the_example_is_what_is_left_out() {
    let example: toml::Value =
        toml::from_str(include_str!("../../../../config/train/pysster.toml")).unwrap();
    let defaults = Trial::new("architecture = \"pysster\"\nlength = 101\nclasses = 2");
    assert_eq!(example["network"].clone().try_into::<NetworkConfig>().unwrap(), defaults.network);
}
