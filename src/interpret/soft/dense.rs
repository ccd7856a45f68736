//! `dense-scan` and `dense-strength`: their own candle form.

use candle_core::{DType, Tensor};

use super::letters::Letters;
use super::{Bank, Parts, Said, Soft};
use crate::error::Result;
use crate::models::dense::network::{DenseConfig, DenseNetwork, Residuals, unfold};
use crate::models::{CLEAVAGE, Input};

/// The network.
pub struct Dense {
    network: DenseNetwork,
    letters: Letters,
    is_scan: bool,
}

impl Dense {
    /// Takes the tensors.
    ///
    /// # Errors
    /// If one is missing.
    pub fn new(parts: &Parts<'_>, config: &DenseConfig, architecture: &str) -> Result<Self> {
        let is_scan = architecture == "dense-scan";
        let outputs = if is_scan { 1 + CLEAVAGE } else { 1 };
        let network = DenseNetwork::new(config, outputs, |name, _| parts.get(name))?;
        Ok(Self { network, letters: Letters::bases(), is_scan })
    }
}

impl Soft for Dense {
    fn letters(&self) -> &Letters {
        &self.letters
    }

    fn input(&self) -> Input {
        Input::SCAN
    }

    fn banks(&self) -> Vec<Bank> {
        let config = &self.network.config;
        let (width, kernels) = (config.stem_width, config.channels);
        vec![Bank { name: "", width, kernels, tracks: vec![0] }]
    }

    /// The stem has no ReLU of its own; the first residual block sees it through one.
    fn kernels(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let stem = &self.network.stem;
        let rows = unfold(x, self.network.config.stem_width, 1)?;
        let (samples, places, width) = rows.dims3()?;
        let y = rows.reshape((samples * places, width))?.matmul(&stem.weight)?;
        let y = y.broadcast_add(&stem.bias)?;
        Ok(vec![y.reshape((samples, places, stem.weight.dim(1)?))?])
    }

    fn outputs(&self) -> Vec<String> {
        match self.is_scan {
            true => super::bilstm::scan_outputs(),
            false => vec!["strength".into()],
        }
    }

    fn said(&self, x: &Tensor) -> Result<Said> {
        let network = &self.network;
        // The fused blocks are several times as fast, and take f32 alone.
        let residuals = if x.dtype() == DType::F32 { Residuals::Fused } else { Residuals::Plain };
        let features = network.trunk(x, residuals)?.squeeze(1)?;
        let hidden =
            features.matmul(&network.hidden.weight)?.broadcast_add(&network.hidden.bias)?;
        let outputs = hidden.relu()?.matmul(&network.output.weight)?;
        let outputs = outputs.broadcast_add(&network.output.bias)?;
        Ok(Said { hidden, outputs })
    }
}
