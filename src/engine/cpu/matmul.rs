//! Matrix products whose every output row is computed by the same chain of operations, wherever the
//! row stands: results do not depend on how a sequence was cut.
//!
//! One product serves all users. The left operand is read in place through strides, so that a
//! dilated convolution over time-major activations is one product without any copy; the right one
//! is packed once. What happens to a finished value (bias, ReLU, residual) is an [`Epilogue`].

// The inner loop reads through strides that were checked before.
#![allow(unsafe_code)]

use pulp::{Simd, WithSimd};

#[cfg(target_arch = "x86_64")]
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

#[cfg(target_arch = "x86_64")]
mod pairs;

/// Columns are padded to a multiple of this: one AVX-512 vector.
pub const LANES: usize = 16;
/// Columns of a full panel: three AVX-512 vectors, so that a tile of 8 rows fills the registers.
const PANEL: usize = 3 * LANES;

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
    values: Vec<f32>,
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
            values: panels(matrix, n, PANEL),
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
        let values = panels(&scaled, n, pairs::PANEL);
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
        let width = PANEL.min(self.width - column);
        (&self.values[column * self.k..][..width * self.k], width)
    }
}

/// Returns a matrix of n columns as panels of up to `panel` columns, padded with zeros to whole
/// vectors.
fn panels(matrix: &[f32], n: usize, panel: usize) -> Vec<f32> {
    let width = padded(n);
    let mut values = Vec::with_capacity(matrix.len() / n.max(1) * width);
    for first in (0..width).step_by(panel) {
        let last = (first + panel).min(width);
        for row in matrix.chunks_exact(n.max(1)) {
            let filled = &row[first.min(n)..last.min(n)];
            values.extend_from_slice(filled);
            values.resize(values.len() + (last - first) - filled.len(), 0.0);
        }
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

/// What is done with each finished vector of a product: `value` holds the columns
/// `column..column + lanes` of `row`. Rows ascend within a column; `lanes` divides 16.
pub trait Epilogue {
    fn store<S: Simd>(&mut self, simd: S, row: usize, column: usize, value: S::f32s);
}

/// Writes the product plus a bias, optionally through a ReLU, to rows of [`Packed::width`] values.
pub struct Affine<'a> {
    pub out: &'a mut [f32],
    /// One value per padded column.
    pub bias: &'a [f32],
    pub relu: bool,
}

impl Epilogue for Affine<'_> {
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, row: usize, column: usize, value: S::f32s) {
        let bias = load::<S>(&self.bias[column..]);
        let mut value = simd.add_f32s(value, bias);
        if self.relu {
            value = rectified::<S>(simd, value);
        }
        let at = row * self.bias.len() + column;
        store::<S>(&mut self.out[at..], value);
    }
}

/// Adds the product to rows of `width` values.
pub struct Accumulate<'a> {
    pub out: &'a mut [f32],
    pub width: usize,
}

impl Epilogue for Accumulate<'_> {
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, row: usize, column: usize, value: S::f32s) {
        let at = row * self.width + column;
        let sum = simd.add_f32s(load::<S>(&self.out[at..]), value);
        store::<S>(&mut self.out[at..], sum);
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
    fn with_simd<S: Simd>(self, simd: S) {
        let mut column = 0;
        while column < self.b.width {
            let (panel, width) = self.b.panel(column);
            // 32 vector registers hold 8 x 3 or 12 x 2 sums, 16 hold 4 x 3 or 6 x 2.
            let mut done = 0;
            while done < width {
                let tile = Tile { a: &self.a, panel, width, first: done, column: column + done };
                let vectors = match (width - done) / S::F32_LANES {
                    // Two tiles of two rather than one of three and a thin one.
                    4 => 2,
                    left => left.min(3),
                };
                match (vectors, S::F32_LANES == LANES) {
                    (3, true) => tile.rows::<S, 8, 3, E>(simd, self.epilogue),
                    (3, false) => tile.rows::<S, 4, 3, E>(simd, self.epilogue),
                    (2, true) => tile.rows::<S, 12, 2, E>(simd, self.epilogue),
                    (2, false) => tile.rows::<S, 6, 2, E>(simd, self.epilogue),
                    _ => tile.rows::<S, 8, 1, E>(simd, self.epilogue),
                }
                done += vectors * S::F32_LANES;
            }
            column += width;
        }
    }
}

/// Returns the first vector of a slice that holds at least one.
#[inline(always)]
pub fn load<S: Simd>(values: &[f32]) -> S::f32s {
    S::as_simd_f32s(values).0[0]
}

/// Writes a vector to the start of a slice that has room for it.
#[inline(always)]
pub fn store<S: Simd>(values: &mut [f32], vector: S::f32s) {
    S::as_mut_simd_f32s(values).0[0] = vector;
}

/// Returns the ReLU of a vector. NaN is propagated: in this order of arguments x86 hands it on, and
/// so do the others in either.
#[inline(always)]
pub fn rectified<S: Simd>(simd: S, vector: S::f32s) -> S::f32s {
    simd.max_f32s(simd.splat_f32s(0.0), vector)
}

/// Some columns of a panel against all rows.
struct Tile<'a> {
    a: &'a Rows<'a>,
    panel: &'a [f32],
    width: usize,
    /// First column within the panel, and within the output.
    first: usize,
    column: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn rows<S: Simd, const M: usize, const V: usize, E: Epilogue>(&self, simd: S, out: &mut E) {
        let mut row = 0;
        while row + M <= self.a.rows {
            self.block::<S, M, V, E>(simd, row, out);
            row += M;
        }
        while row + 4 <= self.a.rows {
            self.block::<S, 4, V, E>(simd, row, out);
            row += 4;
        }
        while row < self.a.rows {
            self.block::<S, 1, V, E>(simd, row, out);
            row += 1;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const M: usize, const V: usize, E: Epilogue>(
        &self,
        simd: S,
        row: usize,
        out: &mut E,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        let (row_stride, k_stride) = (self.a.row_stride, self.a.k_stride);
        let mut right_at = self.first;
        for &segment in self.a.segments {
            let mut left_at = segment + row * row_stride;
            for _ in 0..self.a.length {
                // SAFETY: `product` checked that segment + row * row_stride + i * k_stride lies
                // inside `data` for every row below `rows` (row + M <= rows here), and that the
                // segments' lengths add up to the panel's k rows of `width` values; V vectors from
                // `first` end within `width`. The reads are unaligned.
                let left = unsafe { self.a.data.as_ptr().add(left_at) };
                let right = unsafe { self.panel.as_ptr().add(right_at).cast::<S::f32s>() };
                let mut vectors = [simd.splat_f32s(0.0); V];
                unrolled!(v < V: [0 1 2] => {
                    // SAFETY: as above.
                    vectors[v] = unsafe { right.add(v).read_unaligned() };
                });
                unrolled!(m < M: [0 1 2 3 4 5 6 7 8 9 10 11] => {
                    // SAFETY: as above.
                    let value = simd.splat_f32s(unsafe { *left.add(m * row_stride) });
                    unrolled!(v < V: [0 1 2] => {
                        sums[m][v] = simd.mul_add_e_f32s(value, vectors[v], sums[m][v]);
                    });
                });
                left_at += k_stride;
                right_at += self.width;
            }
        }
        unrolled!(m < M: [0 1 2 3 4 5 6 7 8 9 10 11] => {
            unrolled!(v < V: [0 1 2] => {
                out.store(simd, row + m, self.column + v * S::F32_LANES, sums[m][v]);
            });
        });
    }
}

#[cfg(test)]
mod tests;
