//! Passes over the sequences: each kernel's greatest activation, and its mean activation by place.

use rayon::prelude::*;

use super::{Found, Study};
use crate::error::{Error, Result};
use crate::interpret::soft::encoded;
use candle_core::DType;

/// Sequences between two looks at whether to go on.
const TURN: usize = 512;
/// Sequences whose sums are made by one thread.
const TOGETHER: usize = 64;

/// Of each sequence and kernel the greatest activation and its first place.
#[derive(Clone, Debug, PartialEq)]
pub struct Peaks {
    kernels: usize,
    values: Vec<f32>,
    places: Vec<u32>,
}

impl Peaks {
    /// Returns a sequence's greatest activation.
    pub fn value(&self, sequence: usize, kernel: usize) -> f32 {
        self.values[sequence * self.kernels + kernel]
    }

    /// Returns the first nucleotide of the first place with it, from 0.
    pub fn place(&self, sequence: usize, kernel: usize) -> usize {
        self.places[sequence * self.kernels + kernel] as usize
    }
}

/// Mean activations of the sequences above a kernel's limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profiles {
    /// By kernel, class and place: sequences whose greatest activation is there.
    pub maxima: Vec<Vec<Vec<u32>>>,
    /// Number of sequences that have the place, sum and sum of squares of their activations.
    sums: Vec<Vec<Vec<[f64; 3]>>>,
}

impl Profiles {
    /// Returns the mean and the standard deviation of a kernel's activation at a place; none
    /// without a sequence.
    pub fn mean(&self, kernel: usize, class: usize, place: usize) -> Option<(f64, f64)> {
        let [n, sum, squares] = self.sums[kernel][class][place];
        let mean = sum / n;
        (n > 0.0).then(|| (mean, (squares / n - mean * mean).max(0.0).sqrt()))
    }
}

impl Study<'_> {
    /// Returns the activations of each kernel at each place of a sequence: by bank places x
    /// kernels.
    fn activations(&self, sequence: usize) -> Result<Vec<Vec<Vec<f32>>>> {
        let window = self.sequences[sequence].window();
        let said = self.network.kernels(&encoded(self.network, &[window], DType::F32)?)?;
        let said = said.iter().map(|said| Ok(said.relu()?.squeeze(0)?.to_vec2()?));
        let said: Vec<Vec<Vec<f32>>> = said.collect::<Result<_>>()?;
        if said.iter().flatten().flatten().all(|value| value.is_finite()) {
            Ok(said)
        } else {
            let problem = format!(
                "sequence {} activates a kernel beyond any number",
                self.sequences[sequence].name
            );
            Err(Error::Internal(problem))
        }
    }

    /// Finds each kernel's greatest activation in each sequence; `step` is told the sequences done
    /// in each turn.
    ///
    /// # Errors
    /// Those of the network and of `step`.
    pub fn peaks(&self, mut step: impl FnMut(usize) -> Result<()>) -> Result<Peaks> {
        let kernels = self.kernels.len();
        let mut peaks = Peaks { kernels, values: Vec::new(), places: Vec::new() };
        let all: Vec<usize> = (0..self.sequences.len()).collect();
        for turn in all.chunks(TURN) {
            let found = turn.par_iter().map(|&sequence| Ok(greatest(&self.activations(sequence)?)));
            for (value, place) in found.collect::<Result<Vec<_>>>()?.into_iter().flatten() {
                peaks.values.push(value);
                peaks.places.push(place);
            }
            step(turn.len())?;
        }
        Ok(peaks)
    }

    /// Returns the mean activations of the sequences above each kernel's limit, and where their
    /// greatest ones lie.
    ///
    /// # Errors
    /// Those of the network and of `step`.
    pub fn profiles(
        &self,
        peaks: &Peaks,
        found: &[Found],
        mut step: impl FnMut(usize) -> Result<()>,
    ) -> Result<Profiles> {
        let mut above = vec![Vec::new(); self.sequences.len()];
        for (kernel, found) in found.iter().enumerate() {
            found.above.iter().for_each(|&sequence| above[sequence].push(kernel));
        }
        let mut all = self.no_profiles();
        for (kernel, found) in found.iter().enumerate() {
            for &sequence in &found.above {
                let class = self.sequences[sequence].class;
                all.maxima[kernel][class][peaks.place(sequence, kernel)] += 1;
            }
        }
        let numbers: Vec<usize> = (0..self.sequences.len()).collect();
        for turn in numbers.chunks(TURN) {
            let parts = turn.par_chunks(TOGETHER).map(|part| {
                let mut sums = self.no_profiles().sums;
                for &sequence in part.iter().filter(|&&sequence| !above[sequence].is_empty()) {
                    let said = self.activations(sequence)?;
                    let class = self.sequences[sequence].class;
                    for &kernel in &above[sequence] {
                        let (bank, column) = self.column(kernel);
                        for (sum, row) in sums[kernel][class].iter_mut().zip(&said[bank]) {
                            let value = f64::from(row[column]);
                            *sum = [sum[0] + 1.0, sum[1] + value, sum[2] + value * value];
                        }
                    }
                }
                Ok(sums)
            });
            // In order, so that threads do not show.
            for part in parts.collect::<Result<Vec<_>>>()? {
                let sums = all.sums.iter_mut().flatten().flatten();
                for (sum, more) in sums.zip(part.iter().flatten().flatten()) {
                    *sum = [sum[0] + more[0], sum[1] + more[1], sum[2] + more[2]];
                }
            }
            step(turn.len())?;
        }
        Ok(all)
    }

    fn no_profiles(&self) -> Profiles {
        let longest = self.sequences.iter().map(|sequence| sequence.codes.len()).max().unwrap_or(0);
        let places = |kernel: usize| {
            (longest + 1).saturating_sub(self.banks[self.kernels[kernel].bank].width)
        };
        let of = |kernel: usize| vec![vec![[0.0; 3]; places(kernel)]; self.classes.len()];
        let counts = |kernel: usize| vec![vec![0; places(kernel)]; self.classes.len()];
        let kernels = 0..self.kernels.len();
        Profiles { maxima: kernels.clone().map(counts).collect(), sums: kernels.map(of).collect() }
    }

    /// Returns a kernel's bank and its number there.
    fn column(&self, kernel: usize) -> (usize, usize) {
        let bank = self.kernels[kernel].bank;
        let before: usize = self.banks[..bank].iter().map(|bank| bank.kernels).sum();
        (bank, kernel - before)
    }
}

/// Returns each kernel's greatest activation and its first place.
fn greatest(said: &[Vec<Vec<f32>>]) -> Vec<(f32, u32)> {
    let of_bank = |places: &Vec<Vec<f32>>| {
        let mut best = vec![(f32::NEG_INFINITY, 0); places.first().map_or(0, Vec::len)];
        for (place, row) in places.iter().enumerate() {
            for (best, &value) in best.iter_mut().zip(row) {
                if value > best.0 {
                    *best = (value, place as u32);
                }
            }
        }
        best
    };
    said.iter().flat_map(of_bank).collect()
}
