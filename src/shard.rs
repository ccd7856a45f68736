//! Shares of a piece of work, for clusters: each is computed by a process of its own.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The `index`-th of `count` equal shares, counted from 1; written `index/count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// All of the work.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Returns which share it is, from 1.
    pub fn index(self) -> u64 {
        self.index
    }

    /// Returns how many shares there are.
    pub fn count(self) -> u64 {
        self.count
    }

    /// Returns this share of `total` things. The shares of one count follow each other without gap
    /// and differ in size by 1 at most.
    ///
    /// ```
    /// use polyascan::shard::Shard;
    /// let shares = ["1/3", "2/3", "3/3"].map(|text| text.parse::<Shard>().unwrap().of(10));
    /// assert_eq!(shares, [0..3, 3..6, 6..10]);
    /// ```
    pub fn of(self, total: u64) -> Range<u64> {
        let before =
            |index: u64| (u128::from(total) * u128::from(index) / u128::from(self.count)) as u64;
        before(self.index - 1)..before(self.index)
    }

    /// Returns the share as part of a file name, e.g. `3-of-8`.
    pub fn file_name(self) -> String {
        format!("{}-of-{}", self.index, self.count)
    }
}

/// Which stretch of its work a run computes, and how it ends early.
#[derive(Clone, Debug)]
pub struct Portion {
    /// Counted through all of the work.
    pub span: Range<u64>,
    /// After an interrupt, what has begun is finished and consumed first.
    pub finish_begun: bool,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('/').and_then(|(index, count)| {
            Some(Self { index: index.parse().ok()?, count: count.parse().ok()? })
        });
        parts
            .filter(|shard| (1..=shard.count).contains(&shard.index))
            .ok_or_else(|| format!("{text:?} is no share I/N with I from 1 to N, as in 3/8"))
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_follow_each_other_without_gap_and_are_even() {
        for (total, count) in [(0, 3), (2, 5), (1_000_003, 7), (u64::MAX, 3)] {
            let mut end = 0;
            for index in 1..=count {
                let share = Shard { index, count }.of(total);
                assert_eq!(share.start, end);
                assert!((share.end - share.start).abs_diff(total / count) <= 1);
                end = share.end;
            }
            assert_eq!(end, total);
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["0/3", "4/3", "1/0", "0/0", "3", "a/b", "1/2/3", "-1/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!("2/3".parse::<Shard>().map(|shard| shard.file_name()), Ok("2-of-3".into()));
    }
}
