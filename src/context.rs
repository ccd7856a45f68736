//! Gene context of polyA sites: the gene and its part that a site lies in, the polyA signal
//! upstream, and how likely the site is used there.

pub mod class;
pub mod families;
pub mod features;
pub mod known;
pub mod logistic;
pub mod model;
mod reaches;
pub mod signal;
pub mod splice;
pub mod structure;
pub mod usage;
pub mod values;
