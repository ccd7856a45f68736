//! Evaluation: site models on measured polyA sites, any model on labelled sequences.

pub mod accuracy;
pub mod calls;
pub mod classes;
pub mod measured;
pub mod metrics;
pub mod negatives;
pub mod recall;
