//! The scan's computation on GPUs: three operations in tensors, each one CUDA kernel and, in tests,
//! plain Rust.
//!
//! [`Embed`] is the first convolution by table, [`Affine`] a whole layer of the convolutional
//! model, [`Recurrence`] a bidirectional LSTM from its first step to its last. Everything else of a
//! network is candle's own matrix products. The kernels are in `kernels/`, compiled by build.rs
//! with the feature `cuda`. On [`candle_core::Device::Cpu`] the same networks run through each
//! operation's `cpu_fwd`: that is how a machine without a GPU tests all but the kernels' text, and
//! `tests.rs` compiles that text for the CPU.

mod affine;
#[cfg(feature = "cuda")]
pub mod driver;
mod embed;
#[cfg(feature = "cuda")]
mod launch;
mod pool;
mod precision;
mod recurrence;
#[cfg(test)]
mod tests;
mod tiles;

pub use affine::{Affine, PackedLayer};
pub use embed::Embed;
pub use pool::Pool;
pub use precision::Precision;
pub use recurrence::{MOST_UNITS, Recurrence};
pub use tiles::pack;

/// Windows are computed in multiples of this: the recurrence's block, and at least what a warp of
/// [`Affine`] takes.
pub const WINDOWS: usize = 64;

/// Returns a tensor's values as one contiguous slice.
fn values<'a, T: candle_core::WithDType>(
    storage: &'a candle_core::CpuStorage,
    layout: &candle_core::Layout,
) -> candle_core::Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<T>()?[start..end]),
        None => candle_core::bail!("operand is not contiguous"),
    }
}
