//! Screens: small `dense-scan` networks that say which windows a slower model cannot keep.
//!
//! A screen is trained to one model's own outputs (`polyascan distil`). Its classification is the
//! probability that the model keeps a window; where it is below a limit, the model is not asked.
//! The limit is chosen on sequence that nothing was learned from, and is kept, with what was
//! measured there, in the weight file's metadata entry `screen`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

use super::card::{ModelCard, Task};
use super::weight_file::{self, WeightFile, sha256};
use super::{Model, dense, file, registry};
use crate::engine::device::Workers;
use crate::error::{Error, Problem, Result};

/// The metadata entry that makes a screen of a `dense-scan` network.
pub const ENTRY: &str = "screen";

/// What a screen is for, and what it was measured to do: the metadata entry `screen` (JSON).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreenCard {
    /// Name of the model whose windows it screens.
    pub model: String,
    /// sha256 of that model's weight file.
    pub model_sha256: String,
    /// It finds windows whose classification is above this (0-1)...
    pub min_probability: f64,
    /// ... and whose raw cleavage at the centre is above this (0-1).
    pub min_centre_cleavage: f64,
    /// Windows with a classification by the screen of at least this pass (0-1).
    pub limit: f32,
    /// What was measured with this limit.
    pub held_out: HeldOut,
}

/// What a screen did on sequence that nothing was learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    /// Windows that both networks scored.
    pub windows: u64,
    /// Of these, windows that the model was asked for.
    pub computed: u64,
    /// Windows that the model keeps.
    pub kept: u64,
    /// Of these, windows that a scan with the screen keeps.
    pub kept_found: u64,
    /// Calls of the model.
    pub calls: u64,
    /// Of these, calls that a scan with the screen has at the same nucleotide.
    pub calls_found: u64,
}

impl HeldOut {
    /// Returns the share of kept windows that are found; 1 of none.
    pub fn recall(&self) -> f64 {
        share(self.kept_found, self.kept)
    }

    /// Returns the share of calls that are found; 1 of none.
    pub fn call_recall(&self) -> f64 {
        share(self.calls_found, self.calls)
    }

    /// Returns what share of a genome's calls is found at least, with a confidence of 95 %, if those
    /// held out are drawn from them (one-sided bound of Clopper & Pearson 1934): few of them promise
    /// little, even if all are found.
    pub fn call_recall_at_least(&self) -> f64 {
        let missed = self.calls.saturating_sub(self.calls_found);
        let bound = Beta::new(self.calls_found as f64, missed as f64 + 1.0);
        bound.map_or(0.0, |beta| beta.inverse_cdf(0.05))
    }
}

/// Returns the share that a part is of a whole; all of nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// A loaded screen.
pub struct Screen {
    network: Box<dyn Model>,
    pub card: ScreenCard,
    path: PathBuf,
}

impl Screen {
    /// Makes a screen of a network; `path` is its name in messages.
    pub fn new(network: Box<dyn Model>, card: ScreenCard, path: &Path) -> Self {
        Self { network, card, path: path.to_owned() }
    }

    /// Loads a screen from a weight file that `polyascan distil` made; it runs on the CPU.
    ///
    /// # Errors
    /// If the file cannot be read or holds no screen.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = file::read(path)?;
        let wrong = |problem: Problem| Error::of_file(path, problem);
        let none = |problem: &str| {
            wrong(format!("no screen: {problem}; `polyascan distil` makes one").into())
        };
        let weights = weight_file::decode(&bytes).map_err(|problem| none(&problem))?;
        let card = card_of(&weights).map_err(|problem| none(&problem))?;
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
        let model_card =
            ModelCard { sha256: sha256(&bytes), ..ModelCard::new(name, "", Task::Sites) };
        let network = registry::build(&bytes, model_card, &Workers::CPU)?;
        Ok(Self::new(network, card, path))
    }

    /// Returns where it was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the sha256 of its weight file.
    pub fn sha256(&self) -> &str {
        &self.network.card().sha256
    }

    /// Makes sure that it screens this model's windows, of these thresholds.
    ///
    /// # Errors
    /// If it was made for another model, or for higher thresholds.
    pub fn check(
        &self,
        model: &ModelCard,
        min_probability: f64,
        min_centre_cleavage: f64,
    ) -> Result<()> {
        let card = &self.card;
        if card.model_sha256 != model.sha256 {
            let digest = |sha256: &str| sha256.get(..16).unwrap_or(sha256).to_owned();
            let problem = format!(
                "it screens the windows of {} (sha256 {}), not of {} (sha256 {}): make one with \
                 `polyascan distil {}`",
                card.model,
                digest(&card.model_sha256),
                model.name,
                digest(&model.sha256),
                model.name
            );
            return Err(Error::of_file(&self.path, problem));
        }
        for (name, asked, least) in [
            ("min-probability", min_probability, card.min_probability),
            ("min-centre-cleavage", min_centre_cleavage, card.min_centre_cleavage),
        ] {
            if asked < least {
                let problem = format!(
                    "it was calibrated for --{name} {least} and would miss windows of {asked}: leave \
                     --{name} at {least} or more, or make a screen with `polyascan distil --{name} {asked}`"
                );
                return Err(Error::of_file(&self.path, problem));
            }
        }
        Ok(())
    }

    /// Returns its classification of every 240-nt window of `sequence`: the probability (0-1) that
    /// the model keeps it.
    ///
    /// # Errors
    /// If a value is no number.
    pub fn scores(&self, sequence: &[u8]) -> Result<Vec<f32>> {
        let scores = self.network.scan(sequence, f32::INFINITY)?;
        scores.check_finite(&self.network.card().name)?;
        Ok(scores.probability)
    }
}

/// Returns what a weight file says of the screen that it holds.
fn card_of(weights: &WeightFile) -> std::result::Result<ScreenCard, Problem> {
    if weights.entry("architecture") != dense::ARCHITECTURE.name {
        return Err(format!("it is no {} network", dense::ARCHITECTURE.name).into());
    }
    match weights.entry(ENTRY) {
        "" => Err(format!("its metadata has no entry `{ENTRY}`").into()),
        json => {
            serde_json::from_str(json).map_err(|e| format!("metadata entry `{ENTRY}`: {e}").into())
        }
    }
}
