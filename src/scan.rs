//! The scan: chunks of sequence to consolidated polyA sites.

pub mod chunks;
pub mod consolidate;
pub mod inference;
pub mod progress;
pub mod reorder;
pub mod sites;
pub mod targets;
