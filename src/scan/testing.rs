//! For tests: genomes in memory, models that are quick hashes of the window, and the scan written
//! down as densely and plainly as its definition.

mod dense;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::chunks::BaseSource;
use super::memory::MemorySource;
use super::targets::StrandedRegion;
use super::*;
use crate::genome::strand::Strand;
use crate::models::card::{ModelCard, Task};
use crate::models::{
    CLEAVAGE, CleavageVector, Input, Output, Predictions, StrandScores, WINDOW, Window,
};

pub use dense::{Expected, dense_sites, expected};

/// A genome in memory that counts what is read of it.
pub struct MemoryBases {
    source: MemorySource<Vec<u8>>,
    /// Number of bases decoded.
    pub decoded: Arc<AtomicU64>,
    /// Fails after this many bases.
    pub fail_after: Option<u64>,
}

impl MemoryBases {
    pub fn new(contigs: &[Vec<u8>]) -> Self {
        let source = MemorySource::new(contigs.to_vec());
        Self { source, decoded: Arc::default(), fail_after: None }
    }
}

impl BaseSource for MemoryBases {
    fn next_contig(&mut self) -> Result<Option<usize>> {
        self.source.next_contig()
    }

    fn read(&mut self, n: usize, codes: &mut Vec<u8>) -> Result<usize> {
        let n = self.source.read(n, codes)?;
        let decoded = self.decoded.fetch_add(n as u64, Ordering::Relaxed) + n as u64;
        match self.fail_after {
            Some(limit) if decoded > limit => {
                Err(Error::input(Path::new("memory.fa"), "line 7", "made to fail"))
            }
            _ => Ok(n),
        }
    }

    fn skip(&mut self, n: u64) -> Result<u64> {
        self.source.skip(n)
    }
}

/// A deterministic stand-in for a trained model: everything follows from a hash of the window, and
/// cleavage values are multiples of 1/64, so that sums are exact in any order and ties are common.
pub struct HashModel {
    pub card: ModelCard,
    /// Fraction of windows with a classification above 0.5.
    pub likely: f64,
    /// Where its polyA signal begins in the window, if it is anchored on one.
    pub signal: Option<usize>,
}

impl HashModel {
    pub fn new(likely: f64) -> Self {
        Self { card: card(Task::Sites), likely, signal: None }
    }

    pub fn window(&self, codes: &[u8]) -> (f32, CleavageVector) {
        assert_eq!(codes.len(), WINDOW);
        let mut state = codes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &code| {
            (hash ^ u64::from(code)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut uniform = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        };
        let likely = uniform() < self.likely;
        let probability = (uniform() / 2.0 + if likely { 0.5 } else { 0.0 }) as f32;
        let mut cleavage = [0.0; CLEAVAGE];
        if likely {
            for _ in 0..64 {
                let around = (uniform() + uniform() + uniform()) / 3.0;
                cleavage[(around * CLEAVAGE as f64) as usize] += 1.0 / 64.0;
            }
        }
        (probability, cleavage)
    }
}

pub fn card(task: Task) -> ModelCard {
    ModelCard::new("fake", "hash", task)
}

/// The outputs of a model that is only scanned.
pub const NO_OUTPUTS: [Output; 0] = [];

impl Model for HashModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn input(&self) -> Input {
        Input::SCAN
    }

    fn outputs(&self) -> &[Output] {
        &NO_OUTPUTS
    }

    fn predict(&self, _windows: &[Window<'_>]) -> Result<Predictions> {
        Ok(Predictions::default())
    }

    fn signal_index(&self) -> Option<usize> {
        self.signal
    }

    fn can_scan(&self) -> bool {
        self.card.task == Task::Sites
    }

    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores> {
        let mut scores = StrandScores::default();
        for (start, codes) in sequence.windows(WINDOW).enumerate() {
            let (probability, cleavage) = self.window(codes);
            scores.probability.push(probability);
            if probability > cleavage_above {
                scores.cleavage.push((start, cleavage));
            }
        }
        Ok(scores)
    }
}

/// A [`HashModel`] whose scans are what a function makes of them.
pub struct Scanned<F> {
    pub inner: HashModel,
    /// See [`Model::windows_per_stretch`].
    pub gap: usize,
    pub scan: F,
}

impl<F> Scanned<F>
where
    F: Fn(&HashModel, &[u8], f32) -> Result<StrandScores> + Send + Sync,
{
    pub fn new(inner: HashModel, scan: F) -> Self {
        Self { inner, gap: 0, scan }
    }
}

impl<F> Model for Scanned<F>
where
    F: Fn(&HashModel, &[u8], f32) -> Result<StrandScores> + Send + Sync,
{
    fn card(&self) -> &ModelCard {
        self.inner.card()
    }

    fn input(&self) -> Input {
        self.inner.input()
    }

    fn outputs(&self) -> &[Output] {
        self.inner.outputs()
    }

    fn predict(&self, windows: &[Window<'_>]) -> Result<Predictions> {
        self.inner.predict(windows)
    }

    fn can_scan(&self) -> bool {
        self.inner.can_scan()
    }

    fn windows_per_stretch(&self) -> usize {
        self.gap
    }

    fn scan(&self, sequence: &[u8], cleavage_above: f32) -> Result<StrandScores> {
        (self.scan)(&self.inner, sequence, cleavage_above)
    }
}

/// Positions of one strand of a contig: classification and consolidated cleavage, by position.
pub type Track = Vec<(f32, f32)>;

/// Values outside what was asked for.
pub const ABSENT: (f32, f32) = (-1.0, -1.0);

/// Keeps everything, and checks the order of what it gets.
#[derive(Debug, Default)]
pub struct Collected {
    pub sites: Vec<Site>,
    /// By contig and strand; `None` to do without tracks.
    pub tracks: Option<Vec<[Track; 2]>>,
}

impl Collected {
    pub fn with_tracks(contigs: &[Vec<u8>]) -> Self {
        let absent = |codes: &Vec<u8>| [vec![ABSENT; codes.len()], vec![ABSENT; codes.len()]];
        Self { sites: Vec::new(), tracks: Some(contigs.iter().map(absent).collect()) }
    }
}

impl Sink for Collected {
    fn site(&mut self, site: &Site) -> Result<()> {
        let key = |site: &Site| (site.contig, site.position, site.strand);
        assert!(self.sites.last().is_none_or(|last| key(last) < key(site)), "sites out of order");
        self.sites.push(site.clone());
        Ok(())
    }

    fn wants_tracks(&self) -> bool {
        self.tracks.is_some()
    }

    fn scores(&mut self, block: &TrackBlock<'_>) -> Result<()> {
        let tracks = self.tracks.as_mut().expect("tracks come only when wanted");
        let track = &mut tracks[block.contig][block.strand.index()];
        assert_eq!(block.probability.len(), block.cleavage.len());
        let values = block.probability.iter().copied().zip(block.cleavage.iter().copied());
        for (position, value) in (block.start as usize..).zip(values) {
            assert_eq!(track[position], ABSENT, "a position came twice");
            track[position] = value;
        }
        Ok(())
    }
}

pub fn contig_list(contigs: &[Vec<u8>]) -> Contigs {
    let mut list = Contigs::default();
    for (i, codes) in contigs.iter().enumerate() {
        list.push(format!("c{i}"), codes.len() as u64);
    }
    list
}

/// Scans a genome in memory, with tracks; `settings` with the number of threads.
pub fn scan(
    contigs: &[Vec<u8>],
    model: &dyn Model,
    regions: Option<&[StrandedRegion]>,
    settings: (ScanSettings, usize),
) -> Result<(Collected, ScanTotals)> {
    let mut sink = Collected::with_tracks(contigs);
    let totals = scan_into(MemoryBases::new(contigs), model, regions, settings, &mut sink)?;
    Ok((sink, totals))
}

/// Scans into any sink.
pub fn scan_into(
    bases: MemoryBases,
    model: &dyn Model,
    regions: Option<&[StrandedRegion]>,
    settings: (ScanSettings, usize),
    sink: &mut dyn Sink,
) -> Result<ScanTotals> {
    scan_screened(bases, model, None, regions, settings, sink)
}

/// Scans with a screen.
pub fn scan_screened(
    bases: MemoryBases,
    model: &dyn Model,
    screen: Option<&Screen>,
    regions: Option<&[StrandedRegion]>,
    (settings, threads): (ScanSettings, usize),
    sink: &mut dyn Sink,
) -> Result<ScanTotals> {
    let contigs = contig_list(&bases.source.contigs);
    let targets = Targets::new(&contigs, &Strand::BOTH, regions, None);
    let job = ScanJob {
        bases: Box::new(bases),
        contigs: &contigs,
        fasta: Path::new("memory.fa"),
        model,
        screen,
        targets: &targets,
        genes: None,
        settings,
        threads,
        interrupt: &AtomicBool::new(false),
        profile: &Profile::default(),
    };
    run(job, sink)
}

/// Asserts that sites agree: exactly, but for the last digits of the entropy.
pub fn assert_same_sites(got: &[Site], want: &[Site]) {
    assert_eq!(got.len(), want.len(), "number of sites");
    for (got, want) in got.iter().zip(want) {
        assert!((got.entropy - want.entropy).abs() < 1e-5, "{got:?} {want:?}");
        assert_eq!(&Site { entropy: want.entropy, ..got.clone() }, want);
    }
}

/// Returns the bits of a track, so that NaN equals NaN.
pub fn bits(track: &[(f32, f32)]) -> Vec<(u32, u32)> {
    track.iter().map(|(p, c)| (p.to_bits(), c.to_bits())).collect()
}
