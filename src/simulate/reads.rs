//! 3' ends of reads around planted sites, with what spoils real ones: internal priming at genomic
//! As, and a background.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};

use super::contig::SimulatedContig;
use crate::genome::strand::Strand;
use crate::reads::cleavage::Along;

/// Standard deviation of cuts around a site, nt.
const SPREAD: f64 = 3.0;
/// Of log2 of the reads of sites.
const EXPRESSION: f64 = 1.5;
/// One read of the background for so many nt of both strands, and one primed place for so many
/// sites.
const NT_PER_BACKGROUND: usize = 500;
const SITES_PER_PRIMED: usize = 3;
/// As among the nt after a primed place.
const PRIMED: (usize, usize) = (8, 10);
/// Tries for each primed place.
const TRIES: usize = 20_000;

/// Reads by position, by strand.
pub(super) type Reads = [BTreeMap<u64, u64>; 2];

/// Draws reads of a contig: of each site `mean` on the geometric average.
pub(super) fn draw(rng: &mut impl Rng, contig: &SimulatedContig, mean: u64) -> Reads {
    let mut reads = Reads::default();
    let length = contig.codes.len();
    let mut add = |strand: Strand, at: u64, n: u64| {
        if at < length as u64 {
            *reads[strand.index()].entry(at).or_default() += n;
        }
    };
    for site in &contig.sites {
        let n = mean as f64 * (EXPRESSION * normal(rng)).exp2();
        for _ in 0..(n.round() as u64).max(1) {
            let distance = (SPREAD * normal(rng)).round() as isize;
            add(site.strand, site.position_at(distance) as u64, 1);
        }
    }
    for _ in 0..2 * length / NT_PER_BACKGROUND {
        let strand = if rng.random() { Strand::Plus } else { Strand::Minus };
        add(strand, rng.random_range(0..length as u64), 1);
    }
    for _ in 0..contig.sites.len().div_ceil(SITES_PER_PRIMED) {
        let place = (0..TRIES).find_map(|_| {
            let strand = if rng.random() { Strand::Plus } else { Strand::Minus };
            let at = rng.random_range(0..length as u64);
            let along = Along { codes: &contig.codes, strand };
            (along.downstream_as(at, PRIMED.1).0 >= PRIMED.0).then_some((strand, at))
        });
        if let Some((strand, at)) = place {
            add(strand, at, mean.max(1));
        }
    }
    reads
}

/// A standard normal value (Box-Muller).
fn normal(rng: &mut impl Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random::<f64>().max(1e-12), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
