//! `dense-strength`: the network of dense-scan with one output, log2 odds of usage.

use super::{network, pack, shares};
use crate::engine::device::{DeviceKind, Workers};
use crate::error::{Error, Result};
use crate::models::architecture::{Architecture, ArchitectureKind, Recogniser};
use crate::models::card::{ModelCard, Task};
use crate::models::dense::kernel::Kernel;
use crate::models::weight_file::WeightFile;
use crate::models::{
    Input, Model, Output, Predictions, Replacement, WINDOW, Window, copies, every,
};

/// Strength of a polyA site, every layer once per position.
pub const ARCHITECTURE: Architecture = Architecture {
    kind: ArchitectureKind::DenseStrength,
    name: "dense-strength",
    task: Task::Strength,
    licence: "",
    source: "",
    load: |file, card, workers| Ok(Box::new(DenseStrength::load(file, card, workers)?)),
    recognise: Recogniser::Unpublished,
    leaves_open: &[],
};

/// A loaded dense-strength model.
pub struct DenseStrength {
    card: ModelCard,
    outputs: [Output; 1],
    kernel: Box<dyn Kernel>,
    device: DeviceKind,
}

impl DenseStrength {
    fn load(file: &WeightFile, card: ModelCard, workers: &Workers) -> Result<Self> {
        let config = file.config().map_err(|problem| Error::model(&card.name, problem))?;
        let network = network(&config, 1, &file.candle()?, &card)?;
        let kernel = pack(&network, &card, workers)?;
        // No GPU: a window is too little work to be sent to one.
        let device = match workers.kind() {
            cpu @ DeviceKind::Cpu(_) => cpu,
            DeviceKind::Cuda(_) => DeviceKind::CPU,
        };
        Ok(Self { card, outputs: [Output::new("strength", 1)], kernel, device })
    }
}

impl Model for DenseStrength {
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
        let values = self.kernel.first_each(&codes);
        Predictions { values: vec![values] }.check_finite(&self.card.name, windows.len())
    }

    fn predict_every(&self, sequences: &[Window<'_>], every: usize) -> Result<Predictions> {
        if !shares(sequences, every) {
            return self.predict(&every::windows(self.input().length, sequences, every));
        }
        let each = sequences.iter().map(|sequence| self.kernel.first(sequence.codes));
        let values: Vec<f32> = each.flat_map(|said| said.into_iter().step_by(every)).collect();
        let windows = values.len();
        Predictions { values: vec![values] }.check_finite(&self.card.name, windows)
    }

    fn windows_per_stretch(&self) -> usize {
        WINDOW - 1
    }

    fn shares_copies(&self) -> bool {
        true
    }

    fn predict_copies(&self, window: &[u8], replacements: &[Replacement<'_>]) -> Result<Vec<f32>> {
        copies::check(self, window, replacements)?;
        copies::finite(&self.card.name, self.kernel.first_of_copies(window, replacements))
    }
}
