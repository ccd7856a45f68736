//! What examples are for.

use serde::{Deserialize, Serialize};

/// A part of labelled data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Training,
    /// Chooses the epoch.
    Validation,
    #[default]
    Test,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 3] = [Self::Training, Self::Validation, Self::Test];

    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}
