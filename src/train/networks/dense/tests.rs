//! What is trained is what the weight file computes, and it can learn.

use candle_core::{D, Tensor};
use candle_nn::ops::log_softmax;

use super::*;
use crate::models::{Model, Window};
use crate::train::losses::{binary_cross_entropy, squared_error};
use crate::train::networks::trial::{Trial, rnas, silent, windows};

const SIZES: &str = "channels = 32\nstem_width = 16\ndilations = [4, 28, 80]\nhidden = 32";
const COUNT: usize = 64;

/// Learns 64 random windows of 240 nt by heart; returns the last loss and the model of the file.
fn overfit(
    architecture: &str,
    windows: &[Window<'_>],
    steps: usize,
    loss: impl Fn(&Tensor) -> Tensor,
) -> (f32, Box<dyn Model>) {
    let trial = Trial::new(&format!("architecture = \"{architecture}\"\n{SIZES}"));
    let (network, mut weights) = trial.start();
    let mut last = f32::NAN;
    for _ in 0..steps {
        let logits = network.forward(windows, &mut silent()).unwrap().squeeze(1).unwrap();
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
    let (loss, model) = overfit("dense-scan", &windows, 300, |logits| {
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
    let rnas = rnas(&[240; COUNT], 12);
    let windows = windows(&rnas);
    let values: Vec<f32> = (0..COUNT).map(|i| (i * 29 % 64) as f32 / 16.0 - 2.0).collect();
    let truth = tensor(values.clone());
    let (loss, model) = overfit("dense-strength", &windows, 400, |logits| {
        squared_error(&logits.squeeze(1).unwrap(), &truth, &truth.ones_like().unwrap()).unwrap()
    });
    assert!(loss < 0.05, "{loss}");
    let said = model.predict(&windows).unwrap().values.remove(0);
    for (said, truth) in said.iter().zip(&values) {
        assert!((said - truth).abs() < 0.8, "{said} for {truth}");
    }
}
