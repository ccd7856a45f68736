//! Tables whose header names contig, position, REF and ALT.

use std::borrow::Cow;

use super::rows::RowReason;
use super::stated::{Stated, alleles};

/// Where the columns of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedColumns {
    contig: usize,
    position: usize,
    reference: usize,
    alternates: usize,
    id: Option<usize>,
}

/// A column by what it holds: what it is called in messages, and the names that are taken for it,
/// in small letters and without what separates words.
struct Role {
    name: &'static str,
    names: &'static [&'static str],
}

const CONTIG: Role = Role {
    name: "chrom",
    names: &[
        "chrom",
        "chr",
        "chromosome",
        "contig",
        "chrname",
        "chromosomename",
        "chrid",
        "seqname",
        "seqnames",
        "seqid",
    ],
};
const POSITION: Role = Role {
    name: "pos",
    names: &[
        "pos",
        "position",
        "bp",
        "chrpos",
        "chrposition",
        "basepairlocation",
        "genomicposition",
        "startposition",
    ],
};
const REFERENCE: Role =
    Role { name: "ref", names: &["ref", "reference", "refallele", "referenceallele"] };
const ALTERNATES: Role = Role {
    name: "alt",
    names: &[
        "alt",
        "alternate",
        "alternative",
        "altallele",
        "alternateallele",
        "alternativeallele",
        "tumorseqallele2",
    ],
};
const ID: Role = Role {
    name: "id",
    names: &["id", "rsid", "rsids", "snp", "snpid", "variantid", "dbsnprs", "marker", "markername"],
};

impl Role {
    fn find(&self, header: &[String]) -> Option<usize> {
        header.iter().position(|name| self.names.contains(&name.as_str()))
    }
}

/// Returns the name of a column in small letters, without what separates words.
pub fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.' | '#'));
    kept.flat_map(char::to_lowercase).collect()
}

impl NamedColumns {
    /// Returns where the columns are, by the [`plain`] names of a header; `None` if this is no
    /// header with contigs and positions.
    ///
    /// # Errors
    /// The columns that are missing.
    pub fn of(header: &[String]) -> Option<Result<Self, Vec<&'static str>>> {
        let (contig, position) = (CONTIG.find(header)?, POSITION.find(header)?);
        let found = [REFERENCE, ALTERNATES].map(|role| role.find(header).ok_or(role.name));
        Some(match found {
            [Ok(reference), Ok(alternates)] => {
                let id = ID.find(header);
                Ok(Self { contig, position, reference, alternates, id })
            }
            found => Err(found.into_iter().filter_map(Result::err).collect()),
        })
    }

    /// Returns whether these names are those of roles that a variant needs, at least two of them.
    pub fn are_likely(header: &[String]) -> bool {
        let roles = [CONTIG, POSITION, REFERENCE, ALTERNATES];
        roles.iter().filter(|role| role.find(header).is_some()).count() > 1
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Why it is no variant.
    pub fn stated(&self, cells: &[Cow<'_, str>]) -> Result<Stated, RowReason> {
        let [contig, position, reference, alternates] = self.of_variant().map(|at| cell(cells, at));
        if contig.is_empty() {
            return Err(RowReason::NoPosition);
        }
        let what = alleles(position, reference, alternates)?;
        let id = self.id.map(|at| cell(cells, at).to_owned());
        Ok(Stated { contig: contig.to_owned(), id, what })
    }

    /// Returns the columns that say the variant.
    pub fn of_variant(&self) -> [usize; 4] {
        [self.contig, self.position, self.reference, self.alternates]
    }
}

/// Returns a cell; an empty one where the row has ended.
pub fn cell<'a>(cells: &'a [Cow<'_, str>], at: usize) -> &'a str {
    cells.get(at).map_or("", Cow::as_ref)
}
