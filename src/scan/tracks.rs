//! Signal along a contig: classification and consolidated cleavage by position.

use std::ops::Range;

use super::targets::overlaps;
use crate::error::Result;
use crate::genome::strand::Strand;

/// Final values of consecutive positions of one strand, all of them asked for. Blocks of a contig
/// and strand come in ascending order and do not overlap; how they are cut means nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackBlock<'a> {
    pub contig: usize,
    pub strand: Strand,
    /// Position of the first value.
    pub start: u64,
    /// Classification of the window centred on the position; NaN where none was scored.
    pub probability: &'a [f32],
    /// Consolidated cleavage: 0 where the window was scored and nothing is above background, NaN
    /// where it was not scored and no kept window covers the position.
    pub cleavage: &'a [f32],
}

/// Values of the last positions of a strand: those not final yet, for the sites that need them and
/// for the tracks.
#[derive(Debug)]
pub(super) struct Tail {
    /// Position of the first value.
    start: u64,
    probability: Vec<f32>,
    /// As long as `probability`; empty unless tracks are wanted.
    cleavage: Vec<f32>,
    with_cleavage: bool,
}

impl Tail {
    pub fn new(with_cleavage: bool) -> Self {
        Self { start: 0, probability: Vec::new(), cleavage: Vec::new(), with_cleavage }
    }

    /// Returns the position after the last one known.
    pub fn end(&self) -> u64 {
        self.start + self.probability.len() as u64
    }

    /// Forgets everything and starts again at `start`.
    pub fn restart(&mut self, start: u64) {
        self.start = start;
        self.probability.clear();
        self.cleavage.clear();
    }

    /// Appends `count` positions without windows.
    pub fn extend_unscored(&mut self, count: u64) {
        let length = self.probability.len() + count as usize;
        self.probability.resize(length, f32::NAN);
        if self.with_cleavage {
            self.cleavage.resize(length, f32::NAN);
        }
    }

    /// Appends the classifications of consecutive windows, NaN where not scored.
    pub fn extend(&mut self, probability: &[f32]) {
        self.probability.extend_from_slice(probability);
        if self.with_cleavage {
            let nothing_yet = |p: &f32| if p.is_nan() { f32::NAN } else { 0.0 };
            self.cleavage.extend(probability.iter().map(nothing_yet));
        }
    }

    /// Returns the classification of the window centred on `position`, if scored.
    pub fn probability_at(&self, position: u64) -> Option<f32> {
        let index = position.checked_sub(self.start)?;
        let probability = *self.probability.get(usize::try_from(index).ok()?)?;
        (!probability.is_nan()).then_some(probability)
    }

    /// Notes the consolidated cleavage of a position.
    pub fn set_cleavage(&mut self, position: u64, value: f32) {
        // Kept windows also cover a few positions before and after those that are scored.
        if let Some(index) = position.checked_sub(self.start)
            && let Some(slot) = self.cleavage.get_mut(index as usize)
        {
            *slot = value;
        }
    }

    /// Hands on the values before `end` that lie in `targets`, and forgets all before `end`.
    pub fn finalise(
        &mut self,
        end: u64,
        targets: &[Range<u64>],
        contig: usize,
        strand: Strand,
        hand_on: &mut dyn FnMut(&TrackBlock<'_>) -> Result<()>,
    ) -> Result<()> {
        let end = end.clamp(self.start, self.end());
        if self.with_cleavage {
            for part in overlaps(targets, self.start..end) {
                let at = (part.start - self.start) as usize..(part.end - self.start) as usize;
                hand_on(&TrackBlock {
                    contig,
                    strand,
                    start: part.start,
                    probability: &self.probability[at.clone()],
                    cleavage: &self.cleavage[at],
                })?;
            }
        }
        let count = (end - self.start) as usize;
        self.probability.drain(..count);
        self.cleavage.drain(..count.min(self.cleavage.len()));
        self.start = end;
        Ok(())
    }
}
