//! Copies of a window in which a stretch is replaced, for models that share nothing between them;
//! what all models check.

use super::card::Task;
use super::strength::log_odds;
use super::{Model, Replacement, Window, check_finite};
use crate::error::{Error, Result};

/// Windows that are predicted in one go.
const TOGETHER: usize = 256;

/// Predicts each copy by itself.
///
/// # Errors
/// Those of the model.
pub(super) fn one_by_one<M: Model + ?Sized>(
    model: &M,
    window: &[u8],
    replacements: &[Replacement<'_>],
) -> Result<Vec<f32>> {
    check(model, window, replacements)?;
    let copies = replacements.iter().flat_map(|replacement| {
        replacement.stretches.chunks_exact(replacement.length).map(|stretch| {
            let mut copy = window.to_vec();
            copy[replacement.bases()].copy_from_slice(stretch);
            copy
        })
    });
    let copies: Vec<Vec<u8>> = copies.collect();
    let is_probability = model.card().task != Task::Strength;
    let mut values = Vec::with_capacity(copies.len());
    for copies in copies.chunks(TOGETHER) {
        let windows: Vec<Window<'_>> = copies.iter().map(|copy| copy.as_slice().into()).collect();
        let mut said = model.predict(&windows)?.values;
        let width = model.outputs().first().map_or(1, |output| output.width);
        let first = said.swap_remove(0).into_iter().step_by(width);
        values.extend(
            first.map(|value| if is_probability { log_odds(value.into()) as f32 } else { value }),
        );
    }
    Ok(values)
}

/// Checks that the model can read the window, and that what is replaced lies in it.
///
/// # Errors
/// If not.
pub(super) fn check<M: Model + ?Sized>(
    model: &M,
    window: &[u8],
    replacements: &[Replacement<'_>],
) -> Result<()> {
    model.input().check(&model.card().name, &[window.into()])?;
    let fits = |replacement: &Replacement<'_>| {
        let Replacement { at, length, stretches } = *replacement;
        let inside = at.checked_add(length).is_some_and(|end| end <= window.len());
        length > 0 && inside && stretches.len().is_multiple_of(length)
    };
    match replacements.iter().position(|replacement| !fits(replacement)) {
        None => Ok(()),
        Some(number) => {
            let problem =
                format!("replacement {number} does not fit a window of {} nt", window.len());
            Err(Error::Internal(problem))
        }
    }
}

/// Checks that every value is a number.
///
/// # Errors
/// Names the first copy without one.
pub(super) fn finite(model: &str, values: Vec<f32>) -> Result<Vec<f32>> {
    check_finite(model, values.chunks(1))?;
    Ok(values)
}
