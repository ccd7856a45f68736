//! Sequence elements of polyA sites that a change makes, breaks or replaces.
//!
//! Families of Stroup & Ji 2023. An element counts where it works, by its distance from the site in
//! transcript direction, and where it holds a changed base (or spans the place of a deletion).

use super::haplotype::Haplotype;
use crate::context::signal::{SIGNALS, signal_at};
use crate::genome::sequence::encode;
use crate::genome::strand::Strand;

/// PolyA signals begin at most so many nt upstream of the site.
const SIGNAL_REACH: isize = 50;
/// Other elements lie within so many nt of the site.
const REACH: isize = 100;
/// Nucleotides of a signal and of a rich stretch.
const SIX: usize = 6;

/// Stretches of six that are rich in some base: name, and whether they lie before or after the site.
const RICH: [(&str, Side, IsRich); 4] = [
    ("T-rich", Side::Either, |six| count(six, 3) >= 5),
    ("GT-rich", Side::After, |six| of_two(six, 2, 3)),
    ("CT-rich", Side::After, |six| of_two(six, 1, 3)),
    ("G-rich", Side::After, |six| count(six, 2) >= 5),
];

type IsRich = fn(&[u8]) -> bool;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    After,
    Either,
}

/// A stretch of a haplotype in transcript direction around the changed bases.
struct Around {
    codes: Vec<u8>,
    /// Distance of the first code from the site: negative upstream.
    first: isize,
    /// Indices in `codes` of the changed bases.
    changed: std::ops::Range<usize>,
}

/// Returns what a change does to the elements around a site, e.g. `disrupted:AATAAA`,
/// `modified:AATAAA>ATTAAA`, `created:TGTA`; several joined by `&`, `.` for none. `places` are the
/// site's on the two haplotypes.
pub fn changed(haplotypes: &[Haplotype; 2], strand: Strand, places: [u64; 2]) -> String {
    let around = [0, 1].map(|i| Around::new(&haplotypes[i], strand, places[i]));
    let mut changes = Vec::new();
    let name = |rank: usize| SIGNALS[rank].to_owned();
    let mut compare = |[before, after]: [Option<String>; 2]| match (before, after) {
        (Some(a), Some(b)) if a != b => changes.push(format!("modified:{a}>{b}")),
        (Some(a), None) => changes.push(format!("disrupted:{a}")),
        (None, Some(b)) => changes.push(format!("created:{b}")),
        _ => {}
    };
    compare([0, 1].map(|i| around[i].signal().map(name)));
    let tgta = encode(b"TGTA").unwrap_or_default();
    let upstream = |at: isize| (-REACH..=-4).contains(&at);
    let has_tgta =
        |around: &Around| around.any(4, |at, codes| upstream(at) && codes == tgta.as_slice());
    compare([0, 1].map(|i| has_tgta(&around[i]).then(|| "TGTA".to_owned())));
    for (family, side, is_rich) in RICH {
        let inside = |at: isize| match side {
            Side::After => (1..=REACH).contains(&at),
            Side::Either => (-REACH..=REACH).contains(&at),
        };
        let has = |around: &Around| around.any(SIX, |at, codes| inside(at) && is_rich(codes));
        compare([0, 1].map(|i| has(&around[i]).then(|| family.to_owned())));
    }
    if changes.is_empty() { ".".to_owned() } else { changes.join("&") }
}

impl Around {
    fn new(haplotype: &Haplotype, strand: Strand, site: u64) -> Self {
        // One element reaches at most five nt out of the changed bases.
        let margin = SIX - 1;
        let length = (haplotype.changed.end - haplotype.changed.start) as usize + 2 * margin;
        // The changed stretch's first base in transcript direction.
        let start = match strand {
            Strand::Plus => haplotype.changed.start,
            Strand::Minus => haplotype.changed.end.saturating_sub(1),
        };
        let along = start as isize - site as isize;
        let along = if strand == Strand::Plus { along } else { -along };
        Self {
            codes: haplotype.around(strand, start, margin, length),
            first: along - margin as isize,
            changed: margin..length - margin,
        }
    }

    /// Returns whether an element of `length` nt that holds a changed base satisfies `is`, which gets
    /// the distance of its first base from the site, and its codes.
    fn any(&self, length: usize, is: impl Fn(isize, &[u8]) -> bool) -> bool {
        self.places(length)
            .any(|start| is(self.first + start as isize, &self.codes[start..start + length]))
    }

    /// Returns the strongest polyA signal that holds a changed base, by its rank.
    fn signal(&self) -> Option<usize> {
        let works = |start: &usize| {
            let at = self.first + *start as isize;
            (-SIGNAL_REACH..=-(SIX as isize)).contains(&at)
        };
        self.places(SIX).filter(works).filter_map(|start| signal_at(&self.codes, start)).min()
    }

    /// Returns where an element of `length` nt that holds a changed base, or both neighbours of an
    /// empty stretch, can begin.
    fn places(&self, length: usize) -> impl Iterator<Item = usize> {
        let first = (self.changed.start + 1).saturating_sub(length);
        let end = self.changed.end.min(self.codes.len() + 1 - length);
        first..end
    }
}

fn count(codes: &[u8], base: u8) -> usize {
    codes.iter().filter(|&&code| code == base).count()
}

/// Returns whether codes are of two bases only, at least two of each.
fn of_two(codes: &[u8], a: u8, b: u8) -> bool {
    let (a, b) = (count(codes, a), count(codes, b));
    a + b == codes.len() && a >= 2 && b >= 2
}
