//! Windows per second of a training step of PolyaID: forward and back with the differentiable
//! operations of the CPU and with candle's own, and the whole step with its descent.
//! `RAYON_NUM_THREADS=1 cargo bench --bench train_bilstm` for one thread.

use candle_core::{Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use polyascan::models::{CLEAVAGE, WINDOW, Window};
use polyascan::train::losses::{binary_cross_entropy, cross_entropy};
use polyascan::train::network::{Network, Noise, Start};
use polyascan::train::networks::NetworkConfig;
use polyascan::train::networks::polyaid::config::PolyaidConfig;
use polyascan::train::networks::polyaid::{BiLstmNet, Form};
use polyascan::train::recipe::Recipe;
use polyascan::train::weights::Weights;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const BATCH: usize = 64;
const CPU: Device = Device::Cpu;

fn noise() -> Noise {
    Noise::new(ChaCha8Rng::seed_from_u64(1), 0.1)
}

fn network(config: &PolyaidConfig, form: Form) -> BiLstmNet {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut start = |_: &str, shape: &[usize], first: Start| {
        let values = first.draw(shape.iter().product(), &mut rng);
        let var = candle_core::Var::from_vec(values, shape, &CPU)?;
        Ok(var.as_tensor().clone())
    };
    BiLstmNet::new(&config.layers(), form, &mut start, &CPU).expect("the CPU is always there")
}

fn loss(network: &dyn Network, windows: &[Window<'_>]) -> polyascan::error::Result<Tensor> {
    let logits = network.forward(windows, &mut noise())?.squeeze(1)?;
    let site = Tensor::ones(BATCH, candle_core::DType::F32, &CPU)?;
    let cut = Tensor::zeros(BATCH, candle_core::DType::U32, &CPU)?;
    let site = binary_cross_entropy(&logits.narrow(1, 0, 1)?.squeeze(1)?, &site)?;
    Ok((site + cross_entropy(&logits.narrow(1, 1, CLEAVAGE)?, &cut)?)?)
}

fn benchmark(criterion: &mut Criterion) {
    let sequence: Vec<u8> =
        (0..(BATCH * WINDOW) as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u8).collect();
    let windows: Vec<Window> = sequence.chunks_exact(WINDOW).map(Window::from).collect();
    let recipe: Recipe = toml::from_str("epochs = 1\nbatch = 64\nlearning_rate = 1e-4")
        .expect("the table has all that it needs");
    let mut group = criterion.benchmark_group("train polyaid");
    group.sample_size(10).throughput(Throughput::Elements(BATCH as u64));
    for (name, filters, width, units, dense) in [
        ("128 x 12, 32 units", 128, 12, 32, vec![64]),
        ("published", 512, 8, 128, vec![256, 256, 128, 64]),
    ] {
        let (classification, cleavage) = (dense.clone(), dense);
        let config = PolyaidConfig { filters, width, units, classification, cleavage };
        for form in [Form::Fused, Form::Plain] {
            let network = network(&config, form);
            group.bench_function(BenchmarkId::new(format!("{form:?}"), name), |bencher| {
                bencher.iter(|| loss(&network, &windows).expect("it ran before").backward())
            });
        }
        let config = NetworkConfig::Polyaid(config);
        let (network, mut weights) =
            Weights::start(&config, &recipe, 1, None, &CPU).expect("the CPU is always there");
        group.bench_function(BenchmarkId::new("Fused with descent", name), |bencher| {
            bencher.iter(|| {
                let loss = loss(network.as_ref(), &windows).expect("it ran before");
                weights.descend(&loss, &recipe, 1000)
            })
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
