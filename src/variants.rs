//! What variants do to polyA sites.
//!
//! ```text
//! allele ─► canonical change ─► windows of both haplotypes ─► consolidation of each ─► sites matched ─► effects
//! ```
//!
//! Variants come as VCF, BCF or tables ([`input`]). [`engine::Engine`] scores changes of a sequence; it knows
//! nothing of files. Every change is brought into one form first ([`change::Change`]), so the same haplotype has the
//! same scores however it is written. Rule: Stroup & Ji 2023.

pub mod annotate;
mod answer;
pub mod change;
pub mod context;
pub mod effect;
pub mod engine;
pub mod entry;
pub mod gene_usage;
pub mod genes;
mod haplotype;
pub mod input;
pub mod motif;
pub mod mutagenesis;
pub mod phase;
pub mod precomputed;
pub mod run;
pub mod tables;
pub mod tallies;
pub mod totals;
pub mod vcf;
mod windows;
pub mod work;

use clap::ValueEnum;
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

/// Which latent sites have entries: cleavage maxima that no haplotype has as a call, and that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LatentSites {
    /// Those whose strength changes by `delta` of the rule or more.
    Changed,
    /// All.
    All,
    /// None.
    None,
}

/// Returns the name of a value on the command line.
pub fn value_name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
}

/// Numbers that variants are scored with.
#[derive(Clone, Copy, Debug)]
pub struct VariantSettings {
    /// Windows that take part in consolidation, as in a scan.
    pub keep: KeepAbove,
    /// Windows that latent sites are consolidated from; no higher than those of a scan.
    pub latent: KeepAbove,
    /// Which latent sites are reported.
    pub latent_sites: LatentSites,
    /// Which sites are called on a haplotype.
    pub calls: CallSettings,
    /// Sites of the two haplotypes that lie at most so far apart are the same site, in nt.
    pub match_distance: u64,
    pub rule: Rule,
    /// Changes whose effects are remembered, at least 1; no effect on results.
    pub remembered: usize,
}
