//! The two strands of a contig.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::excerpt;

/// A strand of a contig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Strand {
    /// The strand that the FASTA file shows.
    Plus,
    /// Its reverse complement.
    Minus,
}

impl Strand {
    /// Both strands, plus first: the order in which everything is computed and written.
    pub const BOTH: [Self; 2] = [Self::Plus, Self::Minus];

    /// Returns this strand, of the two.
    pub fn alone(self) -> &'static [Self] {
        let both: &'static [Self; 2] = &Self::BOTH;
        &both[self.index()..=self.index()]
    }

    /// Returns the strand's place in per-strand arrays: plus 0, minus 1.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Returns its name in names of files and tracks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plus => "plus",
            Self::Minus => "minus",
        }
    }

    /// Returns `+` or `-`.
    pub fn symbol(self) -> char {
        match self {
            Self::Plus => '+',
            Self::Minus => '-',
        }
    }
}

impl fmt::Display for Strand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.symbol())
    }
}

impl FromStr for Strand {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "+" => Ok(Self::Plus),
            "-" => Ok(Self::Minus),
            other => Err(format!("strand {:?} is neither + nor -", excerpt(other))),
        }
    }
}
