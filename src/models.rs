//! Models: functions of a stretch of sequence; site models also at every position of a genome.

#[doc(hidden)]
pub mod aparent2;
#[doc(hidden)]
pub mod architecture;
pub mod card;
#[doc(hidden)]
pub mod cleavage;
#[doc(hidden)]
pub mod convert;
mod copies;
#[doc(hidden)]
pub mod deeprke;
#[doc(hidden)]
pub mod deerect;
#[doc(hidden)]
pub mod dense;
#[doc(hidden)]
pub mod encoding;
pub(crate) mod every;
#[doc(hidden)]
pub mod features;
#[doc(hidden)]
pub mod file;
#[doc(hidden)]
pub mod formats;
mod gpu;
mod held;
#[doc(hidden)]
pub mod library;
#[doc(hidden)]
pub mod part;
#[doc(hidden)]
pub mod polyaid;
pub mod posterior;
#[doc(hidden)]
pub mod pysster;
pub mod registry;
#[doc(hidden)]
pub mod screen;
#[doc(hidden)]
pub mod strength;
mod stretches;
#[doc(hidden)]
pub mod weight_file;

use crate::engine::device::DeviceKind;
use crate::error::{Error, Result, WindowPlace};
use card::ModelCard;
use features::Feature;
pub use held::{ChangedCopy, HeldScan, Holder};
use posterior::Posterior;

/// Nucleotides of a window of a scan.
pub const WINDOW: usize = 240;
/// Index in a scan's window of the position that the window speaks of.
pub const CENTRE: usize = 120;
/// Length of the cleavage vector.
pub const CLEAVAGE: usize = 50;
/// Index in the cleavage vector of the window's centre: the vector covers window indices 95..145.
pub const CLEAVAGE_CENTRE: usize = 25;

/// Raw cleavage probabilities around a window's centre, in transcript direction.
pub type CleavageVector = [f32; CLEAVAGE];

/// A sequence to score, in transcript direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window<'a> {
    /// Codes as in [`crate::genome::sequence`]: of nucleotides, or of [`Model::letters`].
    pub codes: &'a [u8],
    /// The structure label of each nucleotide, for models that read structure.
    pub structure: Option<&'a [u8]>,
    /// Numbers that go with the sequence, for models that read some.
    pub features: &'a [f32],
}

impl<'a> From<&'a [u8]> for Window<'a> {
    fn from(codes: &'a [u8]) -> Self {
        Self { codes, ..Self::default() }
    }
}

/// A window that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnedWindow {
    /// As in [`Window`].
    pub codes: Vec<u8>,
    /// The label of each nucleotide.
    pub structure: Option<Vec<u8>>,
    /// Numbers that go with the sequence.
    pub features: Vec<f32>,
}

impl OwnedWindow {
    /// Returns what a model reads.
    pub fn window(&self) -> Window<'_> {
        let Self { codes, structure, features } = self;
        Window { codes, structure: structure.as_deref(), features }
    }
}

/// A stretch of a window, and what stands there instead in each of some copies of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement<'a> {
    /// Index in the window of the first base that is replaced.
    pub at: usize,
    /// Bases that are replaced: at least one.
    pub length: usize,
    /// Codes that replace them, one copy's behind the other's.
    pub stretches: &'a [u8],
}

impl Replacement<'_> {
    /// Returns which bases of the window are replaced.
    pub fn bases(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.length
    }

    /// Returns the number of copies.
    pub fn copies(&self) -> usize {
        self.stretches.len() / self.length.max(1)
    }
}

/// How many nucleotides a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many, no other number.
    Exactly(usize),
    /// At least and at most; it reads whole sequences.
    Between(usize, usize),
}

impl Length {
    /// Returns the least and the greatest number of nucleotides.
    pub fn limits(self) -> (usize, usize) {
        match self {
            Self::Exactly(nt) => (nt, nt),
            Self::Between(least, most) => (least, most),
        }
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(nt) => write!(f, "{nt}"),
            Self::Between(least, most) => write!(f, "{least}-{most}"),
        }
    }
}

/// What a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// How many nucleotides.
    pub length: Length,
    /// Index in the window of the nucleotide that the window speaks of: the position that may be a
    /// polyA site, or the first base of the polyA signal.
    pub anchor: usize,
    /// Whether it needs RNA structure labels.
    pub structure: bool,
    /// How many numbers beside the sequence it needs.
    pub features: usize,
}

impl Input {
    /// The window of a scan: 240 nt, sequence alone.
    pub const SCAN: Self =
        Self { length: Length::Exactly(WINDOW), anchor: CENTRE, structure: false, features: 0 };

    /// Checks that the model can read these windows.
    ///
    /// # Errors
    /// Says which window has a wrong length or lacks its structure or features.
    pub fn check(&self, model: &str, windows: &[Window<'_>]) -> Result<()> {
        for (at, window) in windows.iter().enumerate() {
            let nt = window.codes.len();
            let (least, most) = self.length.limits();
            let problem = match window.structure {
                _ if !(least..=most).contains(&nt) => {
                    format!("window {at} has {nt} nt; it reads {}", self.length)
                }
                None if self.structure => format!("window {at} comes without RNA structure"),
                Some(labels) if labels.len() != nt => {
                    format!("window {at} has {nt} nt and {} structure labels", labels.len())
                }
                _ if window.features.len() != self.features => {
                    let (found, read) = (window.features.len(), self.features);
                    format!("window {at} comes with {found} features; it reads {read}")
                }
                _ => continue,
            };
            return Err(Error::model(model, problem));
        }
        Ok(())
    }
}

/// What the outputs of a classifier, a value each, are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classes {
    /// One output: the probability of the first of two classes.
    Two,
    /// The probability of each class, of which a window has one.
    One,
    /// The probability of each class, of which a window has any number.
    Any,
}

/// A named output of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// As columns and files are called.
    pub name: String,
    /// Values per window.
    pub width: usize,
}

impl Output {
    /// Returns an output of `width` values per window.
    pub fn new(name: impl Into<String>, width: usize) -> Self {
        Self { name: name.into(), width }
    }
}

/// What a model says of n windows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// For each of the model's outputs n x width values, window by window.
    pub values: Vec<Vec<f32>>,
}

impl Predictions {
    /// Checks that every value of `windows` windows is finite: huge weights can overflow, and NaN
    /// must not pass for a score.
    ///
    /// # Errors
    /// Names the first window with a value that is NaN or infinite.
    pub fn check_finite(self, model: &str, windows: usize) -> Result<Self> {
        for values in &self.values {
            let rows = values.chunks_exact((values.len() / windows.max(1)).max(1));
            check_finite(model, rows)?;
        }
        Ok(self)
    }
}

/// Checks that every score is a number, window by window.
///
/// # Errors
/// Names the first window with a score that is NaN or infinite.
pub fn check_finite<'a>(model: &str, mut windows: impl Iterator<Item = &'a [f32]>) -> Result<()> {
    match windows.position(|scores| !scores.iter().all(|score| score.is_finite())) {
        Some(number) => Err(Error::not_finite(model, number)),
        None => Ok(()),
    }
}

/// What a site model says of windows of a stretch of sequence, in the sequence's own direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StrandScores {
    /// Classification of each window asked for, in order.
    pub probability: Vec<f32>,
    /// Which of them (its index in `probability`) and raw cleavage vector, for the windows with a
    /// classification above the threshold asked for; ascending.
    pub cleavage: Vec<(usize, CleavageVector)>,
}

impl StrandScores {
    /// Checks that every value is a number.
    ///
    /// # Errors
    /// Names the first window (its index in `probability`) with a value that is NaN or infinite.
    pub fn check_finite(&self, model: &str) -> Result<()> {
        check_finite(model, self.probability.chunks(1))?;
        check_finite(model, self.cleavage.iter().map(|(_, vector)| vector.as_slice()))
            .map_err(|error| error.at_window(|at| WindowPlace::Number(self.cleavage[at].0)))
    }
}

/// A loaded model. `predict` is the definition; `scan`, of site models, shares work between
/// overlapping windows and must equal it within rounding.
///
/// Sequences are codes as in [`crate::genome::sequence`], in transcript direction.
pub trait Model: Send + Sync {
    /// Returns what is known of the model.
    fn card(&self) -> &ModelCard;

    /// Returns what `predict` reads.
    fn input(&self) -> Input;

    /// Returns what `predict` says, in order.
    fn outputs(&self) -> &[Output];

    /// Returns the structure letters that it knows, where it reads structure; by default the loop
    /// labels of [`crate::structure`]. Letters of another kind are taken from structure files as
    /// they are.
    fn structure_letters(&self) -> Option<&str> {
        self.input().structure.then_some("FTHIMS")
    }

    /// Returns the letters of the sequences that it reads, in the order of their codes, where these
    /// are no nucleotides.
    fn letters(&self) -> Option<&str> {
        None
    }

    /// Returns the features that it reads beside the sequence: [`Input::features`] numbers in all.
    fn features(&self) -> &[Feature] {
        &[]
    }

    /// Returns what its outputs are, of classifiers.
    fn classes(&self) -> Option<Classes> {
        None
    }

    /// Returns what scans run on.
    fn device(&self) -> DeviceKind {
        DeviceKind::CPU
    }

    /// Scores windows, each by itself.
    ///
    /// # Errors
    /// If a window is not as [`Model::input`] says, or the computation fails.
    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions>;

    /// Scores the windows that begin at every `every`-th position of each sequence, one sequence's
    /// behind the other's; a model that reads whole sequences reads each as it is. Equals `predict`
    /// to the bit; models whose layers are computed once per position share them between windows.
    ///
    /// # Errors
    /// As [`Model::predict`]; a window is named by its number among those of all sequences.
    fn predict_every(&self, sequences: &[Window<'_>], every: usize) -> Result<Predictions> {
        self.predict(&every::windows(self.input().length, sequences, every))
    }

    /// Returns whether [`Model::predict_copies`] computes only what a replacement changes.
    fn shares_copies(&self) -> bool {
        false
    }

    /// Returns the first output of copies of one window (codes) in which a stretch is replaced: of
    /// each replacement in turn each of its copies. A probability comes as its natural log-odds.
    /// Equals `predict` within rounding; some models compute only what a replacement changes.
    ///
    /// # Errors
    /// As [`Model::predict`].
    fn predict_copies(&self, window: &[u8], replacements: &[Replacement<'_>]) -> Result<Vec<f32>> {
        copies::one_by_one(self, window, replacements)
    }

    /// Returns what makes a posterior of a classification, of site models that were calibrated so.
    fn posterior(&self) -> Option<Posterior> {
        None
    }

    /// Returns whether [`Model::scan`] works.
    fn can_scan(&self) -> bool {
        false
    }

    /// Returns, for a site model that is anchored on the polyA signal, the index in the 240-nt
    /// window of the signal's first base.
    fn signal_index(&self) -> Option<usize> {
        None
    }

    /// Returns how many windows' work a stretch of neighbours costs beside that of its windows: what
    /// lies between two stretches is computed with them where that is less, and stretches are long
    /// beside it.
    fn windows_per_stretch(&self) -> usize {
        0
    }

    /// Scores every 240-nt window of `sequence` (`sequence.len() - 239` of them; none if it is
    /// shorter): classification and cleavage around the window's centre. The result for a window
    /// depends, to the bit, only on its 240 nt, never on where it lies in `sequence`.
    ///
    /// # Errors
    /// If the model cannot be scanned, or the computation fails.
    fn scan(&self, _sequence: &[u8], _cleavage_above: f32) -> Result<StrandScores> {
        Err(self.not_scannable())
    }

    /// Returns what scans as [`Model::scan`] does and holds the scan for copies of the sequence, of
    /// models that then have less to compute.
    fn holder(&self) -> Option<&dyn Holder> {
        None
    }

    /// Returns the error that a model without a cleavage vector answers a scan with.
    fn not_scannable(&self) -> Error {
        let card = self.card();
        let problem = format!(
            "it predicts {} and has no cleavage vector: it cannot be scanned, which takes a model \
             of sites (see `polyascan models list`); use `predict`",
            card.task.name()
        );
        Error::model(card.name.as_str(), problem)
    }

    /// Scores the 240-nt windows of `sequence` that begin at `starts` (ascending), as
    /// [`Model::scan`] does, to the bit.
    ///
    /// # Errors
    /// As [`Model::scan`]; if a window reaches past the sequence.
    fn scan_at(
        &self,
        sequence: &[u8],
        starts: &[usize],
        cleavage_above: f32,
    ) -> Result<StrandScores> {
        stretches::scan_at(self, sequence, starts, cleavage_above)
    }
}
