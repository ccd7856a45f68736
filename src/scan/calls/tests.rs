//! A call is a site that is likely enough and has no better one nearby.

use proptest::prelude::*;

use super::*;

fn site(position: u64, probability: f32, cleavage: f64) -> Candidate {
    Candidate {
        position,
        cleavage,
        probability,
        windows: 1,
        cluster: position..position + 1,
        entropy: 0.0,
        mean: position as f64,
        upstream: Vec::new(),
    }
}

fn calls(
    sites: &[Candidate],
    strand: Strand,
    settings: CallSettings,
    targets: &[Range<u64>],
    every: usize,
) -> (Vec<u64>, CallCounts) {
    let mut caller = Caller::new(strand, targets, settings);
    let mut found = VecDeque::new();
    for part in sites.chunks(every) {
        let bound = part.last().map_or(0, |site| site.position);
        caller.settle(&mut part.to_vec().into(), bound, &mut found);
        assert!(found.iter().all(|call| call.position < caller.watermark(bound)));
    }
    caller.settle(&mut VecDeque::new(), u64::MAX, &mut found);
    (found.iter().map(|call| call.position).collect(), caller.counts)
}

/// A posterior of 0.1 is a classification of 0.5.
const SETTINGS: CallSettings = CallSettings {
    background: 0.02,
    posterior: Some(Posterior { slope: 1.0, intercept: -2.197_224_577 }),
    min_posterior: 0.0999,
    merge_distance: 24,
};

proptest! {
    #[test]
    fn a_call_is_likely_enough_asked_for_and_the_best_within_the_merge_distance(
        places in prop::collection::btree_map(0u64..400, (2u8..9, 1u8..4), 0..60),
        minus: bool,
        distance in 0u64..40,
        every in 1usize..9,
        from in 0u64..200,
    ) {
        let strand = Strand::BOTH[usize::from(minus)];
        let sites: Vec<Candidate> = places
            .iter()
            .map(|(&at, &(p, c))| site(at, f32::from(p) / 8.0, f64::from(c) / 4.0))
            .collect();
        let settings = CallSettings { merge_distance: distance, ..SETTINGS };
        let asked_for = from..from + 150;
        let targets = std::slice::from_ref(&asked_for);
        let (found, counts) = calls(&sites, strand, settings, targets, every);
        // Of two equals the first in transcript direction is the better one.
        let along = |s: &Candidate| if minus { s.position as i64 } else { -(s.position as i64) };
        let rank = |s: &Candidate| (settings.posterior_of(s).unwrap() * s.cleavage, along(s));
        let beaten = |s: &Candidate| {
            let mut near = sites.iter().filter(|other| other.position.abs_diff(s.position) <= distance);
            distance > 0 && near.any(|other| rank(other) > rank(s))
        };
        let asked = sites.iter().filter(|s| asked_for.contains(&s.position));
        let expected = asked.filter(|s| s.probability >= 0.5 && !beaten(s)).map(|s| s.position);
        prop_assert_eq!(&found, &expected.collect::<Vec<_>>());
        let all = sites.iter().filter(|s| asked_for.contains(&s.position)).count() as u64;
        prop_assert_eq!(counts.below_posterior + counts.merged + found.len() as u64, all);
    }
}

#[test]
fn sites_of_a_model_without_posterior_are_not_left_out_for_it() {
    let sites = [site(100, 0.1, 0.5), site(110, 0.2, 0.4), site(140, 0.1, 0.1)];
    let settings = CallSettings { posterior: None, ..SETTINGS };
    let (found, counts) =
        calls(&sites, Strand::Plus, settings, std::slice::from_ref(&(0..1000)), 1);
    assert_eq!((found, counts.merged, counts.below_posterior), (vec![110, 140], 1, 0));
}
