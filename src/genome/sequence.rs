//! Nucleotides as small codes: A, C, G, T = 0..3 and 4 for everything that is not a definite base.

/// The code of N and of every other IUPAC ambiguity: an all-zero column in every one-hot encoding.
pub const UNKNOWN: u8 = 4;

const NOT_A_NUCLEOTIDE: u8 = 255;

const CODES: [u8; 256] = {
    let mut table = [NOT_A_NUCLEOTIDE; 256];
    let ambiguous = b"NRYSWKMBDHVXnryswkmbdhvx-*.";
    let mut i = 0;
    while i < ambiguous.len() {
        table[ambiguous[i] as usize] = UNKNOWN;
        i += 1;
    }
    // U is read as T: RNA sequences are accepted.
    let bases = [(b'A', 0u8), (b'C', 1), (b'G', 2), (b'T', 3), (b'U', 3)];
    let mut i = 0;
    while i < bases.len() {
        table[bases[i].0 as usize] = bases[i].1;
        table[bases[i].0.to_ascii_lowercase() as usize] = bases[i].1;
        i += 1;
    }
    table
};

/// Returns the code of a letter, or `None` where it is not a nucleotide letter (IUPAC, gap or `*`).
/// Case is ignored; U counts as T.
///
/// ```
/// use polyascan::genome::sequence::{code, UNKNOWN};
/// assert_eq!(code(b'g'), Some(2));
/// assert_eq!(code(b'R'), Some(UNKNOWN));
/// assert_eq!(code(b'!'), None);
/// ```
pub fn code(letter: u8) -> Option<u8> {
    let code = CODES[letter as usize];
    (code != NOT_A_NUCLEOTIDE).then_some(code)
}

/// Returns the codes of `letters`, or the index of the first letter that is not a nucleotide.
pub fn encode(letters: &[u8]) -> Result<Vec<u8>, usize> {
    letters.iter().enumerate().map(|(i, &letter)| code(letter).ok_or(i)).collect()
}

/// The code of a letter that an alphabet of other letters than nucleotides lacks.
pub const NO_LETTER: u8 = u8::MAX;

/// How letters of sequences become codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Coder {
    /// As [`encode`].
    #[default]
    Nucleotides,
    /// The places of letters in an alphabet of upper-case ASCII, [`NO_LETTER`] of another letter.
    Letters(String),
}

impl Coder {
    /// Returns the coder of a model that reads these letters, or nucleotides.
    pub fn of(letters: Option<&str>) -> Self {
        letters.map_or(Self::Nucleotides, |letters| Self::Letters(letters.to_owned()))
    }

    /// Returns the codes of `letters`, or the index of the first that is no letter at all: of an
    /// alphabet, neither in it nor a letter, gap or `*`. Case is ignored.
    pub fn encode(&self, letters: &[u8]) -> Result<Vec<u8>, usize> {
        let Self::Letters(alphabet) = self else { return encode(letters) };
        let code = |(at, letter): (usize, &u8)| {
            let letter = letter.to_ascii_uppercase();
            match alphabet.bytes().position(|known| known == letter) {
                Some(place) => Ok(place as u8),
                None if letter.is_ascii_alphabetic() || b"*-.".contains(&letter) => Ok(NO_LETTER),
                None => Err(at),
            }
        };
        letters.iter().enumerate().map(code).collect()
    }

    /// Returns what a letter is not that is none.
    pub fn letter(&self) -> String {
        match self {
            Self::Nucleotides => "nucleotide".to_owned(),
            Self::Letters(alphabet) => format!("letter of {alphabet}"),
        }
    }
}

/// Returns the upper-case letters (`ACGTN`) of `codes`.
pub fn decode(codes: &[u8]) -> Vec<u8> {
    codes.iter().map(|&code| b"ACGTN"[usize::from(code.min(UNKNOWN))]).collect()
}

/// Returns the complement of one code.
pub fn complement(code: u8) -> u8 {
    if code < UNKNOWN { 3 - code } else { code }
}

/// Returns the reverse complement of `codes`.
///
/// ```
/// use polyascan::genome::sequence::{decode, encode, reverse_complement};
/// let codes = encode(b"AACGTN").unwrap();
/// assert_eq!(decode(&reverse_complement(&codes)), b"NACGTT");
/// ```
pub fn reverse_complement(codes: &[u8]) -> Vec<u8> {
    codes.iter().rev().map(|&code| complement(code)).collect()
}

/// Returns `length` codes from index `start` of `codes`, unknown where that lies outside of them.
///
/// ```
/// use polyascan::genome::sequence::{decode, encode, stretch};
/// let codes = encode(b"ACGT").unwrap();
/// assert_eq!(decode(&stretch(&codes, -2, 4)), b"NNAC");
/// assert_eq!(decode(&stretch(&codes, 3, 4)), b"TNNN");
/// ```
pub fn stretch(codes: &[u8], start: isize, length: usize) -> Vec<u8> {
    let at = |i: usize| usize::try_from(start + i as isize).ok();
    (0..length).map(|i| *at(i).and_then(|at| codes.get(at)).unwrap_or(&UNKNOWN)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_an_alphabet_are_coded_by_their_places() {
        let coder = Coder::of(Some("ACDW"));
        assert_eq!(coder.encode(b"wDx*a"), Ok(vec![3, 2, NO_LETTER, NO_LETTER, 0]));
        assert_eq!(coder.encode(b"AC>D"), Err(2));
        assert_eq!(Coder::of(None).encode(b"ACGUn"), Ok(vec![0, 1, 2, 3, UNKNOWN]));
    }
}
