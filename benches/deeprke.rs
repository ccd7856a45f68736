//! Sequences per second of a DeepRKE network of the authors' sizes (random weights) on one core,
//! for 101 nt (RBP-31) and 375 nt.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use polyascan::models::card::{ModelCard, Task};
use polyascan::models::deeprke::DeepRke;
use polyascan::models::deeprke::config::Config;
use polyascan::models::deeprke::random::random;
use polyascan::models::{Model, Window};

const SEQUENCES: usize = 64;

fn model(config: Config) -> DeepRke {
    let card = ModelCard::new("random", "deeprke", Task::Binding);
    DeepRke::new(config.clone(), &random(&config, 1), card).expect("random weights fit together")
}

fn benchmark(criterion: &mut Criterion) {
    let draw = |i: u32, n: u32| (i.wrapping_mul(2_654_435_761) >> 16) % n;
    let codes: Vec<u8> = (0..4000).map(|i| draw(i, 4) as u8).collect();
    let labels: Vec<u8> = (0..4000).map(|i| b"FTHIMS"[draw(i, 6) as usize]).collect();
    let with_structure = model(Config::published());
    let alone = model(Config { structure: None, ..Config::published() });
    let mut group = criterion.benchmark_group("deeprke");
    group.throughput(Throughput::Elements(SEQUENCES as u64));
    for nt in [101, 375] {
        let windows: Vec<Window> = (0..SEQUENCES)
            .map(|i| (i * 53)..(i * 53 + nt))
            .map(|place| Window {
                codes: &codes[place.clone()],
                structure: Some(&labels[place]),
                features: &[],
            })
            .collect();
        for (name, model) in [("sequence and structure", &with_structure), ("sequence", &alone)] {
            group.bench_function(BenchmarkId::new(name, nt), |bencher| {
                bencher.iter(|| model.predict(&windows))
            });
        }
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
