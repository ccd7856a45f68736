//! Model cards: what a model is, where it comes from, what it was measured to do.

use serde::{Deserialize, Serialize};

/// What a model predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Classification and cleavage vector: can be scanned.
    Sites,
    /// log2 odds of usage.
    Strength,
}

impl Task {
    /// Returns the task's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sites => "sites",
            Self::Strength => "strength",
        }
    }
}

/// A model's identity; the rest of the card's file is for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The name that `--model` takes.
    pub name: String,
    /// The architecture that reads the tensors: `dense-scan`, `polyaid` or `polyastrength`.
    pub architecture: String,
    pub task: Task,
    /// Number of trained values.
    pub parameters: usize,
    /// sha256 of the weight file, hexadecimal.
    pub sha256: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub licence: String,
    #[serde(default)]
    pub source: String,
}
