//! Measured polyA sites, from the 3' ends of reads.
//!
//! ```text
//! samples ─► ends ─► cleavage (genomic As) ─► sum ─► clusters ─► internal priming ─► genes ─► enough reads ─► usage
//! ```
//!
//! Coordinates are 0-based; a site is the last nucleotide before the cut. As in Hoque et al. 2013
//! (Nature Methods 10:133-139) and Stroup & Ji 2023 (Methods), where nothing else is said.

pub mod bam;
pub mod cleavage;
pub mod clusters;
pub mod ends;
pub mod groups;
pub mod sample;
pub mod sites;
pub mod tables;
pub mod text;
pub mod tracks;

use crate::error::Problem;
use serde::{Deserialize, Serialize};

/// What makes sites of reads: the table `[reads]` of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReadRules {
    /// Ends so near to each other, in nt, are of one cluster.
    pub cluster: u64,
    /// A site has at least so many reads in a sample ...
    pub min_reads: u64,
    /// ... and more than this share (0-1) of the reads of its gene there.
    pub min_share: f64,
    /// Of so many nt downstream of a site ...
    pub priming_window: usize,
    /// ... at most so many less one may be A, and ...
    pub priming_as: usize,
    /// ... at most so many less one in a row, from the first nucleotide on.
    pub priming_run: usize,
    /// Non-genomic As at the end of an alignment (BAM), at least.
    pub min_tail: u64,
    /// Mapping quality of an alignment, at least.
    pub min_mapping_quality: u8,
}

impl ReadRules {
    /// Returns what is wrong with the rules, if anything.
    ///
    /// # Errors
    /// Says which and what it must be.
    pub fn check(&self) -> Result<(), Problem> {
        if !(1..=1000).contains(&self.cluster) {
            return Err(format!("reads.cluster = {}: must be 1 to 1000 nt", self.cluster).into());
        }
        if self.min_reads == 0 || !(0.0..1.0).contains(&self.min_share) {
            return Err("reads.min_reads must be above 0, reads.min_share 0 to below 1".into());
        }
        let window = self.priming_window;
        if !(1..=100).contains(&window) || self.priming_as == 0 || self.priming_run == 0 {
            return Err(format!(
                "reads.priming_window = {window}: must be 1 to 100 nt, priming_as and priming_run above 0"
            ).into());
        }
        Ok(())
    }
}
