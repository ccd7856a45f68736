//! How well a model ranks measured sites above other places.

use rayon::prelude::*;
use serde::Serialize;

use super::measured::{MeasuredSite, Place, Tier};
use super::metrics::{auprc, auroc};
use super::negatives::{Negatives, PER_SITE, random, with_hexamer};
use super::places::{Meaning, PlaceScore, PlaceScorer, scorer_of};
use crate::error::Result;
use crate::genome::memory::Genome;
use crate::models::Model;

/// Seed of the negatives: fixed, so that models are compared on the same places.
const SEED: u64 = 20_240_901;

/// Columns of the table of places; `offset` is 0-based.
const PLACES: [&str; 7] =
    ["contig", "offset", "strand", "kind", "tiers", "classification", "sharp"];

/// One tier's figures against one kind of negatives; `None` for a score that the model has not.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    pub tier: Tier,
    pub negatives: Negatives,
    pub sites: usize,
    pub places: usize,
    pub auroc_classification: Option<f64>,
    pub auroc_sharp: Option<f64>,
    pub auprc_classification: Option<f64>,
    pub auprc_sharp: Option<f64>,
}

/// Measured sites and places without one, scored.
pub struct ScoredPlaces<'a> {
    scorer: Box<dyn PlaceScorer + 'a>,
    sites: &'a [MeasuredSite],
    /// `None` where there is no full window.
    of_sites: Vec<Option<PlaceScore>>,
    /// Random places and hexamers without a site, in the order in which they are drawn upon.
    negatives: [(Negatives, Vec<(Place, PlaceScore)>); 2],
}

impl<'a> ScoredPlaces<'a> {
    /// Scores the sites and, for each, 20 random places and 20 hexamers without a site.
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
        let count = PER_SITE * sites.len();
        let scored = |places: Vec<Place>| -> Result<Vec<(Place, PlaceScore)>> {
            let scores = score(scorer.as_ref(), genome, &places)?;
            Ok(places.into_iter().zip(scores).filter_map(|(p, score)| Some((p, score?))).collect())
        };
        let negatives = [
            (Negatives::Random, scored(random(genome, sites, count, SEED))?),
            (Negatives::Hexamer, scored(with_hexamer(genome, sites, count, SEED + 1))?),
        ];
        Ok(Self { scorer, sites, of_sites, negatives })
    }

    /// Returns what the scores are.
    pub fn meaning(&self) -> Meaning {
        self.scorer.meaning()
    }

    /// Ranks the sites of every tier against random places and against hexamers without a site, 20
    /// of each for a site.
    pub fn rankings(&self) -> Vec<Ranking> {
        let mut rankings = Vec::new();
        for (kind, negatives) in &self.negatives {
            for tier in Tier::ALL {
                let of_tier =
                    self.sites.iter().zip(&self.of_sites).filter(|(site, _)| site.is(tier));
                let positives: Vec<PlaceScore> = of_tier.filter_map(|(_, score)| *score).collect();
                let count = negatives.len().min(PER_SITE * positives.len());
                let negatives: Vec<PlaceScore> =
                    negatives[..count].iter().map(|(_, score)| *score).collect();
                rankings.push(ranking((tier, *kind), self.meaning(), &positives, &negatives));
            }
        }
        rankings
    }

    /// Returns every place that is ranked as a line of a table: for a peer to score the same ones.
    /// Negatives stand in order: a tier of n sites is ranked against the first 20 n of a kind.
    pub fn table(&self, genome: &Genome) -> String {
        let mut text = PLACES.join("\t") + "\n";
        let meaning = self.meaning();
        let mut line = |place: Place, kind: &str, tiers: &str, score: PlaceScore| {
            let contig = &genome.contigs[place.contig].name;
            let shown = |has: bool, value: f32| if has { value.to_string() } else { "NA".into() };
            let classification = shown(meaning.classification.is_some(), score.classification);
            let sharp = shown(meaning.sharp.is_some(), score.sharp);
            let Place { position, strand, .. } = place;
            text += &format!(
                "{contig}\t{position}\t{strand}\t{kind}\t{tiers}\t{classification}\t{sharp}\n"
            );
        };
        for (site, score) in self.sites.iter().zip(&self.of_sites) {
            let tiers = Tier::ALL.iter().filter(|tier| site.is(**tier)).map(|tier| tier.name());
            if let Some(score) = score {
                line(site.place(), "site", &tiers.collect::<Vec<_>>().join(","), *score);
            }
        }
        for (kind, negatives) in &self.negatives {
            negatives.iter().for_each(|(place, score)| line(*place, kind.name(), ".", *score));
        }
        text
    }
}

fn ranking(
    (tier, kind): (Tier, Negatives),
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
        negatives: kind,
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
