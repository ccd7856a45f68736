//! What became of every position and deletion.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::variants::change::{Coverage, Reason};
use crate::variants::effect::Effect;

/// Things asked for: asked = scored + skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub asked: u64,
    pub scored: u64,
    /// Scored ones that lie so near a contig's end that not all windows around them are there.
    pub partial: u64,
    /// By reason.
    pub skipped: BTreeMap<String, u64>,
}

/// Counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Positions of the genome, each counted once; a scored one has three SNVs.
    pub positions: Account,
    pub deletions: Account,
    /// Rows of the table: an SNV or deletion on one strand, and a site.
    pub rows: u64,
    /// Those among them that no site is near to on either haplotype.
    pub without_site: u64,
    /// The others by effect, every effect named.
    pub effects: BTreeMap<String, u64>,
}

impl Account {
    fn named() -> Self {
        // A position has no other reasons.
        let reasons = [Reason::ReferenceN, Reason::ContigEdge];
        let skipped = reasons.map(|reason| (reason.name().to_owned(), 0)).into();
        Self { skipped, ..Self::default() }
    }

    /// Counts one.
    pub fn count(&mut self, outcome: std::result::Result<Coverage, Reason>) {
        self.asked += 1;
        match outcome {
            Ok(coverage) => {
                self.scored += 1;
                self.partial += u64::from(coverage == Coverage::UpToEdge);
            }
            Err(reason) => *self.skipped.entry(reason.name().to_owned()).or_default() += 1,
        }
    }

    /// Returns the number that were not scored.
    pub fn skipped(&self) -> u64 {
        self.skipped.values().sum()
    }
}

impl AddAssign<&Self> for Account {
    fn add_assign(&mut self, other: &Self) {
        self.asked += other.asked;
        self.scored += other.scored;
        self.partial += other.partial;
        add(&mut self.skipped, &other.skipped);
    }
}

impl Totals {
    /// Returns zeros for everything, by name.
    pub fn named() -> Self {
        Self {
            positions: Account::named(),
            deletions: Account::named(),
            effects: Effect::ALL.map(|effect| (effect.name().to_owned(), 0)).into(),
            ..Self::default()
        }
    }

    /// Counts a row.
    pub fn row(&mut self, effect: Option<Effect>) {
        self.rows += 1;
        match effect {
            Some(effect) => *self.effects.entry(effect.name().to_owned()).or_default() += 1,
            None => self.without_site += 1,
        }
    }

    /// Returns the number of SNVs and deletions that were scored.
    pub fn scored(&self) -> u64 {
        3 * self.positions.scored + self.deletions.scored
    }

    /// Checks that everything is accounted for.
    ///
    /// # Errors
    /// If not, which is an error of the program.
    pub fn check(&self) -> Result<()> {
        let whole = |account: &Account| account.asked == account.scored + account.skipped();
        let rows = self.without_site + self.effects.values().sum::<u64>();
        if whole(&self.positions) && whole(&self.deletions) && self.rows == rows {
            return Ok(());
        }
        Err(Error::Internal(format!("counts do not add up: {self:?}")))
    }
}

impl AddAssign<&Self> for Totals {
    fn add_assign(&mut self, other: &Self) {
        self.positions += &other.positions;
        self.deletions += &other.deletions;
        self.rows += other.rows;
        self.without_site += other.without_site;
        add(&mut self.effects, &other.effects);
    }
}

fn add(sums: &mut BTreeMap<String, u64>, counts: &BTreeMap<String, u64>) {
    for (name, count) in counts {
        *sums.entry(name.clone()).or_default() += count;
    }
}
