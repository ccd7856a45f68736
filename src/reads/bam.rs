//! Ends in BAM: alignments whose last nucleotides are As that the genome does not have.
//!
//! Such reads come from the polyA tail, whatever the genome has downstream: PASS reads (Hoque et
//! al. 2013).

use std::path::Path;

use rust_htslib::bam::ext::BamRecordExtensions as _;
use rust_htslib::bam::{Read as _, Reader, Record};

use super::ReadRules;
use super::ends::{Ends, Skip};
use crate::error::{Error, Result};
use crate::genome::fasta::FastaFile;
use crate::genome::in_turn::InTurn;
use crate::genome::sequence::code;
use crate::genome::strand::Strand;

/// How reads lie on the RNA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Library {
    /// As the RNA: the tail is at the read's end, as As.
    #[default]
    Forward,
    /// The other way round: the tail is at the read's beginning, as Ts.
    Reverse,
}

/// Counts the ends of a BAM file.
///
/// # Errors
/// If it cannot be read.
pub fn read(
    path: &Path,
    fasta: &FastaFile,
    library: Library,
    rules: &ReadRules,
    ends: &mut Ends,
) -> Result<()> {
    let wrong = |place: &str, e: &dyn std::fmt::Display| Error::input(path, place, e.to_string());
    let mut reader = Reader::from_path(path).map_err(|e| wrong("", &e))?;
    let names = reader.header().target_names();
    let contigs: Vec<Option<usize>> =
        names.iter().map(|name| fasta.contigs.resolve(&String::from_utf8_lossy(name))).collect();
    let mut genome = InTurn::new(fasta)?;
    let mut record = Record::new();
    let mut number = 0u64;
    while let Some(read) = reader.read(&mut record) {
        number += 1;
        read.map_err(|e| wrong(&format!("record {number}"), &e))?;
        let contig = usize::try_from(record.tid()).ok().and_then(|tid| contigs.get(tid).copied());
        match (skip(&record, rules), contig) {
            (Some(why), _) => ends.skip(why, 1),
            (None, None | Some(None)) => ends.skip(Skip::UnknownContig, 1),
            (None, Some(Some(contig))) => {
                let codes = genome.get(contig)?;
                let strand = strand_of(&record, library);
                match end_of(&record, &codes, strand) {
                    Some((at, tail)) if tail >= rules.min_tail => {
                        ends.add((contig, codes.len() as u64), strand, at, 1);
                    }
                    Some(_) => ends.skip(Skip::NoTail, 1),
                    None => ends.skip(Skip::OutsideContig, 1),
                }
            }
        }
    }
    Ok(())
}

fn skip(record: &Record, rules: &ReadRules) -> Option<Skip> {
    let not_primary = record.is_secondary()
        || record.is_supplementary()
        || record.is_duplicate()
        || record.is_quality_check_failed();
    match () {
        () if record.is_unmapped() => Some(Skip::Unmapped),
        () if not_primary => Some(Skip::NotPrimary),
        () if record.mapq() < rules.min_mapping_quality => Some(Skip::MappingQuality),
        () => None,
    }
}

fn strand_of(record: &Record, library: Library) -> Strand {
    let forward = library == Library::Forward;
    if record.is_reverse() == forward { Strand::Minus } else { Strand::Plus }
}

/// Returns the last nucleotide of the RNA that is the genome's, and how many As of the read follow
/// it that are not.
fn end_of(record: &Record, codes: &[u8], strand: Strand) -> Option<(u64, u64)> {
    let letter = if strand == Strand::Plus { b'A' } else { b'T' };
    let (sequence, pairs) = (record.seq(), aligned(record, strand));
    let is_a = |place: i64| {
        let place = usize::try_from(place).ok();
        place.is_some_and(|place| place < sequence.len() && sequence[place] == letter)
    };
    let genome_has =
        |at: i64| usize::try_from(at).ok().and_then(|at| codes.get(at)).copied() == code(letter);
    let step: i64 = if strand == Strand::Plus { 1 } else { -1 };
    // As at the end of the alignment that the genome does not have: up to the innermost of them the
    // read is tail.
    let mut last = 0;
    for (i, &[place, at]) in pairs.iter().enumerate() {
        if !is_a(place) {
            break;
        }
        if !genome_has(at) {
            last = i + 1;
        }
    }
    let &[mut place, mut at] = pairs.get(last)?;
    let mut tail = last as u64;
    place += step;
    if last == 0 {
        // Clipped As that the genome has are the genome's.
        while is_a(place) && genome_has(at + step) {
            (place, at) = (place + step, at + step);
        }
        while is_a(place) {
            (tail, place) = (tail + 1, place + step);
        }
    } else {
        // All clipped ones follow what is tail already.
        let mut clipped = pairs[0][0] + step;
        while is_a(clipped) {
            (tail, clipped) = (tail + 1, clipped + step);
        }
    }
    Some((u64::try_from(at).ok()?, tail))
}

/// Returns aligned places of the read and positions of the contig, from the RNA's 3' end on.
fn aligned(record: &Record, strand: Strand) -> Vec<[i64; 2]> {
    let mut pairs: Vec<[i64; 2]> = record.aligned_pairs().collect();
    if strand == Strand::Plus {
        pairs.reverse();
    }
    pairs
}

#[cfg(test)]
mod tests {
    use rust_htslib::bam::record::{Cigar, CigarString};

    use super::*;
    use crate::genome::sequence::{encode, reverse_complement};

    /// Places on `GCTGACCAAGTTGC`, whose As are at 4, 7 and 8.
    const GENOME: &[u8] = b"GCTGACCAAGTTGC";

    fn record(start: i64, cigar: Vec<Cigar>, letters: &[u8], reverse: bool) -> Record {
        let mut record = Record::new();
        let quality = vec![30; letters.len()];
        record.set(b"r", Some(&CigarString(cigar)), letters, &quality);
        record.set_pos(start);
        record.set_tid(0);
        record.unset_flags();
        if reverse {
            record.set_reverse();
        }
        record
    }

    #[test]
    fn the_tail_is_what_the_genome_does_not_have() {
        let codes = encode(GENOME).unwrap();
        let end = |start, cigar: Vec<Cigar>, letters: &[u8]| {
            end_of(&record(start, cigar, letters, false), &codes, Strand::Plus)
        };
        use Cigar::{Match, SoftClip};
        // Clipped: two of the four As are the genome's.
        assert_eq!(end(3, vec![Match(4), SoftClip(4)], b"GACCAAAA"), Some((8, 2)));
        assert_eq!(end(3, vec![Match(6), SoftClip(3)], b"GACCAAAAA"), Some((8, 3)));
        // Aligned to the end with mismatches.
        assert_eq!(end(3, vec![Match(9)], b"GACCAAAAA"), Some((8, 3)));
        assert_eq!(end(3, vec![Match(8), SoftClip(2)], b"GACCAAAAAA"), Some((8, 4)));
        // No tail: the genome's As alone, or other letters.
        assert_eq!(end(3, vec![Match(6)], b"GACCAA"), Some((8, 0)));
        assert_eq!(end(3, vec![Match(4), SoftClip(3)], b"GACCGAA"), Some((6, 0)));
    }

    #[test]
    fn the_other_strand_is_its_mirror_image() {
        use Cigar::{Match, SoftClip};
        let codes = reverse_complement(&encode(GENOME).unwrap());
        let mirrored = record(5, vec![SoftClip(2), Match(6)], b"TTTTGGTC", true);
        // On the plus strand: 3..=8 aligned, then two As.
        assert_eq!(end_of(&mirrored, &codes, Strand::Minus), Some((5, 2)));
        assert_eq!(strand_of(&mirrored, Library::Forward), Strand::Minus);
        assert_eq!(strand_of(&mirrored, Library::Reverse), Strand::Plus);
    }
}
