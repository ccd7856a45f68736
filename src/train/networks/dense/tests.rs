//! What is trained is what the weight file computes, and it can learn.

use std::path::Path;

use candle_core::{D, Tensor};
use candle_nn::ops::log_softmax;

use super::*;
use crate::engine::device::DeviceKind;
use crate::models::{Model, Window};
use crate::train::losses::{binary_cross_entropy, squared_error};
use crate::train::networks::trial::{Trial, rnas, silent, windows};
use crate::train::recipe::from_value;

const SIZES: &str = "channels = 32\nstem_width = 16\ndilations = [4, 28, 80]\nhidden = 32";
const COUNT: usize = 64;

/// Learns 64 random windows of 240 nt by heart; returns the last loss and the model of the file.
fn overfit(
    architecture: &str,
    precision: CpuPrecision,
    windows: &[Window<'_>],
    steps: usize,
    loss: impl Fn(&Tensor) -> Tensor,
) -> (f32, Box<dyn Model>) {
    let mut trial = Trial::new(&format!("architecture = \"{architecture}\"\n{SIZES}"));
    trial.optimiser.quantise = precision;
    let (network, mut weights) = trial.start();
    let mut last = f32::NAN;
    for _ in 0..steps {
        let mut noise = Noise { precision, ..silent() };
        let logits = network.forward(windows, &mut noise).unwrap().squeeze(1).unwrap();
        let loss = loss(&logits);
        weights.descend(&loss, &trial.optimiser, steps).unwrap();
        last = loss.to_scalar().unwrap();
    }
    (last, trial.model(&weights))
}

fn tensor(values: Vec<f32>) -> Tensor {
    Tensor::from_vec(values, COUNT, &Device::Cpu).unwrap()
}

#[test]
fn scan_overfits_64_examples() {
    let rnas = rnas(&[240; COUNT], 11);
    let windows = windows(&rnas);
    let site = |i: usize| (i * 7).is_multiple_of(3);
    let cut = |i: usize| i * 13 % CLEAVAGE;
    let truth = tensor((0..COUNT).map(|i| f32::from(u8::from(site(i)))).collect());
    let cuts: Vec<u32> = (0..COUNT).map(|i| cut(i) as u32).collect();
    let cuts = Tensor::from_vec(cuts, (COUNT, 1), &Device::Cpu).unwrap();
    let f32 = CpuPrecision::F32;
    let (loss, model) = overfit("dense-scan", f32, &windows, 300, |logits| {
        let classified = logits.narrow(1, 0, 1).unwrap().squeeze(1).unwrap();
        let vectors = log_softmax(&logits.narrow(1, 1, CLEAVAGE).unwrap(), D::Minus1).unwrap();
        let said = vectors.gather(&cuts, 1).unwrap().mean_all().unwrap();
        (binary_cross_entropy(&classified, &truth).unwrap() - said).unwrap()
    });
    assert!(loss < 0.1, "{loss}");
    for (i, window) in windows.iter().enumerate() {
        let said = model.scan(window.codes, -1.0).unwrap();
        assert_eq!(said.probability[0] > 0.5, site(i), "window {i}");
        let vector = said.cleavage[0].1;
        assert!(vector[cut(i)] > 0.5, "window {i}: {}", vector[cut(i)]);
    }
}

#[test]
fn strength_overfits_64_values() {
    strength_overfits(CpuPrecision::F32);
}

/// The model is that of integers, too: its values are far from what was learned unless training and
/// model round alike.
#[test]
fn strength_overfits_64_values_in_integers() {
    strength_overfits(CpuPrecision::Int8);
}

fn strength_overfits(precision: CpuPrecision) {
    let rnas = rnas(&[240; COUNT], 12);
    let windows = windows(&rnas);
    let values: Vec<f32> = (0..COUNT).map(|i| (i * 29 % 64) as f32 / 16.0 - 2.0).collect();
    let truth = tensor(values.clone());
    let (loss, model) = overfit("dense-strength", precision, &windows, 400, |logits| {
        squared_error(&logits.squeeze(1).unwrap(), &truth, &truth.ones_like().unwrap()).unwrap()
    });
    assert!(loss < 0.05, "{loss}");
    assert_eq!(model.device(), DeviceKind::Cpu(precision));
    let said = model.predict(&windows).unwrap().values.remove(0);
    for (said, truth) in said.iter().zip(&values) {
        assert!((said - truth).abs() < 0.8, "{said} for {truth}");
    }
}

#[test]
fn what_has_no_integers_cannot_be_trained_in_them() {
    let text = "[model]\nname = \"x\"\ndescription = \"\"\nseed = 7\n\
                [optimiser]\nepochs = 1\nbatch = 8\nlearning_rate = 0.1\nquantise = \"int8\"\n\
                [network]\narchitecture = \"polyaid\"\nfilters = 24\nwidth = 8\nunits = 8\n\
                classification = [16]\ncleavage = [16]\n";
    let value = toml::from_str(text).unwrap();
    let refused = from_value::<Trial>(Path::new("x.toml"), value, None).unwrap_err().to_string();
    assert!(refused.contains("polyaid has no int8 form"), "{refused}");
}
