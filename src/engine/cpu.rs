//! CPU kernels, written once over [`pulp`]'s vectors and compiled for AVX-512, AVX2 + FMA and plain
//! code; the path is chosen at run time.

pub mod activation;
pub mod gated;
pub mod int8;
pub mod layers;
pub mod lstm;
pub mod matmul;
pub mod multiply;
pub mod pooled_conv;
pub mod recurrence;
pub mod residual;
pub mod simd;
