//! `dense-scan` and `dense-strength` under training.

use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::models::CLEAVAGE;
use crate::models::Window;
use crate::models::dense::network::{DenseConfig, DenseNetwork, Residuals};
use crate::models::encoding::one_hot;
use crate::train::network::{Network, Noise, Start, Starter};

/// What the last layer says of each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// Classification and cleavage vector.
    Scan,
    /// log2 odds of usage.
    Strength,
}

impl Outputs {
    fn count(self) -> usize {
        match self {
            Self::Scan => 1 + CLEAVAGE,
            Self::Strength => 1,
        }
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
        outputs: Outputs,
        start: &mut Starter<'_>,
        device: &Device,
    ) -> Result<Box<dyn Network>> {
        let network = DenseNetwork::new(config, outputs.count(), |name, shape| {
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
        let features = self.network.trunk(&one_hot(&codes, &self.device)?, residuals)?;
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
