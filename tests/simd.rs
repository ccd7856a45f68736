//! The CPU's instructions change a result by rounding alone, and threads and chunks not at all on
//! any of them.

use polyascan::engine::cpu::simd::Path;

use crate::determinism::is_unmoved_by;
use crate::support::*;

/// What a logit may differ by between paths.
const TOLERANCE: f32 = 1e-4;
const CHR9: &str = "data/human/chr9_public_test.fa.gz";
const LENGTH: usize = 1_000_000;

/// The paths of this CPU.
fn paths() -> Vec<String> {
    let possible = |path: &Path| {
        let possible = path.is_possible();
        if !possible {
            eprintln!("skipped: this CPU has no {path}");
        }
        possible
    };
    Path::ALL.into_iter().filter(possible).map(|path| path.to_string()).collect()
}

#[test]
fn threads_and_chunk_size_do_not_change_a_byte_on_any_simd_path() {
    let folder = Folder::new();
    let small = small_model(&folder);
    for path in paths() {
        for model in [&[][..], &["--model", &small]] {
            let args = [&["--simd", &path, "-r", "c2:1-20000"], &WEAK[..], model].concat();
            is_unmoved_by(&args, &[&["-t", "2", "--chunk-size", "911"]]);
        }
    }
}

/// What a path makes of chr9.
struct Scan {
    path: String,
    sites: Vec<Site>,
    /// By strand, then position.
    probability: [Vec<f32>; 2],
}

fn scan(folder: &Folder, fasta: &str, path: &str, region: &str) -> Scan {
    let prefix = folder.at(path);
    run(["scan", fasta, "-r", region, "--simd", path, "--tracks", "-o", &prefix]);
    let probability = ["plus", "minus"]
        .map(|strand| track(&format!("{prefix}.{strand}.probability.bw"), "9", LENGTH));
    Scan { path: path.into(), sites: sites_of(&prefix), probability }
}

/// Returns the greatest difference of two scans' logits. They are read from f32 probabilities,
/// which holds them to 1e-7 / p(1 - p).
fn off(a: &Scan, b: &Scan) -> f32 {
    let mut most = 0f32;
    for (a, b) in a.probability.iter().flatten().zip(b.probability.iter().flatten()) {
        assert_eq!(a.is_nan(), b.is_nan());
        if a.is_nan() {
            continue;
        }
        let (slope, rounding) = (a * (1.0 - a), 1.2e-7);
        most = most.max(((a - b).abs() - rounding).max(0.0) / slope.max(1e-6));
    }
    most
}

/// Lists the calls that one of two scans has alone.
fn differing(a: &Scan, b: &Scan) -> Vec<String> {
    let place = |site: &Site| (site.start, site.strand);
    let alone = |a: &Scan, b: &Scan| {
        let others: Vec<_> = b.sites.iter().map(place).collect();
        let sites = a.sites.iter().filter(|site| !others.contains(&place(site)));
        sites.map(|site| format!("{} alone: {}", a.path, site.line)).collect::<Vec<_>>()
    };
    [alone(a, b), alone(b, a)].concat()
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn every_simd_path_makes_the_same_calls_on_chr9() {
    let fasta = shared(CHR9);
    let folder = Folder::new();
    for (region, slow) in [("9:1-1000000", false), ("9:200001-240000", true)] {
        let paths = paths().into_iter().filter(|path| slow || path != "portable");
        let scans: Vec<Scan> =
            paths.map(|path| scan(&folder, fasta.to_str().unwrap(), &path, region)).collect();
        for other in &scans[1..] {
            assert!(!other.sites.is_empty());
            let (off, calls) = (off(&scans[0], other), differing(&scans[0], other));
            eprintln!(
                "{region}: {} against {}: logits differ by up to {off}",
                scans[0].path, other.path
            );
            assert!(off < TOLERANCE, "{off}");
            assert!(calls.is_empty(), "{calls:#?}");
        }
    }
}

#[test]
fn an_unknown_path_is_refused_with_those_there_are() {
    refuse(["scan", "x.fa", "--simd", "avx9"], 2, &["avx9", "avx512-pairs", "portable"]);
}
