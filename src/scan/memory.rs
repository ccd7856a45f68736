//! Bases that are in memory as they are.

use super::chunks::BaseSource;
use crate::error::Result;

/// Contigs in memory, as codes.
pub struct MemorySource<C> {
    pub contigs: Vec<C>,
    /// Contig and position of the next base; `None` before the first contig.
    at: Option<(usize, usize)>,
}

impl<C: AsRef<[u8]>> MemorySource<C> {
    /// Starts before the first contig.
    pub fn new(contigs: Vec<C>) -> Self {
        Self { contigs, at: None }
    }

    /// Goes up to `n` bases on in the contig; returns them.
    fn advance(&mut self, n: usize) -> &[u8] {
        let Some((contig, position)) = &mut self.at else { return &[] };
        let Some(codes) = self.contigs.get(*contig) else { return &[] };
        let left = &codes.as_ref()[*position..];
        let passed = &left[..n.min(left.len())];
        *position += passed.len();
        passed
    }
}

impl<C: AsRef<[u8]> + Send> BaseSource for MemorySource<C> {
    fn next_contig(&mut self) -> Result<Option<usize>> {
        let next = self.at.map_or(0, |(contig, _)| contig + 1);
        self.at = Some((next, 0));
        Ok((next < self.contigs.len()).then_some(next))
    }

    fn read(&mut self, n: usize, codes: &mut Vec<u8>) -> Result<usize> {
        let passed = self.advance(n);
        codes.extend_from_slice(passed);
        Ok(passed.len())
    }

    fn skip(&mut self, n: u64) -> Result<u64> {
        Ok(self.advance(usize::try_from(n).unwrap_or(usize::MAX)).len() as u64)
    }
}
