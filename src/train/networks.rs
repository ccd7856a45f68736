//! The trainable form of each architecture.

pub mod bilstm;
pub mod deeprke;
pub mod deerect;
pub mod dense;
pub mod layers;
pub mod pysster;
#[cfg(test)]
mod trial;
