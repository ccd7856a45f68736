//! What became of every record and allele.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::change::Reason;
use super::effect::Effect;
use crate::error::{Error, Result};

/// Counts of a run: alleles = scored + skipped, records = written + excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub records: u64,
    /// Records left out because their REF is not the genome's, as asked for by `--check-ref x`.
    pub excluded: u64,
    pub written: u64,
    /// Records without an alternate allele: there is nothing to score.
    pub without_alternate: u64,
    /// Records whose REF was set to the genome's, as asked for by `--check-ref s`.
    pub reference_set: u64,
    /// Alternate alleles of the records that were written.
    pub alleles: u64,
    pub scored: u64,
    /// By reason, every reason named.
    pub skipped: BTreeMap<String, u64>,
    /// Scored alleles with no site near them on either haplotype.
    pub without_site: u64,
    /// Scored alleles whose greatest effect on any site this is, every effect named.
    pub effects: BTreeMap<String, u64>,
}

impl Totals {
    /// Returns zeros for everything, by name.
    pub fn named() -> Self {
        let zero = |name: &str| (name.to_owned(), 0);
        Self {
            skipped: Reason::ALL.map(|reason| zero(reason.name())).into(),
            effects: Effect::ALL.map(|effect| zero(effect.name())).into(),
            ..Self::default()
        }
    }

    /// Counts an allele that was not scored.
    pub fn skip(&mut self, reason: Reason) {
        self.alleles += 1;
        *self.skipped.entry(reason.name().to_owned()).or_default() += 1;
    }

    /// Counts an allele that was scored, and its greatest effect, if there is a site.
    pub fn score(&mut self, effect: Option<Effect>) {
        self.alleles += 1;
        self.scored += 1;
        match effect {
            Some(effect) => *self.effects.entry(effect.name().to_owned()).or_default() += 1,
            None => self.without_site += 1,
        }
    }

    /// Returns the number of alleles that were not scored.
    pub fn skipped(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Checks that everything is accounted for.
    ///
    /// # Errors
    /// If not, which is an error of the program.
    pub fn check(&self) -> Result<()> {
        let scored: u64 = self.without_site + self.effects.values().sum::<u64>();
        if self.alleles == self.scored + self.skipped()
            && self.scored == scored
            && self.records == self.written + self.excluded
        {
            return Ok(());
        }
        Err(Error::Internal(format!("counts do not add up: {self:?}")))
    }
}

impl AddAssign<&Self> for Totals {
    fn add_assign(&mut self, other: &Self) {
        self.records += other.records;
        self.excluded += other.excluded;
        self.written += other.written;
        self.without_alternate += other.without_alternate;
        self.reference_set += other.reference_set;
        self.alleles += other.alleles;
        self.scored += other.scored;
        self.without_site += other.without_site;
        for (sums, counts) in
            [(&mut self.skipped, &other.skipped), (&mut self.effects, &other.effects)]
        {
            for (name, count) in counts {
                *sums.entry(name.clone()).or_default() += count;
            }
        }
    }
}
