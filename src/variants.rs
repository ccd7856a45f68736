//! What variants do to polyA sites.
//!
//! ```text
//! allele ─► canonical change ─► windows of both haplotypes ─► consolidation of each ─► sites matched ─► effects
//! ```
//!
//! Variants come as VCF, BCF or tables ([`input`]). [`engine::VariantScorer`] scores changes of a
//! sequence; it knows nothing of files. Every change is brought into one form first
//! ([`change::Change`]), so the same haplotype has the same scores however it is written. Rule:
//! Stroup & Ji 2023.

#[doc(hidden)]
pub mod annotate;
mod answer;
pub mod change;
#[doc(hidden)]
pub mod context;
pub mod effect;
#[doc(hidden)]
pub mod entry;
#[doc(hidden)]
pub mod gene_usage;
#[doc(hidden)]
pub mod genes;
mod haplotype;
mod held;
#[doc(hidden)]
pub mod input;
#[doc(hidden)]
pub mod motif;
#[doc(hidden)]
pub mod mutagenesis;
#[doc(hidden)]
pub mod phase;
#[doc(hidden)]
pub mod precomputed;
#[doc(hidden)]
pub mod run;
pub mod scorer;
pub mod settings;
#[doc(hidden)]
pub mod tables;
#[doc(hidden)]
pub mod tallies;
#[doc(hidden)]
pub mod totals;
#[doc(hidden)]
pub mod vcf;
mod windows;
#[doc(hidden)]
pub mod work;

pub use settings::{LatentSites, Rule};
