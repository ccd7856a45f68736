//! A GPU against the CPU, window by window, and how fast it is; scripts/bench_gpu.py runs this.
//!
//! usage: gpu_scan FASTA POLYAID.safetensors
//!
//! Prints a table, columns separated by tabs: model, form, precision, windows/s, windows compared,
//! the largest difference of a classification from the CPU's, and how many windows lie on the other
//! side of 0.5.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use candle_core::Device;
use polyascan::engine::device::{DeviceChoice, Precision, Workers};
use polyascan::error::{Error, Result};
use polyascan::genome::fasta::FastaFile;
use polyascan::models::dense::network::{DenseConfig, DenseNetwork, Residuals};
use polyascan::models::encoding::one_hot;
use polyascan::models::polyaid::plain::Plain;
use polyascan::models::polyaid::weights::{Kind, Weights};
use polyascan::models::weight_file::{WeightFile, decode};
use polyascan::models::{CLEAVAGE, Model, WINDOW, registry};
use rayon::prelude::*;

/// Windows per call, as a scan calls a model on a GPU.
const CALL: usize = 65_536;
/// Threads that call the model, as many as keep both copies of a network busy.
const THREADS: usize = 4;
const SECONDS: f64 = 5.0;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let [fasta, polyaid] = arguments.as_slice() else {
        eprintln!("usage: gpu_scan FASTA POLYAID.safetensors");
        return ExitCode::SUCCESS;
    };
    match run(Path::new(fasta), polyaid) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(fasta: &Path, polyaid: &str) -> Result<()> {
    let gpu = DeviceChoice::Cuda(vec![0]);
    let (device, _) = gpu.open()?;
    let codes = read(fasta)?;
    println!("model\tform\tprecision\twindows/s\tcompared\tlargest difference\tother side");
    // The CPU takes its time over PolyaID.
    for (name, compared) in [("default", codes.len()), (polyaid, 200_000)] {
        let compared = &codes[..codes.len().min(compared)];
        let expected = on_cpu(registry::load(name, &Workers::CPU)?.as_ref(), compared)?;
        for precision in [Precision::F32, Precision::Tf32, Precision::Bf16] {
            let model = registry::load(name, &gpu.workers(precision)?)?;
            let said = model.scan(compared, 2.0)?.probability;
            let pairs = || said.iter().zip(&expected);
            // Written so that NaN is not lost.
            let largest = pairs().map(|(a, b)| f64::from((a - b).abs())).max_by(f64::total_cmp);
            let other = pairs().filter(|(a, b)| (**a > 0.5) != (**b > 0.5)).count();
            let rate = rate(THREADS, || {
                Ok(model.scan(&codes[..CALL + WINDOW - 1], 0.5)?.probability.len())
            })?;
            println!(
                "{name}\tscan\t{}\t{rate:.0}\t{}\t{:e}\t{other}",
                precision.name(),
                said.len(),
                largest.unwrap_or(0.0)
            );
        }
        gpu.workers(Precision::F32)?;
        let rate = if name == "default" {
            plain_dense(&device, &codes)?
        } else {
            plain_polyaid(name, &device, &codes)?
        };
        println!("{name}\tplain candle\tf32\t{rate:.0}\t0\t0\t0");
    }
    Ok(())
}

/// Reads the first contig.
fn read(fasta: &Path) -> Result<Vec<u8>> {
    let mut codes = Vec::new();
    let mut bases = FastaFile::open(fasta)?.bases()?;
    bases.next_contig()?;
    while bases.read(1 << 20, &mut codes)? > 0 {}
    match codes.len() {
        length if length >= CALL + WINDOW => Ok(codes),
        length => Err(Error::input(fasta, "", format!("{length} nt are too few"))),
    }
}

fn on_cpu(model: &dyn Model, codes: &[u8]) -> Result<Vec<f32>> {
    let windows = codes.len() + 1 - WINDOW;
    let starts: Vec<usize> = (0..windows).step_by(16_384).collect();
    let parts = starts.into_par_iter().map(|start| {
        let end = (start + 16_384).min(windows) + WINDOW - 1;
        Ok(model.scan(&codes[start..end], 2.0)?.probability)
    });
    Ok(parts.collect::<Result<Vec<_>>>()?.concat())
}

/// Returns the windows per second of calls from some threads; the first calls are not counted.
fn rate(threads: usize, call: impl Fn() -> Result<usize> + Sync) -> Result<f64> {
    let (done, calls) = (AtomicUsize::new(0), std::sync::Mutex::new(Ok(())));
    for _ in 0..threads {
        call()?;
    }
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while start.elapsed() < Duration::from_secs_f64(SECONDS) {
                    match call() {
                        Ok(windows) => drop(done.fetch_add(windows, Ordering::Relaxed)),
                        Err(error) => {
                            if let Ok(mut outcome) = calls.lock() {
                                *outcome = Err(error);
                            }
                            return;
                        }
                    }
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    calls.into_inner().unwrap_or(Ok(()))?;
    Ok(done.into_inner() as f64 / seconds)
}

/// The definition of the default model, operation by operation.
fn plain_dense(device: &Device, codes: &[u8]) -> Result<f64> {
    let default = registry::EMBEDDED.iter().find(|model| model.name == "default");
    let file = weights(default.map_or(&[], |model| model.weights))?;
    let wrong = |problem: polyascan::error::Problem| Error::model("default", problem);
    let config: DenseConfig = file.config().map_err(wrong)?;
    let tensors = file.candle()?;
    let network = DenseNetwork::new(&config, 1 + CLEAVAGE, |name, _| {
        let tensor = tensors.get(name).ok_or_else(|| wrong(format!("no {name}").into()))?;
        Ok(tensor.to_device(device)?)
    })?;
    rate(1, || {
        let columns = one_hot(&[&codes[..CALL + WINDOW - 1]], device)?;
        let logits = network.forward(&columns, Residuals::Plain)?.narrow(2, 0, 1)?;
        Ok(logits.flatten_all()?.to_vec1::<f32>()?.len())
    })
}

/// The definition of PolyaID, each window by itself.
fn plain_polyaid(path: &str, device: &Device, codes: &[u8]) -> Result<f64> {
    const BATCH: usize = 2048;
    let bytes = std::fs::read(path).map_err(|e| Error::io(Path::new(path), "cannot read", e))?;
    let file = weights(&bytes)?;
    let weights = Weights::new(Kind::PolyaId, &file.tensors);
    let plain = Plain::new(&weights.map_err(|problem| Error::model(path, problem))?, device)?;
    let windows: Vec<&[u8]> = codes.windows(WINDOW).take(BATCH).collect();
    rate(1, || Ok(plain.predict(&windows)?[0].len()))
}

fn weights(bytes: &[u8]) -> Result<WeightFile> {
    decode(bytes).map_err(|problem| Error::model("weights", problem))
}
