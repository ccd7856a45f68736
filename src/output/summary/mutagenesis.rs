//! The summary of a saturation mutagenesis.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FastaSummary, FileSummary, ModelSummary, write_json};
use crate::error::Result;
use crate::output::atomic::{AtomicFile, Complete};
use crate::variants::mutagenesis::totals::Totals;

/// What was run, on what, and what became of every position. Keys are written in the order of the
/// fields, those of maps sorted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MutagenesisSummary {
    pub program: String,
    pub version: String,
    pub command_line: String,
    pub model: ModelSummary,
    pub strength_model: Option<ModelSummary>,
    pub fasta: FastaSummary,
    pub annotation: Option<FileSummary>,
    /// Sites that were named; `None` for regions.
    pub sites_file: Option<FileSummary>,
    pub sites: u64,
    /// Those whose usage was measured, with `--usage`.
    pub sites_with_usage: u64,
    /// Every threshold that was in force, by its name in the configuration.
    pub settings: BTreeMap<String, serde_json::Value>,
    pub totals: Totals,
    /// The table of the rows that change much, if it was asked for.
    pub cutoff: Option<CutoffSummary>,
    /// Pictures that were drawn, each as SVG and PNG.
    pub plots: u64,
    /// Remarks made during the run, each once.
    pub notes: Vec<String>,
    pub threads: usize,
    pub device: String,
    pub wall_seconds: f64,
    pub variants_per_hour: f64,
}

/// Rows whose odds change by more than a factor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CutoffSummary {
    pub fold: f64,
    pub rows: u64,
}

impl MutagenesisSummary {
    /// Checks that the counts add up, and completes `file` with the summary as indented JSON.
    ///
    /// # Errors
    /// If they do not, or the file cannot be written.
    pub fn complete(&self, file: AtomicFile) -> Result<Complete> {
        self.totals.check()?;
        write_json(self, file)
    }
}
