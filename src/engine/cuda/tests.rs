//! The text of the kernels, compiled for the CPU, against each operation's plain form.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use candle_core::{Device, Tensor};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Affine, Embed, PackedLayer, Precision, Recurrence};

/// The program that runs the kernels, or `None` where there is no C++ compiler.
fn host() -> Option<&'static Path> {
    static HOST: OnceLock<Option<tempfile::TempPath>> = OnceLock::new();
    let build = || {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine/cuda/kernels/host.cpp");
        let program = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
        let built = Command::new(compiler)
            .args(["-std=c++20", "-O2", "-pthread", "-w", "-o"])
            .args([program.as_os_str(), source.as_os_str()])
            .output();
        match built {
            Err(error) => {
                eprintln!("skipped: no C++ compiler: {error}");
                None
            }
            Ok(output) => {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                Some(program)
            }
        }
    };
    HOST.get_or_init(build).as_deref()
}

/// The kinds of tiles that run on a CPU, and their depth: the ordinary cores' lane by lane, and
/// whole tiles as deep as those of TF32 and bf16, with values of f32.
const KINDS: [(&str, usize); 3] = [("lanes", 8), ("tiles8", 8), ("tiles16", 16)];

/// Runs a kernel: numbers as arguments, operands as bytes.
fn run(host: &Path, kind: &str, kernel: &str, numbers: &[usize], operands: &[Vec<u8>]) -> Vec<f32> {
    let numbers = numbers.iter().map(usize::to_string);
    let mut child = Command::new(host)
        .args([kind, kernel])
        .args(numbers)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&operands.concat()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{kernel} failed");
    let values = output.stdout.chunks_exact(4);
    values.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    flat(tensor).iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn random(rng: &mut ChaCha8Rng, shape: &[usize], size: f32) -> Tensor {
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| rng.random_range(-size..size)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn close(said: &[f32], expected: &[f32]) -> bool {
    said.len() == expected.len() && said.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_embedding_kernel_is_its_plain_form(
        rows in 1usize..80, channels in 1usize..20, width in 1usize..12, pool in 1usize..4,
        rectified: bool, seed: u64,
    ) {
        let Some(host) = host() else { return Ok(()) };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let length = rows + width + pool - 2;
        let codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..=4)).collect();
        let table = random(&mut rng, &[width, 4, channels], 1.0);
        let bias = random(&mut rng, &[channels], 1.0);
        let operands = [codes.clone(), bytes(&table), bytes(&bias)];
        let numbers = [rows, channels, width, pool, usize::from(rectified)];
        let said = run(host, "lanes", "embed", &numbers, &operands);
        let codes = Tensor::new(codes, &Device::Cpu).unwrap();
        let plain = Embed { pool, rectified }.apply(&codes, &table, &bias).unwrap();
        prop_assert!(close(&said, &flat(&plain)));
    }

    #[test]
    fn the_affine_kernel_is_its_plain_form(
        rows in 32usize..150, inputs in 1usize..4, outputs in 1usize..6, taps in 1usize..4,
        dilation in 0usize..20, flags in 0usize..8, seed: u64,
    ) {
        let Some(host) = host() else { return Ok(()) };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shortcut = flags & 1 == 1 && taps > 1;
        let (inputs, wanted) = (16 * inputs, if shortcut { 16 * inputs } else { 16 * outputs - 7 });
        let affine = Affine {
            taps, dilation, shortcut, rectify_in: flags & 2 == 2, rectify_out: flags & 4 == 4,
            precision: Precision::F32,
        };
        let x = random(&mut rng, &[rows + (taps - 1) * dilation, inputs], 1.0);
        let weight = random(&mut rng, &[taps * inputs, wanted], 0.3);
        let bias = random(&mut rng, &[wanted], 1.0);
        let layer = PackedLayer::new(&weight, &bias, Precision::F32, &Device::Cpu).unwrap();
        let outputs = wanted.next_multiple_of(16);
        let [shortcut, before, after] =
            [affine.shortcut, affine.rectify_in, affine.rectify_out].map(usize::from);
        let numbers = [rows, inputs, outputs, taps, dilation, shortcut, before, after];
        let operands = [bytes(&x), bytes(layer.weight()), bytes(layer.bias())];
        let plain = flat(&affine.apply(&x, &layer).unwrap());
        for (kind, _) in &KINDS[..2] {
            prop_assert!(close(&run(host, kind, "affine", &numbers, &operands), &plain), "{}", kind);
        }
    }

    #[test]
    fn the_recurrence_kernel_is_its_plain_form(
        blocks in 1usize..3, steps in 1usize..9, units in 1usize..5,
        resident in 0usize..9, seed: u64,
    ) {
        let Some(host) = host() else { return Ok(()) };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (windows, units) = (64 * blocks, 16 * units);
        let projected = random(&mut rng, &[windows + 3 * (steps - 1), 8 * units], 2.0);
        let weights = [0, 1].map(|_| flat(&random(&mut rng, &[units, 4 * units], 0.4)));
        let packed = |depth| {
            let tiles = weights.each_ref().map(|matrix| {
                super::pack(matrix, units, 4 * units, depth, Precision::F32).unwrap()
            });
            Tensor::stack(&tiles, 0).unwrap()
        };
        let recurrence = Recurrence { steps, precision: Precision::F32 };
        let plain = flat(&recurrence.apply(&projected, &packed(8)).unwrap());
        for (kind, depth) in KINDS {
            let operands = [bytes(&projected), bytes(&packed(depth))];
            let numbers = [windows, steps, units, resident.min(units / depth)];
            let said = run(host, kind, "recurrence", &numbers, &operands);
            prop_assert!(close(&said, &plain), "{}", kind);
        }
    }
}

#[test]
fn tf32_weights_keep_ten_bits_and_zeros_stay_zero() {
    let values = [1.0f32 + 1.0 / 1024.0, 1.0 + 1.0 / 4096.0, -3.0, 1.0 + 3.0 / 4096.0];
    let tiles = super::pack(&values, 2, 2, 8, Precision::Tf32).unwrap();
    assert_eq!(tiles.dims(), [2, 1, 8, 16]);
    let tiles = flat(&tiles);
    assert_eq!(
        [tiles[0], tiles[1], tiles[16], tiles[17]],
        [1.0 + 1.0 / 1024.0, 1.0, -3.0, 1.0 + 1.0 / 1024.0]
    );
    assert_eq!(tiles.iter().filter(|value| **value != 0.0).count(), 4);
}

/// What only a GPU can tell: each launched kernel against its plain form, in every precision.
#[cfg(feature = "cuda")]
#[test]
fn on_a_gpu_the_launched_kernels_are_their_plain_forms() {
    let gpu = match super::driver::open(0) {
        Ok(gpu) => gpu,
        Err(problem) => return eprintln!("skipped: {problem}"),
    };
    let cpu = Device::Cpu;
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let far = |a: &Tensor, b: &Tensor| {
        let (a, b) = (flat(&a.to_dtype(candle_core::DType::F32).unwrap()), flat(b));
        assert_eq!(a.len(), b.len());
        a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let codes: Vec<u8> = (0..500).map(|_| rng.random_range(0..=4)).collect();
    let codes = Tensor::new(codes, &cpu).unwrap();
    let [table, bias] = [&[8, 4, 48][..], &[48]].map(|shape| random(&mut rng, shape, 1.0));
    let embed = |at: &Device| {
        let [codes, table, bias] = [&codes, &table, &bias].map(|t| t.to_device(at).unwrap());
        Embed { pool: 3, rectified: true }.apply(&codes, &table, &bias).unwrap()
    };
    assert!(far(&embed(&gpu), &embed(&cpu)) < 1e-4, "embed");
    let x = random(&mut rng, &[333, 48], 1.0);
    let [weight, bias] = [&[144, 48][..], &[48]].map(|shape| random(&mut rng, shape, 0.3));
    let projected = random(&mut rng, &[128 + 3 * 76, 8 * 128], 2.0);
    let recurrent = [0, 1].map(|_| flat(&random(&mut rng, &[128, 512], 0.15)));
    for (precision, most) in
        [(Precision::F32, 1e-4), (Precision::Tf32, 1e-2), (Precision::Bf16, 5e-2)]
    {
        let affine = |at: &Device, precision| {
            let [shortcut, rectify_in, rectify_out] = [true; 3];
            let (taps, dilation) = (3, 4);
            let layer = PackedLayer::new(&weight, &bias, precision, at).unwrap();
            Affine { taps, dilation, shortcut, rectify_in, rectify_out, precision }
                .apply(&x.to_device(at).unwrap(), &layer)
                .unwrap()
        };
        let off = far(&affine(&gpu, precision), &affine(&cpu, Precision::F32));
        assert!(off < most, "affine {precision:?}: {off}");
        let recurrence = |at: &Device, precision| {
            let [forward, backward] = &recurrent;
            let weights = Recurrence::pack([forward, backward], 128, precision).unwrap();
            Recurrence { steps: 77, precision }
                .apply(&projected.to_device(at).unwrap(), &weights.to_device(at).unwrap())
                .unwrap()
        };
        let off = far(&recurrence(&gpu, precision), &recurrence(&cpu, Precision::F32));
        assert!(off < most, "recurrence {precision:?}: {off}");
    }
}
