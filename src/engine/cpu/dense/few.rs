//! A few windows by themselves, as short contigs and single sites have: only the positions that they see.
//!
//! The taps of a dilated convolution lie apart, so that a window sees few positions of the last layers: 3, 9, 27 ... of
//! the default model's, where a scan computes all that lie between. Rows are put together of those that are there, and
//! each goes through the same operations as in a scan.

use std::sync::OnceLock;

/// Windows for which this saves work; more see nearly every position.
pub(super) const MOST: usize = 8;

/// Which positions some windows see, layer by layer.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Positions of the stem that are computed.
    pub stem: Vec<usize>,
    /// For each block, which rows of the layer before it are the taps of each of its rows.
    pub blocks: Vec<Vec<[usize; 3]>>,
}

impl Plan {
    fn new(windows: usize, dilations: impl DoubleEndedIterator<Item = usize>) -> Self {
        let mut wanted: Vec<usize> = (0..windows).collect();
        let mut blocks = Vec::new();
        for dilation in dilations.rev() {
            let taps = |&position: &usize| [0, 1, 2].map(|tap| position + tap * dilation);
            let mut seen: Vec<usize> = wanted.iter().flat_map(taps).collect();
            seen.sort_unstable();
            seen.dedup();
            let row = |position| seen.partition_point(|&seen| seen < position);
            blocks.push(wanted.iter().map(|position| taps(position).map(row)).collect());
            wanted = seen;
        }
        blocks.reverse();
        Self { stem: wanted, blocks }
    }
}

/// The plans of a network, made when they are first needed.
#[derive(Clone, Debug, Default)]
pub struct Plans([OnceLock<Plan>; MOST]);

impl Plans {
    /// Returns the plan for so many windows of a network with these dilations, if there is one.
    pub(super) fn get(
        &self,
        windows: usize,
        dilations: impl DoubleEndedIterator<Item = usize>,
    ) -> Option<&Plan> {
        let plan = self.0.get(windows.checked_sub(1)?)?;
        Some(plan.get_or_init(|| Plan::new(windows, dilations)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_windows_of_the_default_model_need_half_the_rows() {
        let dilations = [1, 2, 4, 8, 16, 33, 48];
        let plan = Plan::new(2, dilations.into_iter());
        let rows: Vec<usize> = plan.blocks.iter().map(Vec::len).collect();
        assert_eq!(rows, [224, 172, 84, 40, 18, 6, 2]);
        assert_eq!(plan.stem.len(), 226);
        // Every position between would be 1,116.
        assert_eq!(rows.iter().sum::<usize>(), 546);
        // The last block of window 1: positions 1, 49, 97 of 0, 1, 48, 49, 96, 97.
        assert_eq!(plan.blocks[6][1], [1, 3, 5]);
    }
}
