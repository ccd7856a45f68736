//! Variants in tables and lists: each row becomes a record of VCF, or is counted with the reason
//! why it cannot.
//!
//! ```text
//! line ─► layout ─► what it states of a variant ─► the genome's letters ─► columns of a record
//! ```
//!
//! [`layout`] tells what a file is by its beginning, [`gwas`], [`named`], [`short`] and [`hgvs`]
//! read rows, [`stated`] makes the record, [`rows`] keeps the account.

pub mod cells;
pub mod gwas;
pub mod hgvs;
pub mod layout;
pub mod named;
pub mod rows;
pub mod short;
pub mod stated;

use std::fmt::Write as _;
use std::path::PathBuf;

use self::layout::{Layout, MARK};
use self::rows::{RowReason, Rows};
use self::stated::Stated;
use super::vcf::header::Header;
use super::vcf::line::{COLUMNS, Line};
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::in_turn::InTurn;
use crate::genome::text_lines::TextLines;

/// INFO keys of the records: what the row says, and on which line.
pub const KEYS: [&str; 2] = ["INPUT", "INPUT_LINE"];
/// Last position of a stretch that is not written out.
const END: &str = "END";
/// Sex chromosomes as numbers, of human (PLINK, GWAS-SSF).
const NUMBERS: [(&str, &str); 2] = [("23", "X"), ("24", "Y")];

/// The records of a table.
pub struct TableReader {
    lines: TextLines,
    layout: Layout,
    /// Lines before the rows.
    before: u64,
    pub rows: Rows,
    /// The contig that was asked for last, and its number in the genome.
    last: (String, Option<usize>),
}

impl TableReader {
    /// Starts before the first of the rows, which follow after so many lines.
    pub fn new(source: &Source, layout: Layout, before: u64) -> Self {
        let (lines, rows) = (TextLines::new(source), Rows::new(layout.name()));
        Self { lines, layout, before, rows, last: (String::new(), None) }
    }

    /// Returns the header of the records, without contigs.
    pub fn header() -> Header {
        let define = |id: &str, kind: &str, text: &str| {
            format!("##INFO=<ID={id},Number=1,Type={kind},Description=\"{text}\">")
        };
        let text = "The variant as it stands in the input; blanks, tabs and what has a meaning here as in %2C";
        let lines = [
            "##fileformat=VCFv4.3".to_owned(),
            define(KEYS[0], "String", text),
            define(KEYS[1], "Integer", "Line of the input"),
            define(END, "Integer", "Last position of the stretch that a symbolic ALT stands for"),
            COLUMNS.join("\t"),
        ];
        let mut header = Header::default();
        for line in lines {
            // They are such lines.
            let _ = header.push(line.into_bytes());
        }
        header
    }

    /// Returns the name for messages.
    pub fn path(&self) -> PathBuf {
        self.lines.source().path().to_owned()
    }

    /// Returns the record of the next row that is one.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn next_record(&mut self, genome: &mut InTurn<'_>) -> Result<Option<Line>> {
        loop {
            let Some(line) = self.lines.next_line()? else { return Ok(None) };
            let text = String::from_utf8_lossy(line).into_owned();
            let number = self.lines.number();
            let text = if number == 1 { text.trim_start_matches(MARK) } else { &text };
            if number <= self.before || text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            match self.record(number, text, genome)? {
                Ok(record) => return Ok(Some(record)),
                Err(reason) => self.rows.skip(number, text, reason),
            }
        }
    }

    fn record(
        &mut self,
        number: u64,
        text: &str,
        genome: &mut InTurn<'_>,
    ) -> Result<std::result::Result<Line, RowReason>> {
        let (stated, said) = match self.stated(text) {
            Ok(stated) => stated,
            Err(reason) => return Ok(Err(reason)),
        };
        let contig = self.resolve(&stated.contig, genome.contigs());
        let name = match contig {
            Some(contig) => genome.contigs()[contig].name.clone(),
            None => stated.contig.clone(),
        };
        if !is_name(&name, contig.is_some()) {
            return Ok(Err(RowReason::BadContig));
        }
        let codes = match contig.filter(|_| stated.what.needs_sequence()) {
            Some(contig) => Some(genome.get(contig)?),
            None => None,
        };
        let columns = match stated.what.columns(codes.as_ref().map_or(&[], |codes| codes)) {
            Ok(columns) => columns,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut info = format!("{}={};{}={number}", KEYS[0], escaped(&said), KEYS[1]);
        if let Some(end) = columns.end {
            // Writing to a String cannot fail.
            let _ = write!(info, ";{END}={end}");
        }
        let id = stated.id.as_deref().map_or(".", identifier);
        let [reference, alternates] =
            [&columns.reference, &columns.alternates].map(|text| String::from_utf8_lossy(text));
        let line =
            [&name, &columns.position.to_string(), id, &*reference, &*alternates, ".", ".", &info];
        let line = Line::parse(line.join("\t").into_bytes())
            .map_err(|problem| Error::Internal(format!("line {number} of a table: {problem}")))?;
        self.rows.take(columns.without);
        if contig.is_some() {
            self.rows.rename(&stated.contig, &name);
        }
        Ok(Ok(line))
    }

    /// Returns what a row states, and the text of it that says so.
    fn stated(&self, text: &str) -> std::result::Result<(Stated, String), RowReason> {
        match &self.layout {
            Layout::List => short::parse(text).map(|stated| (stated, text.trim().to_owned())),
            Layout::Named(delimiter, columns) => {
                let cells = delimiter.cells(text);
                Ok((columns.stated(&cells)?, said(&cells, &columns.of_variant())))
            }
            Layout::Gwas(delimiter, columns) => {
                let cells = delimiter.cells(text);
                Ok((columns.stated(&cells)?, said(&cells, &columns.of_variant())))
            }
        }
    }

    /// Returns the number of a contig, in any source's style.
    fn resolve(&mut self, name: &str, contigs: &Contigs) -> Option<usize> {
        if self.last.0 != name {
            let by_number = || {
                let name = name.strip_prefix("chr").unwrap_or(name);
                let (_, letter) = NUMBERS.iter().find(|(number, _)| *number == name)?;
                contigs.resolve(letter)
            };
            self.last = (name.to_owned(), contigs.resolve(name).or_else(by_number));
        }
        self.last.1
    }
}

/// Returns the cells of a variant as one text.
fn said(cells: &[std::borrow::Cow<'_, str>], columns: &[usize]) -> String {
    let cells: Vec<&str> = columns.iter().map(|&at| named::cell(cells, at)).collect();
    cells.join("\t")
}

/// Returns whether VCF can hold the name of a contig (4.3, section 1.4.7); names of the genome are
/// taken as in VCF files.
fn is_name(name: &str, of_genome: bool) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&*+./:;=?@^_|~-".contains(&byte);
    let begins = !name.starts_with(['*', '=', '#']);
    begins && !name.is_empty() && (of_genome || name.bytes().all(plain))
}

/// Returns what can be ID, `.` for what cannot.
fn identifier(id: &str) -> &str {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != ',';
    if !id.is_empty() && id.chars().all(plain) { id } else { "." }
}

/// Writes what has a meaning in INFO, blanks and what does not print as VCF 4.3 says (`%2C`): the
/// text can be had back.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '%' | ';' | '=' | ',' => out.extend(percent(letter)),
            letter if letter.is_whitespace() || letter.is_control() => out.extend(percent(letter)),
            letter => out.push(letter),
        }
    }
    out
}

fn percent(letter: char) -> Vec<char> {
    let mut bytes = [0; 4];
    let bytes = letter.encode_utf8(&mut bytes).bytes();
    bytes.flat_map(|byte| format!("%{byte:02X}").chars().collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests;
