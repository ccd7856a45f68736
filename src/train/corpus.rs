//! Sequences as sentences of k-mers.

use std::path::Path;

use crate::error::Result;
use crate::genome::compression::Source;
use crate::genome::sequences::Sequences;
use crate::models::deeprke::words::{BASES, Labels, words};
use crate::structure::{Form, Records};

/// Sentences of words' indices, and the digests of the files that they are from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Corpus {
    /// Each a run of words without an unknown letter; 4 bytes per word, held in memory.
    pub sentences: Vec<Vec<u32>>,
    /// sha256 of each file, hexadecimal.
    pub sha256: Vec<String>,
    /// Words left out, because one of their letters is unknown.
    pub unknown: u64,
}

impl Corpus {
    /// Adds the overlapping k-mers of codes below `alphabet`; unknown ones end a sentence.
    pub fn add(&mut self, codes: &[u8], k: usize, alphabet: usize) {
        let mut sentence = Vec::new();
        for word in words(codes, k, alphabet) {
            match word {
                Some(word) => sentence.push(word as u32),
                None => {
                    self.unknown += 1;
                    self.end(std::mem::take(&mut sentence));
                }
            }
        }
        self.end(sentence);
    }

    fn end(&mut self, sentence: Vec<u32>) {
        if !sentence.is_empty() {
            self.sentences.push(sentence);
        }
    }

    /// Adds the sequences of a file: FASTA, or one sequence per line; plain, gzip or BGZF.
    ///
    /// # Errors
    /// If the file cannot be read or holds letters that are no nucleotides.
    pub fn add_sequences(&mut self, path: &Path, k: usize) -> Result<()> {
        let source = Source::open(path)?;
        let mut sequences = Sequences::new(source.clone(), None)?;
        while let Some(sequence) = sequences.next().transpose()? {
            self.add(&sequences.codes(&sequence)?, k, BASES.len());
        }
        self.sha256.push(source.sha256()?);
        Ok(())
    }

    /// Adds the loop labels of a file of structures, as [`Records`] reads them.
    ///
    /// # Errors
    /// If the file cannot be read or holds no structures.
    pub fn add_structures(&mut self, path: &Path, k: usize, labels: Labels) -> Result<()> {
        let source = Source::open(path)?;
        for record in Records::open(&source, Form::Labels) {
            self.add(&labels.codes(&record?.structure), k, labels.alphabet().len());
        }
        self.sha256.push(source.sha256()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_become_words_of_loop_labels() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ">a\nACGUACGU\n.((..)).\n>b\nACG\nFST\n").unwrap();
        let mut corpus = Corpus::default();
        corpus.add_structures(file.path(), 1, Labels::Six).unwrap();
        assert_eq!(corpus.sentences, [vec![0, 5, 5, 2, 2, 5, 5, 1], vec![0, 5, 1]]);
    }

    #[test]
    fn fasta_and_lines_give_the_same_sentences_cut_at_unknown_bases() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let mut corpus = Corpus::default();
            corpus.add_sequences(&path, 2).unwrap();
            corpus
        };
        let lines = read("lines", "ACGUNAC\n\nA\ngg\n");
        let fasta = read("fasta", ">a\nACG\nTNAC\n>b\nA\n>c\nGG\n");
        assert_eq!(lines.sentences, [vec![1, 6, 11], vec![1], vec![10]]);
        assert_eq!((&lines.sentences, lines.unknown), (&fasta.sentences, 2));
        assert!(lines.sha256 != fasta.sha256 && lines.sha256.len() == 1);
    }
}
