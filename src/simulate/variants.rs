//! Single-nucleotide variants with a known effect on the planted sites.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};

use super::contig::{PlantedSite, SimulatedContig, strong_signal_at};
use crate::genome::sequence::{UNKNOWN, code, complement};
use crate::genome::strand::Strand;

/// From a neutral variant to the nearest site, latent site or decoy, at least.
const NEUTRAL_DISTANCE: usize = 300;
/// Draws for a neutral variant before it is given up; two in five succeed in the densest layout.
const NEUTRAL_DRAWS: usize = 1000;
/// From a contig's end to a neutral variant: a whole window on either side.
const NEUTRAL_MARGIN: usize = 250;

/// What a variant does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Destroys the signal of a site.
    Breaking,
    /// Completes the signal of a latent site.
    Creating,
    /// Touches no planted thing and neither makes nor breaks a strong signal.
    Neutral,
}

/// The planted thing that a variant acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Index among the contig's sites.
    Site(usize),
    /// Index among the contig's latent sites.
    Latent(usize),
}

/// A variant; codes are those of the plus strand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snv {
    /// 0-based.
    pub position: usize,
    pub reference: u8,
    pub alternate: u8,
    pub class: Class,
    pub target: Option<Target>,
}

impl Class {
    /// Returns the name in the VCF.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Creating => "creating",
            Self::Neutral => "neutral",
        }
    }
}

/// Returns a breaking variant for each site, a creating one for each latent site and as many
/// neutral ones as sites; ascending, at most one a position.
pub(super) fn choose(rng: &mut impl Rng, contig: &SimulatedContig) -> Vec<Snv> {
    let mut snvs = BTreeMap::new();
    let mut add = |snv: Snv| snvs.insert(snv.position, snv);
    for (i, site) in contig.sites.iter().enumerate() {
        // A C in its middle leaves none of the known signals: AACAAA, AATCAA, ATCAAA, ATTCAA.
        let change = (rng.random_range(2..=3), b'C');
        add(in_signal(contig, site, change, Class::Breaking, Target::Site(i)));
    }
    for (i, site) in contig.latent.iter().enumerate() {
        if let Some(mend) = site.mend {
            add(in_signal(contig, site, mend, Class::Creating, Target::Latent(i)));
        }
    }
    let places = planted_places(contig);
    for _ in 0..contig.sites.len() {
        let free = |position| !snvs.contains_key(&position) && !near_planted(&places, position);
        if let Some(snv) = neutral(rng, &contig.codes, free) {
            snvs.insert(snv.position, snv);
        }
    }
    snvs.into_values().collect()
}

/// Returns the change of one letter (index, letter in transcript direction) of a site's signal.
fn in_signal(
    contig: &SimulatedContig,
    site: &PlantedSite,
    change: (usize, u8),
    class: Class,
    target: Target,
) -> Snv {
    let (index, letter) = change;
    let position = site.position_at(index as isize - site.offset as isize);
    let letter = code(letter).unwrap_or(UNKNOWN);
    let alternate = match site.strand {
        Strand::Plus => letter,
        Strand::Minus => complement(letter),
    };
    let reference = contig.codes[position];
    Snv { position, reference, alternate, class, target: Some(target) }
}

/// Returns a variant at a `free` position that alters no strong signal, if one is found.
fn neutral(rng: &mut impl Rng, codes: &[u8], free: impl Fn(usize) -> bool) -> Option<Snv> {
    for _ in 0..NEUTRAL_DRAWS {
        let position = rng.random_range(NEUTRAL_MARGIN..codes.len() - NEUTRAL_MARGIN);
        let step = rng.random_range(1..4);
        let reference = codes[position];
        if reference == UNKNOWN || !free(position) {
            continue;
        }
        let alternate = (reference + step) % 4;
        if !alters_a_signal(codes, position, alternate) {
            let class = Class::Neutral;
            return Some(Snv { position, reference, alternate, class, target: None });
        }
    }
    None
}

/// Returns the places of everything planted, ascending.
fn planted_places(contig: &SimulatedContig) -> Vec<usize> {
    let sites = contig.sites.iter().chain(&contig.latent).map(|site| site.position);
    let decoys = contig.decoys.iter().flat_map(|decoy| [decoy.range.start, decoy.range.end]);
    let mut places: Vec<usize> = sites.chain(decoys).collect();
    places.sort_unstable();
    places
}

fn near_planted(places: &[usize], position: usize) -> bool {
    // Only the neighbours on either side can be near.
    let after = places.partition_point(|&place| place < position);
    let neighbours = &places[after.saturating_sub(1)..places.len().min(after + 1)];
    neighbours.iter().any(|place| place.abs_diff(position) < NEUTRAL_DISTANCE)
}

/// Returns whether a strong signal, with or without the variant, overlaps it.
fn alters_a_signal(codes: &[u8], position: usize, alternate: u8) -> bool {
    let mut around = codes[position - 5..position + 6].to_vec();
    let strong = |around: &[u8]| (0..6).any(|start| strong_signal_at(around, start));
    if strong(&around) {
        return true;
    }
    around[5] = alternate;
    strong(&around)
}
