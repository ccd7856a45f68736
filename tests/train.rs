//! A trained model is the same for the same seed, and the scan runs it.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::*;

/// A configuration of a network that is trained in a second.
pub fn config(folder: &Folder, seed: u64) -> String {
    let text = format!(
        r#"
[model]
name = "tiny"
description = "for a test"
licence = "none"
seed = {seed}
data = "{}"
[network]
architecture = "dense-scan"
channels = 16
stem_width = 16
dilations = [16, 32, 64]
hidden = 16
[optimiser]
epochs = 2
batch = 16
learning_rate = 1e-2
warmup_steps = 2
weight_decay = 0.01
average = 0.9
dropout = 0.1
[loss]
classification = 3.0
cleavage = 0.2
[labels]
segment = 300
spread = 1.5
mutated_mass = 0.1
[[genome]]
fasta = "genome.fa"
sites = "truth.bed"
high_repeats = 1
other_repeats = 4
random = 200
hard = 20
[validation]
fasta = "genome.fa"
sites = "truth.bed"
"#,
        folder.at("sim")
    );
    folder.file(&format!("seed{seed}.toml"), text)
}

pub fn setting() -> (Folder, String) {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 80_000, 16, 2, 1);
    (folder, genome)
}

#[test]
fn the_same_seed_gives_the_same_file_and_another_seed_does_not() {
    let (folder, _) = setting();
    let [a, b, c] = [("a", 1), ("b", 1), ("c", 2)].map(|(name, seed)| {
        let out = folder.at(&format!("{name}.safetensors"));
        run(["train", "scan", "--config", &config(&folder, seed), "-o", &out]);
        fs::read(out).unwrap()
    });
    assert!(a == b, "same seed, other bytes");
    assert!(a != c, "another seed, same bytes");
}

#[test]
fn the_scan_runs_a_trained_model_and_the_log_tells_each_epoch() {
    let (folder, genome) = setting();
    let (model, prefix) = (folder.at("tiny.safetensors"), folder.at("out/x"));
    run(["train", "scan", "--config", &config(&folder, 1), "-o", &model]);
    let args = ["scan", &genome, "--model", &model, "-o", &prefix, "--min-probability", "0"];
    run(args.iter().chain(&["--min-centre-cleavage", "0"]));
    assert!(!sites_of(&prefix).is_empty());
    assert_eq!(summary(&prefix)["model"]["architecture"], "dense-scan");
    let card: toml::Table = fs::read_to_string(folder.at("tiny.toml")).unwrap().parse().unwrap();
    assert_eq!(card["sha256"].as_str(), summary(&prefix)["model"]["sha256"].as_str());
    let log = fs::read_to_string(folder.at("tiny.log.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = log.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ["epoch", "1", "2"], "{log}");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{log}");
    assert!(rows[0].contains(&"random_all_auroc_sharp"), "{log}");
    // The curves have a mark for every value of the log, and one per name that has any.
    let columns = (0..rows[0].len()).filter(|&i| !["epoch", "seconds"].contains(&rows[0][i]));
    let values = columns.map(|i| rows[1..].iter().filter(|row| row[i] != "NA").count());
    let marks: usize = values.filter(|count| *count > 0).map(|count| count + 1).sum();
    let curves = fs::read_to_string(folder.at("tiny.svg")).unwrap();
    assert_eq!(curves.matches("<circle").count(), marks);
    assert!(marks > 10 && curves.contains("random_all_auroc_sharp"), "{curves}");
    let left = names(&folder.at(""));
    assert!(!left.iter().any(|name| name.contains("checkpoint")), "{left:?}");
}

#[test]
fn a_calibrated_model_gives_posteriors_that_fill_the_score_and_choose_the_calls() {
    let (folder, genome) = setting();
    let [model, all, likely] =
        ["calibrated.safetensors", "all", "likely"].map(|name| folder.at(name));
    let text = fs::read_to_string(config(&folder, 1)).unwrap();
    let text = text.replace("hard = 20", "hard = 20\nshuffled = 10\nexcept = [\"chrSim2\"]");
    let calibration =
        "[calibration]\nfasta = \"genome.fa\"\nsites = \"truth.bed\"\nonly = [\"chrSim2\"]\n";
    let config = folder.file("config.toml", text + calibration);
    run(["train", "scan", "--config", &config, "-o", &model]);
    let card: toml::Table =
        fs::read_to_string(folder.at("calibrated.toml")).unwrap().parse().unwrap();
    assert!(card["training"]["posterior"]["slope"].as_float().is_some(), "{card}");

    let weak = ["--min-probability", "0", "--min-centre-cleavage", "0"];
    let scan = |prefix: &str, least: &str| {
        let args = ["scan", &genome, "--model", &model, "-o", prefix, "--min-posterior", least];
        run(args.iter().chain(&weak));
        sites_of(prefix)
    };
    let everything = scan(&all, "0");
    let mut posteriors: Vec<f64> = everything.iter().map(|site| site.posterior.unwrap()).collect();
    posteriors.sort_by(f64::total_cmp);
    assert!(posteriors.iter().all(|p| (0.0..=1.0).contains(p)));
    for site in &everything {
        let rounded = (1000.0 * site.posterior.unwrap()).round();
        assert!((f64::from(site.score) - rounded).abs() <= 1.0, "{}", site.line);
    }
    // A call that is left out for its posterior was no better one of a call that stays.
    // Between two that differ by more than the column's rounding.
    let middle = posteriors.len() / 2;
    let gap = |pair: &&[f64]| pair[1] - pair[0] > 4e-6;
    let gap = posteriors[middle..].windows(2).find(gap).expect("posteriors that differ");
    let least = (gap[0] + gap[1]) / 2.0;
    let half = scan(&likely, &least.to_string());
    let expected: Vec<&Site> = everything.iter().filter(|s| s.posterior.unwrap() > least).collect();
    assert_eq!(half.iter().collect::<Vec<_>>(), expected);
    let counts = |prefix: &str| summary(prefix)["sites"].clone();
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let (before, after) = (counts(&all), counts(&likely));
    assert_eq!(number(&before["left_out"]["below_posterior"]), 0);
    assert!(
        number(&after["left_out"]["below_posterior"]) >= (everything.len() - half.len()) as u64
    );
    let sum = |c: &serde_json::Value| {
        let left_out = &c["left_out"];
        number(&c["total"]) + number(&left_out["below_posterior"]) + number(&left_out["merged"])
    };
    assert_eq!(sum(&before), sum(&after));

    let window = folder.file("window.txt", &read_fasta(&genome)[0].1[..240]);
    let predicted = run(["predict", &window, "--model", &model, "--strand", "+"]);
    let predicted = String::from_utf8(predicted).unwrap();
    assert!(predicted.lines().any(|line| line.contains("posterior")), "{predicted}");
}

#[test]
fn a_killed_run_that_is_resumed_gives_the_bytes_of_an_uninterrupted_one() {
    let (folder, _) = setting();
    let text = fs::read_to_string(config(&folder, 1)).unwrap();
    let config = folder.file("long.toml", text.replace("epochs = 2", "epochs = 5"));
    let [whole, killed] = ["whole", "killed"].map(|name| folder.at(&format!("{name}.safetensors")));
    run(["train", "scan", "--config", &config, "-o", &whole]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_polyascan"))
        .args(["train", "scan", "--config", &config, "-o", &killed])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let checkpoint = folder.at("killed.checkpoint");
    while fs::metadata(&checkpoint).is_err() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fs::metadata(&killed).is_err(), "it was over before it was killed");
    // Of another configuration: refused.
    let args = ["train", "scan", "--config", &folder.at("seed1.toml"), "-o", &killed, "--resume"];
    refuse(args, 1, &["killed.checkpoint", "another configuration", "delete it"]);
    let args = ["train", "scan", "--config", &config, "-o", &killed, "--resume"];
    let output = polyascan().args(args).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("going on after epoch"));
    assert!(fs::read(&whole).unwrap() == fs::read(&killed).unwrap(), "other bytes");
}

#[test]
fn training_goes_on_from_a_trained_model_and_can_leave_all_but_the_head() {
    let (folder, _) = setting();
    let first = folder.at("first.safetensors");
    run(["train", "scan", "--config", &config(&folder, 1), "-o", &first]);
    let text = fs::read_to_string(config(&folder, 2)).unwrap();
    let head = folder.file("head.toml", text.replace("epochs = 2", "epochs = 1\ntrain = \"head\""));
    let out = folder.at("second.safetensors");
    run(["train", "scan", "--config", &head, "-o", &out, "--pretrained", &first]);
    let [before, after] = [&first, &out]
        .map(|path| candle_core::safetensors::load(path, &candle_core::Device::Cpu).unwrap());
    for (name, tensor) in &before {
        let values = |t: &candle_core::Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let same = values(tensor) == values(&after[name]);
        assert_eq!(same, !name.starts_with("hidden") && !name.starts_with("output"), "{name}");
    }
    let other = folder.file("other.toml", text.replace("hidden = 16", "hidden = 32"));
    let args = ["train", "scan", "--config", &other, "-o", &out, "--pretrained", &first];
    refuse(args, 2, &["--pretrained", "hidden", "[network]"]);
}

#[test]
fn data_can_be_given_in_another_folder() {
    let (folder, _) = setting();
    let text =
        fs::read_to_string(config(&folder, 1)).unwrap().replace(&folder.at("sim"), "nowhere");
    let moved = folder.file("moved.toml", text);
    let out = folder.at("w.safetensors");
    refuse(["train", "scan", "--config", &moved, "-o", &out], 1, &["nowhere/genome.fa"]);
    run(["train", "scan", "--config", &moved, "--data", &folder.at("sim"), "-o", &out]);
    assert!(fs::metadata(out).unwrap().len() > 1000);
}

#[test]
fn wrong_configurations_are_refused_and_leave_no_weights() {
    let (folder, _) = setting();
    let good = fs::read_to_string(config(&folder, 1)).unwrap();
    let out = folder.folder("out");
    let weights = format!("{out}/w.safetensors");
    let file = folder.at("wrong.toml");
    let none = folder.at("none.toml");
    refuse(["train", "scan", "--config", &none, "-o", &weights], 1, &[&none, "cannot read"]);
    for (from, to, told) in [
        ("epochs = 2", "epoch = 2", "epoch"),
        ("epochs = 2", "epochs = 0", "epochs"),
        ("batch = 16", "batch = \"many\"", "batch"),
        ("batch = 16", "batch = 100000", "batch"),
        ("segment = 300", "segment = 200", "240"),
        ("dilations = [16, 32, 64]", "dilations = [16, 32]", "receptive field 112"),
        ("channels = 16", "channels = 20", "multiple of 16"),
        ("name = \"tiny\"", "", "name"),
        ("sites = \"truth.bed\"", "sites = \"none.bed\"", "none.bed"),
        ("fasta = \"genome.fa\"", "fasta = \"truth.bed\"", "not FASTA"),
        ("[[genome]]", "[[genomes]]", "genomes"),
    ] {
        assert!(good.contains(from));
        folder.file("wrong.toml", good.replacen(from, to, 1));
        refuse(["train", "scan", "--config", &file, "-o", &weights], 1, &[told]);
        assert!(names(&out).is_empty(), "{to}: {:?}", names(&out));
    }
}

#[test]
fn the_configuration_is_never_overwritten() {
    let (folder, _) = setting();
    let config = config(&folder, 1);
    let before = fs::read(&config).unwrap();
    for out in [folder.at("seed1.safetensors"), config.clone()] {
        refuse(["train", "scan", "--config", &config, "-o", &out], 2, &[&config, "overwritten"]);
    }
    assert_eq!(fs::read(&config).unwrap(), before);
    assert!(!names(&folder.at("")).contains(&"seed1.safetensors".to_owned()));
}

#[test]
fn windows_without_their_hexamer_are_refused() {
    let (folder, _) = setting();
    let text = fs::read_to_string(config(&folder, 1)).unwrap();
    let source = "[[windows]]\nfile = \"w.tsv\"\nhexamer = 100\nper_epoch = 9\n";
    let config = folder.file("windows.toml", text + source);
    let row = |n: usize| format!("x\t{}\n", "A".repeat(n));
    folder.file("sim/w.tsv", "name\tsequence\n".to_owned() + &row(206) + &row(105));
    let out = folder.at("w.safetensors");
    refuse(["train", "scan", "--config", &config, "-o", &out], 1, &["w.tsv", "line 3", "100"]);
}

#[test]
fn a_genome_shorter_than_a_segment_is_refused() {
    let (folder, _) = setting();
    let config = config(&folder, 1);
    folder.file("sim/genome.fa", format!(">chrSim1\n{}\n", "ACGTT".repeat(55)));
    folder.file("sim/truth.bed", "chrSim1\t150\t151\tx\t0\t+\n");
    let out = folder.at("w.safetensors");
    refuse(["train", "scan", "--config", &config, "-o", &out], 1, &["genome.fa", "300"]);
}
