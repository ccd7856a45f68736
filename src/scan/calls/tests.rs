//! A call is a site that is likely enough and has no better one nearby.

use proptest::prelude::*;

use super::*;

fn site(position: u64, posterior: f32, cleavage: f64) -> Candidate {
    Candidate {
        position,
        cleavage,
        probability: 0.9,
        posterior,
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

const SETTINGS: CallSettings =
    CallSettings { background: 0.02, min_posterior: 0.1, merge_distance: 24 };

proptest! {
    #[test]
    fn a_call_is_likely_enough_asked_for_and_the_best_within_the_merge_distance(
        places in prop::collection::btree_map(0u64..400, (0u8..6, 0u8..3), 0..60),
        minus: bool,
        distance in 0u64..40,
        every in 1usize..9,
        from in 0u64..200,
    ) {
        let strand = Strand::BOTH[usize::from(minus)];
        let sites: Vec<Candidate> = places
            .iter()
            .map(|(&at, &(p, c))| site(at, f32::from(p) / 10.0, f64::from(c)))
            .collect();
        let settings = CallSettings { merge_distance: distance, ..SETTINGS };
        let targets = [from..from + 150];
        let (found, counts) = calls(&sites, strand, settings, &targets, every);
        // Of two equals the first in transcript direction is the better one.
        let along = |s: &Candidate| if minus { s.position as i64 } else { -(s.position as i64) };
        let rank = |s: &Candidate| (s.posterior, s.cleavage, along(s));
        let likely: Vec<&Candidate> = sites.iter().filter(|s| s.posterior >= 0.1).collect();
        let best = |s: &&&Candidate| likely.iter().all(|other| {
            other.position.abs_diff(s.position) > distance || rank(other) <= rank(s)
        });
        let asked: Vec<&&Candidate> = likely.iter().filter(|s| targets[0].contains(&s.position)).collect();
        let expected: Vec<u64> = asked
            .iter()
            .filter(|s| distance == 0 || best(s))
            .map(|s| s.position)
            .collect();
        prop_assert_eq!(&found, &expected);
        let all = sites.iter().filter(|s| targets[0].contains(&s.position)).count() as u64;
        prop_assert_eq!(counts.below_posterior + counts.merged + found.len() as u64, all);
    }
}

#[test]
fn sites_of_a_model_without_posterior_are_ranked_by_classification() {
    let mut sites = [site(100, f32::NAN, 0.5), site(110, f32::NAN, 0.1)];
    sites[1].probability = 0.95;
    let (found, counts) = calls(&sites, Strand::Plus, SETTINGS, &[0..1000], 1);
    assert_eq!((found, counts.merged, counts.below_posterior), (vec![110], 1, 0));
}
