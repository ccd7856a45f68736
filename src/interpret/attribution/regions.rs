//! The site of a region: where a model says most.

use crate::error::{Error, Result};
use crate::evaluate::measured::Place;
use crate::genome::fasta::FastaFile;
use crate::genome::region::Region;
use crate::genome::sequence::{UNKNOWN, reverse_complement};
use crate::genome::strand::Strand;
use crate::genome::windows::Windows;
use crate::models::card::Task;
use crate::models::{CENTRE, Model, WINDOW, Window};

/// Nucleotides of a region at most: it is held in memory.
pub const LONGEST: u64 = 1_000_000;
/// Windows that are predicted in one go.
const TOGETHER: usize = 1024;

/// Returns, of each strand of each region (in order of the genome), the position that a model says
/// most of; none where every window reaches over an end of the contig or is more than half N.
///
/// # Errors
/// A region that is too long; those of the genome and the model.
pub fn best_places(
    model: &dyn Model,
    fasta: &FastaFile,
    regions: &mut [Region],
    strands: &[Strand],
    go_on: impl Fn() -> Result<()>,
) -> Result<Vec<Place>> {
    regions.sort_by_key(|region| (region.contig, region.range.start, region.range.end));
    let mut windows = Windows::new(fasta.bases()?);
    let mut places = Vec::new();
    for Region { contig, range } in regions.iter() {
        let length = range.end - range.start;
        if length > LONGEST {
            let problem = format!("a region of {length} nt; at most {LONGEST}, give shorter ones");
            return Err(Error::Usage(problem));
        }
        let around = range.start as i64 - WINDOW as i64..range.end as i64 + WINDOW as i64;
        let codes = windows.get(*contig, &around)?;
        let end = fasta.contigs[*contig].length;
        for &strand in strands {
            let first = match strand {
                Strand::Plus => CENTRE,
                Strand::Minus => WINDOW - CENTRE - 1,
            } as u64;
            // Windows that lie inside of the contig.
            let inside =
                |position: &u64| *position >= first && position - first + WINDOW as u64 <= end;
            let positions: Vec<u64> = range.clone().filter(inside).collect();
            let mut best: Option<(f32, u64)> = None;
            for positions in positions.chunks(TOGETHER) {
                go_on()?;
                let window = |&position: &u64| {
                    let from = (position as i64 - first as i64 - around.start) as usize;
                    let window = &codes[from..from + WINDOW];
                    let known = window.iter().filter(|&&code| code != UNKNOWN).count();
                    let oriented = match strand {
                        Strand::Plus => window.to_vec(),
                        Strand::Minus => reverse_complement(window),
                    };
                    (known >= WINDOW / 2).then_some((position, oriented))
                };
                let read: Vec<(u64, Vec<u8>)> = positions.iter().filter_map(window).collect();
                for ((position, _), value) in read.iter().zip(first_output(model, &read)?) {
                    if best.is_none_or(|(most, _)| value > most) {
                        best = Some((value, *position));
                    }
                }
            }
            places.extend(best.map(|(_, position)| Place {
                contig: *contig,
                strand,
                position: position as usize,
            }));
        }
    }
    Ok(places)
}

/// What a model says of windows, by the output that is attributed.
fn first_output(model: &dyn Model, read: &[(u64, Vec<u8>)]) -> Result<Vec<f32>> {
    if read.is_empty() {
        return Ok(Vec::new());
    }
    // Models of signals read a part of the window.
    let first = super::speaks_of(model)?.1;
    let (_, length) = model.input().length.limits();
    let windows: Vec<Window<'_>> =
        read.iter().map(|(_, codes)| codes[first..first + length].into()).collect();
    // What is attributed of APARENT2 is the log odds of a cut near the centre, its second output.
    let number = usize::from(model.card().task == Task::Isoform);
    let width = model.outputs().get(number).map_or(1, |output| output.width);
    Ok(model.predict(&windows)?.values.swap_remove(number).into_iter().step_by(width).collect())
}
