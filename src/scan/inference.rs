//! From a chunk of sequence to what the model says of its windows.

use std::borrow::Cow;
use std::ops::Range;

use super::Anchor;
use super::chunks::Chunk;
use super::screened::{MARGIN, Screened, Screening};
use super::targets::{Targets, overlap_total};
use super::totals::WindowCounts;
use crate::context::signal::is_signal_at;
use crate::engine::device::DeviceKind;
use crate::error::{Error, Result, WindowPlace};
use crate::genome::contigs::Contigs;
use crate::genome::sequence::{UNKNOWN, reverse_complement};
use crate::genome::strand::Strand;
use crate::models::{CENTRE, CLEAVAGE_CENTRE, CleavageVector, Model, StrandScores, WINDOW};
use crate::timing::{Profile, Stage};

/// A window with more unknown nucleotides than this is not scored.
pub const MAX_UNKNOWN: usize = WINDOW / 2;

/// Windows per call of a model: long enough that the 239 nt shared by two calls cost little (1.5%),
/// short enough that a slow model notices soon that it has to stop. Does not affect results.
const WINDOWS_PER_CALL: u64 = 16_384;
/// The same on a GPU, where launches have to cost little beside their work.
const WINDOWS_PER_GPU_CALL: u64 = 65_536;
/// The same for models whose windows share no work.
const SIGNALS_PER_CALL: u64 = 1_024;

/// A window that takes part in consolidation.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Position of the window's centre on the contig.
    pub centre: u64,
    /// Classification.
    pub probability: f32,
    /// Raw cleavage in transcript direction.
    pub cleavage: CleavageVector,
}

/// What a model says of one strand of a chunk.
#[derive(Clone, Debug, Default)]
pub struct StrandChunk {
    pub windows: WindowCounts,
    /// Classification by centre, ascending on the contig; NaN where no window was scored.
    pub probability: Vec<f32>,
    /// Kept windows, ascending on the contig.
    pub kept: Vec<Kept>,
}

/// A chunk and what a model says of it.
#[derive(Clone, Debug)]
pub struct ChunkScores {
    pub chunk: Chunk,
    /// By strand; `None` where nothing of the strand was to be scored.
    pub strands: [Option<StrandChunk>; 2],
}

impl ChunkScores {
    /// Returns how many windows were scored or screened on both strands, margins included.
    pub fn scored(&self) -> u64 {
        let strands = self.strands.iter().flatten();
        let windows = strands.map(|strand| strand.windows);
        windows.map(|windows| windows.scored + windows.screened + windows.context).sum()
    }
}

/// When a window is kept.
#[derive(Clone, Copy, Debug)]
pub struct KeepAbove {
    /// Classification.
    pub probability: f32,
    /// Raw cleavage at the window's centre; of models that are anchored on the polyA signal, which
    /// leave the cut where it is when the window moves, the highest raw cleavage.
    pub centre_cleavage: f32,
}

impl KeepAbove {
    /// Returns whether a window is kept; `on_signal`: whether the model is anchored on the polyA
    /// signal.
    pub fn keeps(&self, probability: f32, cleavage: &CleavageVector, on_signal: bool) -> bool {
        probability > self.probability && self.peak(cleavage, on_signal) > self.centre_cleavage
    }

    /// Returns the raw cleavage that decides whether a window is kept.
    pub fn peak(&self, cleavage: &CleavageVector, on_signal: bool) -> f32 {
        if on_signal {
            cleavage.iter().copied().fold(0.0, f32::max)
        } else {
            cleavage[CLEAVAGE_CENTRE]
        }
    }
}

/// Consecutive windows of a strand.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'s> {
    pub strand: Strand,
    /// Position of the first base on the contig's plus strand.
    pub start: u64,
    /// In transcript direction.
    pub codes: &'s [u8],
}

/// Scans in a model's place.
pub trait Scans: Sync {
    /// Scores every window of a stretch as [`Model::scan`] does, to the bit.
    ///
    /// # Errors
    /// As [`Model::scan`].
    fn scan(&self, stretch: &Stretch<'_>, cleavage_above: f32) -> Result<StrandScores>;
}

/// Scores chunks; shared by all workers.
pub struct Scorer<'a> {
    pub model: &'a dyn Model,
    /// Scans in the model's place; windows on signals alone are the model's.
    pub scans: Option<&'a dyn Scans>,
    /// Named in errors.
    pub contigs: &'a Contigs,
    pub targets: &'a Targets,
    pub keep: KeepAbove,
    pub anchor: Anchor,
    /// Says which windows the model is not asked for.
    pub screening: Option<Screening<'a>>,
    /// Says whether to give up; asked between calls of the model.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    pub profile: &'a Profile,
}

impl Scorer<'_> {
    /// Scores a chunk on the strands it is wanted on; `None` if told to stop.
    ///
    /// # Errors
    /// If the model fails, or gives NaN or infinity.
    pub fn score(&self, chunk: Chunk) -> Result<Option<ChunkScores>> {
        let mut strands = [None, None];
        for strand in Strand::BOTH {
            if chunk.wanted[strand.index()].is_empty() {
                continue;
            }
            match self.score_strand(&chunk, strand)? {
                Some(scores) => strands[strand.index()] = Some(scores),
                None => return Ok(None),
            }
        }
        Ok(Some(ChunkScores { chunk, strands }))
    }

    fn score_strand(&self, chunk: &Chunk, strand: Strand) -> Result<Option<StrandChunk>> {
        let targets = self.targets.get(chunk.contig, strand).as_slice();
        let asked = |centres: Range<u64>| overlap_total(targets, centres);
        let full = full_windows(strand, chunk.contig_length);
        let short = chunk.contig_length < WINDOW as u64;
        let centres = (chunk.centres.end - chunk.centres.start) as usize;
        let mut scores =
            StrandChunk { probability: vec![f32::NAN; centres], ..StrandChunk::default() };
        for wanted in &chunk.wanted[strand.index()] {
            let start = wanted.start.clamp(full.start, full.end);
            let whole = start..wanted.end.clamp(start, full.end);
            let requested = asked(wanted.clone());
            let asked_whole = asked(whole.clone());
            let scored_before = scores.windows.scored;
            let runs = scorable_runs(chunk, strand, whole.clone());
            let asked_known: u64 = runs.iter().cloned().map(asked).sum();
            // Of what is screened, windows beyond a run may decide.
            for run in if self.screening.is_some() { vec![whole] } else { runs } {
                if !self.score_run(chunk, strand, run, &mut scores)? {
                    return Ok(None);
                }
            }
            let windows = &mut scores.windows;
            windows.requested += requested;
            windows.n += asked_whole - asked_known;
            let left_out = match self.screening {
                Some(_) => &mut windows.screened,
                None => &mut windows.no_signal,
            };
            *left_out += asked_known - (windows.scored - scored_before);
            let edge = if short { &mut windows.short_contig } else { &mut windows.contig_edge };
            *edge += requested - asked_whole;
        }
        Ok(Some(scores))
    }

    /// Scores consecutive windows; returns false if told to stop.
    fn score_run(
        &self,
        chunk: &Chunk,
        strand: Strand,
        run: Range<u64>,
        scores: &mut StrandChunk,
    ) -> Result<bool> {
        let per_call = match self.model.signal_index() {
            Some(_) => SIGNALS_PER_CALL,
            None if matches!(self.model.device(), DeviceKind::Cpu(_)) => WINDOWS_PER_CALL,
            None => WINDOWS_PER_GPU_CALL,
        };
        let mut start = run.start;
        while start < run.end {
            if (self.stop)() {
                return Ok(false);
            }
            let end = run.end.min(start + per_call);
            match &self.screening {
                None => self.call_model(chunk, strand, start..end, scores)?,
                Some(screening) => {
                    self.screen(screening, chunk, strand, start..end, scores)?;
                }
            }
            start = end;
        }
        Ok(true)
    }

    /// Scores the windows with these centres, or those of them that are anchored on a signal, in
    /// one call.
    fn call_model(
        &self,
        chunk: &Chunk,
        strand: Strand,
        centres: Range<u64>,
        scores: &mut StrandChunk,
    ) -> Result<()> {
        let windows = (centres.end - centres.start) as usize;
        let sequence = sequence_of(chunk, strand, &centres);
        let starts = self.anchored(&sequence, windows);
        let start_of = |index: usize| starts.as_ref().map_or(index, |starts| starts[index]);
        let centre_of = |index: usize| centre_at(start_of(index), strand, &centres);
        let (start, above) = (centres.start - before_centre(strand), self.keep.probability);
        let said = self.profile.part(Stage::Model, || match (&starts, self.scans) {
            (None, None) => self.model.scan(&sequence, above),
            (None, Some(scans)) => scans.scan(&Stretch { strand, start, codes: &sequence }, above),
            (Some(starts), _) => self.model.scan_at(&sequence, starts, above),
        });
        let said = said
            .and_then(|said| checked(self.model, said, starts.as_ref().map_or(windows, Vec::len)))
            .map_err(|error| self.at_window(error, chunk, strand, centre_of))?;
        let targets = self.targets.get(chunk.contig, strand).as_slice();
        for (index, &probability) in said.probability.iter().enumerate() {
            scores.probability[(centre_of(index) - chunk.centres.start) as usize] = probability;
        }
        let asked = match &starts {
            None => overlap_total(targets, centres.clone()),
            Some(starts) => {
                let centres = (0..starts.len()).map(centre_of);
                centres.map(|centre| overlap_total(targets, centre..centre + 1)).sum()
            }
        };
        scores.windows.scored += asked;
        scores.windows.context += said.probability.len() as u64 - asked;
        let kept_before = scores.kept.len();
        let on_signal = self.model.signal_index().is_some();
        let kept = said.cleavage.iter().filter_map(|&(index, cleavage)| {
            let probability = said.probability[index];
            self.keep.keeps(probability, &cleavage, on_signal).then(|| Kept {
                centre: centre_of(index),
                probability,
                cleavage,
            })
        });
        scores.kept.extend(kept);
        if strand == Strand::Minus {
            scores.kept[kept_before..].reverse();
        }
        Ok(())
    }

    /// Returns the starts of the windows to score, or `None` for all.
    fn anchored(&self, sequence: &[u8], windows: usize) -> Option<Vec<usize>> {
        let signal = self.model.signal_index()?;
        let is_anchored = |&start: &usize| is_signal_at(sequence, start + signal);
        (self.anchor == Anchor::Signal).then(|| (0..windows).filter(is_anchored).collect())
    }

    /// Scores those windows with these centres that a screen leaves in.
    fn screen(
        &self,
        screening: &Screening<'_>,
        chunk: &Chunk,
        strand: Strand,
        centres: Range<u64>,
        scores: &mut StrandChunk,
    ) -> Result<()> {
        let there = windows_in(chunk, strand);
        let around = centres.start.saturating_sub(MARGIN).max(there.start)
            ..(centres.end + MARGIN).min(there.end);
        let windows = (around.end - around.start) as usize;
        let centre_of = |index| centre_at(index, strand, &around);
        let mut scorable = vec![false; windows];
        for run in scorable_runs(chunk, strand, around.clone()) {
            scorable[(run.start - around.start) as usize..(run.end - around.start) as usize]
                .fill(true);
        }
        if strand == Strand::Minus {
            scorable.reverse();
        }
        let sequence = sequence_of(chunk, strand, &around);
        let Screened { probability, kept } = screening
            .scan(self.model, &sequence, &scorable, self.keep, self.profile)
            .map_err(|error| self.at_window(error, chunk, strand, centre_of))?;
        let targets = self.targets.get(chunk.contig, strand).as_slice();
        let computed = (0..windows).filter(|&index| !probability[index].is_nan());
        for (index, centre) in computed.map(|index| (index, centre_of(index))) {
            if centres.contains(&centre) {
                scores.probability[(centre - chunk.centres.start) as usize] = probability[index];
                match overlap_total(targets, centre..centre + 1) {
                    0 => scores.windows.context += 1,
                    _ => scores.windows.scored += 1,
                }
            }
        }
        let kept = kept.into_iter().map(|(index, cleavage)| Kept {
            centre: centre_of(index),
            probability: probability[index],
            cleavage,
        });
        let mut kept: Vec<Kept> = kept.filter(|kept| centres.contains(&kept.centre)).collect();
        if strand == Strand::Minus {
            kept.reverse();
        }
        scores.kept.extend(kept);
        Ok(())
    }

    /// Says where the window lies whose score is no number, if that is the error.
    fn at_window(
        &self,
        error: Error,
        chunk: &Chunk,
        strand: Strand,
        centre_of: impl Fn(usize) -> u64,
    ) -> Error {
        let contig = &self.contigs[chunk.contig].name;
        let place = |index| format!("{contig}:{}:{strand}", centre_of(index) + 1);
        error.at_window(|index| WindowPlace::Named(place(index)))
    }
}

/// Turns an answer that the rest of the scan could not trust into an error.
pub(super) fn checked(
    model: &dyn Model,
    said: StrandScores,
    windows: usize,
) -> Result<StrandScores> {
    let model = model.card().name.as_str();
    let last = said.cleavage.last().map(|&(start, _)| start);
    if said.probability.len() != windows
        || !said.cleavage.is_sorted_by(|a, b| a.0 < b.0)
        || last.is_some_and(|last| last >= windows)
    {
        return Err(Error::model(model, "its scan does not match the windows asked for"));
    }
    said.check_finite(model)?;
    Ok(said)
}

/// Returns the nucleotides of the windows with these centres, in transcript direction.
fn sequence_of<'a>(chunk: &'a Chunk, strand: Strand, centres: &Range<u64>) -> Cow<'a, [u8]> {
    let windows = (centres.end - centres.start) as usize;
    let first = (centres.start - before_centre(strand) - chunk.start) as usize;
    let codes = &chunk.codes[first..first + windows + WINDOW - 1];
    match strand {
        Strand::Plus => Cow::Borrowed(codes),
        Strand::Minus => Cow::Owned(reverse_complement(codes)),
    }
}

/// Returns the centre of a window, by its number among those with these centres, in transcript
/// direction.
fn centre_at(index: usize, strand: Strand, centres: &Range<u64>) -> u64 {
    match strand {
        Strand::Plus => centres.start + index as u64,
        // The first window in transcript direction is the last on the contig.
        Strand::Minus => centres.end - 1 - index as u64,
    }
}

/// Returns the centres of the windows that lie wholly in what a chunk holds.
fn windows_in(chunk: &Chunk, strand: Strand) -> Range<u64> {
    let first = chunk.start + before_centre(strand);
    first..first + (chunk.codes.len() as u64 + 1).saturating_sub(WINDOW as u64)
}

/// Returns how many nucleotides of a window precede its centre on the contig.
fn before_centre(strand: Strand) -> u64 {
    match strand {
        Strand::Plus => CENTRE as u64,
        Strand::Minus => CENTRE as u64 - 1,
    }
}

/// Returns the centres of the windows that lie wholly on a contig.
fn full_windows(strand: Strand, contig_length: u64) -> Range<u64> {
    let first = before_centre(strand);
    first..first + (contig_length + 1).saturating_sub(WINDOW as u64)
}

/// Returns the maximal runs of centres whose windows have enough known nucleotides.
fn scorable_runs(chunk: &Chunk, strand: Strand, centres: Range<u64>) -> Vec<Range<u64>> {
    if centres.is_empty() {
        return Vec::new();
    }
    let first = (centres.start - before_centre(strand) - chunk.start) as usize;
    let last = first + (centres.end - centres.start) as usize - 1;
    let unknown = |index: usize| usize::from(chunk.codes[index] >= UNKNOWN);
    let mut count: usize = (first..first + WINDOW).map(unknown).sum();
    let mut runs = Vec::new();
    let mut run_start = None;
    for start in first..=last {
        let centre = centres.start + (start - first) as u64;
        if count <= MAX_UNKNOWN {
            run_start.get_or_insert(centre);
        } else if let Some(begun) = run_start.take() {
            runs.push(begun..centre);
        }
        if start < last {
            count = count + unknown(start + WINDOW) - unknown(start);
        }
    }
    runs.extend(run_start.map(|begun| begun..centres.end));
    runs
}
