//! A scan writes what it promises: sites, summary, tracks, in the formats that other programs read.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

use rust_htslib::tbx::{self, Read as _};

use crate::support::*;

const HEADER: &str = "#chrom\tstart\tend\tname\tscore\tstrand\tprobability\tposterior\tcleavage\tcluster_start\t\
    cluster_end\tentropy\twindows\tsignal\tsignal_offset\tgene\tfeature\t\
    strength\tusage\texpressed\tknown\tknown_distance\tcalled";

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_scan_of_a_real_chromosome_writes_sites_summary_and_four_tracks() {
    let fasta = shared("data/human/chr9_public_test.fa.gz");
    let gtf = shared("data/human/chr9_public_test.gtf.gz");
    let folder = Folder::new();
    let prefix = folder.at("out/chr9");
    let (fasta, gtf) = (fasta.to_str().unwrap(), gtf.to_str().unwrap());
    let args = ["scan", fasta, "--annotation", gtf, "--whole-genome", "--tracks", "-o", &prefix];
    run(args.into_iter().chain(WEAK));
    let expected = [
        "chr9.minus.cleavage.bw",
        "chr9.minus.probability.bw",
        "chr9.plus.cleavage.bw",
        "chr9.plus.probability.bw",
        "chr9.sites.bed",
        "chr9.summary.json",
    ];
    assert_eq!(names(&folder.at("out")), expected);
    let sites = sites_of(&prefix);
    check_rows(&sites, 1_000_000);
    check_summary(&summary(&prefix), &sites);
    let mut scored = 0;
    for (strand, name) in [('+', "plus"), ('-', "minus")] {
        let track = |kind| track(&format!("{prefix}.{name}.{kind}.bw"), "9", 1_000_000);
        let (probability, cleavage) = (track("probability"), track("cleavage"));
        for value in probability.iter().chain(&cleavage).filter(|value| !value.is_nan()) {
            assert!((0.0..=1.0).contains(value));
        }
        scored += probability.iter().filter(|value| !value.is_nan()).count();
        for site in sites.iter().filter(|site| site.strand == strand) {
            assert!(near(f64::from(cleavage[site.start]), site.cleavage, 1e-6), "{}", site.line);
            let at_site = f64::from(probability[site.start]);
            assert!(at_site.is_nan() || near(at_site, site.probability, 1e-6), "{}", site.line);
        }
    }
    assert_eq!(summary(&prefix)["windows"]["scored"], scored);
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

fn check_rows(sites: &[Site], length: usize) {
    assert!(!sites.is_empty());
    for site in sites {
        let Site { chrom, start, end, strand, .. } = site;
        assert!(*end == start + 1 && *end <= length, "{}", site.line);
        assert_eq!(site.name, format!("{chrom}:{end}:{strand}"));
        assert!(['+', '-'].contains(strand), "{}", site.line);
        assert!((0.0..=1.0).contains(&site.probability), "{}", site.line);
        // The column is rounded to 6 digits, the score is not.
        let score = f64::from(site.score);
        let likelihood = site.posterior.unwrap_or(site.probability);
        assert!(near(score, 1000.0 * likelihood, 0.5005), "{}", site.line);
        assert!((0.0..=1.0).contains(&site.cleavage), "{}", site.line);
        assert!(site.cluster.contains(start) && site.cluster.end <= length, "{}", site.line);
        let most = (site.cluster.len() as f64).ln() + 1e-4;
        assert!((0.0..=most).contains(&site.entropy), "{}", site.line);
        assert!((1..=49).contains(&site.windows), "{}", site.line);
        let signal = site.signal.as_ref();
        assert!(
            signal.is_none_or(|(hexamer, offset)| {
                hexamer.len() == 6 && (10..=35).contains(offset)
            })
        );
    }
    let sorted = |pair: &[Site]| (pair[0].start, pair[0].strand) < (pair[1].start, pair[1].strand);
    assert!(sites.windows(2).all(sorted), "rows are not sorted");
}

fn check_summary(summary: &serde_json::Value, sites: &[Site]) {
    let count = |pointer: &str| summary.pointer(pointer).and_then(|n| n.as_u64()).unwrap();
    let skipped = ["n", "short_contig", "contig_edge", "no_signal"]
        .map(|why| count(&format!("/windows/skipped/{why}")));
    assert_eq!(count("/windows/requested"), 2_000_000);
    assert_eq!(count("/windows/requested"), count("/windows/scored") + skipped.iter().sum::<u64>());
    assert_eq!(count("/sites/total"), sites.len() as u64);
    for strand in ['+', '-'] {
        let there = sites.iter().filter(|site| site.strand == strand).count() as u64;
        assert_eq!(count(&format!("/sites/by_strand/{strand}")), there);
    }
    for (feature, n) in summary["sites"]["by_feature"].as_object().unwrap() {
        let there = sites.iter().filter(|site| site.feature == *feature).count();
        assert_eq!(*n, there, "{feature}");
    }
    assert_eq!(summary["sites"]["by_contig"]["9"], sites.len());
    assert_eq!(summary["fasta"]["bases"], 1_000_000);
    for digest in [&summary["fasta"]["sha256"], &summary["model"]["sha256"]] {
        assert_eq!(digest.as_str().map(str::len), Some(64));
    }
}

/// pandas, polars and pyranges read no BED with another line before it.
#[test]
fn the_first_line_names_the_columns_the_others_are_rows_and_the_summary_says_what_made_them() {
    let folder = Folder::new();
    let (fasta, prefix) = (simulate(&folder.at("sim"), 20_000, 4, 1, 1), folder.at("x"));
    run(["scan", &fasta, "-o", &prefix]);
    let text = fs::read_to_string(format!("{prefix}.sites.bed")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(HEADER));
    assert!(text.lines().count() > 1 && lines.all(|line| line.starts_with("chrSim1\t")));
    let summary = summary(&prefix);
    assert!(summary["command_line"].as_str().unwrap().contains(&fasta));
    assert_eq!(summary["fasta"]["path"], fasta.as_str());
    assert!(summary["settings"]["strength_model"].as_str().unwrap().contains("sha256="));
    for name in ["program", "version", "device"] {
        assert!(summary[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
}

#[test]
fn standard_output_holds_the_sites_file_and_nothing_else() {
    let folder = Folder::new();
    let (model, fasta) = (small_model(&folder), simulate(&folder.at("sim"), 20_000, 4, 2, 1));
    let (prefix, there) = (folder.at("out/x"), folder.folder("here"));
    let args = ["scan", &fasta, "--model", &model, "-o"];
    run(args.into_iter().chain([prefix.as_str()]));
    let assert = polyascan().current_dir(&there).args(args).arg("-").assert().success();
    let file = fs::read(format!("{prefix}.sites.bed")).unwrap();
    assert!(assert.get_output().stdout == file);
    assert!(!sites_of(&prefix).is_empty());
    assert!(names(&there).is_empty());
}

#[test]
fn a_genome_on_standard_input_gives_the_same_sites() {
    let folder = Folder::new();
    let (model, fasta) = (small_model(&folder), simulate(&folder.at("sim"), 20_000, 4, 2, 1));
    let expected = run(["scan", &fasta, "--model", &model, "-o", "-"]);
    let expected = sites(std::str::from_utf8(&expected).unwrap());
    for bytes in [fs::read(&fasta).unwrap(), bgzip(&fs::read(&fasta).unwrap())] {
        let mut command = polyascan();
        command.args(["scan", "-", "--model", &model, "-o", "-"]).write_stdin(bytes);
        let found = command.assert().success().get_output().stdout.clone();
        assert_eq!(sites(std::str::from_utf8(&found).unwrap()), expected);
    }
}

#[test]
fn a_closed_pipe_ends_the_scan_with_exit_code_0() {
    let folder = Folder::new();
    let (model, fasta) = (small_model(&folder), simulate(&folder.at("sim"), 2_000_000, 40, 1, 1));
    let mut child = Command::new(env!("CARGO_BIN_EXE_polyascan"))
        .args(["scan", &fasta, "--model", &model, "-o", "-", "-t", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{message}");
    assert!(message.is_empty(), "{message}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let folder = Folder::new();
    let (model, fasta) = (small_model(&folder), simulate(&folder.at("sim"), 20_000, 4, 1, 1));
    let output = Command::new(env!("CARGO_BIN_EXE_polyascan"))
        .args(["scan", &fasta, "--model", &model, "-o", "-"])
        .stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("No space left"), "{message}");
}

#[test]
fn a_compressed_sites_file_can_be_queried_by_region() {
    let folder = Folder::new();
    let (model, fasta) = (small_model(&folder), simulate(&folder.at("sim"), 100_000, 20, 3, 1));
    let (plain, indexed) = (folder.at("out/plain"), folder.at("out/indexed"));
    run(["scan", &fasta, "--model", &model, "-o", &plain]);
    run(["scan", &fasta, "--model", &model, "-o", &indexed, "--bgzip"]);
    let there = names(&folder.at("out"));
    let expected = ["indexed.sites.bed.gz", "indexed.sites.bed.gz.tbi", "indexed.summary.json"];
    assert_eq!(there[..3], expected);
    let rows = sites_of(&plain);
    let mut reader = tbx::Reader::from_path(format!("{indexed}.sites.bed.gz")).unwrap();
    for (contig, start, end) in
        [("chrSim1", 0, 40_000), ("chrSim2", 9_000, 9_500), ("chrSim3", 30_000, 33_333)]
    {
        let inside = |site: &&Site| site.chrom == contig && (start..end).contains(&site.start);
        let expected: Vec<&str> =
            rows.iter().filter(inside).map(|site| site.line.as_str()).collect();
        assert!(!expected.is_empty(), "{contig}:{start}-{end}");
        reader.fetch(reader.tid(contig).unwrap(), start as u64, end as u64).unwrap();
        let found: Vec<String> =
            reader.records().map(|row| String::from_utf8(row.unwrap()).unwrap()).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn every_window_is_scored_or_skipped_for_a_reason() {
    let folder = Folder::new();
    let mut letters = read_fasta(&simulate(&folder.at("sim"), 20_000, 4, 1, 1)).remove(0).1;
    letters.truncate(600);
    let gap = format!("{}{}{}", &letters[..150], "N".repeat(300), &letters[..150]);
    let records = [
        ("empty", ""),
        ("short", &letters[..239]),
        ("one", &letters[..240]),
        ("gap", &gap),
        ("long", &letters[..]),
    ];
    let (model, prefix) = (small_model(&folder), folder.at("x"));
    let genome = folder.file("genome.fa", fasta(records));
    run(["scan", &genome, "--model", &model, "-o", &prefix]);
    let unknown = |window: &[u8]| window.iter().filter(|&&letter| letter == b'N').count() > 120;
    let n = 2 * gap.as_bytes().windows(240).filter(|window| unknown(window)).count();
    assert!(n > 0);
    let requested = 2 * (239 + 240 + 600 + 600);
    let scored = 2 * (1 + 361 + 361) - n;
    let expected = serde_json::json!({
        "requested": requested,
        "scored": scored,
        "skipped": { "n": n, "short_contig": 2 * 239, "contig_edge": 2 * 239 * 3, "no_signal": 0 }
    });
    assert_eq!(summary(&prefix)["windows"], expected);
}

#[test]
fn a_genome_without_any_window_gives_an_empty_but_valid_result() {
    let folder = Folder::new();
    let genome =
        folder.file("genome.fa", ">short\nACGTACGT\n>unknown\n".to_owned() + &"N".repeat(500));
    let prefix = folder.at("out/x");
    run(["scan", &genome, "--tracks", "--bgzip", "-o", &prefix]);
    let expected = ["x.sites.bed.gz", "x.sites.bed.gz.tbi", "x.summary.json"];
    assert_eq!(names(&folder.at("out")), expected);
    assert_eq!(summary(&prefix)["sites"]["total"], 0);
    assert_eq!(summary(&prefix)["windows"]["scored"], 0);
    assert_eq!(summary(&prefix)["notes"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_closed_pipe_ends_a_listing_with_exit_code_0() {
    for args in [&["models", "list"][..], &["models", "show", "default"], &["--help"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(0) && message.is_empty(), "{args:?}: {message}");
    }
}
