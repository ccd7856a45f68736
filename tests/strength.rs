//! Strength is measured by the usage of the sites of a gene, and learns from it.

use std::fs;

use serde_json::Value;

use crate::support::*;

/// A simulated genome whose true sites have 100 reads and, of the same "gene", places 300 nt
/// downstream none. Returns the genome, the table, and the number of places of either kind.
fn setting(folder: &Folder) -> (String, String, usize) {
    let genome = simulate(&folder.at("sim"), 80_000, 16, 1, 1);
    let truth = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let mut table = "contig\toffset\tstrand\tgene\treads\tinverse\n".to_owned();
    let rows: Vec<Vec<&str>> = truth
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    for row in &rows {
        let (position, strand): (i64, _) = (row[1].parse().unwrap(), row[5]);
        let away = position + if strand == "+" { 300 } else { -300 };
        table += &format!("{}\t{position}\t{strand}\tG\t100\t0\n", row[0]);
        table += &format!("{}\t{away}\t{strand}\tG\t0\t100\n", row[0]);
    }
    (genome, folder.file("usage.tsv", table), rows.len())
}

#[test]
fn strengths_are_measured_by_the_order_of_the_sites_of_a_gene() {
    let folder = Folder::new();
    let (genome, sites, count) = setting(&folder);
    let args = ["evaluate", "strength", "--fasta", &genome, "--sites", &sites];
    let of = |more: &[&str]| -> Value {
        serde_json::from_slice(&run(args.iter().chain(more).chain(&["--json"]))).unwrap()
    };
    let forth = of(&["--counts", "reads", "--model", "default-strength"]);
    let back = of(&["--counts", "inverse", "--model", "default-strength"]);
    assert_eq!((&forth["read"], &forth["scored"]), (&(2 * count).into(), &(2 * count).into()));
    let figure = |report: &Value, key: &str| report["strength"][0][key].as_f64().unwrap();
    assert!(figure(&forth, "auroc") > 0.95, "{forth}");
    assert!((figure(&forth, "auroc") + figure(&back, "auroc") - 1.0).abs() < 1e-9);
    assert!((figure(&forth, "spearman") + figure(&back, "spearman")).abs() < 1e-9);
    // One gene on each of two strands: all pairs of a site and a place without one.
    let text = fs::read_to_string(&sites).unwrap();
    let on = |strand: &str| {
        text.lines().filter(|l| l.ends_with("\t100\t0") && l.contains(strand)).count()
    };
    let expected = on("\t+\t").pow(2) + on("\t-\t").pow(2);
    assert_eq!(figure(&forth, "pairs"), expected as f64);
    // The text has the same figures.
    let more = ["--counts", "reads", "--model", "default-strength"];
    let text = String::from_utf8(run(args.iter().chain(&more))).unwrap();
    let row = format!("strength\t{expected}\t2\t{:.4}\t", figure(&forth, "auroc"));
    assert!(text.contains(&row), "{row} in {text}");
    // Counts that do not differ enough make no pair.
    let none = of(&["--counts", "reads", "--model", "default-strength", "--fold", "100"]);
    assert!(none["strength"][0]["auroc"].is_null() && none["strength"][0]["pairs"] == 0, "{none}");
}

#[test]
fn site_models_are_measured_by_their_two_scores() {
    let folder = Folder::new();
    let (genome, sites, _) = setting(&folder);
    let args = ["evaluate", "strength", "--fasta", &genome, "--sites", &sites, "--counts", "reads"];
    let report: Value = serde_json::from_slice(&run(args.iter().chain(&["--json"]))).unwrap();
    let scores = report["strength"].as_array().unwrap();
    let names: Vec<_> = scores.iter().map(|score| score["score"].as_str().unwrap()).collect();
    assert_eq!(names, ["classification", "sharp"]);
    assert!(scores.iter().all(|score| score["auroc"].as_f64().unwrap() > 0.95), "{report}");
    refuse(args.iter().chain(&["--fold", "0.5"]), 2, &["--fold 0.5", "1 or more"]);
    refuse(args.iter().chain(&["--floor", "0"]), 2, &["--floor 0", "above 0"]);
    refuse(args.iter().chain(&["--gene", "nought"]), 1, &[&sites, "line 2", "no column nought"]);
    let args = ["evaluate", "strength", "--fasta", &genome, "--sites", &sites];
    refuse(args, 1, &[&sites, "no column apadb_reads"]);
}

/// A configuration that is trained in seconds.
fn config(folder: &Folder, teacher: &str, usage: &str, sources: &str) -> String {
    let genome = read_fasta(&folder.at("sim/genome.fa")).swap_remove(0).1;
    let windows = (0..44).map(|i| format!("{i}\t{}\n", &genome[1_000 + 500 * i..][..206]));
    folder.file("windows.tsv", "name\tsequence\n".to_owned() + &windows.collect::<String>());
    let text = format!(
        r#"
[model]
name = "tiny"
description = "for a test"
seed = 1
data = "{}"
[network]
architecture = "dense-strength"
channels = 16
stem_width = 16
dilations = [16, 32, 64]
hidden = 16
[optimiser]
epochs = 3
batch = 1
learning_rate = 1e-2
average = 0.5
[teacher]
model = "{teacher}"
narrow = 0.7
floor = 0.003
[labels]
distances = [10, 35]
difference = 1.0
short = 0.4
{usage}
[[windows]]
file = "windows.tsv"
hexamer = 100
per_epoch = 40
{sources}
[validation]
windows = 4
[[validation.usage]]
fasta = "sim/genome.fa"
sites = "usage.tsv"
counts = "reads"
floor = 1.0
"#,
        folder.at("")
    );
    folder.file("config.toml", text)
}

/// Measured usage as a source.
const SOURCE: &str = "[[usage]]\nfasta = \"sim/genome.fa\"\nsites = \"usage.tsv\"\ncounts = \"reads\"\n\
                      floor = 1.0\nper_epoch = 1600\n";

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn training_learns_which_sites_of_a_gene_are_used_more() {
    let published = shared("models/aparent2_resnet_no_clinvar_wt_ep_5.h5");
    let folder = Folder::new();
    setting(&folder);
    let (teacher, out) = (folder.at("teacher.safetensors"), folder.at("w.safetensors"));
    run(["convert", published.to_str().unwrap(), &teacher]);
    let trained = |usage: &str, sources: &str| {
        run([
            "train",
            "strength",
            "--config",
            &config(&folder, &teacher, usage, sources),
            "-o",
            &out,
        ]);
        let log = fs::read_to_string(folder.at("w.log.tsv")).unwrap();
        let rows: Vec<Vec<&str>> = log.lines().map(|line| line.split('\t').collect()).collect();
        let column = rows[0].iter().position(|name| *name == "usage_auroc_1").unwrap();
        let auroc: f64 = rows[3][column].parse().unwrap();
        (auroc, fs::read(&out).unwrap())
    };
    let (with, weights) = trained("usage = 2.0", SOURCE);
    let (without, _) = trained("", "");
    assert!(with > 0.85 && with > without, "{with} with usage, {without} without");
    assert!(weights == trained("usage = 2.0", SOURCE).1, "same seed, other bytes");
}

#[test]
fn wrong_configurations_of_usage_are_refused() {
    let folder = Folder::new();
    setting(&folder);
    let out = folder.at("w.safetensors");
    for (usage, sources, told) in [
        ("usage = 1.0", "", "go together"),
        ("", SOURCE, "go together"),
        ("usage = -1.0", SOURCE, "usage = -1"),
        ("usage = 1.0\nlimit = 0.0", SOURCE, "limit = 0"),
        ("usage = 1.0", &SOURCE.replace("floor = 1.0", "floor = 0.0"), "floor = 0"),
        ("usage = 1.0", &SOURCE.replace("counts", "count"), "count"),
    ] {
        let config = config(&folder, "none.safetensors", usage, sources);
        refuse(["train", "strength", "--config", &config, "-o", &out], 1, &[&config, told]);
    }
}
