//! Stretches of a genome, asked for in order, from one streaming pass in bounded memory.

use std::ops::Range;

use super::fasta::Bases;
use super::sequence::UNKNOWN;
use crate::error::{Error, Result};

/// How much is read at once, nt.
const BLOCK: usize = 1 << 16;

/// A pass over a genome that gives stretches whose contigs and starts ascend.
pub struct Windows {
    bases: Bases,
    contig: Option<usize>,
    /// Codes from `start` on that have been read and may be asked for.
    held: Vec<u8>,
    start: u64,
    ended: bool,
}

impl Windows {
    /// Starts before the first contig.
    pub fn new(bases: Bases) -> Self {
        Self { bases, contig: None, held: Vec::new(), start: 0, ended: false }
    }

    /// Returns the codes of a stretch; what lies outside of the contig is unknown.
    ///
    /// # Errors
    /// If the file cannot be read, or a stretch starts before the last one.
    pub fn get(&mut self, contig: usize, range: &Range<i64>) -> Result<Vec<u8>> {
        while self.contig != Some(contig) {
            let next = self.bases.next_contig()?;
            if next.is_none_or(|next| next > contig) {
                return Err(Error::Internal(format!("contig {contig} is asked for out of order")));
            }
            (self.contig, self.start, self.ended) = (next, 0, false);
            self.held.clear();
        }
        let (start, end) = (range.start.max(0) as u64, range.end.max(0) as u64);
        if start < self.start {
            return Err(Error::Internal(format!("{range:?} is asked for out of order")));
        }
        self.advance(start)?;
        while !self.ended && self.start + (self.held.len() as u64) < end {
            let missing = end - self.start - self.held.len() as u64;
            let wanted = usize::try_from(missing).unwrap_or(usize::MAX).max(BLOCK);
            self.ended = self.bases.read(wanted, &mut self.held)? < wanted;
        }
        let code = |position: i64| {
            let at = u64::try_from(position).ok()?.checked_sub(self.start)?;
            self.held.get(usize::try_from(at).ok()?).copied()
        };
        Ok(range.clone().map(|position| code(position).unwrap_or(UNKNOWN)).collect())
    }

    /// Lets go of what lies before a position.
    fn advance(&mut self, start: u64) -> Result<()> {
        let ahead = start - self.start;
        let here = self.held.len() as u64;
        if ahead < here {
            // Not each time: what is behind is moved.
            if ahead >= BLOCK as u64 {
                self.held.drain(..ahead as usize);
                self.start = start;
            }
            return Ok(());
        }
        self.held.clear();
        self.start += here + self.bases.skip(ahead - here)?;
        self.ended = self.start < start;
        self.start = start;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::genome::fasta::FastaFile;
    use crate::genome::sequence::{decode, stretch};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn stretches_are_those_of_the_whole_sequence(
            asked in prop::collection::vec((0usize..3, -300i64..200_000, 0i64..3_000), 0..30)
        ) {
            let codes = |n: u64| -> Vec<u8> {
                (0..n).map(|i| (i.wrapping_mul(i ^ 0x51) >> 4) as u8 % 4).collect()
            };
            let contigs = [codes(150_000), codes(10), codes(90_000)];
            let mut file = tempfile::NamedTempFile::new().unwrap();
            for (number, codes) in contigs.iter().enumerate() {
                writeln!(file, ">c{number}\n{}", String::from_utf8_lossy(&decode(codes))).unwrap();
            }
            let fasta = FastaFile::open(file.path()).unwrap();
            let mut asked = asked;
            asked.sort_unstable();
            let mut windows = Windows::new(fasta.bases().unwrap());
            for (contig, start, length) in asked {
                let found = windows.get(contig, &(start..start + length)).unwrap();
                let expected = stretch(&contigs[contig], start as isize, length as usize);
                prop_assert_eq!(found, expected);
            }
        }
    }
}
