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

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::card::ModelCard;
use super::weight_file::{self, Tensors};
use super::{CLEAVAGE, CleavageVector, Model, StrandScores, WINDOW, WindowScores};
use crate::error::{Error, Result};
use plain::Plain;
use shared::Shared;
use weights::{Architecture, Weights};

/// Windows that `predict` puts into one batch: bounds its memory.
const BATCH: usize = 64;

/// A loaded PolyaID or PolyaStrength.
pub struct BiLstm {
    card: ModelCard,
    architecture: Architecture,
    plain: Plain,
    /// `None` without a cleavage head.
    shared: Option<Shared>,
}

impl BiLstm {
    /// Loads a model from tensors named as in [`weights`].
    ///
    /// # Errors
    /// If the card names another architecture, or a tensor is missing, left over, not finite or of
    /// a shape that does not fit.
    pub fn load(tensors: &HashMap<String, Tensor>, card: ModelCard) -> Result<Self> {
        Self::new(&weight_file::raw(tensors)?, card)
    }

    /// Loads a model from tensors in memory.
    ///
    /// # Errors
    /// As [`BiLstm::load`].
    pub fn new(tensors: &Tensors, card: ModelCard) -> Result<Self> {
        let wrong = |problem: String| Error::model(&card.name, problem);
        let architecture = Architecture::from_name(&card.architecture).ok_or_else(|| {
            wrong(format!("architecture {} is not of the PolyaID family", card.architecture))
        })?;
        let weights = Weights::new(architecture, tensors).map_err(wrong)?;
        let plain = Plain::new(&weights, &Device::Cpu)?;
        Ok(Self { architecture, plain, shared: Shared::new(&weights), card })
    }

    fn check_windows(&self, windows: &[&[u8]]) -> Result<()> {
        match windows.iter().position(|window| window.len() != WINDOW) {
            Some(at) => Err(self.wrong(format!(
                "window {at} has {} nt; the model reads exactly {WINDOW}",
                windows[at].len()
            ))),
            None => Ok(()),
        }
    }

    /// Huge weights can overflow; a score that is no number must not pass for one.
    fn check_finite<'a>(&self, mut scores: impl Iterator<Item = &'a f32>) -> Result<()> {
        if scores.all(|score| score.is_finite()) {
            return Ok(());
        }
        Err(self.wrong("a score is not a number: the weights overflow; are they the right file?"))
    }

    fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::model(&self.card.name, problem)
    }
}

impl Model for BiLstm {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn predict(&self, windows: &[&[u8]]) -> Result<WindowScores> {
        self.check_windows(windows)?;
        let (mut first, mut cleavage) = (Vec::new(), Vec::<CleavageVector>::new());
        for batch in windows.chunks(BATCH) {
            let flat = self.plain.trunk(batch)?;
            let logits = self.plain.head(0, &flat)?;
            match self.architecture {
                Architecture::PolyaId => {
                    first.extend(plain::probabilities(&logits)?);
                    for row in plain::distributions(&self.plain.head(1, &flat)?)? {
                        let row = <[f32; CLEAVAGE]>::try_from(row);
                        cleavage.push(row.map_err(|_| self.wrong("cleavage is not 50 values"))?);
                    }
                }
                Architecture::PolyaStrength => {
                    first.extend(logits.flatten_all()?.to_vec1::<f32>()?)
                }
            }
        }
        self.check_finite(first.iter().chain(cleavage.iter().flatten()))?;
        Ok(match self.architecture {
            Architecture::PolyaId => WindowScores::Sites { probability: first, cleavage },
            Architecture::PolyaStrength => WindowScores::Strength(first),
        })
    }

    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores> {
        let Some(shared) = &self.shared else {
            return Err(self.wrong(format!(
                "{} has no cleavage vector: it cannot be scanned; use `predict`",
                self.architecture.name()
            )));
        };
        let scores = shared.scan(sequence, cleavage_above);
        let vectors = scores.cleavage.iter().flat_map(|(_, vector)| vector);
        self.check_finite(scores.probability.iter().chain(vectors))?;
        Ok(scores)
    }
}
