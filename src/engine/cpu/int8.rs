//! Products of integers: activations of 7 bits, weights of 8, sums of 32.
//!
//! The left operand is 0 to 127, so that two products of neighbours fit into 16 bits
//! (2 x 127 x 127 < 32768): AVX2's `vpmaddubsw` cannot saturate, and all instructions give the same
//! integers. What an [`Epilogue`] makes of them is compiled once per kind of CPU from one source
//! without fused multiply-adds: results are the same to the bit on every CPU.

// The inner loop reads through strides that were checked before.
#![allow(unsafe_code)]

use super::matmul::{LANES, Rows, padded};
#[cfg(target_arch = "x86_64")]
use super::simd::Path;

#[cfg(target_arch = "x86_64")]
mod x86;

/// The highest activation.
pub const HIGHEST: f32 = 127.0;
/// Values of k that one instruction multiplies and adds.
const GROUP: usize = 4;
/// Columns of a full panel: four AVX-512 vectors of sums.
const PANEL: usize = 4 * LANES;

/// A k x n matrix as integers with a scale per column, cut into panels of up to 64 columns; in a
/// panel, four values of k of a column lie side by side.
#[derive(Clone, Debug)]
pub struct Packed {
    k: usize,
    width: usize,
    values: Vec<i8>,
    /// What an integer of a column stands for, by padded column.
    pub scales: Vec<f32>,
}

/// A matrix as integers from -127 to 127 with a scale per column, not packed yet.
#[derive(Clone, Debug)]
pub struct Integers {
    /// Row-major, k x n.
    pub values: Vec<i8>,
    pub scales: Vec<f32>,
}

impl Integers {
    /// Rounds a row-major k x n matrix.
    pub fn round(matrix: &[f32], n: usize) -> Self {
        let mut scales = vec![0f32; n];
        for row in matrix.chunks_exact(n) {
            for (highest, value) in scales.iter_mut().zip(row) {
                *highest = highest.max(value.abs());
            }
        }
        // A column of zeros has any scale.
        for scale in &mut scales {
            *scale = if *scale > 0.0 { *scale / HIGHEST } else { 1.0 };
        }
        let rows = matrix.chunks_exact(n).flat_map(|row| row.iter().zip(&scales));
        let integer =
            |(value, scale): (&f32, &f32)| (value / scale).round().clamp(-HIGHEST, HIGHEST) as i8;
        let values = rows.map(integer).collect();
        Self { values, scales }
    }
}

impl Packed {
    /// Packs k x n integers; columns are padded with zeros to a multiple of 16.
    ///
    /// # Panics
    /// If `k` is no multiple of 4, or the values are not k x n.
    pub fn new(integers: &Integers, k: usize) -> Self {
        let n = integers.scales.len();
        assert_eq!(Some(integers.values.len()), k.checked_mul(n), "not k x n values");
        assert!(k.is_multiple_of(GROUP), "k is packed in groups of four");
        let width = padded(n);
        let mut scales = integers.scales.clone();
        scales.resize(width, 1.0);
        let mut values = Vec::with_capacity(k * width);
        for first in (0..width).step_by(PANEL) {
            for group in (0..k).step_by(GROUP) {
                for column in first..width.min(first + PANEL) {
                    let rows = group..group + GROUP;
                    let of = |row| if column < n { integers.values[row * n + column] } else { 0 };
                    values.extend(rows.map(of));
                }
            }
        }
        Self { k, width, values, scales }
    }

    /// Returns the number of columns including padding.
    pub fn width(&self) -> usize {
        self.width
    }
}

/// What is done with the finished sums of a product.
pub trait Epilogue {
    /// Takes 16 columns of a row, from `column`. Rows ascend within a column.
    fn store(&mut self, row: usize, column: usize, sums: &[i32; LANES]);
}

/// Returns an activation as an integer: rectified, times `inverse`, rounded to even.
#[inline(always)]
pub fn rounded(value: f32, inverse: f32) -> u8 {
    // Behind this sum the lowest bits are the integer, by one addition on every CPU.
    const ROUND: f32 = 12_582_912.0;
    let value = if value > 0.0 { value * inverse } else { 0.0 };
    let value = if value < HIGHEST { value } else { HIGHEST };
    (value + ROUND).to_bits() as u8
}

/// Computes `a * b` and hands all sums to `epilogue`.
///
/// # Panics
/// If `a` reads outside its data, has strides in k, or its k differs from b's.
pub fn product<E: Epilogue>(a: Rows<'_, u8>, b: &Packed, epilogue: &mut E) {
    Instructions::current().product(a, b, epilogue);
}

/// Which instructions multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    Portable,
    #[cfg(target_arch = "x86_64")]
    X86(x86::Instructions),
}

impl Instructions {
    /// Returns the fastest of the current path.
    fn current() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(instructions) = x86::Instructions::of(Path::current()) {
            return Self::X86(instructions);
        }
        Self::Portable
    }

    /// Returns all that this CPU has.
    #[cfg(test)]
    fn possible() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let vectors = x86::Instructions::possible().map(Self::X86);
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = [];
        [Self::Portable].into_iter().chain(vectors).collect()
    }

    fn product<E: Epilogue>(self, a: Rows<'_, u8>, b: &Packed, epilogue: &mut E) {
        assert!(a.fits() && a.k_stride == 1, "left operand reads outside its data");
        assert_eq!(a.segments.len().checked_mul(a.length), Some(b.k), "inner dimensions differ");
        assert!(a.length.is_multiple_of(GROUP), "k is read in groups of four");
        for column in (0..b.width).step_by(PANEL) {
            let width = PANEL.min(b.width - column);
            let panel = Panel { values: &b.values[column * b.k..][..width * b.k], width, column };
            match self {
                Self::Portable => portable(&a, &panel, epilogue),
                #[cfg(target_arch = "x86_64")]
                Self::X86(instructions) => instructions.run(&a, &panel, epilogue),
            }
        }
    }
}

/// Some columns of the right operand.
struct Panel<'a> {
    values: &'a [i8],
    width: usize,
    /// The first column.
    column: usize,
}

/// As compilers vectorise it: 16 columns of a row.
fn portable<E: Epilogue>(a: &Rows<'_, u8>, panel: &Panel<'_>, epilogue: &mut E) {
    for row in 0..a.rows {
        for first in (0..panel.width).step_by(LANES) {
            let mut sums = [0i32; LANES];
            let mut at = first * GROUP;
            for segment in a.segments {
                let left = &a.data[segment + row * a.row_stride..][..a.length];
                for left in left.as_chunks::<GROUP>().0 {
                    let right = panel.values[at..at + LANES * GROUP].as_chunks::<GROUP>().0;
                    for (sum, right) in sums.iter_mut().zip(right) {
                        for (x, y) in left.iter().zip(right) {
                            *sum += i32::from(*x) * i32::from(*y);
                        }
                    }
                    at += panel.width * GROUP;
                }
            }
            epilogue.store(row, panel.column + first, &sums);
        }
    }
}

#[cfg(test)]
mod tests;
