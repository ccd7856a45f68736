//! Genes and usage models of commands that look at sites one by one.

use std::path::Path;

use super::chosen::GeneOptions;
use super::context::{SpliceOptions, splice};
use crate::context::features::GeneContext;
use crate::context::model::ContextModel;
use crate::error::Result;
use crate::genome::annotation::{Annotation, Gene};
use crate::genome::compression::Source;
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

impl SpliceOptions {
    /// Reads the annotation (genes reach `extension` nt past their ends), if there is one, and the usage models; scores
    /// splice sites if `expressed` is asked for. Finds the genes that are `chosen`, too.
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
        let path = annotation;
        let gtf = path.map(Source::open).transpose()?;
        let annotation = gtf.as_ref().map(|gtf| Annotation::from_source(gtf, &fasta.contigs));
        let annotation = annotation.transpose()?;
        let genes = annotation.as_ref().map(|a| GeneContext::new(a, &fasta.contigs, extension));
        let chosen = match (&annotation, path) {
            (Some(annotation), Some(path)) => chosen.find(annotation, path)?,
            _ => Vec::new(),
        };
        let chosen = chosen.into_iter().cloned().collect();
        let usage = match &self.context_model {
            Some(path) => ContextModel::read(path)?,
            None => ContextModel::built_in()?,
        };
        let notes = annotation.map(|annotation| annotation.notes).unwrap_or_default();
        let mut loaded = LoadedGenes { gtf, genes, chosen, usage, notes };
        if let (Some(genes), Some(gtf), true) = (&mut loaded.genes, &loaded.gtf, expressed) {
            let (tables, keep) = (self.splice_scores.as_deref(), !self.no_splice_cache);
            loaded.notes.extend(splice(tables, keep, genes, &gtf.sha256()?, fasta)?);
        }
        Ok(loaded)
    }
}
