//! What became of every record and allele.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::answer::Finding;
use super::change::Reason;
use super::effect::Effect;
use super::tallies::Tallies;
use crate::error::{Error, Result};

/// Contigs that are named in an account.
pub const NAMED: usize = 100;
/// The entry of those that are not named.
const OTHERS: &str = "...";

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
    /// Records on contigs of the genome whose REF was compared with it, and those of them where it
    /// is another.
    pub compared: u64,
    pub ref_mismatches: u64,
    /// Contigs that the genome does not have, with their records; those beyond [`NAMED`] are one
    /// entry, `...`.
    pub missing_contigs: BTreeMap<String, u64>,
    /// Contigs that have another name in the genome; [`NAMED`] of them.
    pub renamed_contigs: BTreeMap<String, String>,
    /// Alternate alleles of the records that were written.
    pub alleles: u64,
    pub scored: u64,
    /// By reason, every reason named.
    pub skipped: BTreeMap<String, u64>,
    /// Scored alleles that lie so near a contig's end that not all windows around them are there.
    pub partial: u64,
    /// Alleles that were scored once more, together with their neighbours on a haplotype of the
    /// sample that was named.
    pub haplotypes: u64,
    /// Records whose genotype of that sample is not phased: their alleles are scored alone.
    pub unphased: u64,
    /// Scored alleles with no site near them on either haplotype.
    pub without_site: u64,
    /// Scored alleles whose greatest effect on any site this is, every effect named.
    pub effects: BTreeMap<String, u64>,
    /// The same by class, motif, distance and gene.
    pub tallies: Tallies,
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

    /// Counts an allele that was scored, and its most severe effect, if there is a site.
    pub fn score(&mut self, most_severe: Option<&Finding<'_>>) {
        self.alleles += 1;
        self.scored += 1;
        match most_severe {
            Some(finding) => {
                *self.effects.entry(finding.effect().name().to_owned()).or_default() += 1;
                self.tallies.count(finding);
            }
            None => self.without_site += 1,
        }
    }

    /// Counts records on a contig that the genome does not have.
    pub fn miss_contig(&mut self, name: &str, records: u64) {
        let missing = &mut self.missing_contigs;
        let named = missing.contains_key(name) || missing.len() < NAMED;
        *missing.entry(if named { name } else { OTHERS }.to_owned()).or_default() += records;
    }

    /// Notes that a contig has another name in the genome.
    pub fn rename_contig(&mut self, name: &str, in_genome: &str) {
        if self.renamed_contigs.len() < NAMED {
            self.renamed_contigs.insert(name.to_owned(), in_genome.to_owned());
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
        self.compared += other.compared;
        self.ref_mismatches += other.ref_mismatches;
        other.missing_contigs.iter().for_each(|(name, n)| self.miss_contig(name, *n));
        other.renamed_contigs.iter().for_each(|(name, there)| self.rename_contig(name, there));
        self.alleles += other.alleles;
        self.scored += other.scored;
        self.partial += other.partial;
        self.haplotypes += other.haplotypes;
        self.unphased += other.unphased;
        self.without_site += other.without_site;
        self.tallies += &other.tallies;
        for (sums, counts) in
            [(&mut self.skipped, &other.skipped), (&mut self.effects, &other.effects)]
        {
            for (name, count) in counts {
                *sums.entry(name.clone()).or_default() += count;
            }
        }
    }
}
