//! Sums that stay in registers: a few rows against a few vectors of columns.

use std::ops::Range;

use pulp::Simd;

use super::{Epilogue, Rows, multiply_add};

/// Some columns of a panel against some rows.
pub(super) struct Tile<'a> {
    pub a: &'a Rows<'a>,
    pub rows: Range<usize>,
    pub panel: &'a [f32],
    pub width: usize,
    /// First column within the panel, and within the output.
    pub first: usize,
    pub column: usize,
}

impl Tile<'_> {
    /// Computes as many of the next `vectors` vectors as fill the registers with sums, and returns
    /// how many those are.
    #[inline(always)]
    pub fn best<S: Simd, E: Epilogue>(&self, simd: S, vectors: usize, out: &mut E) -> usize {
        if S::REGISTER_COUNT < 32 {
            // Panels are whole vectors of AVX-512: two of AVX2, four of SSE2, where products need a
            // register before they are added.
            if S::F32_LANES == 4 {
                self.rows::<S, 4, 2, E>(simd, out);
            } else if self.rows.len() < 4 && vectors.is_multiple_of(6) {
                self.one_by_one::<S, 6, E>(simd, self.rows.clone(), out);
                return 6;
            } else {
                self.rows::<S, 6, 2, E>(simd, out);
            }
            return 2;
        }
        if S::F32_LANES == 4 {
            // NEON: 4 x 6 or 6 x 4 sums; few loads of single values, which go through the same units.
            if vectors.is_multiple_of(6) {
                self.rows::<S, 4, 6, E>(simd, out);
                return 6;
            }
            self.rows::<S, 6, 4, E>(simd, out);
            return 4;
        }
        match vectors {
            1 => self.rows::<S, 8, 1, E>(simd, out),
            2 => self.rows::<S, 12, 2, E>(simd, out),
            _ => self.rows::<S, 8, 3, E>(simd, out),
        }
        vectors.min(3)
    }

    /// Computes V vectors of columns, M rows at once as long as there are so many.
    #[inline(always)]
    pub fn rows<S: Simd, const M: usize, const V: usize, E: Epilogue>(&self, simd: S, out: &mut E) {
        let mut row = self.rows.start;
        while row + M <= self.rows.end {
            self.block::<S, M, V, E>(simd, row, out);
            row += M;
        }
        while row + 4 <= self.rows.end {
            self.block::<S, 4, V, E>(simd, row, out);
            row += 4;
        }
        self.one_by_one::<S, V, E>(simd, row..self.rows.end, out);
    }

    #[inline(always)]
    fn one_by_one<S: Simd, const V: usize, E: Epilogue>(
        &self,
        simd: S,
        rows: Range<usize>,
        out: &mut E,
    ) {
        for row in rows {
            self.block::<S, 1, V, E>(simd, row, out);
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
                unrolled!(v < V: [0 1 2 3 4 5] => {
                    // SAFETY: as above.
                    vectors[v] = unsafe { right.add(v).read_unaligned() };
                });
                unrolled!(m < M: [0 1 2 3 4 5 6 7 8 9 10 11] => {
                    // SAFETY: as above.
                    let value = simd.splat_f32s(unsafe { *left.add(m * row_stride) });
                    unrolled!(v < V: [0 1 2 3 4 5] => {
                        sums[m][v] = multiply_add(simd, value, vectors[v], sums[m][v]);
                    });
                });
                left_at += k_stride;
                right_at += self.width;
            }
        }
        unrolled!(m < M: [0 1 2 3 4 5 6 7 8 9 10 11] => {
            out.store(simd, row + m, self.column, sums[m]);
        });
    }
}
