//! A record as a line of text.

use crate::error::{Problem, excerpt};

/// The fixed columns.
pub const COLUMNS: [&str; 8] = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"];

/// A record of a VCF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    text: Vec<u8>,
    /// Where each fixed column ends.
    ends: [usize; 8],
    /// POS, from 1.
    position: i64,
}

impl Line {
    /// Splits a line, given without its line feed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: Vec<u8>) -> Result<Self, Problem> {
        let mut ends = [0; 8];
        let tabs = text.iter().enumerate().filter(|(_, byte)| **byte == b'\t').map(|(at, _)| at);
        let mut found = 0;
        for (slot, at) in ends.iter_mut().zip(tabs.chain([text.len()])) {
            *slot = at;
            found += 1;
        }
        if found < ends.len() {
            return Err(
                format!("{found} columns; a record has at least 8, separated by tabs").into()
            );
        }
        let mut line = Self { text, ends, position: 0 };
        let position = line.column(1);
        line.position = number(position).ok_or_else(|| {
            let position = excerpt(&String::from_utf8_lossy(position));
            format!("POS {position:?} is not a position (a whole number, counted from 1)")
        })?;
        match [0, 3, 4].into_iter().find(|&column| line.column(column).is_empty()) {
            Some(column) => Err(format!("{} is empty; correct the line", COLUMNS[column]).into()),
            None => Ok(line),
        }
    }

    fn column(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] + 1 };
        &self.text[start..self.ends[index]]
    }

    /// Returns the name of the contig.
    pub fn contig(&self) -> &[u8] {
        self.column(0)
    }

    /// Returns POS, 0-based: -1 is the place before the first nucleotide.
    pub fn start(&self) -> i64 {
        self.position - 1
    }

    /// Returns ID.
    pub fn id(&self) -> &[u8] {
        self.column(2)
    }

    /// Returns REF.
    pub fn reference(&self) -> &[u8] {
        self.column(3)
    }

    /// Returns each ALT; none for `.`.
    pub fn alternates(&self) -> impl Iterator<Item = &[u8]> {
        let all = self.column(4);
        all.split(|byte| *byte == b',').filter(move |_| all != b".")
    }

    /// Returns INFO.
    pub fn info(&self) -> &[u8] {
        self.column(7)
    }

    /// Returns a column behind INFO: FORMAT is 8, samples follow.
    pub fn cell(&self, column: usize) -> Option<&[u8]> {
        let behind = self.text.get(self.ends[7] + 1..)?;
        behind.split(|byte| *byte == b'\t').nth(column.checked_sub(COLUMNS.len())?)
    }

    /// Returns the length of the text.
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// Returns the place of the record, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", String::from_utf8_lossy(self.contig()), self.position)
    }

    /// Appends the line with `reference` for REF and, in INFO, `info` (`KEY=value`, joined by `;`)
    /// in place of the entries of these keys; returns whether there were any.
    pub fn write(&self, reference: &[u8], keys: &[&str], info: &str, out: &mut Vec<u8>) -> bool {
        let start = |index: usize| self.ends[index - 1] + 1;
        out.extend_from_slice(&self.text[..start(3)]);
        out.extend_from_slice(reference);
        out.extend_from_slice(&self.text[self.ends[3]..start(7)]);
        let mut replaced = false;
        let mut separator = false;
        let mut put = |entry: &[u8], out: &mut Vec<u8>| {
            if separator {
                out.push(b';');
            }
            separator = true;
            out.extend_from_slice(entry);
        };
        let before = self.column(7);
        // An empty entry (`A=1;`, `;;`) is none: behind it another would not be found.
        for entry in
            before.split(|byte| *byte == b';').filter(|entry| !matches!(*entry, b"" | b"."))
        {
            let key = entry.split(|byte| *byte == b'=').next().unwrap_or_default();
            if keys.iter().any(|ours| ours.as_bytes() == key) {
                replaced = true;
            } else {
                put(entry, out);
            }
        }
        if !info.is_empty() {
            put(info.as_bytes(), out);
        }
        if !separator {
            out.push(b'.');
        }
        out.extend_from_slice(&self.text[self.ends[7]..]);
        out.push(b'\n');
        replaced
    }
}

/// Reads digits; `None` also of numbers beyond i64.
fn number(digits: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(digits).ok()?;
    // A sign parses, too, but is not allowed.
    text.parse().ok().filter(|_| digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "chr1\t10\trs1\tAC\tA,<DEL>\t5.10\tPASS\tDP=3;PolyA=x;PolyA_max=1\tGT\t0/1";

    fn line(text: &str) -> Result<Line, Problem> {
        Line::parse(text.into())
    }

    #[test]
    fn columns_are_what_they_say() {
        let line = line(LINE).unwrap();
        assert_eq!((line.contig(), line.start(), line.id()), (&b"chr1"[..], 9, &b"rs1"[..]));
        let alternates: Vec<&[u8]> = line.alternates().collect();
        assert_eq!((line.reference(), alternates), (&b"AC"[..], vec![&b"A"[..], b"<DEL>"]));
        assert_eq!(line.place(), "chr1:10");
        let none = super::Line::parse("1\t0\t.\tA\t.\t.\t.\t.".into()).unwrap();
        assert_eq!((none.alternates().count(), none.start()), (0, -1));
    }

    #[test]
    fn only_our_own_entries_are_replaced() {
        let written = |text: &str, info: &str| {
            let line = line(text).unwrap();
            let mut out = Vec::new();
            let replaced = line.write(line.reference(), &["PolyA", "PolyA_max"], info, &mut out);
            (String::from_utf8(out).unwrap(), replaced)
        };
        let expected = LINE.replace("PolyA=x;PolyA_max=1", "PolyA=y") + "\n";
        assert_eq!(written(LINE, "PolyA=y"), (expected, true));
        assert_eq!(written(LINE, "").0, LINE.replace(";PolyA=x;PolyA_max=1", "") + "\n");
        for (before, info, after) in [
            (".", "A=1", "A=1"),
            (".", "", "."),
            ("", "", "."),
            ("PolyA=1", "", "."),
            ("PolyAx=1;DB", "A=1", "PolyAx=1;DB;A=1"),
            ("B=1;", "A=1", "B=1;A=1"),
            (";B=1;;C=2;;", "A=1", "B=1;C=2;A=1"),
            ("B=1;", "", "B=1"),
            (";", "", "."),
            ("PolyA=1;;", "A=1", "A=1"),
        ] {
            let row = |info: &str| format!("1\t1\t.\tA\tC\t.\t.\t{info}");
            assert_eq!(written(&row(before), info).0, row(after) + "\n");
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for (text, told) in [
            ("1\t1\t.\tA\tC\t.\t.", "7 columns"),
            ("1 1 . A C . . .", "1 columns"),
            ("1\tx\t.\tA\tC\t.\t.\t.", "POS \"x\""),
            ("1\t-1\t.\tA\tC\t.\t.\t.", "POS \"-1\""),
            ("1\t+1\t.\tA\tC\t.\t.\t.", "POS \"+1\""),
            ("1\t99999999999999999999\t.\tA\tC\t.\t.\t.", "POS \"99999999999999999999\""),
            ("1\t1\t.\t\tC\t.\t.\t.", "REF is empty"),
        ] {
            assert!(line(text).unwrap_err().contains(told), "{text}");
        }
    }
}
