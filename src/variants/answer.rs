//! One answer for an allele: its most severe effect, of all sites in all genes.

use super::context::SiteInGene;
use super::effect::{Effect, SiteEffect};
use crate::context::structure::GeneStructure;

/// What an allele does to one site in one gene: what an entry of INFO says.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// Number of the gene, and the gene; `None` without annotation.
    pub gene: Option<(usize, &'a GeneStructure)>,
    pub site: &'a SiteEffect,
    pub in_gene: SiteInGene,
}

impl Finding<'_> {
    /// Returns the effect, by the published rule and those that say which sites count.
    pub fn effect(&self) -> Effect {
        self.in_gene.effect(self.site)
    }
}

/// Returns the finding that stands for the allele: of those that matter, else of those that count,
/// else of all, that of the largest |change|; of equals the first.
pub fn most_severe<'f, 'a>(findings: &'f [Finding<'a>]) -> Option<&'f Finding<'a>> {
    let rank = |finding: &Finding<'_>| {
        (finding.effect() != Effect::Unchanged, finding.in_gene.counts, finding.site.delta().abs())
    };
    findings.iter().reduce(|best, next| {
        let ((a, a_counts, a_size), (b, b_counts, b_size)) = (rank(best), rank(next));
        let order = (b, b_counts).cmp(&(a, a_counts)).then(b_size.total_cmp(&a_size));
        if order.is_gt() { next } else { best }
    })
}

/// Returns the largest |change| of the sites that count, log2; 0 if there are none.
pub fn largest_change(findings: &[Finding<'_>]) -> f64 {
    let counted = findings.iter().filter(|finding| finding.in_gene.counts);
    counted.map(|finding| finding.site.delta().abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::strand::Strand;

    fn site(effect: Effect, delta: f64) -> SiteEffect {
        SiteEffect {
            strand: Strand::Plus,
            position: 1,
            offset: 1,
            shift: None,
            mean_shift: None,
            called: [true; 2],
            known: false,
            probability: [0.5; 2],
            strength: Some([0.0, delta]),
            motif: ".".into(),
            effect,
        }
    }

    #[test]
    fn the_most_severe_effect_is_the_largest_of_those_that_matter() {
        let sites = [
            (Effect::Unchanged, 9.0, true),
            (Effect::Weakened, -2.0, true),
            (Effect::Strengthened, 2.0, true),
            (Effect::Lost, -3.0, false),
            (Effect::Shifted, 0.5, true),
        ];
        let sites = sites.map(|(effect, delta, counts)| (site(effect, delta), counts));
        let finding = |(site, counts): &'_ (SiteEffect, bool)| {
            let in_gene = SiteInGene { feature: None, expressed: None, counts: *counts };
            (site.clone(), in_gene)
        };
        let held: Vec<(SiteEffect, SiteInGene)> = sites.iter().map(finding).collect();
        let findings: Vec<Finding<'_>> = held
            .iter()
            .map(|(site, in_gene)| Finding { gene: None, site, in_gene: *in_gene })
            .collect();
        let delta = |findings: &[Finding<'_>]| most_severe(findings).map(|f| f.site.delta());
        // The first of equals; one that does not count is unchanged.
        assert_eq!(delta(&findings), Some(-2.0));
        assert_eq!(delta(&findings[2..]), Some(2.0));
        assert_eq!(delta(&findings[3..]), Some(0.5));
        assert_eq!(delta(&[findings[3].clone(), findings[0].clone()]), Some(9.0));
        assert_eq!(delta(&findings[3..4]), Some(-3.0));
        assert_eq!(most_severe(&findings[3..4]).map(Finding::effect), Some(Effect::Unchanged));
        assert!(most_severe(&[]).is_none());
        assert_eq!((largest_change(&findings), largest_change(&findings[3..4])), (9.0, 0.0));
    }
}
