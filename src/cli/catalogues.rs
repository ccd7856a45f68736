//! Catalogues of known sites on the command line.

use std::path::Path;

use crate::context::features::GeneContext;
use crate::context::known::KnownSites;
use crate::error::{Error, Result};
use crate::genome::compression::Source;
use crate::genome::contigs::Contigs;

/// Returns name and file of a catalogue: `NAME=FILE`, or the file's name without its endings.
pub fn catalogue(text: &str) -> (&str, &str) {
    if let Some((name, path)) = text.split_once('=')
        && !Path::new(text).exists()
    {
        return (name, path);
    }
    let file = text.rsplit('/').next().unwrap_or(text);
    (file.split('.').find(|part| !part.is_empty()).unwrap_or(file), text)
}

/// Returns the same of a catalogue whose name can stand in a table.
///
/// # Errors
/// If it cannot.
pub fn named_catalogue(text: &str) -> Result<(&str, &Path)> {
    let (name, path) = catalogue(text);
    if name.is_empty() || name.contains([',', '\t', '\n']) {
        let problem = format!("--sites {text}: a catalogue's name has no comma or tab in it");
        return Err(Error::Usage(problem));
    }
    Ok((name, Path::new(path)))
}

/// Adds a catalogue to known sites; returns a remark on what lies outside of the genome.
///
/// # Errors
/// If it cannot be read, or has no site in the genome.
pub fn add_catalogue(
    known: &mut KnownSites,
    name: &str,
    path: &Path,
    contigs: &Contigs,
) -> Result<Option<String>> {
    let (inside, outside) = known.add_bed(name, path, contigs)?;
    if inside == 0 {
        let problem =
            "none of its sites lies on a contig of the FASTA file; are both of the same assembly?";
        return Err(Error::of_file(path, problem));
    }
    Ok((outside > 0).then(|| {
        format!("{name}: {outside} sites are not on contigs of the FASTA file and are left out")
    }))
}

/// Sites that are known whatever a model says of them.
pub struct KnownPlaces {
    /// By contig of the genome and strand, ascending.
    pub places: Vec<[Vec<u64>; 2]>,
    /// The catalogues' files.
    pub files: Vec<Source>,
    pub remarks: Vec<String>,
}

/// Reads catalogues, and adds the ends of annotated transcripts.
///
/// # Errors
/// If a catalogue cannot be read, or has no site in the genome.
pub fn known_places(
    catalogues: &[String],
    genes: Option<&GeneContext>,
    contigs: &Contigs,
) -> Result<KnownPlaces> {
    let (mut known, mut files, mut remarks) = (KnownSites::default(), Vec::new(), Vec::new());
    for text in catalogues {
        let (name, path) = named_catalogue(text)?;
        remarks.extend(add_catalogue(&mut known, name, path, contigs)?);
        files.push(Source::open(path)?);
    }
    if let Some(genes) = genes {
        known.add_ends(genes, true);
    }
    known.finish(contigs);
    Ok(KnownPlaces { places: known.places(contigs), files, remarks })
}
