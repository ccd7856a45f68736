//! What changes do to cleavage after each polyA signal, for models that read a frame laid around a
//! signal: APARENT2's own scores of variants (Linder et al. 2022, Genome Biology 23:232).

use std::collections::{BTreeSet, HashMap};

use super::{Asked, SIGHT, VariantScorer};
use crate::context::signal::{SIGNALS, signal_at};
use crate::error::{Error, Result};
use crate::genome::strand::Strand;
use crate::models::strength::{CUTS, LOG_ODDS};
use crate::models::{Length, Window};
use crate::variants::change::Change;
use crate::variants::haplotype::Haplotype;

/// Frames that are predicted in one go: between two it is asked whether to stop.
const PER_CALL: usize = 256;

/// Cleavage after one polyA signal; pairs are of reference and alternate.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalEffect {
    /// The strand of the signal.
    pub strand: Strand,
    /// Position (0-based, on the reference) of the signal's first base in transcript direction.
    pub position: u64,
    /// The signal; `None` where a haplotype has none there.
    pub signals: [Option<&'static str>; 2],
    /// Natural log-odds of cleavage 7 to 56 nt after the signal's first base.
    pub narrow: [f64; 2],
    /// The same anywhere in the frame.
    pub wide: [f64; 2],
}

/// How a model reads a frame around a signal, and which of its outputs are log-odds of cleavage.
struct Frames {
    /// Index in the frame of the signal's first base.
    anchor: usize,
    length: usize,
    narrow: usize,
    wide: usize,
}

/// A signal whose frame a change touches, and the two frames.
struct Framed {
    effect: SignalEffect,
    frames: [Vec<u8>; 2],
}

impl VariantScorer<'_> {
    /// Returns, for each change, the effects on the cleavage after every polyA signal whose frame
    /// it touches: on the strands asked for, by strand and position. Nothing of models that do not
    /// speak of signals.
    ///
    /// # Errors
    /// Those of the models.
    pub fn signal_effects(
        &self,
        sequence: &[u8],
        asked: &[Asked],
    ) -> Result<Vec<Vec<SignalEffect>>> {
        let Some(laid) = self.frames() else { return Ok(Vec::new()) };
        let framed: Vec<Vec<Framed>> =
            asked.iter().map(|asked| framed(sequence, asked, laid.anchor, laid.length)).collect();
        // Changes near each other share the reference's frames: each is computed once.
        let mut places: HashMap<&[u8], usize> = HashMap::new();
        let mut frames: Vec<&[u8]> = Vec::new();
        for frame in framed.iter().flatten().flat_map(|framed| &framed.frames) {
            places.entry(frame).or_insert_with(|| {
                frames.push(frame);
                frames.len() - 1
            });
        }
        let values = self.log_odds(&laid, &frames)?;
        let effect = |framed: &Framed| {
            let at = [0, 1].map(|i| places[framed.frames[i].as_slice()]);
            let [narrow, wide] = [0, 1].map(|output| at.map(|at| f64::from(values[output][at])));
            SignalEffect { narrow, wide, ..framed.effect.clone() }
        };
        Ok(framed.iter().map(|of_change| of_change.iter().map(effect).collect()).collect())
    }

    /// Returns the signal that each site (position by strand) of a sequence is cut after, by the
    /// position of its first base in transcript direction: of those whose cuts the site may be, 7
    /// to 56 nt after the first base, that with the most cleavage. `None` of models that do not
    /// speak of signals.
    ///
    /// # Errors
    /// Those of the models.
    pub fn signals_of(
        &self,
        sequence: &[u8],
        sites: &[(Strand, u64)],
    ) -> Result<Option<Vec<Option<u64>>>> {
        let Some(laid) = self.frames() else { return Ok(None) };
        let (mut places, mut frames) = (Vec::new(), Vec::new());
        for (number, &(strand, site)) in sites.iter().enumerate() {
            let nothing = Change { start: site, removed: 0, inserted: Vec::new() };
            let [here, _] = Haplotype::both(sequence, &nothing, SIGHT);
            for position in CUTS.filter_map(|nt| before(strand, site, nt as u64)) {
                if signal(&here, strand, position).is_some() {
                    places.push((number, position));
                    frames.push(here.around(strand, position, laid.anchor, laid.length));
                }
            }
        }
        let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        let [narrow, _] = self.log_odds(&laid, &frames)?;
        let mut strongest: Vec<Option<(f32, u64)>> = vec![None; sites.len()];
        for (&(number, position), &odds) in places.iter().zip(&narrow) {
            if strongest[number].is_none_or(|(most, _)| odds > most) {
                strongest[number] = Some((odds, position));
            }
        }
        Ok(Some(strongest.into_iter().map(|found| found.map(|(_, position)| position)).collect()))
    }

    /// Returns whether the site model reads frames laid around signals, and says how much RNA is
    /// cleaved there.
    pub fn speaks_of_signals(&self) -> bool {
        self.frames().is_some()
    }

    /// Returns how the model reads frames; `None` of one that does not speak of signals.
    fn frames(&self) -> Option<Frames> {
        let outputs = self.sites.outputs();
        let place = |name| outputs.iter().position(|output| output.name == name);
        let [Some(narrow), Some(wide)] = LOG_ODDS.map(place) else { return None };
        let input = self.sites.input();
        let Length::Exactly(length) = input.length else { return None };
        Some(Frames { anchor: input.anchor, length, narrow, wide })
    }

    /// Returns the narrow and wide log-odds of some frames.
    fn log_odds(&self, laid: &Frames, frames: &[&[u8]]) -> Result<[Vec<f32>; 2]> {
        let mut values = [Vec::new(), Vec::new()];
        for frames in frames.chunks(PER_CALL) {
            if (self.stop)() {
                return Err(Error::Interrupted);
            }
            let windows: Vec<Window<'_>> = frames.iter().map(|frame| (*frame).into()).collect();
            let said = self.sites.predict(&windows)?.values;
            values[0].extend_from_slice(&said[laid.narrow]);
            values[1].extend_from_slice(&said[laid.wide]);
        }
        Ok(values)
    }
}

/// Returns the position some nucleotides upstream of a site.
fn before(strand: Strand, site: u64, nt: u64) -> Option<u64> {
    match strand {
        Strand::Plus => site.checked_sub(nt),
        Strand::Minus => Some(site + nt),
    }
}

/// Returns the signals of either haplotype whose frames hold a changed base: `length` nt, the
/// signal's first base at index `anchor`.
fn framed(sequence: &[u8], asked: &Asked, anchor: usize, length: usize) -> Vec<Framed> {
    let Asked { change, strands } = asked;
    let haplotypes = Haplotype::both(sequence, change, SIGHT);
    let mut framed = Vec::new();
    for strand in Strand::BOTH.into_iter().filter(|strand| strands[strand.index()]) {
        let (before, after) = (anchor as u64, (length - 1 - anchor) as u64);
        // Nucleotides that lie upstream of a base that sees the change on the contig's left, or on
        // its right.
        let (left, right) = match strand {
            Strand::Plus => (after, before),
            Strand::Minus => (before, after),
        };
        let mut places = BTreeSet::new();
        for (i, haplotype) in haplotypes.iter().enumerate() {
            let changed = &haplotype.changed;
            let end = (changed.end.max(changed.start + 1) + right).min(haplotype.length);
            for at in changed.start.saturating_sub(left)..end {
                if signal(haplotype, strand, at).is_some() {
                    places.insert(match i {
                        0 => [at, change.to_alternate(at)],
                        _ => [change.to_reference(at), at],
                    });
                }
            }
        }
        framed.extend(places.into_iter().map(|places| Framed {
            effect: SignalEffect {
                strand,
                position: places[0],
                signals: [0, 1].map(|i| signal(&haplotypes[i], strand, places[i])),
                narrow: [0.0; 2],
                wide: [0.0; 2],
            },
            frames: [0, 1].map(|i| haplotypes[i].around(strand, places[i], anchor, length)),
        }));
    }
    framed
}

/// Returns the signal whose first base in transcript direction is at a position of a haplotype.
fn signal(haplotype: &Haplotype, strand: Strand, position: u64) -> Option<&'static str> {
    let hexamer = haplotype.around(strand, position, 0, 6);
    signal_at(&hexamer, 0).map(|rank| SIGNALS[rank])
}
