//! Files of short sequences: FASTA, a table with a `sequence` column, or one sequence per line.

use std::path::Path;

use super::compression::Source;
use super::sequence::Coder;
use super::text_lines::{LONGEST_LINE, TextLines};
use crate::error::{Error, Result};

/// A sequence as it stands in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// The first word of a FASTA header; elsewhere `None`.
    pub name: Option<String>,
    /// The whole FASTA header, without its `>`; elsewhere empty.
    pub header: String,
    /// Line of the file, from 1, on which it begins.
    pub line: usize,
    /// As they stand in the file.
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

/// The sequences of a file, plain, gzip or BGZF; one in memory at a time.
pub struct Sequences {
    source: Source,
    lines: TextLines,
    layout: Layout,
    /// Line in hand that belongs to what comes next, and the number of lines read.
    pending: Option<String>,
    number: usize,
}

impl Sequences {
    /// Opens a file; its first line tells the layout. Sequences of a table are grouped by the
    /// column `by`.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, or lacks the column.
    pub fn open(path: &Path, by: Option<&str>) -> Result<Self> {
        Self::new(Source::open(path)?, by)
    }

    /// As [`Sequences::open`], of a file that is open already.
    ///
    /// # Errors
    /// The same.
    pub fn new(source: Source, by: Option<&str>) -> Result<Self> {
        let lines = TextLines::new(&source);
        let mut sequences = Self { source, lines, layout: Layout::Lines, pending: None, number: 0 };
        let Some(first) = sequences.line()? else {
            return Err(Error::of_file(sequences.source.path(), "no sequences in this file"));
        };
        let path = sequences.source.path();
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
            return Err(Error::of_file(path, problem));
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
        while let Some(line) = self.lines.next_text()? {
            self.number += 1;
            if !line.trim().is_empty() {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> Result<Option<Sequence>> {
        let Some(line) = self.line()? else { return Ok(None) };
        let cell = |column: usize| line.split('\t').nth(column).unwrap_or("").trim().to_owned();
        let (name, header, group) = (None, String::new(), String::new());
        let number = self.number;
        Ok(Some(match self.layout {
            Layout::Lines => Sequence { name, header, line: number, letters: cell(0), group },
            Layout::Table(sequence, by) => {
                let group = by.map(cell).unwrap_or_default();
                Sequence { name, header, line: number, letters: cell(sequence), group }
            }
            // The line in hand is the record's header.
            Layout::Fasta => {
                let header = line[1..].trim().to_owned();
                let name = header.split_whitespace().next().map(str::to_owned);
                Sequence { name, header, line: number, letters: self.record()?, group }
            }
        }))
    }

    /// Returns the codes of one of the file's sequences of nucleotides.
    ///
    /// # Errors
    /// If a letter is no nucleotide.
    pub fn codes(&self, sequence: &Sequence) -> Result<Vec<u8>> {
        self.codes_of(sequence, &Coder::Nucleotides)
    }

    /// Returns the codes of one of the file's sequences.
    ///
    /// # Errors
    /// If a letter is none that the coder knows.
    pub fn codes_of(&self, sequence: &Sequence, coder: &Coder) -> Result<Vec<u8>> {
        coder.encode(sequence.letters.as_bytes()).map_err(|at| {
            let expected = match self.layout {
                Layout::Lines => "; expected FASTA or one sequence per line",
                _ => "",
            };
            let letter = coder.letter();
            let problem = format!("letter {} of the sequence is no {letter}{expected}", at + 1);
            Error::input(self.source.path(), format!("line {}", sequence.line), problem)
        })
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
            if letters.len() > LONGEST_LINE {
                let most = LONGEST_LINE >> 20;
                return Err(self
                    .lines
                    .wrong(format!("a sequence of more than {most} MiB; is it a genome?")));
            }
        }
        Ok(letters)
    }
}

impl Iterator for Sequences {
    type Item = Result<Sequence>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, by: Option<&str>) -> Result<Vec<Sequence>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Sequences::open(file.path(), by)?.collect()
    }

    fn sequence(name: Option<&str>, line: usize, letters: &str, group: &str) -> Sequence {
        let (letters, group) = (letters.into(), group.into());
        let header = name.unwrap_or_default().to_owned();
        Sequence { name: name.map(str::to_owned), header, line, letters, group }
    }

    #[test]
    fn the_three_layouts_hold_the_same_sequences() {
        let said = |names: [Option<&str>; 2], lines: [usize; 2]| {
            let letters = ["ACGT", "GG"];
            [0, 1].map(|i| sequence(names[i], lines[i], letters[i], "")).to_vec()
        };
        let fasta = read(">a b\nAC\nGT\n\n>c\nGG\n>d\nT\n", None).unwrap();
        assert_eq!(fasta[0].header, "a b");
        let named: Vec<Sequence> = fasta[..2]
            .iter()
            .map(|of| Sequence { header: of.name.clone().unwrap_or_default(), ..of.clone() })
            .collect();
        assert_eq!(named, said([Some("a"), Some("c")], [1, 5]));
        assert_eq!(fasta[2], sequence(Some("d"), 7, "T", ""));
        assert_eq!(read("ACGT\n\nGG", None).unwrap(), said([None; 2], [1, 3]));
        for table in ["hexamer\tsequence\nA\tACGT\r\nC\tGG\n", "sequence\nACGT\nGG\n"] {
            assert_eq!(read(table, None).unwrap(), said([None; 2], [2, 3]));
        }
    }

    #[test]
    fn a_table_is_grouped_by_a_column() {
        let table = "hexamer\tsequence\nAATAAA\tACGT\nATTAAA\n";
        let expected = [sequence(None, 2, "ACGT", "AATAAA"), sequence(None, 3, "", "ATTAAA")];
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
