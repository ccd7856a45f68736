//! Alleles of records with their neighbours on a haplotype: what is to be scored, what is written.

use super::{Annotator, Record, text};
use crate::variants::effect::SiteEffect;
use crate::variants::entry::haplotype_entry;
use crate::variants::phase::combined;
use crate::variants::phase::genotype::Genotypes;
use crate::variants::scorer::{Asked, Effects, affected};

impl Annotator<'_> {
    /// Adds the haplotypes that a sample has of the alleles of records, and what is to be scored of
    /// them.
    pub(super) fn ask_haplotypes(
        &self,
        codes: &[u8],
        genotypes: &Genotypes,
        records: &mut [(usize, Record<'_>)],
        asked: &mut Vec<Asked>,
    ) {
        for (number, record) in records {
            let Some(own) = genotypes.of_line[*number] else { continue };
            for combined in combined(codes, &genotypes.carried, own, self.longest) {
                let letters = text(&combined.letters);
                let of_allele = record.alleles.iter().position(|allele| allele.letters == letters);
                let scored = of_allele.and_then(|number| {
                    let (at, _) = record.alleles[number].asked.ok()?;
                    Some((number, asked[at].strands))
                });
                let Some((allele, strands)) = scored else { continue };
                asked.push(Asked { change: combined.change.clone(), strands });
                record.haplotypes.push((combined, allele, asked.len() - 1));
            }
        }
    }

    /// Returns the entries of alleles with their neighbours on a haplotype, on the sites that the
    /// allele reaches.
    pub(super) fn haplotype_entries(
        &self,
        record: &Record<'_>,
        effects: &[Effects],
    ) -> Vec<String> {
        let mut entries = Vec::new();
        for (combined, allele, at) in &record.haplotypes {
            let allele = &record.alleles[*allele];
            let within = |site: &&SiteEffect| {
                affected(site.strand, &combined.own.replaced()).contains(&site.position)
            };
            let sites: Vec<SiteEffect> = effects[*at].iter().filter(within).cloned().collect();
            let alone = allele.asked.map_or(&[][..], |(at, _)| &*effects[at]);
            for finding in allele.findings(&sites, &self.context) {
                let distance = |site: &&SiteEffect| site.position.abs_diff(finding.site.position);
                let same = alone.iter().filter(|site| site.strand == finding.site.strand);
                let same = same.filter(|site| distance(site) <= self.engine.match_distance());
                let alone = same.min_by_key(distance);
                entries.push(haplotype_entry(combined, &finding, alone));
            }
        }
        entries
    }
}
