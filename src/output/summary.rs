//! `PREFIX.summary.json`: what was run, on what, and what became of every window or variant.

mod interpret;
mod measured;
mod mutagenesis;
mod precompute;
mod sequences;
pub mod settings;
mod variants;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

pub use self::interpret::{InterpretSummary, SiteAccount};
pub use self::measured::{MeasuredSummary, SampleSummary};
pub use self::mutagenesis::{CutoffSummary, MutagenesisSummary};
pub use self::precompute::PrecomputeSummary;
pub use self::sequences::{ClassFile, SequencesSummary};
pub use self::variants::VariantSummary;
use super::atomic::{AtomicFile, Complete};
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::fasta::FastaFile;
use crate::models::card::ModelCard;
use crate::models::screen::Screen;
use crate::scan::calls::CallCounts;
use crate::timing::StageTimes;

/// The summary of a scan. Keys are written in the order of the fields, those of maps sorted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanSummary {
    pub program: String,
    pub version: String,
    pub command_line: String,
    pub model: ModelSummary,
    /// What said which windows the model was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<ScreenSummary>,
    pub fasta: FastaSummary,
    pub annotation: Option<FileSummary>,
    /// Every threshold that was in force, by its name in the configuration.
    pub settings: BTreeMap<String, serde_json::Value>,
    pub windows: WindowCounts,
    pub sites: SiteCounts,
    /// Remarks made during the run, each once.
    pub notes: Vec<String>,
    pub threads: usize,
    pub device: String,
    pub wall_seconds: f64,
    pub windows_per_second: f64,
    /// What the threads did, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Vec<StageTimes>>,
}

/// The model that scored the windows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    pub name: String,
    /// Of the weight file, hexadecimal.
    pub sha256: String,
    pub architecture: String,
}

impl ModelSummary {
    /// Names a model.
    pub fn of(card: &ModelCard) -> Self {
        let ModelCard { name, sha256, architecture, .. } = card.clone();
        Self { name, sha256, architecture }
    }
}

/// The screen of a scan, and the shares of kept windows and of calls that it was measured to find on
/// sequence that it was not made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScreenSummary {
    pub path: String,
    pub sha256: String,
    pub recall_kept_windows: f64,
    pub recall_calls: f64,
    /// Held-out windows and calls that this was measured on.
    pub held_out_windows: u64,
    pub held_out_calls: u64,
}

impl ScreenSummary {
    /// Describes a screen.
    pub fn of(screen: &Screen) -> Self {
        let held_out = &screen.card.held_out;
        Self {
            path: screen.path().display().to_string(),
            sha256: screen.sha256().to_owned(),
            recall_kept_windows: held_out.recall(),
            recall_calls: held_out.call_recall(),
            held_out_windows: held_out.windows,
            held_out_calls: held_out.calls,
        }
    }
}

impl FileSummary {
    /// Describes a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(source: &Source) -> Result<Self> {
        Ok(Self { path: source.path().display().to_string(), sha256: source.sha256()? })
    }
}

impl FastaSummary {
    /// Describes a genome.
    pub fn of(fasta: &FastaFile) -> Self {
        Self {
            path: fasta.path.display().to_string(),
            sha256: fasta.sha256.clone(),
            contigs: fasta.contigs.len() as u64,
            bases: fasta.contigs.iter().map(|contig| contig.length).sum(),
        }
    }
}

/// The genome.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FastaSummary {
    pub path: String,
    pub sha256: String,
    pub contigs: u64,
    pub bases: u64,
}

/// An input file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileSummary {
    pub path: String,
    pub sha256: String,
}

/// Windows, one for each position and strand asked for: requested = scored + screened + skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowCounts {
    pub requested: u64,
    pub scored: u64,
    /// Windows that the model was not asked for, as the screen says that it cannot keep them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub screened: u64,
    pub skipped: SkippedWindows,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Windows that were not scored, by the first reason that applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedWindows {
    /// Too many unknown nucleotides.
    pub n: u64,
    /// The contig is shorter than a window.
    pub short_contig: u64,
    /// The window would reach over an end of its contig.
    pub contig_edge: u64,
    /// No known polyA signal at the window's anchor, in a scan that is anchored on signals.
    pub no_signal: u64,
}

/// Sites, in all and divided three ways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteCounts {
    pub total: u64,
    /// Sites that are no calls, by the reason.
    pub left_out: CallCounts,
    /// By `+` and `-`.
    pub by_strand: BTreeMap<String, u64>,
    /// By class in the gene structure; empty without annotation.
    pub by_feature: BTreeMap<String, u64>,
    pub by_contig: BTreeMap<String, u64>,
}

impl SkippedWindows {
    /// Returns the number of windows skipped for any reason.
    pub fn total(&self) -> u64 {
        self.n + self.short_contig + self.contig_edge + self.no_signal
    }
}

impl WindowCounts {
    /// Checks that every requested window is accounted for.
    ///
    /// # Errors
    /// If windows are missing or counted twice, which is an error of the program.
    pub fn check(&self) -> Result<()> {
        let Self { requested, scored, screened, ref skipped } = *self;
        let skipped = skipped.total();
        if requested == scored + screened + skipped {
            return Ok(());
        }
        let problem = format!(
            "windows: {requested} requested, {scored} scored, {screened} screened, {skipped} skipped"
        );
        Err(Error::Internal(problem))
    }
}

impl SiteCounts {
    /// Checks that each division adds up to the total.
    ///
    /// # Errors
    /// If one does not, which is an error of the program.
    pub fn check(&self) -> Result<()> {
        let total = self.total;
        let divisions = [
            ("strand", &self.by_strand),
            ("feature", &self.by_feature),
            ("contig", &self.by_contig),
        ];
        for (name, counts) in divisions {
            let sum: u64 = counts.values().sum();
            let without_annotation = name == "feature" && counts.is_empty();
            if sum != total && !without_annotation {
                return Err(Error::Internal(format!("{total} sites, {sum} of them by {name}")));
            }
        }
        Ok(())
    }
}

impl ScanSummary {
    /// Sets the duration, of this run and of those whose parts it has, and the rate at which
    /// `windows` were scored.
    pub fn set_wall_seconds(&mut self, seconds: f64, windows: u64) {
        self.wall_seconds = seconds;
        let rate = windows as f64 / seconds;
        // JSON has no infinity.
        self.windows_per_second = if rate.is_finite() { rate } else { 0.0 };
    }

    /// Checks that the counts add up, and completes `file` with the summary as indented JSON.
    ///
    /// # Errors
    /// If they do not, or the file cannot be written.
    pub fn complete(&self, file: AtomicFile) -> Result<Complete> {
        self.windows.check()?;
        self.sites.check()?;
        write_json(self, file)
    }
}

/// Completes `file` with indented JSON.
fn write_json(summary: &impl Serialize, mut file: AtomicFile) -> Result<Complete> {
    let text = serde_json::to_string_pretty(summary).map_err(io::Error::from);
    let written = text.and_then(|text| writeln!(file, "{text}"));
    written.map_err(|e| Error::io(file.path(), "cannot write", e))?;
    file.complete()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::output::atomic::publish;

    fn summary() -> ScanSummary {
        let count = |pairs: &[(&str, u64)]| pairs.iter().map(|&(k, n)| (k.to_owned(), n)).collect();
        let mut summary = ScanSummary {
            program: "polyascan".to_owned(),
            settings: [("classification".to_owned(), 0.5.into())].into(),
            windows: WindowCounts {
                screened: 0,
                requested: 100,
                scored: 60,
                skipped: SkippedWindows { n: 10, short_contig: 10, contig_edge: 15, no_signal: 5 },
            },
            sites: SiteCounts {
                left_out: CallCounts { below_posterior: 3, merged: 1 },
                total: 3,
                by_strand: count(&[("+", 1), ("-", 2)]),
                by_feature: BTreeMap::new(),
                by_contig: count(&[("chr2", 1), ("chr10", 2)]),
            },
            notes: vec!["no signal track: no window was scored".to_owned()],
            ..ScanSummary::default()
        };
        summary.set_wall_seconds(2.0, 60);
        summary
    }

    #[test]
    fn is_read_back_as_written_with_keys_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.summary.json");
        publish(vec![summary().complete(AtomicFile::create(&path).unwrap()).unwrap()]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<ScanSummary>(&text).unwrap(), summary());
        let keys = ["program", "model", "fasta", "windows", "skipped", "sites", "chr10", "chr2"];
        let places: Vec<_> =
            keys.iter().map(|key| text.find(&format!("\"{key}\"")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        assert!(text.contains("\"windows_per_second\": 30.0"), "{text}");
    }

    #[test]
    fn counts_that_do_not_add_up_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.summary.json");
        let mut windows = summary();
        windows.windows.skipped.n += 1;
        assert!(windows.complete(AtomicFile::create(&path).unwrap()).is_err());
        let mut sites = summary();
        sites.sites.by_feature.insert("intron_composite".to_owned(), 2);
        assert!(sites.complete(AtomicFile::create(&path).unwrap()).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn no_time_at_all_gives_a_finite_rate() {
        let mut summary = summary();
        summary.set_wall_seconds(0.0, 60);
        assert_eq!(summary.windows_per_second, 0.0);
    }
}
