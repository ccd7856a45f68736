use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::config::Config;
use crate::engine::device::Workers;
use crate::genome::sequence::encode;
use crate::models::registry;
use crate::variants::change::Coverage;

/// 3 kb of random sequence with a strong site after index 1,500, on one strand or the other.
fn sequence(seed: u64, strand: Strand) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut codes: Vec<u8> = (0..3_000).map(|_| rng.random_range(0..4)).collect();
    let site = encode(SITE).unwrap();
    codes[1_430..1_430 + site.len()].copy_from_slice(&site);
    match strand {
        Strand::Plus => codes,
        Strand::Minus => crate::genome::sequence::reverse_complement(&codes),
    }
}

/// TGTA, AATAAA at 50, the cut 22 nt on, GU-rich after it.
const SITE: &[u8] = b"TTTGTATTTCTTTTTCTTTGTATTGATTTCATTTATCTTTAAAATTCAATAAAGCATTTATTTTCATTCATTATTGTGTCTTTTGTTTCTTGTGTTTCTGGGAGGGTGGG";
/// Index of the signal's first base.
const SIGNAL: u64 = 1_430 + 48;

fn settings() -> EngineSettings {
    let config = Config::load(None).unwrap();
    let thresholds = config.variants.thresholds(&config.scan);
    thresholds.engine(None, LatentSites::Changed, config.variants.remembered)
}

/// No known sites.
const NONE: Places<'static> = [&[]; 2];

fn snv(start: u64, letter: u8) -> Change {
    Change { start, removed: 1, inserted: encode(&[letter]).unwrap() }
}

fn asked(change: Change) -> Asked {
    Asked { change, strands: [true; 2] }
}

fn with_engine(test: impl Fn(&VariantScorer<'_>)) {
    let sites = registry::load("default", &Workers::CPU).unwrap();
    let strength = registry::load("default-strength", &Workers::CPU).unwrap();
    test(&VariantScorer::new(sites.as_ref(), Some(strength.as_ref()), settings()).unwrap());
}

#[test]
fn a_broken_signal_loses_its_site_on_either_strand() {
    with_engine(|engine| {
        for strand in Strand::BOTH {
            let codes = sequence(1, strand);
            let change = match strand {
                Strand::Plus => snv(SIGNAL + 2, b'C'),
                Strand::Minus => snv(2_999 - SIGNAL - 2, b'G'),
            };
            let effects = engine.score(0, &codes, &[asked(change)], NONE).unwrap().remove(0);
            let of_strand = effects.iter().filter(|site| site.strand == strand);
            let strongest = of_strand.max_by(|a, b| a.delta().abs().total_cmp(&b.delta().abs()));
            let site = strongest.unwrap();
            assert!(matches!(site.effect, Effect::Lost | Effect::Weakened), "{site:?}");
            assert!(site.delta_strength().unwrap() < -2.0, "{site:?}");
            assert!((10..40).contains(&site.offset), "{site:?}");
            assert!(site.motif.starts_with("disrupted:AATAAA"), "{site:?}");
        }
    });
}

#[test]
fn the_other_strand_has_the_mirrored_effects() {
    with_engine(|engine| {
        let (plus, minus) = (sequence(2, Strand::Plus), sequence(2, Strand::Minus));
        let change = snv(SIGNAL + 1, b'T');
        let mirrored = snv(2_999 - SIGNAL - 1, b'A');
        let a = engine.score(0, &plus, &[asked(change)], NONE).unwrap().remove(0);
        let b = engine.score(1, &minus, &[asked(mirrored)], NONE).unwrap().remove(0);
        assert!(!a.is_empty());
        for site in a.iter() {
            let there = b.iter().find(|other| {
                other.strand != site.strand && other.position == 2_999 - site.position
            });
            let there = there.unwrap();
            assert_eq!(
                (there.probability, there.strength, there.offset, there.shift, there.effect),
                (site.probability, site.strength, site.offset, site.shift, site.effect)
            );
            assert_eq!(there.motif, site.motif);
        }
    });
}

/// What a whole scan of each haplotype finds is what the stretch around a change shows.
#[test]
fn sites_are_those_of_a_scan_of_either_whole_haplotype() {
    with_engine(|engine| {
        let mut compared = 0;
        // Of the last four sequences little more than the site is there: windows reach past the
        // contig's ends.
        for seed in 0..8 {
            let mut codes = sequence(seed, Strand::Plus);
            let mut signal = SIGNAL;
            if seed >= 4 {
                codes = codes[SIGNAL as usize - 110..SIGNAL as usize + 180 + 20 * seed as usize]
                    .to_vec();
                signal = 110;
            }
            for change in [
                snv(signal + 2, b'C'),
                snv(signal + 30, b'A'),
                Change { start: signal + 3, removed: 7, inserted: vec![] },
                Change { start: signal + 14, removed: 0, inserted: vec![0, 1, 2, 3, 3, 3] },
            ] {
                let coverage = if seed < 4 { Coverage::All } else { Coverage::UpToEdge };
                assert_eq!(change.check_windows(&codes), Ok(coverage));
                let (start, end) = (change.start as usize, change.end() as usize);
                let changed = [&codes[..start], &change.inserted, &codes[end..]].concat();
                let whole = [&codes, &changed].map(|codes| {
                    let centres = 0..codes.len() as u64;
                    let wanted = [vec![centres.clone()], vec![centres.clone()]];
                    let held = HeldScans::new(engine.sites);
                    let scorer = engine.scorer(&held);
                    let scores = windows::of_reference(&scorer, codes, wanted).unwrap().remove(0);
                    let nothing = Change { start: 0, removed: 0, inserted: Vec::new() };
                    let [whole, _] = Haplotype::both(codes, &nothing, codes.len() as u64);
                    Strand::BOTH.map(|strand| {
                        let windows = Windows::cut(&scores, strand, centres.clone());
                        let mut sites =
                            windows.sites(&whole, strand, &engine.settings, false).unwrap();
                        sites.retain(|site| site.called);
                        sites
                    })
                });
                let effects = engine.score(seed as usize, &codes, &[asked(change.clone())], NONE);
                let effects = effects.unwrap().remove(0);
                for site in effects.iter().filter(|site| !site.is_latent()) {
                    for i in [0, 1] {
                        let position = if i == 0 {
                            site.position
                        } else {
                            let shift = site.shift.unwrap_or(0);
                            let along = if site.strand == Strand::Plus { shift } else { -shift };
                            change.to_alternate((site.position as i64 + along) as u64)
                        };
                        let strand = site.strand.index();
                        let found = whole[i][strand].iter().find(|s| s.site.position == position);
                        assert_eq!(found.is_some(), site.called[i], "{site:?} {change:?}");
                        if let Some(found) = found {
                            assert_eq!(found.site.probability, site.probability[i]);
                            compared += 1;
                        }
                    }
                }
            }
        }
        assert!(compared > 20, "{compared}");
    });
}

#[test]
fn effects_do_not_depend_on_the_batch_nor_on_what_was_scored_before() {
    with_engine(|engine| {
        let codes = sequence(3, Strand::Plus);
        let all: Vec<Asked> = (0..80)
            .map(|i| asked(snv(1_200 + 7 * i, b"ACGT"[(i % 4) as usize])))
            .chain([asked(Change { start: SIGNAL, removed: 3, inserted: vec![] })])
            .collect();
        let together = engine.score(0, &codes, &all, NONE).unwrap();
        let mut twice = all.clone();
        twice.extend(all.iter().rev().cloned());
        let again = engine.score(0, &codes, &twice, NONE).unwrap();
        for (i, one) in all.iter().enumerate() {
            // Under another name nothing is remembered.
            let alone =
                engine.score(1 + i, &codes, std::slice::from_ref(one), NONE).unwrap().remove(0);
            assert_eq!(alone, together[i], "{one:?}");
            assert_eq!(alone, again[i]);
            assert_eq!(alone, again[twice.len() - 1 - i]);
        }
        assert!(together.iter().any(|effects| !effects.is_empty()));
    });
}

#[test]
fn only_the_strands_asked_for_are_scored_and_no_change_changes_nothing() {
    with_engine(|engine| {
        let codes = sequence(1, Strand::Plus);
        let change = snv(SIGNAL + 2, b'C');
        let plus = Asked { change: change.clone(), strands: [true, false] };
        let minus = Asked { change: change.clone(), strands: [false, true] };
        let neither = Asked { change, strands: [false, false] };
        let scored = engine.score(0, &codes, &[plus, minus, neither], NONE).unwrap();
        assert!(scored[0].iter().all(|site| site.strand == Strand::Plus) && !scored[0].is_empty());
        assert!(scored[1].iter().all(|site| site.strand == Strand::Minus));
        assert!(scored[2].is_empty());
        let nothing = Change { start: SIGNAL, removed: 0, inserted: Vec::new() };
        let scored = engine.score(0, &codes, &[asked(nothing)], NONE).unwrap().remove(0);
        assert!(!scored.is_empty());
        for site in scored.iter() {
            assert_eq!((site.delta(), site.shift, site.effect), (0.0, Some(0), Effect::Unchanged));
        }
    });
}

#[test]
fn a_place_that_is_asked_for_has_an_effect_whether_it_is_a_site_or_not() {
    with_engine(|engine| {
        let codes = sequence(1, Strand::Plus);
        let asked = [asked(snv(SIGNAL + 2, b'C')), asked(snv(SIGNAL - 500, b'C'))];
        let without = engine.score(0, &codes, &asked, NONE).unwrap();
        let of_plus = without[0].iter().filter(|site| site.strand == Strand::Plus);
        let site = of_plus.max_by(|a, b| a.probability[0].total_cmp(&b.probability[0])).unwrap();
        let far = |place: &u64| without[0].iter().all(|site| site.position.abs_diff(*place) > 24);
        let place = (SIGNAL - 100..SIGNAL + 100).find(far).unwrap();
        // One is near a site: it is that site. The last lies out of the reach of both changes.
        let mut plus = vec![place, site.position + 3, SIGNAL + 300];
        plus.sort_unstable();
        let with = engine.score(1, &codes, &asked, [&plus, &[]]).unwrap();
        let more: Vec<&SiteEffect> = with[0]
            .iter()
            .filter(|site| without[0].iter().all(|w| w.position != site.position))
            .collect();
        let [added] = more[..] else { panic!("{more:?}") };
        assert_eq!((added.position, added.called, added.known), (place, [false; 2], true));
        let known = with[0].iter().find(|known| known.position == site.position);
        assert!(known.is_some_and(|known| known.known && known.delta() == site.delta()));
        assert_eq!((added.shift, added.mean_shift), (None, None));
        assert!(added.probability.iter().all(|p| p.is_finite()) && added.strength.is_some());
        assert_eq!(with[0].len(), without[0].len() + 1);
        assert!(with[0].is_sorted_by_key(|site| (site.strand, site.position)));
        assert_eq!(with[1], without[1]);
    });
}

#[test]
fn the_mean_of_a_site_moves_as_it_would_in_the_other_strand() {
    with_engine(|engine| {
        let (plus, minus) = (sequence(2, Strand::Plus), sequence(2, Strand::Minus));
        // After the cut: the site stays, its profile is another.
        let change = Change { start: SIGNAL + 24, removed: 3, inserted: vec![0, 0, 0] };
        let mirrored = Change { start: 2_999 - SIGNAL - 26, removed: 3, inserted: vec![3, 3, 3] };
        let a = engine.score(0, &plus, &[asked(change)], NONE).unwrap().remove(0);
        let b = engine.score(1, &minus, &[asked(mirrored)], NONE).unwrap().remove(0);
        let means = |effects: &Effects| {
            let mut means: Vec<f64> = effects.iter().filter_map(|site| site.mean_shift).collect();
            means.sort_by(f64::total_cmp);
            means
        };
        let (a, b) = (means(&a), means(&b));
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9), "{a:?} {b:?}");
        assert!(a.iter().any(|mean| mean.abs() > 0.01), "{a:?}");
    });
}
