use super::*;
use crate::scan::consolidate::Candidate;

const RULE: Rule = Rule { probability: 0.9, strength: -9.0, delta: 1.0, shift: 4 };

fn site(called: [bool; 2], probability: [f32; 2], strength: [f64; 2], shift: i64) -> SiteEffect {
    SiteEffect {
        strand: Strand::Plus,
        position: 100,
        offset: 20,
        shift: (called == [true; 2]).then_some(shift),
        mean_shift: None,
        called,
        known: false,
        probability,
        strength: Some(strength),
        motif: ".".into(),
        effect: Effect::Unchanged,
    }
}

fn called(position: u64) -> HaplotypeSite {
    let site = Candidate {
        position,
        cleavage: 0.1,
        probability: 0.9,
        windows: 1,
        cluster: position..position + 1,
        entropy: 0.0,
        mean: position as f64,
        upstream: Vec::new(),
    };
    HaplotypeSite { site, called: true }
}

/// Published examples: Stroup & Ji 2023.
#[test]
fn the_published_examples_have_their_effects() {
    let (both, created) = ([true, true], [false, true]);
    for (called, probability, strength, expected) in [
        (created, [0.032, 0.998], [-6.15, -0.89], Effect::Created),
        (created, [0.101, 0.9998], [-13.27, -1.35], Effect::Created),
        ([true, false], [0.999, 0.101], [0.015, -4.72], Effect::Lost),
        (both, [0.95, 0.99], [-2.19, 0.07], Effect::Strengthened),
        (both, [0.99, 0.95], [-0.08, -3.35], Effect::Weakened),
    ] {
        assert_eq!(RULE.effect(&site(called, probability, strength, 0)), expected);
    }
}

#[test]
fn each_threshold_counts() {
    let both = [true, true];
    let effect =
        |probability, strength, shift| RULE.effect(&site(both, probability, strength, shift));
    assert_eq!(effect([0.9, 0.6], [0.0, -1.0], 0), Effect::Weakened);
    assert_eq!(effect([0.89, 0.6], [0.0, -1.0], 0), Effect::Unchanged);
    assert_eq!(effect([0.9, 0.6], [-9.0, -10.0], 0), Effect::Weakened);
    assert_eq!(effect([0.9, 0.6], [-7.9, -9.0], 0), Effect::Weakened);
    assert_eq!(effect([0.9, 0.6], [-9.1, -11.0], 0), Effect::Unchanged);
    assert_eq!(effect([0.9, 0.6], [0.0, -0.99], 3), Effect::Unchanged);
    assert_eq!(effect([0.9, 0.6], [0.0, -0.99], -4), Effect::Shifted);
    assert_eq!(effect([0.89, 0.6], [0.0, -0.99], 9), Effect::Unchanged);
    // A site that is lost by the scan's threshold although its strength grows is no loss.
    let odd = site([true, false], [0.95, 0.4], [-2.0, 0.0], 0);
    assert_eq!(RULE.effect(&odd), Effect::Strengthened);
}

#[test]
fn without_strengths_the_classification_decides() {
    let rule = Rule { probability: 0.5, ..RULE };
    let alone =
        |probability| SiteEffect { strength: None, ..site([true, true], probability, [0.0; 2], 0) };
    // Odds of 1 and of 1/2.
    assert_eq!(rule.effect(&alone([0.5, 0.333])), Effect::Weakened);
    assert_eq!(rule.effect(&alone([0.5, 0.34])), Effect::Unchanged);
    assert_eq!(rule.effect(&alone([0.4, 0.1])), Effect::Unchanged);
}

#[test]
fn usage_is_the_share_that_log2_odds_say() {
    let usage = site([true; 2], [0.9; 2], [0.0, 1.0], 0).usage().unwrap();
    assert!((usage[0] - 0.5).abs() < 1e-12 && (usage[1] - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn the_nearest_sites_are_the_same_one() {
    // Five nt are put in at 100: what lies behind is carried back.
    let change = Change { start: 100, removed: 0, inserted: vec![0; 5] };
    let sites = |positions: &[u64]| positions.iter().map(|&p| called(p)).collect::<Vec<_>>();
    let matched = |reference: &[u64], alternate: &[u64]| {
        let pairs = Pair::matched(&sites(reference), &sites(alternate), &change, 24);
        pairs.iter().map(|pair| (pair.reference, pair.alternate)).collect::<Vec<_>>()
    };
    assert_eq!(matched(&[50, 120], &[51, 126]), [(Some(50), Some(51)), (Some(120), Some(126))]);
    assert_eq!(matched(&[50], &[74]), [(Some(50), Some(74))]);
    assert_eq!(matched(&[50], &[75]), [(Some(50), None), (None, Some(75))]);
    // The nearer of two wins, the other is new.
    assert_eq!(matched(&[50], &[40, 52]), [(None, Some(40)), (Some(50), Some(52))]);
    let both = [true; 2];
    let moved = Pair { reference: Some(120), alternate: Some(128), called: both };
    assert_eq!(Strand::BOTH.map(|strand| moved.shift(&change, strand)), [Some(3), Some(-3)]);
    assert_eq!((moved.place(&change), moved.own_places(&change)), ([120, 125], [120, 128]));
    let lost = Pair { reference: Some(120), alternate: None, called: [true, false] };
    assert_eq!((lost.own_places(&change), lost.offset(&change, Strand::Minus)), ([120, 125], -21));
    // Created out of a latent site: where it is called counts.
    let created = Pair { reference: Some(120), alternate: Some(128), called: [false, true] };
    assert_eq!((created.place(&change), created.own_places(&change)), ([123, 128], [120, 128]));
    assert_eq!(
        (created.shift(&change, Strand::Plus), created.offset(&change, Strand::Plus)),
        (None, 24)
    );
    let inside = Pair { reference: None, alternate: Some(102), called: [false, true] };
    assert_eq!((inside.position(&change), inside.offset(&change, Strand::Plus)), (100, 0));
}
