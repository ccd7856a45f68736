//! Where RNA was cut, given where a read ends: As of the genome and As of the tail look alike.

use serde::{Deserialize, Serialize};

use crate::genome::sequence::code;
use crate::genome::strand::Strand;

/// Which nucleotide of a run of genomic As stands for all cuts before, in and after it, which no
/// read tells apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GenomicAs {
    /// The first A: Stroup & Ji 2023.
    #[default]
    First,
    /// The nucleotide before the first A.
    Before,
    /// The last A: as far as an alignment can reach.
    Last,
    /// None: ends stay where they are.
    Keep,
}

/// The genome of one contig, read along a strand.
#[derive(Clone, Copy)]
pub struct Along<'a> {
    pub codes: &'a [u8],
    pub strand: Strand,
}

impl Along<'_> {
    /// Returns the position `nt` further along the strand, if it is on the contig.
    pub fn further(self, position: u64, nt: i64) -> Option<u64> {
        let moved = match self.strand {
            Strand::Plus => position.checked_add_signed(nt)?,
            Strand::Minus => position.checked_add_signed(nt.checked_neg()?)?,
        };
        (moved < self.codes.len() as u64).then_some(moved)
    }

    /// Returns whether the transcript has an A at a position of the contig.
    fn is_a(self, position: u64) -> bool {
        let letter = if self.strand == Strand::Plus { b'A' } else { b'T' };
        self.codes.get(position as usize).copied() == code(letter)
    }

    /// Returns the last of the As that follow each other in one direction (1 or -1), from an A on.
    fn run(self, mut position: u64, step: i64) -> u64 {
        while let Some(next) = self.further(position, step).filter(|&next| self.is_a(next)) {
            position = next;
        }
        position
    }

    /// Returns the position that stands for an end.
    pub fn cut(self, end: u64, rule: GenomicAs) -> u64 {
        let next = self.further(end, 1).filter(|&next| self.is_a(next));
        let inside = if self.is_a(end) { Some(end) } else { next };
        let (Some(inside), false) = (inside, rule == GenomicAs::Keep) else { return end };
        match rule {
            GenomicAs::Last => self.run(inside, 1),
            GenomicAs::First | GenomicAs::Keep => self.run(inside, -1),
            GenomicAs::Before => {
                let first = self.run(inside, -1);
                self.further(first, -1).unwrap_or(first)
            }
        }
    }

    /// Returns how many As follow a site: within `window` nt, and of them in a row from the first
    /// on.
    pub fn downstream_as(self, site: u64, window: usize) -> (usize, usize) {
        let places = (1..=window as i64).map_while(|nt| self.further(site, nt));
        let is: Vec<bool> = places.map(|place| self.is_a(place)).collect();
        let all = is.iter().filter(|is| **is).count();
        (all, is.iter().take_while(|is| **is).count())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::genome::sequence::{encode, reverse_complement};

    #[test]
    fn ends_before_in_and_after_genomic_as_are_one_cut() {
        let codes = encode(b"GCTAAAGTAC").unwrap();
        let plus = Along { codes: &codes, strand: Strand::Plus };
        for end in 2..=5 {
            assert_eq!(plus.cut(end, GenomicAs::First), 3, "{end}");
            assert_eq!(plus.cut(end, GenomicAs::Before), 2, "{end}");
            assert_eq!(plus.cut(end, GenomicAs::Last), 5, "{end}");
            assert_eq!(plus.cut(end, GenomicAs::Keep), end);
        }
        assert_eq!(plus.cut(6, GenomicAs::First), 6);
        // One A is a run, too.
        assert_eq!((plus.cut(7, GenomicAs::First), plus.cut(8, GenomicAs::Before)), (8, 7));
        assert_eq!(plus.downstream_as(2, 10), (4, 3));
        assert_eq!(plus.downstream_as(6, 2), (1, 0));
    }

    proptest! {
        #[test]
        fn both_strands_are_read_alike_and_rules_say_the_same_twice(
            codes in prop::collection::vec(0u8..5, 1..60),
            end in any::<prop::sample::Index>(),
        ) {
            let end = end.index(codes.len()) as u64;
            let turned = reverse_complement(&codes);
            let mirror = |position: u64| codes.len() as u64 - 1 - position;
            let plus = Along { codes: &codes, strand: Strand::Plus };
            let minus = Along { codes: &turned, strand: Strand::Minus };
            for rule in [GenomicAs::First, GenomicAs::Last, GenomicAs::Keep, GenomicAs::Before] {
                let cut = plus.cut(end, rule);
                prop_assert_eq!(minus.cut(mirror(end), rule), mirror(cut));
                prop_assert_eq!(plus.cut(cut, rule), cut);
            }
            prop_assert_eq!(plus.downstream_as(end, 8), minus.downstream_as(mirror(end), 8));
        }
    }
}
