//! Stretches of a genome: some to learn from, others to calibrate on.

use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::genome::sequence::{UNKNOWN, reverse_complement};

/// Nucleotides of a block at most: blocks are either learned from or calibrated on.
const LONGEST_BLOCK: u64 = 1 << 16;
/// Nucleotides of a block at least, where the genome is that long.
const SHORTEST_BLOCK: u64 = 1 << 12;
/// Blocks of a genome, if they are not too long or too short then.
const BLOCKS: u64 = 256;
/// One block in so many is calibrated on.
const HELD_OUT: usize = 4;

/// The blocks of a genome, divided.
pub struct Blocks {
    pub learned: Vec<Block>,
    pub held_out: Vec<Block>,
}

/// A stretch of a contig.
pub type Block = (usize, Range<u64>);

impl Blocks {
    /// Divides the contigs of a genome; `shortest` are the nucleotides that a block must have.
    ///
    /// # Errors
    /// If there are fewer than two blocks.
    pub fn new(fasta: &FastaFile, shortest: usize, seed: u64) -> Result<Self> {
        let total: u64 = fasta.contigs.iter().map(|contig| contig.length).sum();
        let length = (total / BLOCKS).clamp(SHORTEST_BLOCK, LONGEST_BLOCK);
        let mut blocks: Vec<Block> = Vec::new();
        for (contig, length_of_contig) in
            fasta.contigs.iter().map(|contig| contig.length).enumerate()
        {
            let starts = (0..length_of_contig).step_by(length as usize);
            let block = |start: u64| (contig, start..(start + length).min(length_of_contig));
            blocks.extend(
                starts.map(block).filter(|(_, range)| range.end - range.start >= shortest as u64),
            );
        }
        blocks.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let held_out = blocks.split_off(blocks.len() - blocks.len().div_ceil(HELD_OUT));
        if blocks.is_empty() {
            let problem = format!(
                "too short to learn from one part and to calibrate on another: two stretches of {shortest} nt \
                 are needed"
            );
            return Err(Error::of_file(&fasta.path, problem));
        }
        Ok(Self { learned: blocks, held_out })
    }
}

/// Draws up to `count` stretches of `length` nt from blocks, at random places of both strands; codes
/// in transcript direction. Those that are unknown for more than half are left out.
///
/// # Errors
/// If the genome cannot be read.
pub fn draw(
    fasta: &FastaFile,
    blocks: &[Block],
    (count, length): (usize, usize),
    seed: u64,
) -> Result<Vec<Vec<u8>>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let room = |range: &Range<u64>| (range.end - range.start + 1).saturating_sub(length as u64);
    let mut ends = Vec::with_capacity(blocks.len());
    let mut total = 0;
    for (_, range) in blocks {
        total += room(range);
        ends.push(total);
    }
    if total == 0 {
        return Ok(Vec::new());
    }
    let places = (0..count).map(|number| {
        let at = rng.random_range(0..total);
        let block = ends.partition_point(|&end| end <= at);
        let (contig, range) = &blocks[block];
        (*contig, range.end - length as u64 - (ends[block] - 1 - at), rng.random::<bool>(), number)
    });
    let mut places: Vec<(usize, u64, bool, usize)> = places.collect();
    // In the order of the file, so that it is read once.
    places.sort_unstable();
    let mut contigs = InTurn::new(fasta)?;
    let mut stretches = Vec::with_capacity(count);
    for (contig, start, minus, number) in places {
        let codes = contigs.get(contig)?;
        let codes = &codes[start as usize..start as usize + length];
        if codes.iter().filter(|&&code| code == UNKNOWN).count() <= length / 2 {
            let codes = if minus { reverse_complement(codes) } else { codes.to_vec() };
            stretches.push((number, codes));
        }
    }
    stretches.sort_unstable_by_key(|&(number, _)| number);
    Ok(stretches.into_iter().map(|(_, codes)| codes).collect())
}
