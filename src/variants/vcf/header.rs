//! The header of a VCF file.

use std::collections::HashSet;

use super::line::COLUMNS;
use crate::error::{Problem, excerpt};
use crate::genome::contigs::Contigs;

/// The lines of a header, without line feeds; the last one names the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    lines: Vec<Vec<u8>>,
}

/// Begins a file.
const VERSION: &[u8] = b"##fileformat=VCFv4.";
/// Name of the column before those of samples.
const FORMAT: &[u8] = b"FORMAT";
/// Begins the header lines that name the program and what it ran.
const PROVENANCE: &str = "##polyascan";

impl Header {
    /// Takes in the next line, given without its line feed; returns whether it was the last.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn push(&mut self, line: Vec<u8>) -> Result<bool, Problem> {
        if self.lines.is_empty() && !line.starts_with(VERSION) {
            let begin = line[..line.len().min(40)].escape_ascii();
            let problem =
                "not VCF: the first line must be ##fileformat=VCFv4.2 or another version 4";
            let nothing_else = if line.starts_with(b"##") {
                ""
            } else {
                "; nor is this a table or list of variants (see docs/VARIANTS.md)"
            };
            return Err(format!("{problem}, but begins with \"{begin}\"{nothing_else}").into());
        }
        let last = !line.starts_with(b"##");
        if last {
            check_names(&line)?;
        }
        self.lines.push(line);
        Ok(last)
    }

    /// Takes out the definitions of INFO entries and the lines of an earlier run; returns whether
    /// there were any.
    pub fn remove(&mut self, keys: &[&str]) -> bool {
        let before = self.lines.len();
        self.lines.retain(|line| {
            let defines = |key: &&str| {
                let start = format!("##INFO=<ID={key}");
                line.starts_with(start.as_bytes())
                    && matches!(line.get(start.len()), Some(b',' | b'>'))
            };
            !keys.iter().any(defines) && !line.starts_with(PROVENANCE.as_bytes())
        });
        self.lines.len() < before
    }

    /// Adds lines before the last one.
    pub fn add(&mut self, lines: impl IntoIterator<Item = String>) {
        let at = self.lines.len().saturating_sub(1);
        self.lines.splice(at..at, lines.into_iter().map(String::into_bytes));
    }

    /// Returns a line that says how the file came about.
    pub fn provenance(what: &str, value: &str) -> String {
        format!("{PROVENANCE}{what}={}", value.replace(['\n', '\r'], " "))
    }

    /// Returns how many columns a record has.
    pub fn columns(&self) -> usize {
        self.lines.last().map_or(0, |names| names.split(|byte| *byte == b'\t').count())
    }

    /// Returns the names of the samples.
    pub fn samples(&self) -> Vec<String> {
        let names = self.lines.last().map_or(&[][..], Vec::as_slice);
        let names = names.split(|byte| *byte == b'\t').skip(COLUMNS.len() + 1);
        names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }

    /// Returns whether any contig is defined.
    pub fn defines_contigs(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with(b"##contig="))
    }

    /// Returns the first contig that has another length by its `##contig` line than in a genome,
    /// and how many there are: its name, the length here and there.
    pub fn other_length(&self, contigs: &Contigs) -> Option<(String, u64, u64, usize)> {
        let others = self.lines.iter().filter_map(|line| {
            let line = std::str::from_utf8(line).ok()?;
            let entries = line.strip_prefix("##contig=<")?.strip_suffix('>')?;
            let value = |key| entries.split(',').find_map(|entry| entry.strip_prefix(key));
            let (name, here) = (value("ID=")?, value("length=")?.parse().ok()?);
            let there = contigs[contigs.resolve(name)?].length;
            (here != there).then(|| (name.to_owned(), here, there))
        });
        let others: Vec<_> = others.collect();
        let (name, here, there) = others.first()?.clone();
        Some((name, here, there, others.len()))
    }

    /// Returns the header's text.
    pub fn text(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
    }
}

/// Checks the line that names the columns.
fn check_names(line: &[u8]) -> Result<(), Problem> {
    let names: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
    let fixed = COLUMNS.iter().map(|name| name.as_bytes()).chain([FORMAT]);
    if names.len() < COLUMNS.len() || names.iter().zip(fixed).any(|(name, fixed)| *name != fixed) {
        let problem = "the header ends without its last line, #CHROM POS ID REF ALT QUAL FILTER INFO (and \
                       FORMAT before samples), separated by tabs";
        return Err(problem.into());
    }
    let mut samples = HashSet::new();
    let wrong = names.iter().skip(9).find(|name| name.is_empty() || !samples.insert(**name));
    match wrong.map(|name| String::from_utf8_lossy(name)) {
        None => Ok(()),
        Some(name) if name.is_empty() => Err("a sample has no name; give it one".into()),
        Some(name) => {
            Err(format!("two samples are called {:?}; rename one", excerpt(&name)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

    fn header(lines: &[&str]) -> Result<Header, Problem> {
        let mut header = Header::default();
        for (i, line) in lines.iter().enumerate() {
            let last = header.push(line.as_bytes().to_vec())?;
            assert_eq!(last, i + 1 == lines.len());
        }
        Ok(header)
    }

    #[test]
    fn lines_of_an_earlier_run_are_replaced_and_no_others() {
        let ours = "##INFO=<ID=PolyA,Number=.>";
        let others = ["##fileformat=VCFv4.2", "##INFO=<ID=PolyAx,Number=1>", "##FILTER=<ID=PolyA>"];
        let [first, like, filter] = others;
        let command = Header::provenance("Command", "polyascan\nvariants");
        let lines = [first, like, ours, &command, filter, NAMES];
        let mut header = header(&lines).unwrap();
        assert!(header.remove(&["PolyA"]));
        assert!(!header.remove(&["PolyA"]));
        header.add(["##new".to_owned()]);
        let expected = [first, like, filter, "##new", NAMES].join("\n") + "\n";
        assert_eq!(String::from_utf8(header.text()).unwrap(), expected);
    }

    #[test]
    fn lengths_of_another_genome_are_told() {
        let contig = |name: &str, length: u64| format!("##contig=<ID={name},length={length}>");
        let (same, other) = (contig("chr1", 10), contig("2", 9));
        let lines = ["##fileformat=VCFv4.2", &same, &contig("chrOther", 1), "##contig=<ID=chr2>"];
        let mut contigs = Contigs::default();
        contigs.push("chr1".into(), 10);
        contigs.push("chr2".into(), 7);
        let told = |more: &[&str]| {
            header(&[&lines[..], more, &[NAMES]].concat()).unwrap().other_length(&contigs)
        };
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[&other, &other]), Some(("2".to_owned(), 9, 7, 2)));
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let twice = format!("{NAMES}\tFORMAT\ta\ta");
        let [nameless, formatless] = ["\tFORMAT\ta\t", "\ta"].map(|more| NAMES.to_owned() + more);
        for (lines, told) in [
            (vec!["#CHROM"], "fileformat"),
            (vec!["##fileformat=VCFv3.3"], "begins with \"##fileformat=VCFv3.3\""),
            (vec!["##fileformat=VCFv4.2", &nameless], "no name"),
            (vec!["##fileformat=VCFv4.2", &formatless], "FORMAT before samples"),
            (vec!["##fileformat=VCFv4.2", "1\t2"], "#CHROM"),
            (vec!["##fileformat=VCFv4.2", "#CHROM\tPOS"], "#CHROM"),
            (vec!["##fileformat=VCFv4.2", &twice], "\"a\""),
        ] {
            assert!(header(&lines).unwrap_err().contains(told), "{told}");
        }
    }
}
