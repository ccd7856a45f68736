//! Rows of the tables that the program writes, read by the names of their columns.

use std::collections::HashMap;
use std::path::Path;

use crate::error::{Error, Result, excerpt};
use crate::genome::compression::Source;
use crate::genome::strand::Strand;
use crate::genome::text_lines::TextLines;

/// What stands for an absent value.
const ABSENT: &str = ".";

/// A pass over a table whose header line begins with `#` and one more letter, after remarks that
/// begin with `##`.
pub struct Rows {
    lines: TextLines,
    columns: HashMap<String, usize>,
}

/// The cells of a row.
pub struct Row<'r> {
    rows: &'r Rows,
    cells: Vec<&'r str>,
}

impl Rows {
    /// Opens a table and reads its header.
    ///
    /// # Errors
    /// If it cannot be read, or lacks one of the columns `needed`.
    pub fn open(path: &Path, needed: &[&str]) -> Result<Self> {
        let mut lines = TextLines::new(&Source::open(path)?);
        let header = loop {
            match lines.next_text()? {
                Some(line) if line.starts_with("##") || line.starts_with("# ") => {}
                Some(line) => break line,
                None => {
                    let problem = "no header line with the names of columns; is it complete?";
                    return Err(Error::of_file(path, problem));
                }
            }
        };
        let names = header.trim_start_matches('#').split('\t').enumerate();
        let columns: HashMap<String, usize> =
            names.map(|(at, name)| (name.to_owned(), at)).collect();
        if let Some(missing) = needed.iter().find(|name| !columns.contains_key(**name)) {
            let problem =
                format!("no column {missing:?} in the header; was it written by polyascan?");
            return Err(lines.wrong(problem));
        }
        Ok(Self { lines, columns })
    }

    /// Hands all rows to `take`.
    ///
    /// # Errors
    /// A row with more or fewer cells than the header, or in which `take` misses something.
    pub fn for_each(mut self, mut take: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        while let Some(line) = self.lines.next_text()? {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.len() != self.columns.len() {
                let (found, named) = (cells.len(), self.columns.len());
                let problem =
                    format!("{found} columns, but the header names {named}; is the file complete?");
                return Err(self.lines.wrong(problem));
            }
            take(&Row { rows: &self, cells })?;
        }
        Ok(())
    }
}

impl Row<'_> {
    /// Returns a cell, or nothing where the column or the value is absent.
    pub fn text(&self, column: &str) -> Option<&str> {
        let cell = self.rows.columns.get(column).map(|&at| self.cells[at])?;
        Some(cell).filter(|cell| *cell != ABSENT && !cell.is_empty())
    }

    /// Returns the number in a cell, or nothing where it is absent.
    ///
    /// # Errors
    /// If it is not a number.
    pub fn number(&self, column: &str) -> Result<Option<f64>> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Some).ok_or_else(|| self.wrong(column, text, "a number"))
    }

    /// Returns the whole number in a cell.
    ///
    /// # Errors
    /// If it is none, or absent.
    pub fn position(&self, column: &str) -> Result<u64> {
        let text = self.text(column).unwrap_or(ABSENT);
        let number = text.parse::<u64>().ok().filter(|&position| position < 1 << 40);
        number.ok_or_else(|| self.wrong(column, text, "a position"))
    }

    /// Returns the strand in a cell.
    ///
    /// # Errors
    /// If it is none.
    pub fn strand(&self, column: &str) -> Result<Strand> {
        let text = self.text(column).unwrap_or(ABSENT);
        text.parse().map_err(|_| self.wrong(column, text, "a strand (+ or -)"))
    }

    fn wrong(&self, column: &str, text: &str, what: &str) -> Error {
        self.rows.lines.wrong(format!("{column} is {:?}, not {what}", excerpt(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start, p, gene.
    type Cells = (u64, Option<f64>, Option<String>);

    fn read(text: &str, needed: &[&str]) -> Result<Vec<Cells>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut found = Vec::new();
        Rows::open(file.path(), needed)?.for_each(|row| {
            let gene = row.text("gene").map(str::to_owned);
            found.push((row.position("start")?, row.number("p")?, gene));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn cells_are_found_by_name_in_any_order() {
        let rows = read("## x\n#chrom\tp\tstart\tgene\nc\t0.5\t7\tA\n\nc\t.\t8\t.\n", &["p"]);
        assert_eq!(rows.unwrap(), [(7, Some(0.5), Some("A".to_owned())), (8, None, None)]);
        let rows = read("#chrom\tstart\nc\t9\n", &[]);
        assert_eq!(rows.unwrap(), [(9, None, None)], "a column that is not there is absent");
    }

    #[test]
    fn what_is_no_table_is_an_error_with_its_line() {
        for (text, told) in [
            ("", "no header line"),
            ("## x\n", "no header line"),
            ("#chrom\tstart\n", "line 1: no column \"p\""),
            ("#chrom\tp\tstart\nc\t1\n", "line 2: 2 columns, but the header names 3"),
            ("#chrom\tp\tstart\nc\t1\tx\n", "line 2: start is \"x\", not a position"),
            ("#chrom\tp\tstart\nc\tNaN\t1\n", "line 2: p is \"NaN\", not a number"),
            ("#chrom\tp\tstart\nc\t1\t99999999999999\n", "not a position"),
        ] {
            let error = read(text, &["p"]).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
