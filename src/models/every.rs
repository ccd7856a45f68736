//! Windows at a stride along sequences.

use super::{Length, Window};

impl<'a> Window<'a> {
    /// Returns `length` nucleotides from `start` on, and what goes with them.
    fn part(&self, start: usize, length: usize) -> Self {
        let Self { codes, structure, features } = *self;
        let nt = start..start + length;
        Self { codes: &codes[nt.clone()], structure: structure.map(|all| &all[nt]), features }
    }
}

/// Returns the starts of windows of `length` nucleotides, every `every`-th, in a sequence of `nt`.
pub fn starts(nt: usize, length: usize, every: usize) -> impl ExactSizeIterator<Item = usize> {
    (0..(nt + 1).saturating_sub(length)).step_by(every.max(1))
}

/// Returns the windows of sequences one behind the other, or the sequences where a model reads whole
/// ones.
pub fn windows<'a>(length: Length, sequences: &[Window<'a>], every: usize) -> Vec<Window<'a>> {
    let Length::Exactly(length) = length else { return sequences.to_vec() };
    let of = |sequence: &Window<'a>| {
        let sequence = *sequence;
        starts(sequence.codes.len(), length, every).map(move |start| sequence.part(start, length))
    };
    sequences.iter().flat_map(of).collect()
}
