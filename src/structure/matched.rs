//! Structures of sequences that are read from another file, or from the same one.

use std::collections::HashMap;

use super::files::{Form, Record, Records};
use crate::error::{Error, Result};
use crate::genome::compression::{Reader, Source};
use crate::genome::sequence::Coder;

/// The structures of a file, found by name, or taken in order where there are no names.
pub struct Matched {
    source: Source,
    records: Records<Reader>,
    coder: Coder,
    /// Records that were passed on the way to another name.
    passed: HashMap<String, Record>,
}

impl Matched {
    /// Starts at the file's first record; `coder` makes codes of its sequences.
    pub fn new(source: &Source, form: Form, coder: Coder) -> Self {
        let records = Records::open(source, form);
        Self { source: source.clone(), records, coder, passed: HashMap::new() }
    }

    /// Returns the structure of the sequence `codes`, called `name`, which its own file gives
    /// (`is_named`) or stands for the place of a sequence without one.
    ///
    /// # Errors
    /// If there is none or it does not fit.
    pub fn structure(&mut self, name: &str, is_named: bool, codes: &[u8]) -> Result<Vec<u8>> {
        let record = self.record(name, is_named)?;
        let problem = match &record.sequence {
            _ if record.structure.len() != codes.len() => format!(
                "the structure has {} letters, sequence {name:?} of the input {} nt",
                record.structure.len(),
                codes.len()
            ),
            Some(letters) if self.coder.encode(letters).as_deref() != Ok(codes) => {
                format!("its sequence is not that of {name:?} in the input")
            }
            _ => return Ok(record.structure),
        };
        Err(self.wrong(&record, problem))
    }

    fn record(&mut self, name: &str, is_named: bool) -> Result<Record> {
        if let Some(record) = self.passed.remove(name) {
            return Ok(record);
        }
        while let Some(record) = self.records.next().transpose()? {
            match &record.name {
                Some(other) if is_named && other != name => {
                    let other = other.clone();
                    if self.passed.contains_key(&other) {
                        let problem = format!("a second record is called {other:?}");
                        return Err(self.wrong(&record, problem));
                    }
                    self.passed.insert(other, record);
                }
                _ => return Ok(record),
            }
        }
        let problem = format!("no structure for sequence {name:?} of the input");
        Err(Error::input(self.source.path(), "the end", problem))
    }

    fn wrong(&self, record: &Record, problem: String) -> Error {
        let named = record.name.as_ref().map(|name| format!("record {name:?}: "));
        let problem = format!("{}{problem}", named.unwrap_or_default());
        Error::input(self.source.path(), format!("line {}", record.line), problem)
    }

    /// Returns a remark on structures that no sequence asked for, if there are any.
    ///
    /// # Errors
    /// If the rest of the file cannot be read.
    pub fn finish(mut self) -> Result<Option<String>> {
        let rest = self.records.by_ref().try_fold(0, |n, record| record.map(|_| n + 1))?;
        let (n, path) = (self.passed.len() + rest, self.source.path().display());
        Ok((n > 0).then(|| format!("{path}: {n} structures belong to no sequence of the input")))
    }
}

/// A sequence with its structure.
pub struct Annotated {
    /// As in the file, or its place from 1.
    pub name: String,
    /// The whole header, without its `>`; empty where there is none.
    pub header: String,
    /// Codes as in [`crate::genome::sequence`].
    pub codes: Vec<u8>,
    pub structure: Vec<u8>,
}

/// Returns the sequences of a file that has their structures too, in its order.
pub fn annotated(
    source: &Source,
    form: Form,
    coder: Coder,
) -> impl Iterator<Item = Result<Annotated>> {
    let path = source.path().to_owned();
    Records::open(source, form).enumerate().map(move |(index, record)| {
        let record = record?;
        let name = record.name.unwrap_or_else(|| (index + 1).to_string());
        let wrong = |problem: String| Error::input(&path, format!("line {}", record.line), problem);
        let letters = record.sequence.ok_or_else(|| wrong(format!("{name:?} has no sequence")))?;
        let codes = coder.encode(&letters).map_err(|at| {
            let letter = coder.letter();
            wrong(format!("letter {} of the sequence of {name:?} is no {letter}", at + 1))
        })?;
        Ok(Annotated { name, header: record.header, codes, structure: record.structure })
    })
}
