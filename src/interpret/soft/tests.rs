//! The networks are those of the models, and their gradients are slopes.

use std::collections::BTreeMap;

use candle_core::{D, DType, Device, Tensor, Var};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Soft, build, encoded};
use crate::engine::device::Workers;
use crate::models::aparent2;
use crate::models::card::{ModelCard, Task};
use crate::models::strength::log_odds;
use crate::models::weight_file::{self, Tensors, WeightFile};
use crate::models::{Model, Window, registry};
use crate::train::network::Start;
use crate::train::networks::NetworkConfig;

const SEEDED: u64 = 11;

/// Random weights of a configuration's network.
fn of_config(text: &str) -> WeightFile {
    let config: NetworkConfig = toml::from_str(text).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(SEEDED);
    let mut tensors = std::collections::HashMap::new();
    let mut start = |name: &str, shape: &[usize], first: Start| {
        let count: usize = shape.iter().product();
        let first = match first {
            Start::Constant(_) => Start::Uniform(0.1),
            other => other,
        };
        let tensor = Tensor::from_vec(first.draw(count, &mut rng), shape, &Device::Cpu)?;
        tensors.insert(name.to_owned(), tensor.clone());
        Ok(tensor)
    };
    config.form().build(&mut start, &Device::Cpu).unwrap();
    let sizes = config.form().sizes().unwrap().unwrap_or_default();
    file(config.form().architecture().name, &sizes, weight_file::raw(&tensors).unwrap())
}

fn file(architecture: &str, config: &str, tensors: Tensors) -> WeightFile {
    let mut metadata = BTreeMap::from([("architecture".to_owned(), architecture.to_owned())]);
    if !config.is_empty() {
        metadata.insert("config".to_owned(), config.to_owned());
    }
    WeightFile { metadata, tensors }
}

/// One of each architecture, small.
fn all() -> Vec<WeightFile> {
    let dense = "channels = 16\nstem_width = 16\ndilations = [12, 100]\nhidden = 16";
    let bilstm = "width = 8\nfilters = 6\nunits = 4";
    let track = "dimension = 5\nmodule = [{ filters = 4, width = 3 }]";
    let small = aparent2::weights::Config {
        channels: 4,
        blocks: 2,
        dilations: vec![1, 4],
        library: aparent2::weights::LIBRARY,
    };
    let config = serde_json::to_string(&small).unwrap();
    vec![
        of_config(&format!("architecture = \"dense-scan\"\n{dense}")),
        of_config(&format!("architecture = \"dense-strength\"\n{dense}")),
        of_config(&format!(
            "architecture = \"polyaid\"\n{bilstm}\nclassification = [5]\ncleavage = [5]"
        )),
        of_config(&format!("architecture = \"polyastrength\"\n{bilstm}\nstrength = [5]")),
        file("aparent2", &config, aparent2::random::random(&small, SEEDED)),
        of_config("architecture = \"deerect\"\nfilters = 8\nwidth = 7\nhidden = 5"),
        of_config(
            "architecture = \"pysster\"\nlength = 60\nclasses = 3\ndense = [7]\nconvolutions = [\
             { kernels = 5, width = 6 }, { kernels = 4, width = 5, pool = 3, stride = 2 }]",
        ),
        of_config(
            "architecture = \"pysster\"\nalphabet = \"ACGT\"\nlength = 40\nclasses = 2\nconvolutions = [{ kernels = 3, width = 8 }]",
        ),
        of_config(&format!(
            "architecture = \"deeprke\"\nk = 2\nmax_length = 60\nunits = 4\ndense = [6]\nactivation = \
             \"relu\"\njoined = [{{ filters = 5, width = 4 }}]\n[sequence]\n{track}\n[structure]\n{track}"
        )),
        of_config(&format!(
            "architecture = \"deeprke\"\nmax_length = 50\nunits = 3\ndense = [4]\njoined = []\n[sequence]\n{track}"
        )),
    ]
}

fn model(file: &WeightFile) -> Box<dyn Model> {
    let metadata =
        file.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let bytes = weight_file::encode(&file.tensors, &metadata).unwrap();
    registry::build(&bytes, ModelCard::new("random", "", Task::Sites), &Workers::CPU).unwrap()
}

/// A random sequence as long as the model reads at most, with its structure if it reads that.
fn sequence(network: &dyn Soft, rng: &mut ChaCha8Rng, unknown: bool) -> (Vec<u8>, Option<Vec<u8>>) {
    let nt = network.input().length.limits().1;
    let letters = if unknown { 5 } else { 4 };
    let codes = (0..nt).map(|_| rng.random_range(0..letters)).collect();
    let labels: Vec<u8> = (0..nt).map(|_| b"HIMS"[rng.random_range(0..4)]).collect();
    (codes, network.input().structure.then_some(labels))
}

#[test]
fn each_network_says_what_its_model_says() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for file in all() {
        let (model, network) = (model(&file), build(&file, DType::F32).unwrap());
        let name = file.entry("architecture");
        assert_eq!(model.input(), network.input(), "{name}");
        let mut spread = 0f64;
        for number in 0..6 {
            let (codes, structure) = sequence(network.as_ref(), &mut rng, number % 2 == 1);
            let window = Window { codes: &codes, structure: structure.as_deref(), features: &[] };
            let x = encoded(network.as_ref(), &[window], DType::F32).unwrap();
            let said = network.said(&x).unwrap().outputs;
            assert_eq!(said.dims(), [1, network.outputs().len()], "{name}");
            let expected = model.predict(&[window]).unwrap().values;
            let found: Vec<f64> = match name {
                "pysster" => candle_nn::ops::softmax(&said, D::Minus1).unwrap(),
                _ => said,
            }
            .to_dtype(DType::F64)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
            let expected: Vec<f64> = match name {
                "dense-strength" | "polyastrength" => vec![expected[0][0].into()],
                "aparent2" => vec![expected[1][0].into()],
                "pysster" => expected.iter().map(|class| class[0].into()).collect(),
                _ => vec![log_odds(expected[0][0].into())],
            };
            for (found, expected) in found.iter().zip(&expected) {
                let off = (found - expected).abs();
                assert!(off < 1e-4 * (1.0 + expected.abs()), "{name} {number}: {found} {expected}");
                spread = spread.max(expected.abs());
            }
        }
        assert!(spread > 1e-3, "{name} says nothing");
    }
}

/// Gradients in f64 against slopes over two steps of 1e-6: equal within 1e-5 of the steepest, but
/// where a step crosses a kink of a ReLU or a pool.
#[test]
fn gradients_equal_finite_differences() {
    const STEP: f64 = 1e-6;
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for file in all() {
        let name = file.entry("architecture");
        let network = build(&file, DType::F64).unwrap();
        let (codes, structure) = sequence(network.as_ref(), &mut rng, false);
        let window = Window { codes: &codes, structure: structure.as_deref(), features: &[] };
        let x = encoded(network.as_ref(), &[window], DType::F64).unwrap();
        // Between letters, where an attribution's path leads.
        let share = 1.0 / network.letters().channels() as f64;
        let noise: Vec<f64> = (0..x.elem_count()).map(|_| 0.1 * rng.random::<f64>()).collect();
        let noise = Tensor::from_vec(noise, x.shape(), &Device::Cpu).unwrap();
        let x = ((x * 0.6).unwrap() + 0.3 * share).unwrap().add(&noise).unwrap();
        let first =
            |x: &Tensor| network.said(x).unwrap().outputs.narrow(1, 0, 1).unwrap().sum_all();
        let var = Var::from_tensor(&x).unwrap();
        let gradients = first(var.as_tensor()).unwrap().backward().unwrap();
        let gradient: Vec<f64> =
            gradients.get(&var).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let values: Vec<f64> = x.flatten_all().unwrap().to_vec1().unwrap();
        let steepest = gradient.iter().fold(0f64, |most, slope| most.max(slope.abs()));
        assert!(steepest > 1e-6, "{name}");
        let mut agree = 0;
        for _ in 0..60 {
            let at = rng.random_range(0..values.len());
            let said = |step: f64| -> f64 {
                let mut moved = values.clone();
                moved[at] += step;
                let moved = Tensor::from_vec(moved, x.shape(), &Device::Cpu).unwrap();
                first(&moved).unwrap().to_scalar().unwrap()
            };
            let slope = (said(STEP) - said(-STEP)) / (2.0 * STEP);
            agree += usize::from((slope - gradient[at]).abs() < 1e-5 * steepest);
        }
        assert!(agree >= 58, "{name}: {agree} of 60");
    }
}

#[test]
fn kernels_lie_inside_and_are_told_by_bank() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for file in all() {
        let network = build(&file, DType::F32).unwrap();
        let (codes, structure) = sequence(network.as_ref(), &mut rng, false);
        let window = Window { codes: &codes, structure: structure.as_deref(), features: &[] };
        let x = encoded(network.as_ref(), &[window], DType::F32).unwrap();
        let said = network.kernels(&x).unwrap();
        let banks = network.banks();
        assert_eq!(said.len(), banks.len());
        for (said, bank) in said.iter().zip(banks) {
            assert_eq!(said.dims(), [1, codes.len() + 1 - bank.width, bank.kernels]);
        }
    }
}
