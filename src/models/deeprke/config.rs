//! The sizes of a DeepRKE network: the weight file's metadata entry `config`, as JSON.

use serde::{Deserialize, Serialize};

use super::words::{BASES, Labels};
use crate::engine::cpu::matmul::padded;
use crate::error::Problem;

/// No size may be larger: far above any use, and products of sizes cannot overflow.
const LARGEST: usize = 1 << 20;
/// Most letters of a word: 6^6 = 46,656 structure words.
const LONGEST_WORD: usize = 6;
/// Most values of a table of convolved words: 1 GiB.
const LARGEST_TABLE: usize = 1 << 28;

/// The sizes of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Letters of a word.
    pub k: usize,
    /// Nucleotides of the longest sequence.
    pub max_length: usize,
    pub sequence: Track,
    /// Without: the network reads sequence alone.
    pub structure: Option<Track>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: Labels,
    /// The module over the joined features of the tracks; may be empty.
    pub joined: Vec<Convolution>,
    /// Width and stride of the max-pool after every convolution; what is left over is dropped.
    pub pool: usize,
    /// LSTM units per direction. With 0 there is no LSTM (an ablation of the paper): the dense
    /// layers read the steps side by side, with zeros up to those of the longest sequence.
    pub units: usize,
    /// Outputs of the dense layers before the last, which has one.
    pub dense: Vec<usize>,
    /// What follows them.
    pub activation: Activation,
}

fn is_default(labels: &Labels) -> bool {
    *labels == Labels::default()
}

/// An embedding and the module over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Values per word.
    pub dimension: usize,
    pub module: Vec<Convolution>,
}

/// A convolution with padding of width / 2 zeros on both sides, ReLU, max-pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    pub filters: usize,
    pub width: usize,
}

impl Convolution {
    /// Returns the zeros on each side.
    pub fn padding(self) -> usize {
        self.width / 2
    }
}

/// What follows a hidden dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing, as in the authors' code.
    Linear,
    Relu,
}

impl Config {
    /// Returns the sizes of the authors' code; the longest sequence is ours.
    pub fn published() -> Self {
        let module: Vec<Convolution> = [(128, 8), (64, 16), (32, 32)]
            .map(|(filters, width)| Convolution { filters, width })
            .into();
        let track = Track { dimension: 100, module: module.clone() };
        Self {
            k: 3,
            max_length: 1000,
            sequence: track.clone(),
            structure: Some(track),
            labels: Labels::Six,
            joined: module,
            pool: 2,
            units: 32,
            dense: vec![32],
            activation: Activation::Linear,
        }
    }

    /// Returns the number of sequence and of structure words.
    pub fn words(&self) -> (usize, usize) {
        let words = |letters: usize| letters.pow(self.k as u32);
        (words(BASES.len()), words(self.labels.alphabet().len()))
    }

    /// Returns the tracks by name, with their number of words.
    pub fn tracks(&self) -> Vec<(&'static str, &Track, usize)> {
        let (sequence, structure) = self.words();
        let mut tracks = vec![("sequence", &self.sequence, sequence)];
        tracks.extend(self.structure.as_ref().map(|track| ("structure", track, structure)));
        tracks
    }

    /// Returns the filters of the tracks' last convolutions, which are joined.
    pub fn join(&self) -> Vec<usize> {
        let last = |track: &Track| track.module.last().map_or(0, |layer| layer.filters);
        self.tracks().iter().map(|(_, track, _)| last(track)).collect()
    }

    /// Returns the positions that a module leaves of `positions`.
    pub fn pooled(&self, module: &[Convolution], positions: usize) -> usize {
        module.iter().fold(positions, |positions, layer| match positions {
            0 => 0,
            // Padding adds width, or width - 1 if that is odd; the convolution takes width - 1.
            some => (some + 1 - layer.width % 2) / self.pool,
        })
    }

    /// Returns the LSTM's steps for a sequence of `nt` nucleotides; 0 if it is too short.
    pub fn steps(&self, nt: usize) -> usize {
        let words = (nt + 1).saturating_sub(self.k);
        self.pooled(&self.joined, self.pooled(&self.sequence.module, words))
    }

    /// Returns the features that a module leaves at each step: those of the joined one, or of the
    /// tracks side by side.
    pub fn features(&self) -> usize {
        self.joined.last().map_or(self.join().iter().sum(), |layer| layer.filters)
    }

    /// Returns the values that the first dense layer reads.
    pub fn flat(&self) -> usize {
        match self.units {
            0 => self.steps(self.max_length) * self.features(),
            units => 2 * units,
        }
    }

    /// Returns the nucleotides of the shortest sequence that leaves the LSTM a step; `None` if the
    /// longest is too short.
    pub fn shortest(&self) -> Option<usize> {
        (self.k..=self.max_length).find(|&nt| self.steps(nt) > 0)
    }

    /// Checks that the sizes make a network.
    ///
    /// # Errors
    /// Says which size is wrong.
    pub fn check(&self) -> Result<(), Problem> {
        self.check_sizes()?;
        if self.k > LONGEST_WORD {
            return Err(format!("k is {}; words have up to {LONGEST_WORD} letters", self.k).into());
        }
        for (name, track, words) in self.tracks() {
            let Some(first) = track.module.first() else {
                return Err(format!("the {name} module has no convolution").into());
            };
            if words * first.width * padded(first.filters) > LARGEST_TABLE {
                let problem = "make k, or the first convolution's width or filters, smaller";
                return Err(format!("{words} {name} words are too many: {problem}").into());
            }
        }
        let even = |track: &Track| track.module.iter().map(|c| c.width % 2).collect::<Vec<_>>();
        if self.structure.as_ref().is_some_and(|track| even(track) != even(&self.sequence)) {
            return Err("the sequence and structure modules leave different positions: give them \
                        equally many convolutions, of widths that are both even or both odd"
                .into());
        }
        match self.shortest() {
            None => {
                Err(format!("nothing is left of max_length {} after pooling", self.max_length)
                    .into())
            }
            Some(_) => Ok(()),
        }
    }

    fn check_sizes(&self) -> Result<(), Problem> {
        let mut sizes = vec![
            ("k", self.k),
            ("max_length", self.max_length),
            ("pool", self.pool),
            // None is as good as any number of them.
            ("units", self.units.max(1)),
        ];
        sizes.extend(self.dense.iter().map(|&outputs| ("dense", outputs)));
        let tracks = [Some(&self.sequence), self.structure.as_ref()];
        let tracks: Vec<&Track> = tracks.into_iter().flatten().collect();
        sizes.extend(tracks.iter().map(|track| ("dimension", track.dimension)));
        let modules = tracks.iter().flat_map(|track| &track.module).chain(&self.joined);
        sizes.extend(modules.flat_map(|c| [("filters", c.filters), ("width", c.width)]));
        match sizes.iter().find(|(_, size)| !(1..=LARGEST).contains(size)) {
            Some((name, size)) => Err(format!("{name} is {size}; expected 1 to {LARGEST}").into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sizes_leave_the_positions_of_the_authors_code() {
        let config = Config::published();
        config.check().unwrap();
        // Their dense layer reads 2 positions of a 101-nt sequence and 6 of a 375-nt one.
        assert_eq!((config.steps(101), config.steps(375)), (2, 6));
        assert_eq!(config.shortest(), Some(3));
    }

    #[test]
    fn sizes_that_make_no_network_are_refused() {
        let refused = |change: fn(&mut Config), told: &str| {
            let mut config = Config::published();
            change(&mut config);
            let problem = config.check().unwrap_err();
            assert!(problem.contains(told), "{told:?} is not in {problem:?}");
        };
        refused(|c| c.k = 0, "k is 0");
        refused(|c| c.k = 7, "k is 7");
        refused(|c| c.pool = 0, "pool");
        refused(|c| c.max_length = 2, "max_length");
        refused(|c| c.sequence.module.clear(), "sequence module");
        refused(|c| c.joined[1].width = 0, "width");
        refused(|c| c.sequence.module[1].width = 15, "even or both odd");
        refused(|c| c.units = usize::MAX, "units");
        refused(|c| (c.k, c.sequence.module[0].width) = (6, 1 << 20), "too many");
    }
}
