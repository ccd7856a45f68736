//! Ends that lie near each other as one site: that with the most reads.

use std::ops::Range;

use super::ends::Counts;
use crate::genome::strand::Strand;

/// A cluster of ends on one strand of a contig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The end with the most reads; of equals the first in transcript direction.
    pub position: u64,
    /// From the first to the last end, half-open.
    pub range: Range<u64>,
    pub reads: u64,
}

/// Clusters ends: neighbours at most `reach` nt apart belong together; where that makes a stretch
/// longer than `reach`, its strongest end takes what lies within `reach` of it, and what is left is
/// clustered again (Hoque et al. 2013). Ascending.
pub fn clusters(ends: &Counts, strand: Strand, reach: u64) -> Vec<Cluster> {
    let ends: Vec<(u64, u64)> = ends.iter().map(|(&at, &reads)| (at, reads)).collect();
    let mut found = Vec::new();
    let mut waiting: Vec<&[(u64, u64)]> = ends.chunk_by(|a, b| b.0 - a.0 <= reach).rev().collect();
    while let Some(stretch) = waiting.pop() {
        let [first, .., last] = *stretch else {
            found.extend(stretch.iter().map(|&(at, reads)| of(&[(at, reads)], at)));
            continue;
        };
        let strongest = strongest(stretch, strand);
        if last.0 - first.0 <= reach {
            found.push(of(stretch, strongest));
            continue;
        }
        let begin = stretch.partition_point(|end| end.0 + reach < strongest);
        let end = stretch.partition_point(|end| end.0 <= strongest + reach);
        // What lies before comes before: the last in is the first out.
        waiting.extend(stretch[end..].chunk_by(|a, b| b.0 - a.0 <= reach).rev());
        found.push(of(&stretch[begin..end], strongest));
        waiting.extend(stretch[..begin].chunk_by(|a, b| b.0 - a.0 <= reach).rev());
    }
    found.sort_by_key(|cluster| cluster.position);
    found
}

fn strongest(stretch: &[(u64, u64)], strand: Strand) -> u64 {
    let rank = |end: &&(u64, u64)| match strand {
        Strand::Plus => (end.1, std::cmp::Reverse(end.0), 0),
        Strand::Minus => (end.1, std::cmp::Reverse(0), end.0),
    };
    stretch.iter().max_by_key(rank).map_or(0, |end| end.0)
}

fn of(ends: &[(u64, u64)], position: u64) -> Cluster {
    let range = ends.first().map_or(0, |end| end.0)..ends.last().map_or(0, |end| end.0 + 1);
    Cluster { position, range, reads: ends.iter().map(|end| end.1).sum() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plus(ends: &[(u64, u64)]) -> Vec<(u64, Range<u64>, u64)> {
        let ends: Counts = ends.iter().copied().collect();
        let found = clusters(&ends, Strand::Plus, 24);
        found.into_iter().map(|c| (c.position, c.range, c.reads)).collect()
    }

    #[test]
    fn near_ends_are_one_site_and_a_long_stretch_is_cut_around_its_strongest() {
        assert_eq!(plus(&[(10, 1), (20, 5), (34, 2)]), [(20, 10..35, 8)]);
        assert_eq!(plus(&[(10, 1), (35, 5)]), [(10, 10..11, 1), (35, 35..36, 5)]);
        // 40 takes 16..=64, and leaves 10 and 70 to themselves.
        let ends = [(10, 2), (30, 1), (40, 9), (60, 3), (70, 4)];
        assert_eq!(plus(&ends), [(10, 10..11, 2), (40, 30..61, 13), (70, 70..71, 4)]);
        // Of equals the first in transcript direction.
        let equal: Counts = [(10, 3), (12, 3)].into();
        assert_eq!(clusters(&equal, Strand::Plus, 24)[0].position, 10);
        assert_eq!(clusters(&equal, Strand::Minus, 24)[0].position, 12);
    }

    proptest! {
        #[test]
        fn no_read_is_lost_clusters_lie_apart_and_both_strands_are_alike(
            ends in prop::collection::btree_map(0u64..400, 1u64..9, 0..80),
        ) {
            let found = clusters(&ends, Strand::Plus, 24);
            prop_assert_eq!(found.iter().map(|c| c.reads).sum::<u64>(), ends.values().sum::<u64>());
            for pair in found.windows(2) {
                prop_assert!(pair[0].range.end <= pair[1].range.start);
                prop_assert!(pair[1].position - pair[0].position > 24);
            }
            for cluster in &found {
                let far = cluster.range.clone().map(|at| at.abs_diff(cluster.position)).max();
                prop_assert!(far.unwrap_or(0) <= 24);
            }
            let mirrored: Counts = ends.iter().map(|(&at, &reads)| (1_000 - at, reads)).collect();
            let mut other = clusters(&mirrored, Strand::Minus, 24);
            other.reverse();
            let other: Vec<_> = other.iter().map(|c| (1_000 - c.position, c.reads)).collect();
            prop_assert_eq!(other, found.iter().map(|c| (c.position, c.reads)).collect::<Vec<_>>());
        }
    }
}
