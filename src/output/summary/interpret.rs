//! The summary of an interpretation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FastaSummary, FileSummary, ModelSummary, write_json};
use crate::error::{Error, Result};
use crate::output::atomic::{AtomicFile, Complete};

/// What was run, on what, and what became of every site. Keys are written in the order of the
/// fields, those of maps sorted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InterpretSummary {
    pub program: String,
    pub version: String,
    pub command_line: String,
    pub model: ModelSummary,
    pub strength_model: Option<ModelSummary>,
    pub fasta: FastaSummary,
    /// None where regions were given.
    pub sites_file: Option<FileSummary>,
    /// What was asked for, by the option's name.
    pub settings: BTreeMap<String, serde_json::Value>,
    pub sites: SiteAccount,
    /// What was found, by name.
    pub figures: BTreeMap<String, serde_json::Value>,
    /// Remarks made during the run, each once.
    pub notes: Vec<String>,
    pub threads: usize,
    pub device: String,
    pub wall_seconds: f64,
    /// Sequences that each model was asked for.
    pub windows: u64,
    pub windows_per_second: f64,
}

/// Sites: asked = scored + skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteAccount {
    pub asked: u64,
    pub scored: u64,
    /// By reason.
    pub skipped: BTreeMap<String, u64>,
    /// Rows that name a site once more; not counted above.
    pub again: u64,
}

impl SiteAccount {
    /// Returns the sites skipped for any reason.
    pub fn all_skipped(&self) -> u64 {
        self.skipped.values().sum()
    }
}

impl InterpretSummary {
    /// Checks that the counts add up, and completes `file` with the summary as indented JSON.
    ///
    /// # Errors
    /// If they do not, or the file cannot be written.
    pub fn complete(&self, file: AtomicFile) -> Result<Complete> {
        let SiteAccount { asked, scored, .. } = self.sites;
        let skipped = self.sites.all_skipped();
        if asked != scored + skipped {
            let problem = format!("sites: {asked} asked for, {scored} scored, {skipped} skipped");
            return Err(Error::Internal(problem));
        }
        write_json(self, file)
    }
}
