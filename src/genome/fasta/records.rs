//! The one place that reads FASTA text: headers and stretches of letters.

use std::io::{self, BufRead};

use noodles::fasta;

use super::foreign;
use super::lines::Lines;
use crate::error::{Error, Result, excerpt};
use crate::genome::compression::Source;

pub(super) const LONG_HEADER: &str =
    "header of more than 1 MiB; is a line end missing after the contig's name?";

/// Reads headers and letters in turn; never more than a buffer and a header in memory.
pub(super) struct Records<R> {
    reader: fasta::io::Reader<Lines<R>>,
    definition: fasta::record::Definition,
    source: Source,
    header_line: u64,
}

impl<R: BufRead> Records<R> {
    /// Starts at the first header.
    ///
    /// # Errors
    /// The text is empty or begins with something else.
    pub(super) fn new(reader: R, source: &Source) -> Result<Self> {
        let mut reader = fasta::io::Reader::new(Lines::new(reader));
        let failure = |problem: String| Error::of_file(source.path(), problem);
        // The sequence reader of noodles skips blank lines and stops at `>` or the end of the text.
        let mut sequence = reader.sequence_reader();
        let start = sequence.fill_buf().map_err(|e| source.error(e))?;
        if !start.is_empty() {
            let found = foreign::describe(start);
            return Err(failure(format!(
                "not FASTA: the first line does not begin with `>`; {found}"
            )));
        }
        if reader.get_mut().fill_buf().map_err(|e| source.error(e))?.is_empty() {
            return Err(failure("the file is empty; a FASTA file is needed".to_owned()));
        }
        if !reader.get_ref().at_start() {
            return Err(failure(foreign::advise(b'\r').to_owned()));
        }
        let definition = fasta::record::Definition::default();
        Ok(Self { reader, definition, source: source.clone(), header_line: 0 })
    }

    /// Returns the name of the next contig, the first word of its header, or `None` at the end. The
    /// letters of the contig before must have been consumed.
    pub(super) fn next_header(&mut self) -> Result<Option<String>> {
        self.header_line = self.reader.get_ref().line();
        self.reader.get_mut().limit_header();
        let read = self.reader.read_definition(&mut self.definition);
        self.reader.get_mut().lift_limit();
        match read {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(e) => return Err(self.header_error(e)),
        }
        if self.reader.get_ref().old_mac() {
            return Err(self.in_header(foreign::advise(b'\r').to_owned()));
        }
        match std::str::from_utf8(self.definition.name()) {
            Ok(name) if !name.contains(|letter: char| letter.is_control()) => {
                Ok(Some(name.to_owned()))
            }
            wrong => {
                let fault = if wrong.is_ok() { "holds control characters" } else { "is not UTF-8" };
                let shown = excerpt(&self.definition.name().escape_ascii().to_string());
                Err(self.in_header(format!("the contig name \"{shown}\" {fault}; rename it")))
            }
        }
    }

    /// Returns some of the contig's next letters, empty at its end; `offset` letters came before.
    pub(super) fn letters(&mut self, name: &str, offset: u64) -> Result<&[u8]> {
        let n = self.reader.sequence_reader().fill_buf().map_err(|e| self.source.error(e))?.len();
        if n == 0 {
            return self.check_end(name, offset).map(|()| &[] as &[u8]);
        }
        let buffered = self.reader.get_mut().fill_buf().map_err(|e| self.source.error(e))?;
        Ok(buffered.get(..n).unwrap_or_default())
    }

    /// Marks `n` of the letters as read.
    #[inline]
    pub(super) fn consume(&mut self, n: usize) {
        self.reader.get_mut().consume(n);
    }

    /// A `>` that happens to be the first letter of a buffer, but not of a line, looks like a
    /// header to noodles.
    fn check_end(&mut self, name: &str, offset: u64) -> Result<()> {
        let at_start = self.reader.get_ref().at_start();
        let next = self.reader.get_mut().fill_buf().map_err(|e| self.source.error(e))?.first();
        match next {
            Some(&letter) if !at_start => Err(self.bad_letter(name, offset + 1, letter)),
            _ => Ok(()),
        }
    }

    /// Returns where the last header is, for messages.
    pub(super) fn header_place(&self) -> String {
        format!("line {}", self.header_line)
    }

    /// Complains about a letter; `position` is 1-based.
    #[cold]
    pub(super) fn bad_letter(&self, name: &str, position: u64, letter: u8) -> Error {
        let problem = format!(
            "'{}' is not a nucleotide letter; {}",
            [letter].escape_ascii(),
            foreign::advise(letter)
        );
        Error::input(self.source.path(), format!("{}:{position}", excerpt(name)), problem)
    }

    fn header_error(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::InvalidData => self.in_header(
                "header without a name; write the contig's name directly after the `>`".to_owned(),
            ),
            io::ErrorKind::FileTooLarge => self.in_header(LONG_HEADER.to_owned()),
            _ => self.source.error(error),
        }
    }

    fn in_header(&self, problem: String) -> Error {
        Error::input(self.source.path(), self.header_place(), problem)
    }

    /// Returns the reader below.
    pub(super) fn into_inner(self) -> R {
        self.reader.into_inner().into_inner()
    }
}
