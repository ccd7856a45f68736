//! Shares of a gene's transcripts that end at each of its sites, with and without a change.
//!
//! The sites of a gene are its known ones (catalogues, annotated ends) and those that the change
//! reaches. Transcripts that no longer end at one end at others downstream: [`shares`].

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use super::answer::Finding;
use super::change::Change;
use super::context::VariantContext;
use super::effect::SiteEffect;
use super::scorer::{Asked, Places, VariantScorer, inside};
use crate::context::structure::{GeneStructure, along, on_genome};
use crate::context::usage::{GeneSite, shares};
use crate::error::Result;
use crate::genome::strand::Strand;

/// Genes whose sites are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// A known site of a gene as the reference has it.
#[derive(Clone, Debug, PartialEq)]
struct ReferenceSite {
    position: u64,
    site: GeneSite,
}

/// The known sites of genes, computed when they are first asked for; shared by all threads.
pub struct GeneUsage {
    remembered: Mutex<LruCache<usize, Arc<[ReferenceSite]>>>,
}

impl Default for GeneUsage {
    fn default() -> Self {
        Self { remembered: Mutex::new(LruCache::new(REMEMBERED)) }
    }
}

/// What the sites of genes are computed with: the sequence of a contig (codes), its known places by
/// strand.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub engine: &'a VariantScorer<'a>,
    pub context: &'a VariantContext<'a>,
    pub contig: usize,
    pub codes: &'a [u8],
    pub places: Places<'a>,
}

impl GeneUsage {
    /// Returns the largest change (by size, signed) of the share of any site of any gene of the
    /// findings; `None` without annotation or strengths, and without sites.
    ///
    /// # Errors
    /// Those of the models.
    pub fn largest_change(
        &self,
        around: &Around<'_>,
        findings: &[Finding<'_>],
    ) -> Result<Option<f64>> {
        let mut largest: Option<f64> = None;
        // Findings come by gene.
        let number = |finding: &Finding<'_>| finding.gene.map(|(number, _)| number);
        for of_gene in findings.chunk_by(|a, b| number(a) == number(b)) {
            let (Some(gene), reached) = (of_gene[0].gene, sites_reached(of_gene)) else { continue };
            // What is no site on either haplotype changes no share: the gene's sites need not be
            // known.
            if reached.is_empty() {
                continue;
            }
            let known = self.known(around, gene)?;
            let within = around.engine.match_distance();
            let change = change_of_shares(&known, reached, gene.1.strand, within);
            let larger = change.filter(|c| largest.is_none_or(|l: f64| c.abs() > l.abs()));
            largest = larger.or(largest);
        }
        Ok(largest)
    }

    /// Returns the known sites of a gene.
    fn known(
        &self,
        around: &Around<'_>,
        (number, gene): (usize, &GeneStructure),
    ) -> Result<Arc<[ReferenceSite]>> {
        let lock = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&number) {
            return Ok(known.clone());
        }
        let known: Arc<[ReferenceSite]> = around.known_sites(number, gene)?.into();
        lock().put(number, known.clone());
        Ok(known)
    }
}

impl Around<'_> {
    fn known_sites(&self, number: usize, gene: &GeneStructure) -> Result<Vec<ReferenceSite>> {
        let on_genome = on_genome(gene.strand, &(gene.range.start..gene.reach.max(gene.range.end)));
        let range = on_genome.start.max(0) as u64..on_genome.end.max(0) as u64;
        let places = inside(self.places[gene.strand.index()], range);
        let strands = Strand::BOTH.map(|strand| strand == gene.strand);
        // The effect of no change on a known site is the site.
        let asked = places.iter().filter_map(|&start| {
            let change = Change { start, removed: 0, inserted: Vec::new() };
            change.check_windows(self.codes).ok()?;
            Some((start, Asked { change, strands }))
        });
        let (places, asked): (Vec<u64>, Vec<Asked>) = asked.unzip();
        let effects = self.engine.score(self.contig, self.codes, &asked, self.places)?;
        let mut known: Vec<ReferenceSite> = Vec::new();
        for (place, effects) in places.into_iter().zip(effects) {
            let sites = effects.iter().filter(|site| site.known && site.strand == gene.strand);
            let Some(site) = sites.min_by_key(|site| site.position.abs_diff(place)) else {
                continue;
            };
            // Ends that lie near each other are one site.
            if known.iter().any(|other| other.position == site.position) {
                continue;
            }
            let site_in_gene = self.context.site(Some(number), site);
            known.extend(
                gene_site(site, 0, &site_in_gene)
                    .map(|gene_site| ReferenceSite { position: site.position, site: gene_site }),
            );
        }
        Ok(known)
    }
}

/// Returns what a haplotype's site is in a gene; `None` outside of it and without strengths.
fn gene_site(
    site: &SiteEffect,
    haplotype: usize,
    in_gene: &super::context::SiteInGene,
) -> Option<GeneSite> {
    Some(GeneSite {
        feature: in_gene.feature?,
        strength: site.strength?[haplotype],
        expressed: in_gene.expressed?[haplotype],
    })
}

/// Sites by position, as either haplotype has them.
type Sites = Vec<(u64, [Option<GeneSite>; 2])>;

/// Returns the sites that a change reaches in a gene; none if neither haplotype has any of them, or
/// without strengths.
fn sites_reached(findings: &[Finding<'_>]) -> Sites {
    let sites = findings.iter().map(|Finding { site, in_gene, .. }| {
        // A latent site is none.
        let there = |haplotype: usize| site.called[haplotype] || site.known;
        let on = |i: usize| gene_site(site, i, in_gene).filter(|_| there(i));
        (site.position, [on(0), on(1)])
    });
    let sites: Sites = sites.collect();
    if sites.iter().all(|(_, pair)| *pair == [None, None]) { Vec::new() } else { sites }
}

/// Returns the largest change of a share, alternate minus reference: of known sites, and of those
/// that a change reaches, which stand in the place of known ones at most `within` nt from them.
fn change_of_shares(
    known: &[ReferenceSite],
    mut sites: Sites,
    strand: Strand,
    within: u64,
) -> Option<f64> {
    let reached: Vec<u64> = sites.iter().map(|(position, _)| *position).collect();
    let far = |k: &&ReferenceSite| reached.iter().all(|r| r.abs_diff(k.position) > within);
    sites.extend(known.iter().filter(far).map(|k| (k.position, [Some(k.site); 2])));
    sites.sort_by_key(|(position, _)| along(strand, *position));
    let of_haplotype = |i: usize| -> Vec<f64> {
        let there: Vec<GeneSite> = sites.iter().filter_map(|(_, pair)| pair[i]).collect();
        let mut shares = shares(&there).into_iter();
        let share = |pair: &[Option<GeneSite>; 2]| pair[i].and_then(|_| shares.next());
        sites.iter().map(|(_, pair)| pair).map(share).map(Option::unwrap_or_default).collect()
    };
    let (reference, alternate) = (of_haplotype(0), of_haplotype(1));
    let changes = reference.iter().zip(&alternate).map(|(before, after)| after - before);
    changes.reduce(|largest, change| if change.abs() > largest.abs() { change } else { largest })
}

#[cfg(test)]
mod tests;
