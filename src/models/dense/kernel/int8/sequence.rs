//! A sequence that shows what activations a network has.

/// Bases of a kind of stretch: of 16 so many are A, C, G and T.
const COMPOSITIONS: [[u64; 4]; 6] =
    [[4, 4, 4, 4], [6, 2, 2, 6], [2, 6, 6, 2], [8, 2, 2, 4], [4, 2, 2, 8], [5, 3, 3, 5]];
/// Of a composition.
const SHARES: u64 = 16;
const AATAAA: [u8; 6] = [0, 0, 3, 0, 0, 0];
/// Where the elements behind a signal lie, from its first base.
const DOWNSTREAM: std::ops::Range<usize> = 20..50;

/// Knuth's linear congruential generator (MMIX): the same numbers in every version of this program.
struct Numbers(u64);

impl Numbers {
    /// Returns a number below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
        const INCREMENT: u64 = 1_442_695_040_888_963_407;
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        // The high bits are the good ones.
        (self.0 >> 33) % bound
    }
}

/// Returns the codes of a fixed sequence with much of what genomes have: stretches rich in A and T
/// or in G and C, runs of one base, polyA signals and what follows them.
pub fn sequence(length: usize) -> Vec<u8> {
    let mut numbers = Numbers(1);
    let mut codes = Vec::with_capacity(length + 400);
    while codes.len() < length {
        let composition = COMPOSITIONS[numbers.below(COMPOSITIONS.len() as u64) as usize];
        let start = codes.len();
        codes.extend((0..100 + numbers.below(300)).map(|_| base(&composition, &mut numbers)));
        plant(&mut codes[start..], &mut numbers);
    }
    codes.truncate(length);
    codes
}

/// Draws a base.
fn base(composition: &[u64; 4], numbers: &mut Numbers) -> u8 {
    let mut place = numbers.below(SHARES);
    for (base, &share) in (0..).zip(composition) {
        match place.checked_sub(share) {
            Some(rest) => place = rest,
            None => return base,
        }
    }
    0
}

/// Puts AATAAA, or a neighbour of it, with T and GT behind it into a stretch, and maybe a run.
fn plant(stretch: &mut [u8], numbers: &mut Numbers) {
    let at = numbers.below((stretch.len() - DOWNSTREAM.end) as u64) as usize;
    stretch[at..at + AATAAA.len()].copy_from_slice(&AATAAA);
    if numbers.below(2) == 0 {
        stretch[at + numbers.below(AATAAA.len() as u64) as usize] = numbers.below(4) as u8;
    }
    for place in DOWNSTREAM.map(|place| at + place) {
        match numbers.below(4) {
            0 => stretch[place] = 3,
            1 => stretch[place] = 2 + (place % 2) as u8,
            _ => {}
        }
    }
    if numbers.below(3) == 0 {
        let run = numbers.below(20) as usize;
        let at = numbers.below((stretch.len() - run) as u64) as usize;
        stretch[at..at + run].fill(numbers.below(4) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_has_all_bases_and_signals_and_is_always_the_same() {
        let codes = sequence(8192);
        assert_eq!(codes.len(), 8192);
        assert_eq!(codes[..1000], sequence(1000));
        for base in 0..4 {
            assert!(codes.iter().filter(|&&code| code == base).count() > 1000);
        }
        assert!(codes.windows(6).filter(|window| *window == AATAAA).count() > 15);
    }
}
