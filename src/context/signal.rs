//! PolyA signals: the known hexamers, strongest first.

/// The polyA signals of human and mouse, strongest first: the 18 hexamers of Gruber et al. 2016
/// (Genome Research 26:1145-1159, doi:10.1101/gr.202432.115) in the order listed there.
pub const SIGNALS: [&str; 18] = [
    "AATAAA", "ATTAAA", "TATAAA", "AGTAAA", "AATACA", "CATAAA", "AATATA", "GATAAA", "AATGAA",
    "AATAAT", "AAGAAA", "ACTAAA", "AATAGA", "ATTACA", "AACAAA", "ATTATA", "AACAAG", "AATAAG",
];

/// Distances of a hexamer's first base from the site, in nt upstream.
pub const NEAREST: usize = 10;
/// See [`NEAREST`].
pub const FARTHEST: usize = 35;
/// Where the signal mostly starts; decides between two of the same hexamer.
const USUAL: usize = 21;

const NONE: u8 = u8::MAX;
const RANKS: [u8; 4096] = ranks();

/// Returns each hexamer's place in [`SIGNALS`], by its number in base 4 (A, C, G, T = 0..3).
const fn ranks() -> [u8; 4096] {
    let mut ranks = [NONE; 4096];
    let mut rank = 0;
    while rank < SIGNALS.len() {
        let letters = SIGNALS[rank].as_bytes();
        let (mut number, mut i) = (0, 0);
        while i < letters.len() {
            let code = match letters[i] {
                b'A' => 0,
                b'C' => 1,
                b'G' => 2,
                _ => 3,
            };
            number = number * 4 + code;
            i += 1;
        }
        ranks[number] = rank as u8;
        rank += 1;
    }
    ranks
}

/// Finds the strongest known hexamer whose first base lies 10 to 35 nt upstream of a site.
/// `upstream` holds the codes before the site in transcript direction; its last element is the
/// nucleotide just upstream of the site (distance 1). Returns the hexamer (RNA letters as DNA) and
/// the distance of its first base; of several equal hexamers the one whose distance is closest to
/// 21, then the nearer.
///
/// ```
/// use polyascan::context::signal::strongest;
/// use polyascan::genome::sequence::encode;
///
/// let upstream = encode(b"GGGAATAAAGGCGTCGGCGTCCTG").unwrap();
/// assert_eq!(strongest(&upstream), Some(("AATAAA", 21)));
/// assert_eq!(strongest(&upstream[4..]), None);
/// ```
pub fn strongest(upstream: &[u8]) -> Option<(&'static str, usize)> {
    let rank_at = |distance: usize| {
        let start = upstream.len().checked_sub(distance)?;
        rank(upstream.get(start..start + 6)?)
    };
    let found = (NEAREST..=FARTHEST).filter_map(|distance| Some((rank_at(distance)?, distance)));
    let best = found.min_by_key(|&(rank, distance)| (rank, distance.abs_diff(USUAL), distance));
    best.map(|(rank, distance)| (SIGNALS[rank], distance))
}

/// Returns whether a known hexamer begins at an index of a sequence (codes).
pub fn is_signal_at(codes: &[u8], index: usize) -> bool {
    signal_at(codes, index).is_some()
}

/// Returns the place in [`SIGNALS`] of the hexamer at an index of a sequence (codes), if it is
/// known.
pub fn signal_at(codes: &[u8], index: usize) -> Option<usize> {
    rank(codes.get(index..index + 6)?)
}

/// Returns a hexamer's place in [`SIGNALS`], given as codes.
fn rank(hexamer: &[u8]) -> Option<usize> {
    let number = hexamer.iter().try_fold(0, |number, &code| {
        if code < 4 { Some(number * 4 + usize::from(code)) } else { None }
    })?;
    RANKS.get(number).filter(|&&rank| rank != NONE).map(|&rank| usize::from(rank))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::sequence::{decode, encode};
    use proptest::prelude::*;

    /// 40 nt without any signal, with each hexamer put where its first base has that distance.
    fn upstream(signals: &[(&str, usize)]) -> Vec<u8> {
        let mut letters = vec![b'C'; 40];
        for (signal, distance) in signals {
            letters[40 - distance..][..6].copy_from_slice(signal.as_bytes());
        }
        encode(&letters).unwrap()
    }

    /// The rule word by word.
    fn brute_force(upstream: &[u8]) -> Option<(&'static str, usize)> {
        let letters = decode(upstream);
        for signal in SIGNALS {
            let mut best: Option<usize> = None;
            for distance in 10..=35 {
                if distance > letters.len()
                    || !letters[letters.len() - distance..].starts_with(signal.as_bytes())
                {
                    continue;
                }
                // Ascending distances: the nearer one stays on ties.
                let off = |d: usize| (d as i64 - 21).abs();
                if best.is_none_or(|other| off(distance) < off(other)) {
                    best = Some(distance);
                }
            }
            if let Some(distance) = best {
                return Some((signal, distance));
            }
        }
        None
    }

    #[test]
    fn every_signal_is_found_and_the_stronger_wins() {
        for (i, signal) in SIGNALS.iter().enumerate() {
            assert_eq!(strongest(&upstream(&[(signal, 15)])), Some((*signal, 15)));
            for weaker in &SIGNALS[i + 1..] {
                let both = upstream(&[(weaker, 21), (signal, 34)]);
                assert_eq!(strongest(&both), Some((*signal, 34)), "{weaker}");
            }
        }
    }

    #[test]
    fn only_the_stretch_upstream_counts() {
        for (distance, inside) in [(9, false), (10, true), (35, true), (36, false)] {
            let found = strongest(&upstream(&[("AATAAA", distance)]));
            assert_eq!(found, inside.then_some(("AATAAA", distance)));
        }
    }

    #[test]
    fn of_equal_signals_the_usual_distance_wins_then_the_nearer() {
        let found = |a, b| strongest(&upstream(&[("AATAAA", a), ("AATAAA", b)])).unwrap().1;
        assert_eq!(found(32, 12), 12);
        assert_eq!(found(12, 29), 29);
        assert_eq!(found(30, 12), 12);
    }

    #[test]
    fn short_or_unknown_sequence_has_no_signal() {
        assert_eq!(strongest(&[]), None);
        assert_eq!(strongest(&encode(b"AATAAACCC").unwrap()), None);
        assert_eq!(strongest(&encode(b"AATAAACCCC").unwrap()), Some(("AATAAA", 10)));
        assert_eq!(strongest(&encode(b"AATNAACCCCCCCC").unwrap()), None);
    }

    proptest! {
        #[test]
        fn the_rule_is_followed_to_the_letter(
            codes in prop::collection::vec(prop_oneof![6 => Just(0u8), 3 => Just(3u8), 1 => 0u8..5], 0..60)
        ) {
            prop_assert_eq!(strongest(&codes), brute_force(&codes));
        }
    }
}
