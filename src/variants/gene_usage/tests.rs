use proptest::prelude::*;

use super::*;
use crate::context::class::Feature;
use crate::variants::context::SiteInGene;
use crate::variants::effect::Effect;

fn known(position: u64, strength: f64) -> ReferenceSite {
    let site = GeneSite { feature: Feature::TerminalExon, strength, expressed: 1.0 };
    ReferenceSite { position, site }
}

fn reached(position: u64, called: [bool; 2], strengths: [f64; 2]) -> SiteEffect {
    SiteEffect {
        strand: Strand::Plus,
        position,
        offset: 1,
        shift: None,
        mean_shift: None,
        called,
        known: false,
        probability: [0.9; 2],
        strength: Some(strengths),
        motif: ".".into(),
        effect: Effect::Unchanged,
    }
}

fn change(known: &[ReferenceSite], sites: &[SiteEffect], strand: Strand) -> Option<f64> {
    let feature = Some(Feature::TerminalExon);
    let in_gene = SiteInGene { feature, expressed: Some([1.0; 2]), counts: true };
    let findings: Vec<Finding<'_>> =
        sites.iter().map(|site| Finding { gene: None, site, in_gene }).collect();
    let reached = sites_reached(&findings);
    if reached.is_empty() { None } else { change_of_shares(known, reached, strand, 24) }
}

/// By hand: at log2 odds of 0 half of the transcripts that come by end.
#[test]
fn a_new_proximal_site_takes_usage_from_the_others() {
    let ends = [known(1_000, 0.0), known(2_000, 0.0)];
    let created = reached(500, [false, true], [-9.0, 0.0]);
    // 0, 1/2, 1/4 become 1/2, 1/4, 1/8.
    let close = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-12;
    assert!(close(change(&ends, std::slice::from_ref(&created), Strand::Plus), 0.5));
    // On the minus strand it is the last one: 1/4, 1/2, 0 become 1/4, 1/2, 1/8.
    assert!(close(change(&ends, &[created], Strand::Minus), 0.125));
    // The proximal of two is lost: 1/2, 1/4 become 0, 1/2.
    let lost = reached(990, [true, false], [0.0, -9.0]);
    assert!(close(change(&ends, &[lost], Strand::Plus), -0.5));
    // What is latent on both haplotypes is no site.
    assert_eq!(change(&ends, &[reached(500, [false; 2], [0.0, 9.0])], Strand::Plus), None);
    assert_eq!(change(&ends, &[], Strand::Plus), None);
}

proptest! {
    #[test]
    fn swapping_the_alleles_turns_the_change_around(
        ends in prop::collection::vec((0u64..40, -9.0f64..9.0), 0..6),
        sites in prop::collection::vec(
            (0u64..40, any::<[bool; 2]>(), -9.0f64..9.0, -9.0f64..9.0), 1..4),
        plus in any::<bool>(),
    ) {
        let strand = if plus { Strand::Plus } else { Strand::Minus };
        let ends: Vec<ReferenceSite> = ends.iter().map(|&(at, s)| known(1_000 + 50 * at, s)).collect();
        let there: Vec<SiteEffect> =
            sites.iter().map(|&(at, called, a, b)| reached(1_010 + 50 * at, called, [a, b])).collect();
        let back: Vec<SiteEffect> = sites
            .iter()
            .map(|&(at, [a, b], x, y)| reached(1_010 + 50 * at, [b, a], [y, x]))
            .collect();
        let (there, back) = (change(&ends, &there, strand), change(&ends, &back, strand));
        prop_assert_eq!(there.is_some(), back.is_some());
        if let (Some(there), Some(back)) = (there, back) {
            prop_assert!((there.abs() - back.abs()).abs() < 1e-12);
            prop_assert!(there.abs() <= 1.0);
        }
    }
}
