//! Sites that variants change, in the context of a gene: class, whether they are used at all,
//! whether they count.

use super::effect::{Effect, SiteEffect};
use super::settings::ContextRule;
use crate::context::class::Feature;
use crate::context::features::GeneContext;
use crate::context::model::ContextModel;
use crate::context::structure::along;
use crate::context::values::{Value, Values, log2_odds};

/// Of a site in an intron, the larger probability of the two haplotypes that it is used: at least
/// this counts. Stroup & Ji 2023, Methods.
const INTRON_EXPRESSED: f64 = 0.9;
/// How far past the annotated end a site of an extended last exon counts, nt. Stroup & Ji 2023,
/// Methods.
const EXTENDED_WITHIN: i64 = 1_000;

/// What puts sites into context.
pub struct VariantContext<'a> {
    pub model: &'a ContextModel,
    pub genes: Option<&'a GeneContext>,
    pub rules: &'a [ContextRule],
}

/// A site in a gene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteInGene {
    /// By this gene alone; `None` outside of it and what lies past it, and without annotation.
    pub feature: Option<Feature>,
    /// Probability that the site is used at all, of reference and alternate; `None` without a
    /// strength model.
    pub expressed: Option<[f64; 2]>,
    /// Whether the rules let it count.
    pub counts: bool,
}

impl VariantContext<'_> {
    /// Looks at a site in a gene (its number; `None` without annotation).
    pub fn site(&self, gene: Option<usize>, site: &SiteEffect) -> SiteInGene {
        let gene = gene.and_then(|number| Some((number, self.genes?)));
        let x = along(site.strand, site.position);
        let feature = gene.and_then(|(number, genes)| genes.gene(number).class(x));
        self.of_feature(gene, feature, site)
    }

    /// Looks at a site as `scan` does, at all genes that give it its class: of what they say of its
    /// use the likeliest counts. Returns their names, too (comma-separated, `.` if none).
    pub fn anywhere(&self, contig: usize, site: &SiteEffect) -> (String, SiteInGene) {
        let Some(genes) = self.genes else { return (".".to_owned(), self.site(None, site)) };
        let place = genes.place(contig, site.strand, site.position);
        let inside = !matches!(place.feature, Feature::Antisense | Feature::Intergenic);
        let feature = Some(place.feature);
        let numbers = place.genes.iter().filter(|_| inside);
        let each = numbers.map(|&number| self.of_feature(Some((number, genes)), feature, site));
        let key = |found: &SiteInGene| {
            found.expressed.map_or(f64::NEG_INFINITY, |[before, after]| before.max(after))
        };
        // Of equals the first.
        let best = each.reduce(|a, b| if key(&b) > key(&a) { b } else { a });
        let best = best.unwrap_or_else(|| self.of_feature(None, feature, site));
        (genes.names(&place.genes), best)
    }

    /// Looks at a site of a class in a gene.
    fn of_feature(
        &self,
        gene: Option<(usize, &GeneContext)>,
        feature: Option<Feature>,
        site: &SiteEffect,
    ) -> SiteInGene {
        let x = along(site.strand, site.position);
        let values = match (gene, feature) {
            (Some((number, genes)), Some(feature)) => {
                Values::in_gene(genes, number, feature, site.position)
            }
            _ => Values::default(),
        };
        let expressed = site.strength.map(|strengths| {
            [0, 1].map(|haplotype| {
                let mut values = values.clone();
                values.set(Value::Strength, strengths[haplotype]);
                values.set(Value::LogOdds, log2_odds(site.probability[haplotype].into()));
                self.model.expressed(feature, &values).unwrap_or_default()
            })
        });
        let counts = self.rules.iter().all(|rule| match (rule, feature) {
            (ContextRule::IntronExpressed, Some(feature)) if feature.is_intron() => {
                expressed.is_none_or(|[a, b]| a.max(b) >= INTRON_EXPRESSED)
            }
            (ContextRule::Extended1kb, Some(Feature::ExtendedTerminalExon)) => {
                let past = gene.map(|(number, genes)| x - genes.gene(number).range.end + 1);
                past.is_none_or(|past| past <= EXTENDED_WITHIN)
            }
            _ => true,
        });
        SiteInGene { feature, expressed, counts }
    }
}

impl SiteInGene {
    /// Returns the effect on a site here: none on one that does not count.
    pub fn effect(&self, site: &SiteEffect) -> Effect {
        if self.counts { site.effect } else { Effect::Unchanged }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::annotation::{Annotation, Gene};
    use crate::genome::contigs::Contigs;
    use crate::genome::strand::Strand;

    fn site(position: u64, strength: f64) -> SiteEffect {
        SiteEffect {
            strand: Strand::Plus,
            position,
            offset: 1,
            shift: None,
            mean_shift: None,
            called: [false, true],
            known: false,
            probability: [0.1, 0.9],
            strength: Some([-9.0, strength]),
            motif: ".".into(),
            effect: Effect::Created,
        }
    }

    #[test]
    fn published_rules_take_away_silent_introns_and_what_lies_far_past_the_end() {
        let mut contigs = Contigs::default();
        contigs.push("c".to_owned(), 100_000);
        let gene = Gene {
            name: "G".to_owned(),
            id: String::new(),
            contig: 0,
            strand: Strand::Plus,
            range: 1_000..20_000,
            transcripts: vec![vec![1_000..1_200, 18_000..20_000]],
            open_ended: Vec::new(),
            biotype: None,
            transcript_ids: Vec::new(),
            coding_ends: Vec::new(),
        };
        let annotation = Annotation { genes: vec![gene], notes: Vec::new() };
        let genes = GeneContext::new(&annotation, &contigs, 5_000);
        let model = ContextModel::built_in().unwrap();
        let rules = [ContextRule::IntronExpressed, ContextRule::Extended1kb];
        let counts = |rules: &[ContextRule], position, strength| {
            let context = VariantContext { model: &model, genes: Some(&genes), rules };
            let found = context.site(Some(0), &site(position, strength));
            assert_eq!(found.counts, found.effect(&site(position, strength)) == Effect::Created);
            (found.feature.unwrap().name(), found.counts)
        };
        // However strong or weak, it counts without a rule.
        assert_eq!(counts(&[], 9_000, -20.0), ("intron_composite", true));
        assert_eq!(counts(&rules, 9_000, -20.0), ("intron_composite", false));
        assert_eq!(counts(&rules, 19_000, -20.0), ("terminal_exon", true));
        assert_eq!(counts(&rules, 20_999, 3.0), ("extended_terminal_exon", true));
        assert_eq!(counts(&rules, 21_000, 3.0), ("extended_terminal_exon", false));
        assert_eq!(counts(&rules[..1], 21_000, 3.0), ("extended_terminal_exon", true));
    }
}
