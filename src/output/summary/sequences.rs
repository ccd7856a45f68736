//! The summary of a run on sequences by class, or on a model alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FileSummary, ModelSummary, write_json};
use crate::error::{Error, Result};
use crate::output::atomic::{AtomicFile, Complete};

/// What was run, on what, and what became of every sequence. Keys are written in the order of the
/// fields, those of maps sorted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SequencesSummary {
    pub program: String,
    pub version: String,
    pub command_line: String,
    pub model: ModelSummary,
    pub files: Vec<ClassFile>,
    /// What was asked for, by the option's name.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// What was found, by name.
    pub figures: BTreeMap<String, serde_json::Value>,
    /// Remarks made during the run, each once.
    pub notes: Vec<String>,
    pub threads: usize,
    pub wall_seconds: f64,
}

/// A file of one class: read = used + skipped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassFile {
    pub class: String,
    pub file: FileSummary,
    /// Of the structures, where they are in a file of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structures: Option<FileSummary>,
    pub read: u64,
    pub used: u64,
    /// By reason.
    pub skipped: BTreeMap<String, u64>,
}

impl SequencesSummary {
    /// Checks that the counts add up, and completes `file` with the summary as indented JSON.
    ///
    /// # Errors
    /// If they do not, or the file cannot be written.
    pub fn complete(&self, file: AtomicFile) -> Result<Complete> {
        for ClassFile { class, read, used, skipped, .. } in &self.files {
            let skipped: u64 = skipped.values().sum();
            if *read != used + skipped {
                let problem = format!("class {class}: {read} read, {used} used, {skipped} skipped");
                return Err(Error::Internal(problem));
            }
        }
        write_json(self, file)
    }
}
