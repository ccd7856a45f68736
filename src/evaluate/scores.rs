//! The scores of every window of a genome, strand by strand.

use rayon::prelude::*;

use super::places::{MARGIN, PlaceScore, of_windows};
use crate::error::Result;
use crate::genome::memory::Genome;
use crate::genome::sequence::{UNKNOWN, reverse_complement};
use crate::genome::strand::Strand;
use crate::models::{CENTRE, Model, WINDOW};

/// Windows scored in one piece.
const PIECE: usize = 32_768;

/// What a model says of every window of a strand of a contig, in transcript direction.
#[derive(Clone, Debug)]
pub struct StrandProfile {
    pub contig: usize,
    pub strand: Strand,
    /// Nucleotides of the contig.
    pub length: usize,
    /// One score per window.
    pub scores: Vec<PlaceScore>,
}

impl StrandProfile {
    /// Returns the position in the genome that a window is centred on.
    pub fn position(&self, window: usize) -> usize {
        self.on_strand(window + CENTRE)
    }

    /// Returns a position's index along the strand, and of an index the position.
    pub fn on_strand(&self, position: usize) -> usize {
        match self.strand {
            Strand::Plus => position,
            Strand::Minus => self.length - 1 - position,
        }
    }
}

/// Scores every window of both strands and hands each strand's scores to `visit`.
///
/// # Errors
/// If the model cannot be scanned, or fails.
pub fn each_strand(
    model: &dyn Model,
    genome: &Genome,
    mut visit: impl FnMut(&StrandProfile),
) -> Result<()> {
    for contig in 0..genome.codes.len() {
        each_strand_of(model, genome, contig, &mut visit)?;
    }
    Ok(())
}

/// The same of one contig.
///
/// # Errors
/// As [`each_strand`].
pub fn each_strand_of(
    model: &dyn Model,
    genome: &Genome,
    contig: usize,
    mut visit: impl FnMut(&StrandProfile),
) -> Result<()> {
    let codes = &genome.codes[contig];
    for strand in Strand::BOTH {
        let scores = match strand {
            Strand::Plus => scores(model, codes)?,
            Strand::Minus => scores(model, &reverse_complement(codes))?,
        };
        visit(&StrandProfile { contig, strand, length: codes.len(), scores });
    }
    Ok(())
}

fn scores(model: &dyn Model, codes: &[u8]) -> Result<Vec<PlaceScore>> {
    let windows = (codes.len() + 1).saturating_sub(WINDOW);
    // Unknown bases around: the windows at the ends have others on both sides, too.
    let margin = [UNKNOWN; MARGIN];
    let padded = [&margin[..], codes, &margin[..]].concat();
    let starts: Vec<usize> = (0..windows).step_by(PIECE).collect();
    let pieces: Vec<Vec<PlaceScore>> = starts
        .into_par_iter()
        .map(|start| {
            let end = (start + PIECE).min(windows) + 2 * MARGIN + WINDOW - 1;
            of_windows(&model.scan(&padded[start..end], -1.0)?)
        })
        .collect::<Result<_>>()?;
    Ok(pieces.concat())
}
