//! What a scan promises as a whole.

use proptest::prelude::*;

use super::testing::*;
use super::*;
use crate::genome::region::Region;
use crate::genome::sequence::reverse_complement;
use crate::genome::strand::Strand;
use targets::StrandedRegion;

mod failures;
mod files;
mod limits;
mod shards;

/// A contig with some runs of N.
fn contig(max: usize) -> impl Strategy<Value = Vec<u8>> {
    let n_runs = prop::collection::vec((0..max, 1usize..400), 0..3);
    (prop::collection::vec(0u8..4, 0..max), n_runs).prop_map(|(mut codes, n_runs)| {
        let length = codes.len();
        for (start, count) in n_runs {
            codes[start.min(length)..length.min(start + count)].fill(4);
        }
        codes
    })
}

/// Settings, and the number of threads.
fn settings(threads: usize, chunk_size: usize) -> (ScanSettings, usize) {
    (ScanSettings { chunk_size, ..ScanSettings::default() }, threads)
}

/// Everything that the definitions say of a genome: sites in order, tracks by contig and strand.
fn expected_scan(contigs: &[Vec<u8>], model: &HashModel) -> (Vec<Site>, Vec<[Expected; 2]>) {
    let by_contig = contigs
        .iter()
        .enumerate()
        .map(|(i, codes)| Strand::BOTH.map(|strand| expected(codes, i, strand, model)));
    let by_contig: Vec<_> = by_contig.collect();
    let mut sites: Vec<Site> =
        by_contig.iter().flatten().flat_map(|strand| strand.sites.clone()).collect();
    sites.sort_by_key(|site| (site.contig, site.position, site.strand));
    (sites, by_contig)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_scan_equals_its_definition_whatever_the_chunks_and_threads(
        contigs in prop::collection::vec(contig(1_500), 1..4),
        chunk in prop_oneof![1usize..20, 1usize..1_000],
        threads in prop_oneof![Just(1), Just(2), Just(4)],
        likely in prop_oneof![Just(0.02), Just(0.3), Just(1.0)],
    ) {
        let model = HashModel::new(likely);
        let (sites, by_contig) = expected_scan(&contigs, &model);
        let (got, totals) = scan(&contigs, &model, None, settings(threads, chunk)).unwrap();
        assert_same_sites(&got.sites, &sites);
        let tracks = got.tracks.unwrap();
        for (contig, strands) in by_contig.iter().enumerate() {
            for (strand, want) in strands.iter().enumerate() {
                prop_assert_eq!(bits(&tracks[contig][strand]), bits(&want.track));
            }
        }
        let listed: Vec<usize> = totals.contigs.iter().map(|c| c.contig).collect();
        let not_empty = (0..contigs.len()).filter(|&i| !contigs[i].is_empty());
        prop_assert_eq!(listed, not_empty.collect::<Vec<_>>());
        for of_contig in &totals.contigs {
            let length = contigs[of_contig.contig].len() as u64;
            for (strand, windows) in of_contig.windows.iter().enumerate() {
                let want = &by_contig[of_contig.contig][strand];
                prop_assert_eq!(windows.requested, length);
                prop_assert_eq!(windows.requested, windows.scored + windows.skipped());
                prop_assert_eq!((windows.scored, windows.n), (want.scored, want.n));
                prop_assert_eq!(windows.short_contig, if length < 240 { length } else { 0 });
                prop_assert_eq!(windows.contig_edge, if length < 240 { 0 } else { 239 });
                prop_assert_eq!(windows.context, 0);
                prop_assert_eq!(of_contig.sites[strand], want.sites.len() as u64);
            }
        }
        prop_assert_eq!(totals.sites(), sites.len() as u64);
    }

    #[test]
    fn a_scan_anchored_on_signals_scores_these_and_counts_the_rest(
        mut codes in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => Just(3u8)], 0..1_500),
        chunk in prop_oneof![1usize..20, 1usize..1_000],
        at in 0usize..=234,
        n_run in 0usize..200,
    ) {
        let middle = codes.len() / 2;
        let end = codes.len().min(middle + n_run);
        codes[middle..end].fill(4);
        let contigs = [codes];
        let model = HashModel { signal: Some(at), ..HashModel::new(0.5) };
        let (sites, by_contig) = expected_scan(&contigs, &model);
        let (settings, threads) = settings(2, chunk);
        let settings = (ScanSettings { anchor: Anchor::Signal, ..settings }, threads);
        let (got, totals) = scan(&contigs, &model, None, settings).unwrap();
        assert_same_sites(&got.sites, &sites);
        for (strand, want) in by_contig[0].iter().enumerate() {
            prop_assert_eq!(bits(&got.tracks.as_ref().unwrap()[0][strand]), bits(&want.track));
            let windows = totals.windows_on(Strand::BOTH[strand]);
            prop_assert_eq!(windows.requested, windows.scored + windows.skipped());
            prop_assert_eq!(
                (windows.scored, windows.n, windows.no_signal),
                (want.scored, want.n, want.no_signal)
            );
        }
    }

    #[test]
    fn threads_and_chunks_do_not_change_a_bit(
        contigs in prop::collection::vec(contig(1_500), 1..3),
        chunks in (1usize..1_000, 1usize..50),
    ) {
        let model = HashModel::new(0.2);
        let (first, first_totals) = scan(&contigs, &model, None, settings(1, 65_536)).unwrap();
        for (threads, chunk) in [(1, chunks.0), (2, chunks.1), (4, chunks.0)] {
            let (other, totals) = scan(&contigs, &model, None, settings(threads, chunk)).unwrap();
            prop_assert_eq!(&other.sites, &first.sites);
            prop_assert_eq!(&totals, &first_totals);
        }
    }

    #[test]
    fn the_reverse_complement_mirrors_every_site(
        codes in contig(1_500),
        chunk in 1usize..1_000,
        likely in prop_oneof![Just(0.05), Just(0.5)],
    ) {
        let model = HashModel::new(likely);
        let length = codes.len() as u64;
        let mirrored = vec![reverse_complement(&codes)];
        let (forward, _) = scan(&[codes], &model, None, settings(2, chunk)).unwrap();
        let (back, _) = scan(&mirrored, &model, None, settings(2, chunk)).unwrap();
        let mut want: Vec<Site> = forward.sites.into_iter().map(|site| Site {
            position: length - 1 - site.position,
            strand: if site.strand == Strand::Plus { Strand::Minus } else { Strand::Plus },
            cluster: length - site.cluster.end..length - site.cluster.start,
            ..site
        }).collect();
        want.sort_by_key(|site| (site.position, site.strand));
        assert_same_sites(&back.sites, &want);
    }

    #[test]
    fn a_scan_of_regions_is_the_whole_scan_restricted_to_them(
        contigs in prop::collection::vec(contig(6_000), 1..3),
        regions in prop::collection::vec((0usize..2, 0u64..6_000, 1u64..900, 0usize..3), 0..4),
        chunk in prop_oneof![1usize..40, 40usize..3_000],
    ) {
        let model = HashModel::new(0.04);
        let regions: Vec<StrandedRegion> = regions.into_iter().map(|(contig, start, n, strand)| {
            let region = Region { contig: contig % contigs.len(), range: start..start + n };
            (region, [None, Some(Strand::Plus), Some(Strand::Minus)][strand])
        }).collect();
        let targets =
            Targets::new(&contig_list(&contigs), &Strand::BOTH, Some(&regions), None);
        let (whole, _) = scan(&contigs, &model, None, settings(1, 65_536)).unwrap();
        let (part, totals) = scan(&contigs, &model, Some(&regions), settings(2, chunk)).unwrap();

        let asked = |s: &&Site| targets.get(s.contig, s.strand).contains(s.position);
        let want: Vec<Site> = whole.sites.iter().filter(asked).cloned().collect();
        prop_assert_eq!(&part.sites, &want);
        let (mut whole_tracks, part_tracks) = (whole.tracks.unwrap(), part.tracks.unwrap());
        for (contig, strands) in whole_tracks.iter_mut().enumerate() {
            for strand in Strand::BOTH {
                let track = &mut strands[strand.index()];
                for (position, value) in track.iter_mut().enumerate() {
                    if !targets.get(contig, strand).contains(position as u64) {
                        *value = ABSENT;
                    }
                }
                prop_assert_eq!(bits(&part_tracks[contig][strand.index()]), bits(track));
            }
        }
        for of_contig in &totals.contigs {
            for strand in Strand::BOTH {
                let windows = of_contig.windows[strand.index()];
                let total = targets.get(of_contig.contig, strand).total();
                prop_assert_eq!(windows.requested, total);
                prop_assert_eq!(windows.requested, windows.scored + windows.skipped());
            }
        }
    }
}

#[test]
fn every_position_asked_for_is_scored_or_skipped_for_one_reason() {
    // 1,000 nt with 300 N from 400 on, a contig one nucleotide too short, and an empty one.
    let mut long: Vec<u8> = (0..1_000u32).map(|i| (i * i / 7 % 4) as u8).collect();
    long[400..700].fill(4);
    let contigs = vec![long, vec![1; 239], Vec::new(), vec![2; 240]];
    let model = HashModel::new(0.1);
    let (_, totals) = scan(&contigs, &model, None, settings(2, 100)).unwrap();
    let plus = totals.contigs[0].windows[0];
    // Windows with more than 120 of the N's start at 281..=579.
    let want = WindowCounts {
        requested: 1_000,
        scored: 761 - 299,
        screened: 0,
        contig_edge: 239,
        short_contig: 0,
        n: 299,
        no_signal: 0,
        context: 0,
    };
    assert_eq!(plus, want);
    assert_eq!(totals.contigs[0].windows[1], want);
    assert_eq!(totals.contigs[1].windows[0].short_contig, 239);
    assert_eq!(totals.contigs[2].windows[1].scored, 1);
    assert_eq!(totals.windows().requested, 2 * (1_000 + 239 + 240));

    let region = Region { contig: 0, range: 100..130 };
    let regions = [(region, Some(Strand::Minus))];
    let (_, totals) = scan(&contigs, &model, Some(&regions), settings(1, 64)).unwrap();
    let minus = totals.windows_on(Strand::Minus);
    assert_eq!((minus.requested, minus.scored, minus.contig_edge), (30, 11, 19));
    // The margin reaches to 630; centres 400..=629 have too many N's.
    assert_eq!(minus.context, 400 - 130);
    assert_eq!(totals.windows_on(Strand::Plus), WindowCounts::default());
}
