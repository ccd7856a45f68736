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
    pub fn new(parts: &Parts<'_>, config: &DenseConfig, is_scan: bool) -> Result<Self> {
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
        let rows = unfold(x, self.network.config.stem_width, 1)?;
        Ok(vec![self.network.stem.forward(&rows)?])
    }

    fn outputs(&self) -> Vec<String> {
        if self.is_scan { super::polyaid::scan_outputs() } else { vec!["strength".into()] }
    }

    fn said(&self, x: &Tensor) -> Result<Said> {
        let network = &self.network;
        // The fused blocks are several times as fast, and take f32 alone.
        let residuals = if x.dtype() == DType::F32 { Residuals::Fused } else { Residuals::Plain };
        let hidden = network.hidden.forward(&network.trunk(x, residuals)?)?;
        let outputs = network.output.forward(&hidden.relu()?)?;
        Ok(Said { hidden: hidden.squeeze(1)?, outputs: outputs.squeeze(1)? })
    }
}
