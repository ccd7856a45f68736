//! The configuration of `polyascan train usage`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::evaluate::parts::Parts;
use crate::evaluate::strength::LEAST_COUNTS;
use crate::models::card::Task;
use crate::train::networks::NetworkConfig;
use crate::train::recipe::{Configuration, Identity, Recipe};

/// Everything that decides a strength model trained on measured usage: the file given to `polyascan
/// train usage --config`; `evaluate strength` takes the same.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UsageTraining {
    pub model: Identity,
    pub network: NetworkConfig,
    pub optimiser: Recipe,
    pub sites: CountedSites,
    #[serde(default)]
    pub parts: Parts,
}

/// A genome and its sites with their counts; by default what `polyascan sites` writes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CountedSites {
    pub fasta: PathBuf,
    pub sites: PathBuf,
    /// Column with the reads.
    #[serde(default = "reads")]
    pub counts: String,
    /// Column with the gene; the class stands in a column `feature` ...
    #[serde(default = "gene")]
    pub gene: String,
    /// ... instead of which genes (GTF or GFF3) can say both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<PathBuf>,
    /// Contigs left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Reads of a gene's two sites used most, at least.
    #[serde(default = "least")]
    pub min_reads: f64,
}

fn reads() -> String {
    "reads".into()
}

fn gene() -> String {
    "gene".into()
}

fn least() -> f64 {
    LEAST_COUNTS
}

impl Configuration for UsageTraining {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, Problem)> {
        let architecture = self.network.form().architecture();
        if architecture.task != Task::Strength {
            return Err((
                "[network]",
                format!("{} predicts no strength", architecture.name).into(),
            ));
        }
        let least = self.sites.min_reads;
        if !(least.is_finite() && least > 0.0) {
            return Err(("[sites]", format!("min_reads = {least}: must be above 0").into()));
        }
        self.parts.check().map_err(|problem| ("[parts]", problem))
    }
}
