//! The contigs of a genome, in the order of its FASTA file.

use std::collections::HashMap;

/// One sequence of a FASTA file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contig {
    pub name: String,
    /// Number of nucleotides.
    pub length: u64,
}

/// All sequences of a FASTA file, in file order; a contig is referred to by its index here.
#[derive(Clone, Debug, Default)]
pub struct Contigs {
    list: Vec<Contig>,
    by_name: HashMap<String, usize>,
}

impl Contigs {
    /// Appends a contig and returns its index, or `None` if the name is already there.
    pub fn push(&mut self, name: String, length: u64) -> Option<usize> {
        if self.by_name.contains_key(&name) {
            return None;
        }
        let index = self.list.len();
        self.by_name.insert(name.clone(), index);
        self.list.push(Contig { name, length });
        Some(index)
    }

    /// Returns the index of the contig with exactly this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Returns all contigs in file order.
    pub fn iter(&self) -> std::slice::Iter<'_, Contig> {
        self.list.iter()
    }

    /// Returns the number of contigs.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl std::ops::Index<usize> for Contigs {
    type Output = Contig;

    fn index(&self, index: usize) -> &Contig {
        &self.list[index]
    }
}
