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
    /// First values as the authors draw them; without it as He et al. 2015 and Glorot & Bengio 2010.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<DeerectStart>,
    /// Weight decay (L2) of weights by layer as the authors have it, none of biases; without it the
    /// optimiser's, of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<DeerectDecay>,
}

/// Standard deviations of the normal distributions, cut off at two of them, that weights begin
/// with.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DeerectStart {
    pub convolution: f64,
    pub dense: f64,
    /// What the biases of dense layers begin with.
    #[serde(default = "one")]
    pub dense_bias: f64,
}

fn one() -> f64 {
    1.0
}

/// Weight decay.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DeerectDecay {
    pub convolution: f64,
    pub dense: f64,
}

impl Default for DeerectConfig {
    fn default() -> Self {
        Self { filters: 16, width: 10, hidden: 64, start: None, weight_decay: None }
    }
}

impl DeerectConfig {
    fn kernel_sizes(&self) -> Sizes {
        let Self { filters, width, hidden, .. } = *self;
        Sizes { length: LENGTH, width, filters, hidden }
    }
}

impl TrainingForm for DeerectConfig {
    fn architecture(&self) -> &'static Architecture {
        &ARCHITECTURE
    }

    fn check(&self) -> std::result::Result<(), Problem> {
        let Self { filters, width, hidden, start, weight_decay } = *self;
        if filters == 0 || !filters.is_multiple_of(GROUPS) {
            return Err(
                format!("filters = {filters}: must be a multiple of {GROUPS} above 0").into()
            );
        }
        if !(1..=LENGTH).contains(&width) || hidden == 0 {
            let problem = format!("width must lie between 1 and {LENGTH}, hidden be above 0");
            return Err(format!("width = {width}, hidden = {hidden}: {problem}").into());
        }
        let of_start = start.iter().flat_map(|s| [s.convolution, s.dense, s.dense_bias]);
        let of_decay = weight_decay.iter().flat_map(|decay| [decay.convolution, decay.dense]);
        match of_start.chain(of_decay).find(|value| !(value.is_finite() && *value >= 0.0)) {
            Some(value) => Err(format!("start and weight_decay: {value} must be 0 or more").into()),
            None => Ok(()),
        }
    }

    fn head(&self) -> &'static [&'static str] {
        &["hidden.", "output."]
    }

    fn weight_decay(&self, name: &str) -> Option<f64> {
        let decay = self.weight_decay?;
        Some(match name.split_once('.') {
            Some(("conv", "weight")) => decay.convolution,
            Some((_, "weight")) => decay.dense,
            _ => 0.0,
        })
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
        let own = config.start;
        let dense_bias = own.map_or(0.0, |own| own.dense_bias as f32);
        let mut layer = |name: &str, shape: &[usize], first: Start| -> Result<[Tensor; 2]> {
            let bias = &shape[shape.len() - 1..];
            let (first, of_bias) = match own {
                None => (first, 0.0),
                Some(own) if name == "conv" => (Start::Truncated(own.convolution as f32), 0.0),
                Some(own) => (Start::Truncated(own.dense as f32), dense_bias),
            };
            Ok([
                start(&format!("{name}.weight"), shape, first)?,
                start(&format!("{name}.bias"), bias, Start::Constant(of_bias))?,
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
    fn the_authors_start_and_decay_are_by_layer() {
        let start = DeerectStart { convolution: 0.1, dense: 2.0, dense_bias: 1.0 };
        let decay = DeerectDecay { convolution: 1e-3, dense: 1e-5 };
        let config = DeerectConfig {
            start: Some(start),
            weight_decay: Some(decay),
            ..DeerectConfig::default()
        };
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut begun = HashMap::new();
        let mut start = |name: &str, shape: &[usize], first: Start| {
            let values = first.draw(shape.iter().product(), &mut rng);
            begun.insert(name.to_owned(), values.clone());
            Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
        };
        DeerectNet::start(&config, &mut start, &Device::Cpu).unwrap();
        // A normal distribution cut off at two standard deviations has 0.88 of its deviation.
        for (name, deviation) in [("conv.weight", 0.1f32), ("hidden.weight", 2.0)] {
            let values = &begun[name];
            assert!(values.iter().all(|value| value.abs() <= 2.0 * deviation), "{name}");
            let square = values.iter().map(|value| value * value).sum::<f32>();
            let found = (square / values.len() as f32).sqrt() / deviation;
            assert!((found - 0.88).abs() < 0.06, "{name}: {found}");
        }
        assert!(begun["conv.bias"].iter().all(|bias| *bias == 0.0));
        assert!(begun["hidden.bias"].iter().chain(&begun["output.bias"]).all(|bias| *bias == 1.0));
        for (name, expected) in [
            ("conv.weight", 1e-3),
            ("hidden.weight", 1e-5),
            ("output.weight", 1e-5),
            ("conv.bias", 0.0),
        ] {
            assert_eq!(config.weight_decay(name), Some(expected), "{name}");
        }
        assert_eq!(DeerectConfig::default().weight_decay("conv.weight"), None);
    }

    #[test]
    fn the_network_computes_what_the_model_computes() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for config in [
            DeerectConfig::default(),
            DeerectConfig { filters: 20, width: 7, hidden: 5, ..DeerectConfig::default() },
        ] {
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
            let mut noise = Noise::new(rng.clone(), 0.0);
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
