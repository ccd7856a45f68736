//! A buffered reader that knows where in the lines of a text it stands.

use std::io::{self, BufRead, Read};

/// The longest header that is read, so that a file without line ends does not fill the memory.
pub(super) const LONGEST_HEADER: usize = 1 << 20;

/// Passes a text through and counts its lines. It relies on each `consume` covering at most one
/// line end, as the last byte: so do `read_until` and the sequence reader of noodles.
pub(super) struct Lines<R> {
    inner: R,
    line: u64,
    at_start: bool,
    /// How many bytes of a header may still be read.
    budget: usize,
    /// Whether a carriage return that ends no line is in the header.
    old_mac: bool,
    after_return: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            line: 1,
            at_start: true,
            budget: usize::MAX,
            old_mac: false,
            after_return: false,
        }
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }

    /// Returns the number of the current line, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Returns whether the next byte is the first of a line.
    pub(super) fn at_start(&self) -> bool {
        self.at_start
    }

    pub(super) fn limit_header(&mut self) {
        self.budget = LONGEST_HEADER;
        (self.old_mac, self.after_return) = (false, false);
    }

    /// Returns whether the last header held a carriage return before its end.
    pub(super) fn old_mac(&self) -> bool {
        self.old_mac
    }

    /// Looks for carriage returns that a header's parser would take for blanks.
    fn look_for_returns(&mut self, amount: usize) {
        for &byte in self.inner.fill_buf().unwrap_or_default().iter().take(amount) {
            self.old_mac |= self.after_return && byte != b'\n';
            self.after_return = byte == b'\r';
        }
    }

    pub(super) fn lift_limit(&mut self) {
        self.budget = usize::MAX;
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.budget == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "header too long"));
        }
        self.inner.fill_buf()
    }

    #[inline]
    fn consume(&mut self, amount: usize) {
        if amount == 0 {
            return;
        }
        if self.budget < usize::MAX {
            self.look_for_returns(amount);
        }
        // The buffer is not empty, so this does not read.
        let last = self.inner.fill_buf().ok().and_then(|buf| buf.get(amount - 1).copied());
        self.at_start = last == Some(b'\n');
        self.line += u64::from(self.at_start);
        self.budget = self.budget.saturating_sub(amount);
        self.inner.consume(amount);
    }
}
