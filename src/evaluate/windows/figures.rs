//! What a model says of the windows of a part: the published figures of PolyaID.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::{Example, Kind, Negative, SiteWindows};
use crate::error::{Error, Result};
use crate::evaluate::metrics::{auprc, auroc, mean, pearson, shown, spearman};
use crate::models::part::Part;
use crate::models::{CLEAVAGE, CleavageVector, Model, cleavage};

/// Probabilities are no nearer to 0 or 1 in a loss: as in Keras.
const LEAST: f64 = 1e-7;
/// Signals whose sites have figures of their own; those of all others are "other".
const SIGNALS: [&str; 2] = ["AATAAA", "ATTAAA"];

/// All figures of a part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    pub part: Part,
    /// Sites of the part, and measured sites in all.
    pub sites: usize,
    pub all_sites: usize,
    /// Windows by what they show.
    pub windows: BTreeMap<&'static str, usize>,
    pub loss: Loss,
    pub rankings: Vec<Ranking>,
    /// By the site's place in nt from the window's centre.
    pub offsets: Vec<Offset>,
    pub cleavage: Cleavage,
}

/// The published losses, means over all windows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Loss {
    /// Binary cross-entropy.
    pub classification: Option<f64>,
    /// Kullback-Leibler divergence of the vector; of windows without a site from background.
    pub cleavage: Option<f64>,
}

/// Windows with a site against others, by the classification.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranking {
    /// Of the sites: all, AATAAA, ATTAAA, other.
    pub signal: &'static str,
    /// What they are ranked against: all, intergenic, shuffled, neighbour.
    pub negatives: &'static str,
    pub positives: usize,
    pub places: usize,
    pub auroc: Option<f64>,
    pub auprc: Option<f64>,
}

/// Windows with a site at one offset, against all without.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offset {
    pub offset: i64,
    pub positives: usize,
    pub auroc: Option<f64>,
    pub mean_classification: Option<f64>,
}

/// Predicted cleavage vectors against measured ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cleavage {
    /// Of the mean cleavage position (Eq. 3), windows at all offsets.
    pub mean_position: Agreement,
    /// Of the entropy (Eq. 6), windows centred on sites.
    pub entropy: Agreement,
    pub mean_entropy_predicted: Option<f64>,
    pub mean_entropy_measured: Option<f64>,
}

/// Correlations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    pub windows: usize,
    pub pearson: Option<f64>,
    pub spearman: Option<f64>,
}

impl Agreement {
    fn of(pairs: &[(f64, f64)]) -> Self {
        Self { windows: pairs.len(), pearson: pearson(pairs), spearman: spearman(pairs) }
    }
}

/// What a model said of a window.
struct Said {
    example: Example,
    classification: f32,
    vector: CleavageVector,
}

/// Measures a model on windows of a part.
///
/// # Errors
/// If the model cannot be scanned, or fails.
pub fn figures(
    model: &dyn Model,
    windows: &SiteWindows,
    part: Part,
    examples: &[Example],
) -> Result<Figures> {
    if !model.can_scan() {
        return Err(model.not_scannable());
    }
    let said = examples.par_iter().map(|&example| {
        let scores = model.scan(&windows.window(&example), -1.0)?;
        let (Some(&classification), Some(&(_, vector))) =
            (scores.probability.first(), scores.cleavage.first())
        else {
            return Err(Error::Internal("a window was not scored".into()));
        };
        Ok(Said { example, classification, vector })
    });
    let said = said.collect::<Result<Vec<Said>>>()?;
    let mut counts = BTreeMap::new();
    for said in &said {
        *counts.entry(name(said.example.kind)).or_default() += 1;
    }
    Ok(Figures {
        part,
        sites: windows.sites.iter().filter(|site| site.part == part).count(),
        all_sites: windows.all_sites(),
        windows: counts,
        loss: loss(windows, &said),
        rankings: rankings(windows, &said),
        offsets: offsets(&said),
        cleavage: cleavage_of(windows, &said),
    })
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Site { .. } => "site",
        Kind::Negative(kind) => kind.name(),
    }
}

fn loss(windows: &SiteWindows, said: &[Said]) -> Loss {
    let each = said.par_iter().map(|said| {
        let label = windows.label(&said.example);
        let right = match said.example.kind {
            Kind::Site { .. } => f64::from(said.classification),
            Kind::Negative(_) => 1.0 - f64::from(said.classification),
        };
        let terms = label.vector.iter().zip(&said.vector).map(|(&target, &said)| {
            let (target, said) = (f64::from(target), f64::from(said).max(LEAST));
            if target > 0.0 { target * (target / said).ln() } else { 0.0 }
        });
        (-right.clamp(LEAST, 1.0).ln(), terms.sum::<f64>())
    });
    let (classification, cleavage): (Vec<f64>, Vec<f64>) =
        each.collect::<Vec<_>>().into_iter().unzip();
    Loss { classification: mean(&classification), cleavage: mean(&cleavage) }
}

/// Returns the classifications of the windows that are asked for.
fn classifications(said: &[Said], is: impl Fn(&Kind) -> bool) -> Vec<f32> {
    said.iter().filter(|said| is(&said.example.kind)).map(|said| said.classification).collect()
}

fn rankings(windows: &SiteWindows, said: &[Said]) -> Vec<Ranking> {
    let signal_of = |kind: &Kind| match *kind {
        Kind::Site { site, .. } => {
            let found = windows.sites[site].signal;
            Some(SIGNALS.into_iter().find(|signal| found == Some(*signal)).unwrap_or("other"))
        }
        Kind::Negative(_) => None,
    };
    let kinds = [None].into_iter().chain(Negative::ALL.map(Some));
    let negatives: Vec<(&'static str, Vec<f32>)> = kinds
        .map(|wanted| {
            let is = |kind: &Kind| match (kind, wanted) {
                (Kind::Site { .. }, _) => false,
                (Kind::Negative(_), None) => true,
                (Kind::Negative(kind), Some(wanted)) => *kind == wanted,
            };
            (wanted.map_or("all", Negative::name), classifications(said, is))
        })
        .collect();
    let mut rankings = Vec::new();
    for signal in ["all", SIGNALS[0], SIGNALS[1], "other"] {
        let is = |kind: &Kind| signal_of(kind).is_some_and(|s| signal == "all" || s == signal);
        let positives = classifications(said, is);
        for (name, negatives) in &negatives {
            rankings.push(Ranking {
                signal,
                negatives: name,
                positives: positives.len(),
                places: negatives.len(),
                auroc: auroc(&positives, negatives),
                auprc: auprc(&positives, negatives),
            });
        }
    }
    rankings
}

fn offsets(said: &[Said]) -> Vec<Offset> {
    let negatives = classifications(said, |kind| matches!(kind, Kind::Negative(_)));
    let mut by_offset: BTreeMap<i64, Vec<f32>> = BTreeMap::new();
    for said in said {
        if let Kind::Site { offset, .. } = said.example.kind {
            by_offset.entry(offset).or_default().push(said.classification);
        }
    }
    let offset = |(offset, positives): (i64, Vec<f32>)| {
        let values: Vec<f64> = positives.iter().map(|&value| value.into()).collect();
        let auroc = auroc(&positives, &negatives);
        Offset { offset, positives: values.len(), auroc, mean_classification: mean(&values) }
    };
    by_offset.into_iter().map(offset).collect()
}

fn cleavage_of(windows: &SiteWindows, said: &[Said]) -> Cleavage {
    let (mut positions, mut entropies) = (Vec::new(), Vec::new());
    for said in said {
        let Kind::Site { offset, .. } = said.example.kind else { continue };
        let Some(measured) = windows.measured(&said.example) else { continue };
        let measured: [f64; CLEAVAGE] = measured.map(f64::from);
        let predicted = cleavage::normalised(&said.vector);
        let pair =
            |of: fn(&cleavage::Profile) -> Option<f64>| Some((of(&predicted)?, of(&measured)?));
        positions.extend(pair(cleavage::mean));
        if offset == 0 {
            entropies.extend(pair(cleavage::entropy));
        }
    }
    let (predicted, measured): (Vec<f64>, Vec<f64>) = entropies.iter().copied().unzip();
    Cleavage {
        mean_position: Agreement::of(&positions),
        entropy: Agreement::of(&entropies),
        mean_entropy_predicted: mean(&predicted),
        mean_entropy_measured: mean(&measured),
    }
}

impl Figures {
    /// Returns the ranking of all sites against all windows without one.
    pub fn overall(&self) -> Option<&Ranking> {
        self.rankings.iter().find(|r| r.signal == "all" && r.negatives == "all")
    }

    /// Returns the figures as tables.
    pub fn table(&self) -> String {
        let counts: Vec<String> =
            self.windows.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let mut lines = vec![
            format!(
                "# {} part: {} of {} measured sites; windows: {}",
                self.part.name(),
                self.sites,
                self.all_sites,
                counts.join(", ")
            ),
            format!(
                "# binary cross-entropy {}, divergence of the vector {}",
                shown(self.loss.classification, 4),
                shown(self.loss.cleavage, 4)
            ),
            "#signal\tnegatives\tpositives\tplaces\tauroc\tauprc".into(),
        ];
        lines.extend(self.rankings.iter().map(|r| {
            let figures = [shown(r.auroc, 4), shown(r.auprc, 4)].join("\t");
            format!("{}\t{}\t{}\t{}\t{figures}", r.signal, r.negatives, r.positives, r.places)
        }));
        lines.push("#vector\twindows\tpearson\tspearman".into());
        let Cleavage { mean_position, entropy, .. } = &self.cleavage;
        for (name, agreement) in [("mean_position", mean_position), ("entropy", entropy)] {
            let Agreement { windows, pearson, spearman } = agreement;
            let figures = [shown(*pearson, 4), shown(*spearman, 4)].join("\t");
            lines.push(format!("{name}\t{windows}\t{figures}"));
        }
        lines.push(format!(
            "# mean entropy: predicted {}, measured {} nats",
            shown(self.cleavage.mean_entropy_predicted, 3),
            shown(self.cleavage.mean_entropy_measured, 3)
        ));
        lines.push("#offset\tpositives\tauroc\tmean_classification".into());
        lines.extend(self.offsets.iter().map(|o| {
            let figures = [shown(o.auroc, 4), shown(o.mean_classification, 4)].join("\t");
            format!("{}\t{}\t{figures}", o.offset, o.positives)
        }));
        lines.join("\n") + "\n"
    }
}
