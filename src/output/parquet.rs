//! Tables as Parquet: made of finished text, so that no writer knows of it.
//!
//! A file has the columns of the text under the same names (without `#`), typed as [`Kind`] says, and
//! a null where the text has `.`; header lines are its metadata. Written by builds with the feature
//! `parquet`.

#[cfg(feature = "parquet")]
mod file;

use std::path::{Path, PathBuf};

use super::atomic::Complete;
use crate::error::{Error, Result};

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// 64 bits, with sign.
    Integer,
    /// 64 bits: what the text says, exactly.
    Number,
    /// Several numbers, joined by commas.
    Numbers,
}

/// Tables whose columns are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `PREFIX.sites.bed`
    Sites,
    /// `PREFIX.context.tsv`
    Context,
    /// `PREFIX.genes.tsv`
    Genes,
    /// That of `variants --tsv`
    Variants,
}

impl Table {
    /// Returns what the cells of a column are.
    pub fn kind(self, column: &str) -> Kind {
        let (text, integers): (&[&str], &[&str]) = match self {
            Self::Sites => (
                &["chrom", "name", "strand", "signal", "gene", "feature", "known", "called"],
                &[
                    "start",
                    "end",
                    "score",
                    "cluster_start",
                    "cluster_end",
                    "windows",
                    "signal_offset",
                    "known_distance",
                ],
            ),
            Self::Context => (&["contig", "strand", "gene", "feature", "called"], &["position"]),
            // Lists have a `.` for each site of which a figure is not known.
            Self::Genes => (
                &[
                    "contig",
                    "strand",
                    "gene",
                    "positions",
                    "features",
                    "usage",
                    "expressed",
                    "utr3_lengths",
                ],
                &["start", "end", "sites", "proximal", "distal"],
            ),
            Self::Variants => (
                &[
                    "chrom",
                    "id",
                    "ref",
                    "allele",
                    "gene",
                    "strand",
                    "motif",
                    "consequence",
                    "class",
                    "gene_id",
                    "transcript",
                    "biotype",
                    "allele_effect",
                    "allele_gene",
                    "allele_class",
                    "partial",
                    "skip",
                ],
                &["pos", "site", "offset", "shift", "allele_num"],
            ),
        };
        match column {
            _ if text.contains(&column) => Kind::Text,
            _ if integers.contains(&column) => Kind::Integer,
            _ => Kind::Number,
        }
    }
}

/// Makes sure that this build writes Parquet.
///
/// # Errors
/// If it does not.
pub fn check() -> Result<()> {
    if cfg!(feature = "parquet") {
        return Ok(());
    }
    let problem = "--format parquet: this build of polyascan writes none; build one that does with \
                   cargo install --locked --path . --features parquet";
    Err(Error::Usage(problem.into()))
}

/// Returns the name that a table has as Parquet.
///
/// ```
/// use std::path::Path;
/// use polyascan::output::parquet::name_of;
/// assert_eq!(name_of(Path::new("out/x.sites.bed.gz")), Path::new("out/x.sites.parquet"));
/// assert_eq!(name_of(Path::new("x.1.tsv")), Path::new("x.1.parquet"));
/// ```
pub fn name_of(table: &Path) -> PathBuf {
    let compressed = table.extension().is_some_and(|e| e == "gz" || e == "bgz");
    let plain = if compressed { table.with_extension("") } else { table.to_owned() };
    plain.with_extension("parquet")
}

/// Writes a finished table as Parquet, beside it; `kind` says what the cells of each column are.
///
/// # Errors
/// If the table cannot be read or the file cannot be written.
#[cfg(feature = "parquet")]
pub fn beside(table: &Complete, kind: impl Fn(&str) -> Kind) -> Result<Complete> {
    file::write(table.place(), &name_of(table.path()), kind)
}

/// Refuses.
///
/// # Errors
/// Always: see [`check`].
#[cfg(not(feature = "parquet"))]
pub fn beside(_: &Complete, _: impl Fn(&str) -> Kind) -> Result<Complete> {
    check().and(Err(Error::Internal("Parquet is written by other builds".into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::bed;

    #[test]
    fn columns_of_sites_have_the_types_that_auto_sql_gives_them() {
        let described = bed::auto_sql();
        for column in bed::header().trim_start_matches('#').split('\t') {
            let line = described.lines().find(|line| line.contains(&format!(" {column};")));
            // In a bigBed what may be absent is text.
            let of = line.map(|line| line.split_whitespace().next().unwrap_or_default());
            let expected = match of {
                Some("float") => Kind::Number,
                Some("uint") => Kind::Integer,
                _ => continue,
            };
            assert_eq!(Table::Sites.kind(column), expected, "{column}");
        }
    }
}
