//! Strengths of models whose answers are known.

use super::*;
use crate::genome::sequence::{UNKNOWN, encode};
use crate::models::card::ModelCard;
use crate::models::{CLEAVAGE, Input, Output, Predictions, StrandScores};

/// Says how many As a window holds before its anchor, and of a scan the same as a probability.
struct Counting {
    card: ModelCard,
    outputs: Vec<Output>,
    input: Input,
}

impl Counting {
    fn new(task: Task, outputs: &[&str], length: usize, anchor: usize) -> Self {
        Self {
            card: ModelCard::new("counting", "none", task),
            outputs: outputs.iter().map(|name| Output::new(*name, 1)).collect(),
            input: Input { length: Length::Exactly(length), anchor, structure: false, features: 0 },
        }
    }
}

fn count(codes: &[u8]) -> f32 {
    codes.iter().filter(|code| **code == 0).count() as f32
}

impl Model for Counting {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        self.input
    }

    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        self.input.check("counting", windows)?;
        let before = |window: &Window<'_>| count(&window.codes[..self.input.anchor]);
        let values: Vec<f32> = windows.iter().map(before).collect();
        Ok(Predictions { values: vec![values; self.outputs.len()] })
    }

    fn scan(&self, sequence: &[u8], _: f32) -> Result<StrandScores> {
        let mut scores = StrandScores::default();
        for (i, window) in sequence.windows(WINDOW).enumerate() {
            scores.probability.push(count(&window[..CENTRE]) / 1000.0);
            scores.cleavage.push((i, [1.0 / CLEAVAGE as f32; CLEAVAGE]));
        }
        Ok(scores)
    }
}

/// Three As, and the signal right after them.
fn sequence() -> (Vec<u8>, usize) {
    (encode(b"AAACCCCCCGGGGGG").unwrap(), 3)
}

#[test]
fn an_isoforms_frame_is_anchored_on_the_signal() {
    let (sequence, signal) = sequence();
    let names = ["isoform_80_110", "logodds_wide", "logodds_narrow"];
    let model = Counting::new(Task::Isoform, &names, 20, 2);
    let found = strength_of(&model, &sequence, signal).unwrap();
    assert_eq!(found, [("logodds_wide", 2.0), ("logodds_narrow", 2.0)]);
    let wider = Counting::new(Task::Isoform, &["logodds_wide"], 205, 70);
    assert_eq!(strength_of(&wider, &sequence, signal).unwrap(), [("logodds_wide", 3.0)]);
}

#[test]
fn usage_is_the_mean_over_the_centres_that_a_signal_serves() {
    let (sequence, signal) = sequence();
    // Anchored on the centre, reading 11 nt before it: As are in reach of centres up to index 13.
    let model = Counting::new(Task::Strength, &["strength"], 20, 11);
    let before = |at: usize| count(&sequence[at.saturating_sub(11).min(15)..at.min(15)]);
    let sum: f64 = (signal + 10..=signal + 35).map(|at| f64::from(before(at))).sum();
    let found = strength_of(&model, &sequence, signal).unwrap();
    assert_eq!(found.len(), 1);
    let mean = sum / 26.0 * std::f64::consts::LN_2;
    assert!((found[0].1 - mean).abs() < 1e-12, "{found:?}, not {mean}");
    assert!(sum > 0.0, "no A was in reach of any centre");
}

#[test]
fn cleavage_is_summed_over_the_cuts_after_the_signal() {
    let (mut sequence, signal) = sequence();
    // As 113 nt before the first cut and farther are out of the reach of later cuts.
    sequence.splice(0..0, vec![0; 107]);
    let signal = signal + 107;
    let probability = |cut: usize| {
        let window = stretch(&sequence, cut as isize - 120, 120);
        f64::from(count(&window)) / 1000.0 * 3.0 / 50.0
    };
    let odds = (signal + 7..=signal + 56).map(|cut| probability(cut) / (1.0 - probability(cut)));
    let odds: f64 = odds.sum();
    let model = Counting::new(Task::Sites, &["probability"], WINDOW, CENTRE);
    let found = strength_of(&model, &sequence, signal).unwrap();
    assert_eq!(found[1].0, "cleavage_logodds");
    assert!((found[1].1 - odds.ln()).abs() < 1e-5, "{found:?}, not {}", odds.ln());
    // The window centred 32 nt after the signal's first base covers its cuts, 7 to 56 nt after it.
    let together = f64::from(count(&stretch(&sequence, signal as isize + 32 - 120, 120))) / 1000.0;
    let together = (together / (1.0 - together)).ln();
    assert_eq!(found[0].0, "classification_logodds");
    assert!((found[0].1 - together).abs() < 1e-5, "{found:?}, not {together}");
}

#[test]
fn a_signals_probability_becomes_log_odds_that_stay_finite() {
    let codes = vec![UNKNOWN; 10];
    let model = Counting::new(Task::Signal, &["p_true_signal"], 20, 10);
    let found = strength_of(&model, &codes, 4).unwrap();
    assert!((found[0].1 - (1e-7f64).ln()).abs() < 1e-3 && found[0].1.is_finite(), "{found:?}");
}

#[test]
fn models_without_a_strength_are_refused() {
    let binding = Counting::new(Task::Binding, &["p_bound"], 20, 10);
    let mut structured = Counting::new(Task::Signal, &["p_true_signal"], 20, 10);
    structured.input.structure = true;
    let mut whole = Counting::new(Task::Signal, &["p_true_signal"], 20, 10);
    whole.input.length = Length::Between(1, 20);
    for (model, told) in
        [(binding, "no strength"), (structured, "RNA structure"), (whole, "whole sequences")]
    {
        let said = strength_of(&model, &[0; 30], 3).unwrap_err().to_string();
        assert!(said.contains(told), "{said}");
    }
}
