//! The summary of scored variants.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FastaSummary, FileSummary, ModelSummary, write_json};
use crate::error::Result;
use crate::output::atomic::{AtomicFile, Complete};
use crate::variants::tables::rows::RowCounts;
use crate::variants::totals::Totals;

/// What was run, on what, and what became of every record and allele. Keys are written in the order
/// of the fields, those of maps sorted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VariantSummary {
    pub program: String,
    pub version: String,
    pub command_line: String,
    pub input: FileSummary,
    pub model: ModelSummary,
    pub strength_model: Option<ModelSummary>,
    pub fasta: FastaSummary,
    pub annotation: Option<FileSummary>,
    /// Catalogues of known sites.
    #[serde(default)]
    pub sites: Vec<FileSummary>,
    /// Every threshold that was in force, by its name in the configuration.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// What became of the rows, where the input is a table or a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<RowCounts>,
    pub totals: Totals,
    /// The genes with the most alleles of a significant effect, and how many: [`TOP_GENES`] of
    /// them.
    #[serde(default)]
    pub top_genes: Vec<(String, u64)>,
    /// Remarks made during the run, each once.
    pub notes: Vec<String>,
    pub threads: usize,
    pub device: String,
    pub wall_seconds: f64,
    pub alleles_per_hour: f64,
}

/// Genes in a summary.
const TOP_GENES: usize = 50;

impl VariantSummary {
    /// Takes the counts of the run; of the genes those with the most effects are kept.
    pub fn count(&mut self, mut totals: Totals) {
        self.top_genes = totals.tallies.top_genes(TOP_GENES);
        totals.tallies.genes.clear();
        self.totals = totals;
    }

    /// Checks that the counts add up, and completes `file` with the summary as indented JSON.
    ///
    /// # Errors
    /// If they do not, or the file cannot be written.
    pub fn complete(&self, file: AtomicFile) -> Result<Complete> {
        self.check()?;
        write_json(self, file)
    }

    /// Checks that the counts add up.
    ///
    /// # Errors
    /// If they do not, which is an error of the program.
    pub fn check(&self) -> Result<()> {
        self.totals.check()?;
        self.table.as_ref().map_or(Ok(()), |table| table.check(self.totals.records))
    }
}
