//! What a scan is run with, beside its inputs: a shard and a checkpoint carry it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::calls::CallSettings;
use super::chunks::DEFAULT_CHUNK;
use super::inference::KeepAbove;
use crate::engine::device::CpuPrecision;
use crate::models::cleavage::BACKGROUND;
use crate::output::summary::settings::Setting;
use crate::parts::short_digest;

/// Which windows a model scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anchor {
    /// Every position.
    #[default]
    Window,
    /// Where one of the known polyA signals begins ([`crate::context::signal::SIGNALS`]).
    Signal,
}

impl Anchor {
    /// Returns the name on the command line and in summaries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Signal => "signal",
        }
    }
}

/// What decides the sites of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanSettings {
    /// Which windows are scored.
    pub anchor: Anchor,
    /// Windows with a classification above this are kept (0..1).
    pub min_probability: f64,
    /// ... if the raw cleavage at their centre is above this (0..1).
    pub min_centre_cleavage: f64,
    /// Which sites become calls.
    pub calls: CallSettings,
    /// A gene reaches so far past its annotated end, nt.
    pub extension: u64,
    /// Centres per chunk at most, at least 1; no effect on results.
    pub chunk_size: usize,
}

impl Default for ScanSettings {
    /// The published thresholds (Stroup & Ji 2023), every site a call.
    fn default() -> Self {
        Self {
            anchor: Anchor::Window,
            min_probability: 0.5,
            min_centre_cleavage: 0.05,
            calls: CallSettings {
                background: BACKGROUND,
                posterior: None,
                min_posterior: 0.0,
                merge_distance: 0,
            },
            extension: 0,
            chunk_size: DEFAULT_CHUNK,
        }
    }
}

impl ScanSettings {
    /// Returns which windows are kept.
    pub fn keep(&self) -> KeepAbove {
        KeepAbove {
            probability: self.min_probability as f32,
            centre_cleavage: self.min_centre_cleavage as f32,
        }
    }

    /// Returns the settings by name.
    pub fn list(&self) -> Vec<Setting> {
        // No `..`: who adds a setting says what it decides.
        let Self { anchor, min_probability, min_centre_cleavage, calls, extension, chunk_size } =
            *self;
        // The posterior is the model's, which is compared.
        let CallSettings { background, posterior: _, min_posterior, merge_distance } = calls;
        vec![
            Setting::deciding("anchor", anchor),
            Setting::deciding("min_probability", min_probability),
            Setting::deciding("min_centre_cleavage", min_centre_cleavage),
            Setting::deciding("background", background),
            Setting::deciding("min_posterior", min_posterior),
            Setting::deciding("merge_distance", merge_distance),
            Setting::deciding("extension", extension),
            Setting::without_effect("chunk_size", chunk_size),
        ]
    }
}

/// Which known sites are written, if not all sites are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Only {
    /// Known sites.
    Known,
    /// Sites far from known ones.
    Novel,
}

/// What is asked of the context of sites.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ContextSettings {
    /// A call is known with a known site at most so far away, nt.
    pub known_within: u64,
    /// Known sites alone, or those that nobody knows.
    pub only: Option<Only>,
    /// Sites less likely to be used are left out.
    pub min_expressed: Option<f64>,
}

/// A file that a scan reads for the context of sites: its name or path, and its digest.
pub type Named<T> = (T, String);

/// What it takes to put sites in the context of their genes: files with their digests, and
/// settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ContextPlan {
    /// The model of the scan as it was named, to score known sites where none is called.
    pub model: String,
    /// What that is computed in.
    pub precision: CpuPrecision,
    /// The strength model as it was named.
    pub strength: Option<Named<String>>,
    /// Folder of MaxEntScan's tables.
    pub splice_scores: Option<PathBuf>,
    /// Whether scores of splice sites may be kept beside the genome.
    pub keep_splice_scores: bool,
    /// Usage models other than those inside the program.
    pub usage: Option<Named<PathBuf>>,
    /// Catalogues of known sites: name, file, digest.
    pub catalogues: Vec<(String, PathBuf, String)>,
    /// Whether the ends of annotated transcripts are scored where no site is called.
    pub score_ends: bool,
    /// What context decides.
    pub settings: ContextSettings,
    /// Whether the tables of sites and genes are written.
    pub tables: bool,
}

impl ContextPlan {
    /// Whether the genome is read again: for strengths, splice sites, or known sites where none is
    /// called.
    pub fn needs_genome(&self) -> bool {
        self.strength.is_some() || self.tables || self.score_ends || !self.catalogues.is_empty()
    }

    /// Returns the settings by name.
    pub fn list(&self) -> Vec<Setting> {
        let Self {
            // Compared with the other models.
            model: _,
            // Compared as part of the device.
            precision: _,
            strength,
            splice_scores,
            // Saves time alone.
            keep_splice_scores: _,
            usage,
            catalogues,
            score_ends,
            settings: ContextSettings { known_within, only, min_expressed },
            tables,
        } = self;
        let strength = strength.as_ref().map(|(name, sha256)| format!("{name} sha256={sha256}"));
        let usage = usage.as_ref().map(|(_, sha256)| short_digest(sha256));
        let folder = splice_scores.as_ref().map(|folder| folder.display().to_string());
        let names: Vec<&str> = catalogues.iter().map(|(name, ..)| name.as_str()).collect();
        let mut list = vec![
            Setting::deciding("known_within", known_within),
            Setting::deciding("only", only),
            Setting::deciding("min_expressed", min_expressed),
            Setting::deciding("strength_model", strength),
            Setting::unprinted("splice-scores", folder),
            Setting::unprinted("context-model", usage),
            Setting::unprinted("score-ends", score_ends),
            Setting::unprinted("context", tables),
            // Their order.
            Setting::unprinted("sites", names.join(", ")),
        ];
        list.extend(catalogues.iter().map(|(name, path, sha256)| {
            Setting::deciding(
                format!("sites.{name}"),
                format!("{} sha256={sha256}", path.display()),
            )
        }));
        list
    }
}
