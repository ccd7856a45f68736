//! The PolyaID family.

use candle_core::Tensor;

use super::letters::Letters;
use super::operations::{Direction, Layer, head, max_pool, relu};
use super::{Bank, Parts, Said, Soft};
use crate::error::Result;
use crate::models::polyaid::weights::POOL;
use crate::models::{CLEAVAGE, Input};

/// The network.
pub struct BiLstm {
    conv: Layer,
    directions: [Direction; 2],
    heads: Vec<Vec<Layer>>,
    letters: Letters,
}

/// Returns the names of the logits of a model of sites.
pub fn scan_outputs() -> Vec<String> {
    let cleavage = (0..CLEAVAGE).map(|at| format!("cleavage_{at}"));
    std::iter::once("classification".to_owned()).chain(cleavage).collect()
}

impl BiLstm {
    /// Takes the tensors; the first head has the hidden layer that is told of.
    ///
    /// # Errors
    /// If one is missing.
    pub fn new(parts: &Parts<'_>, heads: &[&str]) -> Result<Self> {
        let direction = |name: &str| {
            let get = |part: &str| parts.get(&format!("lstm.{name}.{part}"));
            Ok::<_, crate::error::Error>(Direction {
                input: get("input")?,
                recurrent: get("recurrent")?,
                bias: get("bias")?,
            })
        };
        Ok(Self {
            conv: parts.layer("conv")?,
            directions: [direction("forward")?, direction("backward")?],
            heads: heads.iter().map(|name| parts.layers(name)).collect::<Result<_>>()?,
            letters: Letters::bases(),
        })
    }
}

impl Soft for BiLstm {
    fn letters(&self) -> &Letters {
        &self.letters
    }

    fn input(&self) -> Input {
        Input::SCAN
    }

    fn banks(&self) -> Vec<Bank> {
        let shape = self.conv.weight.dims();
        vec![Bank { name: "", width: shape[0], kernels: shape[2], tracks: vec![0] }]
    }

    fn kernels(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        Ok(vec![self.conv.convolve(x, 1)?])
    }

    fn outputs(&self) -> Vec<String> {
        if self.heads.len() > 1 { scan_outputs() } else { vec!["strength".into()] }
    }

    fn said(&self, x: &Tensor) -> Result<Said> {
        let steps = max_pool(&self.conv.convolve(x, 1)?, POOL, POOL)?.relu()?;
        let [forward, backward] = &self.directions;
        let both = Tensor::cat(&[forward.run(&steps, false)?, backward.run(&steps, true)?], 2)?;
        let flat = both.flatten_from(1)?;
        let said = self.heads.iter().map(|layers| head(layers, &flat, relu));
        let mut said = said.collect::<Result<Vec<_>>>()?;
        let outputs: Vec<Tensor> = said.iter().map(|(_, outputs)| outputs.clone()).collect();
        Ok(Said { outputs: Tensor::cat(&outputs, 1)?, hidden: said.swap_remove(0).0 })
    }
}
