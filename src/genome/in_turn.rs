//! The contigs of a genome held in memory as they are asked for, one at a time.

use std::collections::HashMap;
use std::sync::Arc;

use super::contigs::Contigs;
use super::fasta::{Bases, FastaFile};
use crate::error::{Error, Result};

/// Loads contigs of a FASTA file. Holds one while they are asked for in runs, as a sorted file
/// asks; once one that was dropped is asked for again, all that are loaded from then on are kept.
pub struct InTurn<'a> {
    fasta: &'a FastaFile,
    bases: Bases,
    /// The contig that the pass comes to next.
    next: usize,
    loaded: HashMap<usize, Arc<Vec<u8>>>,
    /// By contig.
    dropped: Vec<bool>,
    keeps: bool,
}

impl<'a> InTurn<'a> {
    /// Starts with none loaded.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn new(fasta: &'a FastaFile) -> Result<Self> {
        let dropped = vec![false; fasta.contigs.len()];
        let (bases, loaded) = (fasta.bases()?, HashMap::new());
        Ok(Self { fasta, bases, next: 0, loaded, dropped, keeps: false })
    }

    /// Returns the contigs that there are.
    pub fn contigs(&self) -> &'a Contigs {
        &self.fasta.contigs
    }

    /// Returns whether contigs are asked for in no order, so that all of them are kept.
    pub fn keeps_all(&self) -> bool {
        self.keeps
    }

    /// Returns the codes of a contig.
    ///
    /// # Errors
    /// If the file cannot be read or was changed meanwhile.
    pub fn get(&mut self, contig: usize) -> Result<Arc<Vec<u8>>> {
        if let Some(codes) = self.loaded.get(&contig) {
            return Ok(codes.clone());
        }
        self.keeps |= self.dropped[contig];
        if !self.keeps {
            for (dropped, _) in self.loaded.drain() {
                self.dropped[dropped] = true;
            }
        }
        let codes = Arc::new(self.load(contig)?);
        self.loaded.insert(contig, codes.clone());
        Ok(codes)
    }

    fn load(&mut self, contig: usize) -> Result<Vec<u8>> {
        if contig < self.next {
            self.bases = self.fasta.bases()?;
            self.next = 0;
        }
        while let Some(here) = self.bases.next_contig()? {
            self.next = here + 1;
            if here == contig {
                let length = self.fasta.contigs[contig].length as usize;
                let mut codes = Vec::with_capacity(length);
                self.bases.read(length, &mut codes)?;
                return Ok(codes);
            }
        }
        Err(Error::Internal(format!("contig {contig} of {}", self.fasta.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_contig_is_held_until_one_is_asked_for_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ">a\nAC\n>b\nGG\nG\n>c\nT\n").unwrap();
        let fasta = FastaFile::open(file.path()).unwrap();
        let mut contigs = InTurn::new(&fasta).unwrap();
        let get = |contigs: &mut InTurn<'_>, contig| contigs.get(contig).unwrap().to_vec();
        assert_eq!(get(&mut contigs, 1), [2, 2, 2]);
        assert_eq!(get(&mut contigs, 1), [2, 2, 2]);
        assert_eq!(get(&mut contigs, 2), [3]);
        assert_eq!(get(&mut contigs, 0), [0, 1]);
        assert_eq!((contigs.loaded.len(), contigs.keeps_all()), (1, false));
        assert_eq!(get(&mut contigs, 2), [3]);
        assert_eq!(get(&mut contigs, 1), [2, 2, 2]);
        assert_eq!((contigs.loaded.len(), contigs.keeps_all()), (3, true));
    }
}
