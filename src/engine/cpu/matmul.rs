//! Matrix products whose every output row is computed by the same chain of operations, wherever the
//! row stands: results do not depend on how a sequence was cut.
//!
//! One product serves all users. The left operand is read in place through strides, so that a
//! dilated convolution over time-major activations is one product without any copy; the right one
//! is packed once. What happens to a finished value (bias, ReLU, residual) is an [`Epilogue`].

// The inner loop reads through strides that were checked before.
#![allow(unsafe_code)]

use std::ops::Range;

use pulp::{Simd, WithSimd};

#[cfg(any(target_arch = "x86_64", test))]
use super::simd::Path;
use super::simd::dispatch;

/// Writes a loop over a constant range out, so that arrays of vectors stay in registers: compilers
/// do not reliably unroll it before they decide that.
macro_rules! unrolled {
    ($i:ident < $n:ident: [$($value:literal)*] => $body:block) => {
        $(if $value < $n {
            #[allow(non_upper_case_globals)]
            const $i: usize = $value;
            $body
        })*
    };
}

mod aligned;
mod epilogue;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod tile;

use aligned::Aligned;
pub use epilogue::{
    Accumulate, Affine, Epilogue, load, multiply_add, rectified, store, vectors, vectors_mut,
};
use tile::Tile;

/// Columns are padded to a multiple of this: one AVX-512 vector.
pub const LANES: usize = 16;
/// Columns of a full panel: three AVX-512 vectors, so that a tile of 8 rows fills the registers.
const PANEL: usize = 3 * LANES;

/// Returns the width of the first panel of so many padded columns.
fn panel_width(columns: usize) -> usize {
    // Two panels of two vectors rather than one of three and a thin one.
    if columns == PANEL + LANES { 2 * LANES } else { columns.min(PANEL) }
}

/// Rows that are multiplied by all panels before the next ones: they stay in the cache. A multiple
/// of every tile's rows.
const TOGETHER: usize = 96;

/// Returns `columns` rounded up to whole vectors.
pub fn padded(columns: usize) -> usize {
    columns.div_ceil(LANES) * LANES
}

/// Returns values, such as a bias, with zeros up to whole vectors.
pub fn pad(values: &[f32]) -> Vec<f32> {
    let mut wide = values.to_vec();
    wide.resize(padded(values.len()), 0.0);
    wide
}

/// A k x n matrix, cut into panels of up to 48 columns (32 in pairs), each panel stored row by row.
#[derive(Clone, Debug)]
pub struct Packed {
    k: usize,
    width: usize,
    values: Aligned,
    #[cfg(target_arch = "x86_64")]
    pairs: Option<pairs::Pairs>,
}

impl Packed {
    /// Packs a row-major k x n matrix; columns are padded with zeros to a multiple of 16.
    ///
    /// # Panics
    /// If `matrix` does not hold k x n values.
    pub fn new(matrix: &[f32], k: usize, n: usize) -> Self {
        assert_eq!(Some(matrix.len()), k.checked_mul(n), "a packed matrix needs all its values");
        Self {
            k,
            width: padded(n),
            values: panels(matrix, n, panel_width),
            #[cfg(target_arch = "x86_64")]
            pairs: None,
        }
    }

    /// Packs as [`Packed::new`], for the fastest product of the current path. Only for left
    /// operands with one or three segments of neighbours (`k_stride` 1), whose values are of the
    /// order of 1.
    ///
    /// # Panics
    /// As [`Packed::new`].
    pub fn fast(matrix: &[f32], k: usize, n: usize) -> Self {
        #[cfg(target_arch = "x86_64")]
        if Path::current() == Path::Avx512Pairs && padded(n).is_multiple_of(pairs::PANEL) {
            return Self::in_pairs(matrix, k, n);
        }
        Self::new(matrix, k, n)
    }

    /// Packs for [`pairs`]: whole panels of 32 columns, on a CPU with AVX-512.
    #[cfg(target_arch = "x86_64")]
    fn in_pairs(matrix: &[f32], k: usize, n: usize) -> Self {
        assert_eq!(Some(matrix.len()), k.checked_mul(n), "a packed matrix needs all its values");
        let (scaled, pairs) = pairs::prepare(matrix, k, n);
        let values = panels(&scaled, n, |_| pairs::PANEL);
        Self { k, width: padded(n), values, pairs: Some(pairs) }
    }

    /// Returns whether it is packed for [`pairs`].
    #[cfg(test)]
    fn is_in_pairs(&self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.pairs.is_some();
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// Returns the number of columns including padding: the width of an output row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the panel that starts at `column`, and its width.
    fn panel(&self, column: usize) -> (&[f32], usize) {
        let width = panel_width(self.width - column);
        (&self.values[column * self.k..][..width * self.k], width)
    }
}

/// Returns a matrix of n columns as panels, padded with zeros to whole vectors; `panel` says how
/// wide the first panel of so many columns is.
fn panels(matrix: &[f32], n: usize, panel: impl Fn(usize) -> usize) -> Aligned {
    let width = padded(n);
    let mut values = Aligned::zeros(matrix.len() / n.max(1) * width);
    let (mut first, mut at) = (0, 0);
    while first < width {
        let last = first + panel(width - first);
        for row in matrix.chunks_exact(n.max(1)) {
            let filled = &row[first.min(n)..last.min(n)];
            values[at..at + filled.len()].copy_from_slice(filled);
            at += last - first;
        }
        first = last;
    }
    values
}

/// The left operand: element (row, k) is
/// `data[segments[k / length] + row * row_stride + (k % length) * k_stride]`.
///
/// A dilated convolution of width 3 over time-major activations of C channels has the segments
/// 0, dC, 2dC of length C, row stride C and k stride 1.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T = f32> {
    pub data: &'a [T],
    pub rows: usize,
    pub row_stride: usize,
    pub segments: &'a [usize],
    /// Values per segment.
    pub length: usize,
    pub k_stride: usize,
}

impl<'a, T> Rows<'a, T> {
    /// Returns a row-major rows x k matrix as an operand.
    pub fn matrix(data: &'a [T], rows: usize, k: usize) -> Self {
        Self { data, rows, row_stride: k, segments: &[0], length: k, k_stride: 1 }
    }

    /// Returns whether every element lies inside `data`; sizes that overflow do not.
    pub(super) fn fits(&self) -> bool {
        if self.rows == 0 || self.length == 0 {
            return true;
        }
        let last_segment = self.segments.iter().copied().max().unwrap_or(0);
        let last_row = (self.rows - 1).checked_mul(self.row_stride);
        let last_k = (self.length - 1).checked_mul(self.k_stride);
        let last = last_row.zip(last_k).and_then(|(row, k)| row.checked_add(k));
        let last = last.and_then(|offset| offset.checked_add(last_segment));
        last.is_some_and(|last| last < self.data.len())
    }
}

/// Computes `a * b` and hands every value to `epilogue`.
///
/// # Panics
/// If `a` reads outside its data or its k differs from b's.
pub fn product<E: Epilogue>(a: Rows<'_>, b: &Packed, epilogue: &mut E) {
    assert!(a.fits(), "left operand reads outside its data");
    assert_eq!(a.segments.len().checked_mul(a.length), Some(b.k), "inner dimensions differ");
    #[cfg(target_arch = "x86_64")]
    if let Some(pairs) = &b.pairs {
        return pairs::product(a, b, pairs, epilogue);
    }
    dispatch(Product { a, b, epilogue });
}

struct Product<'a, E> {
    a: Rows<'a>,
    b: &'a Packed,
    epilogue: &'a mut E,
}

impl<E: Epilogue> WithSimd for Product<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for first in (0..self.a.rows).step_by(TOGETHER) {
            let rows = first..self.a.rows.min(first + TOGETHER);
            let mut column = 0;
            while column < self.b.width {
                column += self.panel(simd, &rows, column);
            }
        }
    }
}

impl<E: Epilogue> Product<'_, E> {
    /// Multiplies rows by the panel that starts at `column`; returns its width.
    #[inline(always)]
    fn panel<S: Simd>(&mut self, simd: S, rows: &Range<usize>, column: usize) -> usize {
        let (panel, width) = self.b.panel(column);
        let mut first = 0;
        while first < width {
            let rows = rows.clone();
            let tile = Tile { a: &self.a, rows, panel, width, first, column: column + first };
            let vectors = (width - first) / S::F32_LANES;
            first += S::F32_LANES * tile.best(simd, vectors, self.epilogue);
        }
        width
    }
}

#[cfg(test)]
mod tests;
