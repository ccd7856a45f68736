//! Matrix products whose every output row is computed by the same chain of operations, wherever the
//! row stands: results do not depend on how a sequence was cut.
//!
//! One product serves all users. The left operand is read in place through strides, so that a
//! dilated convolution over time-major activations is one product without any copy; the right one
//! is packed once. What happens to a finished value (bias, ReLU, residual) is an [`Epilogue`].

// The inner loop reads through strides that were checked before.
#![allow(unsafe_code)]

use pulp::{Arch, Simd, WithSimd};

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

/// A k x n matrix, cut into panels of up to 48 columns, each panel stored row by row.
#[derive(Clone, Debug)]
pub struct Packed {
    k: usize,
    width: usize,
    values: Vec<f32>,
}

impl Packed {
    /// Packs a row-major k x n matrix; columns are padded with zeros to a multiple of 16.
    ///
    /// # Panics
    /// If `matrix` does not hold k x n values.
    pub fn new(matrix: &[f32], k: usize, n: usize) -> Self {
        assert_eq!(matrix.len(), k * n, "a packed matrix needs all its values");
        let width = padded(n);
        let mut values = Vec::with_capacity(k * width);
        for first in (0..width).step_by(PANEL) {
            let last = (first + PANEL).min(width);
            for row in matrix.chunks_exact(n.max(1)) {
                let filled = &row[first.min(n)..last.min(n)];
                values.extend_from_slice(filled);
                values.resize(values.len() + (last - first) - filled.len(), 0.0);
            }
        }
        Self { k, width, values }
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

/// The left operand: element (row, k) is
/// `data[segments[k / length] + row * row_stride + (k % length) * k_stride]`.
///
/// A dilated convolution of width 3 over time-major activations of C channels has the segments
/// 0, dC, 2dC of length C, row stride C and k stride 1.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub row_stride: usize,
    pub segments: &'a [usize],
    /// Values per segment.
    pub length: usize,
    pub k_stride: usize,
}

impl<'a> Rows<'a> {
    /// Returns a row-major rows x k matrix as an operand.
    pub fn matrix(data: &'a [f32], rows: usize, k: usize) -> Self {
        Self { data, rows, row_stride: k, segments: &[0], length: k, k_stride: 1 }
    }

    /// Returns whether every element lies inside `data`.
    fn fits(&self) -> bool {
        let last_segment = self.segments.iter().copied().max().unwrap_or(0);
        self.rows == 0
            || self.length == 0
            || last_segment + (self.rows - 1) * self.row_stride + (self.length - 1) * self.k_stride
                < self.data.len()
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
    assert_eq!(a.segments.len() * a.length, b.k, "inner dimensions differ");
    Arch::new().dispatch(Product { a, b, epilogue });
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

/// Returns the ReLU of a vector. What is no number stays none: in this order of arguments x86 hands
/// it on, and so do the others in either.
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(n: usize, seed: u32) -> Vec<f32> {
        (0..n as u32)
            .map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed) >> 8) as f32 / 16_777_216.0 - 0.5)
            .collect()
    }

    proptest! {
        #[test]
        fn equals_the_sum_over_k_for_any_size(rows in 1usize..40, k in 1usize..30, n in 1usize..130, taps in 1usize..4, seed: u32) {
            let data = values((rows + 2 * taps) * k, seed);
            let right = values(taps * k * n, seed ^ 77);
            let segments: Vec<usize> = (0..taps).map(|t| 2 * t * k).collect();
            let a = Rows { data: &data, rows, row_stride: k, segments: &segments, length: k, k_stride: 1 };
            let packed = Packed::new(&right, taps * k, n);
            let bias = vec![0.0; packed.width()];
            let mut out = vec![0.0; rows * packed.width()];
            product(a, &packed, &mut Affine { out: &mut out, bias: &bias, relu: false });
            for r in 0..rows {
                for c in 0..n {
                    let expected: f64 = (0..taps * k)
                        .map(|i| f64::from(data[segments[i / k] + r * k + i % k]) * f64::from(right[i * n + c]))
                        .sum();
                    prop_assert!((f64::from(out[r * packed.width() + c]) - expected).abs() < 1e-4);
                }
            }
        }

        #[test]
        fn a_row_has_the_same_bits_wherever_it_stands(rows in 2usize..30, n in 1usize..100, row in 0usize..30, seed: u32) {
            let (k, row) = (17, row % rows);
            let data = values(rows * k, seed);
            let packed = Packed::new(&values(k * n, seed ^ 5), k, n);
            let bias = values(packed.width(), 3);
            let w = packed.width();
            let mut all = vec![0.0; rows * w];
            product(Rows::matrix(&data, rows, k), &packed, &mut Affine { out: &mut all, bias: &bias, relu: true });
            let mut one = vec![0.0; w];
            product(Rows::matrix(&data[row * k..][..k], 1, k), &packed, &mut Affine { out: &mut one, bias: &bias, relu: true });
            prop_assert_eq!(&all[row * w..][..w], &one[..]);
        }
    }

    /// Each kind of CPU has its own tiles; every path with fused multiply-adds gives the same bits.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn narrower_vectors_give_the_same() {
        let (rows, k) = (25, 9);
        for n in [16, 32, 48, 80] {
            let data = values(rows * k, 1);
            let (packed, bias) = (Packed::new(&values(k * n, 2), k, n), vec![0.0; n]);
            let run = |call: &dyn Fn(Product<'_, Affine<'_>>)| {
                let mut out = vec![0.0; rows * n];
                let mut epilogue = Affine { out: &mut out, bias: &bias, relu: false };
                let a = Rows::matrix(&data, rows, k);
                call(Product { a, b: &packed, epilogue: &mut epilogue });
                out
            };
            let best = run(&|product| Arch::new().dispatch(product));
            let plain = run(&|product| product.with_simd(pulp::Scalar::new()));
            assert!(best.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5));
            if let Some(avx2) = pulp::x86::V3::try_new() {
                assert_eq!(run(&|product| Simd::vectorize(avx2, product)), best);
            }
        }
    }
}
