//! The configuration of a training run.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::models::dense::network::DenseConfig;

/// Everything that decides a trained scan model: the file given to `polyascan train scan --config`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScanTraining {
    /// Name of the model, and of its files.
    pub name: String,
    /// One line for the model card.
    pub description: String,
    pub licence: String,
    pub seed: u64,
    /// Folder that data paths are relative to.
    pub data: PathBuf,
    pub network: DenseConfig,
    pub optimiser: Optimiser,
    pub labels: Labels,
    #[serde(default)]
    pub windows: Vec<WindowSource>,
    #[serde(default)]
    pub genome: Vec<GenomeSource>,
    pub validation: Validation,
}

/// How the weights are fitted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Optimiser {
    pub epochs: usize,
    /// Segments per step.
    pub batch: usize,
    /// Nucleotides per segment; each has (segment - 239) labelled windows.
    pub segment: usize,
    /// Highest learning rate, after the warm-up; cosine to zero from there.
    pub learning_rate: f64,
    pub warmup_steps: usize,
    pub weight_decay: f64,
    /// Gradients are scaled down to this norm.
    pub gradient_norm: f64,
    /// Decay of the exponential moving average of the weights, which is what is kept.
    pub average: f64,
    /// Share of trunk channels dropped in each segment.
    pub dropout: f64,
    /// Weight of the binary cross-entropy of the classification.
    pub classification_loss: f64,
    /// Weight of the cross-entropy of the cleavage vector.
    pub cleavage_loss: f64,
}

/// How evidence becomes targets.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Standard deviation, in nt, of the cleavage around a measured site.
    pub spread: f64,
    /// Cleavage mass that is left when the hexamer is mutated.
    pub mutated_mass: f32,
}

/// Windows around a hexamer, one per line of a table whose last column is the sequence.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSource {
    pub file: PathBuf,
    /// Cut profiles of the same rows (`cut_70_136`): the windows are true signals. Without: pseudo.
    pub teacher: Option<PathBuf>,
    /// Index of the hexamer's first base.
    pub hexamer: usize,
    pub per_epoch: usize,
    /// Share of true signals shown with a mutated hexamer.
    #[serde(default)]
    pub mutated: f64,
    /// Windows shown per epoch as their reverse complement, without a site.
    #[serde(default)]
    pub antisense: usize,
}

/// A genome with measured sites.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GenomeSource {
    pub fasta: PathBuf,
    pub sites: PathBuf,
    /// Times per epoch that a site of the high evidence tier is shown, and any other.
    pub high_repeats: usize,
    pub other_repeats: usize,
    /// Random segments per epoch.
    pub random: usize,
    /// High-scoring places away from sites, mined anew from the second epoch on.
    pub hard: usize,
}

/// What chooses the epoch that is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    pub fasta: PathBuf,
    pub sites: PathBuf,
}

impl ScanTraining {
    /// Reads a configuration; `data` replaces the file's own data folder.
    ///
    /// # Errors
    /// If the file cannot be read or an entry is wrong.
    pub fn read(path: &Path, data: Option<&Path>) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, "cannot read", e))?;
        let mut config: Self =
            toml::from_str(&text).map_err(|e| Error::input(path, "", e.to_string()))?;
        if let Some(data) = data {
            config.data = data.to_owned();
        }
        config.network.check().map_err(|problem| Error::input(path, "[network]", problem))?;
        let shortest = crate::models::WINDOW;
        let o = &config.optimiser;
        if o.segment < shortest || o.batch == 0 || o.epochs == 0 {
            let problem =
                format!("epochs and batch must be above 0 and segment {shortest} or more");
            return Err(Error::input(path, "[optimiser]", problem));
        }
        Ok(config)
    }

    /// Returns the place of a data file.
    pub fn file(&self, path: &Path) -> PathBuf {
        self.data.join(path)
    }
}
