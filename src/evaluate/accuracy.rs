//! How well a model ranks measured sites above other places.

use rayon::prelude::*;
use serde::Serialize;

use super::measured::{MeasuredSite, Tier};
use super::metrics::{auprc, auroc};
use super::negatives::{PER_SITE, Place, random, with_hexamer};
use super::places::{Meaning, PlaceScore, PlaceScorer, scorer_of};
use crate::error::Result;
use crate::genome::memory::Genome;
use crate::models::Model;

/// Seed of the negatives: fixed, so that models are compared on the same places.
const SEED: u64 = 20_240_901;

/// One tier's figures against one kind of negatives; `None` for a score that the model has not.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    pub tier: &'static str,
    pub negatives: &'static str,
    pub sites: usize,
    pub places: usize,
    pub auroc_classification: Option<f64>,
    pub auroc_sharp: Option<f64>,
    pub auprc_classification: Option<f64>,
    pub auprc_sharp: Option<f64>,
}

/// Measured sites and random places, scored; other places are scored when they are ranked.
pub struct ScoredPlaces<'a> {
    scorer: Box<dyn PlaceScorer + 'a>,
    genome: &'a Genome,
    sites: &'a [MeasuredSite],
    /// `None` where there is no full window.
    of_sites: Vec<Option<PlaceScore>>,
    random: Vec<PlaceScore>,
}

impl<'a> ScoredPlaces<'a> {
    /// Scores the sites and, for each, 20 random places.
    ///
    /// # Errors
    /// If the model fails or does not speak of places.
    pub fn new(
        model: &'a dyn Model,
        genome: &'a Genome,
        sites: &'a [MeasuredSite],
    ) -> Result<Self> {
        let scorer = scorer_of(model)?;
        let places: Vec<Place> = sites.iter().map(MeasuredSite::place).collect();
        let of_sites = score(scorer.as_ref(), genome, &places)?;
        let places = random(genome, sites, PER_SITE * sites.len(), SEED);
        let random = score(scorer.as_ref(), genome, &places)?.into_iter().flatten().collect();
        Ok(Self { scorer, genome, sites, of_sites, random })
    }

    /// Returns what the scores are.
    pub fn meaning(&self) -> Meaning {
        self.scorer.meaning()
    }

    /// Ranks the sites of every tier against random places and against hexamers without a site, 20 of
    /// each for a site.
    ///
    /// # Errors
    /// If the model fails.
    pub fn rankings(&self) -> Result<Vec<Ranking>> {
        let count = PER_SITE * self.sites.len();
        let places = with_hexamer(self.genome, self.sites, count, SEED + 1);
        let hexamer = score(self.scorer.as_ref(), self.genome, &places)?;
        let hexamer: Vec<PlaceScore> = hexamer.into_iter().flatten().collect();
        let mut rankings = Vec::new();
        for (name, negatives) in [("random", &self.random), ("hexamer", &hexamer)] {
            for tier in Tier::ALL {
                let of_tier =
                    self.sites.iter().zip(&self.of_sites).filter(|(site, _)| site.is(tier));
                let positives: Vec<PlaceScore> = of_tier.filter_map(|(_, score)| *score).collect();
                let negatives = &negatives[..negatives.len().min(PER_SITE * positives.len())];
                rankings.push(ranking([tier.name(), name], self.meaning(), &positives, negatives));
            }
        }
        Ok(rankings)
    }
}

fn ranking(
    [tier, name]: [&'static str; 2],
    meaning: Meaning,
    positives: &[PlaceScore],
    negatives: &[PlaceScore],
) -> Ranking {
    let split = |f: fn(&PlaceScore) -> f32| {
        let values = |scores: &[PlaceScore]| scores.iter().map(f).collect::<Vec<f32>>();
        (values(positives), values(negatives))
    };
    let (classification, n_classification) = split(|score| score.classification);
    let (sharp, n_sharp) = split(|score| score.sharp);
    Ranking {
        tier,
        negatives: name,
        sites: positives.len(),
        places: negatives.len(),
        auroc_classification: meaning
            .classification
            .and_then(|_| auroc(&classification, &n_classification)),
        auroc_sharp: meaning.sharp.and_then(|_| auroc(&sharp, &n_sharp)),
        auprc_classification: meaning
            .classification
            .and_then(|_| auprc(&classification, &n_classification)),
        auprc_sharp: meaning.sharp.and_then(|_| auprc(&sharp, &n_sharp)),
    }
}

/// Scores places; `None` where there is no full window.
fn score(
    scorer: &dyn PlaceScorer,
    genome: &Genome,
    places: &[Place],
) -> Result<Vec<Option<PlaceScore>>> {
    let scores = places.par_iter().map(|&place| {
        let Place { contig, strand, position } = place;
        let complete = genome.window(contig, strand, position).is_some();
        complete.then(|| scorer.score(genome, place)).transpose()
    });
    scores.collect()
}
