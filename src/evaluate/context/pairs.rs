//! Two sites at the end of a gene: which is used more.

use std::collections::BTreeMap;

use super::Putative;
use crate::context::model::pair_feature;
use crate::genome::strand::Strand;

/// Sites less far apart are one, nt.
const APART: u64 = 50;
/// One is used more than another with so many times its reads.
const TIMES: f64 = 2.0;

/// A proximal and a distal site of a gene.
pub struct Pair<'a> {
    pub proximal: &'a Putative,
    pub distal: &'a Putative,
    pub proximal_is_used_more: bool,
}

impl Pair<'_> {
    /// Returns a feature of the pair; see [`pair_feature`].
    pub fn feature(&self, name: &str) -> f64 {
        let apart = self.proximal.position.abs_diff(self.distal.position) as f64;
        pair_feature(name, &self.proximal.values, &self.distal.values, apart)
    }
}

/// Returns the pairs of sites in the last exons of genes and past them of which one is used more:
/// measured where the other is not, or with twice its reads.
pub fn pairs(sites: &[Putative]) -> Vec<Pair<'_>> {
    let mut genes: BTreeMap<(usize, Strand, &str), Vec<&Putative>> = BTreeMap::new();
    let terminal = |site: &&Putative| site.feature.is_some_and(|feature| feature.is_terminal());
    for site in sites.iter().filter(terminal) {
        if let Some(gene) = &site.gene {
            genes.entry((site.contig, site.strand, gene)).or_default().push(site);
        }
    }
    let mut pairs = Vec::new();
    for ((_, strand, _), mut of_gene) in genes {
        of_gene.sort_by_key(|site| site.position);
        if strand == Strand::Minus {
            of_gene.reverse();
        }
        for (i, &proximal) in of_gene.iter().enumerate() {
            for &distal in &of_gene[i + 1..] {
                if proximal.position.abs_diff(distal.position) < APART {
                    continue;
                }
                let more = match (proximal.used, distal.used) {
                    (Some(_), None) => Some(true),
                    (None, Some(_)) => Some(false),
                    (Some(a), Some(b)) if a >= TIMES * b && a > 0.0 => Some(true),
                    (Some(a), Some(b)) if b >= TIMES * a && b > 0.0 => Some(false),
                    _ => None,
                };
                let pair = |proximal_is_used_more| Pair { proximal, distal, proximal_is_used_more };
                pairs.extend(more.map(pair));
            }
        }
    }
    pairs
}
