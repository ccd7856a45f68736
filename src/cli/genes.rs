//! Genes of an annotation on the command line, and usage models of commands that look at sites one
//! by one.

use std::path::Path;

use super::chosen::GeneOptions;
use super::context::{SpliceOptions, splice};
use crate::context::features::GeneContext;
use crate::context::model::ContextModel;
use crate::error::Result;
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;

/// What an annotation and the options of context name, loaded.
pub struct LoadedGenes {
    pub gtf: Option<Source>,
    pub genes: Option<GeneContext>,
    /// Those that are asked for by name.
    pub chosen: Vec<Gene>,
    pub usage: ContextModel,
    pub notes: Vec<String>,
}

/// An annotation; empty where there is none.
#[derive(Default)]
pub struct ReadGenes {
    pub gtf: Option<Source>,
    pub genes: Option<GeneContext>,
    /// The genes that were asked for by name.
    pub chosen: Vec<Gene>,
    /// Remarks on the annotation.
    pub notes: Vec<String>,
}

/// Reads an annotation, if there is one, whose genes reach `extension` nt past their ends, and
/// finds the genes that are `chosen`.
///
/// # Errors
/// If it cannot be read, or a gene is not there.
pub fn read_genes(
    annotation: Option<&Path>,
    extension: u64,
    contigs: &Contigs,
    chosen: &GeneOptions,
) -> Result<ReadGenes> {
    let Some(path) = annotation else { return Ok(ReadGenes::default()) };
    let gtf = Source::open(path)?;
    let annotation = Annotation::from_source(&gtf, contigs)?;
    let genes = GeneContext::new(&annotation, contigs, extension);
    let chosen = chosen.find(&annotation, path)?.into_iter().cloned().collect();
    Ok(ReadGenes { gtf: Some(gtf), genes: Some(genes), chosen, notes: annotation.notes })
}

impl SpliceOptions {
    /// Reads the annotation (genes reach `extension` nt past their ends), if there is one, and the
    /// usage models; scores splice sites if `expressed` is asked for. Finds the genes that are
    /// `chosen`, too.
    ///
    /// # Errors
    /// If a file cannot be read, or a gene is not there.
    pub fn load(
        &self,
        annotation: Option<&Path>,
        extension: u64,
        fasta: &FastaFile,
        expressed: bool,
        chosen: &GeneOptions,
    ) -> Result<LoadedGenes> {
        let read = read_genes(annotation, extension, &fasta.contigs, chosen)?;
        let ReadGenes { gtf, genes, chosen, notes } = read;
        let usage = ContextModel::load(self.context_model.as_deref())?;
        let mut loaded = LoadedGenes { gtf, genes, chosen, usage, notes };
        if let (Some(genes), Some(gtf), true) = (&mut loaded.genes, &loaded.gtf, expressed) {
            let (tables, keep) = (self.splice_scores.as_deref(), !self.no_splice_cache);
            loaded.notes.extend(splice(tables, keep, genes, &gtf.sha256()?, fasta)?);
        }
        Ok(loaded)
    }
}
