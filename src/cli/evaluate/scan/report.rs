//! What `polyascan evaluate scan` prints and draws.

use serde::Serialize;

use crate::error::Result;
use crate::evaluate::accuracy::Ranking;
use crate::evaluate::calibration::{Bin, Calibration};
use crate::evaluate::metrics::shown;
use crate::evaluate::recall::Recall;
use crate::output::plot::{self, Reliability, ReliabilityBin, ReliabilitySeries};

/// All figures of one evaluation.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    pub model: String,
    pub sha256: String,
    pub fasta: String,
    pub sites: String,
    pub scores: Scores,
    pub rankings: Vec<Ranking>,
    /// Of models that classify every window.
    #[serde(flatten)]
    pub scanned: Option<Scanned>,
}

/// What the two scores of a place are; absent where the model has none.
#[derive(Debug, Serialize)]
pub struct Scores {
    pub classification: Option<&'static str>,
    #[serde(rename = "sharp")]
    pub sharp: Option<&'static str>,
}

/// What takes a scan of every window.
#[derive(Debug, Serialize)]
pub struct Scanned {
    pub kilobases_and_strands: f64,
    pub recall: Vec<Recall>,
    /// Windows with a site in their central 50 nt against as many without.
    pub auroc_balanced: Option<f64>,
    /// The classification of these windows.
    pub classification: Calibration,
    /// The posterior of calls, of models that have one.
    pub posterior: Option<Calibration>,
}

impl Evaluation {
    /// Returns the tables.
    pub fn table(&self) -> String {
        let mut lines = vec![
            format!("# model {} {}", self.model, self.sha256),
            format!("# {} against {}", self.fasta, self.sites),
            format!("# classification: {}", self.scores.classification.unwrap_or("not of this model")),
            format!("# sharp: {}", self.scores.sharp.unwrap_or("not of this model")),
            "#negatives\ttier\tsites\tplaces\tauroc_classification\tauroc_sharp\tauprc_classification\tauprc_sharp".into(),
        ];
        lines.extend(self.rankings.iter().map(|r| {
            let figures =
                [r.auroc_classification, r.auroc_sharp, r.auprc_classification, r.auprc_sharp];
            let figures = figures.map(|figure| shown(figure, 3)).join("\t");
            format!("{}\t{}\t{}\t{}\t{figures}", r.negatives, r.tier, r.sites, r.places)
        }));
        match &self.scanned {
            Some(scanned) => scanned.lines(&mut lines),
            None => lines.push(
                "# no recall and no calibration: this model does not classify every window".into(),
            ),
        }
        lines.join("\n") + "\n"
    }
}

impl Scanned {
    fn lines(&self, lines: &mut Vec<String>) {
        lines
            .push("#calls\tper_kb_and_strand\ttier\tsites\trecall_24nt\tcalls_near_site\tmedian_nt\tmean_nt".into());
        lines.extend(self.recall.iter().map(|r| {
            let figures = [r.recall, r.near_site, r.median_distance, r.mean_distance];
            let figures = figures.map(|figure| shown(figure, 3)).join("\t");
            format!("{}\t{:.3}\t{}\t{}\t{figures}", r.calls, r.per_kb, r.tier, r.sites)
        }));
        let balanced = &self.classification;
        let of = format!(
            "classification: {} windows, {} with a measured site in the central 50 nt; AUROC {}",
            balanced.windows,
            balanced.positives,
            shown(self.auroc_balanced, 3)
        );
        calibration(&of, balanced, lines);
        if let Some(calls) = &self.posterior {
            let of = format!(
                "posterior: {} calls, {} within 24 nt of a measured site; unmeasured ones count as none",
                calls.windows, calls.positives
            );
            calibration(&of, calls, lines);
        }
    }

    /// Returns the reliability diagram.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn reliability(&self, model: &str) -> Result<String> {
        let named = |what: &str, c: &Calibration| ReliabilitySeries {
            name: format!("{what}: calibration error {}", shown(c.calibration_error, 3)),
            bins: c.bins.iter().filter_map(filled).collect(),
        };
        let mut series = vec![named("classification, balanced windows", &self.classification)];
        series.extend(self.posterior.as_ref().map(|calls| named("posterior of calls", calls)));
        plot::reliability(&Reliability {
            title: format!("{model}: reliability"),
            observed: "share with a measured site".into(),
            series,
        })
    }
}

/// Writes one calibration.
fn calibration(of: &str, c: &Calibration, lines: &mut Vec<String>) {
    lines.push(format!("# calibration of {of}"));
    lines.push(format!(
        "# expected calibration error {}; over the {} of 0.1 or more {}; Brier score {}",
        shown(c.calibration_error, 4),
        c.windows_above_0_1,
        shown(c.calibration_error_above_0_1, 4),
        shown(c.brier, 4)
    ));
    lines.push("#prediction\tcases\tpositives\tmean\tobserved".into());
    lines.extend(c.bins.iter().map(|bin| {
        let (mean, observed) = (shown(bin.mean_prediction, 4), shown(bin.observed, 4));
        let (from, to) = (bin.from, bin.to);
        format!("{from}-{to}\t{}\t{}\t{mean}\t{observed}", bin.windows, bin.positives)
    }));
}

/// Returns a bin as drawn; none if it is empty.
fn filled(bin: &Bin) -> Option<ReliabilityBin> {
    Some(ReliabilityBin {
        from: bin.from,
        to: bin.to,
        count: bin.windows,
        predicted: bin.mean_prediction?,
        observed: bin.observed?,
    })
}
