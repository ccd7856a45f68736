//! Genes of an annotation on the command line, and usage models of commands that look at sites one by one.

use std::path::Path;

use super::context::{SpliceOptions, splice};
use crate::context::features::GeneContext;
use crate::context::model::ContextModel;
use crate::error::Result;
use crate::genome::annotation::Annotation;
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;
use crate::genome::fasta::FastaFile;

/// What an annotation and the options of context name, loaded.
pub struct LoadedGenes {
    pub gtf: Option<Source>,
    pub genes: Option<GeneContext>,
    pub usage: ContextModel,
    pub notes: Vec<String>,
}

/// Reads an annotation, if there is one: its file, its genes, which reach `extension` nt past their ends, and remarks.
///
/// # Errors
/// If it cannot be read.
pub fn read_genes(
    annotation: Option<&Path>,
    extension: u64,
    contigs: &Contigs,
) -> Result<(Option<Source>, Option<GeneContext>, Vec<String>)> {
    let Some(path) = annotation else { return Ok((None, None, Vec::new())) };
    let gtf = Source::open(path)?;
    let annotation = Annotation::from_source(&gtf, contigs)?;
    let genes = GeneContext::new(&annotation, contigs, extension);
    Ok((Some(gtf), Some(genes), annotation.notes))
}

impl SpliceOptions {
    /// Reads the annotation (genes reach `extension` nt past their ends), if there is one, and the usage models; scores
    /// splice sites if `expressed` is asked for.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn load(
        &self,
        annotation: Option<&Path>,
        extension: u64,
        fasta: &FastaFile,
        expressed: bool,
    ) -> Result<LoadedGenes> {
        let (gtf, genes, notes) = read_genes(annotation, extension, &fasta.contigs)?;
        let usage = ContextModel::load(self.context_model.as_deref())?;
        let mut loaded = LoadedGenes { gtf, genes, usage, notes };
        if let (Some(genes), Some(gtf), true) = (&mut loaded.genes, &loaded.gtf, expressed) {
            let (tables, keep) = (self.splice_scores.as_deref(), !self.no_splice_cache);
            loaded.notes.extend(splice(tables, keep, genes, &gtf.sha256()?, fasta)?);
        }
        Ok(loaded)
    }
}
