//! `--precision int8`: the same bytes on every kind of CPU, near those of f32, and never mixed with
//! them.

use std::fs;

use polyascan::engine::cpu::simd::Path;

use crate::determinism::is_unmoved_by;
use crate::mutagenesis::{rows, table};
use crate::support::*;

const INT8: [&str; 2] = ["--precision", "int8"];
const CHR9: &str = "data/human/chr9_public_test.fa.gz";

#[test]
fn threads_and_chunk_size_do_not_change_a_byte_of_a_scan_in_integers() {
    let folder = Folder::new();
    let small = small_model(&folder);
    for model in [&[][..], &["--model", &small]] {
        let args = [&INT8, &["-r", "c2:1-20000"], &WEAK[..], model].concat();
        is_unmoved_by(&args, &[&["-t", "2"], &["-t", "3", "--chunk-size", "911"]]);
    }
}

/// Strengths are those of f32, which differ by rounding.
#[test]
fn every_simd_path_gives_the_same_bytes_in_integers() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 12_000, 4, 1, 5);
    let mut expected = None;
    for path in Path::ALL.into_iter().filter(|path| path.is_possible()) {
        let prefix = folder.at(&path.to_string());
        let scan = ["scan", &genome, "--simd", &path.to_string(), "--tracks", "-o", &prefix];
        run([&scan[..], &INT8, &WEAK, &["--strength-model", "none"]].concat());
        let bed = fs::read_to_string(format!("{prefix}.sites.bed")).unwrap();
        let rows: Vec<String> =
            bed.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        assert!(rows.len() > 3, "{rows:?}");
        let probability = fs::read(format!("{prefix}.plus.probability.bw")).unwrap();
        assert_eq!(summary(&prefix)["device"], format!("cpu int8 {path}"));
        let found = (rows, probability);
        assert!(*expected.get_or_insert_with(|| found.clone()) == found, "{path}");
    }
}

/// Copies of a window, too, of which only what changes is computed.
#[test]
fn effects_of_variants_in_integers_are_near_those_of_f32() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 12_000, 4, 1, 5);
    let sites = folder.at("sites");
    run([&["scan", &genome, "-o", &sites][..], &WEAK].concat());
    let site = sites_of(&sites).into_iter().find(|site| (500..11_500).contains(&site.start));
    let site = site.unwrap();
    let region = format!("{}:{}-{}", site.chrom, site.start - 10, site.start + 10);
    let effects = |precision: &str| -> Vec<f64> {
        let prefix = folder.at(precision);
        let of = ["-f", &genome, "-r", &region, "--precision", precision, "-o", &prefix];
        run([&["mutagenesis"], &of[..]].concat());
        let rows = rows(&table(&prefix));
        rows.iter().filter_map(|row| row["delta_logit"].parse().ok()).collect()
    };
    let (f32, int8) = (effects("f32"), effects("int8"));
    assert!(f32.len() > 30 && f32.len() == int8.len(), "{} {}", f32.len(), int8.len());
    assert_ne!(f32, int8);
    let off = f32.iter().zip(&int8).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 0.5, "{off}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn most_calls_of_chr9_are_the_same_in_integers() {
    let (fasta, folder) = (shared(CHR9), Folder::new());
    let calls = |precision: &str| {
        let prefix = folder.at(precision);
        run(["scan", fasta.to_str().unwrap(), "--precision", precision, "-o", &prefix]);
        sites_of(&prefix)
    };
    let (f32, int8) = (calls("f32"), calls("int8"));
    // A call is the same within 2 nt on its strand.
    let has = |sites: &[Site], site: &Site| {
        sites
            .iter()
            .any(|other| other.strand == site.strand && other.start.abs_diff(site.start) <= 2)
    };
    let alone = |a: &[Site], b: &[Site]| a.iter().filter(|site| !has(b, site)).count();
    let differing = alone(&f32, &int8) + alone(&int8, &f32);
    eprintln!("{differing} of {} calls differ", f32.len());
    // Those that either has alone: 5 % as measured.
    assert!(f32.len() > 1000 && (differing as f64) < 0.08 * f32.len() as f64);
}

#[test]
fn shards_of_another_precision_are_refused() {
    let folder = Folder::new();
    let (model, genome) = (small_model(&folder), simulate(&folder.at("sim"), 20_000, 4, 1, 1));
    let scan = |name: &str, shard: &str, more: &[&str]| {
        let prefix = folder.at(name);
        let args = ["scan", &genome, "--model", &model, "--shard", shard, "-o", &prefix];
        run([&args[..], more].concat());
        format!("{prefix}.{}.shard", shard.replace('/', "-of-"))
    };
    let (exact, one, two) =
        (scan("a", "1/2", &[]), scan("b", "1/2", &INT8), scan("b", "2/2", &INT8));
    let out = folder.at("out");
    refuse(["merge", &exact, &two, "-o", &out], 1, &["device: it has cpu int8"]);
    run(["merge", &one, &two, "-o", &out]);
    let whole = folder.at("whole");
    run([&["scan", &genome, "--model", &model, "-o", &whole][..], &INT8].concat());
    let rows = |prefix: &str| fs::read(format!("{prefix}.sites.bed")).unwrap();
    assert!(rows(&out) == rows(&whole));
}

#[test]
fn a_model_without_an_int8_form_says_so() {
    let folder = Folder::new();
    let model = crate::anchor::model(&folder);
    let scan = ["scan", "no.fa", "--model", &model, "-o", "x", "--precision", "int8"];
    refuse(scan, 1, &["model small: it has no int8 form"]);
}

#[test]
fn what_only_a_gpu_has_is_refused_on_the_cpu() {
    for precision in ["tf32", "bf16"] {
        // The name that it had when GPUs alone had others than f32 is still taken.
        for option in ["--precision", "--gpu-precision"] {
            let scan = ["scan", "no.fa", "--device", "cpu", option, precision, "-o", "x"];
            refuse(scan, 2, &[&format!("--precision {precision}: the CPU has none")]);
        }
    }
}
