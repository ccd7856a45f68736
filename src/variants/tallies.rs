//! Effects counted by what they are effects on (Stroup & Ji 2023, Figure 7).

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::answer::Finding;
use super::effect::Effect;
use super::motif;
use crate::context::class::Feature;

/// What stands for no class, motif or gene.
const NONE: &str = "none";
/// Nucleotides of a class of distances.
const BIN: i64 = 20;
/// Distances beyond this are one class, nt.
const FARTHEST: i64 = 120;

/// Numbers of alleles by name, and for each name by effect.
pub type ByEffect = BTreeMap<String, BTreeMap<String, u64>>;

/// Alleles with a site, each counted at its most severe effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    /// By class of the site in its gene.
    pub class: ByEffect,
    /// By element changed: `disrupted:AATAAA`, `created:T-rich`; an allele that changes several
    /// counts for each.
    pub motif: ByEffect,
    /// By place of the variant relative to the site in transcript direction, nt: `-40..-21`.
    pub distance: ByEffect,
    /// By gene: alleles whose effect is significant.
    pub genes: BTreeMap<String, u64>,
}

impl Tallies {
    /// Counts an allele by its most severe finding.
    pub fn count(&mut self, finding: &Finding<'_>) {
        let effect = finding.effect();
        let class = finding.in_gene.feature.map_or(NONE, Feature::name);
        add_one(&mut self.class, class, effect);
        let mut elements = motif::elements(&finding.site.motif);
        if elements.is_empty() {
            elements.push(NONE.to_owned());
        }
        elements.iter().for_each(|element| add_one(&mut self.motif, element, effect));
        add_one(&mut self.distance, &distance_class(-finding.site.offset), effect);
        if let Some((_, gene)) = finding.gene.filter(|_| effect != Effect::Unchanged) {
            *self.genes.entry(gene.name.clone()).or_default() += 1;
        }
    }

    /// Returns the genes with the most alleles of a significant effect, at most `n` of them; of
    /// equals in the order of their names.
    pub fn top_genes(&self, n: usize) -> Vec<(String, u64)> {
        let mut genes: Vec<(String, u64)> = self.genes.clone().into_iter().collect();
        genes.sort_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
        genes.truncate(n);
        genes
    }
}

impl AddAssign<&Self> for Tallies {
    fn add_assign(&mut self, other: &Self) {
        for (sums, counts) in [
            (&mut self.class, &other.class),
            (&mut self.motif, &other.motif),
            (&mut self.distance, &other.distance),
        ] {
            for (name, effects) in counts {
                let sums = sums.entry(name.clone()).or_default();
                effects.iter().for_each(|(effect, n)| {
                    *sums.entry(effect.clone()).or_default() += n;
                });
            }
        }
        for (gene, n) in &other.genes {
            *self.genes.entry(gene.clone()).or_default() += n;
        }
    }
}

fn add_one(counts: &mut ByEffect, name: &str, effect: Effect) {
    let effects = counts.entry(name.to_owned()).or_default();
    *effects.entry(effect.name().to_owned()).or_default() += 1;
}

/// Returns the class of a distance: stretches of 20 nt on either side of the site, which is one by
/// itself.
fn distance_class(distance: i64) -> String {
    let size = distance.abs();
    let sign = |nt: i64| if distance < 0 { -nt } else { nt };
    if size == 0 {
        return "0".to_owned();
    }
    if size > FARTHEST {
        let side = if distance < 0 { "<-" } else { ">" };
        return format!("{side}{FARTHEST}");
    }
    let near = (size - 1) / BIN * BIN + 1;
    let (a, b) = (sign(near), sign(near + BIN - 1));
    format!("{}..{}", a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_fall_into_stretches_of_20_nt() {
        for (distance, expected) in [
            (0, "0"),
            (1, "1..20"),
            (20, "1..20"),
            (21, "21..40"),
            (-1, "-20..-1"),
            (-21, "-40..-21"),
            (-120, "-120..-101"),
            (121, ">120"),
            (-500, "<-120"),
        ] {
            assert_eq!(distance_class(distance), expected);
        }
    }

    #[test]
    fn genes_with_most_effects_come_first() {
        let genes = [("B", 2), ("A", 2), ("C", 5), ("D", 1)];
        let genes = genes.map(|(name, n)| (name.to_owned(), n)).into();
        let mut tallies = Tallies { genes, ..Tallies::default() };
        tallies += &tallies.clone();
        let top: Vec<(String, u64)> = tallies.top_genes(3);
        assert_eq!(top, [("C", 10), ("A", 4), ("B", 4)].map(|(name, n)| (name.to_owned(), n)));
    }
}
