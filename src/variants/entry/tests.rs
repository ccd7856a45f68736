use proptest::prelude::*;

use super::*;
use crate::genome::annotation::Gene;
use crate::genome::strand::Strand;
use crate::variants::context::SiteInGene;
use crate::variants::effect::Effect;

fn gene(name: &str) -> GeneStructure {
    let gene = Gene {
        name: name.to_owned(),
        id: "gene:G1".to_owned(),
        biotype: Some("lncRNA".to_owned()),
        transcript_ids: Vec::new(),
        contig: 0,
        strand: Strand::Minus,
        range: 0..200,
        transcripts: Vec::new(),
        open_ended: Vec::new(),
        coding_ends: Vec::new(),
    };
    GeneStructure::new(&gene, 0)
}

fn site() -> SiteEffect {
    SiteEffect {
        strand: Strand::Minus,
        position: 99,
        offset: -20,
        shift: None,
        mean_shift: None,
        called: [true, false],
        known: false,
        probability: [0.5, 0.000_01],
        strength: Some([1.0, -0.000_1]),
        motif: "disrupted:AATAAA".into(),
        effect: Effect::Lost,
    }
}

proptest! {
    #[test]
    fn numbers_are_rounded_as_the_library_does(
        value in prop_oneof![any::<f64>(), -30.0..30.0f64, -1.0..1.0f64, (-20_000i32..20_000).prop_map(|n| f64::from(n) / 2e4)],
        decimals in 0usize..9,
    ) {
        let text = format!("{value:.decimals$}");
        let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'));
        prop_assert_eq!(rounded(value, decimals), if zero { "0".to_owned() } else { text });
    }
}

#[test]
fn entries_have_their_parts_in_order() {
    let (gene, site) = (gene("A,B"), site());
    let feature = Some(Feature::IntronSkipped);
    let in_gene = SiteInGene { feature, expressed: Some([0.25, 0.000_01]), counts: true };
    let finding = Finding { gene: Some((3, &gene)), site: &site, in_gene };
    assert_eq!(
        parts(("T", 2), &finding).join("|"),
        "T|A%2CB|-|100|-20|0.5000|0|1.000|0|-1.000|0.6667|0.5000|.|disrupted:AATAAA|lost|intron_skipped|0.2500|0|2|G1|.|lncRNA"
    );
    let without = SiteEffect { strength: None, shift: Some(-3), ..site };
    let in_gene = SiteInGene { feature: None, expressed: None, counts: false };
    let finding = Finding { gene: None, site: &without, in_gene };
    assert_eq!(
        parts(("T", 1), &finding).join("|"),
        "T|.|-|100|-20|0.5000|0|.|.|.|.|.|-3|disrupted:AATAAA|unchanged|.|.|.|1|.|.|."
    );
}

#[test]
fn an_answer_has_a_value_for_each_allele_and_what_says_nothing_is_left_out() {
    let (gene, site) = (gene("A,B"), site());
    let feature = Some(Feature::IntronSkipped);
    let in_gene = SiteInGene { feature, expressed: None, counts: true };
    let finding = Finding { gene: Some((3, &gene)), site: &site, in_gene };
    let lost = Answer::of(Some(&finding), 1.25, Some(-0.25), Coverage::All);
    let none = Answer::of(None, 0.0, None, Coverage::UpToEdge);
    let skipped = Answer::skipped(Reason::Star);
    let entries = ["T|A%2CB".to_owned()];
    assert_eq!(
        info([&entries, &["T|+".to_owned()], &["T|1".to_owned()]], &[lost, none, skipped]),
        "PolyA=T|A%2CB;PolyA_signals=T|+;PolyA_hap=T|1;PolyA_max=1.250,0,.;PolyA_effect=lost,no_site,.;PolyA_delta=-1.000,.,.;\
         PolyA_gene=A%2CB,.,.;PolyA_class=intron_skipped,.,.;PolyA_usage=-0.2500,.,.;\
         PolyA_partial=.,contig_edge,.;PolyA_skip=.,.,star"
    );
    let skipped = Answer::skipped(Reason::Star);
    assert_eq!(info([&[], &[], &[]], &[skipped]), "PolyA_skip=star");
    assert_eq!(info([&[], &[], &[]], &[]), "");
}

#[test]
fn definitions_name_every_field() {
    let [entries, ..] = definitions("star: x");
    assert!(entries.contains("Format: ALLELE|GENE|STRAND|SITE|"));
    assert!(
        entries.contains("|Consequence|CLASS|EXPRESSED_REF|EXPRESSED_ALT|ALLELE_NUM|"),
        "{entries}"
    );
    // Nothing in a description may end it.
    assert!(definitions("x").iter().all(|line| line.matches('"').count() == 2));
}
