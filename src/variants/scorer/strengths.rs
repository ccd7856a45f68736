//! The strengths that a batch of changes needs: every different window once, and of a window in
//! which a change replaces a few bases only what these alter.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::models::{Model, Replacement, Window};

/// Windows that are predicted in one go: between two it is asked whether to stop.
const PER_CALL: usize = 512;
/// Bases that differ between two windows of which one is computed as a copy of the other, at most.
const LONGEST: usize = 8;

/// Where the strength of a window will be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    window: usize,
    /// Of the window itself, or of one of its copies.
    copy: Option<usize>,
}

/// A window whose strength is wanted, and its copies.
struct Wanted {
    codes: Vec<u8>,
    /// First base that is replaced, and what stands there instead.
    copies: Vec<(usize, Vec<u8>)>,
}

/// The windows of a batch.
pub struct StrengthWindows {
    /// Whether the model computes copies by what is replaced.
    shares: bool,
    wanted: Vec<Wanted>,
    /// By codes.
    places: HashMap<Vec<u8>, usize>,
}

impl StrengthWindows {
    /// Returns an empty list for a model.
    pub fn new(model: Option<&dyn Model>) -> Self {
        let shares = model.is_some_and(Model::shares_copies);
        Self { shares, wanted: Vec::new(), places: HashMap::new() }
    }

    /// Asks for the windows of both haplotypes.
    pub fn pair(&mut self, [reference, alternate]: [Vec<u8>; 2]) -> [Place; 2] {
        let differ = |i: &usize| reference[*i] != alternate[*i];
        let first = (0..reference.len()).find(differ);
        let last = (0..reference.len()).rfind(differ);
        let (Some(first), Some(last)) = (first, last) else {
            let place = self.window(reference);
            return [place; 2];
        };
        if !self.shares || last - first >= LONGEST {
            return [reference, alternate].map(|window| self.window(window));
        }
        let of_reference = self.window(reference);
        let copies = &mut self.wanted[of_reference.window].copies;
        let copy = (first, alternate[first..=last].to_vec());
        let there = copies.iter().position(|other| *other == copy);
        let number = there.unwrap_or_else(|| {
            copies.push(copy);
            copies.len() - 1
        });
        [of_reference, Place { copy: Some(number), ..of_reference }]
    }

    fn window(&mut self, codes: Vec<u8>) -> Place {
        let wanted = &mut self.wanted;
        let window = *self.places.entry(codes).or_insert_with_key(|codes| {
            wanted.push(Wanted { codes: codes.clone(), copies: Vec::new() });
            wanted.len() - 1
        });
        Place { window, copy: None }
    }

    /// Predicts all strengths, log2 odds; `stop` says whether to give up.
    ///
    /// # Errors
    /// Those of the model; [`Error::Interrupted`].
    pub fn predict(self, model: &dyn Model, stop: &dyn Fn() -> bool) -> Result<Strengths> {
        let mut values: Vec<Vec<f32>> = vec![Vec::new(); self.wanted.len()];
        let alone = (0..values.len()).filter(|&i| self.wanted[i].copies.is_empty());
        let alone: Vec<usize> = alone.collect();
        for numbers in alone.chunks(PER_CALL) {
            if stop() {
                return Err(Error::Interrupted);
            }
            let codes = numbers.iter().map(|&i| Window::from(self.wanted[i].codes.as_slice()));
            let codes: Vec<Window<'_>> = codes.collect();
            let said = model.predict(&codes)?.values.swap_remove(0);
            numbers.iter().zip(said).for_each(|(&i, value)| values[i].push(value));
        }
        for (Wanted { codes, copies }, values) in self.wanted.iter().zip(&mut values) {
            let Some((at, _)) = copies.first() else { continue };
            if stop() {
                return Err(Error::Interrupted);
            }
            // The window itself is the copy in which a base stands for itself.
            let itself = Replacement { at: *at, length: 1, stretches: &codes[*at..=*at] };
            let copies = copies.iter().map(|(at, stretch)| Replacement {
                at: *at,
                length: stretch.len(),
                stretches: stretch,
            });
            let all: Vec<Replacement<'_>> = std::iter::once(itself).chain(copies).collect();
            *values = model.predict_copies(codes, &all)?;
        }
        Ok(Strengths { values })
    }
}

/// Strengths by place, log2 odds: of each window that of itself, then those of its copies.
#[derive(Default)]
pub struct Strengths {
    values: Vec<Vec<f32>>,
}

impl Strengths {
    /// Returns the strength of a window.
    pub fn at(&self, place: Place) -> f64 {
        self.values[place.window][place.copy.map_or(0, |copy| copy + 1)].into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device::Workers;
    use crate::models::{WINDOW, registry};

    /// Single bases, several, many, and none.
    #[test]
    fn strengths_are_those_of_each_window_by_itself() {
        let model = registry::load("default-strength", &Workers::CPU).unwrap();
        let codes = |seed: usize| -> Vec<u8> {
            (0..WINDOW).map(|i| ((i * 7 + i / 3 * seed + i * i / 11) % 4) as u8).collect()
        };
        let mut wanted = StrengthWindows::new(Some(model.as_ref()));
        let mut asked = Vec::new();
        for seed in 0..3 {
            for range in [0..1, 239..240, 120..121, 100..104, 20..60, 0..0] {
                let (reference, mut alternate) = (codes(seed), codes(seed));
                alternate[range].iter_mut().for_each(|code| *code = 3 - *code);
                let places = wanted.pair([reference.clone(), alternate.clone()]);
                asked.extend([reference, alternate].into_iter().zip(places));
            }
        }
        let strengths = wanted.predict(model.as_ref(), &|| false).unwrap();
        for (codes, place) in asked {
            let alone = model.predict(&[Window::from(codes.as_slice())]).unwrap().values[0][0];
            assert_eq!(strengths.at(place), f64::from(alone), "{place:?}");
        }
    }
}
