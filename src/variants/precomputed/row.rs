//! Effects of a change as rows of text, and back, to the bit.

use std::fmt::Write as _;

use crate::genome::sequence::{code, decode};
use crate::genome::strand::Strand;
use crate::variants::Rule;
use crate::variants::effect::{Effect, SiteEffect};

/// The names of the columns.
pub const COLUMNS: [&str; 20] = [
    "#chrom",
    "pos",
    "ref",
    "alt",
    "strands",
    "strand",
    "site",
    "offset",
    "shift",
    "mean_shift",
    "called",
    "known",
    "prob_ref",
    "prob_alt",
    "strength_ref",
    "strength_alt",
    "motif",
    "delta",
    "effect",
    "sites",
];

/// What the header says of the columns.
pub const REMARKS: [&str; 3] = [
    "one row per change x site, or one of dots for a change without a site; pos and site are 1-based; ref and alt are \
     letters of the plus strand, alt - is the deletion of ref, as far left as it can lie",
    "strands: those that were scored; strand, site, offset, shifts, called (on which haplotype), known: of the site; prob, \
     strength, motif: as in INFO/PolyA; numbers have all their digits",
    "delta (alternate minus reference) and effect follow from the other columns; sites: rows of the change",
];

/// What a change puts in: a code, or nothing.
pub type Inserted = Option<u8>;

/// A change whose effects are written: position (0-based), code of the reference, what is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub position: u64,
    pub reference: u8,
    pub inserted: Inserted,
    /// Strands that were scored: plus, minus.
    pub strands: [bool; 2],
}

/// Appends the rows of a change of a contig.
pub fn write(contig: &str, change: &Written, effects: &[SiteEffect], rows: &mut Vec<String>) {
    let letter = |code: u8| String::from_utf8_lossy(&decode(&[code])).into_owned();
    let alternate = change.inserted.map_or("-".to_owned(), letter);
    let strands = match change.strands {
        [true, true] => "+-",
        [true, false] => "+",
        _ => "-",
    };
    let position = change.position + 1;
    let first =
        format!("{contig}\t{position}\t{}\t{alternate}\t{strands}", letter(change.reference));
    if effects.is_empty() {
        let dots = "\t.".repeat(COLUMNS.len() - 6);
        rows.push(format!("{first}{dots}\t0\n"));
    }
    rows.extend(
        effects.iter().map(|site| format!("{first}\t{}\t{}\n", of_site(site), effects.len())),
    );
}

fn of_site(site: &SiteEffect) -> String {
    let called = match site.called {
        [true, true] => "both",
        [true, false] => "ref",
        [false, true] => "alt",
        [false, false] => "none",
    };
    let known = if site.known { "yes" } else { "no" };
    let mut text = format!("{}\t{}\t{}\t", site.strand, site.position + 1, site.offset);
    // Writing to a String cannot fail.
    let _ = match site.shift {
        Some(shift) => write!(text, "{shift}"),
        None => write!(text, "."),
    };
    let _ = match site.mean_shift {
        Some(shift) => write!(text, "\t{shift}"),
        None => write!(text, "\t."),
    };
    let [p, q] = site.probability;
    let _ = write!(text, "\t{called}\t{known}\t{p}\t{q}");
    let _ = match site.strength {
        // Models say f32.
        Some([a, b]) => write!(text, "\t{}\t{}", a as f32, b as f32),
        None => write!(text, "\t.\t."),
    };
    let _ = write!(text, "\t{}\t{:.3}\t{}", site.motif, site.delta(), site.effect.name());
    text
}

/// A row, taken apart as far as it takes to tell whether it is asked for.
pub struct Row<'a> {
    text: &'a [u8],
    pub contig: &'a [u8],
    /// 0-based.
    pub position: u64,
}

/// The rows of one change, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    pub inserted: Inserted,
    pub strands: [bool; 2],
    pub sites: Vec<SiteEffect>,
}

impl<'a> Row<'a> {
    /// Finds the position of a row, given without its line feed; `None` if it is none.
    pub fn new(text: &'a [u8]) -> Option<Self> {
        let mut cells = text.splitn(3, |byte| *byte == b'\t');
        let contig = cells.next()?;
        let position: u64 = number(cells.next()?)?;
        Some(Self { text, contig, position: position.checked_sub(1)? })
    }

    /// Adds the row to what was read of its position; the effect is told by `rule`. `None` if it is
    /// no row.
    pub fn add_to(&self, changes: &mut Vec<Read>, rule: &Rule) -> Option<()> {
        let mut cells = [&self.text[..0]; COLUMNS.len()];
        let mut found = 0;
        for cell in self.text.split(|byte| *byte == b'\t') {
            *cells.get_mut(found)? = cell;
            found += 1;
        }
        if found != COLUMNS.len() {
            return None;
        }
        let inserted = match cells[3] {
            b"-" => None,
            [letter] => Some(code(*letter)?),
            _ => return None,
        };
        let strands = match cells[4] {
            b"+-" => [true, true],
            b"+" => [true, false],
            b"-" => [false, true],
            _ => return None,
        };
        if changes.last().is_none_or(|last| last.inserted != inserted) {
            changes.push(Read { inserted, strands, sites: Vec::new() });
        }
        if cells[5] == b"." {
            return Some(());
        }
        let site = site(&cells, rule)?;
        changes.last_mut()?.sites.push(site);
        Some(())
    }
}

fn site(cells: &[&[u8]; COLUMNS.len()], rule: &Rule) -> Option<SiteEffect> {
    let called = match cells[10] {
        b"both" => [true, true],
        b"ref" => [true, false],
        b"alt" => [false, true],
        b"none" => [false, false],
        _ => return None,
    };
    let strength = match (cells[14], cells[15]) {
        (b".", b".") => None,
        (a, b) => Some([number::<f32>(a)?.into(), number::<f32>(b)?.into()]),
    };
    let mut site = SiteEffect {
        strand: if cells[5] == b"+" { Strand::Plus } else { Strand::Minus },
        position: number::<u64>(cells[6])?.checked_sub(1)?,
        offset: number(cells[7])?,
        shift: maybe(cells[8])?,
        mean_shift: maybe(cells[9])?,
        called,
        known: cells[11] == b"yes",
        probability: [number(cells[12])?, number(cells[13])?],
        strength,
        motif: std::str::from_utf8(cells[16]).ok()?.to_owned(),
        effect: Effect::Unchanged,
    };
    site.effect = rule.effect(&site);
    Some(site)
}

fn number<T: std::str::FromStr>(cell: &[u8]) -> Option<T> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// Reads a number or a dot.
fn maybe<T: std::str::FromStr>(cell: &[u8]) -> Option<Option<T>> {
    if cell == b"." { Some(None) } else { number(cell).map(Some) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule() -> Rule {
        Rule { probability: 0.9, strength: -9.0, delta: 1.0, shift: 5 }
    }

    fn site() -> impl Strategy<Value = SiteEffect> {
        let bits = any::<[bool; 4]>();
        let shift = prop::option::of((-50i64..50, -50.0f64..50.0));
        let numbers =
            (0.0f32..1.0, 0.0f32..1.0, prop::option::of((-20.0f32..20.0, -20.0f32..20.0)));
        (bits, 0u64..1_000_000, -200i64..200, shift, numbers).prop_map(
            |([minus, a, b, known], position, offset, shift, (p, q, strength))| {
                let mut site = SiteEffect {
                    strand: if minus { Strand::Minus } else { Strand::Plus },
                    position,
                    offset,
                    shift: shift.map(|(shift, _)| shift),
                    mean_shift: shift.map(|(_, mean)| mean),
                    called: [a, b],
                    known,
                    probability: [p, q],
                    strength: strength.map(|(a, b)| [a.into(), b.into()]),
                    motif: "created:GT/CT-rich&modified:AATAAA>ATTAAA".into(),
                    effect: Effect::Unchanged,
                };
                site.effect = rule().effect(&site);
                site
            },
        )
    }

    proptest! {
        #[test]
        fn effects_come_back_to_the_bit(
            sites in prop::collection::vec(prop::collection::vec(site(), 0..4), 1..4),
            position in 0u64..1_000_000,
        ) {
            let mut rows = Vec::new();
            let alternates = [Some(1), Some(3), None];
            let strands = [[true; 2], [true, false], [false, true]];
            let mut expected = Vec::new();
            for (i, sites) in sites.into_iter().enumerate() {
                let (inserted, strands) = (alternates[i], strands[i]);
                let written = Written { position, reference: 0, inserted, strands };
                write("chr1", &written, &sites, &mut rows);
                expected.push(Read { inserted, strands, sites });
            }
            let mut changes = Vec::new();
            for text in &rows {
                let row = Row::new(text.trim_end().as_bytes()).unwrap();
                prop_assert_eq!(row.position, position);
                row.add_to(&mut changes, &rule()).unwrap();
            }
            prop_assert_eq!(changes, expected);
        }

        #[test]
        fn what_is_damaged_is_an_error_or_another_row(at in 0usize..60, byte in any::<u8>()) {
            let written = Written { position: 9, reference: 0, inserted: Some(1), strands: [true; 2] };
            let mut rows = Vec::new();
            write("chr1", &written, &[], &mut rows);
            let mut bytes = rows[0].trim_end().as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Some(row) = Row::new(&bytes) {
                let _ = row.add_to(&mut Vec::new(), &rule());
            }
        }
    }
}
