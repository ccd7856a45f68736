//! Seqlets: stretches whose attribution is high, and every stretch inside of them too.
//!
//! The usual recursive test: the p of a stretch is the share of stretches of its length, in all
//! windows of the run and of its sign, whose sum is as large; that of a seqlet is the greatest of
//! its own and of those of all stretches inside that are at least as long as the shortest seqlet.
//! The longest ones are taken first, then the likeliest.

use std::ops::RangeInclusive;

use crate::context::families::{Family, Hexamer, SIX};

/// How long seqlets are, nt.
const LENGTHS: RangeInclusive<usize> = 4..=25;
/// Sums of one length that are kept to compare with.
const KEPT: usize = 200_000;
/// A hexamer belongs to a seqlet that it shares so many bases with.
const SHARED: usize = 4;

/// A stretch of high attribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seqlet {
    /// Index in the values of the first nucleotide.
    pub from: usize,
    pub length: usize,
    pub sum: f64,
    pub p: f64,
}

/// Sums of stretches by length and sign, ascending by size.
pub struct Distribution([Vec<Vec<f32>>; 2]);

impl Distribution {
    /// Collects the sums of all stretches of all windows; of very many those at even steps.
    pub fn of(windows: &[&[f32]]) -> Self {
        let mut sums: [Vec<Vec<f32>>; 2] = [Vec::new(), Vec::new()];
        for length in LENGTHS {
            let places: usize =
                windows.iter().map(|values| (values.len() + 1).saturating_sub(length)).sum();
            let every = places.div_ceil(KEPT).max(1);
            let all = windows.iter().flat_map(|values| stretches(values, length));
            let (mut up, mut down) = (Vec::new(), Vec::new());
            for sum in all.step_by(every) {
                if sum > 0.0 {
                    up.push(sum as f32);
                } else if sum < 0.0 {
                    down.push(-sum as f32);
                }
            }
            for (sums, mut found) in sums.iter_mut().zip([up, down]) {
                found.sort_by(f32::total_cmp);
                sums.push(found);
            }
        }
        Self(sums)
    }

    /// Returns the share of stretches of a length and of a sum's sign that are as large; at least
    /// one counts.
    fn p(&self, length: usize, sum: f64) -> f64 {
        let sums = &self.0[usize::from(sum < 0.0)][length - LENGTHS.start()];
        let smaller = sums.partition_point(|&other| f64::from(other) < sum.abs());
        ((sums.len() - smaller).max(1)) as f64 / sums.len().max(1) as f64
    }

    /// Returns the seqlets of a window with a p below a limit, from left to right.
    pub fn seqlets(&self, values: &[f32], limit: f64) -> Vec<Seqlet> {
        let mut of_length: Vec<Vec<Seqlet>> = Vec::new();
        for length in LENGTHS {
            let shorter = of_length.last();
            let one = |(from, sum): (usize, f64)| {
                let inside = shorter.map(|shorter| [shorter[from], shorter[from + 1]]);
                let inside = inside.into_iter().flatten();
                let p = inside.fold(self.p(length, sum), |p, inside: Seqlet| {
                    if inside.sum * sum > 0.0 { p.max(inside.p) } else { 1.0 }
                });
                Seqlet { from, length, sum, p }
            };
            let found: Vec<Seqlet> = stretches(values, length).enumerate().map(one).collect();
            if found.is_empty() {
                break;
            }
            of_length.push(found);
        }
        let mut taken = vec![false; values.len()];
        let mut seqlets = Vec::new();
        for mut found in of_length.into_iter().rev() {
            found.retain(|seqlet| seqlet.p < limit && seqlet.sum != 0.0);
            found.sort_by(|a, b| {
                a.p.total_cmp(&b.p)
                    .then(b.sum.abs().total_cmp(&a.sum.abs()))
                    .then(a.from.cmp(&b.from))
            });
            for seqlet in found {
                let own = &mut taken[seqlet.from..seqlet.from + seqlet.length];
                if !own.contains(&true) {
                    own.fill(true);
                    seqlets.push(seqlet);
                }
            }
        }
        seqlets.sort_by_key(|seqlet| seqlet.from);
        seqlets
    }
}

/// Sums of all stretches of a length.
fn stretches(values: &[f32], length: usize) -> impl Iterator<Item = f64> + '_ {
    values.windows(length).map(|values| values.iter().map(|&value| f64::from(value)).sum())
}

/// Returns the hexamer of a known family that a seqlet holds, with its index: of those that share
/// at least four bases with it the one with the largest sum of the seqlet's sign.
pub fn family(seqlet: &Seqlet, codes: &[u8], values: &[f32]) -> Option<(Family, Hexamer, usize)> {
    let end = seqlet.from + seqlet.length;
    let shared = SHARED.min(seqlet.length);
    let first = (seqlet.from + shared).saturating_sub(SIX);
    let last = (end - shared).min(codes.len().checked_sub(SIX)?);
    let mut best: Option<(f64, (Family, Hexamer, usize))> = None;
    for at in first..=last {
        let Some(hexamer) = Hexamer::of(&codes[at..at + SIX]) else { continue };
        let Some(family) = hexamer.families().next() else { continue };
        let sum: f64 = values[at..at + SIX].iter().map(|&value| f64::from(value)).sum();
        let size = sum * seqlet.sum.signum();
        if size > 0.0 && best.is_none_or(|(most, _)| size > most) {
            best = Some((size, (family, hexamer, at)));
        }
    }
    best.map(|(_, found)| found)
}
