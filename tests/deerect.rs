//! DeeReCT-PolyA computes what its authors' program computed, from their own files.

use std::io::{Cursor, Write};

use polyascan::genome::sequence::{UNKNOWN, encode};
use polyascan::models::card::{ModelCard, Task};
use polyascan::models::deerect::{Deerect, LENGTH};
use polyascan::models::weight_file::{RawTensor, Tensors};
use polyascan::models::{Model, Window};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::support::*;

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_authors_four_files_give_the_authors_probabilities() {
    let golden = shared("golden/deerect.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    let strings = golden["seqs"].as_array().unwrap().iter();
    let lines: Vec<&str> = strings.map(|sequence| sequence.as_str().unwrap()).collect();
    let folder = Folder::new();
    let windows = folder.file("windows.txt", lines.join("\n"));
    for name in ["omni", "dragon", "BLmouse", "SPmouse"] {
        let theirs = shared(&format!("models/deerect_{name}.npz"));
        let model = folder.at(&format!("{name}.safetensors"));
        run(["convert", theirs.to_str().unwrap(), &model]);
        let table = run(["predict", &windows, "--model", &model, "--strand", "+"]);
        let found = column(&String::from_utf8(table).unwrap(), "p_true_signal");
        // Single precision as the authors', and the same in double precision.
        for (key, most) in [(format!("p_{name}"), 1e-5), (format!("p_{name}_f64"), 2e-6)] {
            let expected = golden[&key].as_array().unwrap();
            assert_eq!(found.len(), expected.len());
            for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                let expected = expected.as_f64().unwrap();
                assert!((found - expected).abs() < most, "{key} {at}: {found}, not {expected}");
            }
        }
    }
}

/// Reads a column of numbers of a table whose header line begins with `#name`.
fn column(table: &str, name: &str) -> Vec<f64> {
    let header = table.lines().find(|line| line.starts_with("#name")).unwrap();
    let at = header.split('\t').position(|column| column == name).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| row.split('\t').nth(at).unwrap().parse().unwrap()).collect()
}

fn tensor(shape: &[usize], size: f32, rng: &mut ChaCha8Rng) -> RawTensor {
    let n = shape.iter().product();
    let values = (0..n).map(|_| size * (2.0 * rng.random::<f32>() - 1.0)).collect();
    RawTensor { shape: shape.to_vec(), values }
}

/// Random weights of the same layout as the authors'.
fn random(width: usize, filters: usize, hidden: usize, rng: &mut ChaCha8Rng) -> Tensors {
    let inputs = (LENGTH + width - 1) / 10 * filters;
    Tensors::from([
        ("conv.weight".into(), tensor(&[width, 4, filters], 0.5, rng)),
        ("conv.bias".into(), tensor(&[filters], 0.5, rng)),
        ("hidden.weight".into(), tensor(&[inputs, hidden], 2.0 / (inputs as f32).sqrt(), rng)),
        ("hidden.bias".into(), tensor(&[hidden], 0.5, rng)),
        ("output.weight".into(), tensor(&[hidden, 2], 1.0, rng)),
        ("output.bias".into(), tensor(&[2], 0.5, rng)),
    ])
}

fn model(tensors: &Tensors) -> Deerect {
    Deerect::new(tensors, ModelCard::new("random", "deerect", Task::Signal)).unwrap()
}

fn random_window(rng: &mut ChaCha8Rng) -> Vec<u8> {
    (0..LENGTH).map(|_| rng.random_range(0..=UNKNOWN)).collect()
}

fn predict(model: &Deerect, windows: &[Vec<u8>]) -> Vec<f32> {
    let windows: Vec<Window> = windows.iter().map(|codes| codes.as_slice().into()).collect();
    model.predict(&windows).unwrap().values.remove(0)
}

/// The definition, word by word, in double precision.
fn reference(tensors: &Tensors, window: &[u8]) -> f64 {
    let value = |name: &str, at: usize| f64::from(tensors[name].values[at]);
    let [width, _, filters] = tensors["conv.weight"].shape[..] else { panic!() };
    let edge = vec![[0.25; 4]; width - 1];
    let columns = window
        .iter()
        .map(|&code| std::array::from_fn(|base| f64::from(u8::from(usize::from(code) == base))));
    let input: Vec<[f64; 4]> = edge.iter().copied().chain(columns).chain(edge.clone()).collect();
    let positions = input.len() - width + 1;
    let mut conv = vec![vec![0.0; filters]; positions];
    for (t, row) in conv.iter_mut().enumerate() {
        for (f, sum) in row.iter_mut().enumerate() {
            for (tap, column) in input[t..t + width].iter().enumerate() {
                for (base, x) in column.iter().enumerate() {
                    *sum += x * value("conv.weight", (tap * 4 + base) * filters + f);
                }
            }
        }
    }
    for group in 0..4 {
        let members = || conv.iter().flat_map(|row| row.iter().skip(group).step_by(4));
        let n = (positions * filters / 4) as f64;
        let mean = members().sum::<f64>() / n;
        let variance = members().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        for row in &mut conv {
            for x in row.iter_mut().skip(group).step_by(4) {
                *x = (*x - mean) / (variance + 1e-12).sqrt();
            }
        }
    }
    let mut inputs = Vec::new();
    for rows in conv.chunks_exact(10) {
        inputs.extend((0..filters).map(|f| {
            let values = rows.iter().map(|row| (row[f] + value("conv.bias", f)).max(0.0));
            values.fold(f64::NEG_INFINITY, f64::max)
        }));
    }
    let dense = |inputs: &[f64], name: &str| -> Vec<f64> {
        let units = tensors[&format!("{name}.bias")].values.len();
        let unit = |u: usize| {
            let products = inputs.iter().enumerate();
            let sum: f64 =
                products.map(|(i, x)| x * value(&format!("{name}.weight"), i * units + u)).sum();
            sum + value(&format!("{name}.bias"), u)
        };
        (0..units).map(unit).collect()
    };
    let hidden: Vec<f64> = dense(&inputs, "hidden").into_iter().map(|x| x.max(0.0)).collect();
    let logits = dense(&hidden, "output");
    1.0 / (1.0 + (logits[1] - logits[0]).exp())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_sizes_equal_the_definition(width in 1usize..14, groups_of in 1usize..11, hidden in 1usize..70, seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let tensors = random(width, 4 * groups_of, hidden, rng);
        let windows: Vec<Vec<u8>> = (0..3).map(|_| random_window(rng)).collect();
        for (found, window) in predict(&model(&tensors), &windows).iter().zip(&windows) {
            let expected = reference(&tensors, window);
            prop_assert!((f64::from(*found) - expected).abs() < 1e-5, "{found}, not {expected}");
        }
    }

    #[test]
    fn a_window_has_the_same_bits_in_any_batch(n in 1usize..70, at in 0usize..70, seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let model = model(&random(10, 16, 64, rng));
        let windows: Vec<Vec<u8>> = (0..n).map(|_| random_window(rng)).collect();
        let at = at % n;
        let alone = predict(&model, &windows[at..=at]);
        prop_assert_eq!(predict(&model, &windows)[at].to_bits(), alone[0].to_bits());
    }
}

#[test]
fn a_window_of_another_length_is_refused() {
    let model = model(&random(10, 16, 64, &mut ChaCha8Rng::seed_from_u64(1)));
    let codes = encode("A".repeat(207).as_bytes()).unwrap();
    let said = model.predict(&[codes.as_slice().into()]).unwrap_err().to_string();
    assert!(said.contains("207 nt") && said.contains("206"), "{said}");
    assert!(model.predict(&[]).unwrap().values[0].is_empty());
}

/// Writes a .npz file of f32 arrays with the authors' names.
fn npz(arrays: &[(&str, &[usize], Vec<f32>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, shape, values) in arrays {
        let shape: String = shape.iter().map(|n| format!("{n},")).collect();
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n");
        zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"\x93NUMPY\x01\x00").unwrap();
        zip.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        zip.write_all(header.as_bytes()).unwrap();
        zip.write_all(&values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The arrays of a small model, as its authors would name them.
fn arrays() -> Vec<(&'static str, &'static [usize], Vec<f32>)> {
    let shapes: [(&str, &[usize]); 6] = [
        ("conv_weights", &[3, 1, 4, 8]),
        ("conv_biases", &[8]),
        ("layer1_weights", &[160, 5]),
        ("layer1_biases", &[5]),
        ("layer2_weights", &[5, 2]),
        ("layer2_biases", &[2]),
    ];
    shapes.map(|(name, shape)| (name, shape, vec![0.5; shape.iter().product()])).into()
}

#[test]
fn archives_that_do_not_fit_are_refused_by_the_name_of_the_array() {
    let folder = Folder::new();
    let out = folder.at("out.safetensors");
    run(["convert", &folder.file("fits.npz", npz(&arrays())), &out]);
    std::fs::remove_file(&out).unwrap();
    let refuse = |arrays: &[(&str, &[usize], Vec<f32>)], told: &[&str]| {
        let wrong = folder.file("wrong.npz", npz(arrays));
        refuse(["convert", &wrong, &out], 1, &[&[wrong.as_str()], told].concat());
        assert!(!std::path::Path::new(&out).exists());
    };
    let all = arrays();
    refuse(&all[1..], &["array conv_weights", "missing"]);
    refuse(&all[..5], &["array layer2_biases", "missing"]);
    let mut changed = all.clone();
    changed[3].2[4] = f32::NAN;
    refuse(&changed, &["array layer1_biases", "value 4 is NaN"]);
    changed = all.clone();
    changed[0].1 = &[3, 4, 1, 8];
    refuse(&changed, &["array conv_weights", "[3, 4, 1, 8]", "[width, 1, 4, filters]"]);
    changed = all.clone();
    changed[2] = ("layer1_weights", &[320, 5], vec![0.5; 1600]);
    refuse(&changed, &["hidden.weight", "[320, 5]", "[160, 5]"]);
    changed = all.clone();
    changed[0] = ("conv_weights", &[3, 1, 4, 6], vec![0.5; 72]);
    refuse(&changed, &["6 filters", "4 groups"]);
    refuse(&[("weights", &[1], vec![1.0])], &["no model", "weights"]);
}

#[test]
fn a_model_of_signals_cannot_be_scanned() {
    let folder = Folder::new();
    let model = folder.at("signals.safetensors");
    run(["convert", &folder.file("model.npz", npz(&arrays())), &model]);
    let genome = folder.file("genome.fa", format!(">c\n{}\n", "ACGTT".repeat(49)));
    let out = folder.at("out");
    refuse(["scan", &genome, "--model", &model, "-o", &out], 1, &["signal", "scan"]);
}
