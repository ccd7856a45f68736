//! Splice sites of an annotation's introns: their sequences, decoys beside them, scores.

use std::collections::BTreeMap;
use std::ops::Range;

use super::markov::Counts;
use super::{Chain, SpliceScorer, SpliceSite};
use crate::context::features::GeneContext;
use crate::context::structure::on_genome;
use crate::error::Result;
use crate::evaluate::metrics::{auroc, pearson};
use crate::genome::fasta::FastaFile;
use crate::genome::sequence::reverse_complement;
use crate::genome::strand::Strand;
use crate::genome::windows::Windows;

/// How far into an intron decoys are looked for, from either end, nt.
const REACH: i64 = 500;
/// Decoys of a fold and kind that are kept to be scored.
const KEPT: usize = 20_000;

/// How good scores are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// Splice sites of the annotation, each once, without those with unknown bases: 5', 3'.
    pub sites: [usize; 2],
    /// AUROC against decoys; the learned ones from halves of the genes that they were not learned
    /// from.
    pub auroc: [Option<f64>; 2],
    /// Pearson correlation of learned with given scores, where some are given.
    pub correlation: [Option<f64>; 2],
}

/// A place along transcription of a strand of a contig.
type Place = (usize, Strand, i64);

/// What is to be read of the genome: a contig, where it begins and ends there, the strand, and what
/// for.
struct Stretch {
    contig: usize,
    range: Range<i64>,
    strand: Strand,
    fold: usize,
    what: What,
}

enum What {
    Site(SpliceSite, i64),
    /// Part of an intron; where it begins along transcription.
    Intron(i64),
}

/// What the genome has of one kind of site.
struct Collected {
    sites: BTreeMap<Place, (usize, Vec<u8>)>,
    /// By fold.
    of_sites: [Counts; 2],
    of_decoys: [Counts; 2],
    decoys: [Vec<Vec<u8>>; 2],
}

impl Collected {
    fn new(site: SpliceSite) -> Self {
        let counts = || [Counts::new(site), Counts::new(site)];
        let (sites, decoys) = (BTreeMap::new(), [Vec::new(), Vec::new()]);
        Self { sites, of_sites: counts(), of_decoys: counts(), decoys }
    }

    fn chain(&self, fold: usize) -> Chain {
        Chain::new(&self.of_sites[fold], &self.of_decoys[fold])
    }
}

/// Scores the splice sites of all genes: with `given`, or by what is learned here.
///
/// # Errors
/// If the genome cannot be read.
pub fn score(
    genes: &mut GeneContext,
    fasta: &FastaFile,
    given: Option<&SpliceScorer>,
) -> Result<Quality> {
    let [five, three] = collect(genes, fasta)?;
    let all = |kind: &Collected| {
        let (mut sites, mut decoys) = (kind.of_sites[0].clone(), kind.of_decoys[0].clone());
        sites.merge(&kind.of_sites[1]);
        decoys.merge(&kind.of_decoys[1]);
        Chain::new(&sites, &decoys)
    };
    let learned = SpliceScorer::Learned(Box::new([all(&five), all(&three)]));
    let mut quality = Quality::default();
    for (i, (site, kind)) in SpliceSite::BOTH.into_iter().zip([&five, &three]).enumerate() {
        quality.sites[i] = kind.sites.len();
        quality.auroc[i] = match given {
            Some(given) => separation(kind, |_, codes| given.score(site, codes)),
            None => {
                let chains = [kind.chain(1), kind.chain(0)];
                separation(kind, |fold, codes| Some(chains[fold].score(codes)))
            }
        };
        quality.correlation[i] = given.and_then(|given| {
            let pairs = kind.sites.values().filter_map(|(_, codes)| {
                let (a, b) = (learned.score(site, codes)?, given.score(site, codes)?);
                Some((f64::from(a), f64::from(b)))
            });
            pearson(&pairs.collect::<Vec<_>>())
        });
    }
    let scorer = given.unwrap_or(&learned);
    let of = |kind: &Collected, site: SpliceSite, place: &Place| {
        kind.sites.get(place).and_then(|(_, codes)| scorer.score(site, codes))
    };
    set(genes, |site, place| match site {
        SpliceSite::Five => of(&five, site, place),
        SpliceSite::Three => of(&three, site, place),
    });
    Ok(quality)
}

/// Sets the score of each splice site of each gene.
pub(super) fn set(genes: &mut GeneContext, score: impl Fn(SpliceSite, &Place) -> Option<f32>) {
    for gene in genes.genes_mut() {
        let (contig, strand) = (gene.contig, gene.strand);
        for five in &mut gene.fives {
            five.score = score(SpliceSite::Five, &(contig, strand, five.at));
        }
        for three in &mut gene.threes {
            three.score = score(SpliceSite::Three, &(contig, strand, three.at));
        }
    }
}

/// AUROC of sites against decoys, each scored as one of its fold.
fn separation(kind: &Collected, score: impl Fn(usize, &[u8]) -> Option<f32>) -> Option<f64> {
    let sites = kind.sites.values().filter_map(|(fold, codes)| score(*fold, codes));
    let decoys = kind.decoys.iter().enumerate();
    let decoys = decoys.flat_map(|(fold, decoys)| decoys.iter().map(move |codes| (fold, codes)));
    let decoys = decoys.filter_map(|(fold, codes)| score(fold, codes));
    auroc(&sites.collect::<Vec<_>>(), &decoys.collect::<Vec<_>>())
}

/// Reads all splice sites, and the same two bases elsewhere in introns.
fn collect(genes: &GeneContext, fasta: &FastaFile) -> Result<[Collected; 2]> {
    let mut kinds = SpliceSite::BOTH.map(Collected::new);
    let mut windows = Windows::new(fasta.bases()?);
    for stretch in stretches(genes) {
        let codes = windows.get(stretch.contig, &stretch.range)?;
        let codes = match stretch.strand {
            Strand::Plus => codes,
            Strand::Minus => reverse_complement(&codes),
        };
        match stretch.what {
            What::Site(site, at) if codes.iter().all(|code| *code < 4) => {
                let kind = &mut kinds[site as usize];
                kind.of_sites[stretch.fold].add(&codes);
                kind.sites.insert((stretch.contig, stretch.strand, at), (stretch.fold, codes));
            }
            What::Site(..) => {}
            What::Intron(start) => {
                let annotated = |site: SpliceSite, at: i64| {
                    let place = (stretch.contig, stretch.strand, at);
                    is_annotated(genes, site, &place, &stretch)
                };
                let found = decoys(&codes, start, annotated);
                for (site, decoy) in found {
                    let kind = &mut kinds[site as usize];
                    kind.of_decoys[stretch.fold].add(&decoy);
                    let kept = &mut kind.decoys[stretch.fold];
                    if kept.len() < KEPT {
                        kept.push(decoy);
                    }
                }
                for pair in codes.windows(2).filter(|pair| pair.iter().all(|code| *code < 4)) {
                    for kind in &mut kinds {
                        kind.of_decoys[stretch.fold].add_background(pair);
                    }
                }
            }
        }
    }
    Ok(kinds)
}

/// Whether a place is an annotated splice site of a gene around it.
fn is_annotated(genes: &GeneContext, site: SpliceSite, place: &Place, stretch: &Stretch) -> bool {
    let here = stretch.range.start.max(0) as u64..stretch.range.end.max(0) as u64;
    let around = genes.overlapping(place.0, &here);
    around.into_iter().map(|gene| genes.gene(gene)).any(|gene| {
        gene.strand == place.1
            && match site {
                SpliceSite::Five => gene.fives.binary_search_by_key(&place.2, |s| s.at).is_ok(),
                SpliceSite::Three => gene.threes.binary_search_by_key(&place.2, |s| s.at).is_ok(),
            }
    })
}

/// Stretches that look like sites and are none: GT and AG in part of an intron that begins at
/// `start`.
fn decoys(
    codes: &[u8],
    start: i64,
    annotated: impl Fn(SpliceSite, i64) -> bool,
) -> Vec<(SpliceSite, Vec<u8>)> {
    let mut found = Vec::new();
    for site in SpliceSite::BOTH {
        let wanted: [u8; 2] = if site == SpliceSite::Five { [2, 3] } else { [0, 2] };
        for (at, stretch) in codes.windows(site.length()).enumerate() {
            let consensus = &stretch[site.consensus()..site.consensus() + 2];
            if *consensus == wanted && stretch.iter().all(|code| *code < 4) {
                let place = start + at as i64 + site.around().0;
                if !annotated(site, place) {
                    found.push((site, stretch.to_vec()));
                }
            }
        }
    }
    found
}

/// What is to be read, in the order of the genome, each place once.
fn stretches(genes: &GeneContext) -> Vec<Stretch> {
    let mut all = Vec::new();
    for (number, gene) in genes.genes().iter().enumerate() {
        let (contig, strand) = (gene.contig, gene.strand);
        let of = |range: Range<i64>, what: What| {
            let range = on_genome(strand, &range);
            Stretch { contig, range, strand, fold: number % 2, what }
        };
        let site = |site: SpliceSite, at: i64| {
            let (before, after) = site.around();
            of(at - before..at + after, What::Site(site, at))
        };
        all.extend(gene.fives.iter().map(|five| site(SpliceSite::Five, five.at)));
        all.extend(gene.threes.iter().map(|three| site(SpliceSite::Three, three.at)));
        for five in &gene.fives {
            let Some(three) = gene.three_after(five.at) else { continue };
            let (start, end) = (five.at + 6, three.at - 20);
            for range in [start..end.min(start + REACH), start.max(end - REACH)..end] {
                if !range.is_empty() {
                    all.push(of(range.clone(), What::Intron(range.start)));
                }
            }
        }
    }
    let key = |stretch: &Stretch| {
        let kind = match stretch.what {
            What::Site(site, _) => site as u8,
            What::Intron(_) => 2,
        };
        (stretch.contig, stretch.range.start, stretch.range.end, stretch.strand, kind)
    };
    all.sort_by_key(key);
    all.dedup_by_key(|stretch| key(stretch));
    all
}
