//! Ends in BED (six columns) and bedGraph (four).

use std::ops::Range;
use std::path::Path;

use super::ends::{Ends, Skip};
use crate::error::{Error, Problem, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::genome::text_lines::TextLines;

/// Longest stretch of one bedGraph row: what is longer counts no ends.
const LONGEST: u64 = 1_000_000;

/// Counts the ends that a file holds. Of BED, rows of one nucleotide are places whose score is a
/// number of reads, longer ones are a read each, which ends where its strand does. Of bedGraph
/// every nucleotide of a row has its value; a minus before it says nothing.
///
/// # Errors
/// A line that is neither, a value that is not a count, bedGraph without `strand`, BED with it.
pub fn read(
    source: &Source,
    contigs: &Contigs,
    strand: Option<Strand>,
    ends: &mut Ends,
) -> Result<()> {
    let mut lines = TextLines::new(source);
    while let Some(line) = lines.next_text()? {
        let begins = |word| line.starts_with(word);
        if line.is_empty() || begins("#") || begins("track") || begins("browser") {
            continue;
        }
        let cells: Vec<&str> = line.split_ascii_whitespace().collect();
        let row = match (cells.len(), strand) {
            (4, Some(strand)) => bed_graph(&cells, strand),
            (4, None) => return Err(pair(source.path())),
            (6.., None) => bed(&cells),
            (6.., Some(_)) => {
                Err("BED says strands itself: give it alone, not as PLUS,MINUS".into())
            }
            (n, _) => {
                Err(format!("{n} columns: neither bedGraph (4) nor BED with strands (6)").into())
            }
        };
        let Row { range, reads, strand } = row.map_err(|problem| lines.wrong(problem))?;
        let each = range.end - range.start;
        let Some(contig) = contigs.resolve(cells[0]) else {
            ends.skip(Skip::UnknownContig, reads * each);
            continue;
        };
        let Some(strand) = strand else {
            ends.skip(Skip::NoStrand, reads * each);
            continue;
        };
        for at in range {
            ends.add((contig, contigs[contig].length), strand, at, reads);
        }
    }
    Ok(())
}

/// Returns what to do about a file that has one strand alone.
pub(super) fn pair(path: &Path) -> Error {
    let problem = "it says nothing of strands: give two files, as NAME=PLUS,MINUS";
    Error::of_file(path, problem)
}

type Found<T> = std::result::Result<T, Problem>;

/// What a row counts.
struct Row {
    range: Range<u64>,
    /// At each nucleotide of the range.
    reads: u64,
    /// `None` where it is not known.
    strand: Option<Strand>,
}

fn range(cells: &[&str]) -> Found<Range<u64>> {
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is not a position"));
    let range: Range<u64> = number(cells[1])?..number(cells[2])?;
    if range.is_empty() { Err("the row ends before it begins".into()) } else { Ok(range) }
}

fn bed_graph(cells: &[&str], strand: Strand) -> Found<Row> {
    let range = range(cells)?;
    if range.end - range.start > LONGEST {
        return Err(
            format!("a stretch of more than {LONGEST} nt; is it coverage, not read ends?").into()
        );
    }
    let value: f64 = cells[3].parse().map_err(|_| format!("{:?} is not a number", cells[3]))?;
    Ok(Row { range, reads: count(value)?, strand: Some(strand) })
}

/// Returns a value as a number of reads.
pub(super) fn count(value: f64) -> Found<u64> {
    let reads = value.abs();
    if reads.fract() != 0.0 || reads > 1e15 {
        return Err(
            format!("{value} is not a count of reads; give counts, not normalised values").into()
        );
    }
    Ok(reads as u64)
}

/// Returns where reads end.
fn bed(cells: &[&str]) -> Found<Row> {
    let range = range(cells)?;
    let strand: Option<Strand> = cells[5].parse().ok();
    if range.end - range.start > 1 {
        let at = if strand == Some(Strand::Minus) { range.start } else { range.end - 1 };
        return Ok(Row { range: at..at + 1, reads: 1, strand });
    }
    let reads = match cells[4] {
        "." => 1,
        text => count(text.parse().map_err(|_| format!("score {text:?} is not a number"))?)?,
    };
    Ok(Row { range, reads, strand })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read_text(text: &str, strand: Option<Strand>) -> Result<Ends> {
        let mut contigs = Contigs::default();
        contigs.push("chr1".into(), 1_000);
        let source = Source::from_stream(Path::new("x"), text.as_bytes()).unwrap();
        let mut ends = Ends::new(1);
        read(&source, &contigs, strand, &mut ends)?;
        Ok(ends)
    }

    #[test]
    fn rows_of_bed_are_places_with_counts_or_reads_that_end_where_their_strand_does() {
        let text = "track x\n1\t10\t11\t.\t7\t+\nchr1 20 50 r1 60 +\nchr1 20 50 r2 60 -\nchr1\t20\t50\tr3\t60\t.\n\
                    chr2\t1\t2\t.\t3\t+\nchr1\t999\t1001\t.\t9\t+\n";
        let ends = read_text(text, None).unwrap();
        assert_eq!(ends.counts[0][0], [(10, 7), (49, 1)].into());
        assert_eq!(ends.counts[0][1], [(20, 1)].into());
        let account = &ends.account;
        assert_eq!((account.read, account.counted), (14, 9));
        assert!(account.adds_up());
        let skipped: Vec<_> = account.skipped.iter().map(|(why, n)| (why.as_str(), *n)).collect();
        assert_eq!(skipped, [("no_strand", 1), ("outside_contig", 1), ("unknown_contig", 3)]);
    }

    #[test]
    fn bed_graph_has_a_count_at_every_nucleotide_whatever_its_sign() {
        let ends = read_text("chr1\t5\t7\t-2\nchr1\t9\t10\t3.0\n", Some(Strand::Minus)).unwrap();
        assert_eq!(ends.counts[0][1], [(5, 2), (6, 2), (9, 3)].into());
        for (text, strand, problem) in [
            ("chr1\t5\t7\t0.5\n", Some(Strand::Plus), "line 1: 0.5 is not a count"),
            ("chr1\t5\t7\t2\n", None, "NAME=PLUS,MINUS"),
            ("chr1\t5\t6\t.\t2\t+\n", Some(Strand::Plus), "BED says strands itself"),
            ("chr1\t5\n", None, "2 columns"),
            ("chr1\t5\t5\t.\t1\t+\n", None, "ends before it begins"),
        ] {
            let error = read_text(text, strand).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
