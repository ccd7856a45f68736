//! Evaluation: models on measured polyA sites and variants, any model on labelled sequences.

pub mod accuracy;
pub mod balanced;
pub mod calibration;
pub mod calls;
pub mod classes;
pub mod context;
pub mod examples;
pub mod measured;
pub mod metrics;
pub mod negatives;
pub mod parts;
pub mod places;
pub mod position;
pub mod recall;
pub mod scores;
pub mod strength;
pub mod usage;
pub mod variants;
pub mod windows;
