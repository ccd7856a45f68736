//! Sequences of one class: FASTA, a table with a `sequence` column, or one sequence per line.

use std::io::{BufRead, Lines};
use std::path::Path;

use crate::error::{Error, Result};
use crate::genome::compression::{Reader, Source};

/// A sequence as it stands in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labelled {
    pub letters: String,
    /// Its value in the column that figures are broken down by; empty without one.
    pub group: String,
}

/// How a file is laid out.
#[derive(Clone, Copy, Debug)]
enum Layout {
    Fasta,
    Lines,
    /// Tab-separated: column of the sequence, and of the group.
    Table(usize, Option<usize>),
}

/// Reads a file of sequences, plain, gzip or BGZF.
pub struct Sequences {
    source: Source,
    lines: Lines<Reader>,
    layout: Layout,
    /// Line in hand that belongs to what comes next, and the number of lines read.
    pending: Option<String>,
    number: usize,
}

impl Sequences {
    /// Opens a file; its first line tells the layout. Sequences of a table are grouped by the column
    /// `by`.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, or lacks the column.
    pub fn open(path: &Path, by: Option<&str>) -> Result<Self> {
        let source = Source::open(path)?;
        let lines = source.reader().lines();
        let mut sequences = Self { source, lines, layout: Layout::Lines, pending: None, number: 0 };
        let Some(first) = sequences.line()? else {
            return Err(Error::input(path, "", "no sequences in this file"));
        };
        let columns: Vec<&str> = first.split('\t').map(str::trim).collect();
        let column = |name: &str| columns.iter().position(|column| *column == name);
        let place = || format!("line {}", sequences.number);
        sequences.layout = match column("sequence") {
            _ if first.starts_with('>') => Layout::Fasta,
            Some(at) => {
                let group = by.map(|name| {
                    let problem = format!("no column {name}; there are {}", columns.join(", "));
                    column(name).ok_or_else(|| Error::input(path, place(), problem))
                });
                Layout::Table(at, group.transpose()?)
            }
            None if columns.len() > 1 => {
                let problem =
                    "a table without a column named `sequence`; name it in the first line";
                return Err(Error::input(path, place(), problem));
            }
            None => Layout::Lines,
        };
        if let (Some(name), Layout::Fasta | Layout::Lines) = (by, sequences.layout) {
            let problem = format!("no column {name}: only tables have columns to break down by");
            return Err(Error::input(path, "", problem));
        }
        if !matches!(sequences.layout, Layout::Table(..)) {
            sequences.pending = Some(first);
        }
        Ok(sequences)
    }

    /// Returns the next line that is not blank.
    fn line(&mut self) -> Result<Option<String>> {
        if let Some(line) = self.pending.take() {
            return Ok(Some(line));
        }
        for line in self.lines.by_ref() {
            let line = line.map_err(|e| self.source.error(e))?;
            self.number += 1;
            if !line.trim().is_empty() {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> Result<Option<Labelled>> {
        let Some(line) = self.line()? else { return Ok(None) };
        let cell = |column: usize| line.split('\t').nth(column).unwrap_or("").trim().to_owned();
        Ok(Some(match self.layout {
            Layout::Lines => Labelled { letters: cell(0), group: String::new() },
            Layout::Table(sequence, by) => {
                Labelled { letters: cell(sequence), group: by.map(cell).unwrap_or_default() }
            }
            // The line in hand is the record's header.
            Layout::Fasta => Labelled { letters: self.record()?, group: String::new() },
        }))
    }

    /// Returns the sequence up to the next header, which stays pending.
    fn record(&mut self) -> Result<String> {
        let mut letters = String::new();
        while let Some(line) = self.line()? {
            if line.starts_with('>') {
                self.pending = Some(line);
                break;
            }
            letters.push_str(line.trim());
        }
        Ok(letters)
    }
}

impl Iterator for Sequences {
    type Item = Result<Labelled>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, by: Option<&str>) -> Result<Vec<Labelled>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Sequences::open(file.path(), by)?.collect()
    }

    fn labelled(letters: &str, group: &str) -> Labelled {
        Labelled { letters: letters.into(), group: group.into() }
    }

    #[test]
    fn the_three_layouts_hold_the_same_sequences() {
        let expected = vec![labelled("ACGT", ""), labelled("GG", "")];
        assert_eq!(read(">a b\nAC\nGT\n\n>c\nGG\n", None).unwrap(), expected);
        assert_eq!(read("ACGT\n\nGG", None).unwrap(), expected);
        assert_eq!(read("hexamer\tsequence\nA\tACGT\r\nC\tGG\n", None).unwrap(), expected);
        assert_eq!(read("sequence\nACGT\nGG\n", None).unwrap(), expected);
    }

    #[test]
    fn a_table_is_grouped_by_a_column() {
        let table = "hexamer\tsequence\nAATAAA\tACGT\nATTAAA\n";
        let expected = [labelled("ACGT", "AATAAA"), labelled("", "ATTAAA")];
        assert_eq!(read(table, Some("hexamer")).unwrap(), expected);
        let said = |text: &str| read(text, Some("motif")).unwrap_err().to_string();
        assert!(said(table).contains("no column motif; there are hexamer, sequence"));
        assert!(said("ACGT\n").contains("no column motif"));
    }

    #[test]
    fn an_empty_file_and_a_table_without_sequences_are_refused() {
        assert!(read("\n", None).unwrap_err().to_string().contains("no sequences"));
        let said = read("a\tb\n", None).unwrap_err().to_string();
        assert!(said.contains("line 1") && said.contains("`sequence`"), "{said}");
    }
}
