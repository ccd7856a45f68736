//! What each hexamer of a site contributes: it is replaced by random ones.
//!
//! Stroup & Ji 2023, Methods: the importance of a hexamer at a place is the log-odds of the
//! sequence less the median of its log-odds with the hexamer replaced by random hexamers.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::statistics::{Data, OrderStatistics};

use super::models::Models;
use crate::context::families::{HEXAMERS, Hexamer, SIX};
use crate::error::Result;
use crate::models::{CENTRE, Replacement, WINDOW};

/// Distance of the first hexamer's first base from the site, nt: -120 to 114 lie in the window.
pub const FIRST: i64 = -(CENTRE as i64);
/// Places of a hexamer in the window.
pub const POSITIONS: usize = WINDOW - SIX + 1;

/// Random hexamers at most: a site's copies are in memory together.
pub const MOST_REPLACEMENTS: usize = 10_000;

/// How hexamers are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Random hexamers for each.
    pub replacements: usize,
    pub seed: u64,
}

/// What the hexamers of a site contribute.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteImportance {
    /// At each place, from [`FIRST`]; none where a base is unknown.
    pub hexamers: Vec<Option<Hexamer>>,
    /// log2 odds of the site's window, of each quantity.
    pub window: Vec<f32>,
    /// Of each quantity at each place, log2 odds; NaN where no hexamer was replaced.
    pub importance: Vec<Vec<f64>>,
}

/// Returns the hexamers of a window, from [`FIRST`].
pub fn hexamers_of(window: &[u8]) -> Vec<Option<Hexamer>> {
    window.windows(SIX).map(Hexamer::of).collect()
}

/// Replaces the hexamers of a window that are `wanted` by place and hexamer. `number` is the
/// site's: what is drawn depends on it and the seed alone.
///
/// # Errors
/// Those of the models.
pub fn importance(
    models: &Models<'_>,
    window: &[u8],
    number: usize,
    settings: Settings,
    wanted: impl Fn(usize, Hexamer) -> bool,
) -> Result<SiteImportance> {
    let hexamers = hexamers_of(window);
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(number as u64);
    let mut places = Vec::new();
    let mut drawn = Vec::new();
    for (at, hexamer) in hexamers.iter().enumerate() {
        if let Some(hexamer) = hexamer.filter(|&hexamer| wanted(at, hexamer)) {
            places.push(at);
            for _ in 0..settings.replacements {
                drawn.extend(other(hexamer, &mut rng).codes());
            }
        }
    }
    let of_each = drawn.chunks_exact((settings.replacements * SIX).max(1));
    let replacements: Vec<Replacement<'_>> = places
        .iter()
        .zip(of_each)
        .map(|(&at, stretches)| Replacement { at, length: SIX, stretches })
        .collect();
    let said = models.copies(window, &replacements)?;
    let reference = models.window(window)?;
    let importance = said.iter().zip(&reference).map(|(said, &reference)| {
        let mut importance = vec![f64::NAN; hexamers.len()];
        for (&at, copies) in places.iter().zip(said.chunks_exact(settings.replacements.max(1))) {
            importance[at] = f64::from(reference) - median(copies);
        }
        importance
    });
    Ok(SiteImportance { importance: importance.collect(), window: reference, hexamers })
}

/// Draws another hexamer, all with the same chance.
fn other(hexamer: Hexamer, rng: &mut ChaCha8Rng) -> Hexamer {
    let number = rng.random_range(0..HEXAMERS - 1);
    Hexamer::numbered(if number >= hexamer.number() { number + 1 } else { number })
}

fn median(values: &[f32]) -> f64 {
    let values: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
    Data::new(values).median()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{FunctionModel, chance};
    use super::*;
    use crate::genome::sequence::encode;

    #[test]
    fn every_other_hexamer_is_drawn_and_never_itself() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for letters in ["AAAAAA", "TTTTTT", "AATAAA"] {
            let own = Hexamer::parse(letters).unwrap();
            let mut seen = vec![false; HEXAMERS];
            for _ in 0..60_000 {
                seen[other(own, &mut rng).number()] = true;
            }
            let unseen: Vec<usize> = (0..HEXAMERS).filter(|&number| !seen[number]).collect();
            assert_eq!(unseen, [own.number()]);
        }
    }

    fn window(letters: &[(usize, &str)]) -> Vec<u8> {
        let mut codes: Vec<u8> = (0..WINDOW).map(|i| [1, 2, 1, 1, 2][i % 5]).collect();
        for (at, letters) in letters {
            codes[*at..at + letters.len()].copy_from_slice(&encode(letters.as_bytes()).unwrap());
        }
        codes
    }

    #[test]
    fn a_hexamer_counts_what_the_model_gives_for_it_and_neighbours_that_break_it_too() {
        let signal = encode(b"AATAAA").unwrap();
        let model = FunctionModel::new(
            move |window: &[u8]| {
                if window[99..105] == signal[..] { 3.0 } else { 1.0 }
            },
        );
        let models = Models::new(&model, None).unwrap();
        let window = window(&[(99, "AATAAA"), (200, "AATAAA"), (30, "N")]);
        let settings = Settings { replacements: 21, seed: 1 };
        let found = importance(&models, &window, 0, settings, |_, _| true).unwrap();
        assert_eq!((found.window[0], found.hexamers.len()), (3.0, POSITIONS));
        for (at, (&value, hexamer)) in found.importance[0].iter().zip(&found.hexamers).enumerate() {
            match at {
                // Unknown bases are not replaced.
                25..=30 => assert!(value.is_nan() && hexamer.is_none(), "{at}"),
                94..=104 => assert_eq!(value, 2.0, "{at}"),
                _ => assert_eq!(value, 0.0, "{at}"),
            }
        }
        // Of those that are wanted the same, where they are drawn alike.
        let only = |at: usize, hexamer: Hexamer| at == 99 && hexamer.to_string() == "AATAAA";
        let few = importance(&models, &window, 0, settings, only).unwrap();
        assert_eq!(few.importance[0].iter().filter(|value| !value.is_nan()).count(), 1);
        assert_eq!(few.importance[0][99], 2.0);
    }

    #[test]
    fn what_is_drawn_depends_on_the_site_and_the_seed() {
        let model = FunctionModel::new(chance);
        let models = Models::new(&model, None).unwrap();
        let window = window(&[]);
        let of = |number, seed| {
            let settings = Settings { replacements: 3, seed };
            importance(&models, &window, number, settings, |_, _| true).unwrap().importance
        };
        assert_eq!(of(4, 1), of(4, 1));
        assert!(of(4, 1) != of(5, 1) && of(4, 1) != of(4, 2));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 9.0]), 3.5);
        assert_eq!(median(&[4.0, 1.0, 9.0]), 4.0);
    }
}
