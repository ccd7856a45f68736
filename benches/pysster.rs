//! Sequences per second of a pysster model of the published size (random weights) on one core.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use polyascan::models::card::{ModelCard, Task};
use polyascan::models::pysster::{Activation, Config, Pool, Pysster};
use polyascan::models::weight_file::{RawTensor, Tensors};
use polyascan::models::{Model, Window};

fn model() -> Pysster {
    let pools = vec![Pool { size: 2, stride: 2 }; 2];
    let output = Activation::Softmax;
    let config = Config {
        alphabet: "ACGU,HIMS".into(),
        length: 200,
        pools,
        recurrent: Vec::new(),
        features: Vec::new(),
        output,
    };
    let mut tensors = Tensors::new();
    let mut add = |name: &str, shape: &[usize]| {
        let n: usize = shape.iter().product();
        let values = (0..n as u32).map(|i| f32::from(i.wrapping_mul(40_503) as u16) / 6e6 - 0.005);
        let tensor = RawTensor { shape: shape.to_vec(), values: values.collect() };
        tensors.insert(name.to_owned(), tensor);
    };
    for (name, kernel) in [
        ("conv.0", &[8, 16, 30][..]),
        ("conv.1", &[8, 30, 30]),
        ("dense.0", &[1320, 100]),
        ("dense.1", &[100, 2]),
    ] {
        add(&format!("{name}.weight"), kernel);
        add(&format!("{name}.bias"), &kernel[kernel.len() - 1..]);
    }
    let card = ModelCard::new("random", "pysster", Task::Binding);
    Pysster::new(&config, &tensors, card).expect("random weights fit together")
}

fn benchmark(criterion: &mut Criterion) {
    let model = model();
    let codes: Vec<u8> =
        (0..64 * 200u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u8).collect();
    let labels: Vec<u8> = codes.iter().rev().map(|&code| b"HIMS"[usize::from(code)]).collect();
    let windows: Vec<Window> = codes
        .chunks_exact(200)
        .zip(labels.chunks_exact(200))
        .map(|(codes, labels)| Window { codes, structure: Some(labels), features: &[] })
        .collect();
    let mut group = criterion.benchmark_group("pysster");
    group.throughput(Throughput::Elements(64));
    group.bench_function("predict", |bencher| bencher.iter(|| model.predict(&windows)));
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
