//! The PolyaID family (Stroup & Ji 2023, Nature Communications): convolution, bidirectional LSTM,
//! dense heads.
//!
//! A window's 240 nt are one-hot encoded (unknown bases all zero) and convolved without padding;
//! after ReLU and a max-pool of 3 (the tail dropped) a bidirectional LSTM (gates i, f, c, o, one
//! bias, plain sigmoid gates) returns its outputs at every step, backward ones at their own step.
//! Flattened step by step they feed the heads: PolyaID's classification and cleavage, or
//! PolyaStrength's log2 odds. Any layer sizes are read from the tensors: see [`weights`].

mod chosen;
mod gpu;
mod head;
mod import;
mod kernel;
pub mod plain;
#[cfg(any(test, feature = "testing"))]
pub mod random;
mod separate;
mod shared;
pub mod weights;

use super::architecture::{Architecture, ArchitectureKind, Recogniser};
use super::card::{ModelCard, Task};
use super::gpu as gpu_scan;
use super::stretches;
use super::weight_file::Tensors;
use super::{CLEAVAGE, Input, Model, Output, Predictions, StrandScores, Window};
use crate::engine::cpu::activation::{sigmoid, softmax};
use crate::engine::cuda::Pool;
use crate::engine::device::{DeviceKind, Workers};
use crate::error::{Error, Problem, Result};
use gpu::GpuBiLstm;
use kernel::Kernel;
use weights::{Kind, Weights};

const PAPER: &str = "Stroup & Ji 2023, Nature Communications 14:7378";

/// Classification and cleavage vector.
pub const POLYAID: Architecture = Architecture {
    kind: ArchitectureKind::Polyaid,
    name: Kind::PolyaId.name(),
    task: Task::Sites,
    licence: "",
    source: PAPER,
    load: |file, card, workers| {
        Ok(Box::new(BiLstm::load(Kind::PolyaId, &file.tensors, card, workers)?))
    },
    recognise: Recogniser::Keras(|path, file, _| import::recognise(Kind::PolyaId, path, file)),
    leaves_open: &[],
};

/// log2 odds of usage.
pub const POLYASTRENGTH: Architecture = Architecture {
    kind: ArchitectureKind::Polyastrength,
    name: Kind::PolyaStrength.name(),
    task: Task::Strength,
    licence: "",
    source: PAPER,
    load: |file, card, workers| {
        Ok(Box::new(BiLstm::load(Kind::PolyaStrength, &file.tensors, card, workers)?))
    },
    recognise: Recogniser::Keras(|path, file, _| {
        import::recognise(Kind::PolyaStrength, path, file)
    }),
    leaves_open: &[],
};

/// A loaded PolyaID or PolyaStrength.
pub struct BiLstm {
    card: ModelCard,
    outputs: Vec<Output>,
    kind: Kind,
    kernel: Kernel,
    /// The same model on GPUs, which then do the scan, and their name.
    gpu: Option<Pool<GpuBiLstm>>,
    device: DeviceKind,
}

impl BiLstm {
    /// Loads a model for the CPU from tensors named as in [`weights`].
    ///
    /// # Errors
    /// If a tensor is missing, left over, not finite or of a shape that does not fit.
    pub fn new(kind: Kind, tensors: &Tensors, card: ModelCard) -> Result<Self> {
        Self::load(kind, tensors, card, &Workers::CPU)
    }

    /// Loads a model; scans run on `workers`, those of a model too large for the GPU kernel on the
    /// CPU.
    ///
    /// # Errors
    /// As [`Self::new`]; if the device fails.
    pub fn load(kind: Kind, tensors: &Tensors, card: ModelCard, workers: &Workers) -> Result<Self> {
        let wrong = |problem: Problem| Error::model(&card.name, problem);
        let weights = Weights::new(kind, tensors).map_err(wrong)?;
        let outputs = match kind {
            Kind::PolyaId => {
                vec![Output::new("probability", 1), Output::new("cleavage", CLEAVAGE)]
            }
            Kind::PolyaStrength => vec![Output::new("strength", 1)],
        };
        let gpu = match kind {
            Kind::PolyaId if GpuBiLstm::takes(weights.sizes) => {
                workers.pool(|device, precision| GpuBiLstm::new(&weights, device, precision))?
            }
            _ => None,
        };
        let device = if gpu.is_some() { workers.kind() } else { DeviceKind::CPU };
        Ok(Self { outputs, kind, kernel: Kernel::new(&weights), card, gpu, device })
    }
}

impl Model for BiLstm {
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
        let windows: Vec<&[u8]> = windows.iter().map(|window| window.codes).collect();
        let mut values = separate::logits(&self.kernel, &windows);
        for (head, output) in values.iter_mut().zip(&self.outputs) {
            // Of no windows there are no rows, whatever their width.
            let rows = head.chunks_exact((head.len() / windows.len().max(1)).max(1));
            *head = match (self.kind, output.width) {
                (Kind::PolyaStrength, _) => rows.map(|row| row[0]).collect(),
                (Kind::PolyaId, 1) => rows.map(|row| sigmoid(row[0])).collect(),
                (Kind::PolyaId, _) => rows.flat_map(softmax::<CLEAVAGE>).collect(),
            };
        }
        Predictions { values }.check_finite(&self.card.name, windows.len())
    }

    fn can_scan(&self) -> bool {
        self.kind == Kind::PolyaId
    }

    fn scan_at(
        &self,
        sequence: &[u8],
        starts: &[usize],
        cleavage_above: f32,
    ) -> Result<StrandScores> {
        if self.gpu.is_some() || !self.can_scan() {
            return stretches::scan_at(self, sequence, starts, cleavage_above);
        }
        stretches::check(sequence, starts)?;
        let scores = chosen::scan_at(&self.kernel, sequence, starts, cleavage_above);
        scores.check_finite(&self.card.name)?;
        Ok(scores)
    }

    /// On a GPU: the input projections of the 228 pooled positions that a stretch has more than
    /// windows, at a thirtieth of a window's work each.
    fn windows_per_stretch(&self) -> usize {
        8
    }

    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores> {
        if !self.can_scan() {
            return Err(self.not_scannable());
        }
        let scores = match &self.gpu {
            Some(pool) => pool.with(|network| gpu_scan::scan(network, sequence, cleavage_above))?,
            None => shared::scan(&self.kernel, sequence, cleavage_above),
        };
        scores.check_finite(&self.card.name)?;
        Ok(scores)
    }
}
