//! Lines of a text file, one in memory at a time, each of bounded length.

use std::io::{BufRead, Read};

use super::compression::{OLD_MAC, Reader, Source};
use crate::error::{Error, Result};

/// Bytes of a line at most, its end included: what is longer is no line of a table or of sequences.
pub const LONGEST_LINE: usize = 16 << 20;

/// A pass over the lines of a file.
pub struct TextLines {
    source: Source,
    reader: Reader,
    line: Vec<u8>,
    number: u64,
}

impl TextLines {
    /// Starts before the first line.
    pub fn new(source: &Source) -> Self {
        let (reader, source) = (source.reader(), source.clone());
        Self { source, reader, line: Vec::new(), number: 0 }
    }

    /// Goes to the next line and returns it without its end (line feed, with or without carriage
    /// return) and blanks before that.
    ///
    /// # Errors
    /// If the file cannot be read, a line is longer than [`LONGEST_LINE`], or lines end in old Mac
    /// style.
    ///
    /// ```
    /// use std::path::Path;
    /// use polyascan::genome::{compression::Source, text_lines::TextLines};
    /// let source = Source::from_stream(Path::new("x"), &b"a\tb \r\n\nc"[..]).unwrap();
    /// let mut lines = TextLines::new(&source);
    /// assert_eq!(lines.next_line().unwrap(), Some(&b"a\tb"[..]));
    /// assert_eq!(lines.next_line().unwrap(), Some(&b""[..]));
    /// assert_eq!(lines.next_line().unwrap(), Some(&b"c"[..]));
    /// assert_eq!(lines.number(), 3);
    /// assert_eq!(lines.next_line().unwrap(), None);
    /// ```
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        self.line.clear();
        let mut limited = self.reader.by_ref().take(LONGEST_LINE as u64 + 1);
        let n = limited.read_until(b'\n', &mut self.line).map_err(|e| self.source.error(e))?;
        if n == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.trim_ascii_end().contains(&b'\r') {
            return Err(self.wrong(OLD_MAC));
        }
        if n > LONGEST_LINE {
            let most = LONGEST_LINE >> 20;
            let problem = format!(
                "more than {most} MiB in one line; is it a file of this kind, and complete?"
            );
            return Err(self.wrong(problem));
        }
        Ok(Some(self.line.trim_ascii_end()))
    }

    /// Does what [`TextLines::next_line`] does; the line must be UTF-8.
    ///
    /// # Errors
    /// As for [`TextLines::next_line`]; other text.
    pub fn next_text(&mut self) -> Result<Option<String>> {
        let Some(line) = self.next_line()? else { return Ok(None) };
        match std::str::from_utf8(line) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(self.wrong("not UTF-8 text; is it a file of this kind?")),
        }
    }

    /// Returns the number of the last line, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the file.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns the error that names the last line.
    pub fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::input(self.source.path(), format!("line {}", self.number), problem)
    }
}
