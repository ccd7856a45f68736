//! Frames per second of a full-size APARENT2 (random weights) on one thread: frames of 205 nt given
//! one by one, and every window of a scan.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use polyascan::models::aparent2::Aparent2;
use polyascan::models::aparent2::random::random;
use polyascan::models::aparent2::weights::Config;
use polyascan::models::aparent2::weights::LENGTH;
use polyascan::models::card::{ModelCard, Task};
use polyascan::models::{Model, WINDOW, Window};

fn benchmark(criterion: &mut Criterion) {
    let config = Config::published();
    let card = ModelCard::new("random", "aparent2", Task::Isoform);
    let model = Aparent2::new(&config, &random(&config, 1), card);
    let model = model.expect("random weights fit together");
    let frames = 64;
    let sequence: Vec<u8> = (0..(frames + WINDOW - 1) as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u8)
        .collect();
    let windows: Vec<Window<'_>> =
        sequence.windows(LENGTH).take(frames).map(Window::from).collect();
    let mut group = criterion.benchmark_group("aparent2");
    group.sample_size(20).throughput(Throughput::Elements(frames as u64));
    group.bench_function("predict, frames", |b| {
        b.iter(|| black_box(model.predict(black_box(&windows))));
    });
    group.bench_function("scan, windows", |b| {
        b.iter(|| black_box(model.scan(black_box(&sequence), 0.5)));
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
