use super::*;
use crate::context::class::Feature;
use crate::context::values::{Value, Values};

/// Composite introns in which nearness to the 5' splice site and strength decide, exactly known.
fn sites(n: u64) -> Vec<Putative> {
    let mut seed = 11_u64;
    let mut uniform = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let site = |number| {
        let mut values = Values::default();
        let (strength, distance) = (6.0 * uniform() - 3.0, 10.0_f64.powf(1.0 + 3.0 * uniform()));
        values.set(Value::Strength, strength);
        values.set(Value::LogOdds, 6.0 * uniform() - 3.0);
        values.set(Value::Distance5ss, distance.round());
        let odds = 1.5 * strength - 2.0 * (distance.log10() - 2.5) - 1.0;
        let used = (uniform() < 1.0 / (1.0 + (-odds).exp())).then_some(0.0);
        let feature = Some(Feature::IntronComposite);
        let (gene, strand) = (Some("G".to_owned()), Strand::Plus);
        Putative { contig: 0, position: number * 1_000, strand, gene, feature, values, used }
    };
    (0..n).map(site).collect()
}

#[test]
fn a_refit_finds_the_coefficients_that_made_the_sites_and_ranks_better_than_strength() {
    // The later sites are others than those trained on.
    let (train, judge) = (sites(4_000), sites(6_000).split_off(4_000));
    let model = refit(&ContextModel::built_in().unwrap(), &train, Some(&judge));
    let class = &model.classes["intron_composite"];
    let own = class.refit.as_ref().unwrap();
    let term = |name: &str| own.terms.iter().find(|term| term.feature == name).unwrap();
    let slope = |name: &str| term(name).coefficient / term(name).deviation;
    for (name, expected) in [("strength", 1.5), ("log10_distance_5ss", -2.0)] {
        let error = term(name).standard_error.unwrap() / term(name).deviation;
        assert!((slope(name) - expected).abs() < 4.0 * error, "{name}: {} {error}", slope(name));
    }
    assert_eq!(class.used, Variant::Refit);
    assert_eq!((class.putative, model.classes["intron_skipped"].refit.is_some()), (4_000, false));
    assert_eq!(model.classes["intron_skipped"].used, Variant::Published);
    let measured = Measured::new(&[]);
    let report = measure(&model, &judge, &measured);
    let class = report.classes.iter().find(|class| class.class == "intron_composite").unwrap();
    let auroc = |name: &str| {
        class.rankings.iter().find(|ranking| ranking.name == name).unwrap().auroc.unwrap()
    };
    assert!(auroc("refit") > auroc("strength alone") + 0.02);
    assert!(report.table().contains("intron_composite\trefit\tlog10_distance_5ss\t"));
    // Probabilities, not only ranks: as many are used as are expected.
    let expected: f64 = train.iter().map(|s| model.expressed(s.feature, &s.values).unwrap()).sum();
    let used = train.iter().filter(|site| site.used.is_some()).count() as f64;
    assert!((expected - used).abs() < 0.02 * used, "{expected} {used}");
}

#[test]
fn of_two_sites_the_one_that_is_measured_or_has_more_reads_is_used_more() {
    let site = |position, used| {
        let (gene, feature) = (Some("G".to_owned()), Some(Feature::TerminalExon));
        let (contig, strand, values) = (0, Strand::Minus, Values::default());
        Putative { contig, position, strand, gene, feature, values, used }
    };
    let sites =
        [site(1_000, Some(10.0)), site(1_030, None), site(2_000, Some(30.0)), site(3_000, None)];
    let found: Vec<(u64, u64, bool)> = pairs(&sites)
        .iter()
        .map(|pair| (pair.proximal.position, pair.distal.position, pair.proximal_is_used_more))
        .collect();
    // On the minus strand greater positions are proximal; 1000 and 1030 are too near.
    let expected =
        [(3_000, 2_000, false), (3_000, 1_000, false), (2_000, 1_030, true), (2_000, 1_000, true)];
    assert_eq!(found, expected);
}
