//! Sequence elements of polyA sites that a change makes, breaks or replaces.
//!
//! Families of Stroup & Ji 2023. An element counts where it works, by its distance from the site in
//! transcript direction, and where it holds a changed base (or spans the place of a deletion).

use std::ops::{Range, RangeInclusive};

use super::change::Change;
use super::haplotype::Haplotype;
use crate::context::families::{Family, Hexamer, MORE_SIGNALS, SIX, TGTA};
use crate::context::signal::{SIGNALS, signal_at};
use crate::genome::strand::Strand;

/// PolyA signals begin at most so many nt upstream of the site.
const SIGNAL_REACH: isize = 50;
/// Other elements lie within so many nt of the site.
pub const REACH: isize = 100;
/// Nucleotides around the changed bases: of elements that hold one of them, and of signals that
/// overlap these.
const MARGIN: usize = 2 * (SIX - 1);

/// Families of hexamers beside signals and TGTA, and the distances from the site where they work.
const RICH: [(Family, RangeInclusive<isize>); 3] =
    [(Family::TRich, -REACH..=REACH), (Family::GtCtRich, 1..=REACH), (Family::GRich, 1..=REACH)];

/// An element that holds a changed base: what it is, and the index of its first base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    /// By its rank.
    Signal(usize, usize),
    Other(Family, usize),
}

/// A stretch of a haplotype in transcript direction around the changed bases.
struct Around {
    codes: Vec<u8>,
    /// Distance of the first code from the site: negative upstream.
    first: isize,
    /// Indices in `codes` of the changed bases.
    changed: Range<usize>,
}

/// Returns what a change does to the elements around a site, e.g. `disrupted:AATAAA`,
/// `modified:AATAAA>ATTAAA`, `created:TGTA`; several joined by `&`, `.` for none. `places` are the
/// site's on the two haplotypes.
pub fn changed(haplotypes: &[Haplotype; 2], strand: Strand, places: [u64; 2]) -> String {
    let around = [0, 1].map(|i| Around::new(&haplotypes[i], strand, places[i]));
    let mut changes = Vec::new();
    let mut compare = |[before, after]: [Option<String>; 2]| match (before, after) {
        (Some(a), Some(b)) if a != b => changes.push(format!("modified:{a}>{b}")),
        (Some(a), None) => changes.push(format!("disrupted:{a}")),
        (None, Some(b)) => changes.push(format!("created:{b}")),
        _ => {}
    };
    compare([0, 1].map(|i| around[i].signal().map(|rank| signal_name(rank).to_owned())));
    let upstream = |at: isize| (-REACH..=-4).contains(&at);
    let has_tgta =
        |around: &Around| around.any(TGTA.len(), |at, codes| upstream(at) && codes == TGTA);
    compare([0, 1].map(|i| has_tgta(&around[i]).then(|| Family::Tgta.name().to_owned())));
    for (family, works) in RICH {
        let is_rich = |codes: &[u8]| Hexamer::of(codes).is_some_and(|six| family.holds(six));
        let has =
            |around: &Around| around.any(SIX, |at, codes| works.contains(&at) && is_rich(codes));
        compare([0, 1].map(|i| has(&around[i]).then(|| family.name().to_owned())));
    }
    if changes.is_empty() { ".".to_owned() } else { changes.join("&") }
}

/// Returns whether a change of a sequence alters an element of any family on the strands asked for,
/// wherever the sites lie: known from the sequence alone, before any model is asked. Where it does
/// not, [`changed`] says `.` of every site.
pub fn can_change(sequence: &[u8], change: &Change, strands: [bool; 2]) -> bool {
    let haplotypes = Haplotype::both(sequence, change, MARGIN as u64);
    let alters = |strand: Strand| {
        let elements = haplotypes.each_ref().map(|haplotype| {
            // Where a site lies does not matter to what is compared.
            Around::new(haplotype, strand, haplotype.changed.start).elements()
        });
        // What an insertion or deletion leaves as it is lies elsewhere from the sites on one of its
        // sides.
        let shifted = change.removed != change.inserted.len() as u64;
        elements[0] != elements[1] || (shifted && !elements[0].is_empty())
    };
    Strand::BOTH.into_iter().any(|strand| strands[strand.index()] && alters(strand))
}

/// Returns the elements in a text that [`changed`] made, by family: `disrupted:AATAAA`,
/// `created:other_signal`; of a signal that becomes another the family of the former
/// (`modified:AATAAA`).
pub fn elements(text: &str) -> Vec<String> {
    let parts = text.split('&').filter_map(|part| part.split_once(':'));
    let family = |element: &str| {
        let element = element.split('>').next().unwrap_or_default();
        let hexamer = Hexamer::parse(element);
        let signal = hexamer.and_then(|h| h.families().find(|family| family.is_signal()));
        signal.map_or(element.to_owned(), |family| family.name().to_owned())
    };
    parts.map(|(change, element)| format!("{change}:{}", family(element))).collect()
}

impl Around {
    fn new(haplotype: &Haplotype, strand: Strand, site: u64) -> Self {
        let length = (haplotype.changed.end - haplotype.changed.start) as usize + 2 * MARGIN;
        // The changed stretch's first base in transcript direction.
        let start = match strand {
            Strand::Plus => haplotype.changed.start,
            Strand::Minus => haplotype.changed.end.saturating_sub(1),
        };
        let along = start as isize - site as isize;
        let along = if strand == Strand::Plus { along } else { -along };
        Self {
            codes: haplotype.around(strand, start, MARGIN, length),
            first: along - MARGIN as isize,
            changed: MARGIN..length - MARGIN,
        }
    }

    /// Returns whether an element of `length` nt that holds a changed base satisfies `is`, which
    /// gets the distance of its first base from the site, and its codes.
    fn any(&self, length: usize, is: impl Fn(isize, &[u8]) -> bool) -> bool {
        self.places(length)
            .any(|start| is(self.first + start as isize, &self.codes[start..start + length]))
    }

    /// Returns the strongest polyA signal that holds a changed base, by its rank; none that
    /// overlaps a stronger one without a changed base, which goes on to work.
    fn signal(&self) -> Option<usize> {
        let ranks = |starts: Range<usize>| {
            let works = |start: &usize| {
                let at = self.first + *start as isize;
                (-SIGNAL_REACH..=-(SIX as isize)).contains(&at)
            };
            let rank = |start| rank_at(&self.codes, start).map(|rank| (start, rank));
            starts.filter(works).filter_map(rank).collect::<Vec<_>>()
        };
        let changed = self.places(SIX);
        let last = self.codes.len() + 1 - SIX;
        let intact = [ranks(0..changed.start), ranks(changed.end..last)].concat();
        let overlaps = |a: usize, b: usize| a.abs_diff(b) < SIX;
        let stands = |&(start, rank): &(usize, usize)| {
            !intact.iter().any(|&(other, stronger)| overlaps(other, start) && stronger < rank)
        };
        ranks(changed).into_iter().filter(stands).map(|(_, rank)| rank).min()
    }

    /// Returns all elements that hold a changed base, wherever a site would have to lie for them to
    /// work.
    fn elements(&self) -> Vec<Element> {
        let mut elements = Vec::new();
        for start in self.places(TGTA.len()) {
            if self.codes[start..].starts_with(&TGTA) {
                elements.push(Element::Other(Family::Tgta, start));
            }
        }
        for start in self.places(SIX) {
            elements.extend(rank_at(&self.codes, start).map(|rank| Element::Signal(rank, start)));
            let six = Hexamer::of(&self.codes[start..start + SIX]);
            let rich = RICH.into_iter().map(|(family, _)| family);
            let here = rich.filter(|family| six.is_some_and(|six| family.holds(six)));
            elements.extend(here.map(|family| Element::Other(family, start)));
        }
        elements
    }

    /// Returns where an element of `length` nt that holds a changed base, or both neighbours of an
    /// empty stretch, can begin.
    fn places(&self, length: usize) -> Range<usize> {
        let first = (self.changed.start + 1).saturating_sub(length);
        let end = self.changed.end.min(self.codes.len() + 1 - length);
        first..end
    }
}

/// Returns the rank of the signal at an index: the known 18, strongest first, then the others.
fn rank_at(codes: &[u8], start: usize) -> Option<usize> {
    let other = || {
        let hexamer = Hexamer::of(codes.get(start..start + SIX)?);
        let place = MORE_SIGNALS.iter().position(|signal| Hexamer::parse(signal) == hexamer)?;
        Some(SIGNALS.len() + place)
    };
    signal_at(codes, start).or_else(other)
}

fn signal_name(rank: usize) -> &'static str {
    SIGNALS.get(rank).copied().unwrap_or_else(|| MORE_SIGNALS[rank - SIGNALS.len()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::genome::sequence::encode;

    /// What replacing the base at an index by a letter does to the elements of a site at index 60.
    fn changes(sequence: &[u8], at: u64, letter: u8) -> String {
        let codes = encode(sequence).unwrap();
        let change = Change { start: at, removed: 1, inserted: encode(&[letter]).unwrap() };
        changed(&Haplotype::both(&codes, &change, 300), Strand::Plus, [60, 60])
    }

    /// 120 nt of C and G without any element, with letters put at an index.
    fn with(letters: &[u8], at: usize) -> Vec<u8> {
        let mut sequence = b"CCGCCACGAC".repeat(12);
        sequence[at..at + letters.len()].copy_from_slice(letters);
        sequence
    }

    #[test]
    fn elements_are_told_by_family() {
        assert!(elements(".").is_empty());
        let text = "modified:AATAAA>AATACA&created:TGTA&disrupted:GT/CT-rich";
        let expected = ["modified:AATAAA", "created:TGTA", "disrupted:GT/CT-rich"];
        assert_eq!(elements(text), expected);
        assert_eq!(elements("created:AATACA"), ["created:other_signal"]);
    }

    /// A change of up to three bases into as many others or fewer, near the middle of 120 nt.
    fn small_changes() -> impl Strategy<Value = (Vec<u8>, Change)> {
        let codes =
            prop::collection::vec(prop_oneof![3 => Just(3u8), 2 => Just(0u8), 4 => 0u8..4], 120);
        let inserted = prop::collection::vec(0u8..4, 0..4);
        (codes, 50u64..70, 0u64..4, inserted).prop_map(|(codes, start, removed, inserted)| {
            let reference = codes[start as usize..(start + removed) as usize].to_vec();
            let change = Change::canonical(&codes, start, &reference, &inserted);
            (codes, change)
        })
    }

    proptest! {
        #[test]
        fn a_change_that_can_alter_no_element_alters_none_wherever_the_site_lies(
            (codes, change) in small_changes(),
        ) {
            let haplotypes = Haplotype::both(&codes, &change, 300);
            for strand in Strand::BOTH {
                let strands = Strand::BOTH.map(|other| other == strand);
                let can = can_change(&codes, &change, strands);
                let site = |place: u64| changed(&haplotypes, strand, [place, change.to_alternate(place)]);
                if let Some(place) = (0..120).find(|&place| site(place) != ".") {
                    prop_assert!(can, "{} of a site at {place}{strand}", site(place));
                }
                prop_assert!(!can || can_change(&codes, &change, [true; 2]));
            }
            prop_assert!(!can_change(&codes, &change, [false; 2]));
        }
    }

    #[test]
    fn changes_outside_of_elements_can_alter_none() {
        let sequence = encode(&with(b"AATAAA", 40)).unwrap();
        let snv = |start: u64, letter: u8| Change {
            start,
            removed: 1,
            inserted: encode(&[letter]).unwrap(),
        };
        assert!(can_change(&sequence, &snv(43, b'C'), [true, false]));
        assert!(!can_change(&sequence, &snv(60, b'G'), [true, false]));
        // GGCGGG on the other strand, which becomes GGCGCG; and GTGT.
        assert!(can_change(&sequence, &snv(60, b'G'), [true; 2]));
        assert!(can_change(&sequence, &snv(60, b'A'), [false, true]));
        assert!(!can_change(&sequence, &snv(60, b'A'), [true, false]));
        let deletion = Change { start: 60, removed: 1, inserted: Vec::new() };
        assert!(!can_change(&sequence, &deletion, [true, false]));
        let deletion = Change { start: 41, removed: 1, inserted: Vec::new() };
        assert!(can_change(&sequence, &deletion, [true, false]));
    }

    #[test]
    fn families_are_the_published_ones() {
        for (letters, place, at, letter, expected) in [
            (&b"AATAAA"[..], 40, 43, b'C', "disrupted:AATAAA"),
            (b"AATAAA", 40, 41, b'T', "modified:AATAAA>ATTAAA"),
            (b"AAATAC", 40, 45, b'A', "created:AAATAA"),
            // AATAAA goes on to work.
            (b"AATAAAA", 40, 46, b'C', "."),
            (b"TGTA", 20, 22, b'C', "disrupted:TGTA"),
            // Only where it works.
            (b"ATGTA", 69, 72, b'C', "."),
            (b"GTGT", 70, 72, b'A', "disrupted:GT/CT-rich"),
            (b"CTGC", 70, 73, b'T', "created:GT/CT-rich"),
            (b"GTGT", 40, 42, b'C', "."),
            // Five of six, the first among them.
            (b"TTTTCT", 70, 71, b'C', "disrupted:T-rich"),
            (b"GGGGAG", 70, 71, b'C', "disrupted:G-rich"),
        ] {
            let found = changes(&with(letters, place), at, letter);
            let text = String::from_utf8_lossy(letters);
            assert_eq!(found, expected, "{text} at {place}, {} at {at}", letter as char);
        }
    }
}
