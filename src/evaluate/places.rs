//! How likely RNA is cleaved at one place of a genome, in each kind of model's own way.

use super::measured::Place;
use crate::context::signal::{FARTHEST, NEAREST, is_signal_at};
use crate::error::{Error, Result};
use crate::genome::memory::Genome;
use crate::models::card::Task;
use crate::models::{CENTRE, CLEAVAGE_CENTRE, Model, StrandScores, WINDOW, Window, strength};

/// Distances from the hexamer's place in APARENT2's frame to the place asked about, in nt: evenly
/// over where signals lie. It hardly matters: any distances of 6 to 44 nt rank validation sites
/// equally well.
const FRAMES: [usize; 5] = [10, 16, 22, 28, 34];
/// A cut that close to the place, in nt, is a cut at the place for APARENT2.
const NEAR: usize = 3;

/// The two scores of a place; higher is more like a polyA site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaceScore {
    pub classification: f32,
    pub sharp: f32,
}

/// Windows to either side of a place's own that its sharp score is made of: those that speak of the
/// place and the two beside it.
pub const MARGIN: usize = CLEAVAGE_CENTRE - 2;
/// What the log-odds of the classification count beside the log of the cleavage. Cleavage tells a
/// signal from sequence without, the classification its surroundings from others; one half is a
/// compromise between random places and hexamers without a site (chosen on validation,
/// docs/MODELS.md).
const CLASSIFICATION_WEIGHT: f64 = 0.5;

/// Scores the places that consecutive windows are centred on, but the first and the last
/// [`MARGIN`].
///
/// The sharp score is the cleavage mass within 1 nt of the place times the square root of the odds
/// of the classification: the mean of the cleavage and the mean of the log-odds of the 47 windows
/// around.
///
/// # Errors
/// If a window has no cleavage vector.
pub fn of_windows(scores: &StrandScores) -> Result<Vec<PlaceScore>> {
    if scores.cleavage.len() != scores.probability.len() {
        return Err(Error::Internal("a window was not scored".into()));
    }
    let log_odds: Vec<f64> =
        scores.probability.iter().map(|&p| strength::log_odds(f64::from(p))).collect();
    let places = MARGIN..scores.probability.len().saturating_sub(MARGIN);
    Ok(places.map(|place| of_place(scores, &log_odds, place)).collect())
}

fn of_place(scores: &StrandScores, log_odds: &[f64], place: usize) -> PlaceScore {
    let around = place - MARGIN..place + MARGIN + 1;
    let windows = around.len() as f64;
    // In a window further on, the place lies further back.
    let mass = |window: usize| {
        let at = CLEAVAGE_CENTRE + place - window;
        f64::from(scores.cleavage[window].1[at - 1..=at + 1].iter().sum::<f32>())
    };
    let cleavage = around.clone().map(mass).sum::<f64>() / windows;
    let classification = log_odds[around].iter().sum::<f64>() / windows;
    PlaceScore {
        classification: scores.probability[place],
        sharp: (cleavage * (CLASSIFICATION_WEIGHT * classification).exp()) as f32,
    }
}

/// What the two scores of a scorer are, in words; `None` where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    pub classification: Option<&'static str>,
    pub sharp: Option<&'static str>,
}

/// Scores places. All scorers speak of the same places: those with a complete 240-nt window.
pub trait PlaceScorer: Sync {
    /// Returns what its scores are.
    fn meaning(&self) -> Meaning;

    /// Scores a place.
    ///
    /// # Errors
    /// If the model fails.
    fn score(&self, genome: &Genome, place: Place) -> Result<PlaceScore>;
}

/// Returns the way in which a model speaks of places.
///
/// # Errors
/// If it does not.
pub fn scorer_of(model: &dyn Model) -> Result<Box<dyn PlaceScorer + '_>> {
    match model.card().task {
        _ if model.input().structure => Err(model.not_scannable()),
        Task::Sites => Ok(Box::new(ByWindow(model))),
        Task::Isoform => Ok(Box::new(ByFrames { model, cut: cut_output(model)? })),
        Task::Signal => Ok(Box::new(BySignal(model))),
        Task::Strength | Task::Binding => Err(model.not_scannable()),
    }
}

/// Site models: the window centred on the place.
struct ByWindow<'a>(&'a dyn Model);

impl PlaceScorer for ByWindow<'_> {
    fn meaning(&self) -> Meaning {
        Meaning {
            classification: Some("classification of the window centred on the place"),
            sharp: Some(
                "cleavage within 1 nt of the place x square root of the odds of classification, means of 47 windows",
            ),
        }
    }

    fn score(&self, genome: &Genome, place: Place) -> Result<PlaceScore> {
        let Place { contig, strand, position } = place;
        let (before, length) = (CENTRE + MARGIN, WINDOW + 2 * MARGIN);
        let windows = genome.around_padded(contig, strand, position, before, length);
        let score = of_windows(&self.0.scan(&windows, -1.0)?)?.pop();
        score.ok_or_else(|| Error::Internal("a window was not scored".into()))
    }
}

/// APARENT2: a place's cut in several frames, since where its signal begins is not known.
struct ByFrames<'a> {
    model: &'a dyn Model,
    /// Index of the output with the cut's probabilities.
    cut: usize,
}

impl PlaceScorer for ByFrames<'_> {
    fn meaning(&self) -> Meaning {
        Meaning {
            classification: Some(
                "mean over 5 frames of the log-odds of a cut in the 50 nt around the place",
            ),
            sharp: Some("mean over 5 frames of the log-odds of a cut within 3 nt of the place"),
        }
    }

    fn score(&self, genome: &Genome, place: Place) -> Result<PlaceScore> {
        let anchor = self.model.input().anchor;
        let frames = FRAMES.map(|distance| around(self.model, genome, place, anchor + distance));
        let cuts = predict(self.model, &frames)?.swap_remove(self.cut);
        let width = self.model.outputs()[self.cut].width;
        let mut score = PlaceScore { classification: 0.0, sharp: 0.0 };
        for (cut, distance) in cuts.chunks_exact(width).zip(FRAMES) {
            let at = anchor + distance;
            let share = 1.0 / FRAMES.len() as f32;
            score.classification +=
                share * log_odds(&cut[at - CLEAVAGE_CENTRE..at + CLEAVAGE_CENTRE]);
            score.sharp += share * log_odds(&cut[at - NEAR..=at + NEAR]);
        }
        Ok(score)
    }
}

fn cut_output(model: &dyn Model) -> Result<usize> {
    let longest = model.input().anchor + FRAMES[FRAMES.len() - 1] + CLEAVAGE_CENTRE;
    let fits = |output: &crate::models::Output| output.name == "cut" && output.width > longest;
    model.outputs().iter().position(fits).ok_or_else(|| model.not_scannable())
}

/// The log-odds of a sum of probabilities.
fn log_odds(probabilities: &[f32]) -> f32 {
    let sum: f64 = probabilities.iter().map(|&p| f64::from(p)).sum();
    let sum = sum.clamp(1e-30, 1.0 - 1e-9);
    (sum / (1.0 - sum)).ln() as f32
}

/// DeeReCT-PolyA: the likeliest signal upstream of the place.
struct BySignal<'a>(&'a dyn Model);

impl PlaceScorer for BySignal<'_> {
    fn meaning(&self) -> Meaning {
        let classification =
            "highest probability of a known hexamer 10-35 nt upstream, 0 without one";
        Meaning { classification: Some(classification), sharp: None }
    }

    fn score(&self, genome: &Genome, place: Place) -> Result<PlaceScore> {
        let anchor = self.0.input().anchor;
        let Place { contig, strand, position } = place;
        let upstream = genome.around_padded(contig, strand, position, FARTHEST, FARTHEST);
        let signals = (NEAREST..=FARTHEST)
            .filter(|distance| is_signal_at(&upstream, FARTHEST - distance))
            .map(|distance| around(self.0, genome, place, anchor + distance));
        let signals: Vec<Vec<u8>> = signals.collect();
        let said = predict(self.0, &signals)?;
        let highest = said.first().into_iter().flatten().copied().fold(0.0, f32::max);
        Ok(PlaceScore { classification: highest, sharp: highest })
    }
}

/// Returns what a model of fixed length reads, `before` nt of it upstream of a place.
fn around(model: &dyn Model, genome: &Genome, place: Place, before: usize) -> Vec<u8> {
    let (_, length) = model.input().length.limits();
    genome.around_padded(place.contig, place.strand, place.position, before, length)
}

fn predict(model: &dyn Model, windows: &[Vec<u8>]) -> Result<Vec<Vec<f32>>> {
    let windows: Vec<Window<'_>> = windows.iter().map(|codes| codes.as_slice().into()).collect();
    Ok(model.predict(&windows)?.values)
}

#[cfg(test)]
mod tests;
