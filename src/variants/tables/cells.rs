//! The cells of a row.

use std::borrow::Cow;

/// What stands between cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    Tab,
    /// Blanks and tabs, any number.
    Blanks,
}

impl Delimiter {
    /// Returns that of a table with this header.
    pub fn of(header: &str) -> Self {
        if header.contains('\t') { Self::Tab } else { Self::Blanks }
    }

    /// Returns the cells of a row, without the quotes around them. A quote that is not closed at a
    /// cell's end is a letter like others: tables are full of inches and minutes.
    ///
    /// ```
    /// use polyascan::variants::tables::cells::Delimiter;
    /// assert_eq!(Delimiter::Tab.cells("a\t\"b\tc\"\t\"5\"\" x\"\t\"d\t"), ["a", "b\tc", "5\" x", "\"d", ""]);
    /// assert_eq!(Delimiter::Blanks.cells(" a  b"), ["a", "b"]);
    /// ```
    pub fn cells(self, line: &str) -> Vec<Cow<'_, str>> {
        match self {
            Self::Blanks => line.split_whitespace().map(unquoted).collect(),
            Self::Tab => tabbed(line),
        }
    }
}

fn tabbed(line: &str) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let end = quoted_end(rest).or_else(|| rest.find('\t')).unwrap_or(rest.len());
        cells.push(unquoted(&rest[..end]));
        match rest.get(end + 1..) {
            Some(next) => rest = next,
            None => return cells,
        }
    }
}

/// Returns where a cell in quotes ends, with its quotes.
fn quoted_end(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('"')?;
    let mut at = 0;
    loop {
        at += inner[at..].find('"')?;
        match inner.as_bytes().get(at + 1) {
            // A doubled quote is one inside.
            Some(b'"') => at += 2,
            Some(b'\t') | None => return Some(at + 2),
            Some(_) => return None,
        }
    }
}

fn unquoted(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    let inner = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
    match inner {
        Some(inner) if inner.contains('"') => Cow::Owned(inner.replace("\"\"", "\"")),
        Some(inner) => Cow::Borrowed(inner.trim()),
        None => Cow::Borrowed(cell),
    }
}
