//! Sites that are named: a BED file of them, with their names and what was measured of their usage.

use std::fmt;
use std::str::FromStr;

use super::plan::SiteKey;
use crate::error::{Error, Problem, Result, excerpt};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::region::{BedRow, Region, read_bed_rows};

/// BED's column of scores, from 1, and its largest score.
const SCORE: usize = 5;
const LARGEST_SCORE: f64 = 1000.0;

/// A site of a BED file.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedSite {
    pub key: SiteKey,
    /// Column 4; `.` of none.
    pub name: String,
    /// The share of its gene's transcripts that was measured to end there (0..1), if it was.
    pub usage: Option<f64>,
}

/// Where a BED file has the usage that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageColumn {
    /// In the score, column 5: a share times 1000.
    Score,
    /// In the column of this number, from 1: a share.
    Number(usize),
    /// In the column that the header calls so: a share.
    Named(String),
}

impl fmt::Display for UsageColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Score => f.write_str("score"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl FromStr for UsageColumn {
    type Err = Problem;

    fn from_str(text: &str) -> std::result::Result<Self, Problem> {
        match text.parse() {
            Ok(0) => Err("columns are counted from 1".into()),
            Ok(number) => Ok(Self::Number(number)),
            Err(_) if text == "score" => Ok(Self::Score),
            Err(_) if text.is_empty() => Err("name a column, or give its number".into()),
            Err(_) => Ok(Self::Named(text.to_owned())),
        }
    }
}

impl UsageColumn {
    /// Returns the share that a row has; `None` where it says that none was measured (`.`, `NA` or
    /// nothing).
    fn of(&self, row: &BedRow<'_>) -> std::result::Result<Option<f64>, Problem> {
        let number = match self {
            Self::Score => SCORE,
            Self::Number(number) => *number,
            Self::Named(name) => self.number_of(name, row.names)?,
        };
        let Some(text) = row.columns.get(number - 1).map(|text| text.trim()) else {
            let there = row.columns.len();
            return Err(
                format!("no column {number}, where --usage is to be: there are {there}").into()
            );
        };
        if ["", ".", "NA"].contains(&text) {
            return Ok(None);
        }
        let (largest, what) = match self {
            Self::Score => (
                LARGEST_SCORE,
                "a score is 1000 times the share, from 0 to 1000; name the column of shares otherwise",
            ),
            _ => (
                1.0,
                "a usage is a share of the gene's transcripts, from 0 to 1; divide percentages by 100",
            ),
        };
        let value = text.parse().ok().filter(|value| (0.0..=largest).contains(value));
        let wrong = || {
            let text = excerpt(text);
            let problem = format!(
                "{text:?} in column {number} is no usage: {what}, and write . where none was measured"
            );
            problem.into()
        };
        value.map(|value: f64| Some(value / largest)).ok_or_else(wrong)
    }

    fn number_of(&self, name: &str, names: &[String]) -> std::result::Result<usize, Problem> {
        let at = names.iter().position(|known| known == name);
        let wrong = || match names {
            [] => format!(
                "no header names a column {name:?}: put a line such as #chrom, start, end, ... with tabs above, \
                 or give --usage the column's number"
            ),
            names => {
                format!("no column is called {name:?}; there are {}", excerpt(&names.join(", ")))
            }
        };
        at.map(|at| at + 1).ok_or_else(|| wrong().into())
    }
}

/// Reads sites: BED rows of one nucleotide with a strand.
///
/// # Errors
/// Those of [`crate::genome::region::read_bed`]; no site, a row that is none, a usage that is no
/// share.
pub fn read(
    source: &Source,
    contigs: &Contigs,
    usage: Option<&UsageColumn>,
) -> Result<Vec<NamedSite>> {
    let rows = read_bed_rows(source, contigs, |row| {
        let name = row.columns.get(3).copied().filter(|name| !name.is_empty());
        let usage = usage.map_or(Ok(None), |column| column.of(row))?;
        Ok((row.region.clone(), row.strand, name.unwrap_or(".").to_owned(), usage))
    })?;
    let path = source.path();
    if rows.is_empty() {
        return Err(Error::of_file(path, "no sites in this BED file"));
    }
    let sites = rows.into_iter().map(|(Region { contig, range }, strand, name, usage)| {
        let place = || format!("{}:{}-{}", contigs[contig].name, range.start + 1, range.end);
        if range.end - range.start != 1 {
            let problem = "a site is one nucleotide, the last before the cut, as `scan` writes it; use -r \
                           for regions";
            return Err(Error::input(path, place(), problem));
        }
        let Some(strand) = strand else {
            let problem = "no strand; BED has it in column 6";
            return Err(Error::input(path, place(), problem));
        };
        Ok(NamedSite { key: SiteKey { contig, position: range.start, strand }, name, usage })
    });
    sites.collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The usages of a BED file on a contig of 100 nt.
    fn usages(column: &str, bed: &str) -> Result<Vec<(String, Option<f64>)>> {
        let mut contigs = Contigs::default();
        contigs.push("a".into(), 100);
        let source = Source::from_stream(Path::new("x.bed"), bed.as_bytes())?;
        let sites = read(&source, &contigs, Some(&column.parse().unwrap()))?;
        Ok(sites.into_iter().map(|site| (site.name, site.usage)).collect())
    }

    #[test]
    fn a_usage_is_read_from_the_score_a_column_by_number_or_one_by_name() {
        let bed = "## made by hand\n#chrom\tstart\tend\tname\tscore\tstrand\tshare\n\
                   a\t5\t6\tx\t250\t+\t0.5\na\t7\t8\ty\t1000\t-\t.\na\t9\t10\t\t0\t-\tNA\n";
        let named = |values: [Option<f64>; 3]| {
            ["x", "y", "."].map(str::to_owned).into_iter().zip(values).collect::<Vec<_>>()
        };
        assert_eq!(usages("score", bed).unwrap(), named([Some(0.25), Some(1.0), Some(0.0)]));
        let shares = named([Some(0.5), None, None]);
        assert_eq!(usages("share", bed).unwrap(), shares);
        assert_eq!(usages("7", bed).unwrap(), shares);
    }

    #[test]
    fn what_is_no_share_is_refused_with_its_line_and_a_cure() {
        let row = |value: &str| format!("# x\na\t5\t6\tx\t{value}\t+\t{value}\n");
        for (column, value, told) in [
            ("score", "1001", "from 0 to 1000"),
            ("score", "high", "\"high\" in column 5"),
            ("7", "1.01", "from 0 to 1; divide percentages by 100"),
            ("7", "-0.1", "from 0 to 1"),
            ("7", "nan", "from 0 to 1"),
            ("8", "0.5", "no column 8"),
            ("share", "0.5", "no header names a column \"share\""),
        ] {
            let said = usages(column, &row(value)).unwrap_err().to_string();
            assert!(said.contains("x.bed, line 2: ") && said.contains(told), "{said}");
        }
        let header = "#chrom\tstart\tend\na\t5\t6\tx\t1\t+\n";
        let said = usages("share", header).unwrap_err().to_string();
        assert!(
            said.contains("no column is called \"share\"; there are chrom, start, end"),
            "{said}"
        );
        assert!("0".parse::<UsageColumn>().is_err() && "".parse::<UsageColumn>().is_err());
    }
}
