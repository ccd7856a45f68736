//! Memory is bounded by the settings, not by the genome.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::*;

/// Bound of any scan with two threads and the default chunks, in MiB.
const MOST: f64 = 300.0;
/// What a ten times larger genome, or part of it, may add in MiB: a fraction of the genome.
const MOST_GROWTH: f64 = 8.0;
/// Bound of a scan with little memory that writes tracks, however long, in MiB. 75-90 were seen.
const MOST_WITH_TRACKS: f64 = 160.0;
/// Bound of scoring a file of 150 MiB of variants, in MiB: 70 is what the program needs for few,
/// 110 were seen.
const MOST_WITH_VARIANTS: f64 = 160.0;
/// Little memory to begin with, so that growth would show.
const LITTLE: [&str; 6] = ["-t", "1", "--chunk-size", "4096", "--min-probability", "0.9"];

/// Runs the program and returns its peak resident memory in MiB, as read until just before its end.
fn peak(args: &[&str]) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
    let mut child = command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak: f64 = 0.0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        peak = kib.map_or(peak, |kib| kib / 1024.0);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    assert!(peak > 1.0, "memory was not measured");
    peak
}

#[test]
fn a_scan_in_which_every_window_is_kept_needs_less_than_300_mib() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 3_000_000, 100, 1, 1);
    let prefix = folder.at("out/x");
    let everything = ["--min-probability", "0", "--min-centre-cleavage", "0", "-t", "2"];
    let args = ["scan", &genome, "-r", "chrSim1:1-400,000", "--tracks", "-o", &prefix];
    let peak = peak(&[&args[..], &everything].concat());
    assert!(peak < MOST, "{peak:.0} MiB");
}

/// Scans a part of a simulated genome; returns the peak in MiB.
fn scan(folder: &Folder, genome: &str, region: &str, more: &[&str]) -> f64 {
    let (model, prefix) = (small_model(folder), folder.at("out/x"));
    let args = ["scan", genome, "--model", &model, "-r", region, "-o", &prefix];
    peak(&[&args[..], &LITTLE, more].concat())
}

#[test]
fn a_larger_genome_needs_no_more_memory() {
    let folder = Folder::new();
    let small = simulate(&folder.at("small"), 3_000_000, 100, 1, 1);
    let small = scan(&folder, &small, "chrSim1:2,000,000-2,300,000", &[]);
    let large = simulate(&folder.at("large"), 60_000_000, 1000, 1, 1);
    let large = scan(&folder, &large, "chrSim1:40,000,000-40,300,000", &[]);
    assert!(large < small + MOST_GROWTH, "3 Mb: {small:.0} MiB, 60 Mb: {large:.0} MiB");
}

#[test]
fn a_longer_scan_needs_no_more_memory() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 4_000_000, 100, 1, 1);
    let part = scan(&folder, &genome, "chrSim1:1-400,000", &[]);
    let whole = scan(&folder, &genome, "chrSim1", &[]);
    assert!(whole < part + MOST_GROWTH, "0.4 Mb: {part:.0} MiB, 4 Mb: {whole:.0} MiB");
    let tracks = scan(&folder, &genome, "chrSim1", &["--tracks"]);
    assert!(tracks < MOST_WITH_TRACKS, "{tracks:.0} MiB");
}

#[test]
fn a_file_of_many_variants_is_not_held_in_memory() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 100_000, 20, 1, 1);
    let text = std::fs::read_to_string(folder.at("sim/variants.vcf")).unwrap();
    let (header, records): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    // Effects are remembered: most records are quickly scored.
    let samples = "\tGT".to_owned() + &"\t0/1:12,30:42:99".repeat(50);
    let mut text = header.join("\n") + "\tFORMAT";
    (0..50).for_each(|i| text += &format!("\ts{i}"));
    let records = records.iter().map(|line| format!("{line}{samples}\n")).collect::<String>();
    let vcf = folder.file("in.vcf", text + "\n" + &records.repeat(4_000));
    let size = std::fs::metadata(&vcf).unwrap().len() >> 20;
    let peak =
        peak(&["variants", &vcf, "--fasta", &genome, "-t", "2", "-o", &folder.at("out.vcf")]);
    assert!(peak < MOST_WITH_VARIANTS && size > 140, "{peak:.0} MiB for {size} MiB");
}

#[test]
fn tracks_of_many_contigs_need_less_than_2_kib_each() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let sequence = crate::trust::letters(245, 7);
    // Before the first of these what is kept for reuse still grows.
    let needed = [12_000, 36_000].map(|number: usize| {
        let names: Vec<String> = (0..number).map(|i| format!("scaffold_{i}")).collect();
        let contigs = names.iter().map(|name| (name.as_str(), sequence.as_str()));
        let genome = folder.file("many.fa", fasta(contigs));
        let prefix = folder.at("out/x");
        let args = ["scan", &genome, "--model", &model, "--tracks", "-t", "1", "-q", "-o", &prefix];
        peak(&args)
    });
    let each = (needed[1] - needed[0]) * 1024.0 / 24_000.0;
    assert!(each < 2.0, "{each:.2} KiB a contig: {needed:?} MiB");
}
