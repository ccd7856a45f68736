//! The summary of a run of `precompute`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FastaSummary, FileSummary, ModelSummary, write_json};
use crate::error::Result;
use crate::output::atomic::{AtomicFile, Complete};
use crate::variants::mutagenesis::totals::Totals;

/// What was run, on what, and what became of every position. Keys are written in the order of the
/// fields, those of maps sorted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PrecomputeSummary {
    pub program: String,
    pub version: String,
    pub command_line: String,
    pub model: ModelSummary,
    pub strength_model: Option<ModelSummary>,
    pub fasta: FastaSummary,
    pub annotation: Option<FileSummary>,
    pub sites: Vec<FileSummary>,
    /// Every threshold that was in force, by its name in the configuration.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// Tables of the folder; of them those that this run computed, and those of its share that were
    /// there before.
    pub pieces: u64,
    pub pieces_computed: u64,
    pub pieces_there: u64,
    /// Of the tables that this run computed.
    pub totals: Totals,
    /// Remarks made during the run, each once.
    pub notes: Vec<String>,
    pub threads: usize,
    pub device: String,
    pub wall_seconds: f64,
    pub variants_per_hour: f64,
}

impl PrecomputeSummary {
    /// Checks that the counts add up, and completes `file` with the summary as indented JSON.
    ///
    /// # Errors
    /// If they do not, or the file cannot be written.
    pub fn complete(&self, file: AtomicFile) -> Result<Complete> {
        self.totals.check()?;
        write_json(self, file)
    }
}
