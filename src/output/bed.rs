//! Sites as BED with named extra columns.

use crate::context::features::Feature;
use crate::genome::strand::Strand;

/// One predicted polyA site, ready to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub contig: usize,
    /// 0-based position of the last nucleotide before the cut.
    pub position: u64,
    pub strand: Strand,
    /// Classification of the window centred on the site (0..1).
    pub probability: f32,
    /// Consolidated cleavage at the site, background subtracted.
    pub cleavage: f32,
    /// The cluster, 0-based half-open.
    pub cluster: std::ops::Range<u64>,
    /// Entropy of the cluster's normalised profile, nats (Stroup & Ji 2023, Eq. 6).
    pub entropy: f32,
    /// Kept windows that cover the site.
    pub windows: u32,
    /// Strongest known hexamer upstream and the distance of its first base.
    pub signal: Option<(&'static str, usize)>,
    /// Gene names and class; `None` without annotation.
    pub gene: Option<(String, Feature)>,
}
