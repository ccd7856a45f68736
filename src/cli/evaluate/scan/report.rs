//! What `polyascan evaluate scan` prints and draws.

use serde::Serialize;

use crate::error::Result;
use crate::evaluate::accuracy::Ranking;
use crate::evaluate::calibration::{Bin, Calibration, RARITY};
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
    pub p50: Option<&'static str>,
    #[serde(rename = "p.v")]
    pub pv: Option<&'static str>,
}

/// What takes a scan of every window.
#[derive(Debug, Serialize)]
pub struct Scanned {
    pub kilobases_and_strands: f64,
    pub recall: Vec<Recall>,
    /// Over the windows centred on sites and on random places.
    pub calibration_at_places: Calibration,
    /// Over every window.
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
            .push("#calls\tper_kb_and_strand\ttier\tsites\trecall_24nt\tmedian_nt\tmean_nt".into());
        lines.extend(self.recall.iter().map(|r| {
            let figures = [r.recall, r.median_distance, r.mean_distance];
            let figures = figures.map(|figure| shown(figure, 3)).join("\t");
            format!("{}\t{:.3}\t{}\t{}\t{figures}", r.calls, r.per_kb, r.tier, r.sites)
        }));
        let places = &self.calibration_at_places;
        let sites = places.positives;
        let of = format!("{sites} measured sites, {RARITY} random places for each");
        calibration(&of, places, lines);
        let windows = &self.calibration;
        let of = format!(
            "{} windows, {} with a measured site within {} nt; unmeasured sites count as none",
            windows.windows, windows.positives, windows.within_nt
        );
        calibration(&of, windows, lines);
    }

    /// Returns the reliability diagram.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn reliability(&self, model: &str) -> Result<String> {
        let (places, windows) = (&self.calibration_at_places, &self.calibration);
        let named = |what: &str, c: &Calibration| ReliabilitySeries {
            name: format!("{what}: calibration error {}", shown(c.calibration_error, 3)),
            bins: c.bins.iter().filter_map(filled).collect(),
        };
        plot::reliability(&Reliability {
            title: format!("{model}: reliability"),
            observed: "share with a measured site".into(),
            series: vec![
                named(&format!("sites and {RARITY} random places each"), places),
                named(&format!("every window, site within {} nt", windows.within_nt), windows),
            ],
        })
    }
}

/// Writes one calibration.
fn calibration(of: &str, c: &Calibration, lines: &mut Vec<String>) {
    lines.push(format!("# calibration: {of}"));
    lines.push(format!(
        "# expected calibration error {}; over the {} of 0.1 or more {}; Brier score {}",
        shown(c.calibration_error, 4),
        c.windows_above_0_1,
        shown(c.calibration_error_above_0_1, 4),
        shown(c.brier, 4)
    ));
    lines.push("#classification\twindows\tpositives\tmean\tobserved".into());
    lines.extend(c.bins.iter().map(|bin| {
        let (mean, observed) = (shown(bin.mean_prediction, 4), shown(bin.observed, 4));
        let (from, to) = (bin.from, bin.to);
        format!("{from:.1}-{to:.1}\t{}\t{}\t{mean}\t{observed}", bin.windows, bin.positives)
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
