//! A scan in which a screen says which windows the model is asked for.
//!
//! A window is computed by the model, exactly, if it *passes*: the screen gives it at least the
//! limit. So are the windows that a window which is kept speaks of (those at whose centres its
//! cleavage is above background), and once more those of the windows that are kept by then: sites
//! lie there, and their classification is that of the window centred on them. What is computed of a
//! window depends on the windows within [`MARGIN`] of it and on nothing else, so that chunks do not
//! show. Kept windows have the values of a scan without screen, to the bit.

use super::consolidate::REACH;
use super::inference::{KeepAbove, checked};
use crate::error::{Result, WindowPlace};
use crate::models::screen::Screen;
use crate::models::{CLEAVAGE, CLEAVAGE_CENTRE, CleavageVector, Model};
use crate::timing::{Profile, Stage};

/// Windows so far away, in nt, may decide whether a window is computed: one that passes, kept,
/// speaks of one that is kept, too, which speaks of this one.
pub const MARGIN: u64 = 2 * REACH;

/// Cleavage that rounding of a mean may take above background.
const ROUNDING: f64 = 1e-12;

/// How a scan is screened.
#[derive(Clone, Copy)]
pub struct Screening<'a> {
    pub screen: &'a Screen,
    /// Subtracted from consolidated cleavage (0..1).
    pub background: f64,
}

/// What the model says of consecutive windows, as far as it was asked.
#[derive(Debug, Default, PartialEq)]
pub struct Screened {
    /// Classification of each window; NaN where it was not computed.
    pub probability: Vec<f32>,
    /// Windows that are kept and their raw cleavage, ascending.
    pub kept: Vec<(usize, CleavageVector)>,
}

impl Screening<'_> {
    /// Scores the windows of `sequence` that are `scorable`, those that the screen leaves in.
    ///
    /// # Errors
    /// If a model fails or gives NaN or infinity.
    pub fn scan(
        &self,
        model: &dyn Model,
        sequence: &[u8],
        scorable: &[bool],
        keep: KeepAbove,
        profile: &Profile,
    ) -> Result<Screened> {
        if !scorable.contains(&true) {
            return Ok(Screened { probability: vec![f32::NAN; scorable.len()], kept: Vec::new() });
        }
        let scores = profile.part(Stage::Screening, || self.screen.scores(sequence))?;
        let limit = self.screen.card.limit;
        let passes =
            scores.iter().zip(scorable).map(|(&score, &scorable)| scorable && score >= limit);
        let mut exact = Exact::new(model, sequence, keep, scorable.len());
        profile.part(Stage::Model, || {
            let first = exact.compute(&passes.collect::<Vec<_>>())?;
            let near = exact.not_computed(scorable, &first, self.background);
            let second = exact.compute(&near)?;
            let near = exact.not_computed(scorable, &second, self.background);
            exact.screened.kept = [first, second].concat();
            exact.screened.kept.sort_unstable_by_key(|&(window, _)| window);
            exact.compute(&near)
        })?;
        Ok(exact.screened)
    }
}

/// Returns the windows at whose centres a kept window's cleavage is above background, by index;
/// `None` of those before the first.
pub fn spoken_of(
    window: usize,
    cleavage: &CleavageVector,
    background: f64,
) -> impl Iterator<Item = Option<usize>> {
    // Index 0 is too far from the centre to be consolidated.
    (1..CLEAVAGE)
        .filter(move |&index| f64::from(cleavage[index]) > background - ROUNDING)
        .map(move |index| (window + index).checked_sub(CLEAVAGE_CENTRE))
}

/// The model on windows of a sequence.
struct Exact<'a> {
    model: &'a dyn Model,
    sequence: &'a [u8],
    keep: KeepAbove,
    screened: Screened,
}

impl<'a> Exact<'a> {
    fn new(model: &'a dyn Model, sequence: &'a [u8], keep: KeepAbove, windows: usize) -> Self {
        let screened = Screened { probability: vec![f32::NAN; windows], kept: Vec::new() };
        Self { model, sequence, keep, screened }
    }

    /// Computes the windows that are wanted, and returns those that are kept.
    fn compute(&mut self, wanted: &[bool]) -> Result<Vec<(usize, CleavageVector)>> {
        let windows: Vec<usize> = (0..wanted.len()).filter(|&window| wanted[window]).collect();
        let said = self.model.scan_at(self.sequence, &windows, self.keep.probability);
        let said = said
            .and_then(|said| checked(self.model, said, windows.len()))
            .map_err(|error| error.at_window(|at| WindowPlace::Number(windows[at])))?;
        for (&window, &probability) in windows.iter().zip(&said.probability) {
            self.screened.probability[window] = probability;
        }
        let on_signal = self.model.signal_index().is_some();
        let kept = said
            .cleavage
            .into_iter()
            .filter(|&(at, cleavage)| self.keep.keeps(said.probability[at], &cleavage, on_signal));
        Ok(kept.map(|(at, cleavage)| (windows[at], cleavage)).collect())
    }

    /// Returns which windows that kept ones speak of are scorable and not computed yet.
    fn not_computed(
        &self,
        scorable: &[bool],
        kept: &[(usize, CleavageVector)],
        background: f64,
    ) -> Vec<bool> {
        let mut near = vec![false; scorable.len()];
        for (window, cleavage) in kept {
            for at in spoken_of(*window, cleavage, background).flatten() {
                if let Some(near) = near.get_mut(at) {
                    *near = scorable[at] && self.screened.probability[at].is_nan();
                }
            }
        }
        near
    }
}

#[cfg(test)]
mod tests;
