//! Reads structures from files, record by record.
//!
//! Known forms, told apart by their content:
//! - RNAfold: `>name`, sequence, dot-bracket and energy; the lines that `-p` adds are passed over.
//! - RNAshapes: `>name`, sequence (`ACGU` or `1  ACGU  4`), then `energy  dot-bracket  shape`
//!   lines, the best first, which is taken.
//! - pysster: `>name`, sequence, one label per nucleotide.
//! - any of these without the `>name` or without the sequence: one structure per line.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use super::labels::{LABELS, label};
use crate::error::{Error, Problem, Result};
use crate::genome::compression::{Reader, Source};
use crate::genome::text_lines::LONGEST_LINE;

/// What a record's structure is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Loop labels: dot-bracket is labelled, label letters `FTHIMS` are taken as they are.
    Labels,
    /// The file's own letters, dot-bracket or other, in upper case: for models with an alphabet of
    /// their own.
    Raw,
}

impl Form {
    /// Returns the form for a model that knows these structure letters: loop labels, or for a model
    /// with letters of its own the file's characters.
    pub fn of(letters: &str) -> Self {
        if letters.bytes().all(|letter| LABELS.contains(&letter)) {
            Self::Labels
        } else {
            Self::Raw
        }
    }
}

/// A sequence's structure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The first word of the header.
    pub name: Option<String>,
    /// The whole header, without its `>`; empty where there is none.
    pub header: String,
    /// The letters as in the file, if it has them.
    pub sequence: Option<Vec<u8>>,
    /// One letter per nucleotide, as [`Form`] says.
    pub structure: Vec<u8>,
    /// The line of the file, from 1, that holds the structure.
    pub line: u64,
}

/// The records of a file, in its order; one record in memory at a time.
pub struct Records<R> {
    reader: R,
    path: PathBuf,
    source: Option<Source>,
    form: Form,
    line: u64,
    /// The header that the last record ended at.
    header: Option<String>,
    /// The line that the last record without a header ended at.
    pending: Option<(u64, String)>,
    finished: bool,
}

impl Records<Reader> {
    /// Starts at the file's first record.
    pub fn open(source: &Source, form: Form) -> Self {
        let records = Records::new(source.reader(), source.path(), form);
        Self { source: Some(source.clone()), ..records }
    }
}

impl<R: BufRead> Records<R> {
    /// Reads structures from any text; `path` is for messages.
    pub fn new(reader: R, path: &Path, form: Form) -> Self {
        Self {
            reader,
            path: path.to_owned(),
            source: None,
            form,
            line: 0,
            header: None,
            pending: None,
            finished: false,
        }
    }

    /// Returns the next line that is not blank, without the space around it.
    fn next_line(&mut self) -> Result<Option<String>> {
        loop {
            let mut bytes = Vec::new();
            let mut limited = (&mut self.reader).take(LONGEST_LINE as u64 + 1);
            let n = limited.read_until(b'\n', &mut bytes).map_err(|e| match &self.source {
                Some(source) => source.error(e),
                None => Error::io(&self.path, "cannot read", e),
            })?;
            if n > LONGEST_LINE {
                return Err(self.wrong(
                    self.line + 1,
                    "more than 16 MiB in one line; is it a file of structures?",
                ));
            }
            if n == 0 {
                return Ok(None);
            }
            self.line += 1;
            match std::str::from_utf8(&bytes).map(str::trim) {
                Ok("") => {}
                Ok(line) => return Ok(Some(line.to_owned())),
                Err(_) => return Err(self.wrong(self.line, "not text")),
            }
        }
    }

    fn wrong(&self, line: u64, problem: impl Into<String>) -> Error {
        Error::input(&self.path, format!("line {line}"), problem)
    }

    fn next_record(&mut self) -> Result<Option<Record>> {
        if let Some(header) = self.header.take() {
            return self.named(&header).map(Some);
        }
        let (number, line) = match self.pending.take() {
            Some(pending) => pending,
            None => match self.next_line()? {
                Some(line) => (self.line, line),
                None => return Ok(None),
            },
        };
        if let Some(header) = line.strip_prefix('>') {
            let header = header.to_owned();
            return self.named(&header).map(Some);
        }
        self.unnamed(number, &line).map(Some)
    }

    /// Reads what follows a header, up to the next one.
    fn named(&mut self, header: &str) -> Result<Record> {
        let start = self.line;
        let name = header.split_whitespace().next().map(str::to_owned);
        let mut lines: Vec<(u64, String)> = Vec::new();
        while let Some(line) = self.next_line()? {
            if let Some(next) = line.strip_prefix('>') {
                self.header = Some(next.to_owned());
                break;
            }
            // What comes after the structure is a less likely one.
            if lines.len() < 2 {
                lines.push((self.line, line));
            }
        }
        let shown = name.clone().unwrap_or_default();
        let none = || {
            let problem = format!(
                "record {shown:?} has no structure: expected the sequence on one line and its \
                 structure (dot-bracket or loop labels) on the next"
            );
            self.wrong(start, problem)
        };
        let mut record = match &lines[..] {
            [(number, alone)] | [(number, alone), _] if dot_bracket(alone).is_some() => {
                self.structure(None, *number, alone)?
            }
            [(_, sequence), (number, structure)] => {
                self.structure(Some(sequence), *number, structure)?
            }
            [(number, alone)] if self.form == Form::Labels => {
                self.structure(None, *number, alone).map_err(|_| none())?
            }
            _ => return Err(none()),
        };
        record.name = name;
        record.header = header.trim().to_owned();
        Ok(record)
    }

    /// Reads a record without a header: `line`, or a sequence and the dot-bracket line after it.
    fn unnamed(&mut self, number: u64, line: &str) -> Result<Record> {
        let is_structure =
            dot_bracket(line).is_some() || self.form == Form::Labels && is_labels(line);
        if !is_structure && let Some(next) = self.next_line()? {
            if dot_bracket(&next).is_some() {
                return self.structure(Some(line), self.line, &next);
            }
            self.pending = Some((self.line, next));
        }
        self.structure(None, number, line)
    }

    /// Returns the record of a structure line and the sequence line before it.
    fn structure(&self, sequence: Option<&str>, number: u64, line: &str) -> Result<Record> {
        let letters = first_word(line).to_ascii_uppercase().into_bytes();
        let structure = match self.form {
            Form::Raw => letters,
            Form::Labels => labels(letters).map_err(|problem| self.wrong(number, problem))?,
        };
        let sequence = sequence.map(|line| first_word(line).as_bytes().to_vec());
        if let Some(n) = sequence.as_ref().map(Vec::len).filter(|&n| n != structure.len()) {
            let problem = format!(
                "the structure has {} letters and its sequence {n}: they must be on one line each \
                 and belong together",
                structure.len()
            );
            return Err(self.wrong(number, problem));
        }
        Ok(Record { sequence, structure, line: number, ..Record::default() })
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let record = self.next_record().transpose();
        self.finished = !matches!(record, Some(Ok(_)));
        record
    }
}

/// Returns the dot-bracket word of a line, brackets of pseudoknots included: the first word of
/// RNAfold's lines, the second one, after the energy, of RNAshapes'.
fn dot_bracket(line: &str) -> Option<&str> {
    let word = first_word(line);
    word.bytes().all(|c| b".()[]{}<>".contains(&c)).then_some(word)
}

/// Returns whether a line that might be a sequence is one of labels.
fn is_labels(line: &str) -> bool {
    // T alone is more likely a sequence: without a stem there is no 3' end.
    let mut letters = line.bytes().map(|letter| letter.to_ascii_uppercase());
    letters.clone().all(|letter| LABELS.contains(&letter)) && letters.any(|letter| letter != b'T')
}

/// Returns the first word that is not a number: the sequence of a line with coordinates, the
/// structure of a line with energies.
fn first_word(line: &str) -> &str {
    let is_number = |word: &str| {
        word.bytes().any(|c| c.is_ascii_digit())
            && word.bytes().all(|c| c.is_ascii_digit() || b"+-.".contains(&c))
    };
    line.split_whitespace().find(|word| !is_number(word)).unwrap_or(line)
}

/// Returns loop labels for dot-bracket or for what already are labels.
fn labels(letters: Vec<u8>) -> std::result::Result<Vec<u8>, Problem> {
    if letters.iter().any(|c| !c.is_ascii_alphabetic()) {
        return label(&letters);
    }
    match letters.iter().position(|letter| !LABELS.contains(letter)) {
        None => Ok(letters),
        Some(at) => Err(format!(
            "`{}` at position {} is no loop label (F, T, H, I, M, S), nor is the line dot-bracket: \
             a sequence and its structure must be on one line each",
            letters[at] as char,
            at + 1
        )
        .into()),
    }
}

#[cfg(test)]
mod tests;
