//! How well the classification ranks measured sites above other places.

use rayon::prelude::*;
use serde::Serialize;

use super::measured::{MeasuredSite, Tier};
use super::metrics::{auprc, auroc};
use super::negatives::{PER_SITE, Place, random, with_hexamer};
use crate::error::{Error, Result};
use crate::genome::memory::Genome;
use crate::models::{CLEAVAGE_CENTRE, CleavageVector, Model};

/// Seed of the negatives: fixed, so that models are compared on the same places.
const SEED: u64 = 20_240_901;

/// The two scores of a place: classification of the window centred on it (p50), and that times the
/// cleavage mass within 1 nt of the centre (p.v).
#[derive(Clone, Copy, Debug)]
pub struct PlaceScore {
    pub p50: f32,
    pub pv: f32,
}

impl PlaceScore {
    /// Combines one window's outputs.
    pub fn new(probability: f32, cleavage: &CleavageVector) -> Self {
        let mass: f32 = cleavage[CLEAVAGE_CENTRE - 1..=CLEAVAGE_CENTRE + 1].iter().sum();
        Self { p50: probability, pv: probability * mass }
    }
}

/// One tier's figures against one kind of negatives.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    pub tier: &'static str,
    pub negatives: &'static str,
    pub sites: usize,
    pub places: usize,
    pub auroc_p50: Option<f64>,
    pub auroc_pv: Option<f64>,
    pub auprc_p50: Option<f64>,
    pub auprc_pv: Option<f64>,
}

/// Ranks the sites of every tier against random places and against hexamers without a site.
///
/// # Errors
/// If the model fails or has no cleavage vector.
pub fn rankings(
    model: &dyn Model,
    genome: &Genome,
    sites: &[MeasuredSite],
) -> Result<Vec<Ranking>> {
    let places: Vec<Place> = sites
        .iter()
        .map(|s| Place { contig: s.contig, strand: s.strand, position: s.position })
        .collect();
    let scored = score(model, genome, &places)?;
    let count = PER_SITE * sites.len();
    let negatives = [
        ("random", random(genome, sites, count, SEED)),
        ("hexamer", with_hexamer(genome, sites, count, SEED + 1)),
    ];
    let mut rankings = Vec::new();
    for (name, places) in negatives {
        let negatives: Vec<PlaceScore> =
            score(model, genome, &places)?.into_iter().flatten().collect();
        for tier in Tier::ALL {
            let of_tier = sites.iter().zip(&scored).filter(|(site, _)| site.is(tier));
            let positives: Vec<PlaceScore> = of_tier.filter_map(|(_, score)| *score).collect();
            let negatives = &negatives[..negatives.len().min(PER_SITE * positives.len())];
            rankings.push(ranking(tier.name(), name, &positives, negatives));
        }
    }
    Ok(rankings)
}

fn ranking(
    tier: &'static str,
    name: &'static str,
    positives: &[PlaceScore],
    negatives: &[PlaceScore],
) -> Ranking {
    let split = |f: fn(&PlaceScore) -> f32| {
        let values = |scores: &[PlaceScore]| scores.iter().map(f).collect::<Vec<f32>>();
        (values(positives), values(negatives))
    };
    let (p50, n50) = split(|score| score.p50);
    let (pv, nv) = split(|score| score.pv);
    Ranking {
        tier,
        negatives: name,
        sites: positives.len(),
        places: negatives.len(),
        auroc_p50: auroc(&p50, &n50),
        auroc_pv: auroc(&pv, &nv),
        auprc_p50: auprc(&p50, &n50),
        auprc_pv: auprc(&pv, &nv),
    }
}

/// Scores places; `None` where there is no full window.
fn score(model: &dyn Model, genome: &Genome, places: &[Place]) -> Result<Vec<Option<PlaceScore>>> {
    places
        .par_iter()
        .map(|place| {
            let Some(window) = genome.window(place.contig, place.strand, place.position) else {
                return Ok(None);
            };
            let scores = model.scan(&window, -1.0)?;
            match (scores.probability.first(), scores.cleavage.first()) {
                (Some(&probability), Some((_, vector))) => {
                    Ok(Some(PlaceScore::new(probability, vector)))
                }
                _ => Err(Error::Internal("a window was not scored".into())),
            }
        })
        .collect()
}
