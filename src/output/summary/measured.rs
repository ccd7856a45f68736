//! The summary of a run of `sites`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FastaSummary, FileSummary, write_json};
use crate::error::{Error, Result};
use crate::output::atomic::{AtomicFile, Complete};
use crate::reads::ends::Account;
use crate::reads::sites::{Asked, ClusterCounts};

/// What was run, on what, and what became of every read and cluster. Keys are written in the order
/// of the fields.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredSummary {
    pub program: String,
    pub version: String,
    pub command_line: String,
    pub fasta: FastaSummary,
    pub annotation: Option<FileSummary>,
    pub samples: Vec<SampleSummary>,
    pub settings: Asked,
    pub clusters: ClusterCounts,
    /// Sites by class in the gene structure; empty without annotation.
    pub by_feature: BTreeMap<String, u64>,
    /// Sites with AATAAA, ATTAAA, another signal, none.
    pub by_signal: BTreeMap<String, u64>,
    /// Genes whose proximal and distal sites were compared between groups.
    pub genes_compared: u64,
    /// Remarks made during the run, each once.
    pub notes: Vec<String>,
    pub threads: usize,
    pub wall_seconds: f64,
}

/// A sample: read = counted + skipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleSummary {
    pub name: String,
    pub group: Option<String>,
    pub files: Vec<FileSummary>,
    pub reads: Account,
}

impl MeasuredSummary {
    /// Checks that the counts add up, and completes `file` with the summary as indented JSON.
    ///
    /// # Errors
    /// If they do not, or the file cannot be written.
    pub fn complete(&self, file: AtomicFile) -> Result<Complete> {
        let ClusterCounts { clusters, internal_priming, too_few_reads, sites } = self.clusters;
        if clusters != internal_priming + too_few_reads + sites {
            return Err(Error::Internal(format!("{clusters} clusters: {:?}", self.clusters)));
        }
        if let Some(sample) = self.samples.iter().find(|sample| !sample.reads.adds_up()) {
            return Err(Error::Internal(format!("{}: {:?}", sample.name, sample.reads)));
        }
        write_json(self, file)
    }
}
