//! Used against unused putative sites: the table of a scan's context (`scan --context`) held
//! against measured sites.

mod fitting;
mod pairs;
mod report;
mod table;

pub use fitting::refit;
pub use pairs::{Pair, pairs};
pub use report::{ClassFigures, ContextReport, Curve, Ranking};
pub use table::{Putative, read_putative};

use std::collections::BTreeMap;

use super::measured::MeasuredSite;
use crate::context::model::{ClassModel, ContextModel, PAIR, SEQUENCE, Variant, class_name};
use crate::evaluate::metrics::{auprc, auroc};
use crate::genome::strand::Strand;

/// A putative site with a measured one at most so far away is used, nt.
pub const WITHIN: u64 = 24;

/// Position and reads of a measured site.
type Reads = (u64, Option<f64>);

/// Measured sites by contig and strand.
pub struct Measured(BTreeMap<(usize, Strand), Vec<Reads>>);

impl Measured {
    /// Sorts measured sites.
    pub fn new(sites: &[MeasuredSite]) -> Self {
        let mut by_strand: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for site in sites {
            let list = by_strand.entry((site.contig, site.strand)).or_default();
            list.push((site.position as u64, site.reads));
        }
        by_strand.values_mut().for_each(|list| list.sort_by_key(|(position, _)| *position));
        Self(by_strand)
    }

    /// Returns the reads (0 where none were counted) of the nearest measured site near a position.
    pub fn near(&self, contig: usize, strand: Strand, position: u64) -> Option<f64> {
        let list = self.0.get(&(contig, strand))?;
        let from = list.partition_point(|(at, _)| at + WITHIN < position);
        let near = list[from..].iter().take_while(|(at, _)| *at <= position + WITHIN);
        let nearest = near.min_by_key(|(at, _)| at.abs_diff(position))?;
        Some(nearest.1.unwrap_or(0.0))
    }

    /// Returns the number of measured sites on the contigs and strands given.
    pub fn count(&self, of: impl Fn(usize, Strand, u64) -> bool) -> usize {
        let all = self.0.iter().flat_map(|((contig, strand), list)| {
            list.iter().map(move |(position, _)| (*contig, *strand, *position))
        });
        all.filter(|(contig, strand, position)| of(*contig, *strand, *position)).count()
    }
}

/// Scores of used and of unused ones.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    pub used: Vec<f32>,
    pub unused: Vec<f32>,
}

impl Scores {
    /// Divides scores by label.
    pub fn new(scored: impl Iterator<Item = (f64, bool)>) -> Self {
        let mut scores = Self::default();
        for (score, used) in scored {
            let list = if used { &mut scores.used } else { &mut scores.unused };
            list.push(score as f32);
        }
        scores
    }

    /// Returns AUROC and AUPRC.
    pub fn ranking(&self, name: &str) -> Ranking {
        let name = name.to_owned();
        let (used, unused) = (&self.used, &self.unused);
        Ranking { name, auroc: auroc(used, unused), auprc: auprc(used, unused) }
    }
}

/// Returns AUROC of a class by a variant of its model, on putative sites.
pub fn auroc_of(
    class: &str,
    model: &ClassModel,
    variant: Variant,
    sites: &[Putative],
) -> Option<f64> {
    let model = model.variant(variant)?;
    if class == PAIR {
        let scored = pairs(sites)
            .into_iter()
            .map(|pair| (model.score(|name| pair.feature(name)), pair.proximal_is_used_more));
        return Scores::new(scored).ranking("").auroc;
    }
    let scored = of_class(class, sites).map(|site| {
        (model.score(|name| site.values.feature(name).unwrap_or(f64::NAN)), site.used.is_some())
    });
    Scores::new(scored).ranking("").auroc
}

/// Returns the sites that the model of a class is for; all of them for that of the sequence alone.
pub fn of_class<'a>(
    class: &'a str,
    sites: &'a [Putative],
) -> impl Iterator<Item = &'a Putative> + Clone {
    sites.iter().filter(move |site| class == SEQUENCE || class_name(site.feature) == class)
}

/// Measures the usage models on putative sites.
pub fn measure(model: &ContextModel, sites: &[Putative], measured: &Measured) -> ContextReport {
    let mut classes = Vec::new();
    for (name, class) in &model.classes {
        let mut rankings = Vec::new();
        let (putative, used);
        if name == PAIR {
            let pairs = pairs(sites);
            let score = |of: &dyn Fn(&Pair<'_>) -> f64, name: &str| {
                let scored = pairs.iter().map(|pair| (of(pair), pair.proximal_is_used_more));
                Scores::new(scored).ranking(name)
            };
            for variant in [Variant::Published, Variant::Refit] {
                let Some(model) = class.variant(variant) else { continue };
                let of = |pair: &Pair<'_>| model.score(|name| pair.feature(name));
                rankings.push(score(&of, variant.name()));
            }
            let one = |name: &'static str| move |pair: &Pair<'_>| -pair.feature(name);
            rankings.push(score(&one("strength_difference"), "strength alone"));
            rankings.push(score(&one("log_odds_difference"), "classification alone"));
            (putative, used) =
                (pairs.len(), pairs.iter().filter(|pair| pair.proximal_is_used_more).count());
        } else {
            let sites = of_class(name, sites);
            let score = |of: &dyn Fn(&Putative) -> f64, name: &str| {
                let scored = sites.clone().map(|site| (of(site), site.used.is_some()));
                Scores::new(scored).ranking(name)
            };
            for variant in [Variant::Published, Variant::Refit] {
                let Some(model) = class.variant(variant) else { continue };
                let of = |site: &Putative| {
                    model.score(|name| site.values.feature(name).unwrap_or(f64::NAN))
                };
                rankings.push(score(&of, variant.name()));
            }
            let one = |name: &'static str| {
                move |site: &Putative| site.values.feature(name).unwrap_or(f64::NAN)
            };
            rankings.push(score(&one("strength"), "strength alone"));
            rankings.push(score(&one("log_odds"), "classification alone"));
            (putative, used) =
                (sites.clone().count(), sites.filter(|site| site.used.is_some()).count());
        }
        let model = class.clone();
        classes.push(ClassFigures { class: name.clone(), putative, used, rankings, model });
    }
    ContextReport { classes, curves: report::curves(model, sites, measured) }
}

#[cfg(test)]
mod tests;
