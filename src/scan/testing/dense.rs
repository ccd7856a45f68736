//! The definitions of a scan, with a full-length array for every quantity.

use std::ops::Range;

use super::{HashModel, Track};
use crate::context::signal::SIGNALS;
use crate::genome::sequence::{UNKNOWN, decode, reverse_complement};
use crate::genome::strand::Strand;
use crate::models::{CENTRE, CLEAVAGE_CENTRE, WINDOW};
use crate::output::bed::Site;
use crate::scan::inference::Kept;

/// What the definitions say of one strand of a contig, position by position.
pub struct Expected {
    pub sites: Vec<Site>,
    pub track: Track,
    /// Windows scored and skipped for N.
    pub scored: u64,
    pub n: u64,
    /// Windows without a polyA signal where the model wants it.
    pub no_signal: u64,
}

/// Applies the definitions to one strand.
pub fn expected(codes: &[u8], contig: usize, strand: Strand, model: &HashModel) -> Expected {
    let mut probability = vec![f32::NAN; codes.len()];
    let mut kept = Vec::new();
    let (mut n, mut no_signal) = (0, 0);
    for (centre, probability) in probability.iter_mut().enumerate() {
        let shift = usize::from(strand == Strand::Minus);
        let start = (centre + shift).checked_sub(CENTRE);
        let Some(window) = start.and_then(|start| codes.get(start..start + WINDOW)) else {
            continue;
        };
        if window.iter().filter(|&&code| code == UNKNOWN).count() > 120 {
            n += 1;
            continue;
        }
        let window = match strand {
            Strand::Plus => window.to_vec(),
            Strand::Minus => reverse_complement(window),
        };
        let hexamer = model.signal.map(|at| decode(&window[at..at + 6]));
        if hexamer.is_some_and(|hexamer| !SIGNALS.iter().any(|s| s.as_bytes() == hexamer)) {
            no_signal += 1;
            continue;
        }
        let (p, cleavage) = model.window(&window);
        *probability = p;
        let peak = match model.signal {
            Some(_) => cleavage.into_iter().fold(0.0, f32::max),
            None => cleavage[CLEAVAGE_CENTRE],
        };
        if p > 0.5 && peak > 0.05 {
            kept.push(Kept { centre: centre as u64, probability: p, cleavage });
        }
    }
    let scored = probability.iter().filter(|p| !p.is_nan()).count() as u64;
    let (sites, track) = dense_sites(codes, contig, strand, &probability, &kept);
    Expected { sites, track, scored, n, no_signal }
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
        posterior: None,
        cleavage: max as f32,
        cluster: cluster.start as u64..cluster.end as u64,
        entropy: entropy as f32,
        windows: values[position].1,
        signal: crate::context::signal::strongest(&upstream),
        gene: None,
        context: crate::output::bed::InContext::default(),
    }
}
