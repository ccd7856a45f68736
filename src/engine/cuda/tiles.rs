//! The right factor of a product as the kernels read it: tile by tile.

use candle_core::{Device, Result, Tensor};

use super::precision::Precision;

/// Columns of a tile, and what inputs and outputs are padded to.
pub(super) const SIDE: usize = 16;

/// Returns a k x n matrix as tiles of `depth` x 16, one after another along n, then k, on the CPU:
/// (k / depth) x (n / 16) x depth x 16, k and n padded with zeros to multiples of 16. For TF32
/// values are rounded; its cores would cut them off instead.
///
/// # Errors
/// If the matrix does not hold k x n values.
pub fn pack(
    matrix: &[f32],
    k: usize,
    n: usize,
    depth: usize,
    precision: Precision,
) -> Result<Tensor> {
    if matrix.len() != k * n {
        candle_core::bail!("{} values are no {k} x {n} matrix", matrix.len());
    }
    let (rows, columns) = (k.next_multiple_of(SIDE), n.next_multiple_of(SIDE));
    let shape = (rows / depth, columns / SIDE, depth, SIDE);
    let mut tiles = vec![0f32; rows * columns];
    for (at, &value) in matrix.iter().enumerate() {
        tiles[place(at / n, at % n, columns, depth)] = match precision {
            Precision::Tf32 => tf32(value),
            Precision::F32 | Precision::Bf16 => value,
        };
    }
    Tensor::from_vec(tiles, shape, &Device::Cpu)
}

/// Returns where row `k`, column `n` of a packed matrix of `columns` columns lies.
pub(super) fn place(k: usize, n: usize, columns: usize, depth: usize) -> usize {
    ((k / depth * (columns / SIDE) + n / SIDE) * depth + k % depth) * SIDE + n % SIDE
}

/// Rounds to 10 bits of mantissa, halves away from zero.
fn tf32(value: f32) -> f32 {
    f32::from_bits((value.to_bits() + 0x1000) & !0x1fff)
}
