//! The header of a VCF file.

use std::collections::HashSet;

use super::line::COLUMNS;

/// The lines of a header, without line feeds; the last one names the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    lines: Vec<Vec<u8>>,
}

/// Begins the header lines that name the program and what it ran.
const PROVENANCE: &str = "##polyascan";

impl Header {
    /// Takes in the next line, given without its line feed; returns whether it was the last.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn push(&mut self, line: Vec<u8>) -> Result<bool, String> {
        if self.lines.is_empty() && !line.starts_with(b"##fileformat=VCF") {
            let problem = "no VCF: the first line is not ##fileformat=VCFv4.x";
            return Err(problem.to_owned());
        }
        let last = !line.starts_with(b"##");
        if last {
            let expected = COLUMNS.join("\t");
            if !line.starts_with(expected.as_bytes())
                || !matches!(line.get(expected.len()), None | Some(b'\t'))
            {
                let problem = "the header ends without its last line, #CHROM POS ID REF ALT QUAL \
                               FILTER INFO, separated by tabs";
                return Err(problem.to_owned());
            }
            let mut samples = HashSet::new();
            let twice =
                line.split(|byte| *byte == b'\t').skip(9).find(|name| !samples.insert(*name));
            if let Some(name) = twice {
                let name = String::from_utf8_lossy(name);
                return Err(format!("two samples are called {name:?}; rename one"));
            }
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

    /// Returns the header's text.
    pub fn text(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

    fn header(lines: &[&str]) -> Result<Header, String> {
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
    fn what_is_no_header_is_refused() {
        let twice = format!("{NAMES}\tFORMAT\ta\ta");
        for (lines, told) in [
            (vec!["#CHROM"], "fileformat"),
            (vec!["##fileformat=VCFv4.2", "1\t2"], "#CHROM"),
            (vec!["##fileformat=VCFv4.2", "#CHROM\tPOS"], "#CHROM"),
            (vec!["##fileformat=VCFv4.2", &twice], "\"a\""),
        ] {
            assert!(header(&lines).unwrap_err().contains(told), "{told}");
        }
    }
}
