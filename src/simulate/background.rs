//! The sequence between planted things.

use std::ops::Range;

use rand::{Rng, RngExt};

/// Dinucleotide frequencies of the human genome, per cent, both strands taken together (counted in
/// 11.3 Mb of hg38): 41% G+C, and CpG at a fifth of what chance would give. Rows are the first
/// nucleotide, A, C, G, T.
const DINUCLEOTIDES: [[f64; 4]; 4] = [
    [9.77, 5.04, 6.98, 7.72],
    [7.27, 5.22, 1.01, 6.98],
    [5.93, 4.28, 5.22, 5.04],
    [6.54, 5.93, 7.27, 9.77],
];

/// Lengths of soft-masked stretches and of those between them, nt: from an Alu's to an L1's.
const MASKED: Range<usize> = 200..2000;
const UNMASKED: Range<usize> = 300..5000;

/// Returns `length` codes of a first-order Markov chain.
pub(super) fn sequence(rng: &mut impl Rng, length: usize) -> Vec<u8> {
    let thresholds = DINUCLEOTIDES.map(cumulative);
    let mut state = 3usize;
    let next = || {
        let draw = rng.next_u32();
        state = thresholds[state].iter().filter(|&&threshold| draw >= threshold).count();
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Returns one code, drawn with `weights` for A, C, G, T.
pub(super) fn nucleotide(rng: &mut impl Rng, weights: [u32; 4]) -> u8 {
    let mut draw = rng.random_range(0..weights.iter().sum());
    for (code, weight) in weights.into_iter().enumerate() {
        if draw < weight {
            return code as u8;
        }
        draw -= weight;
    }
    0
}

/// Returns the soft-masked stretches of a contig, ascending.
pub(super) fn masks(rng: &mut impl Rng, length: usize) -> Vec<Range<usize>> {
    let mut masks = Vec::new();
    let mut start = rng.random_range(UNMASKED);
    while start < length {
        let end = (start + rng.random_range(MASKED)).min(length);
        masks.push(start..end);
        start = end + rng.random_range(UNMASKED);
    }
    masks
}

/// Returns where in the range of `u32` the second, third and fourth nucleotide begin.
fn cumulative(row: [f64; 4]) -> [u32; 3] {
    let total: f64 = row.iter().sum();
    let mut sum = 0.0;
    std::array::from_fn(|i| {
        sum += row[i];
        (sum / total * f64::from(u32::MAX)) as u32
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn has_human_composition() {
        let codes = sequence(&mut ChaCha8Rng::seed_from_u64(1), 1_000_000);
        let gc = codes.iter().filter(|&&code| code == 1 || code == 2).count();
        assert!((400_000..420_000).contains(&gc), "{gc}");
        let cpg = codes.windows(2).filter(|pair| pair == &[1, 2]).count();
        assert!((9_000..11_500).contains(&cpg), "{cpg}");
    }

    #[test]
    fn masks_are_apart_and_inside() {
        let masks = masks(&mut ChaCha8Rng::seed_from_u64(1), 100_000);
        assert!(masks.len() > 10);
        assert!(masks.windows(2).all(|pair| pair[0].end < pair[1].start));
        assert!(masks.iter().all(|mask| mask.start < mask.end && mask.end <= 100_000));
    }
}
