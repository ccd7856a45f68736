//! What `polyascan evaluate scan` prints and draws.

use serde::Serialize;

use crate::error::Result;
use crate::evaluate::accuracy::Ranking;
use crate::evaluate::calibration::Calibration;
use crate::evaluate::recall::Recall;
use crate::output::plot::{self, Reliability, ReliabilityBin};

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
    pub p50: Option<&'static str>,
    #[serde(rename = "p.v")]
    pub pv: Option<&'static str>,
}

/// What takes a scan of every window.
#[derive(Debug, Serialize)]
pub struct Scanned {
    pub kilobases_and_strands: f64,
    pub recall: Vec<Recall>,
    pub calibration: Calibration,
}

impl Evaluation {
    /// Returns the tables.
    pub fn table(&self) -> String {
        let mut lines = vec![
            format!("# model {} {}", self.model, self.sha256),
            format!("# {} against {}", self.fasta, self.sites),
            format!("# p50: {}", self.scores.p50.unwrap_or("not of this model")),
            format!("# p.v: {}", self.scores.pv.unwrap_or("not of this model")),
            "#negatives\ttier\tsites\tplaces\tauroc_p50\tauroc_p.v\tauprc_p50\tauprc_p.v".into(),
        ];
        lines.extend(self.rankings.iter().map(|r| {
            let figures = [r.auroc_p50, r.auroc_pv, r.auprc_p50, r.auprc_pv];
            let figures = figures.map(|figure| show(figure, 3)).join("\t");
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
            .push("#calls\tper_kb_and_strand\ttier\tsites\trecall_24nt\tmedian_nt\tmean_nt".into());
        lines.extend(self.recall.iter().map(|r| {
            let figures = [r.recall, r.median_distance, r.mean_distance];
            let figures = figures.map(|figure| show(figure, 3)).join("\t");
            format!("{}\t{:.3}\t{}\t{}\t{figures}", r.calls, r.per_kb, r.tier, r.sites)
        }));
        let c = &self.calibration;
        lines.push(format!(
            "# calibration: {} windows, {} with a measured site within {} nt; unmeasured sites count \
             as none",
            c.windows, c.positives, c.within_nt
        ));
        lines.push(format!(
            "# expected calibration error {}; over the {} windows of 0.1 or more {}; Brier score {}",
            show(c.calibration_error, 6),
            c.windows_above_0_1,
            show(c.calibration_error_above_0_1, 4),
            show(c.brier, 6)
        ));
        lines.push("#classification\twindows\tpositives\tmean\tobserved".into());
        lines.extend(c.bins.iter().map(|bin| {
            let (mean, observed) = (show(bin.mean_prediction, 4), show(bin.observed, 4));
            let (from, to) = (bin.from, bin.to);
            format!("{from:.1}-{to:.1}\t{}\t{}\t{mean}\t{observed}", bin.windows, bin.positives)
        }));
    }

    /// Returns the reliability diagram.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn reliability(&self, model: &str) -> Result<String> {
        let c = &self.calibration;
        let bins = c.bins.iter().filter_map(|bin| {
            Some(ReliabilityBin {
                from: bin.from,
                to: bin.to,
                count: bin.windows,
                predicted: bin.mean_prediction?,
                observed: bin.observed?,
            })
        });
        plot::reliability(&Reliability {
            title: format!(
                "{model}: calibration error {} from 0.1 up",
                show(c.calibration_error_above_0_1, 3)
            ),
            observed: format!("share with a site within {} nt", c.within_nt),
            bins: bins.collect(),
        })
    }
}

fn show(value: Option<f64>, decimals: usize) -> String {
    value.map_or("NA".into(), |value| format!("{value:.decimals$}"))
}
