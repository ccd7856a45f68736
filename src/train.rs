//! Training: labelled segments of sequence, losses and the optimiser's loop.

pub mod batch;
pub mod config;
pub mod corpus;
pub mod optimiser;
pub mod scan_task;
pub mod segment;
pub mod skip_gram;
pub mod sources;
