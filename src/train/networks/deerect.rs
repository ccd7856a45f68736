//! `deerect` under training.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::{Problem, Result};
use crate::models::Window;
use crate::models::architecture::Architecture;
use crate::models::deerect::kernel::training::pooled;
use crate::models::deerect::kernel::{GROUPS, Sizes};
use crate::models::deerect::{ARCHITECTURE, LENGTH};
use crate::train::network::{Network, Noise, Start, Starter, TrainingForm};

/// Sizes of a DeeReCT-PolyA; by default the paper's.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeerectConfig {
    /// Convolution filters, a multiple of 4.
    pub filters: usize,
    /// nt of a filter.
    pub width: usize,
    /// Units of the first dense layer.
    pub hidden: usize,
}

impl Default for DeerectConfig {
    fn default() -> Self {
        Self { filters: 16, width: 10, hidden: 64 }
    }
}

impl DeerectConfig {
    fn kernel_sizes(&self) -> Sizes {
        let Self { filters, width, hidden } = *self;
        Sizes { length: LENGTH, width, filters, hidden }
    }
}

impl TrainingForm for DeerectConfig {
    fn architecture(&self) -> &'static Architecture {
        &ARCHITECTURE
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        let Self { filters, width, hidden } = *self;
        if filters == 0 || !filters.is_multiple_of(GROUPS) {
            return Err(
                format!("filters = {filters}: must be a multiple of {GROUPS} above 0").into()
            );
        }
        if !(1..=LENGTH).contains(&width) || hidden == 0 {
            let problem = format!("width must lie between 1 and {LENGTH}, hidden be above 0");
            return Err(format!("width = {width}, hidden = {hidden}: {problem}").into());
        }
        Ok(())
    }

    fn head(&self) -> &'static [&'static str] {
        &["hidden.", "output."]
    }

    fn build(&self, start: &mut Starter<'_>, device: &Device) -> Result<Box<dyn Network>> {
        DeerectNet::start(self, start, device)
    }
}

/// The network; see [`crate::models::deerect`] for what it computes.
pub struct DeerectNet {
    sizes: Sizes,
    /// Weight and bias of each layer.
    conv: [Tensor; 2],
    hidden: [Tensor; 2],
    output: [Tensor; 2],
    device: Device,
}

impl DeerectNet {
    /// Assembles the network.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn start(
        config: &DeerectConfig,
        start: &mut Starter<'_>,
        device: &Device,
    ) -> Result<Box<dyn Network>> {
        let sizes = config.kernel_sizes();
        let Sizes { width, filters, hidden, .. } = sizes;
        let inputs = sizes.steps() * filters;
        let mut layer = |name: &str, shape: &[usize], first: Start| -> Result<[Tensor; 2]> {
            let bias = &shape[shape.len() - 1..];
            Ok([
                start(&format!("{name}.weight"), shape, first)?,
                start(&format!("{name}.bias"), bias, Start::Constant(0.0))?,
            ])
        };
        // Normalisation takes away the size of the convolution's weights.
        let conv = layer("conv", &[width, 4, filters], Start::he(4 * width))?;
        let hidden_layer = layer("hidden", &[inputs, hidden], Start::he(inputs))?;
        let output = layer("output", &[hidden, 2], Start::glorot(hidden, 2))?;
        let device = device.clone();
        Ok(Box::new(Self { sizes, conv, hidden: hidden_layer, output, device }))
    }
}

impl Network for DeerectNet {
    fn forward(&self, windows: &[Window<'_>], noise: &mut Noise) -> Result<Tensor> {
        let codes: Vec<&[u8]> = windows.iter().map(|window| window.codes).collect();
        // It has no form for a GPU; it is small.
        let filters = self.conv[0].to_device(&Device::Cpu)?;
        let pooled = pooled(&filters, self.sizes, &codes)?.to_device(&self.device)?;
        let features = pooled.broadcast_add(&self.conv[1])?.relu()?.flatten_from(1)?;
        let hidden = dense(&features, &self.hidden)?.relu()?;
        dense(&noise.drop_values(&hidden)?, &self.output)
    }
}

fn dense(x: &Tensor, [weight, bias]: &[Tensor; 2]) -> Result<Tensor> {
    Ok(x.matmul(weight)?.broadcast_add(bias)?)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use candle_core::D;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::genome::sequence::UNKNOWN;
    use crate::models::Model;
    use crate::models::card::{ModelCard, Task};
    use crate::models::deerect::Deerect;
    use crate::models::weight_file::raw;

    #[test]
    fn the_network_computes_what_the_model_computes() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for config in [DeerectConfig::default(), DeerectConfig { filters: 20, width: 7, hidden: 5 }]
        {
            let mut tensors = HashMap::new();
            let mut start = |name: &str, shape: &[usize], _: Start| {
                let count = shape.iter().product();
                let values = Start::Uniform(0.3).draw(count, &mut rng);
                let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
                tensors.insert(name.to_owned(), tensor.clone());
                Ok(tensor)
            };
            let network = DeerectNet::start(&config, &mut start, &Device::Cpu).unwrap();
            let card = ModelCard::new("x", "deerect", Task::Signal);
            let model = Deerect::new(&raw(&tensors).unwrap(), card).unwrap();
            let mut codes: Vec<Vec<u8>> = (0..20)
                .map(|_| (0..LENGTH).map(|_| rng.random_range(0..=UNKNOWN)).collect())
                .collect();
            codes.push(vec![0; LENGTH]);
            let windows: Vec<Window> = codes.iter().map(|codes| codes.as_slice().into()).collect();
            let mut noise = Noise { rng: rng.clone(), dropout: 0.0 };
            let logits = network.forward(&windows, &mut noise).unwrap();
            let found = candle_nn::ops::softmax(&logits, D::Minus1).unwrap();
            let found = found.to_vec2::<f32>().unwrap();
            let expected = model.predict(&windows).unwrap().values.remove(0);
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found[0] - expected).abs() < 1e-5, "{found:?}, not {expected}");
            }
            let spread = expected.iter().fold(0f32, |most, p| most.max((p - expected[0]).abs()));
            assert!(spread > 0.01, "all windows alike: {expected:?}");
        }
    }
}
