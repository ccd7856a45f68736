//! Windows here and there, by a model that scans: those that are near each other in one scan.

use super::{Model, StrandScores, WINDOW};
use crate::error::{Error, Result, WindowPlace};

/// Checks that windows which begin at `starts` lie in `sequence`.
///
/// # Errors
/// If one does not.
pub fn check(sequence: &[u8], starts: &[usize]) -> Result<()> {
    let windows = (sequence.len() + 1).saturating_sub(WINDOW);
    match starts.iter().find(|&&start| start >= windows) {
        Some(start) => Err(Error::Internal(format!("window at {start} of {} nt", sequence.len()))),
        None => Ok(()),
    }
}

/// [`Model::scan_at`] in as many scans as there are stretches of windows; what lies between two is
/// computed with them where that is less work ([`Model::windows_per_stretch`]).
///
/// # Errors
/// As [`Model::scan_at`].
pub fn scan_at<M: Model + ?Sized>(
    model: &M,
    sequence: &[u8],
    starts: &[usize],
    cleavage_above: f32,
) -> Result<StrandScores> {
    check(sequence, starts)?;
    let mut scores = StrandScores::default();
    let gap = model.windows_per_stretch();
    let mut before = 0;
    for stretch in starts.chunk_by(|start, next| next - start <= gap + 1) {
        let (Some(&first), Some(&last)) = (stretch.first(), stretch.last()) else { continue };
        // Where what lies between two windows fails, the second is named.
        let index_of = |at: usize| before + stretch.partition_point(|&start| start < first + at);
        let said = model
            .scan(&sequence[first..last + WINDOW], cleavage_above)
            .map_err(|error| error.at_window(|at| WindowPlace::Number(index_of(at))))?;
        let wanted = stretch.iter().filter_map(|start| said.probability.get(start - first));
        scores.probability.extend(wanted);
        let wanted = said
            .cleavage
            .into_iter()
            .filter(|(at, _)| stretch.binary_search(&(first + at)).is_ok());
        scores.cleavage.extend(wanted.map(|(at, vector)| (index_of(at), vector)));
        before += stretch.len();
    }
    Ok(scores)
}

#[cfg(test)]
mod tests;
