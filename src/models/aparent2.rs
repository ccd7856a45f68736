//! APARENT2: where RNA is cleaved after a polyA signal (Linder, Koplik, Kundaje & Seelig 2022).
//!
//! A residual network of 28 blocks reads a frame of 205 nt whose hexamer starts at index 70. It
//! says with which probability RNA is cleaved at each position, or nowhere in the frame. All
//! convolutions are padded, so a position's value depends on where the frame begins: a scan
//! computes one frame per window. `predict` and `scan` share one kernel; the tests hold it to the
//! authors' own outputs and to a plain form in f64.

pub mod fold;
mod import;
pub mod kernel;
mod profile;
#[cfg(any(test, feature = "testing"))]
pub mod random;
pub mod weights;

use std::ops::Range;

use super::architecture::{Architecture, ArchitectureKind, LeftOpen, Recogniser};
use super::card::{ModelCard, Task};
use super::stretches;
use super::weight_file::Tensors;
use super::{CENTRE, CLEAVAGE_CENTRE, WINDOW};
use super::{Input, Length, Model, Output, Predictions, StrandScores, Window};
use crate::error::{Error, Result};
use crate::models::aparent2::kernel::{Buffers, FrameKernel};
use profile::Profile;
use weights::{Config, LENGTH, Weights};

/// Index in the frame of the hexamer's first base.
pub const HEXAMER: usize = 70;
/// The authors' ranges of the frame: of the isoform's share, and for the effect of a variant.
pub const ISOFORM: Range<usize> = 80..110;
pub const NARROW: Range<usize> = 77..127;
const WIDE: Range<usize> = 0..LENGTH;

/// Index in a scan's window of the frame's first base: the narrow range then is the window's
/// cleavage vector, and the hexamer starts 32 nt before the window's centre.
const FRAME: usize = CENTRE - CLEAVAGE_CENTRE - NARROW.start;

/// Cleavage along the frame, and how much of it is where an isoform ends.
pub const ARCHITECTURE: Architecture = Architecture {
    kind: ArchitectureKind::Aparent2,
    name: "aparent2",
    task: Task::Isoform,
    licence: "MIT",
    source: "Linder et al. 2022, Genome Biology 23:232",
    load: |file, card, _| {
        let config = file.config().map_err(|problem| Error::model(&card.name, problem))?;
        Ok(Box::new(Aparent2::new(&config, &file.tensors, card)?))
    },
    recognise: Recogniser::Keras(import::recognise),
    leaves_open: &[LeftOpen::Library],
};

/// A loaded APARENT2.
pub struct Aparent2 {
    card: ModelCard,
    outputs: [Output; 4],
    kernel: FrameKernel,
    /// The logit of "not here", the same for every frame.
    absent: f32,
}

impl Aparent2 {
    /// Builds the model from its sizes and its tensors, which are named as in [`weights`].
    ///
    /// # Errors
    /// If a tensor is missing, left over, not finite or of a shape that does not fit.
    pub fn new(config: &Config, tensors: &Tensors, card: ModelCard) -> Result<Self> {
        let weights = Weights::new(config, tensors);
        let weights = weights.map_err(|problem| Error::model(&card.name, problem))?;
        let (kernel, absent) = fold::fold(&weights);
        let outputs = [
            Output::new("isoform_80_110", 1),
            Output::new("logodds_narrow", 1),
            Output::new("logodds_wide", 1),
            Output::new("cut", LENGTH + 1),
        ];
        Ok(Self { card, outputs, kernel, absent })
    }

    /// Computes the frame of window `number` by itself.
    fn profile(&self, number: usize, frame: &[u8], buffers: &mut Buffers) -> Result<Profile> {
        let mut logits = [self.absent; LENGTH + 1];
        self.kernel.logits(frame, buffers, &mut logits[..LENGTH]);
        if !logits.iter().all(|logit| logit.is_finite()) {
            return Err(Error::not_finite(&self.card.name, number));
        }
        Ok(Profile(logits))
    }

    /// Scores the 240-nt windows that begin at `starts`.
    fn score(
        &self,
        sequence: &[u8],
        starts: impl Iterator<Item = usize>,
        cleavage_above: f32,
    ) -> Result<StrandScores> {
        let mut buffers = self.kernel.buffers();
        let mut scores = StrandScores::default();
        for (index, start) in starts.enumerate() {
            let frame = &sequence[start + FRAME..][..LENGTH];
            let profile = self.profile(index, frame, &mut buffers)?;
            let probability = profile.probability(NARROW);
            scores.probability.push(probability);
            if probability > cleavage_above {
                scores.cleavage.push((index, profile.cleavage(NARROW.start)));
            }
        }
        Ok(scores)
    }
}

impl Model for Aparent2 {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        Input { length: Length::Exactly(LENGTH), anchor: HEXAMER, structure: false, features: 0 }
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        self.input().check(&self.card.name, windows)?;
        let mut buffers = self.kernel.buffers();
        let mut values = vec![Vec::with_capacity(windows.len()); self.outputs.len()];
        for (number, window) in windows.iter().enumerate() {
            let profile = self.profile(number, window.codes, &mut buffers)?;
            values[0].push(profile.probability(ISOFORM));
            values[1].push(profile.log_odds(NARROW) as f32);
            values[2].push(profile.log_odds(WIDE) as f32);
            values[3].extend(profile.cut());
        }
        Ok(Predictions { values })
    }

    fn can_scan(&self) -> bool {
        true
    }

    fn signal_index(&self) -> Option<usize> {
        Some(FRAME + HEXAMER)
    }

    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores> {
        let windows = (sequence.len() + 1).saturating_sub(WINDOW);
        self.score(sequence, 0..windows, cleavage_above)
    }

    fn scan_at(
        &self,
        sequence: &[u8],
        starts: &[usize],
        cleavage_above: f32,
    ) -> Result<StrandScores> {
        stretches::check(sequence, starts)?;
        self.score(sequence, starts.iter().copied(), cleavage_above)
    }
}
