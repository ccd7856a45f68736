//! A map from positions to names, made of disjoint segments: a lookup is one binary search.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Named ranges; overlaps are allowed.
pub(super) type Layer<'n> = Vec<(Range<u64>, &'n str)>;

/// What each position of a strand is called: by the first layer that has it, all names there.
#[derive(Debug, Default)]
pub(super) struct Segments {
    /// Where a segment starts and its label; it reaches to the next one's start.
    starts: Vec<(u64, u32)>,
    /// Names, sorted and joined by commas, and the layer; `None` where no layer reaches.
    labels: Vec<Option<(String, usize)>>,
}

/// A border of a range: position, layer, name, and whether the range starts there.
type Border<'n> = (u64, usize, &'n str, bool);

impl Segments {
    /// Sweeps over the borders of all ranges.
    pub(super) fn new(layers: &[Layer<'_>]) -> Self {
        let mut borders: Vec<Border<'_>> = Vec::new();
        for (layer, (range, name)) in
            layers.iter().enumerate().flat_map(|(i, layer)| layer.iter().map(move |part| (i, part)))
        {
            borders.push((range.start, layer, name, true));
            borders.push((range.end, layer, name, false));
        }
        borders.sort_unstable();
        let mut sweep = Sweep { open: vec![BTreeMap::new(); layers.len()], ..Sweep::default() };
        for here in borders.chunk_by(|a, b| a.0 == b.0) {
            here.iter().for_each(|border| sweep.cross(border));
            sweep.mark(here[0].0);
        }
        sweep.segments
    }

    /// Returns the names at a position and their layer.
    pub(super) fn get(&self, position: u64) -> Option<(&str, usize)> {
        let after = self.starts.partition_point(|&(start, _)| start <= position);
        let (_, label) = self.starts.get(after.checked_sub(1)?)?;
        let (names, layer) = self.labels.get(*label as usize)?.as_ref()?;
        Some((names, *layer))
    }
}

/// The state while going from border to border.
#[derive(Default)]
struct Sweep<'n> {
    /// By layer: the names of the ranges that are open, with how many of each. Ranges of one name may overlap where
    /// two genes have the same name.
    open: Vec<BTreeMap<&'n str, usize>>,
    known: HashMap<Option<(String, usize)>, u32>,
    segments: Segments,
}

impl<'n> Sweep<'n> {
    fn cross(&mut self, &(_, layer, name, starts): &Border<'n>) {
        let open = &mut self.open[layer];
        let count = open.entry(name).or_default();
        if starts {
            *count += 1;
        } else {
            *count = count.saturating_sub(1);
        }
        if *count == 0 {
            open.remove(name);
        }
    }

    /// Starts a segment at `position` unless it would be called as the one before.
    fn mark(&mut self, position: u64) {
        let layer = self.open.iter().position(|open| !open.is_empty());
        let names = |layer: usize| self.open[layer].keys().copied().collect::<Vec<_>>().join(",");
        let label = layer.map(|layer| (names(layer), layer));
        let Segments { starts, labels } = &mut self.segments;
        let number = *self.known.entry(label).or_insert_with_key(|label| {
            labels.push(label.clone());
            (labels.len() - 1) as u32
        });
        if starts.last().is_none_or(|&(_, last)| last != number) {
            starts.push((position, number));
        }
    }
}
