//! Sites of low against sites of high entropy.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::{Heterogeneity, REGIONS};
use crate::context::families::{HEXAMERS, Hexamer};
use crate::interpret::statistics::Moments;

/// Sites of low and of high entropy: the bottom and the top fifth.
#[derive(Clone, Debug, PartialEq)]
pub struct Fifths {
    pub low: Vec<usize>,
    pub high: Vec<usize>,
}

/// Divides sites by their entropy; those without one belong to no fifth.
pub fn fifths(sites: &[Heterogeneity]) -> Fifths {
    let mut order: Vec<(f64, usize)> = sites
        .iter()
        .enumerate()
        .filter_map(|(number, site)| Some((site.entropy?, number)))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let fifth = order.len() / 5;
    let numbers = |part: &[(f64, usize)]| part.iter().map(|&(_, number)| number).collect();
    Fifths { low: numbers(&order[..fifth]), high: numbers(&order[order.len() - fifth..]) }
}

/// A hexamer of a region in low against high entropy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Enrichment {
    pub region: usize,
    pub hexamer: Hexamer,
    /// Sites that have it.
    pub low: u64,
    pub high: u64,
    /// Odds of having it at low over those at high entropy; half a site is added to each number.
    pub odds_ratio: f64,
    /// Pearson's, one degree of freedom.
    pub chi_squared: f64,
    /// Times the number of tests, at most 1.
    pub p: f64,
}

/// Hexamers with fewer sites than this in both fifths together are not tested.
const FEWEST: u64 = 10;

/// Tests every hexamer of every region.
pub fn enrichments(sites: &[Heterogeneity], fifths: &Fifths) -> Vec<Enrichment> {
    let all = (fifths.low.len() as u64, fifths.high.len() as u64);
    let mut found = Vec::new();
    for region in 0..REGIONS.len() {
        let counted = |numbers: &[usize]| {
            let mut counts = vec![0u64; HEXAMERS];
            for hexamer in numbers.iter().flat_map(|&number| &sites[number].hexamers[region]) {
                counts[hexamer.number()] += 1;
            }
            counts
        };
        let (low, high) = (counted(&fifths.low), counted(&fifths.high));
        for hexamer in Hexamer::all() {
            let (low, high) = (low[hexamer.number()], high[hexamer.number()]);
            if low + high >= FEWEST {
                let (odds_ratio, chi_squared) = two_by_two((low, high), all);
                let p = ChiSquared::new(1.0).map_or(1.0, |chi| chi.sf(chi_squared));
                found.push(Enrichment { region, hexamer, low, high, odds_ratio, chi_squared, p });
            }
        }
    }
    let tests = found.len() as f64;
    found.iter_mut().for_each(|one| one.p = (one.p * tests).min(1.0));
    found.sort_by(|a, b| {
        a.region.cmp(&b.region).then(a.p.total_cmp(&b.p)).then(a.hexamer.cmp(&b.hexamer))
    });
    found
}

/// Odds ratio (half a site added to each number) and Pearson's chi-squared of a 2 x 2 table.
fn two_by_two((low, high): (u64, u64), (all_low, all_high): (u64, u64)) -> (f64, f64) {
    let [a, b] = [low, high].map(|n| n as f64);
    let [c, d] = [all_low - low, all_high - high].map(|n| n as f64);
    let odds = ((a + 0.5) * (d + 0.5)) / ((b + 0.5) * (c + 0.5));
    let margins = (a + b) * (c + d) * (a + c) * (b + d);
    let n = a + b + c + d;
    let chi = if margins > 0.0 { n * (a * d - b * c).powi(2) / margins } else { 0.0 };
    (odds, chi)
}

/// Returns figures of sites: a name, and its mean over those of the numbers that have it.
pub fn figures(sites: &[Heterogeneity], numbers: &[usize]) -> Vec<(&'static str, Moments)> {
    type Figure = fn(&Heterogeneity) -> Option<f64>;
    let figures: [(&'static str, Figure); 6] = [
        ("entropy_nats", |site| site.entropy),
        ("mean_place_nt", |site| site.mean),
        ("aataaa_in_40_nt_upstream", |site| Some(site.canonical as f64)),
        ("signal_nt_from_site", |site| site.signal.map(|at| at as f64)),
        ("gt_ct_rich_nt_from_site", |site| site.downstream.map(|at| at as f64)),
        ("signal_to_gt_ct_rich_nt", |site| {
            site.signal.zip(site.downstream).map(|(a, b)| (b - a) as f64)
        }),
    ];
    let of = |(name, figure): (&'static str, Figure)| {
        let mut moments = Moments::default();
        numbers.iter().filter_map(|&number| figure(&sites[number])).for_each(|x| moments.add(x));
        (name, moments)
    };
    figures.into_iter().map(of).collect()
}
