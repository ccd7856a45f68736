//! A model's scores of positive and negative sequences.

pub mod judge;
pub mod labels;
pub mod report;
pub mod table;

use std::collections::BTreeMap;

use serde::Serialize;

use super::metrics::{auprc, auroc};
use crate::error::{Error, Result};
use crate::models::Model;
use judge::{Account, Said};

/// Scores of positives and negatives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    pub positives: Vec<f32>,
    pub negatives: Vec<f32>,
}

/// What became of a file's sequences of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    #[serde(flatten)]
    pub account: Account,
    /// Sequences with a score above the threshold.
    pub called: usize,
    /// Share of the scored ones that are on the wrong side of the threshold.
    pub error_rate: Option<f64>,
}

/// Figures of a set of scores; `None` where a class is empty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    pub positives: usize,
    pub negatives: usize,
    /// Share of all sequences on the wrong side of the threshold.
    pub error_rate: Option<f64>,
    pub auroc: Option<f64>,
    pub auprc: Option<f64>,
    /// Share of the positives above the threshold.
    pub sensitivity: Option<f64>,
    /// Share of the negatives not above the threshold.
    pub specificity: Option<f64>,
}

/// Chooses the output of one value: by name, or the first one.
///
/// # Errors
/// If there is none.
pub fn choose_output(model: &dyn Model, name: Option<&str>) -> Result<usize> {
    let outputs = model.outputs();
    let fits = |output: &crate::models::Output| {
        output.width == 1 && name.is_none_or(|name| output.name == name)
    };
    outputs.iter().position(fits).ok_or_else(|| {
        let single = outputs.iter().filter(|output| output.width == 1);
        let single: Vec<&str> = single.map(|output| output.name.as_str()).collect();
        let wanted = name.map_or(String::new(), |name| format!(" {name}"));
        let there = if single.is_empty() { "none".to_owned() } else { single.join(", ") };
        let problem = format!("no output{wanted} of one value per sequence; there are: {there}");
        Error::model(&model.card().name, problem)
    })
}

/// Returns the scores of positives and negatives by group.
pub fn scores(all: &[Said]) -> BTreeMap<String, Scores> {
    let mut groups: BTreeMap<String, Scores> = BTreeMap::new();
    for said in all {
        let scores = groups.entry(said.group.clone()).or_default();
        let is_positive = said.classes.contains(&0);
        let side = if is_positive { &mut scores.positives } else { &mut scores.negatives };
        side.push(said.values[0]);
    }
    groups
}

/// Returns what became of each file's sequences at a threshold.
pub fn file_reports(all: &[Said], accounts: Vec<Account>, threshold: f32) -> Vec<FileReport> {
    let report = |(number, account): (usize, Account)| {
        let own = all.iter().filter(|said| said.file == number);
        let called = own.clone().filter(|said| said.values[0] > threshold).count();
        let wrong = own.filter(|said| (said.values[0] > threshold) != said.classes.contains(&0));
        let error_rate = share(wrong.count(), account.scored);
        FileReport { account, called, error_rate }
    };
    accounts.into_iter().enumerate().map(report).collect()
}

impl Scores {
    /// Returns the figures at a threshold.
    pub fn figures(&self, threshold: f32) -> Figures {
        let (positives, negatives) = (self.positives.len(), self.negatives.len());
        let above = |scores: &[f32]| scores.iter().filter(|score| **score > threshold).count();
        let (hits, false_calls) = (above(&self.positives), above(&self.negatives));
        Figures {
            positives,
            negatives,
            error_rate: share(positives - hits + false_calls, positives + negatives),
            auroc: auroc(&self.positives, &self.negatives),
            auprc: auprc(&self.positives, &self.negatives),
            sensitivity: share(hits, positives),
            specificity: share(negatives - false_calls, negatives),
        }
    }

    /// Adds the scores of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.positives.extend_from_slice(&other.positives);
        self.negatives.extend_from_slice(&other.negatives);
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_known_scores() {
        let scores = Scores { positives: vec![0.9, 0.6, 0.2], negatives: vec![0.5, 0.7] };
        let figures = scores.figures(0.5);
        assert_eq!(figures.error_rate, Some(2.0 / 5.0));
        assert_eq!(figures.sensitivity, Some(2.0 / 3.0));
        assert_eq!(figures.specificity, Some(1.0 / 2.0));
        assert_eq!(figures.auroc, Some(3.0 / 6.0));
        let none = Scores::default().figures(0.5);
        assert_eq!((none.error_rate, none.auroc, none.specificity), (None, None, None));
    }
}
