//! Products that add as much as they multiply.
//!
//! Winograd's inner product (IEEE Trans. Computers C-17, 693, 1968) makes one multiplication of
//! two: `x0 y0 + x1 y1 = (x0 + y1)(x1 + y0) - x0 x1 - y0 y1`, where the last two terms depend on a
//! row or on a column alone. A CPU with adders beside its multiply-add units does the additions for
//! free: with two thirds of k in pairs and one third as it is, both are busy, and a product takes
//! two thirds of the time that its multiply-adds alone would need.
//!
//! Index k is cut into three streams of k / 3; the first two form the pairs. Rounding grows with
//! (|x| + |y|)^2, so the right operand is scaled, by a power of two, to the order of the left.

use std::arch::asm;
use std::arch::x86_64::{__m512, _MM_HINT_T1, _mm_prefetch, _mm512_setzero_ps};
use std::mem::offset_of;

use pulp::x86::V4;
use pulp::{NullaryFnOnce, Simd, f32x16};

use super::{Epilogue, LANES, Packed, Rows, padded};

/// Columns of a panel: two vectors, so that 12 rows of sums leave registers for three streams.
pub const PANEL: usize = 2 * LANES;
const VECTORS: usize = PANEL / LANES;
/// Rows of a full tile, and its vectors.
const TILE: usize = 12;
const SUMS: usize = TILE * VECTORS;

/// What a matrix packed in pairs needs beside its scaled values.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// Sum of y0 y1 of each padded column, of scaled values.
    columns: Vec<f32>,
    /// What undoes the scale.
    unscale: f32,
}

/// Returns the matrix scaled to the order of 1, and what belongs to it.
pub fn prepare(matrix: &[f32], k: usize, n: usize) -> (Vec<f32>, Pairs) {
    let squares: f64 = matrix.iter().map(|&y| f64::from(y).powi(2)).sum();
    let size = (squares / matrix.len().max(1) as f64).sqrt();
    // A matrix of zeros, or with NaN or infinity in it, stays as it is.
    let power = if size.is_normal() { size.log2().round().clamp(-60.0, 60.0) as i32 } else { 0 };
    let scale = 2f32.powi(-power);
    let scaled: Vec<f32> = matrix.iter().map(|y| y * scale).collect();
    let mut columns = vec![0f32; padded(n)];
    for (first, second) in pair_rows(&scaled, k / 3, n) {
        for ((sum, y0), y1) in columns.iter_mut().zip(first).zip(second) {
            *sum = y0.mul_add(*y1, *sum);
        }
    }
    (scaled, Pairs { columns, unscale: 2f32.powi(power) })
}

/// Returns the rows of a matrix that make pairs.
fn pair_rows(matrix: &[f32], stream: usize, n: usize) -> impl Iterator<Item = (&[f32], &[f32])> {
    let (first, rest) = matrix.split_at(stream * n);
    first.chunks_exact(n.max(1)).zip(rest.chunks_exact(n.max(1)))
}

/// Computes `a * b` as [`super::product`], which has checked that `a` fits.
///
/// # Panics
/// If `a` has other than one or three segments, or strides in k.
pub fn product<E: Epilogue>(a: Rows<'_>, b: &Packed, pairs: &Pairs, epilogue: &mut E) {
    assert!(matches!(a.segments.len(), 1 | 3) && a.k_stride == 1, "segments that make no pairs");
    let Some(simd) = V4::try_new() else {
        unreachable!("packed in pairs on a CPU without AVX-512");
    };
    simd.vectorize(Product { simd, a, b, pairs, epilogue });
}

struct Product<'a, E> {
    simd: V4,
    a: Rows<'a>,
    b: &'a Packed,
    pairs: &'a Pairs,
    epilogue: &'a mut E,
}

impl<E: Epilogue> NullaryFnOnce for Product<'_, E> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, a, b, pairs, epilogue } = self;
        let stream = b.k / 3;
        let starts = match *a.segments {
            [x0, x1, x2] => [x0, x1, x2],
            _ => [0, stream, 2 * stream].map(|start| a.segments[0] + start),
        };
        let mut rows = vec![0f32; a.rows];
        for (row, sum) in rows.iter_mut().enumerate() {
            let [x0, x1, _] = starts.map(|start| start + row * a.row_stride);
            *sum = -dot(simd, &a.data[x0..x0 + stream], &a.data[x1..x1 + stream]);
        }
        let mut frame = Frame {
            columns: [0.0; PANEL],
            rows: [0.0; TILE],
            turns_end: std::ptr::null(),
            panel_end: std::ptr::null(),
        };
        let unscale = simd.splat_f32x16(pairs.unscale);
        for column in (0..b.width).step_by(PANEL) {
            let panel = &b.values[column * b.k..][..PANEL * b.k];
            frame.columns.copy_from_slice(&pairs.columns[column..column + PANEL]);
            frame.turns_end = panel[stream * PANEL..].as_ptr();
            frame.panel_end = panel.as_ptr_range().end;
            let part = Part { a: &a, starts, stream, panel };
            let next = b.values.get((column + PANEL) * b.k..).unwrap_or_default();
            let mut row = 0;
            while row + TILE <= a.rows {
                frame.rows.copy_from_slice(&rows[row..row + TILE]);
                part.prefetch(row / TILE, a.rows / TILE, next);
                // SAFETY: `vectorize` runs this on a CPU with AVX-512; the rows are there.
                let sums = unsafe { part.full_tile(row, &frame) };
                unrolled!(m < TILE: [0 1 2 3 4 5 6 7 8 9 10 11] => {
                    let sums: [f32x16; VECTORS] = std::array::from_fn(|v| sums[m * VECTORS + v]);
                    let values = sums.map(|sum| simd.mul_f32x16(sum, unscale));
                    epilogue.store(simd, row + m, column, values);
                });
                row += TILE;
            }
            while row < a.rows {
                frame.rows[0] = rows[row];
                let sums = part.thin_tile(simd, row, &frame);
                epilogue.store(simd, row, column, sums.map(|sum| simd.mul_f32x16(sum, unscale)));
                row += 1;
            }
        }
    }
}

/// Returns the inner product of two slices of one length: lane by lane, then the lanes.
#[inline(always)]
fn dot(simd: V4, a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (V4::as_simd_f32s(a), V4::as_simd_f32s(b));
    let mut sum = simd.splat_f32s(0.0);
    for (a, b) in a.iter().zip(b) {
        sum = simd.mul_add_e_f32s(*a, *b, sum);
    }
    let rest = (simd.partial_load_f32s(a_rest), simd.partial_load_f32s(b_rest));
    simd.reduce_sum_f32s(simd.mul_add_e_f32s(rest.0, rest.1, sum))
}

/// What a tile works on; the assembly knows the offsets.
#[repr(C, align(64))]
struct Frame {
    /// Pairs of the panel's columns.
    columns: [f32; PANEL],
    /// Minus the pairs of the rows.
    rows: [f32; TILE],
    /// Where the panel's first stream and the panel end.
    turns_end: *const f32,
    panel_end: *const f32,
}

/// Writes a piece of the assembly out for each of the 12 rows: its sums, its number, and where it
/// lies from the first one.
macro_rules! tile {
    ($piece:ident) => {
        concat!(
            row!($piece, "zmm0", "zmm1", 0, ""),
            row!($piece, "zmm2", "zmm3", 1, " + {r1}"),
            row!($piece, "zmm4", "zmm5", 2, " + 2*{r1}"),
            row!($piece, "zmm6", "zmm7", 3, " + {r3}"),
            row!($piece, "zmm8", "zmm9", 4, " + 4*{r1}"),
            row!($piece, "zmm10", "zmm11", 5, " + {r5}"),
            row!($piece, "zmm12", "zmm13", 6, " + 2*{r3}"),
            row!($piece, "zmm14", "zmm15", 7, " + {r7}"),
            row!($piece, "zmm16", "zmm17", 8, " + 8*{r1}"),
            row!($piece, "zmm18", "zmm19", 9, " + {r9}"),
            row!($piece, "zmm20", "zmm21", 10, " + 2*{r5}"),
            row!($piece, "zmm22", "zmm23", 11, " + {r11}"),
        )
    };
}

macro_rules! row {
    (begin, $sum0:literal, $sum1:literal, $row:literal, $place:literal) => {
        concat!(
            "vbroadcastss zmm30, dword ptr [{f} + {rows} + 4*",
            $row,
            "]\n",
            "vsubps ",
            $sum0,
            ", zmm30, zmm24\n",
            "vsubps ",
            $sum1,
            ", zmm30, zmm25\n",
        )
    };
    (turn, $sum0:literal, $sum1:literal, $row:literal, $place:literal) => {
        concat!(
            "vaddps zmm30, zmm26, dword ptr [{x0}",
            $place,
            "]{{1to16}}\n",
            "vaddps zmm31, zmm24, dword ptr [{x1}",
            $place,
            "]{{1to16}}\n",
            "vfmadd231ps ",
            $sum0,
            ", zmm28, dword ptr [{x2}",
            $place,
            "]{{1to16}}\n",
            "vfmadd231ps ",
            $sum0,
            ", zmm30, zmm31\n",
            "vaddps zmm30, zmm27, dword ptr [{x0}",
            $place,
            "]{{1to16}}\n",
            "vaddps zmm31, zmm25, dword ptr [{x1}",
            $place,
            "]{{1to16}}\n",
            "vfmadd231ps ",
            $sum1,
            ", zmm29, dword ptr [{x2}",
            $place,
            "]{{1to16}}\n",
            "vfmadd231ps ",
            $sum1,
            ", zmm30, zmm31\n",
        )
    };
    (rest, $sum0:literal, $sum1:literal, $row:literal, $place:literal) => {
        concat!(
            "vfmadd231ps ",
            $sum0,
            ", zmm28, dword ptr [{x2}",
            $place,
            "]{{1to16}}\n",
            "vfmadd231ps ",
            $sum1,
            ", zmm29, dword ptr [{x2}",
            $place,
            "]{{1to16}}\n",
        )
    };
}

/// A panel against rows.
struct Part<'a> {
    a: &'a Rows<'a>,
    /// Where row 0 begins in each stream.
    starts: [usize; 3],
    /// Values of k in a stream; up to two more follow the third.
    stream: usize,
    panel: &'a [f32],
}

impl Part<'_> {
    /// Brings a tile's share of the next panel into the cache.
    #[inline(always)]
    fn prefetch(&self, tile: usize, tiles: usize, next: &[f32]) {
        let lines = self.panel.len().min(next.len()) / LANES;
        for line in lines * tile / tiles..lines * (tile + 1) / tiles {
            let ahead = next[line * LANES..].as_ptr().cast();
            // SAFETY: a prefetch reads nothing, and the address lies inside `next`.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(ahead) };
        }
    }

    /// Returns the scaled sums of a row, by the same operations as [`Self::full_tile`].
    #[inline(always)]
    fn thin_tile(&self, simd: V4, row: usize, frame: &Frame) -> [f32x16; VECTORS] {
        let x = self.starts.map(|start| &self.a.data[start + row * self.a.row_stride..]);
        let y = V4::as_simd_f32s(self.panel).0;
        let next = self.stream * VECTORS;
        let mut sums = [simd.splat_f32s(frame.rows[0]); VECTORS];
        for (v, sum) in sums.iter_mut().enumerate() {
            *sum = simd.sub_f32s(*sum, V4::as_simd_f32s(&frame.columns).0[v]);
            for k in 0..self.stream {
                let [x0, x1, x2] = x.map(|x| simd.splat_f32s(x[k]));
                let y = &y[k * VECTORS + v..];
                *sum = simd.mul_add_e_f32s(x2, y[2 * next], *sum);
                let pair = (simd.add_f32s(x0, y[next]), simd.add_f32s(x1, y[0]));
                *sum = simd.mul_add_e_f32s(pair.0, pair.1, *sum);
            }
            for (x, y) in x[2][self.stream..].iter().zip(y[3 * next..].chunks_exact(VECTORS)) {
                *sum = simd.mul_add_e_f32s(simd.splat_f32s(*x), y[v], *sum);
            }
        }
        sums
    }

    /// Returns the scaled sums of rows `row..row + 12`.
    ///
    /// Compilers load a value of the left operand into all lanes of a register once and use it
    /// twice; such loads take the place of additions. Here every operation reads it from memory.
    ///
    /// # Safety
    /// The CPU has AVX-512F, and there are so many rows, all of which [`Rows::fits`] was checked
    /// for.
    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn full_tile(&self, row: usize, frame: &Frame) -> [f32x16; SUMS] {
        let Rows { data, row_stride, .. } = *self.a;
        let x = self.starts.map(|start| data[start + row * row_stride..].as_ptr());
        let stride = row_stride * size_of::<f32>();
        let mut sums = [_mm512_setzero_ps(); SUMS];
        // SAFETY: nothing is written but registers, which are all named. Read are the frame, the
        // panel to its end, and one value of each of 12 rows for every k: `stream` in each stream
        // and what is left of k after the third.
        unsafe {
            asm!(
                "vmovups zmm24, zmmword ptr [{f} + {columns}]",
                "vmovups zmm25, zmmword ptr [{f} + {columns} + 64]",
                tile!(begin),
                "cmp {y}, qword ptr [{f} + {turns_end}]",
                "je 3f",
                "2:",
                // The panel's row in the first, second and third stream.
                "vmovups zmm24, zmmword ptr [{y}]",
                "vmovups zmm25, zmmword ptr [{y} + 64]",
                "vmovups zmm26, zmmword ptr [{y} + {next}]",
                "vmovups zmm27, zmmword ptr [{y} + {next} + 64]",
                "vmovups zmm28, zmmword ptr [{y} + 2*{next}]",
                "vmovups zmm29, zmmword ptr [{y} + 2*{next} + 64]",
                tile!(turn),
                "add {x0}, 4",
                "add {x1}, 4",
                "add {x2}, 4",
                "add {y}, 128",
                "cmp {y}, qword ptr [{f} + {turns_end}]",
                "jne 2b",
                "3:",
                "lea {y}, [{y} + 2*{next}]",
                "cmp {y}, qword ptr [{f} + {panel_end}]",
                "je 5f",
                "4:",
                "vmovups zmm28, zmmword ptr [{y}]",
                "vmovups zmm29, zmmword ptr [{y} + 64]",
                tile!(rest),
                "add {x2}, 4",
                "add {y}, 128",
                "cmp {y}, qword ptr [{f} + {panel_end}]",
                "jne 4b",
                "5:",
                columns = const offset_of!(Frame, columns),
                rows = const offset_of!(Frame, rows),
                turns_end = const offset_of!(Frame, turns_end),
                panel_end = const offset_of!(Frame, panel_end),
                f = in(reg) std::ptr::from_ref(frame),
                x0 = inout(reg) x[0] => _,
                x1 = inout(reg) x[1] => _,
                x2 = inout(reg) x[2] => _,
                y = inout(reg) self.panel.as_ptr() => _,
                next = in(reg) self.stream * PANEL * size_of::<f32>(),
                r1 = in(reg) stride,
                r3 = in(reg) 3 * stride,
                r5 = in(reg) 5 * stride,
                r7 = in(reg) 7 * stride,
                r9 = in(reg) 9 * stride,
                r11 = in(reg) 11 * stride,
                out("zmm0") sums[0], out("zmm1") sums[1], out("zmm2") sums[2], out("zmm3") sums[3],
                out("zmm4") sums[4], out("zmm5") sums[5], out("zmm6") sums[6], out("zmm7") sums[7],
                out("zmm8") sums[8], out("zmm9") sums[9], out("zmm10") sums[10], out("zmm11") sums[11],
                out("zmm12") sums[12], out("zmm13") sums[13], out("zmm14") sums[14], out("zmm15") sums[15],
                out("zmm16") sums[16], out("zmm17") sums[17], out("zmm18") sums[18], out("zmm19") sums[19],
                out("zmm20") sums[20], out("zmm21") sums[21], out("zmm22") sums[22], out("zmm23") sums[23],
                out("zmm24") _, out("zmm25") _, out("zmm26") _, out("zmm27") _,
                out("zmm28") _, out("zmm29") _, out("zmm30") _, out("zmm31") _,
                options(readonly, nostack),
            );
            // Both types are 16 floats.
            std::mem::transmute::<[__m512; SUMS], [f32x16; SUMS]>(sums)
        }
    }
}
