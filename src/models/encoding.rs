//! One-hot encoding for the plain (candle) forms of the models.

use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::genome::sequence::UNKNOWN;

/// Returns equally long sequences as (n x length x 4): A, C, G, T; an unknown base is a zero
/// column.
///
/// # Errors
/// If the lengths differ.
pub fn one_hot(sequences: &[&[u8]], device: &Device) -> Result<Tensor> {
    let length = sequences.first().map_or(0, |first| first.len());
    let mut columns = vec![0f32; sequences.len() * length * 4];
    for (column, &base) in columns.chunks_exact_mut(4).zip(sequences.iter().copied().flatten()) {
        if base < UNKNOWN {
            column[usize::from(base)] = 1.0;
        }
    }
    debug_assert!(sequences.iter().all(|sequence| sequence.len() == length));
    Ok(Tensor::from_vec(columns, (sequences.len(), length, 4), device)?)
}
