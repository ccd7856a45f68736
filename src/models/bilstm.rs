//! The PolyaID family (Stroup & Ji 2023, Nature Communications): convolution, bidirectional LSTM,
//! dense heads.
//!
//! A window's 240 nt are one-hot encoded (unknown bases all zero) and convolved without padding;
//! after ReLU and a max-pool of 3 (the tail dropped) a bidirectional LSTM (gates i, f, c, o, one
//! bias, plain sigmoid gates) returns its outputs at every step, backward ones at their own step.
//! Flattened step by step they feed the heads: PolyaID's classification and cleavage, or
//! PolyaStrength's log2 odds. Any layer sizes are read from the tensors: see [`weights`].

mod head;
mod plain;
pub mod random;
mod shared;
pub mod weights;

use candle_core::Device;

use super::card::{ModelCard, Task};
use super::registry::Architecture;
use super::weight_file::Tensors;
use super::{CLEAVAGE, Input, Model, Output, Predictions, StrandScores, Window, check_finite};
use crate::error::{Error, Result};
use plain::Plain;
use shared::Shared;
use weights::{Kind, Weights};

/// Windows that `predict` puts into one batch: bounds its memory.
const BATCH: usize = 64;

const PAPER: &str = "Stroup & Ji 2023, Nature Communications 14:7378";

/// Classification and cleavage vector.
pub const POLYAID: Architecture = Architecture {
    name: "polyaid",
    task: Task::Sites,
    licence: "",
    source: PAPER,
    load: |file, card, _| Ok(Box::new(BiLstm::new(Kind::PolyaId, &file.tensors, card)?)),
};

/// log2 odds of usage.
pub const POLYASTRENGTH: Architecture = Architecture {
    name: "polyastrength",
    task: Task::Strength,
    licence: "",
    source: PAPER,
    load: |file, card, _| Ok(Box::new(BiLstm::new(Kind::PolyaStrength, &file.tensors, card)?)),
};

/// A loaded PolyaID or PolyaStrength.
pub struct BiLstm {
    card: ModelCard,
    outputs: Vec<Output>,
    plain: Plain,
    /// `None` without a cleavage head.
    shared: Option<Shared>,
}

impl BiLstm {
    /// Loads a model from tensors named as in [`weights`].
    ///
    /// # Errors
    /// If a tensor is missing, left over, not finite or of a shape that does not fit.
    pub fn new(kind: Kind, tensors: &Tensors, card: ModelCard) -> Result<Self> {
        let wrong = |problem: String| Error::model(&card.name, problem);
        let weights = Weights::new(kind, tensors).map_err(wrong)?;
        let plain = Plain::new(&weights, &Device::Cpu)?;
        let outputs = match kind {
            Kind::PolyaId => {
                vec![Output::new("probability", 1), Output::new("cleavage", CLEAVAGE)]
            }
            Kind::PolyaStrength => vec![Output::new("strength", 1)],
        };
        Ok(Self { outputs, plain, shared: Shared::new(&weights), card })
    }
}

impl Model for BiLstm {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        Input::SCAN
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        self.input().check(&self.card.name, windows)?;
        let mut values = vec![Vec::new(); self.outputs.len()];
        for batch in windows.chunks(BATCH) {
            let batch: Vec<&[u8]> = batch.iter().map(|window| window.codes).collect();
            let flat = self.plain.trunk(&batch)?;
            let logits = self.plain.head(0, &flat)?;
            if self.shared.is_some() {
                values[0].extend(plain::probabilities(&logits)?);
                values[1].extend(plain::distributions(&self.plain.head(1, &flat)?)?);
            } else {
                values[0].extend(logits.flatten_all()?.to_vec1::<f32>()?);
            }
        }
        Predictions { values }.check_finite(&self.card.name)
    }

    fn can_scan(&self) -> bool {
        self.shared.is_some()
    }

    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores> {
        let Some(shared) = &self.shared else {
            return Err(self.not_scannable());
        };
        let scores = shared.scan(sequence, cleavage_above);
        let vectors = scores.cleavage.iter().flat_map(|(_, vector)| vector);
        check_finite(&self.card.name, scores.probability.iter().chain(vectors))?;
        Ok(scores)
    }
}
