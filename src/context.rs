//! Gene context of polyA sites: the gene and its part that a site lies in, and the polyA signal upstream.

pub mod features;
pub mod signal;
