//! One line of GTF.

use std::ops::Range;

use noodles::gtf::{Line, Record};

use crate::error::excerpt;
use crate::genome::compression::OLD_MAC;
use crate::genome::strand::Strand;

const CONVERT: &str = "this looks like GFF3; convert it with `gffread -T`";

/// The rows that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gene,
    Transcript,
    Exon,
}

/// What a row says.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) kind: Kind,
    /// 0-based half-open.
    pub(super) range: Range<u64>,
    /// `None` where the file has `.`.
    pub(super) strand: Option<Strand>,
    pub(super) gene_id: String,
    pub(super) gene_name: Option<String>,
    /// Empty where there is none: such exons of a gene form one transcript.
    pub(super) transcript_id: String,
    /// Whether the transcript goes on past the 3' end that is annotated: `partial "3-prime"`.
    pub(super) open_ended: bool,
}

/// Splits a line into columns; `None` for remarks and blank lines.
pub(super) fn record(line: &Line) -> Result<Option<Record<'_>>, String> {
    let text: &[u8] = line.as_ref();
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    if let Some(&byte) = text.trim_ascii_end().iter().find(|b| b.is_ascii_control() && **b != b'\t')
    {
        return Err(match byte {
            b'\r' => OLD_MAC.to_owned(),
            _ => "the line holds control characters; copy or download the file again".to_owned(),
        });
    }
    if let Some(version) = text.strip_prefix(b"##gff-version")
        && version.trim_ascii().starts_with(b"3")
    {
        return Err(CONVERT.to_owned());
    }
    let shown = || text[..text.len().min(40)].escape_ascii();
    line.as_record()
        .transpose()
        .map_err(|_| format!("not GTF: fewer than 9 columns separated by tabs (\"{}\")", shown()))
}

/// Returns what kind of row it is, if it counts.
pub(super) fn kind(record: &Record<'_>) -> Option<Kind> {
    let kind: &[u8] = record.ty();
    match kind {
        b"gene" => Some(Kind::Gene),
        b"transcript" => Some(Kind::Transcript),
        b"exon" => Some(Kind::Exon),
        _ => None,
    }
}

impl Row {
    /// Reads the columns; the problem of a bad row is told without its place.
    pub(super) fn parse(kind: Kind, line: &Line, record: &Record<'_>) -> Result<Self, String> {
        let column = |i| String::from_utf8_lossy(column(line, i)).into_owned();
        let bad_position = |i| {
            let found = excerpt(&column(i));
            format!("column {} is {found:?}, not a position (a whole number from 1)", i + 1)
        };
        let start = usize::from(record.start().map_err(|_| bad_position(3))?) as u64;
        let end = usize::from(record.end().map_err(|_| bad_position(4))?) as u64;
        if end < start {
            return Err(format!("the end {end} is before the start {start}; correct the row"));
        }
        let strand = match column(6).as_str() {
            "." => None,
            text => Some(text.parse::<Strand>()?),
        };
        let mut row = Self {
            kind,
            range: start - 1..end,
            strand,
            gene_id: String::new(),
            gene_name: None,
            transcript_id: String::new(),
            open_ended: false,
        };
        row.read_attributes(line, record)?;
        Ok(row)
    }

    fn read_attributes(&mut self, line: &Line, record: &Record<'_>) -> Result<(), String> {
        let unreadable = || {
            "the attributes (column 9) cannot be read; they should be like gene_id \"X\"; transcript_id \"Y\";"
                .to_owned()
        };
        let gff3 =
            |problem: String| if looks_like_gff3(line) { CONVERT.to_owned() } else { problem };
        if column(line, 8).trim_ascii_end().contains(&b'\t') {
            return Err("more than 9 columns; no tabs may stand in the attributes".to_owned());
        }
        let attributes = record.attributes().map_err(|_| gff3(unreadable()))?;
        for attribute in attributes.iter() {
            let (key, values) = attribute.map_err(|_| gff3(unreadable()))?;
            // After `;;` noodles takes the rest for a key or a value.
            if key.is_empty() || key.contains(&b';') {
                return Err(gff3(unreadable()));
            }
            let value = || {
                let first = values.iter().next().map(|value| String::from_utf8_lossy(value));
                // With two blanks before it noodles leaves the quotes in the value.
                first.unwrap_or_default().trim().trim_matches('"').to_owned()
            };
            match &**key {
                b"gene_id" => self.gene_id = value(),
                b"gene_name" => self.gene_name = Some(value()).filter(|name| !name.is_empty()),
                b"transcript_id" => self.transcript_id = value(),
                b"partial" => self.open_ended |= value().contains("3-prime"),
                _ => {}
            }
        }
        if self.gene_id.is_empty() {
            return Err(gff3("gene_id is missing; every row of a GTF file needs one".to_owned()));
        }
        Ok(())
    }
}

/// Returns a column from its number, from 0; the last one is the rest of the line.
fn column(line: &Line, number: usize) -> &[u8] {
    let text: &[u8] = line.as_ref();
    text.splitn(9, |&b| b == b'\t').nth(number).unwrap_or_default()
}

/// Tells `ID=gene:X;Name=Y` from `gene_id "X";`.
fn looks_like_gff3(line: &Line) -> bool {
    column(line, 8).iter().find(|b| b"= \"".contains(b)) == Some(&b'=')
}
