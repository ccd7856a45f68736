//! Small genomes held in memory, for training and evaluation.

use std::path::Path;

use super::contigs::Contigs;
use super::fasta::FastaFile;
use super::sequence::{reverse_complement, stretch};
use super::strand::Strand;
use crate::error::Result;
use crate::models::{CENTRE, WINDOW};

/// A FASTA file's sequences as codes.
#[derive(Clone, Debug, Default)]
pub struct Genome {
    /// Its contigs, in order.
    pub contigs: Contigs,
    /// Codes of each contig.
    pub codes: Vec<Vec<u8>>,
}

impl Genome {
    /// Reads a whole FASTA file.
    ///
    /// # Errors
    /// Those of [`FastaFile`].
    pub fn read(path: &Path) -> Result<Self> {
        let file = FastaFile::open(path)?;
        let mut bases = file.bases()?;
        let mut codes = Vec::new();
        while let Some(contig) = bases.next_contig()? {
            let mut sequence = Vec::new();
            bases.read(file.contigs[contig].length as usize, &mut sequence)?;
            codes.push(sequence);
        }
        Ok(Self { contigs: file.contigs, codes })
    }

    /// Empties contigs that are not to be used; their names stay.
    pub fn leave_out(&mut self, unwanted: impl Fn(usize) -> bool) {
        for (contig, codes) in self.codes.iter_mut().enumerate() {
            if unwanted(contig) {
                codes.clear();
            }
        }
    }

    /// Returns `length` codes in transcript direction, `before` of them upstream of `position`;
    /// `None` where the contig ends first.
    pub fn around(
        &self,
        contig: usize,
        strand: Strand,
        position: usize,
        before: usize,
        length: usize,
    ) -> Option<Vec<u8>> {
        let codes = &self.codes[contig];
        let start = match strand {
            Strand::Plus => position.checked_sub(before)?,
            Strand::Minus => (position + before + 1).checked_sub(length)?,
        };
        let stretch = codes.get(start..start + length)?;
        Some(match strand {
            Strand::Plus => stretch.to_vec(),
            Strand::Minus => reverse_complement(stretch),
        })
    }

    /// Returns as [`Genome::around`] does, with unknown bases past the contig's ends.
    pub fn around_padded(
        &self,
        contig: usize,
        strand: Strand,
        position: usize,
        before: usize,
        length: usize,
    ) -> Vec<u8> {
        let (codes, position, before) = (&self.codes[contig], position as isize, before as isize);
        match strand {
            Strand::Plus => stretch(codes, position - before, length),
            Strand::Minus => {
                let start = position + before + 1 - length as isize;
                reverse_complement(&stretch(codes, start, length))
            }
        }
    }

    /// Returns the 240-nt window centred on `position`: index 120 in transcript direction.
    pub fn window(&self, contig: usize, strand: Strand, position: usize) -> Option<Vec<u8>> {
        self.around(contig, strand, position, CENTRE, WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::sequence::{UNKNOWN, complement, encode};

    #[test]
    fn a_window_has_its_position_at_index_120_on_both_strands() {
        let letters: Vec<u8> = (0..500).map(|i| b"ACGT"[(i * i + i / 7) % 4]).collect();
        let codes = encode(&letters).unwrap_or_default();
        let mut contigs = Contigs::default();
        contigs.push("c".into(), 500);
        let genome = Genome { contigs, codes: vec![codes.clone()] };
        for (position, &code) in codes.iter().enumerate() {
            for strand in Strand::BOTH {
                let padded = genome.around_padded(0, strand, position, CENTRE, WINDOW);
                let window = genome.window(0, strand, position);
                assert_eq!(window.is_some(), !padded.contains(&UNKNOWN), "{position}");
                assert!(window.is_none_or(|window| window == padded));
            }
            let centre = |strand| genome.window(0, strand, position).map(|window| window[120]);
            let (plus, minus) = ((120..=380).contains(&position), (119..=379).contains(&position));
            assert_eq!(centre(Strand::Plus), plus.then_some(code), "{position}");
            assert_eq!(centre(Strand::Minus), minus.then_some(complement(code)), "{position}");
        }
    }
}
