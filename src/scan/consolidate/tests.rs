use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::models::CleavageVector;
use crate::models::cleavage::BACKGROUND;
use crate::output::bed::Site;
use crate::scan::chunks::Chunk;
use crate::scan::testing::{ABSENT, Track, assert_same_sites, bits, dense_sites};

/// One strand of a contig as the workers see it.
#[derive(Clone, Debug)]
struct StrandOfContig {
    codes: Vec<u8>,
    probability: Vec<f32>,
    kept: Vec<Kept>,
}

fn vector(seed: u64, coarse: bool) -> CleavageVector {
    let mut state = seed | 1;
    std::array::from_fn(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let value = (state >> 40) as f32 / (1u64 << 24) as f32;
        // Coarse values tie often; fine ones show any change of the order of summation.
        if coarse { (value * 4.0).floor() / 64.0 } else { value.powi(4) / 8.0 }
    })
}

fn strand_of_contig() -> impl Strategy<Value = StrandOfContig> {
    (240usize..1_500)
        .prop_flat_map(|length| {
            let windows = 119..length as u64 - 119;
            let kept = prop::collection::btree_map(windows, (0.5f32..1.0, any::<u64>()), 0..60);
            let dense = prop::collection::btree_map(
                120..180u64.min(length as u64 - 119),
                (0.5f32..1.0, any::<u64>()),
                0..60,
            );
            let unscored = prop::collection::vec((0..length, 1usize..100), 0..4);
            let codes = prop::collection::vec(0u8..5, length);
            (codes, kept, dense, unscored, any::<bool>())
        })
        .prop_map(|(codes, mut kept, dense, unscored, coarse)| {
            kept.extend(dense);
            assemble(codes, kept, &unscored, coarse)
        })
}

fn assemble(
    codes: Vec<u8>,
    kept: BTreeMap<u64, (f32, u64)>,
    unscored: &[(usize, usize)],
    coarse: bool,
) -> StrandOfContig {
    let length = codes.len();
    let mut probability: Vec<f32> = (0..length).map(|i| (i % 97) as f32 / 200.0).collect();
    for &(start, count) in unscored {
        probability[start..length.min(start + count)].fill(f32::NAN);
    }
    let kept = kept.into_iter().map(|(centre, (p, seed))| {
        probability[centre as usize] = p;
        Kept { centre, probability: p, cleavage: vector(seed, coarse) }
    });
    let kept = kept.collect();
    StrandOfContig { codes, probability, kept }
}

/// Consolidates in chunks of the given sizes, repeated.
fn consolidated(given: &StrandOfContig, strand: Strand, sizes: &[u64]) -> (Vec<Site>, Track) {
    consolidated_but(given, strand, sizes, &|_| false)
}

/// Consolidates without the chunks of the centres that `left_out` says.
fn consolidated_but(
    given: &StrandOfContig,
    strand: Strand,
    sizes: &[u64],
    left_out: &dyn Fn(&Range<u64>) -> bool,
) -> (Vec<Site>, Track) {
    let length = given.codes.len() as u64;
    let targets = vec![Range { start: 0, end: length }];
    let mut track = vec![ABSENT; given.codes.len()];
    let mut hand_on = |block: &TrackBlock<'_>| {
        for (i, (&p, &c)) in block.probability.iter().zip(block.cleavage).enumerate() {
            let slot = &mut track[block.start as usize + i];
            assert_eq!(*slot, ABSENT);
            *slot = (p, c);
        }
        Ok(())
    };
    let mut consolidator = Consolidator::new(0, strand, &targets, BACKGROUND, true);
    let (mut start, mut found) = (0, Vec::new());
    for &size in sizes.iter().cycle() {
        let end = length.min(start + size);
        let before = consolidator.watermark();
        if !left_out(&(start..end)) {
            consolidator.push(&piece(given, strand, start..end), &mut hand_on).unwrap();
        }
        assert!(consolidator.sites.iter().all(|site| site.position >= before));
        assert!(consolidator.watermark() >= before && consolidator.pending.len() <= 49);
        found.extend(consolidator.sites.drain(..));
        if end == length {
            break;
        }
        start = end;
    }
    consolidator.finish(&mut hand_on).unwrap();
    found.extend(consolidator.sites.drain(..));
    found.iter().for_each(|site| mean_is_that_of_the_track(site, &track));
    let sites = found.into_iter().map(|c| Site {
        contig: 0,
        position: c.position,
        strand,
        probability: c.probability,
        posterior: None,
        cleavage: c.cleavage as f32,
        cluster: c.cluster,
        entropy: c.entropy as f32,
        windows: c.windows,
        signal: crate::context::signal::strongest(&c.upstream),
        gene: None,
        context: crate::output::bed::InContext::default(),
    });
    (sites.collect(), track)
}

fn mean_is_that_of_the_track(site: &Candidate, track: &Track) {
    // Positions of centres that no chunk has are in no track.
    if site.cluster.clone().any(|at| track[at as usize] == ABSENT) {
        return;
    }
    let profile = site.cluster.clone().map(|at| (at as f64, f64::from(track[at as usize].1)));
    let (sum, along) = profile.fold((0.0, 0.0), |(sum, along), (at, c)| (sum + c, along + at * c));
    assert!((site.mean - along / sum).abs() < 1e-3, "{site:?}");
}

fn piece(given: &StrandOfContig, strand: Strand, centres: Range<u64>) -> ChunkScores {
    let length = given.codes.len() as u64;
    let (from, to) = (centres.start.saturating_sub(120), length.min(centres.end + 120));
    let mut strands = [None, None];
    strands[strand.index()] = Some(StrandChunk {
        probability: given.probability[centres.start as usize..centres.end as usize].to_vec(),
        kept: given.kept.iter().filter(|w| centres.contains(&w.centre)).cloned().collect(),
        ..StrandChunk::default()
    });
    let chunk = Chunk {
        contig: 0,
        contig_length: length,
        start: from,
        codes: given.codes[from as usize..to as usize].into(),
        centres,
        wanted: [Vec::new(), Vec::new()],
    };
    ChunkScores { chunk, strands }
}

proptest! {
    #[test]
    fn consolidation_equals_its_dense_definition_for_any_chunks(
        given in strand_of_contig(),
        sizes in prop::collection::vec(1u64..1_000, 1..6),
        small in 1u64..30,
    ) {
        for strand in Strand::BOTH {
            let (sites, track) =
                dense_sites(&given.codes, 0, strand, &given.probability, &given.kept);
            let mut first: Option<Vec<Site>> = None;
            for sizes in [&sizes[..], &[small], &[10_000]] {
                let (got_sites, got_track) = consolidated(&given, strand, sizes);
                assert_same_sites(&got_sites, &sites);
                prop_assert_eq!(bits(&got_track), bits(&track));
                // Between chunk sizes not even the entropy may differ.
                let first = first.get_or_insert_with(|| got_sites.clone());
                prop_assert_eq!(&got_sites, first);
            }
        }
    }
}

proptest! {
    #[test]
    fn centres_that_no_chunk_has_count_as_not_scored(
        mut given in strand_of_contig(),
        size in 1u64..60,
    ) {
        let length = given.codes.len() as u64;
        let kept: Vec<u64> = given.kept.iter().map(|window| window.centre).collect();
        let left_out = |centres: &Range<u64>| !kept.iter().any(|c| centres.contains(c));
        for start in (0..length).step_by(size as usize) {
            let centres = start..length.min(start + size);
            if left_out(&centres) {
                given.probability[start as usize..centres.end as usize].fill(f32::NAN);
            }
        }
        for strand in Strand::BOTH {
            let (want, _) = dense_sites(&given.codes, 0, strand, &given.probability, &given.kept);
            let (got, _) = consolidated_but(&given, strand, &[size], &left_out);
            assert_same_sites(&got, &want);
        }
    }
}

/// A contig of 400 nt with these kept windows.
fn contig_with(kept: &[(u64, CleavageVector)]) -> StrandOfContig {
    let kept = kept.iter().map(|&(centre, cleavage)| Kept { centre, probability: 0.9, cleavage });
    StrandOfContig { codes: vec![0; 400], probability: vec![0.25; 400], kept: kept.collect() }
}

#[test]
fn vector_index_i_speaks_of_the_position_i_minus_25_downstream_of_the_centre() {
    let mut cleavage = [0.0; CLEAVAGE];
    cleavage[0] = 0.5;
    cleavage[28] = 0.5;
    let given = contig_with(&[(200, cleavage)]);
    let place = |strand| {
        let (sites, _) = consolidated(&given, strand, &[50]);
        assert_eq!(sites.len(), 1, "index 0 is 25 nt away: not covered");
        assert_eq!((sites[0].windows, sites[0].cleavage), (1, 0.48));
        assert_eq!(sites[0].entropy, 0.0);
        assert_eq!(sites[0].probability, 0.25);
        sites[0].position
    };
    assert_eq!(place(Strand::Plus), 203);
    assert_eq!(place(Strand::Minus), 197);
}

#[test]
fn of_equal_maxima_the_first_in_transcript_direction_is_the_site() {
    let mut cleavage = [0.0; CLEAVAGE];
    cleavage[24..28].copy_from_slice(&[0.25, 0.125, 0.25, 0.1]);
    let given = contig_with(&[(200, cleavage)]);
    let (plus, _) = consolidated(&given, Strand::Plus, &[1]);
    assert_eq!((plus[0].position, plus[0].cluster.clone()), (199, 199..203));
    let (minus, _) = consolidated(&given, Strand::Minus, &[1]);
    assert_eq!((minus[0].position, minus[0].cluster.clone()), (201, 198..202));
}

#[test]
fn a_site_without_a_window_of_its_own_has_the_probability_of_the_nearest_kept_one() {
    let mut cleavage = [0.0; CLEAVAGE];
    cleavage[20..31].fill(0.09);
    let mut given = contig_with(&[(195, cleavage), (205, cleavage)]);
    given.kept[1].probability = 0.8;
    given.probability[196..205].fill(f32::NAN);
    // The maximum lies midway between the two: a tie, taken upstream.
    given.kept[0].cleavage[30] = 0.9;
    given.kept[1].cleavage[20] = 0.9;
    let (sites, track) = consolidated(&given, Strand::Plus, &[7]);
    assert_eq!((sites[0].position, sites[0].probability), (200, 0.9));
    assert!(track[200].0.is_nan() && track[200].1 > 0.8);
    given.kept[0].cleavage[20] = 0.9;
    given.kept[1].cleavage[30] = 0.9;
    let (sites, _) = consolidated(&given, Strand::Minus, &[7]);
    assert_eq!((sites[0].position, sites[0].probability), (200, 0.8));
}
