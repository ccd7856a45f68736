//! Overlapping k-mers as indices of an embedding's rows.
//!
//! The first letter counts most: with k = 3, ACG is 0 x 16 + 1 x 4 + 2 of the 64 sequence words.

use serde::{Deserialize, Serialize};

use crate::genome::sequence::UNKNOWN;
use crate::structure::LABELS;

/// The bases in the order of their codes 0..4.
pub const BASES: [u8; 4] = *b"ACGT";

/// Returns the word that begins at each position (n - k + 1 of them, none if n < k): `None` where
/// one of its letters has a code of `alphabet` or above.
pub fn words(
    codes: &[u8],
    k: usize,
    alphabet: usize,
) -> impl ExactSizeIterator<Item = Option<usize>> {
    codes.windows(k).map(move |word| {
        word.iter().try_fold(0, |index, &code| {
            let code = usize::from(code);
            (code < alphabet).then_some(index * alphabet + code)
        })
    })
}

/// Which structure labels words are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// All of [`LABELS`]: with k = 3, 216 words, as in the authors' code.
    #[default]
    Six,
    /// The unpaired 3' end counts as the 5' end: 125 words, the number that the paper names.
    Five,
}

impl Labels {
    /// Returns the labels that are told apart, in the order of their codes.
    pub fn alphabet(self) -> &'static [u8] {
        match self {
            Self::Six => LABELS,
            Self::Five => b"FHIMS",
        }
    }

    /// Returns the codes of labels, their places in the alphabet; what is no label has the code
    /// 255.
    pub fn codes(self, labels: &[u8]) -> Vec<u8> {
        let code = |&label: &u8| {
            let label = if self == Self::Five && label == b'T' { b'F' } else { label };
            self.alphabet().iter().position(|&known| known == label)
        };
        labels.iter().map(|label| code(label).map_or(u8::MAX, |code| code as u8)).collect()
    }
}

/// Returns the letters of a word.
///
/// ```
/// use polyascan::models::deeprke::words::{BASES, spell, words};
/// let index = words(&[0, 1, 2], 3, 4).next().flatten().unwrap_or_default();
/// assert_eq!(spell(index, 3, &BASES), "ACG");
/// ```
pub fn spell(word: usize, k: usize, alphabet: &[u8]) -> String {
    let letter = |place: usize| {
        let code = word / alphabet.len().pow(place as u32) % alphabet.len();
        char::from(alphabet[code])
    };
    (0..k).rev().map(letter).collect()
}

const _: () = assert!(UNKNOWN as usize >= BASES.len());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_spelled_as_it_is_read() {
        for k in 1..4 {
            for word in 0..BASES.len().pow(k as u32) {
                let letters = spell(word, k, &BASES);
                let codes = crate::genome::sequence::encode(letters.as_bytes()).unwrap();
                assert_eq!(words(&codes, k, 4).collect::<Vec<_>>(), [Some(word)]);
            }
            for labels in [Labels::Six, Labels::Five] {
                let alphabet = labels.alphabet();
                for word in 0..alphabet.len().pow(k as u32) {
                    let codes = labels.codes(spell(word, k, alphabet).as_bytes());
                    assert_eq!(words(&codes, k, alphabet.len()).collect::<Vec<_>>(), [Some(word)]);
                }
            }
        }
    }

    #[test]
    fn a_word_with_an_unknown_letter_is_none() {
        let found: Vec<_> = words(&[0, 1, UNKNOWN, 2, 3], 2, 4).collect();
        assert_eq!(found, [Some(1), None, None, Some(11)]);
        let codes = Labels::Six.codes(b"SxF");
        assert_eq!(words(&codes, 1, 6).collect::<Vec<_>>(), [Some(5), None, Some(0)]);
        assert_eq!(words(&[0, 1], 3, 4).len(), 0);
    }

    #[test]
    fn of_five_labels_both_unpaired_ends_are_one() {
        assert_eq!(Labels::Five.codes(b"FTHIMS"), [0, 0, 1, 2, 3, 4]);
        assert_eq!(Labels::Six.codes(b"FTHIMS"), [0, 1, 2, 3, 4, 5]);
    }
}
