//! `dense-scan`: the fully convolutional window model, this project's own architecture.
//!
//! Only valid convolutions with a receptive field of exactly 240, so that a scan computes every
//! layer once per position. Outputs as PolyaID's: classification and 50 cleavage values.

mod gpu;
pub mod kernel;
pub mod network;
mod strength;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use candle_core::Tensor;

use super::architecture::{Architecture, ArchitectureKind, Recogniser};
use super::card::{ModelCard, Task};
use super::posterior::Posterior;
use super::{
    CLEAVAGE, Holder, Input, Model, Output, Predictions, Replacement, StrandScores, WINDOW, Window,
    copies, every, gpu as gpu_scan,
};
use crate::engine::cuda::Pool;
use crate::engine::device::{CpuPrecision, DeviceKind, Workers};
use crate::error::{Error, Problem, Result};
use crate::models::dense::kernel::{DenseKernel, Exact, Int8, Kernel, Layers, Plans, Stem};
use gpu::GpuDense;
use network::{DenseConfig, DenseNetwork, Layer};

/// Positions of a scan that are as much work as a window by itself: windows so far apart are not
/// scanned.
const APART: usize = 48;

/// Classification and cleavage vector, every layer once per position.
pub const ARCHITECTURE: Architecture = Architecture {
    kind: ArchitectureKind::DenseScan,
    name: "dense-scan",
    task: Task::Sites,
    licence: "",
    source: "",
    load: |file, card, workers| {
        let config = file.config().map_err(|problem| Error::model(&card.name, problem))?;
        let posterior = file.posterior().map_err(|problem| Error::model(&card.name, problem))?;
        Ok(Box::new(DenseScan::load(&config, posterior, &file.candle()?, card, workers)?))
    },
    recognise: Recogniser::Unpublished,
    leaves_open: &[],
};

pub use strength::ARCHITECTURE as STRENGTH;

/// A loaded dense-scan model.
pub struct DenseScan {
    card: ModelCard,
    outputs: Vec<Output>,
    posterior: Option<Posterior>,
    kernel: Box<dyn Kernel>,
    /// The same network on GPUs, which then do the scan, and their name.
    gpu: Option<Pool<GpuDense>>,
    device: DeviceKind,
}

impl DenseScan {
    /// Builds the model from its tensors and the entries `config` and `posterior` of the weight
    /// file's metadata; scans run on `workers`.
    ///
    /// # Errors
    /// If a tensor is missing or has the wrong shape, or the receptive field is not 240.
    pub fn load(
        config: &DenseConfig,
        posterior: Option<Posterior>,
        tensors: &HashMap<String, Tensor>,
        card: ModelCard,
        workers: &Workers,
    ) -> Result<Self> {
        let network = network(config, 1 + CLEAVAGE, tensors, &card)?;
        let kernel = pack(&network, &card, workers)?;
        let gpu = workers.pool(|device, precision| GpuDense::new(&network, device, precision))?;
        let mut outputs = vec![Output::new("probability", 1), Output::new("cleavage", CLEAVAGE)];
        outputs.extend(posterior.map(|_| Output::new("posterior", 1)));
        Ok(Self { card, outputs, posterior, kernel, gpu, device: workers.kind() })
    }

    /// Returns the outputs of windows of which all cleavage vectors are there.
    fn predictions(&self, scores: StrandScores) -> Result<Predictions> {
        let StrandScores { probability, cleavage } = scores;
        let windows = probability.len();
        let cleavage = cleavage.iter().flat_map(|(_, vector)| vector).copied().collect();
        let posterior = self.posterior.map(|p| probability.iter().map(|&x| p.of(x)).collect());
        let values = [probability, cleavage].into_iter().chain(posterior).collect();
        Predictions { values }.check_finite(&self.card.name, windows)
    }
}

/// Returns whether windows at every `every`-th position are less work in a scan.
fn shares(sequences: &[Window<'_>], every: usize) -> bool {
    (1..APART).contains(&every) && sequences.iter().any(|sequence| sequence.codes.len() > WINDOW)
}

impl Model for DenseScan {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn device(&self) -> DeviceKind {
        self.device
    }

    fn input(&self) -> Input {
        Input::SCAN
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        self.input().check(&self.card.name, windows)?;
        let codes: Vec<&[u8]> = windows.iter().map(|window| window.codes).collect();
        self.predictions(self.kernel.scan_each(&codes))
    }

    fn predict_every(&self, sequences: &[Window<'_>], every: usize) -> Result<Predictions> {
        if !shares(sequences, every) {
            return self.predict(&every::windows(self.input().length, sequences, every));
        }
        let mut scores = StrandScores::default();
        for sequence in sequences {
            let said = self.kernel.scan(sequence.codes, f32::NEG_INFINITY);
            let before = scores.probability.len();
            scores.probability.extend(said.probability.into_iter().step_by(every));
            let asked = said.cleavage.into_iter().filter(|(at, _)| at.is_multiple_of(every));
            scores.cleavage.extend(asked.map(|(at, vector)| (before + at / every, vector)));
        }
        self.predictions(scores)
    }

    fn shares_copies(&self) -> bool {
        true
    }

    fn predict_copies(&self, window: &[u8], replacements: &[Replacement<'_>]) -> Result<Vec<f32>> {
        copies::check(self, window, replacements)?;
        copies::finite(&self.card.name, self.kernel.first_of_copies(window, replacements))
    }

    fn posterior(&self) -> Option<Posterior> {
        self.posterior
    }

    fn can_scan(&self) -> bool {
        true
    }

    fn windows_per_stretch(&self) -> usize {
        WINDOW - 1
    }

    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores> {
        match &self.gpu {
            Some(pool) => pool.with(|network| gpu_scan::scan(network, sequence, cleavage_above)),
            None => Ok(self.kernel.scan(sequence, cleavage_above)),
        }
    }

    fn holder(&self) -> Option<&dyn Holder> {
        self.gpu.is_none().then_some(&*self.kernel as &dyn Holder)
    }
}

/// Assembles a network from its tensors.
fn network(
    config: &DenseConfig,
    outputs: usize,
    tensors: &HashMap<String, Tensor>,
    card: &ModelCard,
) -> Result<DenseNetwork> {
    config.check().map_err(|problem| Error::model(&card.name, problem))?;
    DenseNetwork::new(config, outputs, |name, shape| {
        let tensor = tensors
            .get(name)
            .ok_or_else(|| Error::model(&card.name, format!("tensor {name} is missing")))?;
        if tensor.dims() != shape {
            let problem = format!("tensor {name} is {:?}, expected {shape:?}", tensor.dims());
            return Err(Error::model(&card.name, problem));
        }
        Ok(tensor.clone())
    })
}

/// Packs the network's weights for the CPU, in the precision of the workers.
fn pack(network: &DenseNetwork, card: &ModelCard, workers: &Workers) -> Result<Box<dyn Kernel>> {
    let of = |layer: &Layer| -> Result<kernel::Layer> {
        let weight = layer.weight.flatten_all()?.to_vec1()?;
        Ok(kernel::Layer { weight, bias: layer.bias.to_vec1()? })
    };
    let outputs = |first: usize, n: usize| -> Result<kernel::Layer> {
        let weight = network.output.weight.narrow(1, first, n)?.contiguous()?;
        of(&Layer { weight, bias: network.output.bias.narrow(0, first, n)? })
    };
    let layers = Layers {
        blocks: network.blocks.iter().map(of).collect::<Result<_>>()?,
        hidden: of(&network.hidden)?,
        first: outputs(0, 1)?,
        cleavage: match network.output.bias.elem_count() {
            1 => None,
            _ => Some(outputs(1, CLEAVAGE)?),
        },
    };
    let kernel::Layer { weight, bias } = of(&network.stem)?;
    let (stem, plans) = (Stem::new(weight, bias), Plans::default());
    let dilations = network.config.dilations.clone();
    Ok(match workers.kind() {
        DeviceKind::Cpu(CpuPrecision::Int8) => {
            let layers = Int8::new(&stem, &dilations, &layers);
            let wrong = |problem: Problem| Error::model(&card.name, format!("int8: {problem}"));
            let layers = layers.map_err(wrong)?;
            Box::new(DenseKernel { stem, dilations, layers, plans })
        }
        _ => Box::new(DenseKernel { stem, dilations, layers: Exact::new(&layers), plans }),
    })
}
