//! A model's scores of positive and negative sequences.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::metrics::{auprc, auroc};
use crate::error::{Error, Result};
use crate::genome::sequence::encode;
use crate::genome::sequences::{Sequence, Sequences};
use crate::models::{Input, Length, Model, Window};

/// Sequences read per turn: bounds memory.
const TURN: usize = 8192;
/// Windows per task of the thread pool.
const BATCH: usize = 64;

/// What is asked of a model.
pub struct Question<'a> {
    pub model: &'a dyn Model,
    /// Index of an output of one value.
    pub output: usize,
    /// A score above it counts as a call.
    pub threshold: f32,
    /// Index in each sequence of the base that the model's anchor falls on; without it, a sequence
    /// is a window.
    pub anchor_at: Option<usize>,
    /// Column of the tables to break figures down by.
    pub by: Option<&'a str>,
}

/// Scores of positives and negatives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    pub positives: Vec<f32>,
    pub negatives: Vec<f32>,
}

/// What became of a file's sequences: read = scored + skipped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    pub file: String,
    /// `positive` or `negative`.
    pub label: &'static str,
    pub read: usize,
    pub scored: usize,
    /// By reason.
    pub skipped: BTreeMap<&'static str, usize>,
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

impl Question<'_> {
    /// Checks that the model can be asked.
    ///
    /// # Errors
    /// If it reads more than sequence, or its anchor cannot be placed.
    pub fn check(&self) -> Result<()> {
        let (input, name) = (self.model.input(), &self.model.card().name);
        if input.structure {
            let problem = "it reads RNA structure, which `evaluate classes` has no option for; score \
                           the sequences with `polyascan predict --structures FILE`";
            return Err(Error::model(name, problem));
        }
        match (self.anchor_at, input.length) {
            (Some(at), Length::Exactly(_)) if at < input.anchor => Err(Error::Usage(format!(
                "--anchor-at {at}: {name} reads {} nt before its anchor",
                input.anchor
            ))),
            (Some(at), Length::Between(..)) => Err(Error::Usage(format!(
                "--anchor-at {at}: {name} reads whole sequences and has no anchor"
            ))),
            _ => Ok(()),
        }
    }

    /// Scores a file of one class and adds the scores to those of all and of their groups.
    ///
    /// # Errors
    /// If the file cannot be read or the model fails.
    pub fn score(
        &self,
        path: &Path,
        positive: bool,
        scores: &mut BTreeMap<String, Scores>,
    ) -> Result<FileReport> {
        let mut report = FileReport {
            file: path.display().to_string(),
            label: if positive { "positive" } else { "negative" },
            read: 0,
            scored: 0,
            skipped: BTreeMap::new(),
            called: 0,
            error_rate: None,
        };
        let mut sequences = Sequences::open(path, self.by)?;
        loop {
            let turn: Vec<Sequence> = sequences.by_ref().take(TURN).collect::<Result<_>>()?;
            if turn.is_empty() {
                break;
            }
            report.read += turn.len();
            let (groups, windows) = self.windows(turn, &mut report.skipped);
            let values = self.predict(&windows)?;
            report.scored += values.len();
            report.called += values.iter().filter(|value| **value > self.threshold).count();
            for (group, value) in groups.into_iter().zip(values) {
                let scores = scores.entry(group).or_default();
                if positive { &mut scores.positives } else { &mut scores.negatives }.push(value);
            }
        }
        let wrong = if positive { report.scored - report.called } else { report.called };
        report.error_rate = share(wrong, report.scored);
        Ok(report)
    }

    /// Returns the group and the window of each sequence that has one.
    fn windows(
        &self,
        turn: Vec<Sequence>,
        skipped: &mut BTreeMap<&'static str, usize>,
    ) -> (Vec<String>, Vec<Vec<u8>>) {
        let input = self.model.input();
        let windows = turn.into_iter().filter_map(|Sequence { letters, group, .. }| {
            match window(input, self.anchor_at, letters.as_bytes()) {
                Ok(codes) => Some((group, codes)),
                Err(reason) => {
                    *skipped.entry(reason).or_default() += 1;
                    None
                }
            }
        });
        windows.unzip()
    }

    fn predict(&self, windows: &[Vec<u8>]) -> Result<Vec<f32>> {
        let batches = windows.par_chunks(BATCH).map(|batch| {
            let batch: Vec<Window> = batch.iter().map(|codes| codes.as_slice().into()).collect();
            Ok(self.model.predict(&batch)?.values.swap_remove(self.output))
        });
        Ok(batches.collect::<Result<Vec<_>>>()?.concat())
    }
}

/// Cuts the model's window out of a sequence, or says why there is none.
fn window(
    input: Input,
    anchor_at: Option<usize>,
    letters: &[u8],
) -> std::result::Result<Vec<u8>, &'static str> {
    let window = place(input, anchor_at, letters.len())?;
    encode(&letters[window]).map_err(|_| NO_NUCLEOTIDE)
}

/// Why a sequence has no window.
pub const NO_NUCLEOTIDE: &str = "letter that is no nucleotide";

/// Returns where the model's window lies in a sequence of `nt` nucleotides whose base `anchor_at`
/// is the model's anchor, or which is a window, or says why there is none.
pub fn place(
    input: Input,
    anchor_at: Option<usize>,
    nt: usize,
) -> std::result::Result<Range<usize>, &'static str> {
    let first = anchor_at.map_or(0, |at| at - input.anchor.min(at));
    let (least, most) = input.length.limits();
    match nt {
        _ if nt < first + least => Err("too short"),
        _ if anchor_at.is_some() => Ok(first..first + least),
        _ if nt > most => Err("too long"),
        _ => Ok(0..nt),
    }
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

    const INPUT: Input = Input { length: Length::Exactly(4), anchor: 1, structure: false };

    #[test]
    fn a_window_is_the_sequence_or_lies_around_the_anchor() {
        assert_eq!(window(INPUT, None, b"ACGT"), Ok(vec![0, 1, 2, 3]));
        assert_eq!(window(INPUT, None, b"ACGTA"), Err("too long"));
        assert_eq!(window(INPUT, None, b"ACG"), Err("too short"));
        assert_eq!(window(INPUT, Some(3), b"TTACGTAA"), Ok(vec![0, 1, 2, 3]));
        assert_eq!(window(INPUT, Some(3), b"TTACG"), Err("too short"));
        assert_eq!(window(INPUT, Some(1), b"AC!T"), Err("letter that is no nucleotide"));
        let between = Input { length: Length::Between(2, 3), ..INPUT };
        assert_eq!(window(between, None, b"AC"), Ok(vec![0, 1]));
        assert_eq!(window(between, None, b"ACGT"), Err("too long"));
        assert_eq!(window(between, None, b"A"), Err("too short"));
    }

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
