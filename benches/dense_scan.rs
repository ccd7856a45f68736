//! The default model's scan: windows per second of the kernel on one thread, and its share of the
//! time of one matrix product as the kernel would do it in isolation.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use polyascan::engine::cpu::matmul::{Affine, Packed, Rows, product};
use polyascan::engine::device::Workers;
use polyascan::models::{WINDOW, registry};

fn sequence(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 30) as u8
        })
        .collect()
}

fn scan(c: &mut Criterion) {
    let model = match registry::load("default", &Workers::CPU) {
        Ok(model) => model,
        Err(error) => panic!("the embedded model must load: {error}"),
    };
    let windows = 65_536;
    let codes = sequence(windows + WINDOW - 1);
    let mut group = c.benchmark_group("default model");
    group.sample_size(20).throughput(Throughput::Elements(windows as u64));
    group.bench_function("scan, windows", |b| {
        b.iter(|| black_box(model.scan(black_box(&codes), 0.5)));
    });
    group.finish();
}

/// One residual block's product, 4096 rows of 192 x 64: elements are floating-point operations.
fn block_product(c: &mut Criterion) {
    let (rows, k, n) = (4096, 192, 64);
    let a = vec![0.5f32; rows * k];
    let bias = vec![0.0; n];
    let mut out = vec![0.0; rows * n];
    let mut group = c.benchmark_group("product");
    group.throughput(Throughput::Elements((2 * rows * k * n) as u64));
    for (name, packed) in [
        ("multiply-adds", Packed::new(&vec![0.25; k * n], k, n)),
        ("the fastest here", Packed::fast(&vec![0.25; k * n], k, n)),
    ] {
        group.bench_function(format!("4096 x 192 x 64, flop, {name}"), |b| {
            b.iter(|| {
                let mut epilogue = Affine { out: &mut out, bias: &bias, relu: true };
                product(black_box(Rows::matrix(&a, rows, k)), &packed, &mut epilogue);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, scan, block_product);
criterion_main!(benches);
