//! Contig names of an annotation in terms of the genome's.

use std::collections::HashMap;

use crate::error::{Problem, excerpt};
use crate::genome::contigs::Contigs;

/// Resolves names and remembers what to tell the user.
pub(super) struct Names<'c> {
    contigs: &'c Contigs,
    known: HashMap<String, Option<usize>>,
    /// Pairs of names here and in the FASTA file, where they differ, in order of appearance.
    restyled: Vec<(String, usize)>,
    missing: Vec<String>,
    missing_rows: u64,
}

impl<'c> Names<'c> {
    pub(super) fn new(contigs: &'c Contigs) -> Self {
        let (known, restyled, missing) = Default::default();
        Self { contigs, known, restyled, missing, missing_rows: 0 }
    }

    /// Returns the contig's index; counts the row if there is none.
    pub(super) fn resolve(&mut self, name: &str) -> Option<usize> {
        let found = match self.known.get(name) {
            Some(&found) => found,
            None => self.learn(name.to_owned()),
        };
        self.missing_rows += u64::from(found.is_none());
        found
    }

    /// Returns the contig's index if the name was asked for before.
    pub(super) fn known(&self, name: &str) -> Option<usize> {
        self.known.get(name).copied().flatten()
    }

    /// Takes another name of a contig, as RefSeq tells of its accessions, for where its own is not
    /// in the genome.
    pub(super) fn alias(&mut self, name: &str, other: &str) {
        if self.contigs.resolve(name).is_none()
            && let Some(index) = self.contigs.resolve(other)
            && self.known.insert(name.to_owned(), Some(index)).is_none()
        {
            self.restyled.push((name.to_owned(), index));
        }
    }

    fn learn(&mut self, name: String) -> Option<usize> {
        let found = self.contigs.resolve(&name);
        match found {
            Some(index) if self.contigs[index].name != name => {
                self.restyled.push((name.clone(), index));
            }
            Some(_) => {}
            None => self.missing.push(name.clone()),
        }
        self.known.insert(name, found);
        found
    }

    /// Complains if there were names, but none of them is in the genome.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.missing.is_empty() || self.missing.len() < self.known.len() {
            return Ok(());
        }
        Err(format!(
            "none of its contigs is in the FASTA file: {} here, {} there; are both of the same assembly?",
            self.examples(),
            self.contigs.examples(3)
        ).into())
    }

    /// Returns the remarks.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some((name, index)) = self.restyled.first() {
            notes.push(format!(
                "{} contig names are written in another style in the annotation and were matched ({name} is {} in \
                 the FASTA file)",
                self.restyled.len(),
                self.contigs[*index].name
            ));
        }
        if !self.missing.is_empty() {
            notes.push(format!(
                "{} contigs of the annotation are not in the FASTA file; their {} gene, transcript and exon rows \
                 are left out ({})",
                self.missing.len(),
                self.missing_rows,
                self.examples()
            ));
        }
        notes
    }

    fn examples(&self) -> String {
        let first: Vec<String> = self.missing.iter().take(3).map(|name| excerpt(name)).collect();
        let first = first.join(", ");
        first + if self.missing.len() > 3 { ", ..." } else { "" }
    }
}
