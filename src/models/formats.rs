//! Formats of published weights, whatever the network.

pub mod foreign;
pub mod keras_h5;
pub mod npz;
