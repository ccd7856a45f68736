//! What is planted, in transcript direction: polyA sites, decoys, splice sites.
//!
//! Base compositions were counted around 596 measured human and mouse sites with AATAAA or ATTAAA.
//! APARENT2's log-odds of a cut (median of 200 sites): sites 2.2, the same with a breaking variant
//! -0.5, latent sites -1.5, mended 1.2, decoys -4.5; real human signals -1.3, the strongest 1% 1.9.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::background::nucleotide;
use crate::genome::sequence::encode;

/// Nucleotides of a polyA site's surroundings before the site itself.
pub(super) const UPSTREAM: usize = 100;
/// Nucleotides of a decoy's surroundings on either side of its hexamer.
pub(super) const DECOY_FLANK: usize = 60;
/// The signal of every decoy, and of latent sites once mended.
pub(super) const CANONICAL: &str = "AATAAA";

/// Signals and their weights: the two strong ones, in the proportion of human sites (53 to 17).
const SIGNALS: [(&str, u32); 2] = [(CANONICAL, 53), ("ATTAAA", 17)];
/// AATAAA with one base changed (index, its base in AATAAA) to none of the known weaker signals.
const BROKEN_SIGNALS: [(&str, usize, u8); 2] = [("AACAAA", 2, b'T'), ("AATCAA", 3, b'A')];
/// Distance of a signal's first base to the site.
const SIGNAL_OFFSETS: std::ops::RangeInclusive<usize> = 18..=24;

/// (nucleotides, weights of A, C, G, T) from [`UPSTREAM`] nt before the site to 80 nt after it.
const COMPOSITION: [(usize, [u32; 4]); 6] = [
    (60, [28, 19, 19, 34]),
    (15, [34, 15, 15, 36]),
    (26, [28, 16, 17, 39]),
    (9, [20, 18, 23, 39]),
    (20, [20, 16, 18, 46]),
    (51, [27, 19, 23, 31]),
];
/// Before the signal, and right after it.
const A_RICH: [u32; 4] = [55, 12, 13, 20];
/// Elements 80 to 40 nt upstream: where cleavage factor I binds (UGUA), and T-rich ones.
const UGUA: [&str; 4] = ["TGTA", "TTTGTA", "TGTATT", "TTGTAT"];
const T_RICH: [&str; 3] = ["TTTTCTTTTT", "TCTTTTGTTT", "TTTTTCTTGT"];
/// First bases of the three places for them, nt upstream; far enough apart not to overlap.
const UPSTREAM_PLACES: [std::ops::RangeInclusive<usize>; 3] = [72..=80, 61..=66, 47..=51];
/// Where the cleavage stimulation factor binds, 10 to 30 nt after the cut.
const GU_RICH: [&str; 6] = [
    "TGTGTCTTTGTTTTCTT",
    "TGTGTGTTGGTTTTTTGTGTG",
    "TTGTGTGTCTTTTTGTTT",
    "TGTTTTTGTGTCTTTTG",
    "GTTGTGTTTTCTGTGTTT",
    "TCTGTGTGTTGTTTTTGT",
];
/// The same for latent sites: with a long one they would pass for sites without their signal.
const GU_SHORT: [&str; 4] = ["TGTGTCT", "CTGTGTT", "TGTGTGC", "GTCTGTT"];
/// Auxiliary element 35 to 60 nt after the cut.
const G_RICH: [&str; 4] = ["GGGAGGGTGGG", "TGGGGAGGGAGGGG", "GGGGTGGGGCTGG", "AGGGAGGGGCAGGG"];

/// Surroundings of a polyA site.
pub(super) struct Surroundings {
    /// Codes from [`UPSTREAM`] nt before the site; the site is at index [`UPSTREAM`].
    pub codes: Vec<u8>,
    /// The signal, intact or broken.
    pub signal: &'static str,
    /// Distance of its first base to the site.
    pub offset: usize,
    /// In a broken signal: the index to change, and the letter that mends it.
    pub mend: Option<(usize, u8)>,
}

/// Returns the surroundings of a site that is cut.
pub(super) fn site(rng: &mut impl Rng) -> Surroundings {
    let draw = rng.random_range(0..SIGNALS.iter().map(|signal| signal.1).sum());
    let signal = if draw < SIGNALS[0].1 { SIGNALS[0].0 } else { SIGNALS[1].0 };
    surroundings(rng, signal, None)
}

/// Returns the surroundings of a site whose signal has one wrong base.
pub(super) fn latent(rng: &mut impl Rng) -> Surroundings {
    let (signal, index, letter) = BROKEN_SIGNALS[rng.random_range(0..BROKEN_SIGNALS.len())];
    surroundings(rng, signal, Some((index, letter)))
}

/// Returns a decoy: AATAAA at index [`DECOY_FLANK`] of plain, G+C-rich sequence.
pub(super) fn decoy(rng: &mut impl Rng) -> Vec<u8> {
    let length = 2 * DECOY_FLANK + CANONICAL.len();
    let mut codes: Vec<u8> = (0..length).map(|_| nucleotide(rng, [20, 32, 32, 16])).collect();
    put(&mut codes, DECOY_FLANK, CANONICAL);
    codes
}

/// Returns the first bases of an intron.
pub(super) fn donor(rng: &mut impl Rng) -> Vec<u8> {
    letters(pick(rng, &["GTAAGT", "GTGAGT", "GTAAGA", "GTATGT"]))
}

/// Returns the last bases of an intron: T and C, then AG.
pub(super) fn acceptor(rng: &mut impl Rng) -> Vec<u8> {
    let mut codes: Vec<u8> = (0..14).map(|_| nucleotide(rng, [4, 36, 4, 56])).collect();
    codes.extend(letters("CAG"));
    codes
}

fn surroundings(
    rng: &mut impl Rng,
    signal: &'static str,
    mend: Option<(usize, u8)>,
) -> Surroundings {
    let mut codes = Vec::new();
    for (length, weights) in COMPOSITION {
        codes.extend((0..length).map(|_| nucleotide(rng, weights)));
    }
    let ugua = rng.random_range(1..=UPSTREAM_PLACES.len());
    for (i, place) in UPSTREAM_PLACES.into_iter().enumerate() {
        let element = if i < ugua { pick(rng, &UGUA) } else { pick(rng, &T_RICH) };
        put(&mut codes, UPSTREAM - rng.random_range(place), element);
    }
    let offset = rng.random_range(SIGNAL_OFFSETS);
    let start = UPSTREAM - offset;
    let end = start + signal.len();
    for code in &mut codes[start - 7..end + 3] {
        *code = nucleotide(rng, A_RICH);
    }
    put(&mut codes, start, signal);
    // Cut after CA, sometimes TA or GA; no A follows, or the place would be ambiguous.
    codes[UPSTREAM - 1] = nucleotide(rng, [0, 80, 8, 12]);
    codes[UPSTREAM] = 0;
    codes[UPSTREAM + 1] = nucleotide(rng, [0, 25, 35, 40]);
    let downstream = pick(rng, if mend.is_none() { &GU_RICH } else { &GU_SHORT });
    put(&mut codes, UPSTREAM + rng.random_range(9..=11), downstream);
    put(&mut codes, UPSTREAM + rng.random_range(36..=45), pick(rng, &G_RICH));
    Surroundings { codes, signal, offset, mend }
}

fn pick<'a>(rng: &mut impl Rng, from: &[&'a str]) -> &'a str {
    from.choose(rng).copied().unwrap_or_default()
}

fn put(codes: &mut [u8], at: usize, text: &str) {
    codes[at..at + text.len()].copy_from_slice(&letters(text));
}

fn letters(text: &str) -> Vec<u8> {
    encode(text.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::genome::sequence::decode;

    #[test]
    fn every_element_is_where_it_belongs() {
        for seed in 0..200 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let site = if seed % 2 == 0 { site(&mut rng) } else { latent(&mut rng) };
            let text = String::from_utf8(decode(&site.codes)).unwrap();
            assert_eq!(text.len(), 181);
            assert_eq!(&text[UPSTREAM - site.offset..][..6], site.signal);
            assert!(SIGNAL_OFFSETS.contains(&site.offset));
            assert_eq!(&text[UPSTREAM..=UPSTREAM], "A");
            assert_ne!(&text[UPSTREAM + 1..UPSTREAM + 2], "A");
            assert!(text[UPSTREAM - 80..UPSTREAM - 40].contains("TGTA"));
            let downstream = &text[UPSTREAM + 9..UPSTREAM + 33];
            assert!(GU_RICH.iter().chain(&GU_SHORT).any(|element| downstream.contains(element)));
            assert!(G_RICH.iter().any(|e| text[UPSTREAM + 36..UPSTREAM + 60].contains(e)));
            let mended = site.mend.map(|(index, letter)| {
                let mut signal = site.signal.to_owned().into_bytes();
                signal[index] = letter;
                String::from_utf8(signal).unwrap()
            });
            assert_eq!(mended.is_some(), seed % 2 == 1);
            assert!(mended.is_none_or(|signal| signal == CANONICAL));
        }
    }

    #[test]
    fn introns_begin_with_gt_and_end_with_ag() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert!(decode(&donor(&mut rng)).starts_with(b"GT"));
        assert!(decode(&acceptor(&mut rng)).ends_with(b"AG"));
    }
}
