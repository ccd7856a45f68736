//! Blocks of values as they arrive, to runs of equal values as a bigWig stores them.

use std::path::Path;
use std::sync::Arc;
use std::vec;

use crossbeam_channel::Receiver;

use super::Run;
use crate::error::Error;
use crate::genome::contigs::Contigs;
use crate::timing::{Activity, Clock};

/// Values for a stretch of one contig; 0-based half-open.
pub(super) enum Block {
    /// Pieces of contigs, with one value a position.
    Dense(Dense),
    /// (start, end, value), ascending.
    Runs { contig: usize, runs: Vec<(u64, u64, f32)> },
    /// All values were sent. A channel that closes without it was abandoned.
    End,
}

/// Contig, first position and number of positions of each piece; the values of all of them. Many
/// short contigs make one such block: their own would cost a hand-over between threads, and an
/// allocation freed by another thread, each.
#[derive(Debug, Default)]
pub(super) struct Dense {
    pub pieces: Vec<(usize, u64, usize)>,
    pub values: Vec<f32>,
}

/// Why a stream of values ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("abandoned")]
    Abandoned,
    #[error("{0}")]
    Disorder(String),
}

impl SourceError {
    pub(super) fn into_error(self, path: &Path) -> Error {
        Error::Internal(format!("{}: {self}", path.display()))
    }
}

/// What is left of a block.
enum Rest {
    Dense(Pieces),
    Runs(vec::IntoIter<(u64, u64, f32)>),
}

/// What is left of pieces of contigs.
struct Pieces {
    pieces: vec::IntoIter<(usize, u64, usize)>,
    values: vec::IntoIter<f32>,
    /// Contig and position of the next value, and how many its piece still has.
    at: (usize, u64, usize),
}

impl Pieces {
    fn new(Dense { pieces, values }: Dense) -> Self {
        Self { pieces: pieces.into_iter(), values: values.into_iter(), at: (0, 0, 0) }
    }

    /// Returns the next value with contig and position.
    fn next(&mut self) -> Option<(usize, u64, f32)> {
        while self.at.2 == 0 {
            self.at = self.pieces.next()?;
        }
        let (contig, position, left) = self.at;
        self.at = (contig, position + 1, left - 1);
        self.values.next().map(|value| (contig, position, value))
    }
}

/// Runs of equal values in order of contig and position, merged also across blocks.
pub(super) struct RunStream<'a> {
    contigs: &'a Contigs,
    blocks: Receiver<Block>,
    contig: usize,
    rest: Rest,
    ended: bool,
    /// The run that the next value may still lengthen, with its contig.
    open: Option<(usize, Run)>,
    /// Of the thread that takes from this stream.
    clock: Arc<Clock>,
}

impl<'a> RunStream<'a> {
    pub(super) fn new(contigs: &'a Contigs, blocks: Receiver<Block>, clock: Arc<Clock>) -> Self {
        Self {
            contigs,
            blocks,
            contig: 0,
            rest: Rest::Runs(Vec::new().into_iter()),
            ended: false,
            open: None,
            clock,
        }
    }

    /// Returns the next whole run with its contig, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Run)>, SourceError> {
        while let Some((contig, run)) = self.next_run()? {
            match &mut self.open {
                Some((its_contig, open)) if *its_contig == contig => {
                    // Bits, so that a run never changes the sign of a zero.
                    let equal = open.value.to_bits() == run.value.to_bits();
                    if open.end == run.start && equal {
                        open.end = run.end;
                        continue;
                    }
                }
                _ => {}
            }
            if let Some(whole) = self.open.replace((contig, run)) {
                return Ok(Some(whole));
            }
        }
        Ok(self.open.take())
    }

    /// Returns the next value or run as it was pushed, without those that are NaN or empty.
    fn next_run(&mut self) -> Result<Option<(usize, Run)>, SourceError> {
        loop {
            let next = match &mut self.rest {
                Rest::Dense(pieces) => pieces.next().map(|(contig, position, value)| {
                    self.contig = contig;
                    (position, position + 1, value)
                }),
                Rest::Runs(runs) => runs.next(),
            };
            match next {
                Some((_, _, value)) if value.is_nan() => {}
                Some((start, end, _)) if start == end => {}
                Some(run) => return self.checked(run).map(Some),
                None if self.ended => return Ok(None),
                None => self.receive()?,
            }
        }
    }

    fn checked(&self, run: (u64, u64, f32)) -> Result<(usize, Run), SourceError> {
        let (start, end, value) = run;
        let contig = self.contig;
        if contig >= self.contigs.len() {
            return Err(SourceError::Disorder(format!("there is no contig {contig}")));
        }
        let length = self.contigs[contig].length;
        let after = match &self.open {
            Some((its_contig, open)) if *its_contig == contig => u64::from(open.end) <= start,
            Some((its_contig, _)) => *its_contig < contig,
            None => true,
        };
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) if start < end && u64::from(end) <= length && after => {
                Ok((contig, Run { start, end, value }))
            }
            _ => {
                let name = &self.contigs[contig].name;
                let problem = format!("{name}:{}-{end}: out of order or outside", start + 1);
                Err(SourceError::Disorder(problem))
            }
        }
    }

    fn receive(&mut self) -> Result<(), SourceError> {
        let received = self.clock.time(Activity::WaitingIn, || self.blocks.recv());
        match received.map_err(|_| SourceError::Abandoned)? {
            Block::Dense(dense) => self.rest = Rest::Dense(Pieces::new(dense)),
            Block::Runs { contig, runs } => {
                self.contig = contig;
                self.rest = Rest::Runs(runs.into_iter());
            }
            Block::End => self.ended = true,
        }
        Ok(())
    }
}
