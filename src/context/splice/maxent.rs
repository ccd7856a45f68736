//! MaxEntScan's scores from its tables, as the package maxentpy has them (Yeo & Burge 2004).

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::SpliceSite;
use crate::error::{Error, Result};
use crate::genome::sequence::decode;

/// Shares of A, C, G, T at the two consensus bases of human sites, and anywhere.
const FIVE: [[f64; 4]; 2] = [[0.004, 0.0032, 0.9896, 0.0032], [0.0034, 0.0039, 0.0042, 0.9884]];
const THREE: [[f64; 4]; 2] = [[0.9903, 0.0032, 0.0034, 0.0030], [0.0027, 0.0037, 0.9905, 0.0030]];
const BACKGROUND: [f64; 4] = [0.27, 0.23, 0.23, 0.27];

/// Overlapping parts of the 21 nt around a 3' site's consensus: those that count for it and those
/// that were counted twice.
const PARTS: [(usize, usize); 9] =
    [(0, 7), (7, 14), (14, 21), (4, 11), (11, 18), (4, 7), (7, 11), (11, 14), (14, 18)];
/// How many of [`PARTS`] are multiplied; the others divide.
const MULTIPLIED: usize = 5;

/// The tables.
#[derive(Debug)]
pub struct MaxEnt {
    /// By the 7 nt around the consensus.
    five: HashMap<Vec<u8>, f64>,
    /// By part and the part's number in base 4.
    three: Vec<HashMap<usize, f64>>,
}

impl MaxEnt {
    /// Reads both tables.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let mut five = HashMap::new();
        rows(&folder.join("score5_matrix.txt"), |cells| {
            let [bases, value] = cells else { return None };
            five.insert(bases.as_bytes().to_vec(), value.parse().ok()?);
            Some(())
        })?;
        let mut three = vec![HashMap::new(); PARTS.len()];
        rows(&folder.join("score3_matrix.txt"), |cells| {
            let [part, number, value] = cells else { return None };
            let table = three.get_mut(part.parse::<usize>().ok()?)?;
            table.insert(number.parse().ok()?, value.parse().ok()?);
            Some(())
        })?;
        Ok(Self { five, three })
    }

    /// Returns the score of a stretch of known bases.
    pub(super) fn score(&self, site: SpliceSite, codes: &[u8]) -> Option<f32> {
        let at = site.consensus();
        let shares = match site {
            SpliceSite::Five => FIVE,
            SpliceSite::Three => THREE,
        };
        let consensus = [0, 1].map(|i| {
            let base = usize::from(codes[at + i]);
            shares[i][base] / BACKGROUND[base]
        });
        let around = [&codes[..at], &codes[at + 2..]].concat();
        let odds = match site {
            SpliceSite::Five => *self.five.get(&decode(&around))?,
            SpliceSite::Three => self.three(&around)?,
        };
        Some((consensus[0] * consensus[1] * odds).log2() as f32)
    }

    fn three(&self, around: &[u8]) -> Option<f64> {
        let mut odds = 1.0;
        for (part, (start, end)) in PARTS.into_iter().enumerate() {
            let number = around[start..end].iter().fold(0, |n, code| 4 * n + usize::from(*code));
            let value = self.three[part].get(&number)?;
            odds = if part < MULTIPLIED { odds * value } else { odds / value };
        }
        Some(odds)
    }
}

/// Hands the cells of each line on.
fn rows(path: &Path, mut take: impl FnMut(&[&str]) -> Option<()>) -> Result<()> {
    let text = fs::read_to_string(path).map_err(|e| Error::io(path, "cannot read", e))?;
    for (number, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.split_ascii_whitespace().collect();
        if !cells.is_empty() && take(&cells).is_none() {
            let problem = "not a row of MaxEntScan's tables: bases and odds (score5_matrix.txt), or part, number and \
                           odds (score3_matrix.txt)";
            return Err(Error::input(path, format!("line {}", number + 1), problem));
        }
    }
    Ok(())
}
