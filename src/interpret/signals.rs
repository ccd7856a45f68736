//! How strong each polyA signal is: AATAAA of real sites changed to each of the others.
//!
//! Stroup & Ji 2023, Figure S4f.

use super::models::{Models, Quantity};
use super::statistics::Moments;
use crate::context::families::{Family, Hexamer, SIX};
use crate::context::signal::strongest;
use crate::error::Result;
use crate::models::{CENTRE, Replacement};

/// What a site's signal is compared with.
const CANONICAL: &str = "AATAAA";

/// Changes by signal over sites.
#[derive(Clone, Debug)]
pub struct Signals {
    pub quantities: Vec<Quantity>,
    /// Sites with AATAAA.
    pub sites: u64,
    /// Every signal but AATAAA, with the change that it makes in each quantity, log2 odds.
    pub changes: Vec<(Hexamer, Vec<Moments>)>,
}

/// What a site says of each signal: by quantity and signal.
pub type Change = Vec<Vec<f32>>;

impl Signals {
    /// Starts with no site.
    pub fn new(quantities: Vec<Quantity>) -> Self {
        let none = vec![Moments::default(); quantities.len()];
        let changes = others().into_iter().map(|signal| (signal, none.clone())).collect();
        Self { quantities, sites: 0, changes }
    }

    /// Adds what a site says, if it has AATAAA.
    pub fn add(&mut self, change: Option<&Change>) {
        let Some(change) = change else { return };
        self.sites += 1;
        for (number, (_, moments)) in self.changes.iter_mut().enumerate() {
            for (moments, of_quantity) in moments.iter_mut().zip(change) {
                moments.add(of_quantity[number].into());
            }
        }
    }
}

/// Returns every signal but AATAAA, in alphabetical order.
fn others() -> Vec<Hexamer> {
    let signals = Hexamer::all().filter(|hexamer| hexamer.families().any(Family::is_signal));
    signals.filter(|hexamer| !Family::Aataaa.holds(*hexamer)).collect()
}

/// Changes the AATAAA of a window to each other signal, if it is the window's signal; `own` are the
/// log2 odds of the window itself.
///
/// # Errors
/// Those of the models.
pub fn change(models: &Models<'_>, window: &[u8], own: &[f32]) -> Result<Option<Change>> {
    let found = strongest(&window[..CENTRE]).filter(|(signal, _)| *signal == CANONICAL);
    let Some((_, distance)) = found else { return Ok(None) };
    let stretches: Vec<u8> = others().into_iter().flat_map(Hexamer::codes).collect();
    let replacement = Replacement { at: CENTRE - distance, length: SIX, stretches: &stretches };
    let mut said = models.copies(window, &[replacement])?;
    for (values, own) in said.iter_mut().zip(own) {
        values.iter_mut().for_each(|value| *value -= own);
    }
    Ok(Some(said))
}
