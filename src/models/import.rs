//! Published weight files to tensors.

pub mod keras_h5;
