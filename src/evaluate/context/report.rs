//! What is said of the usage models.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{Measured, Putative, WITHIN};
use crate::context::model::{ClassModel, ContextModel};
use crate::context::values::Value;
use crate::evaluate::metrics::shown;
use crate::genome::strand::Strand;

/// How well a score ranks used before unused.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    pub name: String,
    pub auroc: Option<f64>,
    pub auprc: Option<f64>,
}

/// Figures of a class.
#[derive(Clone, Debug, Serialize)]
pub struct ClassFigures {
    pub class: String,
    /// Putative sites in a gene (pairs), and used ones among them (pairs whose proximal site is
    /// used more).
    pub putative: usize,
    pub used: usize,
    pub rankings: Vec<Ranking>,
    pub model: ClassModel,
}

/// Precision and recall of all calls of a scan, ranked by a score.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    pub name: String,
    pub calls: usize,
    pub auprc: Option<f64>,
    /// Recall of measured sites, precision of calls.
    pub points: Vec<(f64, f64)>,
}

/// All figures.
#[derive(Clone, Debug, Serialize)]
pub struct ContextReport {
    pub classes: Vec<ClassFigures>,
    pub curves: Vec<Curve>,
}

/// Recalls at which precisions are compared.
const RECALLS: [f64; 6] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5];

/// A call: by place the best of its genes.
struct Ranked {
    expressed: f64,
    log_odds: f64,
    strength: f64,
    used: bool,
}

/// Ranks all calls with and without context.
pub(super) fn curves(model: &ContextModel, sites: &[Putative], measured: &Measured) -> Vec<Curve> {
    let mut calls: BTreeMap<(usize, u64, Strand), Ranked> = BTreeMap::new();
    for site in sites {
        let expressed = model.expressed(site.feature, &site.values).unwrap_or(0.0);
        let (log_odds, strength) =
            (site.values.get(Value::LogOdds), site.values.get(Value::Strength));
        let used = site.used.is_some();
        let call = calls.entry((site.contig, site.position, site.strand));
        let call = call.or_insert(Ranked { expressed, log_odds, strength, used });
        call.expressed = call.expressed.max(expressed);
    }
    let total = measured.count(|_, _, _| true);
    let curve = |name: &str, score: &dyn Fn(&Ranked) -> f64| {
        let mut ranked: Vec<(f64, (usize, u64, Strand), bool)> =
            calls.iter().map(|(place, call)| (score(call), *place, call.used)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        precision_recall(name, &ranked, total)
    };
    vec![
        curve("with context (expressed)", &|call| call.expressed),
        curve("classification alone", &|call| call.log_odds),
        curve("strength alone", &|call| call.strength),
    ]
}

/// Walks down a ranking. A measured site is found once: further calls at it are right, but find
/// nothing new.
fn precision_recall(
    name: &str,
    ranked: &[(f64, (usize, u64, Strand), bool)],
    total: usize,
) -> Curve {
    let mut found: BTreeMap<(usize, Strand), Vec<u64>> = BTreeMap::new();
    let (mut right, mut new) = (0_usize, 0_usize);
    let (mut points, mut area) = (Vec::new(), 0.0);
    for (number, (_, (contig, position, strand), used)) in ranked.iter().enumerate() {
        if *used {
            right += 1;
            let list = found.entry((*contig, *strand)).or_default();
            if list.iter().all(|other| other.abs_diff(*position) > 2 * WITHIN) {
                list.push(*position);
                new += 1;
                area += right as f64 / (number + 1) as f64;
                points.push((new as f64 / total as f64, right as f64 / (number + 1) as f64));
            }
        }
    }
    let auprc = (total > 0).then(|| area / total as f64);
    Curve { name: name.to_owned(), calls: ranked.len(), auprc, points }
}

impl Curve {
    /// Returns the precision where a recall is reached.
    pub fn precision_at(&self, recall: f64) -> Option<f64> {
        self.points.iter().find(|point| point.0 >= recall).map(|point| point.1)
    }
}

impl ContextReport {
    /// Returns the figures as text.
    pub fn table(&self) -> String {
        let mut text = String::from("class\tputative\tused\tscore\tAUROC\tAUPRC\n");
        for class in &self.classes {
            for ranking in &class.rankings {
                let is_used = ranking.name == class.model.used.name();
                let mark = if is_used { "*" } else { "" };
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "{}\t{}\t{}\t{}{mark}\t{}\t{}",
                    class.class,
                    class.putative,
                    class.used,
                    ranking.name,
                    shown(ranking.auroc, 3),
                    shown(ranking.auprc, 3)
                );
            }
        }
        text.push_str("* in use\n\ncalls ranked by\tcalls\tAUPRC");
        for recall in RECALLS {
            let _ = write!(text, "\tprecision at recall {recall}");
        }
        text.push('\n');
        for curve in &self.curves {
            let _ = write!(text, "{}\t{}\t{}", curve.name, curve.calls, shown(curve.auprc, 3));
            for recall in RECALLS {
                let _ = write!(text, "\t{}", shown(curve.precision_at(recall), 3));
            }
            text.push('\n');
        }
        text.push_str("\nclass\tvariant\tfeature\tmean\tdeviation\tcoefficient\tstandard error\n");
        for class in &self.classes {
            let model = &class.model;
            for (variant, logistic) in [("published", &model.published), ("refit", &model.refit)] {
                let Some(logistic) = logistic else { continue };
                let _ = writeln!(
                    text,
                    "{}\t{variant}\tintercept\t\t\t{:.4}\t{}",
                    class.class,
                    logistic.intercept,
                    shown(logistic.standard_error, 4)
                );
                for term in &logistic.terms {
                    let _ = writeln!(
                        text,
                        "{}\t{variant}\t{}\t{:.4}\t{:.4}\t{:.4}\t{}",
                        class.class,
                        term.feature,
                        term.mean,
                        term.deviation,
                        term.coefficient,
                        shown(term.standard_error, 4)
                    );
                }
            }
        }
        text
    }
}
