//! `aparent2`: where RNA is cleaved after a polyA signal (Linder et al. 2022, Genome Biology).
//!
//! A residual network of 28 blocks reads a frame of 205 nt whose hexamer starts at index 70 and says
//! with which probability RNA is cleaved at each position, or not in the frame at all. As a scan
//! model it reads a part of the 240-nt window; see [`Aparent2::scan_at`].

pub mod fold;
mod profile;
pub mod random;
pub mod weights;

use std::ops::Range;

use super::card::ModelCard;
use super::weight_file::Tensors;
use super::{CENTRE, CLEAVAGE_CENTRE, Output};
use crate::engine::cpu::aparent2::{Buffers, FrameKernel};
use crate::error::{Error, Result};
use profile::Profile;
use weights::{Config, Weights};

pub const ARCHITECTURE: &str = "aparent2";

/// Nucleotides that the network reads.
pub const LENGTH: usize = 205;
/// Index in the frame of the hexamer's first base.
pub const HEXAMER: usize = 70;
/// Libraries of reporter genes that the network was trained on, and the one whose bias the authors
/// predict with.
pub const LIBRARIES: usize = 13;
pub const LIBRARY: usize = 11;
/// What batch norms add to a variance.
pub const EPSILON: f64 = 1e-3;

/// Positions whose cleavage the authors call isoform proportion.
const PROXIMAL: Range<usize> = 80..110;
/// The authors' ranges for the effect of a variant.
const NARROW: Range<usize> = 77..127;
const WIDE: Range<usize> = 0..LENGTH;

/// Index in the 240-nt scan window of the frame's first base: the narrow range is then the window's
/// cleavage vector.
const FRAME: usize = CENTRE - CLEAVAGE_CENTRE - NARROW.start;

/// A loaded APARENT2.
pub struct Aparent2 {
    card: ModelCard,
    kernel: FrameKernel,
    /// The logit of "not here", the same for every frame.
    absent: f32,
    outputs: Vec<Output>,
}

impl Aparent2 {
    /// Builds the model from its sizes and tensors.
    ///
    /// # Errors
    /// If they do not fit together, see [`Weights::new`].
    pub fn new(config: &Config, tensors: &Tensors, card: ModelCard) -> Result<Self> {
        let weights = Weights::new(config, tensors);
        let weights = weights.map_err(|problem| Error::model(&card.name, problem))?;
        let (kernel, absent) = fold::fold(&weights);
        let outputs = [
            ("isoform_80_110", 1),
            ("logodds_narrow", 1),
            ("logodds_wide", 1),
            ("cut", LENGTH + 1),
        ];
        let outputs = outputs.map(|(name, width)| Output { name: name.into(), width });
        Ok(Self { card, kernel, absent, outputs: outputs.into() })
    }

    /// Computes one frame of 205 codes, by itself.
    fn profile(&self, frame: &[u8], buffers: &mut Buffers) -> Result<Profile> {
        let mut logits = [self.absent; LENGTH + 1];
        self.kernel.logits(frame, buffers, &mut logits[..LENGTH]);
        let profile = Profile(logits);
        if profile.is_finite() {
            return Ok(profile);
        }
        // A score that is no number must not pass for one.
        Err(self.wrong("a logit is not a number: the weights overflow; are they the right file?"))
    }

    fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::model(&self.card.name, problem)
    }
}
