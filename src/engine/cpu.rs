//! CPU kernels.

pub mod product;
