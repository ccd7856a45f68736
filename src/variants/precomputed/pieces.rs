//! What a table is of, cut into pieces that are computed and kept one by one.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::genome::contigs::Contigs;
use crate::genome::region::Region;
use crate::genome::strand::Strand;
use crate::scan::targets::StrandedRegion;
use crate::variants::mutagenesis::plan::Plan;

/// Positions of a piece unless another number is asked for: some 130,000 changes, minutes of work,
/// which is what a killed run loses at most.
pub const POSITIONS: u64 = 1 << 15;

/// A stretch of positions of a contig (its number).
pub type Stretch = (usize, Range<u64>);

/// A position (0-based) of a contig (its number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Locus {
    pub contig: usize,
    pub position: u64,
}

/// Positions that one file holds; pieces may go on over the ends of contigs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Name in the folder.
    pub file: String,
    /// First and last position.
    pub first: Locus,
    pub last: Locus,
    pub positions: u64,
}

/// Returns the plan of every position within `around` nt of a place, on both strands.
pub fn plan(contigs: &Contigs, places: &[[Vec<u64>; 2]], around: u64) -> Plan {
    let positions = places.iter().enumerate().flat_map(|(contig, strands)| {
        strands.iter().flatten().map(move |&position| (contig, position))
    });
    let regions = positions.map(|(contig, position)| {
        let end = (position + around + 1).min(contigs[contig].length);
        (Region { contig, range: position.saturating_sub(around)..end }, None)
    });
    let regions: Vec<StrandedRegion> = regions.collect();
    Plan::of_regions(contigs, &regions, &Strand::BOTH)
}

/// Cuts a plan into pieces of at least so many positions with their stretches, in order.
pub fn cut(plan: &Plan, positions: u64) -> Vec<(Piece, Vec<Stretch>)> {
    let mut pieces: Vec<(Piece, Vec<Stretch>)> = Vec::new();
    for (contig, range) in plan.stretches(0..plan.positions()) {
        let first = Locus { contig, position: range.start };
        let last = Locus { contig, position: range.end - 1 };
        let length = range.end - range.start;
        match pieces.last_mut().filter(|(piece, _)| piece.positions < positions) {
            Some((piece, stretches)) => {
                piece.last = last;
                piece.positions += length;
                stretches.push((contig, range));
            }
            None => {
                let file = format!("{:05}.tsv.gz", pieces.len() + 1);
                let piece = Piece { file, first, last, positions: length };
                pieces.push((piece, vec![(contig, range)]));
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contigs() -> Contigs {
        let mut contigs = Contigs::default();
        contigs.push("a".into(), 400_000);
        contigs.push("b".into(), 90_000);
        contigs
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn pieces_hold_what_lies_around_places_once_and_in_order(
            places in prop::collection::vec((0usize..2, 0u64..90_000, any::<bool>()), 1..400),
            around in 0u64..200,
        ) {
            let contigs = contigs();
            let mut by_contig: Vec<[Vec<u64>; 2]> = vec![Default::default(), Default::default()];
            for (contig, position, minus) in places {
                by_contig[contig][usize::from(minus)].push(position);
            }
            let pieces = cut(&plan(&contigs, &by_contig, around), 1_000);
            let near = |contig: usize, position: u64| {
                by_contig[contig].iter().flatten().any(|p| p.abs_diff(position) <= around)
            };
            let mut found = Vec::new();
            for (piece, stretches) in &pieces {
                let positions = stretches.iter().flat_map(|(contig, range)| {
                    range.clone().map(|position| Locus { contig: *contig, position })
                });
                let positions: Vec<Locus> = positions.collect();
                prop_assert_eq!(positions.len() as u64, piece.positions);
                prop_assert_eq!(
                    (positions.first(), positions.last()),
                    (Some(&piece.first), Some(&piece.last))
                );
                found.extend(positions);
            }
            let expected: Vec<Locus> = [(0, 90_200), (1, 90_000)]
                .into_iter()
                .flat_map(|(contig, end)| (0..end).map(move |position| Locus { contig, position }))
                .filter(|locus| near(locus.contig, locus.position))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_piece_ends_when_it_is_full() {
        let places = vec![[(0..400_000).step_by(241).collect(), Vec::new()], Default::default()];
        let pieces = cut(&plan(&contigs(), &places, 120), POSITIONS);
        assert!(pieces.len() > 10);
        let full = &pieces[..pieces.len() - 1];
        assert!(full.iter().all(|(p, _)| (POSITIONS..POSITIONS + 64).contains(&p.positions)));
        assert_eq!(
            (pieces[0].0.file.as_str(), pieces[9].0.file.as_str()),
            ("00001.tsv.gz", "00010.tsv.gz")
        );
    }
}
