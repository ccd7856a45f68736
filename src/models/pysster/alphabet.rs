//! The letters that a model reads, and what becomes of others: nucleotides, or any other letters,
//! e.g. amino acids.
//!
//! pysster replaces a character that its alphabets lack (N; the labels F and T of unpaired ends) by
//! a letter drawn at random, so that a sequence gets another score each time. Here the draw is
//! fixed by the position in the window alone: reference and variant, any order and any number of
//! threads get the same one.

use crate::error::Problem;
use crate::genome::sequence::{NO_LETTER, UNKNOWN};
use crate::models::Window;

/// Alphabet of models with that many channels, where nothing is said.
const DEFAULTS: [(usize, &str); 2] = [(4, "ACGU"), (16, "ACGU,HIMS")];

/// Letters of sequence and structure in the order of the channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alphabet {
    /// Index of A, C, G, T and N in the sequence's letters; N may be none of them. `None` where the
    /// letters are no nucleotides: codes are their indices.
    bases: Option<[Option<u8>; 5]>,
    /// Upper case.
    sequence: String,
    /// Upper case; empty for models of the sequence alone.
    structure: String,
    /// Index of each byte in `structure`.
    labels: Box<[Option<u8>; 256]>,
}

impl Alphabet {
    /// Reads `ACGU`, or `ACGU,HIMS` for sequence and structure. Sequence letters are A, C, G and U
    /// or T in any order, and N if the model has it; or, if there are others, any that pysster
    /// takes (`ACDEFGHIKLMNPQRSTVWY`). So are structure letters.
    ///
    /// # Errors
    /// If a base is missing, a letter occurs twice or is none.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let (sequence, structure) = text.split_once(',').unwrap_or((text, ""));
        let (sequence, structure) = (sequence.to_ascii_uppercase(), structure.to_ascii_uppercase());
        let problem = |what: &str| Problem::from(format!("alphabet {text:?}: {what}"));
        let bases = if sequence.bytes().all(|letter| b"ACGTUN".contains(&letter)) {
            Some(bases(&sequence).map_err(problem)?)
        } else {
            places(&sequence).ok_or_else(|| {
                problem("sequence letters are letters, digits or ()[]{}<>.| and each occurs once")
            })?;
            None
        };
        let labels = places(&structure).ok_or_else(|| {
            problem("structure letters are letters, digits or ()[]{}<>,.| and each occurs once")
        })?;
        if sequence.len() * structure.len() > usize::from(u8::MAX) {
            return Err(problem("more than 255 combinations of letters are not supported"));
        }
        Ok(Self { bases, sequence, structure, labels })
    }

    /// Returns the alphabet that published models with so many channels have.
    pub fn usual(channels: usize) -> Option<&'static str> {
        DEFAULTS.iter().find(|(n, _)| *n == channels).map(|(_, alphabet)| *alphabet)
    }

    /// Returns the number of letters of the network's input.
    pub fn channels(&self) -> usize {
        self.sequence.len() * self.structure.len().max(1)
    }

    /// Returns the sequence's letters, in the order of their codes, where these are no nucleotides.
    pub fn letters(&self) -> Option<&str> {
        self.bases.is_none().then_some(self.sequence.as_str())
    }

    /// Returns the structure's letters, if there are any.
    pub fn structure(&self) -> Option<&str> {
        Some(self.structure.as_str()).filter(|letters| !letters.is_empty())
    }

    /// Appends the window's letters: structure letters x base + structure.
    pub fn encode(&self, window: &Window<'_>, letters: &mut Vec<u8>) {
        let (count, all) = (self.structure.len() as u8, self.sequence.len() as u8);
        let known = |code: u8| match &self.bases {
            Some(bases) => bases[usize::from(code.min(UNKNOWN))],
            None => Some(code).filter(|&code| code != NO_LETTER && code < all),
        };
        let base = |(position, &code): (usize, &u8)| {
            known(code).unwrap_or_else(|| draw(2 * position, all))
        };
        let bases = window.codes.iter().enumerate().map(base);
        match window.structure.filter(|_| count > 0) {
            None => letters.extend(bases),
            Some(structure) => {
                letters.extend(bases.zip(structure).enumerate().map(|(position, (base, label))| {
                    let label = self.labels[usize::from(label.to_ascii_uppercase())]
                        .unwrap_or_else(|| draw(2 * position + 1, count));
                    count * base + label
                }))
            }
        }
    }
}

/// Returns the index of A, C, G, T or U, and N in letters of these alone.
fn bases(letters: &str) -> Result<[Option<u8>; 5], &'static str> {
    let mut bases = [None; 5];
    for (index, letter) in letters.bytes().enumerate() {
        let code = b"ACGTN".iter().position(|&base| base == letter).unwrap_or(3);
        if bases[code].replace(index as u8).is_some() {
            return Err(
                "sequence letters are A, C, G and U or T, each once, and N if there is one",
            );
        }
    }
    if bases[..4].contains(&None) {
        return Err("A, C, G and U or T are needed; structure letters follow a comma");
    }
    Ok(bases)
}

/// Returns the index of each byte in letters that pysster takes; `None` if one is another or occurs
/// twice.
fn places(letters: &str) -> Option<Box<[Option<u8>; 256]>> {
    let mut places = Box::new([None; 256]);
    for (index, letter) in letters.bytes().enumerate() {
        let fits = letter.is_ascii_alphanumeric() || b"()[]{}<>,.|".contains(&letter);
        if !fits || places[usize::from(letter)].replace(index as u8).is_some() {
            return None;
        }
    }
    Some(places)
}

/// Returns a number below `letters` that looks random but depends on `place` alone (SplitMix64;
/// Steele, Lea & Flood 2014).
fn draw(place: usize, letters: u8) -> u8 {
    let mut z = (place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    // The high half times the number of letters: uniform up to 2^-32.
    (((z >> 32) * u64::from(letters)) >> 32) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::sequence::Coder;

    fn letters(alphabet: &str, sequence: &str, structure: Option<&str>) -> Vec<u8> {
        let alphabet = Alphabet::new(alphabet).unwrap();
        let codes = Coder::of(alphabet.letters()).encode(sequence.as_bytes()).unwrap();
        let structure = structure.map(str::as_bytes);
        let window = Window { codes: &codes, structure, features: &[] };
        let mut letters = Vec::new();
        alphabet.encode(&window, &mut letters);
        letters
    }

    #[test]
    fn a_letter_is_base_times_structure() {
        assert_eq!(letters("ACGU,HIMS", "ACGUT", Some("HIMSs")), [0, 5, 10, 15, 15]);
        assert_eq!(letters("TGCA,.()", "acgt", Some(".().")), [9, 7, 5, 0]);
        assert_eq!(letters("ACGTN", "ACGTNR", None), [0, 1, 2, 3, 4, 4]);
        assert_eq!(letters("ACGU,,|", "AC", Some("|,")), [1, 2]);
    }

    #[test]
    fn letters_of_any_alphabet_are_read_by_their_places() {
        const PROTEIN: &str = "ACDEFGHIKLMNPQRSTVWY";
        assert_eq!(letters(PROTEIN, "ACdwY", None), [0, 1, 2, 18, 19]);
        let joined = format!("{PROTEIN},HEC");
        assert_eq!(letters(&joined, "AY", Some("EC")), [1, 59]);
        let drawn = letters(PROTEIN, &"X".repeat(2_000), None);
        for letter in 0..20 {
            let count = drawn.iter().filter(|&&other| other == letter).count();
            assert!((60..140).contains(&count), "{letter}: {count}");
        }
        assert_eq!(Alphabet::new(PROTEIN).unwrap().letters(), Some(PROTEIN));
        assert_eq!(Alphabet::new("ACGU").unwrap().letters(), None);
    }

    #[test]
    fn what_the_alphabet_lacks_is_drawn_by_position_alone() {
        let (n, all) = (4_000, "N".repeat(4_000));
        let drawn = letters("ACGU", &all, None);
        for base in 0..4 {
            let count = drawn.iter().filter(|&&letter| letter == base).count();
            assert!((n / 4 - 120..n / 4 + 120).contains(&count), "{count}");
        }
        // Neighbours change nothing, and the structure has draws of its own.
        assert_eq!(letters("ACGU", &format!("ACG{}", &all[3..]), None)[3..], drawn[3..]);
        let both = letters("ACGU,HIMS", &all, Some(&"F".repeat(n)));
        assert!(both.iter().zip(&drawn).all(|(both, base)| both / 4 == *base));
        let same = both.iter().zip(&drawn).filter(|(both, base)| *both % 4 == **base).count();
        assert!((n / 4 - 120..n / 4 + 120).contains(&same), "{same}");
    }

    #[test]
    fn what_is_no_alphabet_is_refused() {
        for (text, told) in [
            ("ACG", "are needed"),
            ("", "are needed"),
            ("ACGUT", "each once"),
            ("ACGXX", "each occurs once"),
            ("AC;X", "each occurs once"),
            ("ACGU,HIMH", "occurs once"),
            ("ACGU,H S", "structure letters are"),
        ] {
            assert!(Alphabet::new(text).unwrap_err().contains(told), "{text}");
        }
        assert_eq!(Alphabet::new("ACGU,HIMS").unwrap().channels(), 16);
        assert_eq!(Alphabet::new("ACGU").unwrap().structure(), None);
    }
}
