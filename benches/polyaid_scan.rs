//! Windows per second of a full-size PolyaID (random weights) on one core: the shared-computation
//! scan, windows by themselves, and the plain form for comparison.

use candle_core::Device;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use polyascan::models::card::{ModelCard, Task};
use polyascan::models::polyaid::BiLstm;
use polyascan::models::polyaid::plain::Plain;
use polyascan::models::polyaid::random::{Shape, random};
use polyascan::models::polyaid::weights::{Kind, Weights};
use polyascan::models::{Model, WINDOW, Window};

fn benchmark(criterion: &mut Criterion) {
    let tensors = random(Kind::PolyaId, Shape::POLYAID, 1);
    let card = ModelCard::new("random", "polyaid", Task::Sites);
    let model = BiLstm::new(Kind::PolyaId, &tensors, card).expect("random weights fit together");
    let weights = Weights::new(Kind::PolyaId, &tensors).expect("random weights fit together");
    let plain = Plain::new(&weights, &Device::Cpu).expect("the CPU is always there");
    let windows = 4096;
    let sequence: Vec<u8> = (0..(windows + WINDOW - 1) as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u8)
        .collect();
    let mut group = criterion.benchmark_group("polyaid");
    group.sample_size(10).throughput(Throughput::Elements(windows as u64));
    // The classification of no window, and of every window, is above these.
    for (name, cleavage_above) in [("classification", 1.0), ("with every cleavage vector", -1.0)] {
        group.bench_function(BenchmarkId::new("scan", name), |bencher| {
            bencher.iter(|| model.scan(&sequence, cleavage_above))
        });
    }
    let some: Vec<Window> = sequence.windows(WINDOW).take(64).map(Window::from).collect();
    group.throughput(Throughput::Elements(64));
    group.bench_function("predict", |bencher| bencher.iter(|| model.predict(&some)));
    let some: Vec<&[u8]> = some.iter().map(|window| window.codes).collect();
    group.bench_function("plain", |bencher| bencher.iter(|| plain.predict(&some)));
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
