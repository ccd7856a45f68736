//! The trainable form of each architecture.

pub mod bilstm;
pub mod dense;
