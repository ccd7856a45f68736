//! What became of the rows of a table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, excerpt};

/// Rows that are named as warnings, and contigs whose names are kept.
const NAMED: usize = 10;

/// Why a row is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowReason {
    NoPosition,
    Several,
    Identifier,
    Unparsable,
    BadAllele,
    BadContig,
    AmbiguousInsertion,
    NotGenomic,
    HgvsForm,
    HgvsRange,
    HgvsLetters,
    TooLong,
}

impl RowReason {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::NoPosition,
        Self::Several,
        Self::Identifier,
        Self::Unparsable,
        Self::BadAllele,
        Self::BadContig,
        Self::AmbiguousInsertion,
        Self::NotGenomic,
        Self::HgvsForm,
        Self::HgvsRange,
        Self::HgvsLetters,
        Self::TooLong,
    ];

    /// Returns the name in the account.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoPosition => "no_position",
            Self::Several => "several_variants",
            Self::Identifier => "identifier_only",
            Self::Unparsable => "unparsable",
            Self::BadAllele => "bad_allele",
            Self::BadContig => "bad_contig",
            Self::AmbiguousInsertion => "ambiguous_insertion",
            Self::NotGenomic => "not_genomic",
            Self::HgvsForm => "hgvs_form",
            Self::HgvsRange => "hgvs_range",
            Self::HgvsLetters => "hgvs_letters",
            Self::TooLong => "too_long",
        }
    }

    /// Returns what it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NoPosition => "no contig, or no position from 1 to 2147483647",
            Self::Several => "more than one variant",
            Self::Identifier => "an identifier without a place",
            Self::Unparsable => {
                "no variant in a form that is read (chr1:12345:A:G, chr1-12345-A-G, NC_000001.11:g.12345A>G, ...)"
            }
            Self::BadAllele => "REF or ALT is no sequence of nucleotides",
            Self::BadContig => "VCF cannot hold the contig's name",
            Self::AmbiguousInsertion => {
                "REF is `-`: which side of the position ALT is put in is not told; write the nucleotide before, too"
            }
            Self::NotGenomic => "HGVS of a transcript or protein; give the genomic one (g.)",
            Self::HgvsForm => "a form of HGVS that is not read",
            Self::HgvsRange => "positions of HGVS that are no range",
            Self::HgvsLetters => "HGVS names more or fewer nucleotides than its range has",
            Self::TooLong => "replaces too long a stretch to be written out",
        }
    }
}

/// Why a record has no ALT: there is nothing to score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAlternate {
    /// The row says so.
    None,
    /// HGVS says so, or both alleles are the same.
    NoChange,
    /// The risk allele is what the genome has.
    RiskIsReference,
    RiskUnknown,
    /// The risk allele is no single base: what it replaces cannot be told.
    RiskNoBase,
}

impl NoAlternate {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::None, Self::NoChange, Self::RiskIsReference, Self::RiskUnknown, Self::RiskNoBase];

    /// Returns the name in the account.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no_alternate",
            Self::NoChange => "no_change",
            Self::RiskIsReference => "risk_is_reference",
            Self::RiskUnknown => "risk_unknown",
            Self::RiskNoBase => "risk_no_base",
        }
    }
}

/// Counts: rows = records + skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// What the input is.
    pub format: String,
    /// Lines that are neither blank nor remarks (`#`) nor the header.
    pub rows: u64,
    pub records: u64,
    /// By reason, every reason named.
    pub skipped: BTreeMap<String, u64>,
    /// Records without ALT by reason, every reason named.
    pub without_alternate: BTreeMap<String, u64>,
    /// Contigs that have another name in the genome; some of them.
    pub renamed_contigs: BTreeMap<String, String>,
}

impl RowCounts {
    /// Checks that all rows are accounted for, if there were so many records.
    ///
    /// # Errors
    /// If not, which is an error of the program.
    pub fn check(&self, records: u64) -> Result<()> {
        if records == self.records && self.rows == records + self.skipped.values().sum::<u64>() {
            Ok(())
        } else {
            Err(Error::Internal(format!("{records} records, but rows: {self:?}")))
        }
    }

    /// Returns the account as text.
    pub fn text(&self) -> String {
        let named = |counts: &BTreeMap<String, u64>| {
            let some = counts.iter().filter(|(_, n)| **n > 0);
            let some: Vec<String> = some.map(|(name, n)| format!("{n} {name}")).collect();
            if some.is_empty() { String::new() } else { format!(" ({})", some.join(", ")) }
        };
        let [skipped, without] =
            [&self.skipped, &self.without_alternate].map(|n| n.values().sum::<u64>());
        format!(
            "{}: {} rows = {} records + {skipped} skipped{}; {without} records without ALT{}",
            self.format,
            self.rows,
            self.records,
            named(&self.skipped),
            named(&self.without_alternate)
        )
    }
}

/// The account of a pass over a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    pub counts: RowCounts,
    /// The first rows that are no records, and why.
    pub warnings: Vec<String>,
}

impl Rows {
    /// Starts with zeros, by name.
    pub fn new(format: &str) -> Self {
        let zero = |name: &str| (name.to_owned(), 0);
        let counts = RowCounts {
            format: format.to_owned(),
            skipped: RowReason::ALL.map(|reason| zero(reason.name())).into(),
            without_alternate: NoAlternate::ALL.map(|reason| zero(reason.name())).into(),
            ..RowCounts::default()
        };
        Self { counts, warnings: Vec::new() }
    }

    /// Counts a row that is no record.
    pub fn skip(&mut self, line: u64, text: &str, reason: RowReason) {
        self.counts.rows += 1;
        *self.counts.skipped.entry(reason.name().to_owned()).or_default() += 1;
        if self.warnings.len() < NAMED {
            let printed: String =
                text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let (name, meaning) = (reason.name(), reason.meaning());
            self.warnings.push(format!("line {line} ({}): {name}: {meaning}", excerpt(&printed)));
        }
    }

    /// Counts a row that is a record.
    pub fn take(&mut self, without: Option<NoAlternate>) {
        self.counts.rows += 1;
        self.counts.records += 1;
        if let Some(reason) = without {
            *self.counts.without_alternate.entry(reason.name().to_owned()).or_default() += 1;
        }
    }

    /// Notes that a contig has another name in the genome.
    pub fn rename(&mut self, name: &str, there: &str) {
        let renamed = &mut self.counts.renamed_contigs;
        if name != there && renamed.len() < NAMED {
            renamed.insert(excerpt(name), there.to_owned());
        }
    }
}
