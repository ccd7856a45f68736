//! Kernels find what was planted; the numbers are those that were worked out by hand.

use candle_core::Tensor;

use super::clusters::leaves;
use super::motif::{Motif, meme};
use super::*;
use crate::genome::sequence::encode;
use crate::interpret::soft::Said;
use crate::interpret::soft::letters::{Letters, NONE, Track};
use crate::models::{Input, Length};

/// Two kernels of three bases over sequences of eight: one that counts A's, one that never is
/// active.
struct CountsA(Letters);

impl Soft for CountsA {
    fn letters(&self) -> &Letters {
        &self.0
    }

    fn input(&self) -> Input {
        Input { length: Length::Exactly(8), anchor: 0, structure: false, features: 0 }
    }

    fn banks(&self) -> Vec<Bank> {
        vec![Bank { name: "", width: 3, kernels: 2, tracks: vec![0] }]
    }

    fn kernels(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let is_a = x.narrow(2, 0, 1)?;
        let places = x.dim(1)? - 2;
        let mut sum = is_a.narrow(1, 0, places)?;
        for at in 1..3 {
            sum = (sum + is_a.narrow(1, at, places)?)?;
        }
        let never = (sum.clone() * -1.0)?;
        Ok(vec![Tensor::cat(&[sum, never], 2)?])
    }

    fn outputs(&self) -> Vec<String> {
        Vec::new()
    }

    fn said(&self, x: &Tensor) -> Result<Said> {
        Ok(Said { hidden: x.clone(), outputs: x.clone() })
    }
}

fn sequences(classes: &[&[&str]]) -> Vec<Labelled> {
    let mut all = Vec::new();
    for (class, letters) in classes.iter().enumerate() {
        for (number, letters) in letters.iter().enumerate() {
            let codes = encode(letters.as_bytes()).unwrap();
            let name = format!("{class}_{number}");
            all.push(Labelled { name, codes, structure: None, class });
        }
    }
    all
}

fn classes() -> Vec<String> {
    vec!["bound".into(), "other".into()]
}

#[test]
fn limits_importance_and_motifs_are_those_worked_out_by_hand() {
    let network = CountsA(Letters::bases());
    // Greatest: 3, 3, 2, 0 and 1, 0, 1, 0.
    let sequences = sequences(&[
        &["CCAAACCC", "AAATTTTT", "CAACGGGG", "CCCCCCCC"],
        &["ACCCCCCC", "GGGGGGGG", "CCCCCCCA", "TTTTTTTT"],
    ]);
    let classes = classes();
    let study = Study::new(&network, &sequences, &classes).unwrap();
    let mut told = 0;
    let peaks = study.peaks(|done| {
        told += done;
        Ok(())
    });
    let peaks = peaks.unwrap();
    assert_eq!(told, 8);
    let of = |sequence| (peaks.value(sequence, 0), peaks.place(sequence, 0));
    assert_eq!((of(0), of(1), of(2), of(6)), ((3.0, 2), (3.0, 0), (2.0, 0), (1.0, 5)));
    let found = study.found(&peaks).unwrap();
    let active = &found[0];
    assert_eq!((active.limit, active.class, active.importance), (2.0, 0, 1.5));
    // The third of class 0 equals the limit.
    assert_eq!(active.above, [0, 1, 2]);
    // A third of three, and what equals it.
    assert_eq!(active.aligned, [0, 1]);
    assert_eq!(active.motifs[0].consensus(), "AAA");
    let [bound, other] = &active.classes[..] else { panic!() };
    assert_eq!((bound.above, other.above, bound.mean, other.mean), (3, 0, 2.0, 0.5));
    // Of 8, of which 3 are above, 4 drawn: (4 choose 3)(4 choose 1) ... = 4 of 56; four tests.
    assert!((bound.p - 4.0 * 4.0 / 56.0).abs() < 1e-9 && other.p == 1.0, "{}", bound.p);
    assert!((bound.enrichment - (3.5f64 * 4.5 / (1.5 * 0.5)).log2()).abs() < 1e-9);
    assert_eq!(found[1].above, Vec::<usize>::new());
    assert!(found[1].motifs.is_empty() && found[1].importance == 0.0);
    assert_eq!(study.ranked(&found), [0, 1]);

    let profiles = study.profiles(&peaks, &found, |_| Ok(())).unwrap();
    assert_eq!(profiles.maxima[0][0], [2, 0, 1, 0, 0, 0]);
    // At the first place 1, 3 and 2.
    let (mean, deviation) = profiles.mean(0, 0, 0).unwrap();
    assert!((mean - 2.0).abs() < 1e-9 && (deviation - (2.0f64 / 3.0).sqrt()).abs() < 1e-9);
    assert_eq!(profiles.mean(0, 1, 0), None);
}

#[test]
fn a_class_without_sequences_and_short_ones_are_refused() {
    let (network, classes) = (CountsA(Letters::bases()), classes());
    let one = sequences(&[&["CCAAACCC"]]);
    let refused = |sequences: &[Labelled]| match Study::new(&network, sequences, &classes) {
        Err(error) => error.to_string(),
        Ok(_) => String::new(),
    };
    assert!(refused(&one).contains("class other"));
    assert!(refused(&sequences(&[&["AC"], &["AAAA"]])).contains("shorter than a kernel"));
}

#[test]
fn meme_files_declare_letters_that_are_no_bases() {
    let track = Track { name: "structure", letters: "HS".into() };
    let mut motif = Motif::new(&track, 2);
    motif.add(&[0, 1]);
    motif.add(&[0, NONE]);
    assert_eq!(motif.consensus(), "HS");
    let text = meme(&track, &[("kernel_3".into(), &motif)]);
    let expected = "MEME version 5\n\nALPHABET \"structure\"\nH\nS\nEND ALPHABET\n\n\
                    Background letter frequencies (from uniform background):\nH 0.50000 S 0.50000\n\n\
                    MOTIF kernel_3\nletter-probability matrix: alength= 2 w= 2 nsites= 2 E= 0\n\
                    0.999500 0.000500\n0.000500 0.999500\n";
    assert_eq!(text, expected);
    let bases = Track { name: "sequence", letters: "ACGU".into() };
    assert!(meme(&bases, &[]).contains("ALPHABET= ACGU\n"));
}

#[test]
fn what_is_alike_lies_together() {
    let rows = [[0.0, 0.0], [9.0, 9.0], [0.1, 0.0], [9.0, 9.2], [0.0, 0.3]].map(|row| row.to_vec());
    let order = leaves(&rows);
    let high: Vec<bool> = order.iter().map(|&row| rows[row][0] > 5.0).collect();
    assert!(high == [true, true, false, false, false] || high == [false, false, false, true, true]);
    assert_eq!(leaves(&rows[..2]), [0, 1]);
}
