use std::fs;

use bigtools::BigWigRead;
use proptest::prelude::*;

use super::*;
use crate::output::atomic::publish;

const LENGTH: u64 = 6000;

fn genome(contigs: usize) -> Contigs {
    let mut list = Contigs::default();
    for i in 0..contigs {
        // Not in alphabetical order.
        list.push(format!("chr{}", contigs - i), LENGTH);
    }
    list
}

/// Reads a track back as one value a position, NaN where there is none.
fn read(path: &Path, contigs: &Contigs) -> Vec<Vec<f32>> {
    let mut reader = BigWigRead::open_file(path).unwrap();
    let known: Vec<String> = reader.chroms().iter().map(|chrom| chrom.name.clone()).collect();
    let mut track = Vec::new();
    for contig in contigs.iter() {
        let mut values = vec![f32::NAN; LENGTH as usize];
        if known.contains(&contig.name) {
            for value in reader.get_interval(&contig.name, 0, LENGTH as u32).unwrap() {
                let value = value.unwrap();
                values[value.start as usize..value.end as usize].fill(value.value);
            }
        }
        track.push(values);
    }
    track
}

fn bits(track: &[Vec<f32>]) -> Vec<Vec<u32>> {
    let bits = |value: &f32| if value.is_nan() { 0x7fc0_0000 } else { value.to_bits() };
    track.iter().map(|values| values.iter().map(bits).collect()).collect()
}

/// Pushes a track in blocks of `block` positions and returns the outcome.
/// Completes a track and gives it its name; returns at how many positions it has a value.
fn published(writer: TrackWriter) -> Option<u64> {
    match writer.finish().unwrap() {
        TrackOutcome::Written { file, positions } => {
            publish(vec![file]).unwrap();
            Some(positions)
        }
        TrackOutcome::Empty { .. } => None,
    }
}

fn write(path: &Path, track: &[Vec<f32>], block: usize) -> Option<u64> {
    let mut writer = TrackWriter::create(path, &genome(track.len())).unwrap();
    for (contig, values) in track.iter().enumerate() {
        for (i, values) in values.chunks(block).enumerate() {
            writer.push(contig, (i * block) as u64, values).unwrap();
        }
    }
    published(writer)
}

/// Few different values and stretches without any, as a thresholded signal has them.
fn track() -> impl Strategy<Value = Vec<Vec<f32>>> {
    let value = prop_oneof![Just(f32::NAN), Just(0.0), Just(-0.0), Just(0.25), 0f32..1.0];
    let contig = prop::collection::vec((value, 1usize..700), 0..30).prop_map(|stretches| {
        let mut values: Vec<f32> =
            stretches.into_iter().flat_map(|(value, n)| vec![value; n]).collect();
        values.resize(LENGTH as usize, f32::NAN);
        values
    });
    prop::collection::vec(contig, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_value_is_read_back_and_gaps_stay_gaps(track in track(), block in 1usize..2000) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.bw");
        let expected = track.iter().flatten().filter(|value| !value.is_nan()).count() as u64;
        match write(&path, &track, block) {
            Some(positions) => {
                prop_assert_eq!(positions, expected);
                prop_assert_eq!(bits(&read(&path, &genome(track.len()))), bits(&track));
            }
            None => {
                prop_assert_eq!(expected, 0);
                prop_assert!(!path.exists());
            }
        }
    }

    #[test]
    fn bytes_do_not_depend_on_the_blocks(track in track(), blocks in (1usize..9000, 1usize..9000)) {
        prop_assume!(track.iter().flatten().any(|value| !value.is_nan()));
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("1.bw"), dir.path().join("2.bw"));
        write(&one, &track, blocks.0);
        write(&other, &track, blocks.1);
        prop_assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap());
    }
}

#[test]
fn adjacent_equal_values_become_one_run_also_across_pushes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bw");
    let mut writer = TrackWriter::create(&path, &genome(2)).unwrap();
    writer.push(0, 10, vec![0.5; 10]).unwrap();
    writer.push(0, 20, vec![0.5; 10]).unwrap();
    writer.push_runs(0, vec![(30, 40, 0.5), (40, 45, 0.75), (50, 51, 0.75)]).unwrap();
    published(writer);
    let mut reader = BigWigRead::open_file(&path).unwrap();
    let values = reader.get_interval("chr2", 0, LENGTH as u32).unwrap();
    let runs: Vec<_> = values.map(|v| v.unwrap()).map(|v| (v.start, v.end, v.value)).collect();
    assert_eq!(runs, [(10, 40, 0.5), (40, 45, 0.75), (50, 51, 0.75)]);
}

#[test]
fn contigs_keep_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bw");
    write(&path, &vec![vec![0.5; 10]; 12], 7);
    let reader = BigWigRead::open_file(&path).unwrap();
    let names: Vec<String> = reader.chroms().iter().map(|chrom| chrom.name.clone()).collect();
    let expected: Vec<String> = genome(12).iter().map(|contig| contig.name.clone()).collect();
    assert_eq!(names, expected);
}

#[test]
fn many_short_contigs_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bw");
    let track: Vec<Vec<f32>> = (0..2000).map(|i| vec![i as f32; 3]).collect();
    let outcome = write(&path, &track, 3);
    assert_eq!(outcome, Some(6000));
    let mut reader = BigWigRead::open_file(&path).unwrap();
    let values: Vec<_> = reader.get_interval("chr1", 0, 10).unwrap().map(|v| v.unwrap()).collect();
    assert_eq!(values, [bigtools::Value { start: 0, end: 3, value: 1999.0 }]);
}

#[test]
fn a_value_at_every_position_of_a_long_contig_is_read_back() {
    // Enough sections for an index of two levels, and several zoom levels.
    const POSITIONS: u64 = 1_300_000;
    let mut contigs = Contigs::default();
    contigs.push("chr1".to_owned(), POSITIONS);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bw");
    let mut writer = TrackWriter::create(&path, &contigs).unwrap();
    for start in (0..POSITIONS).step_by(100_000) {
        let values: Vec<f32> = (start..start + 100_000).map(|p| p as f32 + 0.5).collect();
        writer.push(0, start, values).unwrap();
    }
    let outcome = published(writer);
    assert_eq!(outcome, Some(POSITIONS));
    let mut reader = BigWigRead::open_file(&path).unwrap();
    assert!(!reader.info().zoom_headers.is_empty());
    let values = reader.get_interval("chr1", 0, POSITIONS as u32).unwrap();
    let mut positions = 0;
    for (position, value) in values.map(|v| v.unwrap()).enumerate() {
        assert_eq!((value.start, value.value), (position as u32, position as f32 + 0.5));
        positions += 1;
    }
    assert_eq!(positions, POSITIONS);
}

#[test]
fn a_track_without_values_writes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bw");
    let outcome = write(&path, &[vec![f32::NAN; 50]], 20);
    assert_eq!(outcome, None);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_abandoned_track_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = TrackWriter::create(&dir.path().join("x.bw"), &genome(1)).unwrap();
    writer.push(0, 0, vec![0.5; 5000]).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn values_out_of_order_or_outside_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bw");
    for (contig, start) in [(0, 900), (0, LENGTH), (1, 1003), (9, 0), (1, u64::from(u32::MAX))] {
        let mut writer = TrackWriter::create(&path, &genome(2)).unwrap();
        writer.push(1, 1000, vec![0.5, 0.6, 0.7, 0.8]).unwrap();
        // The thread may notice only at the end.
        let _ = writer.push(contig, start, vec![0.9]);
        let message = writer.finish().unwrap_err().to_string();
        assert!(message.contains("x.bw"), "{message}");
        assert!(!path.exists());
    }
}

#[test]
fn what_the_format_cannot_hold_is_refused_at_the_start() {
    let mut long = Contigs::default();
    long.push("chrLong".to_owned(), 1 << 32);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bw");
    let message = TrackWriter::create(&path, &long).unwrap_err().to_string();
    assert!(message.contains("chrLong") && message.contains("4294967296"), "{message}");
    assert!(TrackWriter::create(&path, &genome(70_000)).is_err());
    assert!(TrackWriter::create(&dir.path().join("none/x.bw"), &long).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_error_is_reported() {
    // The error of a full disk, without filling one.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let contigs = genome(1);
    let written = BigWig::create(full, &contigs).and_then(|mut track| {
        track.add(0, Run { start: 0, end: 3, value: 0.5 })?;
        track.finish()
    });
    assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}

/// Writes values, one for each position of each contig, with the writer of the crate bigtools.
fn write_with_bigtools(path: &Path, contigs: &Contigs, track: &[Vec<f32>]) {
    use bigtools::beddata::BedParserStreamingIterator;
    let sizes = contigs.iter().map(|contig| (contig.name.clone(), contig.length as u32)).collect();
    let mut writer = bigtools::BigWigWrite::create_file(path, sizes).unwrap();
    writer.options.items_per_slot = file::VALUES_PER_SECTION as u32;
    let mut runs: Vec<(String, bigtools::Value)> = Vec::new();
    for (contig, values) in contigs.iter().zip(track) {
        for (position, &value) in values.iter().enumerate() {
            let position = position as u32;
            match runs.last_mut() {
                Some((name, run)) if *name == contig.name && run.value == value => run.end += 1,
                _ => {
                    let run = bigtools::Value { start: position, end: position + 1, value };
                    runs.push((contig.name.clone(), run));
                }
            }
        }
    }
    let source = BedParserStreamingIterator::wrap_infallible_iter(runs.into_iter(), true);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    writer.write(source, runtime).unwrap();
}

#[test]
fn without_gaps_the_bytes_are_those_of_bigtools() {
    let dir = tempfile::tempdir().unwrap();
    // Many short contigs; several sections, zoom levels and levels of the index in few long ones.
    for (number, length, stretch) in [(1_500, 170, 1), (2, 700_000, 1), (3, 30_000, 7)] {
        let mut contigs = Contigs::default();
        let value =
            |i: usize, p: usize| ((i + p / stretch) * 2_654_435_761 % 1_009) as f32 / 1_009.0;
        let track: Vec<Vec<f32>> = (0..number)
            .map(|i| {
                contigs.push(format!("c{i}"), length as u64);
                (0..length).map(|p| value(i, p)).collect()
            })
            .collect();
        let (ours, theirs) = (dir.path().join("ours.bw"), dir.path().join("theirs.bw"));
        let mut writer = TrackWriter::create(&ours, &contigs).unwrap();
        for (i, values) in track.iter().enumerate() {
            writer.push(i, 0, values.clone()).unwrap();
        }
        published(writer);
        write_with_bigtools(&theirs, &contigs, &track);
        assert!(fs::read(&ours).unwrap() == fs::read(&theirs).unwrap(), "{number} x {length}");
    }
}

#[test]
fn zoom_levels_cover_what_has_values_and_no_gap() {
    const POSITIONS: usize = 1_400_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bw");
    // In every 6,000 positions no value in 100-2,000, nor in every fifth after 3,000.
    let value = |p: usize| match p % 6_000 {
        100..2_000 => f32::NAN,
        3_000.. if p.is_multiple_of(5) => f32::NAN,
        p => (p * 7 % 11) as f32,
    };
    let values: Vec<f32> = (0..POSITIONS).map(value).collect();
    let mut contigs = Contigs::default();
    contigs.push("chr1".to_owned(), POSITIONS as u64);
    let mut writer = TrackWriter::create(&path, &contigs).unwrap();
    values.chunks(1_000).enumerate().for_each(|(i, values)| {
        writer.push(0, i as u64 * 1_000, values).unwrap();
    });
    published(writer);
    let mut reader = BigWigRead::open_file(&path).unwrap();
    let levels: Vec<u32> =
        reader.info().zoom_headers.iter().map(|level| level.reduction_level).collect();
    assert_eq!(levels, [160, 640]);
    for level in levels {
        let records = reader.get_zoom_interval("chr1", 0, POSITIONS as u32, level).unwrap();
        let mut covered = 0;
        for record in records.map(|record| record.unwrap()) {
            let here = &values[record.start as usize..record.end as usize];
            let here: Vec<f32> = here.iter().copied().filter(|value| !value.is_nan()).collect();
            assert!(record.end - record.start <= level);
            let sums = record.summary;
            assert_eq!(sums.bases_covered, here.len() as u64, "{}-{}", record.start, record.end);
            assert_eq!(sums.sum, f64::from(here.iter().sum::<f32>()));
            assert_eq!(sums.max_val, f64::from(here.iter().copied().fold(f32::MIN, f32::max)));
            covered += here.len();
        }
        assert_eq!(covered, values.iter().filter(|value| !value.is_nan()).count());
    }
}
