//! Column 9 of GTF, as tools really write it.
//!
//! noodles reads what the definition has: key, blank, value, semicolon. Here also several values
//! (AGAT), empty entries, quotes escaped or left open in what is not needed, a remark at the end,
//! and rows whose whole column is an id (AUGUSTUS, BRAKER).

use std::borrow::Cow;

/// A key with its first value, the quotes taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute<'t> {
    pub(super) key: &'t str,
    pub(super) value: Cow<'t, str>,
    /// Whether the value's quotes end; if not, it reaches to the end of the column.
    pub(super) whole: bool,
}

/// Walks over the attributes of a row.
pub(super) struct Attributes<'t> {
    rest: &'t str,
}

impl<'t> Attributes<'t> {
    pub(super) fn new(column: &'t str) -> Self {
        Self { rest: column }
    }
}

/// Returns the id that is all there is in a column, if it is that.
pub(super) fn bare_id(column: &str) -> Option<&str> {
    let id = column.trim().trim_end_matches(';').trim_end();
    let id = id.strip_prefix('"').and_then(|id| id.strip_suffix('"')).unwrap_or(id);
    let is_id = !id.is_empty() && id != "." && !id.contains([' ', '\t', '"', '=', ';']);
    is_id.then_some(id)
}

impl<'t> Iterator for Attributes<'t> {
    type Item = Attribute<'t>;

    fn next(&mut self) -> Option<Attribute<'t>> {
        self.rest = after(self.rest, b";,");
        if self.rest.is_empty() || self.rest.starts_with('#') {
            return None;
        }
        let ends = |byte: u8| matches!(byte, b' ' | b'\t' | b';' | b'"');
        let (key, rest) = self.rest.split_at(place(self.rest, ends));
        self.rest = after(rest, b"");
        let (value, whole) = self.value();
        // Further values of the same key.
        loop {
            self.rest = after(self.rest, b",");
            if !self.rest.starts_with('"') {
                break;
            }
            self.value();
        }
        Some(Attribute { key, value, whole })
    }
}

impl<'t> Attributes<'t> {
    /// Takes the value that stands next.
    fn value(&mut self) -> (Cow<'t, str>, bool) {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let (value, rest) = self.rest.split_at(place(self.rest, |byte| byte == b';'));
            self.rest = rest;
            return (value.trim_end().into(), true);
        };
        let mut escaped = false;
        let mut escapes = false;
        let end = place(quoted, |byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            escapes |= escaped;
            ends
        });
        let (value, rest) = quoted.split_at(end);
        let (rest, whole) = rest.strip_prefix('"').map_or(("", false), |rest| (rest, true));
        self.rest = rest;
        let value = value.trim();
        let unescape = || value.replace("\\\"", "\"").replace("\\\\", "\\");
        (if escapes { unescape().into() } else { value.into() }, whole)
    }
}

/// Returns where the first byte stands that is searched for, ASCII; the length if none is.
fn place(text: &str, searched: impl FnMut(u8) -> bool) -> usize {
    text.bytes().position(searched).unwrap_or(text.len())
}

/// Returns what comes after white space and `others`. A column is ASCII but for names and notes, so
/// bytes do, until one is not.
fn after<'t>(text: &'t str, others: &[u8]) -> &'t str {
    let passed = |byte: u8| byte.is_ascii_whitespace() || others.contains(&byte);
    let rest = &text[place(text, |byte| !passed(byte))..];
    match rest.bytes().next() {
        Some(first) if !first.is_ascii() => rest.trim_start_matches(|c: char| {
            c.is_whitespace() || u8::try_from(c).is_ok_and(|byte| others.contains(&byte))
        }),
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(column: &str) -> Vec<(&str, String)> {
        Attributes::new(column).map(|a| (a.key, a.value.into_owned())).collect()
    }

    #[test]
    fn attributes_are_read_as_tools_write_them() {
        let ids = [("gene_id", "G 1".to_owned()), ("transcript_id", "T".to_owned())];
        for column in [
            "gene_id \"G 1\"; transcript_id \"T\";",
            "gene_id \"G 1\";transcript_id \"T\"",
            "gene_id  \"G 1\" ;; transcript_id   T ; ",
            "gene_id \"G 1\" transcript_id \"T\"",
            "gene_id \"G 1\"; transcript_id \"T\"; # the end",
            "; gene_id\t\"G 1\"; transcript_id \"T\" \"U\", \"V\"",
        ] {
            assert_eq!(read(column), ids, "{column}");
        }
        let several = read("a \"x\" \"y\"; b \"5' \\\"end\\\"; x\"; c \"1;2\"; d; e \"\"");
        let expected = [("a", "x"), ("b", "5' \"end\"; x"), ("c", "1;2"), ("d", ""), ("e", "")]
            .map(|(k, v)| (k, v.to_owned()));
        assert_eq!(several, expected);
    }

    #[test]
    fn a_value_that_does_not_end_is_told() {
        let found: Vec<bool> =
            Attributes::new("gene_id \"G\"; note \"x; transcript_id T").map(|a| a.whole).collect();
        assert_eq!(found, [true, false]);
    }

    #[test]
    fn a_bare_id_is_told_from_attributes() {
        for (column, id) in [
            ("g1.t1", Some("g1.t1")),
            (" g1; ", Some("g1")),
            ("\"g1\"", Some("g1")),
            ("gene_id \"G\";", None),
            ("ID=g1", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(bare_id(column), id, "{column}");
        }
    }
}
