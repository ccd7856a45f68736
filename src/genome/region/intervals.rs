//! Sets of positions as sorted intervals.

use std::ops::Range;

/// Sorted, disjoint, non-adjacent intervals on one contig and strand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals(Vec<Range<u64>>);

impl Intervals {
    /// Merges any ranges into a set; empty ones vanish.
    ///
    /// ```
    /// use polyascan::genome::region::Intervals;
    /// let set = Intervals::new(vec![5..8, 1..3, 3..4, 7..9]);
    /// assert_eq!(set.as_slice(), [1..4, 5..9]);
    /// ```
    pub fn new(mut ranges: Vec<Range<u64>>) -> Self {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| range.start);
        ranges.dedup_by(|next, merged| {
            let joins = next.start <= merged.end;
            if joins {
                merged.end = merged.end.max(next.end);
            }
            joins
        });
        Self(ranges)
    }

    /// Returns the intervals in order.
    pub fn as_slice(&self) -> &[Range<u64>] {
        &self.0
    }

    /// Returns whether there are no positions.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the positions in both.
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut i, mut j) = (0, 0);
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (self.0.get(i), other.0.get(j)) {
            let common = a.start.max(b.start)..a.end.min(b.end);
            if !common.is_empty() {
                both.push(common);
            }
            if a.end < b.end { i += 1 } else { j += 1 }
        }
        Self(both)
    }

    /// Returns the set widened by `margin` on both sides of each interval, within `0..length`.
    pub fn widen(&self, margin: u64, length: u64) -> Self {
        let widened = |range: &Range<u64>| {
            range.start.saturating_sub(margin)..range.end.saturating_add(margin).min(length)
        };
        Self::new(self.0.iter().map(widened).collect())
    }

    /// Returns the part of the set that holds its positions of these ordinal numbers, from 0.
    ///
    /// ```
    /// use polyascan::genome::region::Intervals;
    /// let set = Intervals::new(vec![10..13, 20..24]);
    /// assert_eq!(set.ordinals(1..5).as_slice(), [11..13, 20..22]);
    /// ```
    pub fn ordinals(&self, ordinals: Range<u64>) -> Self {
        let mut before = 0;
        let part = self.0.iter().filter_map(|range| {
            let first = before;
            before += range.end - range.start;
            let (start, end) = (ordinals.start.max(first), ordinals.end.min(before));
            (start < end).then(|| range.start + start - first..range.start + end - first)
        });
        Self(part.collect())
    }

    /// Returns whether `position` is inside (binary search).
    pub fn contains(&self, position: u64) -> bool {
        let after = self.0.partition_point(|range| range.start <= position);
        after > 0 && position < self.0[after - 1].end
    }

    /// Returns the number of positions.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: u64 = 100;

    /// Ranges within `0..LENGTH`, some empty, some reversed.
    fn ranges() -> impl Strategy<Value = Vec<Range<u64>>> {
        let range = (0..LENGTH, 0u64..15, any::<bool>());
        let range = range.prop_map(|(start, length, reversed)| {
            let end = (start + length).min(LENGTH);
            if reversed && length > 12 { end..start } else { start..end }
        });
        prop::collection::vec(range, 0..12)
    }

    fn bitmap(ranges: &[Range<u64>]) -> Vec<bool> {
        (0..LENGTH).map(|position| ranges.iter().any(|range| range.contains(&position))).collect()
    }

    /// The one right form of a bitmap.
    fn runs(bitmap: &[bool]) -> Vec<Range<u64>> {
        let mut runs: Vec<Range<u64>> = Vec::new();
        for position in (0..LENGTH).filter(|&position| bitmap[position as usize]) {
            match runs.last_mut() {
                Some(run) if run.end == position => run.end += 1,
                _ => runs.push(position..position + 1),
            }
        }
        runs
    }

    proptest! {
        #[test]
        fn merging_keeps_the_positions_in_canonical_form(ranges in ranges()) {
            let (set, bitmap) = (Intervals::new(ranges.clone()), bitmap(&ranges));
            prop_assert_eq!(set.as_slice(), runs(&bitmap));
            prop_assert_eq!(set.total(), bitmap.iter().filter(|&&inside| inside).count() as u64);
            prop_assert_eq!(set.is_empty(), set.total() == 0);
            for position in 0..LENGTH + 5 {
                let inside = bitmap.get(position as usize).copied().unwrap_or(false);
                prop_assert_eq!(set.contains(position), inside);
            }
        }

        #[test]
        fn an_intersection_holds_the_common_positions(a in ranges(), b in ranges()) {
            let common: Vec<_> = bitmap(&a).iter().zip(bitmap(&b)).map(|(&x, y)| x && y).collect();
            let intersection = Intervals::new(a).intersect(&Intervals::new(b));
            prop_assert_eq!(intersection.as_slice(), runs(&common));
        }

        #[test]
        fn widening_holds_what_is_within_the_margin(
            ranges in ranges(), margin in 0u64..30, length in 0..=LENGTH
        ) {
            let bitmap = bitmap(&ranges);
            let near: Vec<_> = (0..LENGTH)
                .map(|position| {
                    let close = |q: &u64| bitmap[*q as usize] && q.abs_diff(position) <= margin;
                    position < length && (0..LENGTH).any(|q| close(&q))
                })
                .collect();
            let widened = Intervals::new(ranges).widen(margin, length);
            prop_assert_eq!(widened.as_slice(), runs(&near));
        }
    }

    #[test]
    fn margins_do_not_overflow() {
        let whole = Intervals::new(vec![5..8, 7..10]).widen(u64::MAX, u64::MAX);
        assert_eq!(whole.as_slice(), std::slice::from_ref(&(0..u64::MAX)));
    }
}
