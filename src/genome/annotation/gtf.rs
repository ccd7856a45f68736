//! Rows of GTF.

use super::assembly::{Assembly, Kind, Row};
use super::attributes::{Attributes, bare_id};
use super::left_out::{Fault, LeftOut};
use super::names::Names;
use crate::error::{Problem, Result, excerpt};
use crate::genome::strand::Strand;
use crate::genome::text_lines::TextLines;

const GFF3: &str = "this looks like GFF3; convert it with `gffread -T`";
const TORN: &str = "not GTF: fewer than 9 columns separated by tabs";
const TABS: &str = "more than 9 columns; no tabs may stand in the attributes";
const NO_ID: &str = "gene_id is missing; rows of a GTF file need one, or a transcript_id";
const UNREADABLE: &str = "the attributes (column 9) cannot be read; they should be like gene_id \"X\"; transcript_id \"Y\";";
const BACKWARDS: &str = "the end is before the start";
const STRAND: &str = "the strand is unknown";

/// Of pieces of a genome, cut.
const PARTIAL: &str = "partial";

/// What becomes of a row that is no row of a gene.
enum Trouble {
    /// It cannot be used, the others can.
    Row(Fault),
    /// The file is not what it should be.
    File(String),
}

impl From<&'static str> for Trouble {
    fn from(kind: &'static str) -> Self {
        Self::Row(kind.into())
    }
}

/// Reads the rows `gene`, `transcript` and `exon` of a GTF file into `assembly`. Rows that cannot
/// be used go to `left_out`.
///
/// # Errors
/// A line that shows that the file is damaged or no GTF, with its number.
pub(super) fn read(
    lines: &mut TextLines,
    names: &mut Names<'_>,
    assembly: &mut Assembly,
    left_out: &mut LeftOut,
) -> Result<Vec<String>> {
    let mut bare = 0_u64;
    let mut rows = 0_u64;
    loop {
        let Some(line) = lines.next_line()? else { break };
        let text = match text_of(line) {
            Ok(text) => text,
            Err(problem) => return Err(lines.wrong(problem)),
        };
        if text.is_empty() || text.starts_with('#') {
            if let Some(version) = text.strip_prefix("##gff-version")
                && version.trim().starts_with('3')
                && rows == 0
            {
                return Err(lines.wrong(GFF3));
            }
            continue;
        }
        let read = Columns::new(&text).and_then(|columns| {
            let Some(columns) = columns else { return Ok(None) };
            if columns.kind == Kind::Coding {
                // Of no weight by itself: what is wrong with it is not said.
                let contig = names.known(columns.contig);
                return Ok(contig.and_then(|contig| columns.row(contig).ok()));
            }
            let Some(contig) = names.resolve(columns.contig) else { return Ok(None) };
            columns.row(contig).map(Some)
        });
        match read {
            Ok(None) => {}
            Ok(Some((row, is_bare))) => {
                bare += u64::from(is_bare);
                rows += 1;
                assembly.add(row);
            }
            Err(Trouble::Row(fault)) if fault.kind == GFF3 && rows == 0 => {
                return Err(lines.wrong(GFF3));
            }
            Err(Trouble::Row(fault)) => left_out.count(lines.number(), fault),
            Err(Trouble::File(problem)) => return Err(lines.wrong(problem)),
        }
    }
    let note =
        || format!("{bare} rows have an id alone for attributes (AUGUSTUS, BRAKER), which is used");
    Ok((bare > 0).then(note).into_iter().collect())
}

/// Returns a line as text if it is that.
fn text_of(line: &[u8]) -> std::result::Result<std::borrow::Cow<'_, str>, Problem> {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text.into(),
        Err(_) => String::from_utf8_lossy(line),
    };
    // All bytes are looked at, without a branch, so that many are at once.
    let (odd, foreign) = line.iter().fold((false, false), |(odd, foreign), &byte| {
        (odd | (byte.is_ascii_control() & (byte != b'\t')), foreign | !byte.is_ascii())
    });
    if odd || (foreign && text.contains(|c: char| c.is_control() && c != '\t')) {
        return Err("the line holds control characters; copy or download the file again".into());
    }
    Ok(text)
}

/// The columns of a row that counts.
struct Columns<'t> {
    kind: Kind,
    contig: &'t str,
    start: &'t str,
    end: &'t str,
    strand: &'t str,
    attributes: &'t str,
}

impl<'t> Columns<'t> {
    /// Takes the columns of a row; `None` of a kind that does not count.
    fn new(line: &'t str) -> std::result::Result<Option<Self>, Trouble> {
        let mut columns = [""; 9];
        let mut found = 0;
        for (column, text) in columns.iter_mut().zip(line.splitn(9, '\t')) {
            *column = text;
            found += 1;
        }
        let [contig, _, kind, start, end, _, strand, _, attributes] = columns;
        if found < 8 {
            let shown: String = line.chars().take(40).collect();
            return Err(Trouble::File(format!("{TORN} ({shown:?})")));
        }
        let kind = match kind {
            "gene" => Kind::Gene,
            "transcript" => Kind::Transcript,
            "exon" => Kind::Exon,
            "CDS" | "stop_codon" => Kind::Coding,
            _ => return Ok(None),
        };
        Ok(Some(Self { kind, contig, start, end, strand, attributes }))
    }

    /// Returns the row, and whether its attributes are a bare id.
    fn row(&self, contig: usize) -> std::result::Result<(Row<'t>, bool), Trouble> {
        let [start, end] = [(4, self.start), (5, self.end)].map(|(column, text)| {
            let position = text.parse::<u64>().ok().filter(|&p| p > 0 && !text.starts_with('+'));
            position.ok_or_else(|| {
                let found = excerpt(text);
                let problem = "not a position (a whole number from 1)";
                Trouble::File(format!("column {column} is {found:?}, {problem}"))
            })
        });
        let (start, end) = (start?, end?);
        if end < start {
            let problem = format!("the end {end} is before the start {start}");
            return Err(Trouble::Row(Fault { kind: BACKWARDS, problem }));
        }
        let strand = match self.strand {
            "." | "?" => None,
            text => {
                let wrong = |problem| Trouble::Row(Fault { kind: STRAND, problem });
                Some(text.parse::<Strand>().map_err(wrong)?)
            }
        };
        let mut row = Row {
            kind: self.kind,
            contig,
            range: start - 1..end,
            strand,
            gene_id: None,
            gene_name: None,
            biotype: None,
            transcript_id: None,
            exon_number: None,
            open_ended: false,
        };
        let bare = bare_id(self.attributes);
        match (bare, self.kind) {
            (Some(id), Kind::Gene) => row.gene_id = Some(id.into()),
            (Some(id), Kind::Transcript) => row.transcript_id = Some(id.into()),
            _ => read_attributes(&mut row, self.attributes)?,
        }
        Ok((row, bare.is_some()))
    }
}

fn read_attributes<'t>(row: &mut Row<'t>, column: &'t str) -> std::result::Result<(), Trouble> {
    // Tells `ID=gene:X;Name=Y` from `gene_id "X";`.
    let looks_like_gff3 =
        column.find(['=', ' ', '"']).is_some_and(|at| column[at..].starts_with('='));
    if looks_like_gff3 {
        return Err(GFF3.into());
    }
    if column.contains('\t') {
        return Err(TABS.into());
    }
    let may_be_partial = column.contains(PARTIAL);
    for attribute in Attributes::new(column) {
        if !may_be_partial && row.is_told() {
            break;
        }
        let known = match attribute.key {
            "gene_id" => &mut row.gene_id,
            "transcript_id" => &mut row.transcript_id,
            "gene_name" => &mut row.gene_name,
            // `partial "3-prime"`.
            PARTIAL => {
                row.open_ended |= attribute.value.contains("3-prime");
                continue;
            }
            // Nothing hangs on it: one that is cut is none, and rows of exons only repeat it.
            "gene_type" | "gene_biotype" => {
                let wanted = matches!(row.kind, Kind::Gene | Kind::Transcript) && attribute.whole;
                if wanted && row.biotype.is_none() && !attribute.value.is_empty() {
                    row.biotype = Some(attribute.value);
                }
                continue;
            }
            "exon_number" => {
                row.exon_number = row.exon_number.or_else(|| attribute.value.parse().ok());
                continue;
            }
            _ => continue,
        };
        if !attribute.whole {
            return Err(UNREADABLE.into());
        }
        if known.is_none() && !attribute.value.is_empty() {
            *known = Some(attribute.value);
        }
    }
    match (row.kind, &row.gene_id, &row.transcript_id) {
        (Kind::Gene, None, _) | (_, None, None) => Err(NO_ID.into()),
        _ => Ok(()),
    }
}
