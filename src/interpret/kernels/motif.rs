//! Motifs: counts of letters of aligned sequences, their shares and information, and the MEME
//! format.

use std::fmt::Write as _;

use crate::interpret::soft::letters::{NONE, Track};
use crate::output::logo::information;

/// What is mixed in of equal shares, as pysster does.
const EVEN: f64 = 0.001;
/// A consensus has a letter where its share is as large as this.
const CONSENSUS: f64 = 0.5;

/// Counts of letters by position.
#[derive(Clone, Debug, PartialEq)]
pub struct Motif {
    pub track: Track,
    /// By position and letter.
    counts: Vec<Vec<u32>>,
    /// Sequences that were counted.
    pub sequences: usize,
}

impl Motif {
    /// Begins with nothing counted.
    pub fn new(track: &Track, width: usize) -> Self {
        let letters = track.letters.chars().count();
        Self { track: track.clone(), counts: vec![vec![0; letters]; width], sequences: 0 }
    }

    /// Counts the letters of a sequence.
    pub fn add(&mut self, letters: &[u8]) {
        self.sequences += 1;
        for (counts, &letter) in self.counts.iter_mut().zip(letters).filter(|(_, l)| **l != NONE) {
            counts[usize::from(letter)] += 1;
        }
    }

    /// Returns the shares of the letters at each position: 0.999 of what was counted, 0.001 of
    /// equal shares.
    pub fn shares(&self) -> Vec<Vec<f64>> {
        let share = |counts: &Vec<u32>| {
            let (all, letters) = (counts.iter().sum::<u32>(), counts.len() as f64);
            let counted =
                |&n: &u32| if all > 0 { f64::from(n) / f64::from(all) } else { 1.0 / letters };
            counts.iter().map(|n| (1.0 - EVEN) * counted(n) + EVEN / letters).collect()
        };
        self.counts.iter().map(share).collect()
    }

    /// Returns the information of the whole motif, bits.
    pub fn information(&self) -> f64 {
        self.shares().iter().map(|shares| information(shares)).sum()
    }

    /// Returns the letter of each position that at least half of the sequences have there; `n`
    /// where there is none.
    pub fn consensus(&self) -> String {
        let letters: Vec<char> = self.track.letters.chars().collect();
        let most = |shares: Vec<f64>| {
            let found = shares.iter().position(|&share| share >= CONSENSUS);
            found.map_or('n', |at| letters[at])
        };
        self.shares().into_iter().map(most).collect()
    }
}

/// Returns motifs of one track as a file in MEME's minimal format, with uniform background. Letters
/// that are none of DNA or RNA are declared as an alphabet of their own.
pub fn meme(track: &Track, motifs: &[(String, &Motif)]) -> String {
    let letters: Vec<char> = track.letters.chars().collect();
    let mut text = String::from("MEME version 5\n\n");
    match track.letters.as_str() {
        known @ ("ACGT" | "ACGU") => {
            let _ = writeln!(text, "ALPHABET= {known}\n");
        }
        _ => {
            let _ = writeln!(text, "ALPHABET \"{}\"", track.name);
            letters.iter().for_each(|letter| {
                let _ = writeln!(text, "{letter}");
            });
            text.push_str("END ALPHABET\n\n");
        }
    }
    text.push_str("Background letter frequencies (from uniform background):\n");
    let even: Vec<String> = letters
        .iter()
        .map(|letter| format!("{letter} {:.5}", 1.0 / letters.len() as f64))
        .collect();
    let _ = writeln!(text, "{}", even.join(" "));
    for (name, motif) in motifs {
        let (width, sites) = (motif.counts.len(), motif.sequences);
        let _ = write!(
            text,
            "\nMOTIF {name}\nletter-probability matrix: alength= {} w= {width} nsites= {sites} E= 0\n",
            letters.len()
        );
        for shares in motif.shares() {
            let shares: Vec<String> = shares.iter().map(|share| format!("{share:.6}")).collect();
            let _ = writeln!(text, "{}", shares.join(" "));
        }
    }
    text
}
