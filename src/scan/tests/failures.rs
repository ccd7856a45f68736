//! Whatever fails, the scan ends at once, with the cause, and without deadlock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;
use crate::models::StrandScores;
use crate::models::card::Task;

/// How long a scan may take to notice; generous, for busy machines.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs `work` in a thread of its own and fails if it takes longer than [`LIMIT`].
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    result.recv_timeout(LIMIT).expect("the scan ends in time")
}

/// Enough sequence to take very long if nothing stops the scan.
fn long_genome() -> Vec<Vec<u8>> {
    vec![(0..2_000_000u64).map(|i| (i.wrapping_mul(i ^ 0x9e37) >> 5) as u8 % 4).collect()]
}

/// Returns what behaves like a [`HashModel`] until told otherwise: `fault` is called for each scan
/// with the number of those before it.
fn faulty(fault: fn(u64) -> Result<Option<StrandScores>>) -> impl Model {
    let calls = AtomicU64::new(0);
    Scanned::new(HashModel::new(0.1), move |inner, sequence, above| {
        match fault(calls.fetch_add(1, Ordering::SeqCst))? {
            Some(scores) => Ok(scores),
            None => inner.scan(sequence, above),
        }
    })
}

/// Scans until the model's fault shows, with several threads and small chunks.
fn error_of(fault: fn(u64) -> Result<Option<StrandScores>>) -> Error {
    in_time(move || {
        let model = faulty(fault);
        scan(&long_genome(), &model, None, settings(3, 50)).expect_err("the model fails")
    })
}

#[test]
fn a_failing_model_ends_the_scan() {
    let error = error_of(|calls| match calls {
        40 => Err(Error::model("fake", "made to fail")),
        _ => Ok(None),
    });
    assert_eq!(error.to_string(), "model fake: made to fail");
}

#[test]
fn a_panic_in_a_worker_ends_the_scan_with_an_error() {
    let error = error_of(|calls| if calls == 40 { panic!("made to panic") } else { Ok(None) });
    assert!(matches!(&error, Error::Internal(text) if text.contains("made to panic")), "{error}");
}

#[test]
fn a_model_that_gives_nan_or_too_little_is_not_believed() {
    let error = error_of(|calls| {
        let nan = || StrandScores { probability: vec![f32::NAN; 50], cleavage: Vec::new() };
        Ok((calls > 10).then(nan))
    });
    assert!(error.to_string().contains("NaN"), "{error}");
    let error = error_of(|calls| Ok((calls > 10).then(StrandScores::default)));
    assert!(error.to_string().contains("does not match"), "{error}");
}

#[test]
fn a_window_with_nan_or_infinity_is_named() {
    /// Scores windows well but for one value of one call.
    fn spoilt(calls: u64, at_call: u64, spoil: fn(&mut StrandScores)) -> Option<StrandScores> {
        let mut scores = StrandScores { probability: vec![0.9; 50], cleavage: Vec::new() };
        scores.cleavage.push((7, [0.02; 50]));
        spoil(&mut scores);
        (calls == at_call).then_some(scores)
    }
    // One thread: calls alternate between the strands, 50 windows each but for the first 120.
    let place = |fault: fn(u64) -> Result<Option<StrandScores>>| {
        let error = in_time(move || {
            let model = faulty(fault);
            scan(&long_genome(), &model, None, settings(1, 50)).expect_err("the model fails")
        });
        let text = error.to_string();
        let window = text.split("window ").nth(1).and_then(|rest| rest.split(": ").next());
        window.unwrap_or(&text).to_owned()
    };
    // Chunk 0..50 and 50..100 lie in the contig's edge; 100..150 gives call 0 (+) and 1 (-).
    let probability = |calls| Ok(spoilt(calls, 2, |scores| scores.probability[3] = f32::NAN));
    assert_eq!(place(probability), "c0:154:+");
    let vector = |calls| Ok(spoilt(calls, 3, |scores| scores.cleavage[0].1[4] = f32::INFINITY));
    // The minus strand's window 7 is the eighth from the chunk's end: position 200 - 7.
    assert_eq!(place(vector), "c0:193:-");
}

#[test]
fn a_failing_source_ends_the_scan() {
    for (threads, chunk) in [(1, 1), (3, 100)] {
        let error = in_time(move || {
            let mut bases = MemoryBases::new(&long_genome());
            bases.fail_after = Some(1_000);
            let mut sink = Collected::default();
            let model = HashModel::new(0.1);
            scan_into(bases, &model, None, settings(threads, chunk), &mut sink)
        });
        let error = error.expect_err("the source fails");
        assert_eq!(error.to_string(), "memory.fa, line 7: made to fail");
    }
}

/// Fails at the tenth site, or at the first track value.
struct FailingSink {
    tracks: bool,
    sites: usize,
}

impl Sink for FailingSink {
    fn site(&mut self, _site: &Site) -> Result<()> {
        self.sites += 1;
        if self.sites == 10 { Err(Error::ClosedPipe) } else { Ok(()) }
    }

    fn wants_tracks(&self) -> bool {
        self.tracks
    }

    fn scores(&mut self, _track: &TrackBlock<'_>) -> Result<()> {
        Err(Error::Usage("no room".into()))
    }
}

#[test]
fn a_failing_sink_ends_the_scan() {
    for (threads, tracks) in [(1, false), (3, true), (4, false)] {
        let error = in_time(move || {
            let mut sink = FailingSink { tracks, sites: 0 };
            let bases = MemoryBases::new(&long_genome());
            scan_into(bases, &HashModel::new(0.3), None, settings(threads, 64), &mut sink)
        });
        match error {
            Err(Error::Usage(text)) => assert!(tracks && text == "no room"),
            Err(Error::ClosedPipe) => assert!(!tracks),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_interrupt_ends_the_scan_with_its_own_exit_code() {
    let error = in_time(|| {
        let genome = long_genome();
        let contigs = contig_list(&genome);
        let targets = Targets::new(&contigs, &Strand::BOTH, None, None);
        let interrupt = AtomicBool::new(false);
        let started = Instant::now();
        let model = HashModel::new(0.01);
        let job = ScanJob {
            bases: Box::new(MemoryBases::new(&genome)),
            contigs: &contigs,
            fasta: Path::new("memory.fa"),
            model: &model,
            screen: None,
            targets: &targets,
            genes: None,
            settings: settings(2, 1_000).0,
            threads: 2,
            interrupt: &interrupt,
            profile: &Profile::default(),
        };
        let result = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(50));
                interrupt.store(true, Ordering::Relaxed);
            });
            run(job, &mut Collected::default())
        });
        assert!(started.elapsed() < LIMIT);
        result.expect_err("interrupted")
    });
    assert!(matches!(error, Error::Interrupted));
    assert_eq!(error.exit_code(), 130);
}

#[test]
fn a_genome_that_shrank_since_it_was_checked_is_an_error_with_its_place() {
    let scan_of = |now: &[Vec<u8>]| {
        let checked = contig_list(&[vec![0; 500], vec![1; 800]]);
        let targets = Targets::new(&checked, &Strand::BOTH, None, None);
        let job = ScanJob {
            bases: Box::new(MemoryBases::new(now)),
            contigs: &checked,
            fasta: Path::new("memory.fa"),
            model: &HashModel::new(0.1),
            screen: None,
            targets: &targets,
            genes: None,
            settings: settings(2, 100).0,
            threads: 2,
            interrupt: &AtomicBool::new(false),
            profile: &Profile::default(),
        };
        run(job, &mut Collected::default()).expect_err("shrunk").to_string()
    };
    let shorter = scan_of(&[vec![0; 500], vec![1; 700]]);
    assert!(shorter.starts_with("memory.fa, c1:700: the sequence ends here"), "{shorter}");
    let fewer = scan_of(&[vec![0; 500]]);
    assert!(fewer.starts_with("memory.fa: other sequences"), "{fewer}");
}

#[test]
fn a_model_of_strength_and_empty_settings_are_refused() {
    let genome = vec![vec![0; 300]];
    let mut model = HashModel::new(0.1);
    let error = scan(&genome, &model, None, settings(0, 1)).expect_err("no threads");
    assert_eq!(error.exit_code(), 2);
    model.card = card(Task::Strength);
    let error = scan(&genome, &model, None, settings(1, 1)).expect_err("no vector");
    assert!(error.to_string().contains("strength"), "{error}");
}
