//! The limit of a screen: the highest that leaves in what the model keeps, on stretches that nothing
//! was learned from.
//!
//! Of each window that a scan without screen keeps, [`recovery`] is the highest limit with which a
//! scan with the screen keeps it, too: its own score, or that of a window which is kept and speaks
//! of it. The share that is found falls with the limit, and so does the share of the calls, which
//! are made of these windows anew for each limit that is tried.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::error::{Error, Result};
use crate::genome::contigs::Contigs;
use crate::genome::sequence::reverse_complement;
use crate::genome::strand::Strand;
use crate::models::screen::{HeldOut, Screen};
use crate::models::{CENTRE, Model};
use crate::output::bed::Site;
use crate::scan::inference::{ChunkScores, Kept};
use crate::scan::memory::MemorySource;
use crate::scan::screened::spoken_of;
use crate::scan::{Collector, ScanJob, ScanSettings, ScanTotals, Sink, Targets, score};
use crate::shard::Portion;
use crate::timing::Profile;

/// Contig, strand and position.
type Place = (usize, Strand, u64);

/// Stretches that nothing was learned from, and what the model says of them.
pub struct Calibration<'a> {
    model: &'a dyn Model,
    stretches: &'a [Vec<u8>],
    contigs: Contigs,
    targets: Targets,
    settings: ScanSettings,
    threads: usize,
    exact: Scanned,
}

/// What came of a scan.
#[derive(Default)]
struct Scanned {
    chunks: Vec<ChunkScores>,
    calls: BTreeSet<Place>,
    totals: ScanTotals,
}

impl Scanned {
    fn kept(&self) -> impl Iterator<Item = (Place, &Kept)> {
        self.chunks.iter().flat_map(|chunk| {
            let contig = chunk.chunk.contig;
            let strands = Strand::BOTH.into_iter().zip(&chunk.strands);
            strands.flat_map(move |(strand, scores)| {
                let kept = scores.iter().flat_map(|scores| &scores.kept);
                kept.map(move |kept| ((contig, strand, kept.centre), kept))
            })
        })
    }
}

impl<'a> Calibration<'a> {
    /// Scans the stretches with the model alone.
    ///
    /// # Errors
    /// If the model fails, or keeps no window.
    pub fn new(
        model: &'a dyn Model,
        stretches: &'a [Vec<u8>],
        settings: ScanSettings,
        threads: usize,
    ) -> Result<Self> {
        let mut contigs = Contigs::default();
        for (number, codes) in stretches.iter().enumerate() {
            contigs.push(number.to_string(), codes.len() as u64);
        }
        let targets = Targets::new(&contigs, &Strand::BOTH, None, None);
        let exact = Scanned::default();
        let mut own = Self { model, stretches, contigs, targets, settings, threads, exact };
        own.exact = own.scan(None)?;
        if own.exact.kept().next().is_none() {
            let windows = own.exact.totals.windows().scored;
            let problem = format!(
                "it keeps none of {windows} windows of the genome that the screen is calibrated on: give a \
                 larger genome, or more windows to calibrate on"
            );
            return Err(Error::model(&model.card().name, problem));
        }
        Ok(own)
    }

    fn scan(&self, screen: Option<&Screen>) -> Result<Scanned> {
        let job = ScanJob {
            bases: Box::new(MemorySource::new(self.stretches.iter().collect())),
            contigs: &self.contigs,
            fasta: Path::new("held-out stretches"),
            model: self.model,
            screen,
            targets: &self.targets,
            genes: None,
            settings: self.settings,
            threads: self.threads,
            interrupt: &AtomicBool::new(false),
            profile: &Profile::default(),
        };
        let span = 0..self.targets.scoring_total(&self.contigs);
        let mut chunks = Vec::new();
        score(job, Portion { span, finish_begun: false }, &mut |scores| {
            chunks.push(scores.clone());
            Ok(())
        })?;
        let (calls, totals) = self.calls(&chunks)?;
        Ok(Scanned { chunks, calls, totals })
    }

    /// Makes calls of scored chunks.
    fn calls(&self, chunks: &[ChunkScores]) -> Result<(BTreeSet<Place>, ScanTotals)> {
        let mut places = Places::default();
        let mut collector = Collector::new(&self.targets, None, self.settings.calls, &mut places);
        chunks.iter().try_for_each(|chunk| collector.push(chunk))?;
        let totals = collector.finish()?;
        Ok((places.0, totals))
    }

    /// Returns the highest limit with which at least `recall` of the kept windows and of the calls
    /// are found.
    ///
    /// # Errors
    /// If the screen fails.
    pub fn limit(&self, screen: &Screen, recall: f64) -> Result<f32> {
        let recovery = self.recovery(screen)?;
        let mut limits: Vec<f32> = recovery.values().copied().collect();
        limits.sort_unstable_by(f32::total_cmp);
        // With limit number n, all but n kept windows are found.
        let found = |n: usize| limits.len() - n;
        let enough = |part: usize, whole: usize| part as f64 >= recall * whole as f64;
        let most = (0..limits.len()).rev().find(|&n| enough(found(n), limits.len())).unwrap_or(0);
        let (mut low, mut high) = (0, most + 1);
        // The lowest limit finds all. Of the others the highest is sought that finds enough calls.
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            let calls = self.calls_found(&recovery, limits[middle])?;
            match enough(calls, self.exact.calls.len()) {
                true => low = middle,
                false => high = middle,
            }
        }
        Ok(limits[low])
    }

    /// Measures a screen with its limit, by a scan with it.
    ///
    /// # Errors
    /// If a model fails.
    pub fn measure(&self, screen: &Screen) -> Result<HeldOut> {
        let screened = self.scan(Some(screen))?;
        let windows = screened.totals.windows();
        let found: BTreeSet<Place> = screened.kept().map(|(place, _)| place).collect();
        let kept = self.exact.kept().filter(|(place, _)| found.contains(place)).count();
        Ok(HeldOut {
            windows: windows.scored + windows.screened,
            computed: windows.scored,
            kept: self.exact.kept().count() as u64,
            kept_found: kept as u64,
            calls: self.exact.calls.len() as u64,
            calls_found: self.exact.calls.intersection(&screened.calls).count() as u64,
        })
    }

    /// Returns of each kept window the highest limit with which it is found.
    fn recovery(&self, screen: &Screen) -> Result<HashMap<Place, f32>> {
        let mut own = HashMap::new();
        for (contig, codes) in self.stretches.iter().enumerate() {
            let of_strand = [codes.clone(), reverse_complement(codes)];
            let [plus, minus] = of_strand.map(|codes| screen.scores(&codes));
            let scores = [plus?, minus?];
            let here = self.exact.kept().filter(|(place, _)| place.0 == contig);
            own.extend(
                here.map(|(place, _)| {
                    (place, scores[place.1.index()][window_at(place, codes.len())])
                }),
            );
        }
        let mut recovery = own.clone();
        for (place @ (contig, strand, _), kept) in self.exact.kept() {
            let length = self.stretches[contig].len();
            let window = window_at(place, length);
            for other in spoken_of(window, &kept.cleavage, self.settings.calls.background).flatten()
            {
                let other = (contig, strand, centre_at(other, strand, length));
                if let Some(limit) = recovery.get_mut(&other) {
                    *limit = limit.max(own[&place]);
                }
            }
        }
        Ok(recovery)
    }

    /// Returns how many calls are found with a limit.
    fn calls_found(&self, recovery: &HashMap<Place, f32>, limit: f32) -> Result<usize> {
        let mut chunks = self.exact.chunks.clone();
        for chunk in &mut chunks {
            let contig = chunk.chunk.contig;
            for (strand, scores) in Strand::BOTH.into_iter().zip(&mut chunk.strands) {
                let kept = scores.iter_mut().map(|scores| &mut scores.kept);
                for kept in kept {
                    kept.retain(|kept| recovery[&(contig, strand, kept.centre)] >= limit);
                }
            }
        }
        let (calls, _) = self.calls(&chunks)?;
        Ok(calls.intersection(&self.exact.calls).count())
    }
}

/// Returns the number of a window among those of its stretch and strand, in transcript direction.
fn window_at((_, strand, centre): Place, length: usize) -> usize {
    let centre = centre as usize;
    match strand {
        Strand::Plus => centre - CENTRE,
        Strand::Minus => length - 1 - centre - CENTRE,
    }
}

/// Returns the centre of a window, by its number among those of a stretch and strand.
fn centre_at(window: usize, strand: Strand, length: usize) -> u64 {
    match strand {
        Strand::Plus => (window + CENTRE) as u64,
        // Of a window past the stretch's end nobody asks.
        Strand::Minus => (length - 1).saturating_sub(window + CENTRE) as u64,
    }
}

/// Where calls are.
#[derive(Default)]
struct Places(BTreeSet<Place>);

impl Sink for Places {
    fn site(&mut self, site: &Site) -> Result<()> {
        self.0.insert((site.contig, site.strand, site.position));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
