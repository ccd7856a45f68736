//! Counts of read ends by place, and the account of every read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::genome::strand::Strand;

/// Reads by position.
pub type Counts = BTreeMap<u64, u64>;

/// The 3' ends of a sample's reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// By contig of the genome and strand.
    pub counts: Vec<[Counts; 2]>,
    pub account: Account,
}

/// Why reads do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The genome has no such contig.
    UnknownContig,
    /// The position lies outside its contig.
    OutsideContig,
    /// No strand, or none that is known.
    NoStrand,
    Unmapped,
    /// A secondary or supplementary alignment, a duplicate, or one that failed a quality check.
    NotPrimary,
    MappingQuality,
    /// Too few As at the end that the genome does not have.
    NoTail,
}

impl Skip {
    /// Returns its name in summaries.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownContig => "unknown_contig",
            Self::OutsideContig => "outside_contig",
            Self::NoStrand => "no_strand",
            Self::Unmapped => "unmapped",
            Self::NotPrimary => "not_primary",
            Self::MappingQuality => "mapping_quality",
            Self::NoTail => "no_tail",
        }
    }
}

/// What became of reads: read = counted + skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub read: u64,
    pub counted: u64,
    /// By reason.
    pub skipped: BTreeMap<String, u64>,
}

impl Account {
    /// Returns whether the parts make the whole.
    pub fn adds_up(&self) -> bool {
        self.read == self.counted + self.skipped.values().sum::<u64>()
    }
}

impl Ends {
    /// Returns none, for a genome of so many contigs.
    pub fn new(contigs: usize) -> Self {
        let counts = (0..contigs).map(|_| Default::default()).collect();
        Self { counts, account: Account::default() }
    }

    /// Counts reads that end at a position of a contig that is `length` nt long.
    pub fn add(&mut self, (contig, length): (usize, u64), strand: Strand, at: u64, reads: u64) {
        if at >= length {
            return self.skip(Skip::OutsideContig, reads);
        }
        self.account.read += reads;
        self.account.counted += reads;
        if reads > 0 {
            *self.counts[contig][strand.index()].entry(at).or_default() += reads;
        }
    }

    /// Counts reads that do not count.
    pub fn skip(&mut self, why: Skip, reads: u64) {
        self.account.read += reads;
        *self.account.skipped.entry(why.name().to_owned()).or_default() += reads;
    }
}
