//! Stretches of windows that a model computes together, and their rows of the table.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::error::{Error, Result, WindowPlace};
use crate::evaluate::classes::labels::Labels;
use crate::genome::sequence::reverse_complement;
use crate::genome::strand::Strand;
use crate::models::{Model, OwnedWindow, Predictions, Window};

/// Windows at a stride along a piece of a sequence.
pub struct Stretch {
    /// Of the sequence.
    pub name: Arc<str>,
    /// Start of the first window in the sequence.
    pub start: usize,
    /// Windows on each strand.
    pub windows: usize,
    pub strands: &'static [Strand],
    /// The plus strand from the first window's first nucleotide to the last one's last.
    pub piece: OwnedWindow,
}

impl Stretch {
    /// Returns the number of windows on both strands.
    pub fn count(&self) -> usize {
        self.windows * self.strands.len()
    }

    /// Returns the number of windows on a strand.
    fn count_on(&self, strand: Strand) -> usize {
        if self.strands.contains(&strand) { self.windows } else { 0 }
    }

    /// Returns, of the `number`-th window in the direction of a strand, the number on the plus
    /// strand; or the other way round.
    fn number(&self, number: usize, strand: Strand) -> usize {
        match strand {
            Strand::Plus => number,
            Strand::Minus => self.windows - 1 - number,
        }
    }
}

/// Computes windows of stretches at a stride of `every` and returns their rows, by start and strand.
///
/// # Errors
/// If the model fails; the window is named.
pub fn rows(
    stretches: &[Stretch],
    every: usize,
    model: &dyn Model,
    labels: Option<Labels>,
) -> Result<String> {
    let [plus, minus] = Strand::BOTH.map(|strand| OfStrand::new(stretches, strand, every, model));
    let said = [plus?, minus?];
    let mut text = String::new();
    for (at, stretch) in stretches.iter().enumerate() {
        for window in 0..stretch.windows {
            let start = stretch.start + window * every;
            for &strand in stretch.strands {
                let OfStrand { first, predictions } = &said[strand.index()];
                let row = first[at] + stretch.number(window, strand);
                // Writing to a String cannot fail.
                let _ = write!(text, "{}\t{start}\t{strand}", stretch.name);
                add_values(&mut text, row, predictions, model);
                if let Some(labels) = labels {
                    let values: Vec<f32> = predictions.values.iter().map(|v| v[row]).collect();
                    text.push('\t');
                    text.push_str(&labels.text(&labels.of(&values)));
                }
                text.push('\n');
            }
        }
    }
    Ok(text)
}

/// Adds the cells of the model's outputs.
fn add_values(text: &mut String, row: usize, predictions: &Predictions, model: &dyn Model) {
    for (output, values) in model.outputs().iter().zip(&predictions.values) {
        for (n, value) in values[row * output.width..][..output.width].iter().enumerate() {
            let _ = write!(text, "{}{value}", if n == 0 { '\t' } else { ',' });
        }
    }
}

/// What a model says of the windows of stretches on one strand, in its direction.
struct OfStrand {
    /// Number of the first window of each stretch.
    first: Vec<usize>,
    predictions: Predictions,
}

impl OfStrand {
    fn new(stretches: &[Stretch], strand: Strand, every: usize, model: &dyn Model) -> Result<Self> {
        let on_strand = stretches.iter().filter(|stretch| stretch.count_on(strand) > 0);
        let pieces: Vec<OwnedWindow> = match strand {
            Strand::Plus => Vec::new(),
            Strand::Minus => on_strand.clone().map(|s| reversed(&s.piece)).collect(),
        };
        let pieces: Vec<Window<'_>> = match strand {
            Strand::Plus => on_strand.map(|stretch| stretch.piece.window()).collect(),
            Strand::Minus => pieces.iter().map(OwnedWindow::window).collect(),
        };
        let first: Vec<usize> = stretches
            .iter()
            .scan(0, |sum, stretch| {
                let first = *sum;
                *sum += stretch.count_on(strand);
                Some(first)
            })
            .collect();
        let place = |number: usize| {
            let at = first.partition_point(|&first| first <= number) - 1;
            let stretch = &stretches[at];
            let start = stretch.start + stretch.number(number - first[at], strand) * every;
            WindowPlace::Named(format!("{}:{}:{strand}", stretch.name, start + 1))
        };
        let predictions =
            model.predict_every(&pieces, every).map_err(|error: Error| error.at_window(place))?;
        Ok(Self { first, predictions })
    }
}

/// Models that read structure read the plus strand alone.
fn reversed(piece: &OwnedWindow) -> OwnedWindow {
    let OwnedWindow { codes, features, .. } = piece;
    OwnedWindow { codes: reverse_complement(codes), structure: None, features: features.clone() }
}
