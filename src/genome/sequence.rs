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
