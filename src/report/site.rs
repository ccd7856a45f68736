//! A site, as a scan wrote it.

use super::rows::Row;
use crate::error::Result;
use crate::genome::strand::Strand;

/// From this probability on a site counts as used.
pub const USED: f64 = 0.5;

/// A row of `PREFIX.sites.bed`; what is absent is `None`.
#[derive(Clone, Debug)]
pub struct Site {
    pub contig: String,
    /// 0-based.
    pub position: u64,
    pub strand: Strand,
    pub probability: f64,
    pub posterior: Option<f64>,
    pub cleavage: f64,
    pub signal: Option<String>,
    /// Nucleotides from the signal's first base to the site.
    pub signal_offset: Option<f64>,
    pub gene: Option<String>,
    pub feature: Option<String>,
    pub strength: Option<f64>,
    pub usage: Option<f64>,
    pub expressed: Option<f64>,
    /// Catalogues that know it, and how far downstream of theirs it lies.
    pub known: Option<String>,
    pub known_distance: Option<f64>,
    /// Whether the scan calls it; known sites may be there without.
    pub called: bool,
}

impl Site {
    pub fn of(row: &Row<'_>) -> Result<Self> {
        let text = |column: &str| row.text(column).map(str::to_owned);
        Ok(Self {
            contig: text("chrom").unwrap_or_default(),
            position: row.position("start")?,
            strand: row.strand("strand")?,
            probability: row.number("probability")?.unwrap_or(0.0),
            posterior: row.number("posterior")?,
            cleavage: row.number("cleavage")?.unwrap_or(0.0),
            signal: text("signal"),
            signal_offset: row.number("signal_offset")?,
            gene: text("gene"),
            feature: text("feature"),
            strength: row.number("strength")?,
            usage: row.number("usage")?,
            expressed: row.number("expressed")?,
            known: text("known"),
            known_distance: row.number("known_distance")?,
            called: row.text("called") != Some("no"),
        })
    }

    /// Returns what sites are sorted by: how likely it is one.
    pub fn likelihood(&self) -> f64 {
        self.posterior.unwrap_or(self.probability)
    }

    /// Returns the name that the BED gives it.
    pub fn name(&self) -> String {
        format!("{}:{}:{}", self.contig, self.position + 1, self.strand)
    }

    /// Returns the place (0-based) of the known site that it is near to.
    pub fn known_at(&self) -> Option<u64> {
        let downstream = self.known_distance? as i64;
        let upstream = match self.strand {
            Strand::Plus => -downstream,
            Strand::Minus => downstream,
        };
        self.position.checked_add_signed(upstream)
    }
}
