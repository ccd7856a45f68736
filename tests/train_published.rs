//! PolyaID and PolyaStrength as published: from reads to a model, measured on what it has not seen.

use std::fs;

use serde_json::Value;

use crate::support::*;

/// Simulated reads made into sites; returns the prefix of their files.
fn measured(folder: &Folder) -> String {
    let (sim, out) = (folder.at("sim"), folder.at("out"));
    run([
        "simulate",
        "--length",
        "300000",
        "--sites",
        "60",
        "--contigs",
        "3",
        "--reads",
        "60",
        "--seed",
        "5",
        "-o",
        &sim,
    ]);
    let at = |name: &str| format!("{sim}/{name}");
    let (reads, genome, genes) = (at("reads.bed"), at("genome.fa"), at("genes.gtf"));
    run(["sites", &reads, "--fasta", &genome, "--annotation", &genes, "-o", &out]);
    out
}

fn config(folder: &Folder, name: &str, text: &str) -> String {
    let model = format!(
        "[model]\nname = \"tiny\"\ndescription = \"for a test\"\nseed = 1\ndata = \"{}\"\n",
        folder.at("")
    );
    folder.file(name, model + text)
}

const POLYAID: &str = "[network]\narchitecture = \"polyaid\"\nfilters = 24\nwidth = 8\nunits = 8
classification = [16]\ncleavage = [16]
[optimiser]\nrule = \"nadam\"\nepochs = 3\nbatch = 100\nlearning_rate = 4e-3\nschedule = \"constant\"
[loss]\nclassification = 1.0\ncleavage = 1.0
[sites]\nfasta = \"sim/genome.fa\"\nsites = \"out.measured.tsv\"\nannotation = \"sim/genes.gtf\"
ends = [\"out.measured.plus.bw\", \"out.measured.minus.bw\"]
[parts]\nvalidation = 0.2\ntest = 0.2
";

fn json(args: &[&str]) -> Value {
    serde_json::from_slice(&run(args.iter().chain(&["--json"]))).unwrap()
}

#[test]
fn polyaid_is_trained_and_tested_on_reads_as_published() {
    let folder = Folder::new();
    measured(&folder);
    let config = config(&folder, "polyaid.toml", POLYAID);
    let [one, three] = ["one.safetensors", "three.safetensors"].map(|name| folder.at(name));
    let train = |out: &str, threads: &str| {
        run(["train", "windows", "--config", &config, "-o", out, "-t", threads]);
        fs::read(out).unwrap()
    };
    assert!(train(&one, "1") == train(&three, "3"));
    let args = ["evaluate", "windows", "--config", &config, "--model", &one];
    let report = json(&args);
    let ranking = |signal: &str, negatives: &str| -> f64 {
        let rankings = report["rankings"].as_array().unwrap().iter();
        let mut of = rankings.filter(|r| r["signal"] == signal && r["negatives"] == negatives);
        of.next().unwrap()["auroc"].as_f64().unwrap()
    };
    assert!(ranking("all", "intergenic") > 0.8, "{report}");
    assert_eq!(report["rankings"].as_array().unwrap().len(), 16);
    let offsets = report["offsets"].as_array().unwrap();
    let shifts: Vec<i64> = offsets.iter().map(|o| o["offset"].as_i64().unwrap()).collect();
    assert_eq!(shifts, (-25..=25).collect::<Vec<_>>());
    let position = &report["cleavage"]["mean_position"];
    assert!(position["spearman"].as_f64().unwrap() > 0.5, "{position}");
    let windows = &report["windows"];
    let count = |kind: &str| windows[kind].as_u64().unwrap();
    let sites = report["sites"].as_u64().unwrap();
    assert_eq!(count("site"), 51 * sites);
    for kind in ["intergenic", "shuffled", "neighbour"] {
        assert!(count(kind).abs_diff(17 * sites) <= 1, "{windows}");
    }
    // Parts share no site, and the text has the same figures.
    let of = |part: &str| json(&[&args[..], &["--part", part]].concat());
    let all: u64 = ["training", "validation", "test"]
        .map(|part| of(part)["sites"].as_u64().unwrap())
        .iter()
        .sum();
    let table = fs::read_to_string(folder.at("out.measured.tsv")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("chrSim")).count() as u64;
    assert!(all <= rows && all + 5 >= rows, "{all} of {rows}");
    let text = String::from_utf8(run(args)).unwrap();
    assert!(text.contains(&format!("all\tintergenic\t{}", 51 * sites)), "{text}");
    // Any site model can be measured so; a strength model cannot.
    let default = json(&["evaluate", "windows", "--config", &config]);
    assert!(default["rankings"][0]["auroc"].as_f64().unwrap() > 0.5);
    let strength = ["evaluate", "windows", "--config", &config, "--model", "default-strength"];
    refuse(strength, 1, &["default-strength", "cannot be scanned"]);
}

#[test]
fn the_ends_of_reads_are_written_as_tracks_which_say_what_the_table_says() {
    let folder = Folder::new();
    let out = measured(&folder);
    let table = fs::read_to_string(format!("{out}.measured.tsv")).unwrap();
    let mut seen = 0;
    for (strand, name) in [("+", "plus"), ("-", "minus")] {
        let path = format!("{out}.measured.{name}.bw");
        let rows = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        for row in rows.filter(|row| row.len() > 5 && row[2] == strand) {
            let track = track(&path, row[0], 100_000);
            let cell = |at: usize| row[at].parse::<usize>().unwrap();
            let reads: f32 = track[cell(4)..cell(5)].iter().filter(|x| x.is_finite()).sum();
            assert_eq!(reads, cell(3) as f32, "{row:?}");
            // The site is where most reads end.
            let most = track[cell(4)..cell(5)].iter().fold(0.0, |most: f32, &x| most.max(x));
            assert_eq!(track[cell(1)], most, "{row:?}");
            seen += 1;
        }
    }
    assert!(seen > 30);
    // They are read again for the same sites.
    let again = folder.at("again");
    let tracks = format!("out={out}.measured.plus.bw,{out}.measured.minus.bw");
    let (genome, genes) = (folder.at("sim/genome.fa"), folder.at("sim/genes.gtf"));
    run(["sites", &tracks, "--fasta", &genome, "--annotation", &genes, "-o", &again]);
    let rows = |prefix: &str| -> Vec<String> {
        let text = fs::read_to_string(format!("{prefix}.measured.tsv")).unwrap();
        let rows = text.lines().filter(|line| line.starts_with("chrSim"));
        rows.map(str::to_owned).collect()
    };
    assert_eq!(rows(&out), rows(&again));
}

const POLYASTRENGTH: &str = "[network]\narchitecture = \"polyastrength\"\nfilters = 16\nwidth = 8
units = 4\nstrength = [16]
[optimiser]\nrule = \"nadam\"\nepochs = 3\nbatch = 20\nlearning_rate = 4e-3\nschedule = \"constant\"
[sites]\nfasta = \"sim/genome.fa\"\nsites = \"usage.tsv\"
[parts]\nby = \"contig\"\nvalidation = 0.3\ntest = 0.3
";

/// A table as `sites` writes it: planted sites have 90 reads, and 10 what lies 300 nt downstream, of
/// the same gene; introns play no part.
fn usage(folder: &Folder) {
    let genome = simulate(&folder.at("sim"), 240_000, 60, 6, 1);
    assert!(fs::metadata(genome).is_ok());
    let truth = fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let mut table = "contig\toffset\tstrand\treads\tgene\tfeature\n".to_owned();
    let rows = truth.lines().filter(|line| !line.starts_with('#'));
    for (number, row) in rows.enumerate() {
        let row: Vec<&str> = row.split('\t').collect();
        let (position, strand): (i64, _) = (row[1].parse().unwrap(), row[5]);
        let away = position + if strand == "+" { 300 } else { -300 };
        let mut add = |at: i64, reads: u32, feature: &str| {
            table += &format!("{}\t{at}\t{strand}\t{reads}\tG{number}\t{feature}\n", row[0]);
        };
        add(position, 90, "terminal_exon");
        add(away, 10, "extended_terminal_exon");
        add(position + 150, 500, "intron_composite");
    }
    folder.file("usage.tsv", table);
}

#[test]
fn polyastrength_is_trained_and_tested_on_usage_as_published() {
    let folder = Folder::new();
    usage(&folder);
    let config = config(&folder, "strength.toml", POLYASTRENGTH);
    let [one, three] = ["one.safetensors", "three.safetensors"].map(|name| folder.at(name));
    let train = |out: &str, threads: &str| {
        run(["train", "usage", "--config", &config, "-o", out, "-t", threads]);
        fs::read(out).unwrap()
    };
    assert!(train(&one, "1") == train(&three, "3"));
    let args = ["evaluate", "strength", "--config", &config, "--model", &one, "--part", "training"];
    let report = json(&args);
    let figures = &report["strength"][0];
    assert_eq!(figures["sites_with_usage"], report["scored"]);
    assert!(figures["auroc_of_differences"].as_f64().unwrap() > 0.8, "{report}");
    assert!(figures["usage_spearman"].as_f64().unwrap() > 0.3, "{report}");
    // What the whole table says of a known model, and what its parts do.
    let default = ["evaluate", "strength", "--config", &config, "--model", "default-strength"];
    let count = |part: &str| {
        let report = json(&[&default[..], &["--part", part]].concat());
        report["strength"][0]["sites_with_usage"].as_u64().unwrap()
    };
    let parts: u64 = ["training", "validation", "test"].map(count).iter().sum();
    let table = folder.at("usage.tsv");
    let genome = folder.at("sim/genome.fa");
    let whole = json(&[
        "evaluate",
        "strength",
        "--fasta",
        &genome,
        "--sites",
        &table,
        "--counts",
        "reads",
        "--model",
        "default-strength",
    ]);
    assert_eq!(whole["strength"][0]["sites_with_usage"], parts);
    refuse(default.iter().chain(&["--sites", &table]), 2, &["--config", "--sites"]);
}

#[test]
fn what_makes_no_windows_is_refused() {
    let folder = Folder::new();
    measured(&folder);
    let out = folder.at("w.safetensors");
    for (from, to, told) in [
        ("validation = 0.2", "validation = 0.9", ["[parts]", "below 1 together"]),
        ("[parts]", "[positives]\noffsets = [5, -5]\n[parts]", ["[positives]", "must ascend"]),
        ("[parts]", "[negatives]\ndistance = [10, 20]\n[parts]", ["[negatives]", "distance"]),
        ("plus.bw", "tsv", ["out.measured.tsv", "not a bigWig"]),
        ("architecture = \"polyaid\"", "architecture = \"polyaids\"", ["polyaids", "unknown"]),
        ("batch = 100", "batch = 1000000", ["windows train", "1000000"]),
    ] {
        assert!(POLYAID.contains(from));
        let config = config(&folder, "wrong.toml", &POLYAID.replacen(from, to, 1));
        refuse(["train", "windows", "--config", &config, "-o", &out], 1, &told);
    }
    assert!(!names(&folder.at("")).contains(&"w.safetensors".to_owned()));
}
