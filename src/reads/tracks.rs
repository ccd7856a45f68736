//! Ends in bigWig, one file a strand: read, and written.

use std::path::Path;

use super::ends::{Counts, Ends, Skip};
use super::text::count;
use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::output::bigwig::read::BigWigReader;
use crate::output::bigwig::{TrackOutcome, TrackWriter};

/// First bytes of a bigWig file, in either order of bytes.
pub const MAGIC: [u8; 4] = [0x26, 0xfc, 0x8f, 0x88];
pub const MAGIC_SWAPPED: [u8; 4] = [0x88, 0x8f, 0xfc, 0x26];

/// Counts the ends that a track of one strand holds; a minus before a value says nothing.
///
/// # Errors
/// If the file cannot be read, or a value is not a count.
pub fn read(path: &Path, contigs: &Contigs, strand: Strand, ends: &mut Ends) -> Result<()> {
    let reader = BigWigReader::open(path)?;
    for named in reader.contigs() {
        let contig = contigs.resolve(&named.name);
        let mut wrong = None;
        reader.values(named, 0..named.length, &mut |start, end, value| match (
            count(value.into()),
            contig,
        ) {
            (Err(problem), _) => {
                wrong.get_or_insert((start, problem));
            }
            (Ok(reads), None) => {
                ends.skip(Skip::UnknownContig, reads * u64::from(end - start));
            }
            (Ok(0), Some(_)) => {}
            (Ok(reads), Some(contig)) => {
                let place = (contig, contigs[contig].length);
                (start..end).for_each(|at| ends.add(place, strand, at.into(), reads));
            }
        })?;
        if let Some((start, problem)) = wrong {
            let place = format!("{}:{}", named.name, u64::from(start) + 1);
            return Err(Error::input(path, place, problem));
        }
    }
    Ok(())
}

/// Writes what was counted on a strand, contig by contig.
///
/// # Errors
/// If the file cannot be written.
pub fn write(
    path: &Path,
    contigs: &Contigs,
    cuts: &[[Counts; 2]],
    strand: Strand,
) -> Result<TrackOutcome> {
    let mut track = TrackWriter::create(path, contigs)?;
    for (contig, counts) in cuts.iter().enumerate() {
        let counts = &counts[strand.index()];
        if !counts.is_empty() {
            let run = |(&at, &reads): (&u64, &u64)| (at, at + 1, reads as f32);
            track.push_runs(contig, counts.iter().map(run).collect())?;
        }
    }
    track.finish()
}
