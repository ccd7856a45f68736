//! Evaluation of site models on measured polyA sites.

pub mod accuracy;
pub mod calls;
pub mod measured;
pub mod metrics;
pub mod negatives;
pub mod recall;
