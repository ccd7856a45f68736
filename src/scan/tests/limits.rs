//! What a scan never exceeds: threads, chunks under way, bases decoded.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rayon::prelude::*;

use super::*;
use crate::models::StrandScores;

#[test]
fn one_slow_chunk_does_not_let_the_reader_run_ahead() {
    let (threads, chunk) = (2, 250);
    let genome = vec![vec![0; 100_000]];
    let go_on = AtomicBool::new(false);
    let calls = AtomicUsize::new(0);
    // Its first call is held up until it is told to go on.
    let model = Scanned::new(HashModel::new(0.0), |inner, sequence, above| {
        if calls.fetch_add(1, Ordering::SeqCst) == 0 {
            while !go_on.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        inner.scan(sequence, above)
    });
    let bases = MemoryBases::new(&genome);
    let decoded = bases.decoded.clone();
    let totals = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(500));
            let ahead = decoded.load(Ordering::SeqCst);
            go_on.store(true, Ordering::SeqCst);
            // The chunk that is held up may be the second one, where its worker was the quicker.
            assert!(ahead <= ((4 * threads + 1) * chunk + 240) as u64, "{ahead} bases read");
        });
        scan_into(bases, &model, None, settings(threads, chunk), &mut Collected::default())
    });
    assert_eq!(totals.unwrap().windows().requested, 200_000);
}

#[test]
fn parallel_work_inside_a_model_stays_within_the_threads_and_does_not_deadlock() {
    let genome = vec![(0..20_000u32).map(|i| (i.wrapping_mul(i) >> 3) as u8 % 4).collect()];
    let (alone, _) = scan(&genome, &HashModel::new(0.1), None, settings(1, 65_536)).unwrap();
    for threads in [1, 2, 4] {
        // Does its work in many small nested tasks.
        let model = Scanned::new(HashModel::new(0.1), |inner, sequence, above| {
            assert_eq!(rayon::current_num_threads(), threads);
            let windows: Vec<&[u8]> = sequence.windows(240).collect();
            let scored: Vec<_> = windows.par_iter().map(|codes| inner.window(codes)).collect();
            let mut scores = StrandScores::default();
            for (start, (probability, cleavage)) in scored.into_iter().enumerate() {
                scores.probability.push(probability);
                if probability > above {
                    scores.cleavage.push((start, cleavage));
                }
            }
            Ok(scores)
        });
        let (nested, _) = scan(&genome, &model, None, settings(threads, 300)).unwrap();
        assert_eq!(nested.sites, alone.sites);
    }
}

#[test]
fn only_bases_near_the_regions_are_decoded() {
    let genome = vec![vec![0; 50_000], vec![1; 300_000], vec![2; 300_000]];
    let regions = [150_000..150_010, 150_500..150_600, 250_000..250_001]
        .map(|range| (Region { contig: 1, range }, None));
    let bases = MemoryBases::new(&genome);
    let decoded = bases.decoded.clone();
    let mut sink = Collected::default();
    let totals =
        scan_into(bases, &HashModel::new(0.1), Some(&regions), settings(1, 100), &mut sink)
            .unwrap();
    assert_eq!(totals.windows().requested, 2 * 111);
    // Windows are centred up to 500 nt away; those up to 48 nt beyond may decide what is screened.
    let margins = 2 * (500 + 48 + 120);
    assert_eq!(decoded.load(Ordering::SeqCst), 600 + margins + 1 + margins);
}
