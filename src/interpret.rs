//! What models look for around polyA sites: which elements, where, how much, and how they work
//! together.
//!
//! Knows sequences, models and numbers, no command line. Everything drawn is seeded by the site's
//! number, so that threads do not show. Definitions: Stroup & Ji 2023, Nature Communications
//! 14:7378, Methods and Figures 2, 3, S4.

pub mod attribution;
pub mod figures;
pub mod heterogeneity;
pub mod importance;
pub mod kernels;
pub mod models;
pub mod optimise;
pub mod pairs;
pub mod replace;
pub mod run;
pub mod signals;
pub mod sites;
pub mod soft;
pub mod statistics;
pub mod tables;
#[cfg(test)]
mod testing;
