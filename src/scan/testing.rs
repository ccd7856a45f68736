//! For tests: genomes in memory, models that are quick hashes of the window, and the scan written
//! down as densely and plainly as its definition.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::chunks::BaseSource;
use super::inference::Kept;
use super::targets::StrandedRegion;
use super::*;
use crate::genome::sequence::reverse_complement;
use crate::genome::strand::Strand;
use crate::models::card::ModelCard;
use crate::models::{CENTRE, CLEAVAGE, CLEAVAGE_CENTRE, CleavageVector, WINDOW};
use crate::models::{StrandScores, WindowScores};

/// A genome in memory.
pub struct MemoryBases {
    contigs: Vec<Vec<u8>>,
    /// Contig and position of the next base; `None` before the first contig.
    at: Option<(usize, usize)>,
    /// Number of bases decoded.
    pub decoded: Arc<AtomicU64>,
    /// Fails after this many bases.
    pub fail_after: Option<u64>,
}

impl MemoryBases {
    pub fn new(contigs: &[Vec<u8>]) -> Self {
        let decoded = Arc::default();
        Self { contigs: contigs.to_vec(), at: None, decoded, fail_after: None }
    }

    fn left(&self) -> usize {
        self.at.map_or(0, |(contig, position)| self.contigs[contig].len() - position)
    }
}

impl BaseSource for MemoryBases {
    fn next_contig(&mut self) -> Result<Option<usize>> {
        let next = self.at.map_or(0, |(contig, _)| contig + 1);
        self.at = Some((next, 0));
        Ok((next < self.contigs.len()).then_some(next))
    }

    fn read(&mut self, n: usize, codes: &mut Vec<u8>) -> Result<usize> {
        let n = n.min(self.left());
        let Some((contig, position)) = &mut self.at else { return Ok(0) };
        codes.extend_from_slice(&self.contigs[*contig][*position..*position + n]);
        *position += n;
        let decoded = self.decoded.fetch_add(n as u64, Ordering::Relaxed) + n as u64;
        match self.fail_after {
            Some(limit) if decoded > limit => {
                Err(Error::input(Path::new("memory.fa"), "line 7", "made to fail"))
            }
            _ => Ok(n),
        }
    }

    fn skip(&mut self, n: u64) -> Result<u64> {
        let n = n.min(self.left() as u64);
        if let Some((_, position)) = &mut self.at {
            *position += n as usize;
        }
        Ok(n)
    }
}

/// A deterministic stand-in for a trained model: everything follows from a hash of the window, and
/// cleavage values are multiples of 1/64, so that sums are exact in any order and ties are common.
pub struct HashModel {
    pub card: ModelCard,
    /// Fraction of windows with a classification above 0.5.
    pub likely: f64,
}

impl HashModel {
    pub fn new(likely: f64) -> Self {
        Self { card: card(Task::Sites), likely }
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
    ModelCard {
        name: "fake".into(),
        architecture: "hash".into(),
        task,
        parameters: 0,
        sha256: String::new(),
        description: String::new(),
        licence: String::new(),
        source: String::new(),
    }
}

impl Model for HashModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn predict(&self, windows: &[&[u8]]) -> Result<WindowScores> {
        let (probability, cleavage) = windows.iter().map(|codes| self.window(codes)).unzip();
        Ok(WindowScores::Sites { probability, cleavage })
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

/// Scans a genome in memory, with tracks.
pub fn scan(
    contigs: &[Vec<u8>],
    model: &dyn Model,
    regions: Option<&[StrandedRegion]>,
    settings: ScanSettings,
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
    settings: ScanSettings,
    sink: &mut dyn Sink,
) -> Result<ScanTotals> {
    let contigs = contig_list(&bases.contigs);
    let targets = Targets::new(&contigs, &Strand::BOTH, regions, None);
    let job = ScanJob {
        bases: Box::new(bases),
        contigs: &contigs,
        fasta: Path::new("memory.fa"),
        model,
        targets: &targets,
        genes: None,
        settings,
        interrupt: &AtomicBool::new(false),
        quiet: true,
    };
    run(job, sink)
}

/// What the definitions say of one strand of a contig, position by position.
pub struct Expected {
    pub sites: Vec<Site>,
    pub track: Track,
    /// Windows scored and skipped for N.
    pub scored: u64,
    pub n: u64,
}

/// Applies the definitions to one strand.
pub fn expected(codes: &[u8], contig: usize, strand: Strand, model: &HashModel) -> Expected {
    let mut probability = vec![f32::NAN; codes.len()];
    let mut kept = Vec::new();
    let mut n = 0;
    for (centre, probability) in probability.iter_mut().enumerate() {
        let shift = usize::from(strand == Strand::Minus);
        let start = (centre + shift).checked_sub(CENTRE);
        let Some(window) = start.and_then(|start| codes.get(start..start + WINDOW)) else {
            continue;
        };
        if window.iter().filter(|&&code| code == 4).count() > 120 {
            n += 1;
            continue;
        }
        let (p, cleavage) = match strand {
            Strand::Plus => model.window(window),
            Strand::Minus => model.window(&reverse_complement(window)),
        };
        *probability = p;
        if p > 0.5 && cleavage[CLEAVAGE_CENTRE] > 0.05 {
            kept.push(Kept { centre: centre as u64, probability: p, cleavage });
        }
    }
    let scored = probability.iter().filter(|p| !p.is_nan()).count() as u64;
    let (sites, track) = dense_sites(codes, contig, strand, &probability, &kept);
    Expected { sites, track, scored, n }
}

/// Consolidates with a full-length array for every quantity.
pub fn dense_sites(
    codes: &[u8],
    contig: usize,
    strand: Strand,
    probability: &[f32],
    kept: &[Kept],
) -> (Vec<Site>, Track) {
    let values: Vec<(f64, u32)> = (0..codes.len() as u64)
        .map(|position| {
            let covering = kept.iter().filter(|w| w.centre.abs_diff(position) < 25);
            let vector_values = covering.map(|w| {
                let downstream = match strand {
                    Strand::Plus => position as i64 - w.centre as i64,
                    Strand::Minus => w.centre as i64 - position as i64,
                };
                f64::from(w.cleavage[(25 + downstream) as usize])
            });
            let (sum, count) = vector_values.fold((0.0, 0), |(sum, n), v| (sum + v, n + 1));
            let mean = if count > 0 { sum / f64::from(count) } else { 0.0 };
            ((mean - 0.02).max(0.0), count)
        })
        .collect();
    let track = values.iter().zip(probability).map(|(&(value, count), &p)| {
        let cleavage = if count == 0 && p.is_nan() { f32::NAN } else { value as f32 };
        (p, cleavage)
    });
    let mut sites = Vec::new();
    let mut start = 0;
    while start < values.len() {
        if values[start].0 == 0.0 {
            start += 1;
            continue;
        }
        let end = (start..values.len()).find(|&i| values[i].0 == 0.0).unwrap_or(values.len());
        let cluster = start..end;
        sites.push(site_of(codes, contig, strand, &values, cluster, probability, kept));
        start = end;
    }
    (sites, track.collect())
}

fn site_of(
    codes: &[u8],
    contig: usize,
    strand: Strand,
    values: &[(f64, u32)],
    cluster: Range<usize>,
    probability: &[f32],
    kept: &[Kept],
) -> Site {
    let max = cluster.clone().map(|i| values[i].0).fold(0.0, f64::max);
    let is_max = |&i: &usize| values[i].0 == max;
    let (position, upstream) = match strand {
        Strand::Plus => {
            let first = cluster.clone().find(is_max).expect("a maximum");
            (first, codes[first.saturating_sub(41)..first].to_vec())
        }
        Strand::Minus => {
            let first = cluster.clone().rev().find(is_max).expect("a maximum");
            (first, reverse_complement(&codes[first + 1..codes.len().min(first + 42)]))
        }
    };
    let nearest = || {
        let mut by_distance: Vec<&Kept> = kept.iter().collect();
        if strand == Strand::Minus {
            by_distance.reverse();
        }
        // Stable, and upstream windows come first.
        by_distance.sort_by_key(|w| w.centre.abs_diff(position as u64));
        by_distance[0].probability
    };
    let sum: f64 = cluster.clone().map(|i| values[i].0).sum();
    let entropy: f64 = cluster.clone().map(|i| values[i].0 / sum).map(|p| -p * p.ln()).sum();
    Site {
        contig,
        position: position as u64,
        strand,
        probability: Some(probability[position]).filter(|p| !p.is_nan()).unwrap_or_else(nearest),
        cleavage: max as f32,
        cluster: cluster.start as u64..cluster.end as u64,
        entropy: entropy as f32,
        windows: values[position].1,
        signal: crate::context::signal::strongest(&upstream),
        gene: None,
    }
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
