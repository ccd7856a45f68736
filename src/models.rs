//! Models: functions of 240 nt, and the same functions at every position of a stretch of sequence.

pub mod bilstm;
pub mod card;
pub mod dense;
pub mod encoding;
pub mod import;
pub mod registry;
pub mod weight_file;

use crate::error::Result;
use card::ModelCard;

/// Nucleotides that a model reads.
pub const WINDOW: usize = 240;
/// Index in the window of the position that the window speaks of.
pub const CENTRE: usize = 120;
/// Length of the cleavage vector.
pub const CLEAVAGE: usize = 50;
/// Index in the cleavage vector of the window's centre: the vector covers window indices 95..145.
pub const CLEAVAGE_CENTRE: usize = 25;

/// Raw cleavage probabilities around a window's centre, in transcript direction.
pub type CleavageVector = [f32; CLEAVAGE];

/// What a model says of each of n windows.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowScores {
    /// Classification (n) and raw cleavage vectors (n x 50, each summing to 1).
    Sites { probability: Vec<f32>, cleavage: Vec<CleavageVector> },
    /// log2 odds of usage (n).
    Strength(Vec<f32>),
}

/// What a site model says of every window of a stretch of sequence, in the sequence's own direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StrandScores {
    /// Classification of window s, which starts at s: one for each of the sequence's windows.
    pub probability: Vec<f32>,
    /// Start and raw cleavage vector of the windows with classification above the threshold asked
    /// for, ascending.
    pub cleavage: Vec<(usize, CleavageVector)>,
}

/// A loaded model. `predict` is the definition; `scan` shares work between overlapping windows and
/// must equal it within rounding.
///
/// Sequences are codes as in [`crate::genome::sequence`], in transcript direction.
pub trait Model: Send + Sync {
    /// Returns what is known of the model.
    fn card(&self) -> &ModelCard;

    /// Returns the name of the device that scans run on.
    fn device(&self) -> &'static str {
        "cpu"
    }

    /// Scores windows of 240 nt each, each by itself.
    ///
    /// # Errors
    /// If a window has another length, or the tensor library fails.
    fn predict(&self, windows: &[&[u8]]) -> Result<WindowScores>;

    /// Scores every window of `sequence` (`sequence.len() - 239` of them; none if it is shorter).
    /// The result for a window depends, to the bit, only on its 240 nt, never on where it lies in
    /// `sequence`.
    ///
    /// # Errors
    /// If the model has no cleavage vector, or the tensor library fails.
    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores>;
}
