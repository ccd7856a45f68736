//! Regions of a genome: `chr9:1-1,000,000`, BED files, and sets of intervals.

mod bed;
mod intervals;

use std::ops::Range;
use std::path::Path;

pub use self::bed::{BedRow, read_bed, read_bed_rows, read_bed_source};
pub use self::intervals::Intervals;
use super::contigs::Contigs;
use crate::error::{Error, Problem, Result};

/// A stretch of one contig, 0-based half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Number of the contig in the genome.
    pub contig: usize,
    /// 0-based half-open.
    pub range: Range<u64>,
}

impl Region {
    /// Parses `NAME`, `NAME:START`, `NAME:START-END` or `NAME:START-` (1-based, inclusive, commas
    /// allowed; a name may hold colons: the whole text is tried as a name first, then it is split
    /// at the last colon). Without an end the region reaches to the end of the contig, as in
    /// samtools. `chr9` and `9` are the same contig if only one of them is there. `fasta` is the
    /// genome's path, for messages.
    ///
    /// # Errors
    /// [`Error::Usage`] for text that is no region, [`Error::Input`] for one that is not in this
    /// genome.
    ///
    /// ```
    /// use std::path::Path;
    /// use polyascan::genome::{contigs::Contigs, region::Region};
    ///
    /// let mut contigs = Contigs::default();
    /// contigs.push("chr9".to_owned(), 5_000);
    /// let region = Region::parse("chr9:1,001-2,000", &contigs, Path::new("genome.fa")).unwrap();
    /// assert_eq!(region, Region { contig: 0, range: 1_000..2_000 });
    /// assert!(Region::parse("chr9:6000", &contigs, Path::new("genome.fa")).is_err());
    /// ```
    pub fn parse(text: &str, contigs: &Contigs, fasta: &Path) -> Result<Self> {
        if let Some(contig) = contigs.resolve(text) {
            return Ok(Self { contig, range: 0..contigs[contig].length });
        }
        let (name, span) = text.rsplit_once(':').unwrap_or((text, ""));
        let Some(contig) = contigs.resolve(name) else {
            return Err(unknown_contig(text, name, contigs, fasta));
        };
        let (start, end) = parse_span(span).map_err(|problem| {
            Error::Usage(format!("region {text:?}: {problem}; write NAME:START-END, 1-based"))
        })?;
        let length = contigs[contig].length;
        let end = end.unwrap_or(length);
        if start > length || end > length {
            let name = &contigs[contig].name;
            let problem = format!("region {text:?} is outside: {name} has {length} nt");
            return Err(Error::of_file(fasta, problem));
        }
        Ok(Self { contig, range: start - 1..end })
    }
}

/// Parses `START`, `START-` or `START-END`, 1-based inclusive.
fn parse_span(span: &str) -> std::result::Result<(u64, Option<u64>), Problem> {
    let (start, end) = span.split_once('-').unwrap_or((span, ""));
    let start = parse_position(start)?;
    let end = if end.is_empty() { None } else { Some(parse_position(end)?) };
    match end {
        _ if start == 0 => Err("positions are counted from 1".into()),
        Some(end) if end < start => {
            Err(format!("the end {end} is before the start {start}").into())
        }
        _ => Ok((start, end)),
    }
}

fn parse_position(text: &str) -> std::result::Result<u64, Problem> {
    let digits = text.replace(',', "");
    // u64's own parser would accept a plus sign.
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{text:?} is not a position").into());
    }
    digits.parse().map_err(|_| format!("{text:?} is too large").into())
}

fn unknown_contig(text: &str, name: &str, contigs: &Contigs, fasta: &Path) -> Error {
    let asked = if text == name { String::new() } else { format!(" (nor {name:?})") };
    let names = contigs.examples(5);
    Error::of_file(fasta, format!("no contig is called {text:?}{asked}; contigs here: {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contigs() -> Contigs {
        let mut contigs = Contigs::default();
        for (name, length) in [
            ("chr9", 1000),
            ("HLA-A*01:01", 300),
            ("HLA-A*01", 200),
            ("empty", 0),
            ("chr1:5-9", 50),
        ] {
            contigs.push(name.to_owned(), length);
        }
        contigs
    }

    fn parse(text: &str) -> Result<(usize, Range<u64>)> {
        Region::parse(text, &contigs(), Path::new("g.fa")).map(|r| (r.contig, r.range))
    }

    #[test]
    fn all_forms_are_understood() {
        for (text, contig, range) in [
            ("chr9", 0, 0..1000),
            ("9", 0, 0..1000),
            ("chr9:10", 0, 9..1000),
            ("chr9:10-", 0, 9..1000),
            ("chr9:10-10", 0, 9..10),
            ("9:1-1,000", 0, 0..1000),
            ("empty", 3, 0..0),
        ] {
            assert_eq!(parse(text).unwrap(), (contig, range), "{text}");
        }
    }

    #[test]
    fn names_with_colons_are_whole_names_first() {
        for (text, contig, range) in [
            ("HLA-A*01:01", 1, 0..300),
            ("HLA-A*01:01:1-100", 1, 0..100),
            ("HLA-A*01:2-100", 2, 1..100),
            ("chr1:5-9", 4, 0..50),
            ("chr1:5-9:2-3", 4, 1..3),
        ] {
            assert_eq!(parse(text).unwrap(), (contig, range), "{text}");
        }
    }

    #[test]
    fn text_that_is_no_region_is_a_usage_error() {
        for text in
            ["chr9:0-5", "chr9:10-5", "chr9:", "chr9:-5", "chr9:a-b", "chr9:+1-5", "chr9:1-5-9"]
        {
            assert_eq!(parse(text).unwrap_err().exit_code(), 2, "{text}");
        }
        assert_eq!(parse("chr9:1-99999999999999999999999").unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_region_outside_the_genome_is_a_data_error() {
        for (text, told) in [
            ("chr9:1001-1001", "g.fa: region \"chr9:1001-1001\" is outside: chr9 has 1000 nt"),
            ("9:1-1001", "chr9 has 1000 nt"),
            ("chr9:1001", "chr9 has 1000 nt"),
            ("empty:1", "empty has 0 nt"),
            (
                "chr2:1-5",
                "no contig is called \"chr2:1-5\" (nor \"chr2\"); contigs here: chr9, HLA",
            ),
            ("", "no contig is called \"\""),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
            assert_eq!(error.exit_code(), 1);
        }
    }

    proptest! {
        #[test]
        fn a_written_region_is_read_back(start in 0u64..1000, length in 1u64..1000) {
            let end = (start + length).min(1000);
            prop_assert_eq!(parse(&format!("chr9:{}-{end}", start + 1)).unwrap(), (0, start..end));
        }
    }
}
