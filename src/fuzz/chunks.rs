//! Files of scored chunks: checkpoints and shards.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;
use proptest::sample::select;

use super::damage::{SIZES, damaged};
use super::file;
use crate::genome::contigs::Contigs;
use crate::genome::strand::Strand;
use crate::models::CLEAVAGE;
use crate::models::posterior::Posterior;
use crate::output::frames::FrameWriter;
use crate::output::summary::ScanSummary;
use crate::parts::{PartFile, PartWriter, Work};
use crate::scan::calls::CallSettings;
use crate::scan::chunks::Chunk;
use crate::scan::inference::{ChunkScores, Kept, StrandChunk};
use crate::scan::settings::ContextPlan;
use crate::scan::testing::Collected;
use crate::scan::totals::WindowCounts;
use crate::scan::work::{Outputs, ScanWork};
use crate::scan::{Collector, ScanSettings, Targets, record};
use crate::shard::Shard;

fn contigs() -> Contigs {
    let mut contigs = Contigs::default();
    contigs.push("a".into(), 10);
    contigs.push("b".into(), 600);
    contigs
}

fn calls() -> CallSettings {
    let posterior = Some(Posterior { slope: 1.0, intercept: -2.0 });
    CallSettings { background: 0.02, posterior, min_posterior: 0.1, merge_distance: 24 }
}

fn work() -> ScanWork {
    let contigs = contigs();
    let targets = Targets::new(&contigs, &Strand::BOTH, None, None);
    let settings = ScanSettings { calls: calls(), ..ScanSettings::default() };
    let settings = (settings, ContextPlan::default());
    let summary = ScanSummary::default();
    let outputs = Outputs { plus: true, minus: true, ..Outputs::default() };
    let provenance = vec!["##x".into()];
    ScanWork::new(Shard::WHOLE, outputs, settings, provenance, summary, &contigs, &targets)
}

fn chunk(centres: std::ops::Range<u64>) -> Vec<u8> {
    let kept = |centre| Kept { centre, probability: 0.75, cleavage: [0.02; CLEAVAGE] };
    let length = centres.end - centres.start;
    let strand = StrandChunk {
        windows: WindowCounts { requested: length, scored: length, ..WindowCounts::default() },
        probability: (0..length).map(|at| at as f32 / 500.0).collect(),
        kept: vec![kept(centres.start + 30), kept(centres.start + 31)],
    };
    let start = centres.start.saturating_sub(120);
    let codes: Vec<u8> = (start..(centres.end + 120).min(600)).map(|at| at as u8 % 4).collect();
    let wanted = [Vec::new(), Vec::new()];
    let chunk =
        Chunk { contig: 1, contig_length: 600, start, codes: Arc::from(codes), centres, wanted };
    record::encode(&ChunkScores { chunk, strands: [None, Some(strand)] }, false)
}

/// A file whose frames are whole, whatever they hold; all but the first took no time.
fn framed(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = FrameWriter::create(Path::new("x"), Vec::new()).unwrap();
    let seconds = [&[][..], &[0; 8]].into_iter().chain(std::iter::repeat(&[0; 8][..]));
    for (frame, seconds) in frames.iter().zip(seconds) {
        writer.append(&[seconds, frame].concat()).unwrap();
    }
    writer.into_inner()
}

/// The first frame.
fn header_text() -> Vec<u8> {
    let work = work();
    let begun = PartWriter::create(Path::new("x"), Vec::new(), &work, Instant::now());
    let whole = begun.unwrap().into_inner();
    let file = file(&whole);
    let mut reader = crate::output::frames::FrameReader::open(file.path()).unwrap();
    reader.next_frame().unwrap().unwrap()
}

/// Merges a file as `merge` does; returns the positions that it covers, or nothing if it is
/// refused.
fn merge(bytes: &[u8]) -> Option<u64> {
    let file = file(bytes);
    let mut chunks = PartFile::<ScanWork>::open(file.path()).ok()?;
    let (contigs, targets) = (chunks.work.contigs()?, chunks.work.targets());
    let total = targets.scoring_total(&contigs);
    assert!(chunks.work.shard.of(total).end <= total);
    assert!(chunks.work.identity().len() < 20);
    let mut sink = Collected::default();
    let mut collector = Collector::new(&targets, None, calls(), &mut sink);
    let covered = chunks.replay(&mut |scores| collector.push(scores)).ok()?;
    collector.finish().ok()?;
    Some(covered)
}

proptest! {
    #[test]
    fn a_damaged_file_of_chunks_is_refused_or_merged(
        header in prop_oneof![1 => Just(header_text()), 2 => damaged(vec![header_text()])],
        first in damaged(vec![chunk(0..200)]),
        second in damaged(vec![chunk(200..600)]),
    ) {
        merge(&framed(&[header, first, second]));
    }

    #[test]
    fn a_file_of_chunks_of_absurd_sizes_is_refused_or_merged(
        sizes in prop::collection::vec((0usize..14, select(&SIZES[..])), 0..4),
        lengths in prop::option::of((select(&SIZES[..]), select(&SIZES[..]))),
    ) {
        let mut chunk = chunk(0..200);
        for (field, size) in sizes {
            chunk[8 * field..][..8].copy_from_slice(&size.to_le_bytes());
        }
        let header = String::from_utf8(header_text()).unwrap();
        prop_assert!(header.contains("[\"a\",10],[\"b\",600]"));
        let lengths = lengths.map_or("[\"a\",10],[\"b\",600]".into(), |(a, b)| format!("[\"a\",{a}],[\"b\",{b}]"));
        merge(&framed(&[header.replace("[\"a\",10],[\"b\",600]", &lengths).into(), chunk]));
    }

    #[test]
    fn a_file_of_chunks_with_damaged_frames_gives_the_whole_ones(
        bytes in damaged(vec![framed(&[header_text(), chunk(0..200), chunk(200..600)])])
    ) {
        prop_assert!([None, Some(0), Some(200), Some(600)].contains(&merge(&bytes)));
    }
}

#[test]
fn the_undamaged_chunks_are_taken() {
    assert_eq!(merge(&framed(&[header_text(), chunk(0..200), chunk(200..600)])), Some(600));
}
