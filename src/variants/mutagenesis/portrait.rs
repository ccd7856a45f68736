//! The effects around one site, collected for its picture.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::plan::{AROUND, SiteKey};
use crate::genome::sequence::{UNKNOWN, complement};
use crate::genome::strand::Strand;

/// Columns of a picture.
const COLUMNS: usize = 2 * AROUND as usize + 1;

/// The effect of one SNV on one site.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub key: SiteKey,
    /// Position of the SNV.
    pub at: u64,
    /// Codes of the plus strand.
    pub reference: u8,
    pub alternate: u8,
    /// log2.
    pub delta: f64,
    /// Of the reference's site.
    pub probability: f32,
    pub strength: Option<f64>,
    /// Whether the reference has the site.
    pub called: bool,
}

/// A site and the effects of the SNVs around it, in transcript direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Portrait {
    pub key: SiteKey,
    pub probability: f32,
    pub strength: Option<f64>,
    pub called: bool,
    /// Codes from 120 nt before the site to 120 nt after it; unknown where nothing was scored.
    pub reference: Vec<u8>,
    /// log2, by column and code of the alternate; NaN where nothing was scored, 0 for the
    /// reference.
    pub deltas: Vec<[f64; 4]>,
}

/// Portraits of some sites.
#[derive(Debug, Default)]
pub struct Gallery {
    portraits: Vec<Portrait>,
    places: HashMap<SiteKey, usize>,
    /// How many sites that were not named are taken, as they come.
    room: usize,
}

impl Portrait {
    fn new(key: SiteKey) -> Self {
        Self {
            key,
            probability: f32::NAN,
            strength: None,
            called: false,
            reference: vec![UNKNOWN; COLUMNS],
            deltas: vec![[f64::NAN; 4]; COLUMNS],
        }
    }

    fn add(&mut self, cell: &Cell) {
        let along = cell.at as i64 - self.key.position as i64;
        let (along, turned): (i64, fn(u8) -> u8) = match self.key.strand {
            Strand::Plus => (along, |code| code),
            Strand::Minus => (-along, complement),
        };
        let Ok(column) = usize::try_from(along + AROUND as i64) else { return };
        let Some(deltas) = self.deltas.get_mut(column) else { return };
        let (reference, alternate) = (turned(cell.reference), turned(cell.alternate));
        deltas[usize::from(reference)] = 0.0;
        deltas[usize::from(alternate)] = cell.delta;
        self.reference[column] = reference;
        (self.probability, self.strength) = (cell.probability, cell.strength);
        self.called = cell.called;
    }

    /// Returns whether anything was scored.
    fn is_empty(&self) -> bool {
        self.reference.iter().all(|&code| code == UNKNOWN)
    }
}

impl Gallery {
    /// Takes the sites named, and no others.
    pub fn of_sites(sites: &[SiteKey]) -> Self {
        let portraits = sites.iter().copied().map(Portrait::new).collect();
        let places = sites.iter().copied().zip(0..).collect();
        Self { portraits, places, room: 0 }
    }

    /// Takes the first `room` sites, in the order in which they come.
    pub fn of_first(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// Adds a cell.
    pub fn add(&mut self, cell: &Cell) {
        let at = match self.places.get(&cell.key) {
            Some(&at) => at,
            None if self.portraits.len() < self.room => {
                self.places.insert(cell.key, self.portraits.len());
                self.portraits.push(Portrait::new(cell.key));
                self.portraits.len() - 1
            }
            None => return,
        };
        self.portraits[at].add(cell);
    }

    /// Returns the portraits of which anything was scored.
    pub fn finish(mut self) -> Vec<Portrait> {
        self.portraits.retain(|portrait| !portrait.is_empty());
        self.portraits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(strand: Strand, at: u64, alternate: u8, delta: f64) -> Cell {
        let key = SiteKey { contig: 0, position: 1_000, strand };
        let (probability, strength) = (0.5, Some(1.0));
        Cell { key, at, reference: 0, alternate, delta, probability, strength, called: true }
    }

    #[test]
    fn a_portrait_shows_the_transcript() {
        for (strand, column, reference, alternate) in
            [(Strand::Plus, 100, 0u8, 1u8), (Strand::Minus, 140, 3, 2)]
        {
            let mut gallery = Gallery::of_first(1);
            gallery.add(&cell(strand, 980, 1, -3.0));
            let portrait = gallery.finish().remove(0);
            assert_eq!(portrait.reference[column], reference);
            assert_eq!(portrait.deltas[column][usize::from(alternate)], -3.0);
            assert_eq!(portrait.deltas[column][usize::from(reference)], 0.0);
            assert!(portrait.deltas[column + 1].iter().all(|delta| delta.is_nan()));
        }
    }

    #[test]
    fn sites_that_were_named_keep_their_order_and_others_are_left_out() {
        let mut other = cell(Strand::Plus, 980, 1, -3.0);
        other.key.position = 990;
        let unseen = SiteKey { contig: 1, ..other.key };
        let first = cell(Strand::Plus, 980, 1, -1.0);
        let mut gallery = Gallery::of_sites(&[unseen, first.key]);
        for cell in [other, first] {
            gallery.add(&cell);
        }
        let keys: Vec<SiteKey> = gallery.finish().iter().map(|portrait| portrait.key).collect();
        assert_eq!(keys, [first.key]);
        let mut first_only = Gallery::of_first(1);
        for cell in [first, other] {
            first_only.add(&cell);
        }
        assert_eq!(first_only.finish().len(), 1);
    }
}
