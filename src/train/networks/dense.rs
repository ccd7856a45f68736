//! `dense-scan` and `dense-strength` under training.

mod integers;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::engine::device::CpuPrecision;
use crate::error::{Problem, Result};
use crate::models::architecture::Architecture;
use crate::models::dense::network::{DenseConfig, DenseNetwork, Residuals};
use crate::models::dense::{ARCHITECTURE, STRENGTH};
use crate::models::encoding::one_hot;
use crate::models::{CLEAVAGE, Window};
use crate::train::network::{Network, Noise, Start, Starter, TrainingForm};

/// `dense-scan`: classification and cleavage vector of each window.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct DenseScanConfig(pub DenseConfig);

/// `dense-strength`: log2 odds of usage of each window.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct DenseStrengthConfig(pub DenseConfig);

/// Outputs of `dense-scan`.
const SCAN: usize = 1 + CLEAVAGE;
/// What is trained where the rest is kept.
const HEAD: &[&str] = &["hidden.", "output."];

impl TrainingForm for DenseScanConfig {
    fn architecture(&self) -> &'static Architecture {
        &ARCHITECTURE
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        self.0.check()
    }

    fn sizes(&self) -> serde_json::Result<Option<String>> {
        serde_json::to_string(self).map(Some)
    }

    fn flop_per_position(&self) -> Option<usize> {
        Some(self.0.flop_per_position(SCAN))
    }

    fn head(&self) -> &'static [&'static str] {
        HEAD
    }

    fn classification(&self) -> Option<String> {
        Some("output".into())
    }

    fn has_integers(&self) -> bool {
        true
    }

    fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>> {
        DenseNet::start(&self.0, SCAN, start, device)
    }
}

impl TrainingForm for DenseStrengthConfig {
    fn architecture(&self) -> &'static Architecture {
        &STRENGTH
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        self.0.check()
    }

    fn sizes(&self) -> serde_json::Result<Option<String>> {
        serde_json::to_string(self).map(Some)
    }

    fn flop_per_position(&self) -> Option<usize> {
        Some(self.0.flop_per_position(1))
    }

    fn has_integers(&self) -> bool {
        true
    }

    fn head(&self) -> &'static [&'static str] {
        HEAD
    }

    fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>> {
        DenseNet::start(&self.0, 1, start, device)
    }
}

/// The fully convolutional network.
pub struct DenseNet {
    network: DenseNetwork,
    device: Device,
}

impl DenseNet {
    /// Assembles the network.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn start(
        config: &DenseConfig,
        outputs: usize,
        start: &mut Starter<'_>,
        device: &Device,
    ) -> Result<Box<dyn Network>> {
        let network = DenseNetwork::new(config, outputs, |name, shape| {
            start(name, shape, first_values(name, shape, config))
        })?;
        Ok(Box::new(Self { network, device: device.clone() }))
    }
}

impl Network for DenseNet {
    fn forward(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor> {
        let residuals = match self.device {
            Device::Cpu => Residuals::Fused,
            _ => Residuals::Plain,
        };
        let codes: Vec<&[u8]> = windows.iter().map(|window| window.codes).collect();
        let one_hot = one_hot(&codes, &self.device)?;
        if noise.precision == CpuPrecision::Int8 {
            return integers::forward(&self.network, &one_hot, noise);
        }
        let features = self.network.trunk(&one_hot, residuals)?;
        Ok(self.network.heads(&noise.drop_channels(&features)?)?)
    }
}

/// Branches of residual blocks start small, so that the stream keeps its size through the blocks
/// without normalisation.
fn first_values(name: &str, shape: &[usize], config: &DenseConfig) -> Start {
    let inputs = shape[0] as f32;
    let he = (2.0 / inputs).sqrt();
    match name {
        _ if name.ends_with("bias") => Start::Constant(0.0),
        // One of four inputs per tap is 1.
        "stem.weight" => Start::Normal((4.0 / inputs).sqrt()),
        "output.weight" => {
            Start::Normal(0.5 * (1.0 / inputs).sqrt() * (1.0 / CLEAVAGE as f32).sqrt())
        }
        _ if name.starts_with("blocks") => {
            Start::Normal(he / (config.dilations.len() as f32).sqrt())
        }
        _ => Start::Normal(he),
    }
}

#[cfg(test)]
mod tests;
