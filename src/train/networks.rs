//! The trainable form of each architecture.

pub mod dense;
