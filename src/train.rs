//! Training: data sets of labelled segments, losses and the optimiser's loop.

pub mod residual;
