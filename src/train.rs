//! Training: one loop ([`fit`]) for every task and architecture, and k-mer embeddings.

pub mod artifacts;
pub mod checkpoint;
pub mod classes;
pub mod corpus;
pub mod fit;
pub mod isoform;
pub mod log;
pub mod losses;
pub mod network;
pub mod networks;
pub mod optimiser;
pub mod recipe;
pub mod scan;
pub mod screen;
pub mod skip_gram;
pub mod strength;
pub mod tune;
pub mod usage;
pub mod weights;
pub mod windows;
