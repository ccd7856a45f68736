//! What a product does with its finished values, and what all kernels do with vectors.

use std::any::TypeId;

use pulp::{Simd, bytemuck};

use super::super::simd::Portable;

/// What is done with each finished row of a tile: vector v of `values` holds the columns from
/// `column + v * lanes` of `row`. Rows ascend within a column; `lanes` divides 16.
pub trait Epilogue {
    fn store<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        values: [S::f32s; V],
    );
}

/// Writes the product plus a bias, optionally through a ReLU, to rows of
/// [`Packed::width`](super::Packed::width) values.
pub struct Affine<'a> {
    pub out: &'a mut [f32],
    /// One value per padded column.
    pub bias: &'a [f32],
    pub relu: bool,
}

impl Epilogue for Affine<'_> {
    #[inline(always)]
    fn store<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        values: [S::f32s; V],
    ) {
        let bias = vectors::<S, V>(&self.bias[column..]);
        let out = vectors_mut::<S, V>(&mut self.out[row * self.bias.len() + column..]);
        for v in 0..V {
            let value = simd.add_f32s(values[v], bias[v]);
            out[v] = if self.relu { rectified::<S>(simd, value) } else { value };
        }
    }
}

/// Adds the product to rows of `width` values.
pub struct Accumulate<'a> {
    pub out: &'a mut [f32],
    pub width: usize,
}

impl Epilogue for Accumulate<'_> {
    #[inline(always)]
    fn store<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        values: [S::f32s; V],
    ) {
        let out = vectors_mut::<S, V>(&mut self.out[row * self.width + column..]);
        for v in 0..V {
            out[v] = simd.add_f32s(out[v], values[v]);
        }
    }
}

/// Returns the first V vectors of a slice that holds them.
///
/// # Panics
/// If it does not.
#[inline(always)]
pub fn vectors<S: Simd, const V: usize>(values: &[f32]) -> &[S::f32s; V] {
    let vectors = S::as_simd_f32s(&values[..V * S::F32_LANES]).0;
    vectors.first_chunk().expect("as many values were taken")
}

/// As [`vectors`], to be written.
///
/// # Panics
/// As [`vectors`].
#[inline(always)]
pub fn vectors_mut<S: Simd, const V: usize>(values: &mut [f32]) -> &mut [S::f32s; V] {
    let vectors = S::as_mut_simd_f32s(&mut values[..V * S::F32_LANES]).0;
    vectors.first_chunk_mut().expect("as many values were taken")
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

/// Returns the ReLU of a vector. NaN is propagated: in this order of arguments x86 hands it on, NEON
/// in either; plain code by the comparison.
#[inline(always)]
pub fn rectified<S: Simd>(simd: S, vector: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    if is_portable::<S>() {
        return simd.select_f32s(simd.greater_than_f32s(zero, vector), zero, vector);
    }
    simd.max_f32s(zero, vector)
}

/// Returns whether vectors are those of the portable path.
#[inline(always)]
fn is_portable<S: Simd>() -> bool {
    TypeId::of::<S>() == TypeId::of::<Portable>()
}

/// Returns a * b + c: rounded once by paths with fused multiply-add, and twice by the portable one,
/// where a fused one would be a call per lane.
#[inline(always)]
pub fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if is_portable::<S>() {
        // As plain loops: without link-time optimisation this type's own operations are calls.
        let [a, b, c] = [a, b, c].map(bytemuck::cast::<S::f32s, [f32; 4]>);
        return bytemuck::cast(std::array::from_fn::<f32, 4, _>(|i| a[i] * b[i] + c[i]));
    }
    simd.mul_add_e_f32s(a, b, c)
}
