//! Shards and what was done before a kill give what the scan in one go gives.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::*;
use crate::shard::{Portion, Shard};
use crate::timing::Profile;

/// Scores a share of a genome in memory into records.
fn records(
    contigs: &[Vec<u8>],
    targets: &Targets,
    model: &HashModel,
    (settings, threads): (ScanSettings, usize),
    span: Range<u64>,
    tracks: bool,
) -> Vec<Vec<u8>> {
    let list = contig_list(contigs);
    let job = ScanJob {
        bases: Box::new(MemoryBases::new(contigs)),
        contigs: &list,
        fasta: Path::new("memory.fa"),
        model,
        screen: None,
        targets,
        genes: None,
        settings,
        threads,
        interrupt: &AtomicBool::new(false),
        profile: &Profile::default(),
    };
    let mut records = Vec::new();
    score(job, Portion { span, finish_begun: false }, &mut |scores| {
        records.push(record::encode(scores, tracks));
        Ok(())
    })
    .unwrap();
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn shards_of_any_number_cut_into_any_chunks_merge_into_the_whole_scan(
        contigs in prop::collection::vec(contig(1_500), 1..4),
        regions in prop::collection::vec((0usize..4, 0u64..1_500, 1u64..900, 0usize..3), 0..4),
        count in 1u64..9,
        chunk in prop_oneof![1usize..20, 1usize..1_000],
        likely in prop_oneof![Just(0.02), Just(0.3), Just(1.0)],
        tracks in any::<bool>(),
    ) {
        let model = HashModel::new(likely);
        let list = contig_list(&contigs);
        let regions: Vec<StrandedRegion> = regions.into_iter().map(|(contig, start, n, strand)| {
            let region = Region { contig: contig % contigs.len(), range: start..start + n };
            (region, [None, Some(Strand::Plus), Some(Strand::Minus)][strand])
        }).collect();
        let regions = (!regions.is_empty()).then_some(regions.as_slice());
        let targets = Targets::new(&list, &Strand::BOTH, regions, None);

        let (whole, whole_totals) = scan(&contigs, &model, regions, settings(2, 777)).unwrap();
        let mut merged = Collected { sites: Vec::new(), tracks: None };
        if tracks {
            merged = Collected::with_tracks(&contigs);
        }
        let mut collector = Collector::new(&targets, None, settings(2, 777).0.calls, &mut merged);
        for index in 1..=count {
            let shard: Shard = format!("{index}/{count}").parse().unwrap();
            let span = shard.of(targets.scoring_total(&list));
            let mut covered = 0;
            let settings = settings(2, chunk);
            for bytes in records(&contigs, &targets, &model, settings, span.clone(), tracks) {
                let scores = record::decode(&bytes, |contig| list.iter().nth(contig).map(|c| c.length)).unwrap();
                covered += scores.chunk.centres.end - scores.chunk.centres.start;
                collector.push(&scores).unwrap();
            }
            prop_assert_eq!(covered, span.end - span.start);
        }
        let totals = collector.finish().unwrap();
        prop_assert_eq!(&merged.sites, &whole.sites);
        prop_assert_eq!(totals, whole_totals);
        if tracks {
            for (got, want) in merged.tracks.unwrap().iter().zip(&whole.tracks.unwrap()) {
                prop_assert_eq!(got.each_ref().map(|t| bits(t)), want.each_ref().map(|t| bits(t)));
            }
        }
    }
}

#[test]
fn an_interrupted_scan_that_keeps_its_work_finishes_the_chunks_that_have_begun() {
    let contigs = [(0..40_000u32).map(|i| (i.wrapping_mul(i) >> 3) as u8 % 4).collect()];
    let list = contig_list(&contigs);
    let targets = Targets::new(&list, &Strand::BOTH, None, None);
    let total = targets.scoring_total(&list);
    for finish_begun in [false, true] {
        let interrupt = AtomicBool::new(false);
        // Is interrupted in its first call.
        let model = Scanned::new(HashModel::new(0.1), |inner, sequence, above| {
            interrupt.store(true, Ordering::Relaxed);
            inner.scan(sequence, above)
        });
        let job = ScanJob {
            bases: Box::new(MemoryBases::new(&contigs)),
            contigs: &list,
            fasta: Path::new("memory.fa"),
            model: &model,
            screen: None,
            targets: &targets,
            genes: None,
            settings: settings(1, 1_000).0,
            threads: 1,
            interrupt: &interrupt,
            profile: &Profile::default(),
        };
        let mut covered = 0;
        let result = score(job, Portion { span: 0..total, finish_begun }, &mut |scores| {
            covered = scores.chunk.centres.end;
            Ok(())
        });
        assert!(matches!(result, Err(Error::Interrupted)));
        assert!(covered < total);
        // The first chunk was the one in work when the interrupt came.
        assert_eq!(covered, if finish_begun { 1_000 } else { 0 });
    }
}
