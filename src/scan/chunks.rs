//! Stretches of sequence that travel through the pipeline, and the reader that cuts them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::screened::MARGIN;
use super::targets::{ScoringPlan, Targets, overlaps};
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::fasta::Bases;
use crate::models::CENTRE;

/// Nucleotides that a chunk holds on either side of its centres, where the contig has them: enough
/// for the windows of both strands (239 nt shared by neighbours on a strand, and the shift by one),
/// and for those beside them that decide which windows a screen leaves in.
pub(super) const FLANK: u64 = CENTRE as u64 + MARGIN;

/// Centres in a chunk unless told otherwise.
pub const DEFAULT_CHUNK: usize = 65_536;

/// Centres in a chunk at most.
pub const LONGEST_CHUNK: usize = 1 << 28;

/// A pass over the bases of a genome, contig by contig. [`Bases`] is the real one.
pub trait BaseSource: Send {
    /// Goes to the next contig; returns its index or `None` at the end.
    fn next_contig(&mut self) -> Result<Option<usize>>;
    /// Appends up to `n` codes of the current contig; returns how many (fewer only at its end).
    fn read(&mut self, n: usize, codes: &mut Vec<u8>) -> Result<usize>;
    /// Skips up to `n` bases of the current contig; returns how many.
    fn skip(&mut self, n: u64) -> Result<u64>;
}

impl BaseSource for Bases {
    fn next_contig(&mut self) -> Result<Option<usize>> {
        Self::next_contig(self)
    }

    fn read(&mut self, n: usize, codes: &mut Vec<u8>) -> Result<usize> {
        Self::read(self, n, codes)
    }

    fn skip(&mut self, n: u64) -> Result<u64> {
        Self::skip(self, n)
    }
}

/// A stretch of a contig and the windows in it that are to be scored. Coordinates are positions on
/// the contig.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub contig: usize,
    /// Length of the contig.
    pub contig_length: u64,
    /// Position of `codes[0]`.
    pub start: u64,
    /// Plus-strand codes of the centres and 168 nt on either side, less at the contig's ends.
    pub codes: Arc<[u8]>,
    /// The positions that this chunk, and no other, answers for.
    pub centres: Range<u64>,
    /// By strand, the parts of `centres` to score, ascending and disjoint.
    pub wanted: [Vec<Range<u64>>; 2],
}

/// A thread's share of what is left is cut into this many chunks at least.
const CHUNKS_PER_SHARE: u64 = 2;
/// Below this, the 239 nt that chunks share cost too much.
const LEAST_CHUNK: u64 = 512;
/// Chunks that travel together at most, however short: what is on its way of short contigs is
/// little memory.
const MOST_TOGETHER: usize = 64;

/// How many centres chunks have: as many as asked for, and fewer and fewer towards the end, so that
/// no thread idles while another is busy with a long last one.
#[derive(Clone, Copy, Debug)]
pub struct ChunkSizes {
    most: u64,
    /// Positions that are in no chunk yet.
    left: u64,
    threads: u64,
}

impl ChunkSizes {
    /// Starts before the first of `positions`; chunks have at most `most` of them, at least 1.
    pub fn new(positions: u64, threads: usize, most: usize) -> Self {
        Self { most: most.max(1) as u64, left: positions, threads: threads.max(1) as u64 }
    }

    /// Returns the most centres of the next chunk.
    fn next(&self) -> u64 {
        (self.left / (self.threads * CHUNKS_PER_SHARE)).max(LEAST_CHUNK).min(self.most)
    }

    /// Notes the centres of a chunk.
    fn used(&mut self, centres: u64) {
        self.left = self.left.saturating_sub(centres);
    }
}

/// Cuts the parts of a genome that are to be scored, or a share of them, into chunks, in order,
/// holding one at a time.
pub struct ChunkReader<'a> {
    bases: Box<dyn BaseSource + 'a>,
    contigs: &'a Contigs,
    /// Named in errors.
    fasta: &'a Path,
    targets: &'a Targets,
    sizes: ChunkSizes,
    /// Which positions of [`Targets::scoring_total`] to hand out.
    span: Range<u64>,
    /// How many of them the contigs entered so far have.
    entered: u64,
    current: Option<Current>,
}

/// Where the reader stands in a contig.
struct Current {
    contig: usize,
    length: u64,
    plan: ScoringPlan,
    /// Index in `plan.either`.
    piece: usize,
    /// First centre that no chunk has yet (at least the piece's start).
    next_centre: u64,
    /// Codes from `buffer_start` up to where the source stands.
    buffer: Vec<u8>,
    buffer_start: u64,
}

impl<'a> ChunkReader<'a> {
    /// Starts at the beginning of `bases`. `span` counts the positions to score through all
    /// contigs, see [`Targets::scoring_total`].
    pub fn new(
        bases: Box<dyn BaseSource + 'a>,
        contigs: &'a Contigs,
        fasta: &'a Path,
        targets: &'a Targets,
        span: Range<u64>,
        sizes: ChunkSizes,
    ) -> Self {
        Self { bases, contigs, fasta, targets, sizes, span, entered: 0, current: None }
    }

    /// Returns the next chunks, together no larger than one may be, or `None` when everything asked
    /// for has been handed out. To hand a chunk of each short contig from thread to thread by
    /// itself would take longer than to score it.
    ///
    /// # Errors
    /// If the source fails or holds less than the contig list says.
    pub fn next_chunks(&mut self) -> Result<Option<Vec<Chunk>>> {
        let mut room = self.sizes.next();
        let mut chunks = Vec::new();
        // Less room would cut a contig in two only because of those before it.
        while chunks.is_empty() || (room >= LEAST_CHUNK && chunks.len() < MOST_TOGETHER) {
            let Some(chunk) = self.next_chunk(room)? else { break };
            room -= chunk.centres.end - chunk.centres.start;
            chunks.push(chunk);
        }
        Ok(Some(chunks).filter(|chunks| !chunks.is_empty()))
    }

    /// Returns the next chunk, of at most `most` centres.
    fn next_chunk(&mut self, most: u64) -> Result<Option<Chunk>> {
        loop {
            if let Some(current) = &mut self.current
                && let Some(centres) = current.next_centres(most)
            {
                self.sizes.used(centres.end - centres.start);
                return self.cut(centres).map(Some);
            }
            self.current = None;
            if self.entered >= self.span.end {
                return Ok(None);
            }
            self.enter_next_contig()?;
        }
    }

    /// Goes to the next contig of which anything is asked for.
    fn enter_next_contig(&mut self) -> Result<()> {
        while let Some(contig) = self.bases.next_contig()? {
            if contig >= self.contigs.len() {
                break;
            }
            if self.targets.wants(contig) {
                let length = self.contigs[contig].length;
                let mut plan = self.targets.scoring(contig, length);
                let before = self.entered;
                self.entered += plan.either.total();
                let [start, end] =
                    [self.span.start, self.span.end].map(|n| n.saturating_sub(before));
                plan.either = plan.either.ordinals(start..end);
                self.current = Some(Current {
                    contig,
                    length,
                    plan,
                    piece: 0,
                    next_centre: 0,
                    buffer: Vec::new(),
                    buffer_start: 0,
                });
                return Ok(());
            }
        }
        Err(Error::of_file(
            self.fasta,
            "other sequences than when it was checked: it changed meanwhile; run again",
        ))
    }

    /// Makes the chunk of `centres` of the current contig.
    fn cut(&mut self, centres: Range<u64>) -> Result<Chunk> {
        let Some(current) = &mut self.current else {
            return Err(Error::Internal("chunk cut outside a contig".into()));
        };
        let start = centres.start.saturating_sub(FLANK);
        let end = (centres.end + FLANK).min(current.length);
        let reached = current.fill(self.bases.as_mut(), start, end)?;
        if reached < end {
            let contig = &self.contigs[current.contig];
            return Err(Error::input(
                self.fasta,
                format!("{}:{reached}", contig.name),
                format!(
                    "the sequence ends here but had {} nt when the file was checked: it changed \
                     meanwhile; run again",
                    contig.length
                ),
            ));
        }
        let wanted = [0, 1].map(|strand: usize| {
            overlaps(current.plan.strands[strand].as_slice(), centres.clone()).collect()
        });
        Ok(Chunk {
            contig: current.contig,
            contig_length: current.length,
            start,
            codes: current.buffer.as_slice().into(),
            centres,
            wanted,
        })
    }
}

impl Current {
    /// Takes the next up to `size` centres, all of one piece.
    fn next_centres(&mut self, size: u64) -> Option<Range<u64>> {
        let piece = self.plan.either.as_slice().get(self.piece)?;
        let start = self.next_centre.max(piece.start);
        let end = start.saturating_add(size).min(piece.end);
        self.next_centre = end;
        if end == piece.end {
            self.piece += 1;
        }
        Some(start..end)
    }

    /// Makes the buffer hold `start..end`; what lies between is skipped, not decoded. Returns how
    /// far the sequence reached.
    fn fill(&mut self, bases: &mut dyn BaseSource, start: u64, end: u64) -> Result<u64> {
        let mut reached = self.buffer_start + self.buffer.len() as u64;
        if start < reached {
            self.buffer.drain(..(start - self.buffer_start) as usize);
            self.buffer_start = start;
        } else {
            self.buffer.clear();
            reached += bases.skip(start - reached)?;
            self.buffer_start = reached;
            if reached < start {
                return Ok(reached);
            }
        }
        Ok(reached + bases.read((end - reached) as usize, &mut self.buffer)? as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(positions: u64, threads: usize, most: usize) -> Vec<u64> {
        let mut sizes = ChunkSizes::new(positions, threads, most);
        let one = || {
            let size = sizes.next().min(sizes.left);
            sizes.used(size);
            (size > 0).then_some(size)
        };
        std::iter::from_fn(one).collect()
    }

    #[test]
    fn chunks_get_smaller_towards_the_end_and_cover_all() {
        for (positions, threads) in [(1_000_000, 2), (100_000, 7), (3_000, 1)] {
            let sizes = sizes(positions, threads, DEFAULT_CHUNK);
            assert_eq!(sizes.iter().sum::<u64>(), positions);
            assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
            assert!(sizes.iter().all(|&size| size <= DEFAULT_CHUNK as u64));
            let (last, others) = sizes.split_last().unwrap();
            assert!(others.iter().all(|&size| size >= LEAST_CHUNK), "{sizes:?}");
            assert!(*last <= LEAST_CHUNK, "{sizes:?}");
        }
        assert_eq!(sizes(1_000_000, 2, DEFAULT_CHUNK)[0], DEFAULT_CHUNK as u64);
    }

    #[test]
    fn short_contigs_travel_together_and_none_is_cut_for_it() {
        use crate::genome::strand::Strand;
        use crate::scan::testing::MemoryBases;
        let genome = vec![vec![0; 241]; 2_000];
        let mut contigs = Contigs::default();
        for i in 0..genome.len() {
            contigs.push(format!("c{i}"), 241);
        }
        let targets = Targets::new(&contigs, &Strand::BOTH, None, None);
        let total = targets.scoring_total(&contigs);
        let sizes = ChunkSizes::new(total, 2, DEFAULT_CHUNK);
        let bases = Box::new(MemoryBases::new(&genome));
        let mut reader =
            ChunkReader::new(bases, &contigs, Path::new("g.fa"), &targets, 0..total, sizes);
        let mut together = Vec::new();
        while let Some(chunks) = reader.next_chunks().unwrap() {
            assert!(chunks.iter().all(|chunk| chunk.centres == (0..241)));
            together.push(chunks.len());
        }
        assert_eq!(together.iter().sum::<usize>(), 2_000);
        assert!(
            together.iter().all(|&n| n <= MOST_TOGETHER) && together.len() < 60,
            "{together:?}"
        );
    }

    #[test]
    fn no_chunk_is_larger_than_asked_for() {
        assert_eq!(sizes(10, 3, 4), [4, 4, 2]);
        assert_eq!(sizes(3, 3, 0), [1, 1, 1]);
    }
}
