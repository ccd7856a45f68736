//! The configuration of `polyascan train scan`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::models::card::Task;
use crate::models::{CLEAVAGE_CENTRE, WINDOW};
use crate::train::networks::NetworkConfig;
use crate::train::recipe::{Configuration, Identity, Recipe};

/// Everything that decides a trained scan model: the file given to `polyascan train scan --config`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScanTraining {
    pub model: Identity,
    pub network: NetworkConfig,
    pub optimiser: Recipe,
    pub loss: Loss,
    pub labels: Labels,
    #[serde(default)]
    pub windows: Vec<WindowSource>,
    #[serde(default)]
    pub genome: Vec<GenomeSource>,
    /// Trained models whose mean prediction is learned beside the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distil: Option<Distil>,
    /// What the classification is calibrated on after training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<HeldOut>,
    /// What chooses the epoch that is kept.
    pub validation: HeldOut,
}

/// Weights of the parts of the loss.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Binary cross-entropy of the classification.
    pub classification: f64,
    /// Cross-entropy (as good as Kullback-Leibler divergence) of the cleavage vector.
    pub cleavage: f64,
}

/// How evidence becomes targets.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Nucleotides per segment; each has (segment - 239) labelled windows. `polyaid` reads 240.
    pub segment: usize,
    /// Distance of a cut from a window's centre, in nt, up to which it counts whole in the
    /// classification...
    #[serde(default = "central")]
    pub whole_within: usize,
    /// ... and past which it does not count; less and less, linearly, in between. The vector learns
    /// every cut in the central 50 nt.
    #[serde(default = "central")]
    pub nothing_beyond: usize,
    /// Standard deviation, in nt, of the cleavage around a measured site.
    pub spread: f64,
    /// Reads that make a cleavage mass of 1, where sites have reads; 0: every site has mass 1.
    #[serde(default)]
    pub full_reads: f64,
    /// Cleavage mass that is left when the hexamer is mutated.
    pub mutated_mass: f32,
    /// Share of bases replaced at random in every segment.
    #[serde(default)]
    pub noise: f64,
}

fn central() -> usize {
    CLEAVAGE_CENTRE
}

/// Windows around a hexamer, one per line of a table with a column `sequence`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSource {
    pub file: PathBuf,
    /// Cut profiles of the same rows (`cut_70_136`): the windows are true signals. Without: pseudo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// A table of rows (file name, 0-based row, tab-separated) that are left out: sequence that
    /// judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<PathBuf>,
}

/// A genome with measured sites.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GenomeSource {
    pub fasta: PathBuf,
    pub sites: PathBuf,
    /// Read clusters (a table of sites with reads), used where they are strong and no site is near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<PathBuf>,
    /// Contigs left out: held out, or without measurements.
    #[serde(default)]
    pub except: Vec<String>,
    /// Times per epoch that a site of the high evidence tier is shown, and any other.
    pub high_repeats: usize,
    pub other_repeats: usize,
    /// Random segments per epoch.
    pub random: usize,
    /// Random segments per epoch whose nucleotides are shuffled: composition without sites.
    #[serde(default)]
    pub shuffled: usize,
    /// Peaks away from sites per epoch: the genome is scanned before each epoch but the first
    /// (before that too, where training goes on from a trained model). Random segments stand in for
    /// those that are not there, so that all epochs are equally long.
    pub hard: usize,
}

/// Teachers of a distillation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Distil {
    /// Weight files; relative to the working folder.
    pub models: Vec<PathBuf>,
    /// Weight of the teachers' mean beside the labels, 0 to 1.
    pub weight: f32,
}

/// Sequence and sites that nothing is learned from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    pub fasta: PathBuf,
    pub sites: PathBuf,
    /// Its contigs; empty: all.
    #[serde(default)]
    pub only: Vec<String>,
}

impl Configuration for ScanTraining {
    fn common(&self) -> (&Identity, &NetworkConfig, &Recipe) {
        (&self.model, &self.network, &self.optimiser)
    }

    fn identity(&mut self) -> &mut Identity {
        &mut self.model
    }

    fn check(&self) -> Result<(), (&'static str, Problem)> {
        if self.labels.segment < WINDOW {
            return Err(("[labels]", format!("segment must be {WINDOW} or more").into()));
        }
        if matches!(self.network, NetworkConfig::Polyaid(_)) && self.labels.segment != WINDOW {
            let problem = format!(
                "segment = {}: polyaid reads windows one by one; set segment = {WINDOW}",
                self.labels.segment
            );
            return Err(("[labels]", problem.into()));
        }
        let Labels { whole_within, nothing_beyond, .. } = self.labels;
        if whole_within > nothing_beyond || nothing_beyond > CLEAVAGE_CENTRE {
            let problem = format!("whole_within <= nothing_beyond <= {CLEAVAGE_CENTRE} must hold");
            return Err(("[labels]", problem.into()));
        }
        self.check_ranges()?;
        if self.network.form().architecture().task != Task::Sites {
            let name = self.network.form().architecture().name;
            return Err((
                "[network]",
                format!("{name} has no classification and cleavage vector").into(),
            ));
        }
        if let Some(source) = self.learned_and_calibrated_on() {
            let problem = format!(
                "{} is a [[genome]] too: name the contigs held out in `only` here and in `except` there",
                source.fasta.display()
            );
            return Err(("[calibration]", problem.into()));
        }
        match &self.distil {
            Some(distil) if distil.models.is_empty() || !(0.0..=1.0).contains(&distil.weight) => {
                Err(("[distil]", "models must be named and weight lie between 0 and 1".into()))
            }
            _ => Ok(()),
        }
    }
}

impl ScanTraining {
    fn check_ranges(&self) -> Result<(), (&'static str, Problem)> {
        let Labels { mutated_mass, noise, spread, full_reads, .. } = self.labels;
        for (what, value) in [("mutated_mass", f64::from(mutated_mass)), ("noise", noise)] {
            if !(0.0..=1.0).contains(&value) {
                return Err((
                    "[labels]",
                    format!("{what} = {value}: must lie between 0 and 1").into(),
                ));
            }
        }
        let Loss { classification, cleavage } = self.loss;
        for (table, what, value) in [
            ("[labels]", "spread", spread),
            ("[labels]", "full_reads", full_reads),
            ("[loss]", "classification", classification),
            ("[loss]", "cleavage", cleavage),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err((table, format!("{what} = {value}: must be 0 or more").into()));
            }
        }
        for WindowSource { file, teacher, mutated, .. } in &self.windows {
            let problem = match teacher {
                _ if !(0.0..=1.0).contains(mutated) => "must lie between 0 and 1",
                None if *mutated > 0.0 => "pseudo signals have no cuts to lose: leave it out",
                _ => continue,
            };
            let problem = format!("{}: mutated = {mutated}: {problem}", file.display());
            return Err(("[[windows]]", problem.into()));
        }
        Ok(())
    }

    /// Returns the genome with contigs that are both learned and calibrated on, if there is one.
    fn learned_and_calibrated_on(&self) -> Option<&GenomeSource> {
        let held = self.calibration.as_ref()?;
        let kept = |source: &GenomeSource| held.only.iter().all(|n| source.except.contains(n));
        let mut same = self.genome.iter().filter(|source| source.fasta == held.fasta);
        same.find(|source| held.only.is_empty() || !kept(source))
    }
}
