//! Families of sequence elements of polyA sites: the one table of which hexamers belong to which.
//!
//! Stroup & Ji 2023, Nature Communications 14:7378, Methods and Figure 2: families of hexamers, and
//! how far from the cut each works best. The signals are the 18 of [`super::signal::SIGNALS`] and
//! two more that their Figure S4f finds strong.

use std::fmt;

use super::signal::SIGNALS;
use crate::genome::sequence::{code, decode};

/// Nucleotides of a hexamer.
pub const SIX: usize = 6;
/// Different hexamers.
pub const HEXAMERS: usize = 4096;

/// Signals beside the 18 of [`SIGNALS`] (Stroup & Ji 2023, Figure S4f).
pub const MORE_SIGNALS: [&str; 2] = ["ATAAAA", "AAATAA"];
/// Where cleavage factor I binds, as codes: TGTA.
pub const TGTA: [u8; 4] = [3, 2, 3, 0];
/// What makes a hexamer GT/CT-rich.
const GT_CT_CORES: [&[u8; 4]; 6] = [b"GTGT", b"TGTG", b"GTCT", b"TGTC", b"CTGT", b"TCTG"];
/// A rich hexamer has so many of its base, one of them at its beginning.
const RICH: usize = 5;
const G: u8 = 2;
const T: u8 = 3;

/// Six bases, as a number in base 4 (A, C, G, T = 0..3), the first base most significant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hexamer(u16);

impl Hexamer {
    /// Returns the hexamer of six codes; none if they are not six known bases.
    pub fn of(codes: &[u8]) -> Option<Self> {
        if codes.len() != SIX || codes.iter().any(|&code| code >= 4) {
            return None;
        }
        Some(Self(codes.iter().fold(0, |number, &code| 4 * number + u16::from(code))))
    }

    /// Returns the hexamer of six letters (T or U, any case).
    pub fn parse(letters: &str) -> Option<Self> {
        let codes = letters.bytes().map(code).collect::<Option<Vec<u8>>>()?;
        Self::of(&codes)
    }

    /// Returns all hexamers, in alphabetical order.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..HEXAMERS as u16).map(Self)
    }

    /// Returns the hexamer at a place in alphabetical order, from 0; past the last one they begin
    /// again.
    pub fn numbered(number: usize) -> Self {
        Self((number % HEXAMERS) as u16)
    }

    /// Returns its place in alphabetical order, from 0.
    pub fn number(self) -> usize {
        usize::from(self.0)
    }

    /// Returns its codes.
    pub fn codes(self) -> [u8; SIX] {
        let mut rest = self.0;
        let mut codes = [0; SIX];
        for code in codes.iter_mut().rev() {
            *code = (rest % 4) as u8;
            rest /= 4;
        }
        codes
    }

    /// Returns the families that it belongs to: none of most hexamers, two of those that hold TGTA
    /// beside GTGT or CTGT.
    pub fn families(self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(move |family| family.holds(self))
    }
}

impl fmt::Display for Hexamer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&decode(&self.codes())))
    }
}

/// A family of hexamers that work alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Aataaa,
    Attaaa,
    /// Every other polyA signal.
    OtherSignal,
    /// Hexamers that contain TGTA.
    Tgta,
    /// At least five T, one of them first.
    TRich,
    /// Hexamers that contain GTGT, TGTG, GTCT, TGTC, CTGT or TCTG.
    GtCtRich,
    /// At least five G, one of them first.
    GRich,
}

impl Family {
    /// All families, in the order in which they are told.
    pub const ALL: [Self; 7] = [
        Self::Aataaa,
        Self::Attaaa,
        Self::OtherSignal,
        Self::Tgta,
        Self::TRich,
        Self::GtCtRich,
        Self::GRich,
    ];

    /// Returns its name in tables and pictures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aataaa => "AATAAA",
            Self::Attaaa => "ATTAAA",
            Self::OtherSignal => "other_signal",
            Self::Tgta => "TGTA",
            Self::TRich => "T-rich",
            Self::GtCtRich => "GT/CT-rich",
            Self::GRich => "G-rich",
        }
    }

    /// Returns whether a hexamer belongs to it.
    ///
    /// ```
    /// use polyascan::context::families::{Family, Hexamer};
    ///
    /// let hexamer = Hexamer::parse("AGTGTC").unwrap();
    /// assert!(Family::GtCtRich.holds(hexamer) && !Family::TRich.holds(hexamer));
    /// ```
    pub fn holds(self, hexamer: Hexamer) -> bool {
        let codes = hexamer.codes();
        match self {
            Self::Aataaa => is_one_of(hexamer, &SIGNALS[..1]),
            Self::Attaaa => is_one_of(hexamer, &SIGNALS[1..2]),
            Self::OtherSignal => {
                is_one_of(hexamer, &SIGNALS[2..]) || is_one_of(hexamer, &MORE_SIGNALS)
            }
            Self::Tgta => codes.windows(TGTA.len()).any(|four| four == TGTA),
            Self::TRich => is_rich(&codes, T),
            Self::GtCtRich => {
                let letters = decode(&codes);
                letters.windows(4).any(|four| GT_CT_CORES.iter().any(|core| *core == four))
            }
            Self::GRich => is_rich(&codes, G),
        }
    }

    /// Returns whether it is one of polyA signals.
    pub fn is_signal(self) -> bool {
        matches!(self, Self::Aataaa | Self::Attaaa | Self::OtherSignal)
    }

    /// Returns its hexamers, in alphabetical order.
    pub fn hexamers(self) -> impl Iterator<Item = Hexamer> {
        Hexamer::all().filter(move |&hexamer| self.holds(hexamer))
    }
}

/// Families on one side of the cut, which work together there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Element {
    /// In tables and pictures.
    pub name: &'static str,
    pub families: &'static [Family],
    /// Where it works best as published: nt from the cut, negative upstream (Stroup & Ji 2023,
    /// Figure 2).
    pub best: i64,
}

impl Element {
    /// Returns whether a hexamer belongs to it.
    pub fn holds(&self, hexamer: Hexamer) -> bool {
        self.families.iter().any(|family| family.holds(hexamer))
    }

    /// Returns whether it works before the cut.
    pub fn is_upstream(&self) -> bool {
        self.best < 0
    }
}

/// The six elements of a polyA site, in transcript direction of their best places.
pub const ELEMENTS: [Element; 6] = [
    Element { name: "TGTA", families: &[Family::Tgta], best: -37 },
    Element {
        name: "signal",
        families: &[Family::Aataaa, Family::Attaaa, Family::OtherSignal],
        best: -21,
    },
    Element { name: "upstream_T-rich", families: &[Family::TRich], best: -15 },
    Element { name: "GT/CT-rich", families: &[Family::GtCtRich], best: 10 },
    Element { name: "downstream_T-rich", families: &[Family::TRich], best: 18 },
    Element { name: "G-rich", families: &[Family::GRich], best: 37 },
];

fn is_one_of(hexamer: Hexamer, letters: &[&str]) -> bool {
    letters.iter().any(|letters| Hexamer::parse(letters) == Some(hexamer))
}

fn is_rich(codes: &[u8; SIX], base: u8) -> bool {
    codes[0] == base && codes.iter().filter(|&&code| code == base).count() >= RICH
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn held_by(letters: &str) -> Vec<Family> {
        Hexamer::parse(letters).unwrap().families().collect()
    }

    #[test]
    fn hexamers_are_numbered_in_alphabetical_order() {
        let all: Vec<String> = Hexamer::all().map(|hexamer| hexamer.to_string()).collect();
        assert_eq!(all.len(), HEXAMERS);
        assert!(all.is_sorted() && all[0] == "AAAAAA" && all[4095] == "TTTTTT");
        for (number, hexamer) in Hexamer::all().enumerate() {
            assert_eq!((hexamer.number(), Hexamer::of(&hexamer.codes())), (number, Some(hexamer)));
            assert_eq!(Hexamer::numbered(number), hexamer);
            assert_eq!(Hexamer::parse(&all[number]), Some(hexamer));
        }
        assert_eq!(Hexamer::parse("aauaaa"), Hexamer::parse("AATAAA"));
        for wrong in ["", "AATAA", "AATAAAA", "AATNAA", "AAT AA"] {
            assert_eq!(Hexamer::parse(wrong), None, "{wrong}");
        }
    }

    /// Sizes counted by hand from the definitions: 20 signals; 3 places of TGTA in six bases, each
    /// with 16 others; six T or one of five other places with three bases; 224 as published.
    #[test]
    fn families_are_as_large_as_published() {
        let sizes = Family::ALL.map(|family| (family.name(), family.hexamers().count()));
        let expected = [
            ("AATAAA", 1),
            ("ATTAAA", 1),
            ("other_signal", 18),
            ("TGTA", 48),
            ("T-rich", 16),
            ("GT/CT-rich", 224),
            ("G-rich", 16),
        ];
        assert_eq!(sizes, expected);
    }

    #[test]
    fn families_are_told_apart() {
        for (letters, expected) in [
            ("AATAAA", vec![Family::Aataaa]),
            ("ATTAAA", vec![Family::Attaaa]),
            ("ATAAAA", vec![Family::OtherSignal]),
            ("AAATAA", vec![Family::OtherSignal]),
            ("AGTAAA", vec![Family::OtherSignal]),
            ("ATGTAC", vec![Family::Tgta]),
            ("TTTTTT", vec![Family::TRich]),
            ("TTGTTT", vec![Family::TRich]),
            // Five T, but not the first.
            ("GTTTTT", vec![]),
            ("GGGAGG", vec![Family::GRich]),
            ("AGGGGG", vec![]),
            ("CCTCTG", vec![Family::GtCtRich]),
            // Of G and T alone, but without a core.
            ("GGTTGG", vec![]),
            // G, T and an A beside the core.
            ("AGTGTA", vec![Family::Tgta, Family::GtCtRich]),
            ("AATAAC", vec![]),
        ] {
            assert_eq!(held_by(letters), expected, "{letters}");
        }
    }

    #[test]
    fn only_tgta_shares_hexamers_with_another_family() {
        for hexamer in Hexamer::all() {
            let families: Vec<Family> = hexamer.families().collect();
            let shared = families == [Family::Tgta, Family::GtCtRich];
            assert!(families.len() <= 1 || shared, "{hexamer}: {families:?}");
        }
    }

    #[test]
    fn every_signal_of_a_scan_is_one_here() {
        let signals = Family::ALL.into_iter().filter(|family| family.is_signal());
        let here: BTreeSet<String> =
            signals.flat_map(Family::hexamers).map(|hexamer| hexamer.to_string()).collect();
        let expected = SIGNALS.into_iter().chain(MORE_SIGNALS).map(str::to_owned).collect();
        assert_eq!(here, expected);
    }

    #[test]
    fn every_family_has_its_place_around_the_cut() {
        let placed: BTreeSet<Family> =
            ELEMENTS.iter().flat_map(|element| element.families).copied().collect();
        assert_eq!(placed, BTreeSet::from(Family::ALL));
        assert!(ELEMENTS.iter().map(|element| element.best).is_sorted());
        let upstream = ELEMENTS.iter().filter(|element| element.is_upstream()).count();
        assert_eq!(upstream, 3);
    }
}
