//! Predicted strengths of the sites of a gene against their measured usage.

use rayon::prelude::*;
use serde::Serialize;

use super::metrics::{auprc, auroc, pearson, spearman};
use super::places::{PlaceScore, scorer_of};
use super::usage::{CountedSite, Pair, genes, log_odds, pairs};
use crate::error::{Error, Result};
use crate::genome::memory::Genome;
use crate::models::card::Task;
use crate::models::{CENTRE, Model, WINDOW, Window};

/// Windows that a model predicts in one go.
const BATCH: usize = 64;
/// Counts of a gene's two sites used most from which on usage is more than chance: those of a site
/// that `polyascan sites` keeps.
pub const LEAST_COUNTS: f64 = 10.0;
/// Sites of a gene from which on their order is worth a correlation.
const RANKED: usize = 3;

/// How well a score tells which of a gene's sites is used more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    pub score: &'static str,
    /// Pairs of sites of a gene whose counts differ more than so many fold, and the genes that have
    /// any.
    pub pairs: usize,
    pub genes: usize,
    /// Share of these pairs in which the site used more has the higher score; ties count half.
    pub auroc: Option<f64>,
    /// The mean of the genes' own shares: a gene of many sites counts as one of two.
    pub auroc_by_gene: Option<f64>,
    /// Spearman's correlation within genes of three or more sites, the mean weighted by their
    /// sites.
    pub spearman: Option<f64>,
    pub genes_ranked: usize,
    /// AUROC and AUPRC as Stroup & Ji 2023 have them: both sites of each of these pairs, scored by
    /// the difference from the other, are told apart as used more and used less.
    pub auroc_of_differences: Option<f64>,
    pub auprc_of_differences: Option<f64>,
    /// Sites with log2 odds of usage (Eq. 4), and their correlation with the score.
    pub sites_with_usage: usize,
    pub usage_pearson: Option<f64>,
    pub usage_spearman: Option<f64>,
}

/// Returns a model's scores of sites, by name: the strength of a strength model, or the two scores
/// of places of another.
///
/// # Errors
/// If the model fails or does not speak of sites.
pub fn scores(
    model: &dyn Model,
    genome: &Genome,
    sites: &[CountedSite],
) -> Result<Vec<(&'static str, Vec<f32>)>> {
    if model.card().task == Task::Strength {
        return Ok(vec![("strength", strengths(model, genome, sites)?)]);
    }
    let scorer = scorer_of(model)?;
    let scored = sites.par_iter().map(|site| scorer.score(genome, site.place));
    let scored: Vec<PlaceScore> = scored.collect::<Result<_>>()?;
    let meaning = scorer.meaning();
    let classification = meaning
        .classification
        .map(|_| ("classification", scored.iter().map(|score| score.classification).collect()));
    let sharp = meaning.sharp.map(|_| ("sharp", scored.iter().map(|score| score.sharp).collect()));
    Ok(classification.into_iter().chain(sharp).collect())
}

/// Returns a strength model's log2 odds of the windows centred on the sites.
///
/// # Errors
/// If the model fails.
pub fn strengths(model: &dyn Model, genome: &Genome, sites: &[CountedSite]) -> Result<Vec<f32>> {
    let batches = sites.par_chunks(BATCH).map(|sites| {
        let windows = sites.iter().map(|site| {
            let place = site.place;
            genome.around_padded(place.contig, place.strand, place.position, CENTRE, WINDOW)
        });
        let windows: Vec<Vec<u8>> = windows.collect();
        let windows: Vec<Window<'_>> =
            windows.iter().map(|codes| codes.as_slice().into()).collect();
        let said = model.predict(&windows)?.values.into_iter().next();
        said.ok_or_else(|| Error::Internal("a strength model has no output".into()))
    });
    let batches: Vec<Vec<f32>> = batches.collect::<Result<_>>()?;
    Ok(batches.concat())
}

/// Compares a score of sites with their counts, over pairs that differ more than `fold` times;
/// counts below `floor` are taken for it.
pub fn agreement(
    score: &'static str,
    scores: &[f32],
    sites: &[CountedSite],
    fold: f64,
    floor: f64,
) -> Agreement {
    let (mut won, mut count, mut shares) = (0.0, 0, Vec::new());
    let mut differences = Vec::new();
    let (mut correlations, mut weights, mut genes_ranked) = (0.0, 0, 0);
    for gene in genes(sites) {
        let mut pairs = pairs(sites, &gene, floor);
        pairs.retain(|pair| pair.difference > fold.log2());
        if !pairs.is_empty() {
            let of_gene: f64 = pairs.iter().map(|pair| order(pair, scores)).sum();
            won += of_gene;
            differences.extend(pairs.iter().map(|pair| scores[pair.more] - scores[pair.less]));
            count += pairs.len();
            shares.push(of_gene / pairs.len() as f64);
        }
        let values = gene.iter().map(|&i| (f64::from(scores[i]), sites[i].count.max(floor)));
        let values: Vec<(f64, f64)> = values.collect();
        if let Some(r) = spearman(&values).filter(|_| values.len() >= RANKED) {
            correlations += r * values.len() as f64;
            weights += values.len();
            genes_ranked += 1;
        }
    }
    let share = |sum: f64, n: usize| (n > 0).then(|| sum / n as f64);
    let opposite: Vec<f32> = differences.iter().map(|difference| -difference).collect();
    let usage = log_odds(sites, LEAST_COUNTS).into_iter().zip(scores);
    let usage: Vec<(f64, f64)> =
        usage.filter_map(|(odds, &score)| Some((f64::from(score), odds?))).collect();
    Agreement {
        score,
        auroc_of_differences: auroc(&differences, &opposite),
        auprc_of_differences: auprc(&differences, &opposite),
        sites_with_usage: usage.len(),
        usage_pearson: pearson(&usage),
        usage_spearman: spearman(&usage),
        pairs: count,
        genes: shares.len(),
        auroc: share(won, count),
        auroc_by_gene: share(shares.iter().sum(), shares.len()),
        spearman: share(correlations, weights),
        genes_ranked,
    }
}

/// 1 if the site used more has the higher score, 1/2 for a tie.
fn order(pair: &Pair, scores: &[f32]) -> f64 {
    match scores[pair.more].total_cmp(&scores[pair.less]) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    }
}

#[cfg(test)]
mod tests;
