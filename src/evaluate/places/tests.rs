//! Every kind of model is asked where its signal would be for the place.

use super::*;
use crate::genome::contigs::Contigs;
use crate::genome::sequence::encode;
use crate::genome::strand::Strand;
use crate::models::card::ModelCard;
use crate::models::{Input, Length, Output, Predictions};

/// Says of a window 1 / (1 + the index of its first unusual base, G), and of its cut that it lies
/// there.
struct FirstG {
    card: ModelCard,
    outputs: Vec<Output>,
    input: Input,
}

impl FirstG {
    fn new(task: Task, output: Output, length: usize, anchor: usize) -> Self {
        let input =
            Input { length: Length::Exactly(length), anchor, structure: false, features: 0 };
        Self { card: ModelCard::new("first", "none", task), outputs: vec![output], input }
    }
}

impl Model for FirstG {
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
        self.input.check("first", windows)?;
        let values = windows.iter().flat_map(|window| {
            let first = window.codes.iter().position(|&code| code == 2).unwrap_or(999);
            let spread = move |i: usize| if i == first { 0.5 } else { 0.5 / 205.0 };
            match self.outputs[0].width {
                1 => vec![1.0 / (1.0 + first as f32)],
                width => (0..width).map(spread).collect(),
            }
        });
        Ok(Predictions { values: vec![values.collect()] })
    }
}

/// 600 Cs with letters put at places of a strand, as a genome of one contig.
fn genome(strand: Strand, letters: &[(usize, &str)]) -> Genome {
    let mut sequence = vec![b'C'; 600];
    for (at, text) in letters {
        sequence[*at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    let mut contigs = Contigs::default();
    contigs.push("c".into(), 600);
    let mut codes = encode(&sequence).unwrap();
    if strand == Strand::Minus {
        codes = crate::genome::sequence::reverse_complement(&codes);
    }
    Genome { contigs, codes: vec![codes] }
}

/// A place by its index along the strand.
fn place(strand: Strand, at: usize) -> Place {
    let position = if strand == Strand::Plus { at } else { 599 - at };
    Place { contig: 0, strand, position }
}

#[test]
fn frames_agree_on_where_the_cut_lies() {
    let model = FirstG::new(Task::Isoform, Output::new("cut", 206), 205, 70);
    let scorer = scorer_of(&model).unwrap();
    for strand in Strand::BOTH {
        let genome = genome(strand, &[(300, "G")]);
        let score = |at| scorer.score(&genome, place(strand, at)).unwrap();
        let odds = |width: f64, inside: f64| {
            let sum = inside * 0.5 + (width - inside) * 0.5 / 205.0;
            (sum / (1.0 - sum)).ln() as f32
        };
        for (at, inside) in [(300, 1.0), (303, 1.0), (297, 1.0), (304, 0.0), (296, 0.0)] {
            assert!((score(at).sharp - odds(7.0, inside)).abs() < 1e-5, "{at}");
        }
        for (at, inside) in [(325, 1.0), (276, 1.0), (326, 0.0), (275, 0.0)] {
            assert!((score(at).classification - odds(50.0, inside)).abs() < 1e-5, "{at}");
        }
    }
}

#[test]
fn the_likeliest_signal_upstream_counts() {
    // Windows of 20 nt with the hexamer at index 10: a G nearer to a window's start scores higher.
    let model = FirstG::new(Task::Signal, Output::new("p_true_signal", 1), 20, 10);
    let scorer = scorer_of(&model).unwrap();
    for strand in Strand::BOTH {
        let genome = genome(strand, &[(265, "G"), (270, "AATAAA"), (283, "G"), (287, "ATTAAA")]);
        let score = |at| scorer.score(&genome, place(strand, at)).unwrap().classification;
        // The first signal's window begins at 260, the second's at 277.
        assert_eq!(score(280), 1.0 / 6.0);
        assert_eq!(score(300), 1.0 / 6.0, "both are in reach");
        assert_eq!(score(305), 1.0 / 6.0, "35 nt");
        assert_eq!(score(306), 1.0 / 7.0, "only the second");
        assert_eq!(score(279), 0.0, "9 nt");
        assert_eq!(score(323), 0.0, "36 nt");
    }
    assert_eq!(scorer.meaning().sharp, None);
}

#[test]
fn models_that_do_not_speak_of_places_are_refused() {
    for task in [Task::Strength, Task::Binding, Task::Isoform] {
        let model = FirstG::new(task, Output::new("other", 1), 20, 10);
        assert!(scorer_of(&model).is_err(), "{task:?}");
    }
}
