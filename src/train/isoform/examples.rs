//! Sequences of reporter genes and where their RNA was cleaved.
//!
//! A table (tab-separated, with a header; plain or compressed) has a row for each sequence:
//!
//! | column | content |
//! | --- | --- |
//! | `sequence` | in transcript direction; its polyA signal begins at the same index in all |
//! | `library` | of the reporter genes: 0 to 12, or a name of [`LIBRARY_NAMES`]; without the column that of the network |
//! | `cuts` | reads cleaved after each nucleotide, and last those cleaved elsewhere: as many numbers and one more as nucleotides, with commas; `.` where they were not counted |
//! | `isoform` | share (0-1) of the RNA that is cleaved 10 to 39 nt after the signal's first base |
//! | `proximal`, `total` | reads cleaved there and all reads, instead of `isoform` |
//!
//! A row has `cuts`, or a share, or both; of cuts alone the share is theirs.

use std::collections::HashMap;
use std::path::Path;

use rand::{Rng, RngExt};

use super::config::Shift;
use crate::error::Result;
use crate::genome::compression::Source;
use crate::genome::sequence::{encode, stretch};
use crate::genome::text_lines::TextLines;
use crate::models::aparent2::weights::{LENGTH, LIBRARIES, LIBRARY_NAMES};
use crate::models::aparent2::{HEXAMER, ISOFORM};

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    codes: Vec<u8>,
    /// Index of the signal's first base.
    hexamer: usize,
    pub library: usize,
    /// After each nucleotide, then elsewhere; empty where they were not counted.
    cuts: Vec<f32>,
    isoform: Option<f32>,
}

/// What a frame is to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Share of the RNA cleaved within the range of an isoform.
    pub isoform: Option<f32>,
    /// Share cleaved at each place of the frame and elsewhere, 206 in all.
    pub cuts: Option<Vec<f32>>,
}

impl Example {
    /// Returns the frame whose signal would begin so many nt before where it does, and what it is
    /// to say. What a frame has beyond the sequence is unknown; reads cleaved outside the frame do
    /// not count, as published. A share that was measured by itself is that of a frame in its
    /// place: moved frames have none.
    pub fn frame(&self, shift: isize) -> (Vec<u8>, Target) {
        let first = self.hexamer as isize - HEXAMER as isize + shift;
        let codes = stretch(&self.codes, first, LENGTH);
        let cuts = self.cuts_of(first);
        let of_cuts = || Some(cuts.as_ref()?[ISOFORM].iter().sum());
        let isoform = match self.isoform {
            Some(share) if shift == 0 => Some(share),
            Some(_) if self.cuts.is_empty() => None,
            _ => of_cuts(),
        };
        (codes, Target { isoform, cuts })
    }

    /// Returns the shares of the cuts in the frame that begins at `first`; `None` without any read.
    fn cuts_of(&self, first: isize) -> Option<Vec<f32>> {
        let (elsewhere, within) = self.cuts.split_last()?;
        let at = |place: isize| usize::try_from(first + place).ok().and_then(|at| within.get(at));
        let places = (0..LENGTH as isize).map(|place| at(place).copied().unwrap_or(0.0));
        let counts: Vec<f32> = places.chain([*elsewhere]).collect();
        let sum: f32 = counts.iter().sum();
        (sum > 0.0).then(|| counts.iter().map(|count| count / sum).collect())
    }
}

impl Shift {
    /// Draws a distance.
    pub fn draw(&self, rng: &mut impl Rng) -> isize {
        let Self { none, near_share, near, far } = *self;
        let at = rng.random::<f64>();
        let distance = match at {
            _ if at < none => return 0,
            _ if at < none + near_share => rng.random_range(1..=near),
            _ => rng.random_range(near + 1..=far),
        };
        if rng.random::<bool>() { distance as isize } else { -(distance as isize) }
    }
}

/// Reads a table; `library` is that of rows which name none.
///
/// # Errors
/// If the file cannot be read, lacks a column, or a row has a value that is none.
pub fn read(path: &Path, hexamer: usize, library: usize) -> Result<Vec<Example>> {
    let mut lines = TextLines::new(&Source::open(path)?);
    let mut columns: Option<HashMap<String, usize>> = None;
    let mut examples = Vec::new();
    while let Some(line) = lines.next_text()? {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        let Some(columns) = &columns else {
            let names = fields.iter().enumerate().map(|(at, name)| ((*name).to_owned(), at));
            let names: HashMap<String, usize> = names.collect();
            let measured = names.contains_key("cuts") || names.contains_key("isoform");
            let counted = names.contains_key("proximal") && names.contains_key("total");
            if !names.contains_key("sequence") || !(measured || counted) {
                let problem = "no header with the columns sequence and cuts, isoform, or proximal \
                               and total";
                return Err(lines.wrong(problem));
            }
            columns = Some(names);
            continue;
        };
        let row = Row { fields: &fields, columns, lines: &lines };
        examples.push(row.example(hexamer, library)?);
    }
    if examples.is_empty() { Err(lines.wrong("no examples in this file")) } else { Ok(examples) }
}

/// A row, by its columns.
struct Row<'a> {
    fields: &'a [&'a str],
    columns: &'a HashMap<String, usize>,
    lines: &'a TextLines,
}

impl Row<'_> {
    /// Returns the text of a column, if it has some.
    fn get(&self, name: &str) -> Option<&str> {
        let text = self.columns.get(name).and_then(|&at| self.fields.get(at)).copied();
        text.filter(|text| !["", ".", "NA"].contains(text))
    }

    fn count(&self, name: &str, text: &str) -> Result<f32> {
        match text.trim().parse::<f32>() {
            Ok(count) if count.is_finite() && count >= 0.0 => Ok(count),
            _ => Err(self.lines.wrong(format!("{name} {text:?}: numbers of 0 or more"))),
        }
    }

    fn example(&self, hexamer: usize, library: usize) -> Result<Example> {
        let letters = self.get("sequence").unwrap_or_default();
        let codes = encode(letters.as_bytes()).map_err(|at| {
            self.lines.wrong(format!("letter {} of the sequence is no nucleotide", at + 1))
        })?;
        if codes.len() < hexamer + 6 {
            let problem = format!("the sequence ends before its hexamer, whose index is {hexamer}");
            return Err(self.lines.wrong(problem));
        }
        let cuts = match self.get("cuts") {
            Some(text) => text.split(',').map(|count| self.count("cuts", count)).collect(),
            None => Ok(Vec::new()),
        }?;
        if !cuts.is_empty() && cuts.len() != codes.len() + 1 {
            let problem = format!(
                "{} numbers in cuts for {} nt: one of each nucleotide, and one of elsewhere",
                cuts.len(),
                codes.len()
            );
            return Err(self.lines.wrong(problem));
        }
        let isoform = self.isoform()?;
        if isoform.is_none() && cuts.iter().all(|&count| count == 0.0) {
            return Err(self.lines.wrong("neither reads nor a share: leave the row out"));
        }
        Ok(Example { codes, hexamer, library: self.library()?.unwrap_or(library), cuts, isoform })
    }

    fn isoform(&self) -> Result<Option<f32>> {
        if let Some(text) = self.get("isoform") {
            let share = self.count("isoform", text)?;
            let wrong = || self.lines.wrong(format!("isoform {text:?}: a share of 0 to 1"));
            return if share <= 1.0 { Ok(Some(share)) } else { Err(wrong()) };
        }
        let (Some(proximal), Some(total)) = (self.get("proximal"), self.get("total")) else {
            return Ok(None);
        };
        let counts = [self.count("proximal", proximal)?, self.count("total", total)?];
        match counts {
            [proximal, total] if proximal <= total && total > 0.0 => Ok(Some(proximal / total)),
            _ => Err(self.lines.wrong("total must be above 0 and no less than proximal")),
        }
    }

    fn library(&self) -> Result<Option<usize>> {
        let Some(text) = self.get("library") else { return Ok(None) };
        let named = LIBRARY_NAMES.iter().position(|name| *name == text);
        match named.or_else(|| text.parse().ok().filter(|number| *number < LIBRARIES)) {
            Some(library) => Ok(Some(library)),
            None => {
                let problem = format!(
                    "library {text:?}: 0 to {}, or one of {}",
                    LIBRARIES - 1,
                    LIBRARY_NAMES.join(", ")
                );
                Err(self.lines.wrong(problem))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn table(text: &str) -> Result<Vec<Example>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path(), 3, 11)
    }

    #[test]
    fn rows_say_what_was_counted() {
        let text = "sequence\tlibrary\tcuts\tproximal\ttotal\n\
                    ACGTACGTAC\tsimple\t0,0,0,0,0,0,0,2,0,0,6\t.\t.\n\
                    ACGTACGTAC\t4\t.\t3\t12\n\
                    acgunnnnnn\t\t0,0,0,0,0,0,0,0,0,1,0\t1\t4\n";
        let found = table(text).unwrap();
        assert_eq!(found.iter().map(|e| e.library).collect::<Vec<_>>(), [5, 4, 11]);
        let targets: Vec<Target> = found.iter().map(|example| example.frame(0).1).collect();
        // The signal at 3 lies at 70 of the frame: index 7 there is 74, before an isoform's range.
        let cuts = targets[0].cuts.as_ref().unwrap();
        assert_eq!((cuts[74], cuts[LENGTH], cuts.len()), (0.25, 0.75, LENGTH + 1));
        assert_eq!(targets[0].isoform, Some(0.0));
        assert_eq!(targets[1], Target { isoform: Some(0.25), cuts: None });
        assert_eq!(targets[2].isoform, Some(0.25));
        // Moved, a share of its own says nothing of the frame, but cuts do.
        assert_eq!(found[1].frame(2).1.isoform, None);
        let moved = found[0].frame(-6).1;
        assert_eq!((moved.cuts.unwrap()[80], moved.isoform), (0.25, Some(0.25)));
    }

    #[test]
    fn wrong_rows_are_told_by_line() {
        for (row, told) in [
            ("ACGTACGTAC\t0,1", "2 numbers in cuts for 10 nt"),
            ("ACGTACGTAC\t0,0,0,0,0,0,0,0,0,0,-1", "0 or more"),
            ("ACGTACGTAC\t0,0,0,0,0,0,0,0,0,0,0", "neither reads nor a share"),
            ("ACGTACG!AC\t.", "letter 8"),
            ("ACGTACGT\t.", "ends before its hexamer"),
        ] {
            let error = table(&format!("sequence\tcuts\n{row}\n")).unwrap_err().to_string();
            assert!(error.contains("line 2") && error.contains(told), "{error}");
        }
        for (text, told) in [
            ("ACGT\n", "no header"),
            ("sequence\tcuts\n", "no examples"),
            ("sequence\tisoform\nACGTACGTAC\t1.5\n", "0 to 1"),
            ("sequence\tproximal\ttotal\nACGTACGTAC\t3\t2\n", "no less than proximal"),
            ("sequence\tisoform\tlibrary\nACGTACGTAC\t0.5\t13\n", "library \"13\""),
        ] {
            let error = table(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_moved_frame_keeps_bases_and_cuts_together(length in 20usize..400, at in 0usize..400, shift in -40isize..40) {
            let at = at % length;
            let mut example = Example {
                codes: vec![1; length],
                hexamer: length / 2,
                library: 0,
                cuts: vec![0.0; length + 1],
                isoform: None,
            };
            (example.codes[at], example.cuts[at]) = (2, 3.0);
            example.cuts[length] = 1.0;
            let (codes, target) = example.frame(shift);
            prop_assert_eq!(codes.len(), LENGTH);
            let place = codes.iter().position(|&code| code == 2);
            let cuts = target.cuts.unwrap();
            prop_assert_eq!(cuts[..LENGTH].iter().position(|&cut| cut > 0.0), place);
            prop_assert!((cuts.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            prop_assert_eq!(cuts[LENGTH], if place.is_some() { 0.25 } else { 1.0 });
            let inside = place.is_some_and(|place| ISOFORM.contains(&place));
            prop_assert_eq!(target.isoform, Some(if inside { 0.75 } else { 0.0 }));
        }
    }

    #[test]
    fn shifts_have_their_shares() {
        let (shift, mut rng) = (Shift::default(), ChaCha8Rng::seed_from_u64(1));
        let drawn: Vec<isize> = (0..20_000).map(|_| shift.draw(&mut rng)).collect();
        let share = |is: &dyn Fn(usize) -> bool| {
            drawn.iter().filter(|d| is(d.unsigned_abs())).count() as f64 / drawn.len() as f64
        };
        assert!((share(&|d| d == 0) - 0.5).abs() < 0.02);
        assert!((share(&|d| (1..=5).contains(&d)) - 0.4).abs() < 0.02);
        assert!(share(&|d| d > 35) == 0.0 && drawn.contains(&-35) && drawn.contains(&35));
    }
}
