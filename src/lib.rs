//! polyascan reads a genome and says where RNA is cut and polyadenylated, to the nucleotide.
//!
//! ```text
//! FASTA ─► chunks ─► bounded channel ─► inference workers ─► bounded channel ─► consolidate (in order) ─► sinks
//! GTF ───────────────────────────────────────────────────────────────────► gene context ──────────────────┘
//! ```
//!
//! Data flows one way, left to right. Coordinates are 0-based half-open inside the program; a
//! polyA site is one nucleotide: the last one before the cut, in transcript direction.

#![deny(unsafe_code)]
// These panic where nobody reads.
#![cfg_attr(not(test), deny(clippy::print_stderr, clippy::print_stdout))]

pub mod cli;
pub mod config;
pub mod context;
pub mod engine;
pub mod error;
pub mod evaluate;
#[cfg(test)]
mod fuzz;
pub mod genome;
pub mod interpret;
pub mod models;
pub mod output;
pub mod parts;
pub mod pipeline;
pub mod profile;
pub mod report;
pub mod say;
pub mod scan;
pub mod shard;
#[cfg(test)]
mod shared;
pub mod simulate;
pub mod structure;
pub mod train;
pub mod variants;

pub use error::{Error, Result};
