//! What a file of variants is, by its beginning.

use super::cells::Delimiter;
use super::gwas::GwasColumns;
use super::named::{NamedColumns, plain};
use super::rows::RowReason;
use super::short;
use crate::variants::vcf::line::COLUMNS;

/// Begins a VCF file.
const VCF: &str = "##fileformat";
/// Text that names its encoding begins with this.
pub const MARK: char = '\u{feff}';

/// How the rows of a table are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Gwas(Delimiter, GwasColumns),
    Named(Delimiter, NamedColumns),
    /// One variant a line, in any of its short forms; no header.
    List,
}

impl Layout {
    /// Returns what it is, for the user.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Gwas(..) => "GWAS Catalog",
            Self::Named(..) => "table",
            Self::List => "list",
        }
    }
}

/// What the beginning of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begins {
    /// A table; so many lines are before its rows.
    Table(Layout, u64),
    /// A table that cannot be used, and why.
    Wrong(String),
    /// VCF, or anything else.
    Other,
}

/// Returns what a file of text is that begins like this.
pub fn recognise(begin: &[u8]) -> Begins {
    let text = String::from_utf8_lossy(begin);
    let text = text.strip_prefix(MARK).unwrap_or(&text);
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.trim_end();
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with(VCF) || line.contains(['\r', '\0']) {
            return Begins::Other;
        }
        if let Some(begins) = header(line, number) {
            return begins;
        }
        if !line.starts_with('#') {
            return match short::parse(line) {
                Err(RowReason::Unparsable | RowReason::BadAllele) => Begins::Other,
                _ => Begins::Table(Layout::List, 0),
            };
        }
    }
    Begins::Other
}

/// Returns what a line is if it names columns.
fn header(line: &str, number: u64) -> Option<Begins> {
    let delimiter = Delimiter::of(line);
    let names = |line: &str| -> Vec<String> {
        delimiter.cells(line.trim_start_matches('#')).iter().map(|name| plain(name)).collect()
    };
    let header = names(line);
    // The columns of VCF without its header: INFO would be lost.
    let of_vcf = |name: &str| header.contains(&plain(name));
    if line.starts_with(COLUMNS[0]) && COLUMNS[6..].iter().any(|name| of_vcf(name)) {
        return Some(Begins::Other);
    }
    if let Some(columns) = GwasColumns::of(&header) {
        return Some(Begins::Table(Layout::Gwas(delimiter, columns), number));
    }
    match NamedColumns::of(&header) {
        Some(Ok(columns)) => Some(Begins::Table(Layout::Named(delimiter, columns), number)),
        Some(Err(missing)) => Some(Begins::Wrong(format!(
            "a table of positions without a column {}; name what holds these letters in line {number}",
            missing.join(" and a column ")
        ))),
        None => is_divided_otherwise(line).then(|| {
            let problem =
                "columns that are separated by commas or semicolons; separate them by tabs";
            Begins::Wrong(problem.to_owned())
        }),
    }
}

/// Returns whether a line names columns that are separated by commas or semicolons.
fn is_divided_otherwise(line: &str) -> bool {
    let names: Vec<String> =
        line.split([',', ';']).map(|name| plain(name.trim_matches('"'))).collect();
    !line.contains('\t') && names.len() > 1 && NamedColumns::are_likely(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str) -> Option<(&'static str, u64)> {
        match recognise(text.as_bytes()) {
            Begins::Table(layout, lines) => Some((layout.name(), lines)),
            _ => None,
        }
    }

    #[test]
    fn tables_are_told_by_their_first_lines() {
        for (text, expected) in [
            ("chrom\tpos\tref\talt\n", Some(("table", 1))),
            ("\u{feff}#CHROM\tPOS\tREF\tALT\r\n", Some(("table", 1))),
            ("\"Chr\"\t\"Position\"\t\"Ref_Allele\"\t\"Alt Allele\"\n", Some(("table", 1))),
            ("chr pos ref alt\n1 5 A G\n", Some(("table", 1))),
            (
                "#version 2.4\n\nHugo\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\n",
                Some(("table", 3)),
            ),
            ("DATE\tSNPS\tCHR_ID\tCHR_POS\tSTRONGEST SNP-RISK ALLELE\n", Some(("GWAS Catalog", 1))),
            ("1\t5\tA\tG\n", Some(("list", 0))),
            ("# mine\nchr1:5:A:G\n", Some(("list", 0))),
            ("NC_000001.11:g.5A>G", Some(("list", 0))),
            ("rs123\nchr1:5:A:G\n", Some(("list", 0))),
            ("##fileformat=VCFv4.2\n#CHROM\tPOS\tREF\tALT\n", None),
            ("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", None),
            ("chr1\t5\trs1\tA\tG\t.\t.\t.\n", None),
            (">chr1\nACGT\n", None),
            ("chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id \"G\";\n", None),
            ("chr1\t5\t6\n", None),
            ("yes\nyes\n", None),
            ("", None),
            ("\n\n", None),
        ] {
            assert_eq!(layout(text), expected, "{text:?}");
        }
    }

    #[test]
    fn tables_that_lack_something_say_what() {
        for (text, told) in [
            ("chrom\tpos\tid\n", "without a column ref and a column alt;"),
            ("chr_name\tchr_position\teffect_allele\tref\n", "without a column alt;"),
            ("chrom,pos,ref,alt\n", "separated by commas"),
            ("SNPS;CHR_ID;CHR_POS\n", "separated by commas or semicolons"),
        ] {
            let Begins::Wrong(problem) = recognise(text.as_bytes()) else { panic!("{text}") };
            assert!(problem.contains(told), "{problem}");
        }
    }
}
