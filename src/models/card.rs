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
    /// Cleavage after a polyA signal, and the share of transcripts cleaved there: can be scanned.
    Isoform,
    /// Whether a hexamer is a polyA signal.
    Signal,
    /// Whether a protein binds an RNA, or another class of the whole sequence.
    Binding,
}

impl Task {
    /// Returns the task's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sites => "sites",
            Self::Strength => "strength",
            Self::Isoform => "isoform",
            Self::Signal => "signal",
            Self::Binding => "binding",
        }
    }

    /// Returns whether its windows are anchored on the first base of a polyA signal.
    pub fn is_anchored_on_signal(self) -> bool {
        matches!(self, Self::Isoform | Self::Signal)
    }
}

/// A model's identity; the rest of the card's file is for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The name that `--model` takes.
    pub name: String,
    /// The architecture that reads the tensors: see [`super::registry::ARCHITECTURES`].
    pub architecture: String,
    /// What it predicts.
    pub task: Task,
    /// Number of trained values.
    pub parameters: usize,
    /// sha256 of the weight file, hexadecimal.
    pub sha256: String,
    #[serde(default)]
    /// In a line.
    pub description: String,
    #[serde(default)]
    /// Of the weights.
    pub licence: String,
    #[serde(default)]
    /// The paper, or the data.
    pub source: String,
}

impl ModelCard {
    /// Returns the card of a model of which no more is known.
    pub fn new(name: impl Into<String>, architecture: impl Into<String>, task: Task) -> Self {
        Self {
            name: name.into(),
            architecture: architecture.into(),
            task,
            parameters: 0,
            sha256: String::new(),
            description: String::new(),
            licence: String::new(),
            source: String::new(),
        }
    }
}
