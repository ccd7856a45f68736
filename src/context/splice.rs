//! Strength of splice sites: log2 odds against what looks like one and is none.
//!
//! A 5' splice site is read from 3 nt before the intron to 6 nt into it, a 3' splice site from 20
//! nt before the exon to 3 nt into it: the stretches of Yeo & Burge 2004
//! (doi:10.1089/1066527041410418).

pub mod cache;
pub mod learn;
mod markov;
mod maxent;

use std::ops::Range;
use std::path::Path;

pub use self::markov::Chain;
use self::maxent::MaxEnt;
use super::structure::on_genome;
use crate::error::Result;
use crate::genome::strand::Strand;

/// Which end of an intron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpliceSite {
    Five,
    Three,
}

impl SpliceSite {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Five, Self::Three];

    /// Returns the number of nucleotides that are read before the site and from it on.
    pub fn around(self) -> (i64, i64) {
        match self {
            Self::Five => (3, 6),
            Self::Three => (20, 3),
        }
    }

    /// Returns the number of nucleotides that are read.
    pub fn length(self) -> usize {
        let (before, after) = self.around();
        (before + after) as usize
    }

    /// Returns where the two nucleotides stand that nearly all sites have: GT and AG.
    pub fn consensus(self) -> usize {
        match self {
            Self::Five => 3,
            Self::Three => 18,
        }
    }

    /// Returns the stretch of the genome that is read for a site at `at` along transcription.
    pub fn stretch(self, strand: Strand, at: i64) -> Range<i64> {
        let (before, after) = self.around();
        on_genome(strand, &(at - before..at + after))
    }

    /// Returns the name in tables: `5` or `3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Five => "5",
            Self::Three => "3",
        }
    }
}

/// What scores splice sites.
#[derive(Debug)]
pub enum SpliceScorer {
    /// First-order chains of the 5' and the 3' site, learned from an annotation and its genome.
    Learned(Box<[Chain; 2]>),
    /// MaxEntScan's tables.
    MaxEnt(Box<MaxEnt>),
}

impl SpliceScorer {
    /// Reads MaxEntScan's tables: `score5_matrix.txt` and `score3_matrix.txt` in a folder.
    ///
    /// # Errors
    /// If one is not there or not of that form.
    pub fn read(folder: &Path) -> Result<Self> {
        MaxEnt::read(folder).map(|tables| Self::MaxEnt(Box::new(tables)))
    }

    /// Returns the score of a site's stretch (codes, in transcript direction), log2 odds; `None`
    /// with unknown bases or of another length.
    pub fn score(&self, site: SpliceSite, codes: &[u8]) -> Option<f32> {
        if codes.len() != site.length() || codes.iter().any(|code| *code > 3) {
            return None;
        }
        match self {
            Self::Learned(chains) => Some(chains[site as usize].score(codes)),
            Self::MaxEnt(tables) => tables.score(site, codes),
        }
    }
}

#[cfg(test)]
mod tests;
