//! Figures of sites: strength, what their genes say of them, usage.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use super::{Context, OfGene, Scored};
use crate::context::class::Feature;
use crate::context::signal;
use crate::context::usage::{GeneSite, shares};
use crate::context::values::{Call, Value, Values, log2_odds, near_rivals};
use crate::error::{Error, Result};
use crate::genome::sequence::{UNKNOWN, reverse_complement};
use crate::genome::strand::Strand;
use crate::models::{CENTRE, CLEAVAGE_CENTRE, Model, WINDOW, Window};
use crate::output::bed::Site;
use crate::scan::settings::Only;

/// Windows that a thread takes at once.
const WINDOWS: usize = 32;

impl Context<'_> {
    /// Whether a site is to be handed on.
    pub(super) fn keeps(&self, site: &Site) -> bool {
        let context = &site.context;
        let known =
            self.settings.only.is_none_or(|only| (only == Only::Known) == context.known.is_some());
        let least = self.settings.min_expressed;
        let expressed = least.is_none_or(|least| {
            context.uncalled || context.expressed.is_some_and(|p| f64::from(p) >= least)
        });
        known && expressed
    }

    /// Scores the sites of a contig, which share genes and neighbours with no others. Those that
    /// are not called and have no window to be scored are left out.
    pub(super) fn score(&mut self, contig: usize, mut sites: Vec<Site>) -> Result<Vec<Scored>> {
        self.read_windows(contig, &mut sites)?;
        let calls: Vec<&Site> = sites.iter().filter(|site| !site.context.uncalled).collect();
        let calls: Vec<Call> =
            calls.iter().map(|site| (site.strand, site.position, odds(site))).collect();
        let mut rivals = near_rivals(&calls).into_iter();
        let mut all = Vec::with_capacity(sites.len());
        for site in sites {
            let rival = if site.context.uncalled { None } else { rivals.next() };
            let by_gene = self.by_gene(&site, rival.unwrap_or(f64::NAN));
            all.push(Scored { site, by_gene });
        }
        if self.strength.is_some() {
            self.share(&mut all);
        }
        for Scored { site, by_gene } in &mut all {
            let best = |a: &&OfGene, b: &&OfGene| {
                let key = |of: &OfGene| of.expressed.unwrap_or(f64::NEG_INFINITY);
                key(a).total_cmp(&key(b))
            };
            // Of equals the first.
            if let Some(best) = by_gene.iter().rev().max_by(best) {
                site.context.expressed = best.expressed.map(|p| p as f32);
                site.context.usage = best.usage.map(|share| share as f32);
            }
            let within = self.settings.known_within;
            site.context.known = self.known.near(contig, site.strand, site.position, within);
        }
        Ok(all)
    }

    /// Reads the windows of sites and what the models say of them.
    fn read_windows(&mut self, contig: usize, sites: &mut Vec<Site>) -> Result<()> {
        let needed = |site: &Site| self.strength.is_some() || site.context.uncalled;
        let Some(windows) = &mut self.windows else { return Ok(()) };
        let length = self.contigs[contig].length as i64;
        let mut kept = Vec::with_capacity(sites.len());
        let mut all = Vec::with_capacity(sites.len());
        for site in std::mem::take(sites) {
            if !needed(&site) {
                kept.push(site);
                all.push(Vec::new());
                continue;
            }
            let range = window_range(site.strand, site.position);
            let codes = windows.get(contig, &range)?;
            let known = codes.iter().filter(|code| **code != UNKNOWN).count();
            let scorable = range.start >= 0 && range.end <= length && known * 2 >= WINDOW;
            if site.context.uncalled && !scorable {
                self.unscorable += 1;
                continue;
            }
            kept.push(site);
            all.push(match kept[kept.len() - 1].strand {
                Strand::Plus => codes,
                Strand::Minus => reverse_complement(&codes),
            });
        }
        let (strength, model) = (self.strength, self.sites);
        let parts = kept.par_chunks_mut(WINDOWS).zip(all.par_chunks(WINDOWS));
        parts.try_for_each(|(sites, codes)| {
            if let Some(strength) = strength {
                strengths(strength, sites, codes)?;
            }
            for (site, codes) in sites.iter_mut().zip(codes).filter(|(s, _)| s.context.uncalled) {
                let Some(model) = model else { continue };
                let scores = model.scan(codes, -1.0)?;
                site.probability = scores.probability.first().copied().unwrap_or_default();
                site.posterior = model.posterior().map(|p| p.of(site.probability));
                let vector = scores.cleavage.first();
                site.cleavage = vector.map_or(0.0, |(_, vector)| vector[CLEAVAGE_CENTRE]);
                site.signal = signal::strongest(&codes[..CENTRE]);
            }
            Ok::<(), Error>(())
        })?;
        *sites = kept;
        Ok(())
    }

    /// Returns what each gene that gives a site's class says of it.
    fn by_gene(&self, site: &Site, rival: f64) -> Vec<OfGene> {
        let of = |gene: Option<usize>, feature: Option<Feature>, mut values: Values| {
            values.set(Value::LogOdds, odds(site));
            values.set(Value::NearRival, rival);
            let strength = site.context.strength;
            values.set(Value::Strength, strength.map_or(f64::NAN, f64::from));
            let expressed = strength.and_then(|_| self.model.expressed(feature, &values));
            OfGene { gene, feature, values, expressed, usage: None }
        };
        let Some(genes) = self.genes else { return vec![of(None, None, Values::default())] };
        let place = genes.place(site.contig, site.strand, site.position);
        let feature = Some(place.feature);
        if matches!(place.feature, Feature::Antisense | Feature::Intergenic) {
            return vec![of(place.genes.first().copied(), feature, Values::default())];
        }
        let in_gene = |gene: usize| {
            let values = Values::in_gene(genes, gene, place.feature, site.position);
            of(Some(gene), feature, values)
        };
        place.genes.into_iter().map(in_gene).collect()
    }

    /// Shares the transcripts of each gene among its sites.
    fn share(&self, all: &mut [Scored]) {
        let mut of_genes: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, scored) in all.iter().enumerate().filter(|(_, s)| !s.site.context.uncalled) {
            for (i, of_gene) in scored.by_gene.iter().enumerate() {
                let inside = of_gene.feature.filter(|feature| *feature != Feature::Antisense);
                if let (Some(gene), Some(_)) = (of_gene.gene, inside) {
                    of_genes.entry(gene).or_default().push((at, i));
                }
            }
        }
        for mut places in of_genes.into_values() {
            if all[places[0].0].site.strand == Strand::Minus {
                places.reverse();
            }
            let sites = places.iter().map(|&(at, i)| {
                let of_gene = &all[at].by_gene[i];
                GeneSite {
                    feature: of_gene.feature.unwrap_or(Feature::Intergenic),
                    strength: of_gene.values.get(Value::Strength),
                    expressed: of_gene.expressed.unwrap_or(0.0),
                }
            });
            let shares = shares(&sites.collect::<Vec<_>>());
            for (&(at, i), share) in places.iter().zip(shares) {
                all[at].by_gene[i].usage = Some(share);
            }
        }
    }
}

/// Log2 odds of the call.
fn odds(site: &Site) -> f64 {
    log2_odds(site.probability.into())
}

/// Returns the window of a site on the genome, past the contig's ends too.
fn window_range(strand: Strand, position: u64) -> Range<i64> {
    let (position, before, window) = (position as i64, CENTRE as i64, WINDOW as i64);
    let start = match strand {
        Strand::Plus => position - before,
        Strand::Minus => position + before + 1 - window,
    };
    start..start + window
}

fn strengths(model: &dyn Model, sites: &mut [Site], codes: &[Vec<u8>]) -> Result<()> {
    let windows: Vec<Window<'_>> = codes.iter().map(|codes| codes.as_slice().into()).collect();
    let said = model.predict(&windows)?;
    let values = said.values.first().map(Vec::as_slice).unwrap_or_default();
    for (site, value) in sites.iter_mut().zip(values) {
        site.context.strength = Some(*value);
    }
    Ok(())
}
