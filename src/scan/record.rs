//! A scored chunk as bytes: all that consolidation, sites and tracks need of it.
//!
//! Kept windows are sparse, and so is what is read around them: sequence for their polyA signals,
//! classifications for the sites that they make. Elsewhere neither is stored, but for tracks, which
//! want every classification.
//!
//! Everything is little-endian; counts and positions are u64.

use std::ops::Range;
use std::sync::Arc;

use super::chunks::{Chunk, FLANK, LONGEST_CHUNK};
use super::consolidate::{REACH, UPSTREAM};
use super::inference::{ChunkScores, Kept, StrandChunk};
use super::totals::WindowCounts;
use crate::genome::region::Intervals;
use crate::genome::sequence::UNKNOWN;
use crate::models::CLEAVAGE;

/// Returns a chunk's scores as bytes; all classifications only with `every_probability`.
pub fn encode(scores: &ChunkScores, every_probability: bool) -> Vec<u8> {
    let chunk = &scores.chunk;
    let mut out = Encoder(Vec::new());
    for value in [chunk.contig as u64, chunk.centres.start, chunk.centres.end, chunk.start] {
        out.u64(value);
    }
    let kept = || scores.strands.iter().flatten().flat_map(|strand| &strand.kept);
    out.u64(chunk.codes.len() as u64);
    out.runs(around(kept(), UPSTREAM + REACH, chunk.start, chunk.codes.len()), |out, at| {
        out.0.push(chunk.codes[at]);
    });
    for strand in &scores.strands {
        out.0.push(u8::from(strand.is_some()));
        if let Some(strand) = strand {
            strand_scores(&mut out, strand, &chunk.centres, every_probability);
        }
    }
    out.0
}

fn strand_scores(out: &mut Encoder, strand: &StrandChunk, centres: &Range<u64>, every: bool) {
    counts(&strand.windows).into_iter().for_each(|count| out.u64(count));
    let length = strand.probability.len();
    let mut wanted = around(strand.kept.iter(), REACH, centres.start, length);
    let length = length as u64;
    // Windows kept in the chunks before and after this one reach into it.
    let edge = if every { length } else { REACH.min(length) };
    wanted.extend([0..edge, length - edge..length]);
    let wanted = Intervals::new(wanted).as_slice().to_vec();
    out.runs(wanted, |out, at| out.f32(strand.probability[at]));
    out.u64(strand.kept.len() as u64);
    for Kept { centre, probability, cleavage } in &strand.kept {
        out.u64(*centre);
        out.f32(*probability);
        cleavage.iter().for_each(|&value| out.f32(value));
    }
}

/// Returns the counts in the order in which they are stored.
fn counts(windows: &WindowCounts) -> [u64; 8] {
    let WindowCounts {
        requested,
        scored,
        screened,
        contig_edge,
        short_contig,
        n,
        no_signal,
        context,
    } = *windows;
    [requested, scored, screened, contig_edge, short_contig, n, no_signal, context]
}

/// Returns the indices, in a list that begins at position `start`, closer than `reach` + 1 to a
/// kept window's centre.
fn around<'a>(
    kept: impl Iterator<Item = &'a Kept>,
    reach: u64,
    start: u64,
    length: usize,
) -> Vec<Range<u64>> {
    let end = start + length as u64;
    let near = kept.map(|window| {
        let from = window.centre.saturating_sub(reach).clamp(start, end);
        from - start..(window.centre + reach + 1).clamp(from, end) - start
    });
    Intervals::new(near.collect()).as_slice().to_vec()
}

/// Returns the scores that bytes hold, or `None` if they are none of a chunk of contigs of these
/// lengths.
pub fn decode(bytes: &[u8], length_of: impl Fn(usize) -> Option<u64>) -> Option<ChunkScores> {
    let mut from = Decoder(bytes);
    let contig = usize::try_from(from.u64()?).ok()?;
    let contig_length = length_of(contig)?;
    let centres = from.u64()?..from.u64()?;
    let start = from.u64()?;
    let length = from.u64()?;
    let end = start.checked_add(length)?;
    if centres.is_empty() || start > centres.start || end < centres.end || end > contig_length {
        return None;
    }
    // Memory is taken for both: no more than a scan takes.
    let longest = LONGEST_CHUNK as u64;
    if centres.end - centres.start > longest || length > longest + 2 * FLANK {
        return None;
    }
    let mut codes = vec![UNKNOWN; usize::try_from(length).ok()?];
    from.runs(&mut codes, Decoder::u8)?;
    if codes.iter().any(|&code| code > UNKNOWN) {
        return None;
    }
    let mut strands = [None, None];
    for strand in &mut strands {
        if from.u8()? == 1 {
            *strand = Some(strand_of(&mut from, &centres)?);
        }
    }
    let codes = Arc::from(codes);
    let wanted = [Vec::new(), Vec::new()];
    let chunk = Chunk { contig, contig_length, start, codes, centres, wanted };
    from.0.is_empty().then_some(ChunkScores { chunk, strands })
}

fn strand_of(from: &mut Decoder<'_>, centres: &Range<u64>) -> Option<StrandChunk> {
    let mut values = [0; 8];
    for value in &mut values {
        *value = from.u64()?;
    }
    let length = centres.end - centres.start;
    if values.iter().any(|&count| count > length) {
        return None;
    }
    let [requested, scored, screened, contig_edge, short_contig, n, no_signal, context] = values;
    let windows = WindowCounts {
        requested,
        scored,
        screened,
        contig_edge,
        short_contig,
        n,
        no_signal,
        context,
    };
    let mut probability = vec![f32::NAN; usize::try_from(length).ok()?];
    from.runs(&mut probability, Decoder::f32)?;
    let mut kept: Vec<Kept> = Vec::new();
    for _ in 0..from.u64()? {
        let (centre, probability) = (from.u64()?, from.f32()?);
        let mut cleavage = [0.0; CLEAVAGE];
        for value in &mut cleavage {
            *value = from.f32()?;
        }
        let ascending = kept.last().is_none_or(|last| last.centre < centre);
        if !ascending || !centres.contains(&centre) {
            return None;
        }
        kept.push(Kept { centre, probability, cleavage });
    }
    Some(StrandChunk { windows, probability, kept })
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    fn f32(&mut self, value: f32) {
        self.0.extend(value.to_bits().to_le_bytes());
    }

    /// Stores the parts of a list: how many, and for each its range and its values.
    fn runs(&mut self, runs: Vec<Range<u64>>, mut value: impl FnMut(&mut Self, usize)) {
        self.u64(runs.len() as u64);
        for run in runs {
            self.u64(run.start);
            self.u64(run.end);
            run.for_each(|at| value(self, at as usize));
        }
    }
}

/// What is not read yet.
struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn f32(&mut self) -> Option<f32> {
        self.take().map(|bytes| f32::from_bits(u32::from_le_bytes(bytes)))
    }

    /// Reads the parts of a list into their places.
    fn runs<T>(&mut self, list: &mut [T], value: impl Fn(&mut Self) -> Option<T>) -> Option<()> {
        for _ in 0..self.u64()? {
            let (start, end) = (self.u64()?, self.u64()?);
            let run = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
            for slot in list.get_mut(run)? {
                *slot = value(self)?;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn length_of(contig: usize) -> Option<u64> {
        [10, 2_000].get(contig).copied()
    }

    fn scores() -> ChunkScores {
        let kept = |centre| Kept { centre, probability: 0.75, cleavage: [0.02; CLEAVAGE] };
        let strand = StrandChunk {
            windows: WindowCounts { requested: 500, scored: 499, n: 1, ..WindowCounts::default() },
            probability: (0..500).map(|at| at as f32 / 500.0).collect(),
            kept: vec![kept(900), kept(901), kept(1_300)],
        };
        let chunk = Chunk {
            contig: 1,
            contig_length: 2_000,
            start: 780,
            codes: (0..740).map(|at| at as u8 % 4).collect(),
            centres: 900..1_400,
            wanted: [Vec::new(), Vec::new()],
        };
        ChunkScores { chunk, strands: [None, Some(strand)] }
    }

    #[test]
    fn what_is_near_kept_windows_and_ends_comes_back_and_all_with_tracks() {
        let before = scores();
        let probability = |scores: &ChunkScores| scores.strands[1].clone().unwrap().probability;
        let after = decode(&encode(&before, true), length_of).unwrap();
        assert_eq!(probability(&after), probability(&before));
        let after = decode(&encode(&before, false), length_of).unwrap();
        assert!(after.strands[0].is_none());
        assert_eq!(
            after.strands[1].as_ref().unwrap().kept,
            before.strands[1].as_ref().unwrap().kept
        );
        assert_eq!(after.strands[1].as_ref().unwrap().windows.scored, 499);
        let there = |position: usize| !probability(&after)[position - 900].is_nan();
        assert_eq!(
            [925, 926, 1_275, 1_276, 1_324, 1_325].map(there),
            [true, false, false, true, true, false]
        );
        assert_eq!([1_375, 1_376, 1_399].map(there), [false, true, true]);
        let known = |position: usize| after.chunk.codes[position - 780] != UNKNOWN;
        assert_eq!([834, 835, 966, 967].map(known), [false, true, true, false]);
        assert_eq!(after.chunk.codes[1_300 - 780], before.chunk.codes[1_300 - 780]);
    }

    proptest! {
        #[test]
        fn bytes_that_are_no_record_give_nothing_and_no_panic(
            at in any::<prop::sample::Index>(),
            bit in 0u8..8,
            cut in any::<bool>(),
        ) {
            let mut bytes = encode(&scores(), false);
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
                prop_assert!(decode(&bytes, length_of).is_none());
            } else {
                bytes[at] ^= 1 << bit;
                drop(decode(&bytes, length_of));
            }
        }
    }
}
