//! Genes that are chosen by name.

use std::path::Path;

use clap::Args;

use crate::error::Result;
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::contigs::Contigs;
use crate::genome::region::Region;
use crate::scan::targets::StrandedRegion;

/// Genes whose place is told, in remarks.
const TOLD: usize = 10;

/// Which genes.
#[derive(Debug, Default, Args)]
pub struct GeneOptions {
    /// Gene of --annotation, by symbol or id (the id's version may be left out): it and 5 kb past
    /// its end, on its strand; may be repeated, or hold several with commas between them.
    #[arg(long = "gene", value_name = "NAME", requires = "annotation")]
    pub genes: Vec<String>,
}

impl GeneOptions {
    /// Returns whether any are asked for.
    pub fn is_given(&self) -> bool {
        !self.genes.is_empty()
    }

    /// Finds the genes in an annotation, which was read from `path`.
    ///
    /// # Errors
    /// A name that no gene has.
    pub fn find<'a>(&self, annotation: &'a Annotation, path: &Path) -> Result<Vec<&'a Gene>> {
        annotation.choose(&self.genes, path)
    }
}

/// Returns a gene and what lies up to `extension` nt past its end, on its strand: what a scan of
/// the annotation takes of it.
pub fn region_of(gene: &Gene, contigs: &Contigs, extension: u64) -> StrandedRegion {
    let range = gene.reach(extension, contigs[gene.contig].length);
    (Region { contig: gene.contig, range }, Some(gene.strand))
}

/// Returns remarks that tell where the genes lie.
pub fn places(genes: &[Gene], contigs: &Contigs, extension: u64) -> Vec<String> {
    let place = |gene: &Gene| {
        let (Region { contig, range }, _) = region_of(gene, contigs, extension);
        let (name, contig, strand) = (&gene.name, &contigs[contig].name, gene.strand);
        let id = if gene.id == *name { String::new() } else { format!(" ({})", gene.id) };
        let (start, end) = (range.start + 1, range.end);
        format!(
            "gene {name}{id}: {contig}:{start}-{end}, strand {strand}, with what lies past its end"
        )
    };
    let mut places: Vec<String> = genes.iter().take(TOLD).map(place).collect();
    if genes.len() > TOLD {
        places.push(format!("... and {} more genes", genes.len() - TOLD));
    }
    places
}
