//! Effects of every SNV and deletion of one nucleotide around known sites, computed once and looked
//! up by every run that asks for the same.
//!
//! ```text
//! places ─► pieces ─► units of 64 positions ─► workers: engine ─► rows ─► one table per piece (BGZF, CSI index)
//! changes of a batch ─► table of their piece ─► effects, as the engine gives them
//! ```
//!
//! A table holds what [`super::scorer`] says and nothing that follows from it (genes, rules of
//! context, the answer of an allele): so whoever looks an effect up goes on as if it had been
//! computed, and writes the same bytes.

pub mod manifest;
pub mod pieces;
pub mod row;
pub mod table;
pub mod tabulate;

use super::settings::{LatentSites, Thresholds};
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::models::weight_file::sha256;
use crate::output::summary::settings::Setting;

/// Nucleotides on either side of a place that are changed, unless another number is asked for: what
/// a site's own windows hold.
pub const AROUND: u64 = 120;

/// The manifest's name in its folder.
pub const MANIFEST: &str = "precomputed.json";

/// What tables are computed with, beside inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecomputeSettings {
    pub thresholds: Thresholds,
    /// Which latent sites have rows.
    pub latent: LatentSites,
    /// A gene reaches so far past its annotated end, nt.
    pub extension: u64,
    /// Nucleotides on either side of a site that are changed.
    pub around: u64,
}

impl PrecomputeSettings {
    /// Returns the settings by name.
    pub fn list(&self) -> Vec<Setting> {
        let Self { thresholds, latent, extension, around } = *self;
        let mut list = thresholds.list();
        list.extend([
            Setting::deciding("latent", latent),
            Setting::deciding("extension", extension),
            Setting::deciding("around", around),
        ]);
        list
    }
}

/// Returns a digest (sha256, hexadecimal) of places by contig and strand.
pub fn digest(places: &[[Vec<u64>; 2]], contigs: &Contigs) -> String {
    let mut all = Vec::new();
    for (contig, strands) in contigs.iter().zip(places) {
        for strand in Strand::BOTH {
            let positions = &strands[strand.index()];
            all.extend(format!("{}\t{strand}\t{}\n", contig.name, positions.len()).into_bytes());
            all.extend(positions.iter().flat_map(|position| position.to_le_bytes()));
        }
    }
    sha256(&all)
}
