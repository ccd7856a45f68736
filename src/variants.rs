//! What variants do to polyA sites.
//!
//! ```text
//! allele ─► canonical change ─► windows of both haplotypes ─► consolidation of each ─► sites matched ─► effects
//! ```
//!
//! Variants come as VCF, BCF or tables ([`input`]). [`engine::Engine`] scores changes of a sequence; it knows nothing of files. Every change is brought
//! into one form first ([`change::Change`]), so the same haplotype has the same scores however it is
//! written. Rule: Stroup & Ji 2023.

pub mod annotate;
pub mod change;
pub mod context;
pub mod effect;
pub mod engine;
pub mod entry;
pub mod genes;
mod haplotype;
pub mod input;
pub mod motif;
pub mod mutagenesis;
pub mod run;
pub mod tables;
pub mod totals;
pub mod vcf;
mod windows;
pub mod work;

use serde::Deserialize;

use crate::scan::calls::CallSettings;
use crate::scan::inference::KeepAbove;

/// When a change of a site matters. Strengths are log2 odds of usage.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Classification that one haplotype must reach (0..1).
    pub probability: f64,
    /// Strength that one haplotype must reach; without a strength model it is not asked for.
    pub strength: f64,
    /// Least |difference| of strengths, or, without a strength model, of the log2 odds of the
    /// classification.
    pub delta: f64,
    /// Least movement of a site whose strength stays, in nt.
    pub shift: u64,
}

/// Numbers that variants are scored with.
#[derive(Clone, Copy, Debug)]
pub struct VariantSettings {
    /// Windows that take part in consolidation, as in a scan.
    pub keep: KeepAbove,
    /// Which sites are called on a haplotype.
    pub calls: CallSettings,
    /// Sites of the two haplotypes that lie at most so far apart are the same site, in nt.
    pub match_distance: u64,
    pub rule: Rule,
    /// Changes whose effects are remembered, at least 1; no effect on results.
    pub remembered: usize,
}
