//! The trainable form of each architecture.

pub mod deerect;
pub mod dense;
