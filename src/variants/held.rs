//! Windows of the alternate from those of the reference: a scan of the reference is held while its
//! changes are scored, and of each alternate only what sees the change is computed.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::change::Change;
use crate::error::Result;
use crate::genome::strand::Strand;
use crate::models::{ChangedCopy, HeldScan, Model, StrandScores};
use crate::scan::inference::{Scans, Stretch};

/// Scans of the reference.
pub struct HeldScans<'m> {
    model: &'m dyn Model,
    held: Mutex<Vec<HeldStretch<'m>>>,
}

struct HeldStretch<'m> {
    strand: Strand,
    /// On the reference's plus strand.
    range: Range<u64>,
    /// In transcript direction.
    codes: Vec<u8>,
    scan: Box<dyn HeldScan + 'm>,
}

/// Scans the alternate of a change.
pub struct Alternate<'h, 'm> {
    scans: &'h HeldScans<'m>,
    change: &'h Change,
}

impl<'m> HeldScans<'m> {
    /// Starts without any; what it scans is the reference.
    pub fn new(model: &'m dyn Model) -> Self {
        Self { model, held: Mutex::default() }
    }

    /// Returns what scans the alternate of a change.
    pub fn alternate<'h>(&'h self, change: &'h Change) -> Alternate<'h, 'm> {
        Alternate { scans: self, change }
    }
}

impl Scans for HeldScans<'_> {
    fn scan(&self, stretch: &Stretch<'_>, cleavage_above: f32) -> Result<StrandScores> {
        let Stretch { strand, start, codes } = *stretch;
        let Some(holder) = self.model.holder() else {
            return self.model.scan(codes, cleavage_above);
        };
        let (scores, scan) = holder.hold(codes, cleavage_above);
        let (range, codes) = (start..start + codes.len() as u64, codes.to_vec());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.push(HeldStretch { strand, range, codes, scan });
        Ok(scores)
    }
}

impl Scans for Alternate<'_, '_> {
    fn scan(&self, stretch: &Stretch<'_>, cleavage_above: f32) -> Result<StrandScores> {
        let held = self.scans.held.lock().unwrap_or_else(PoisonError::into_inner);
        let found = held.iter().find_map(|held| Some((held, held.copy(stretch, self.change)?)));
        match found {
            Some((held, copy)) => Ok(held.scan.scan_copy(&copy, cleavage_above)),
            None => self.scans.model.scan(stretch.codes, cleavage_above),
        }
    }
}

impl HeldStretch<'_> {
    /// Returns how a stretch of the alternate is a copy of this one, if it is.
    fn copy<'s>(&self, stretch: &Stretch<'s>, change: &Change) -> Option<ChangedCopy<'s>> {
        let Stretch { strand, start, codes } = *stretch;
        if strand != self.strand {
            return None;
        }
        let (put_in, removed) = (change.inserted.len() as u64, change.removed);
        let end = start + codes.len() as u64;
        let (at, before) = match strand {
            Strand::Plus => {
                (start.checked_sub(self.range.start)?, change.start.checked_sub(start)?)
            }
            Strand::Minus => {
                let end_in_reference = (end + removed).checked_sub(put_in)?;
                let at = self.range.end.checked_sub(end_in_reference)?;
                (at, end.checked_sub(change.start + put_in)?)
            }
        };
        let sizes = [removed as usize, put_in as usize];
        ChangedCopy::new(&self.codes, codes, at as usize, before as usize, sizes)
    }
}
