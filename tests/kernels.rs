//! `motifs kernels` and `motifs optimise`: kernels find what was planted, published ones what is
//! known of their protein.

use std::collections::BTreeMap;
use std::fs;

use polyascan::models::pysster::{Activation, Config, Pool};
use polyascan::models::weight_file::{RawTensor, Tensors, encode};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::support::*;
use crate::tables::{number, rows};

/// Sequences of 40 nt, every one with a stretch at a random place.
fn planted(letters: &str, count: usize, seed: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let sequence = |number: usize| {
        let mut codes: Vec<u8> = (0..40).map(|_| b"ACGT"[rng.random_range(0..4)]).collect();
        let at = rng.random_range(0..40 - letters.len());
        codes[at..at + letters.len()].copy_from_slice(letters.as_bytes());
        format!(">s{number}\n{}\n", String::from_utf8(codes).unwrap())
    };
    (0..count).map(sequence).collect()
}

/// A pysster model of 40 nt whose kernel 0 is a stretch, 1 another, and 2 never active.
fn model(folder: &Folder, stretches: [&str; 2]) -> String {
    let width = stretches[0].len();
    let mut weight = vec![0f32; width * 4 * 3];
    for (kernel, letters) in stretches.iter().enumerate() {
        for (tap, letter) in letters.bytes().enumerate() {
            let base = b"ACGT".iter().position(|&base| base == letter).unwrap();
            weight[(tap * 4 + base) * 3 + kernel] = 1.0;
        }
    }
    let left = (40 + 1 - width) / 2;
    let mut tensors = Tensors::new();
    let mut add = |name: &str, shape: Vec<usize>, values: Vec<f32>| {
        tensors.insert(name.to_owned(), RawTensor { shape, values });
    };
    add("conv.0.weight", vec![width, 4, 3], weight);
    add("conv.0.bias", vec![3], vec![1.0 - width as f32, 1.0 - width as f32, -1.0]);
    add("dense.0.weight", vec![left * 3, 2], vec![0.1; left * 6]);
    add("dense.0.bias", vec![2], vec![0.0, 0.0]);
    let pools = vec![Pool { size: 2, stride: 2 }];
    let (recurrent, features) = (Vec::new(), Vec::new());
    let output = Activation::Softmax;
    let config = Config { alphabet: "ACGT".into(), length: 40, pools, recurrent, features, output };
    let config = serde_json::to_string(&config).unwrap();
    let metadata = BTreeMap::from([("architecture", "pysster"), ("config", config.as_str())]);
    folder.file("model.safetensors", encode(&tensors, &metadata).unwrap())
}

#[test]
fn planted_stretches_are_what_the_kernels_find() {
    let folder = Folder::new();
    let model = model(&folder, ["TGCATG", "GGACTA"]);
    let bound = folder.file("bound.fa", planted("TGCATG", 60, 1) + ">short\nACGT\n");
    let other = folder.file("other.fa", planted("GGACTA", 90, 2));
    let prefix = folder.at("out/x");
    let ask = |prefix: &str, threads: &str| {
        let args = ["motifs", "kernels", &model, "--sequences", &bound, &other];
        run(args.into_iter().chain(["--classes", "bound", "other", "-t", threads, "-o", prefix]));
    };
    ask(&prefix, "1");
    let at = |ending: &str| format!("{prefix}.kernels.{ending}");
    let kernels = rows(&at("kernels.tsv"));
    let names: Vec<&str> = kernels.iter().map(|row| row["kernel"].as_str()).collect();
    assert!(names[2] == "2" && names.len() == 3, "{names:?}");
    for (kernel, class, letters, count) in
        [("0", "bound", "TGCATG", 60.0), ("1", "other", "GGACTA", 90.0)]
    {
        let row = kernels.iter().find(|row| row["kernel"] == kernel).unwrap();
        assert_eq!((&*row["limit_class"], &*row["consensus_sequence"]), (class, letters));
        assert_eq!(number(row, &format!("above_{class}")), count);
        assert!(number(row, &format!("log2_enrichment_{class}")) > 3.0);
        assert!(number(row, &format!("p_corrected_{class}")) < 1e-6);
        // Where the limit is reached exactly by all of the class, the mean is the greatest.
        assert_eq!(number(row, "limit"), 1.0);
    }
    assert_eq!(kernels[2]["consensus_sequence"], ".");
    // What is told as aligned lies in the sequences, where it is said to.
    let sequences = read_fasta(&bound);
    let aligned = rows(&at("aligned.tsv.gz"));
    let own = aligned.iter().filter(|row| row["kernel"] == "0" && row["class"] == "bound");
    for row in own.clone() {
        let sequence = &sequences.iter().find(|(name, _)| *name == row["name"]).unwrap().1;
        let from = number(row, "position") as usize - 1;
        assert_eq!(sequence[from..from + 6], row["sequence"]);
    }
    assert_eq!(own.count(), 60);
    let positions = rows(&at("positions.tsv.gz"));
    let maxima = positions.iter().filter(|row| row["kernel"] == "1" && row["class"] == "other");
    assert_eq!(maxima.map(|row| number(row, "maxima")).sum::<f64>(), 90.0);
    let meme = fs::read_to_string(at("sequence.meme")).unwrap();
    assert!(meme.contains("ALPHABET= ACGT") && meme.contains("MOTIF kernel_0\n"), "{meme}");
    assert!(!fs::exists(at("structure.meme")).unwrap());
    for picture in ["logos", "positions", "activations", "clusters"] {
        let svg = fs::read_to_string(at(&format!("{picture}.svg"))).unwrap();
        assert!(svg.starts_with("<svg ") && !svg.contains("NaN"), "{picture}");
        assert!(fs::read(at(&format!("{picture}.png"))).unwrap().starts_with(b"\x89PNG"));
    }
    let page = fs::read_to_string(at("index.html")).unwrap();
    assert_eq!(page.matches("<h2>Kernel ").count(), 3);
    assert!(!page.contains("<script") && !page.contains("src="));
    let summary = summary(&format!("{prefix}.kernels"));
    assert_eq!(
        (&summary["files"][0]["read"], &summary["files"][0]["used"]),
        (&61.into(), &60.into())
    );
    assert_eq!(summary["files"][0]["skipped"]["too short"], 1);
    assert_eq!(summary["figures"]["kernels_never_active"], 1);
    // Threads do not show.
    let again = folder.at("again/x");
    ask(&again, "3");
    for name in names_of(&folder, "out") {
        let [one, two] =
            ["out", "again"].map(|out| fs::read(folder.at(&format!("{out}/{name}"))).unwrap());
        assert!(one == two, "{name}");
    }
}

/// All files but summaries, which have times.
fn names_of(folder: &Folder, out: &str) -> Vec<String> {
    names(&folder.at(out)).into_iter().filter(|name| !name.ends_with("summary.json")).collect()
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = Folder::new();
    let model = model(&folder, ["TGCATG", "GGACTA"]);
    let file = folder.file("a.fa", planted("TGCATG", 3, 1));
    let out = folder.at("x");
    let ask = |more: &[&str], told: &str| {
        let args = ["motifs", "kernels", &model, "--sequences", &file, &file, "-o", &out];
        refuse(args.into_iter().chain(more.iter().copied()), 2, &[told]);
    };
    ask(&["--classes", "one"], "1 names for 2 files");
    ask(&["--classes", "one", "one"], "two classes have this name");
    ask(&["--structures", &file, &file], "reads the sequence alone");
    ask(&["--anchor-at", "3"], "reads 20 nt before its anchor");
    ask(&["--clustered", "1"], "--clustered 1");
    let short = folder.file("short.fa", ">a\nACGT\n");
    refuse(
        ["motifs", "kernels", &model, "--sequences", &file, &short, "-o", &out],
        1,
        &["short.fa", "none of 1 sequences can be used (1 too short)", "reads 40 nt"],
    );
    refuse(
        ["motifs", "optimise", "default", "--target", "unit:100000", "-o", &out],
        2,
        &["--target unit:100000", "units, counted from 0"],
    );
    refuse(["motifs", "optimise", "default", "--target", "x", "-o", &out], 2, &["output:NAME"]);
}

/// The proteins NOVA bind YCAY (Jensen et al. 2000); pysster's model of them was trained on CLIP
/// peaks.
#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn novas_kernels_find_ycay() {
    let folder = Folder::new();
    let model = folder.at("nova.safetensors");
    run(["convert", shared("models/pysster_NOVA.h5").to_str().unwrap(), &model]);
    let golden = fs::read(shared("golden/pysster_NOVA.json")).unwrap();
    let golden: Value = serde_json::from_slice(&golden).unwrap();
    let text = |key: &str, number: usize| golden[key][number].as_str().unwrap().to_owned();
    let of_label = |label: u64| -> String {
        let all = 0..golden["seqs"].as_array().unwrap().len();
        let own = all.filter(|&number| golden["label"][number] == label);
        own.map(|n| format!(">s{n}\n{}\n{}\n", text("seqs", n), text("structs", n))).collect()
    };
    let bound = folder.file("bound.txt", of_label(1));
    let other = folder.file("other.txt", of_label(0));
    let prefix = folder.at("x");
    run(["motifs", "kernels", &model, "--sequences", &bound, &other, "-o", &prefix]);
    let kernels = rows(&format!("{prefix}.kernels.kernels.tsv"));
    assert_eq!(kernels.len(), 30);
    // Of the most important kernels of the bound class.
    let top = kernels.iter().filter(|row| row["limit_class"] == "class_0").take(5);
    let motifs = rows(&format!("{prefix}.kernels.motifs.tsv"));
    let is_ycay = |kernel: &str| {
        let share = |position: usize, letters: &[&str]| -> f64 {
            let at = motifs.iter().filter(|row| {
                (&*row["kernel"], &*row["track"]) == (kernel, "sequence")
                    && row["position"] == position.to_string()
                    && letters.contains(&row["letter"].as_str())
            });
            at.map(|row| number(row, "share")).sum()
        };
        let columns: [&[&str]; 4] = [&["C", "U"], &["C"], &["A"], &["C", "U"]];
        (1..=5).any(|first| {
            columns.iter().enumerate().all(|(at, letters)| share(first + at, letters) > 0.6)
        })
    };
    let with = top.filter(|row| is_ycay(&row["kernel"])).count();
    assert!(with >= 4, "{with} of 5: {kernels:?}");
    // Both tracks are decoded.
    let of = |track: &str| motifs.iter().filter(|row| row["track"] == track).count();
    assert_eq!((of("sequence"), of("structure")), (30 * 8 * 4, 30 * 8 * 4));
    let meme = fs::read_to_string(format!("{prefix}.kernels.structure.meme")).unwrap();
    assert!(meme.contains("ALPHABET \"structure\"\nH\nI\nM\nS\nEND ALPHABET"));
}

#[test]
fn optimised_inputs_are_what_a_kernel_is() {
    let folder = Folder::new();
    let model = model(&folder, ["TGCATG", "GGACTA"]);
    let ask = |name: &str, more: &[&str]| {
        let prefix = folder.at(name);
        let args = ["motifs", "optimise", &model, "--target", "kernel:0", "--target", "kernel:1"];
        run(args.into_iter().chain(more.iter().copied()).chain(["-o", &prefix]));
        prefix
    };
    let prefix = ask("a/x", &["-t", "1"]);
    let targets = rows(&format!("{prefix}.optimise.targets.tsv"));
    let found: Vec<&str> = targets.iter().map(|row| row["sequence"].as_str()).collect();
    assert_eq!(found, ["TGCATG", "GGACTA"]);
    for row in &targets {
        assert_eq!(number(row, "value_of_letters"), 1.0);
        assert!(number(row, "value_of_shares") > number(row, "value_at_first") + 2.0);
    }
    let svg = fs::read_to_string(format!("{prefix}.optimise.logos.svg")).unwrap();
    assert!(!svg.contains("NaN"));
    // Seeded: threads do not show, another seed does.
    ask("b/x", &["-t", "3"]);
    ask("c/x", &["--seed", "2"]);
    let shares = |name: &str| {
        let text = fs::read_to_string(folder.at(&format!("{name}/x.optimise.shares.tsv"))).unwrap();
        text.lines().filter(|line| !line.starts_with("##")).collect::<Vec<_>>().join("\n")
    };
    assert!(shares("a") == shares("b") && shares("a") != shares("c"));
}
