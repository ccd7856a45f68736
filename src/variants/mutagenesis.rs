//! Saturation mutagenesis: every SNV, and every deletion of some length, of stretches of a genome.
//!
//! ```text
//! plan ─► units of 64 positions ─► workers: changes ─► engine ─► rows, means, cells ─► in order ─► table, tracks, pictures
//! ```
//!
//! Scores are those of [`super::scorer`]; nothing is scored here.

pub mod plan;
pub mod portrait;
pub mod row;
pub mod scored;
pub mod sites;
pub mod totals;
pub mod work;

use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use crate::genome::in_turn::InTurn;
use crate::pipeline::{self, Stop};
use plan::Plan;
use scored::{Mutator, Scored, Unit};

/// Scores those of the positions that were planned which `span` has, and hands them to `consume`,
/// in order.
///
/// # Errors
/// The first failure of the reader, the models or `consume`; an interrupt.
pub fn run(
    plan: &Plan,
    span: Range<u64>,
    mut genome: InTurn<'_>,
    mutator: &Mutator<'_>,
    threads: usize,
    stop: &Stop<'_>,
    consume: impl FnMut(Scored) -> Result<()>,
) -> Result<()> {
    let mut stretches = plan.stretches(span);
    let read = move || {
        let Some((contig, positions)) = stretches.next() else { return Ok(None) };
        let codes: Arc<Vec<u8>> = genome.get(contig)?;
        Ok(Some(Unit { contig, positions, codes }))
    };
    let profile = mutator.engine.profile();
    pipeline::run(threads, stop, profile, read, |unit| mutator.score(&unit).map(Some), consume)
}
