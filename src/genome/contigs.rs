//! The contigs of a genome, in the order of its FASTA file.

mod aliases;

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Problem, excerpt};

/// What sources put before a chromosome's number: UCSC and GENCODE, TAIR.
const PREFIXES: [&str; 3] = ["chr", "Chr", "CHR"];
/// The mitochondrion in the styles of UCSC and TAIR's genes, Ensembl, SGD, Ensembl Plants, TAIR's
/// sequences; without prefix.
const MITOCHONDRION: [&str; 6] = ["M", "MT", "Mito", "Mt", "mitochondria", "mitochondrion"];
/// The chloroplast in the styles of TAIR's genes, Ensembl Plants, TAIR's sequences; without prefix.
const CHLOROPLAST: [&str; 3] = ["C", "Pt", "chloroplast"];

/// One sequence of a FASTA file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contig {
    /// As the FASTA header has it, up to the first blank.
    pub name: String,
    /// Number of nucleotides.
    pub length: u64,
}

/// All sequences of a FASTA file, in file order; a contig is referred to by its index here. Copies
/// share the list: there may be a million names, and every writer keeps one.
#[derive(Clone, Debug, Default)]
pub struct Contigs {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug, Default)]
struct Shared {
    list: Vec<Contig>,
    by_name: HashMap<String, usize>,
    /// By what the name is in every source's style; the first of several.
    by_core: HashMap<String, usize>,
}

impl Contigs {
    /// Appends a contig and returns its index, or `None` if the name is already there.
    pub fn push(&mut self, name: String, length: u64) -> Option<usize> {
        let Shared { list, by_name, by_core } = Arc::make_mut(&mut self.shared);
        if by_name.contains_key(&name) {
            return None;
        }
        let index = list.len();
        by_name.insert(name.clone(), index);
        let (core, accession) = core_of(&name);
        if accession.is_none_or(|accession| accession.can_have(length)) {
            by_core.entry(core).or_insert(index);
        }
        list.push(Contig { name, length });
        Some(index)
    }

    /// Returns the index of the contig with exactly this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.shared.by_name.get(name).copied()
    }

    /// Returns the index of the contig that `name` means: this name itself, or the same chromosome
    /// in another source's style (`chr1` and `1`, `chrM` and `MT`, `ChrC` and `Pt`, `NC_000001.11`
    /// of RefSeq and `CM000663.2` of GenBank, `chr1_KI270706v1_random` and `KI270706.1`). An
    /// accession of one assembly is never a chromosome that has the length of another.
    ///
    /// ```
    /// use polyascan::genome::contigs::Contigs;
    /// let mut contigs = Contigs::default();
    /// contigs.push("chr9".to_owned(), 138_394_717);
    /// assert_eq!(contigs.resolve("9"), Some(0));
    /// assert_eq!(contigs.resolve("NC_000009.12"), Some(0));
    /// assert_eq!(contigs.resolve("NC_000009.11"), None);
    /// assert_eq!(contigs.resolve("chr99"), None);
    /// ```
    pub fn resolve(&self, name: &str) -> Option<usize> {
        if let Some(exact) = self.index_of(name) {
            return Some(exact);
        }
        let (core, accession) = core_of(name);
        let index = *self.shared.by_core.get(&core).filter(|_| !core.is_empty())?;
        let length = self.shared.list[index].length;
        accession.is_none_or(|accession| accession.can_have(length)).then_some(index)
    }

    /// Returns why a name that [`Contigs::resolve`] does not find is of another assembly, if it is:
    /// its accession is that of a chromosome which has another length here.
    pub fn contradiction(&self, name: &str) -> Option<String> {
        let (core, accession) = core_of(name);
        let contig = &self.shared.list[*self.shared.by_core.get(&core)?];
        accession?.contradiction(&excerpt(name), &excerpt(&contig.name), contig.length)
    }

    /// Returns the assembly in which a contig of this name has this length, if it is one of human
    /// or mouse.
    pub fn assembly(&self, contig: usize) -> Option<&'static str> {
        let contig = &self.shared.list[contig];
        aliases::assembly_of(&core_of(&contig.name).0, contig.length)
    }

    /// Returns the contigs of these names, in any source's style.
    ///
    /// # Errors
    /// What is wrong with a name that is none of them.
    pub fn resolve_all(&self, names: &[String]) -> Result<Vec<usize>, Problem> {
        let missing = |name| format!("no contig {name}; there are {}", self.examples(5)).into();
        names.iter().map(|name| self.resolve(name).ok_or_else(|| missing(name))).collect()
    }

    /// Returns the first `n` names as text for messages, e.g. `chr1, chr2, ...`.
    pub fn examples(&self, n: usize) -> String {
        let names: Vec<String> =
            self.shared.list.iter().take(n).map(|c| excerpt(&c.name)).collect();
        names.join(", ") + if self.shared.list.len() > n { ", ..." } else { "" }
    }

    /// Returns all contigs in file order.
    pub fn iter(&self) -> std::slice::Iter<'_, Contig> {
        self.shared.list.iter()
    }

    /// Returns the number of contigs.
    pub fn len(&self) -> usize {
        self.shared.list.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shared.list.is_empty()
    }
}

/// Returns what a contig's name is in every source's style: `9` for `chr9`, one name for `chrM` and
/// `MT`.
pub fn without_style(name: &str) -> &str {
    let core = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    for organelle in [&MITOCHONDRION[..], &CHLOROPLAST] {
        if organelle.contains(&core) {
            return organelle[0];
        }
    }
    core
}

/// Returns the same of accessions, too, and what the accession says.
fn core_of(name: &str) -> (String, Option<aliases::Accession>) {
    match aliases::chromosome(name) {
        Some(accession) => (without_style(&accession.core).to_owned(), Some(accession)),
        None => (aliases::scaffold(name).unwrap_or_else(|| without_style(name).to_owned()), None),
    }
}

impl std::ops::Index<usize> for Contigs {
    type Output = Contig;

    fn index(&self, index: usize) -> &Contig {
        &self.shared.list[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accession_of_another_assembly_is_not_the_chromosome() {
        let mut hg19 = Contigs::default();
        hg19.push("chr1".to_owned(), 249_250_621);
        assert_eq!(hg19.resolve("NC_000001.10"), Some(0));
        assert_eq!(hg19.resolve("NC_000001.11"), None);
        let mut refseq = Contigs::default();
        refseq.push("NC_000001.10".to_owned(), 249_250_621);
        assert_eq!(refseq.resolve("chr1"), Some(0));
        assert_eq!(refseq.resolve("NC_000001.11"), None);
    }

    fn contigs(names: &[&str]) -> Contigs {
        let mut contigs = Contigs::default();
        for name in names {
            assert!(contigs.push((*name).to_owned(), 1).is_some());
        }
        contigs
    }

    #[test]
    fn a_name_is_taken_once() {
        let mut contigs = contigs(&["chr1"]);
        assert_eq!(contigs.push("chr1".to_owned(), 2), None);
        assert_eq!((contigs.len(), contigs[0].length), (1, 1));
    }

    #[test]
    fn an_exact_name_wins_over_another_style() {
        let contigs = contigs(&["chr9", "9", "chrM", "MT"]);
        let found = ["9", "chr9", "MT", "chrM"].map(|name| contigs.resolve(name));
        assert_eq!(found, [Some(1), Some(0), Some(3), Some(2)]);
    }

    #[test]
    fn styles_of_all_sources_are_understood() {
        for (here, asked) in [
            ("1", "chr1"),
            ("chr1", "1"),
            ("Chr1", "1"),
            ("Chr1", "chr1"),
            ("1", "Chr1"),
            ("chrM", "MT"),
            ("MT", "chrM"),
            ("Mito", "chrM"),
            ("chrM", "Mito"),
            ("chrX", "X"),
            // Plants: TAIR's genes and sequences, Ensembl Plants.
            ("Mt", "ChrM"),
            ("ChrM", "Mt"),
            ("Pt", "ChrC"),
            ("ChrC", "Pt"),
            ("chloroplast", "ChrC"),
            ("mitochondria", "Mt"),
            ("ChrM", "chrMt"),
            // RefSeq, GenBank, UCSC.
            ("chr1", "NC_000001.11"),
            ("NC_000001.11", "1"),
            ("NC_000001.11", "CM000663.2"),
            ("chrM", "NC_012920.1"),
            ("NC_012920.1", "MT"),
            ("KI270706.1", "chr1_KI270706v1_random"),
            ("chr1_KI270706v1_random", "KI270706.1"),
            ("chrUn_GL000220v1", "GL000220.1"),
        ] {
            assert_eq!(contigs(&[here]).resolve(asked), Some(0), "{asked} in {here}");
        }
    }

    #[test]
    fn unrelated_names_do_not_match() {
        for (here, asked) in
            [("chr1", "11"), ("chr", ""), ("1", "chr"), ("chrM", "chrMX"), ("2", "1"), ("Mt", "Pt")]
        {
            assert_eq!(contigs(&[here]).resolve(asked), None, "{asked} in {here}");
        }
    }
}
