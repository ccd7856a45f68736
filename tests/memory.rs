//! Memory is bounded by the settings, not by the genome.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::*;

/// Bounds in MiB: of any scan, and of what a ten times larger genome may add.
const MOST: f64 = 300.0;
const MOST_GROWTH: f64 = 24.0;

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
fn a_scan_needs_little_memory_and_not_more_for_a_larger_genome() {
    let folder = Folder::new();
    let scan = |genome: &str, region: &str| {
        let prefix = folder.at("out/x");
        let args = ["scan", genome, "-r", region, "--tracks", "-t", "2", "-o", &prefix];
        peak(&[&args[..], &WEAK].concat())
    };
    let small = simulate(&folder.at("small"), 3_000_000, 100, 1, 1);
    let small = scan(&small, "chrSim1:2,000,000-2,300,000");
    let large = simulate(&folder.at("large"), 30_000_000, 1000, 1, 1);
    let large = scan(&large, "chrSim1:20,000,000-20,300,000");
    eprintln!("peak memory: 3 Mb {small:.0} MiB, 30 Mb {large:.0} MiB");
    assert!(large < MOST, "{large:.0} MiB");
    assert!(large < small + MOST_GROWTH, "3 Mb: {small:.0} MiB, 30 Mb: {large:.0} MiB");
}

#[test]
fn many_times_more_work_needs_no_more_memory() {
    let folder = Folder::new();
    let (model, genome) = (small_model(&folder), simulate(&folder.at("sim"), 4_000_000, 100, 1, 1));
    let scan = |region: &str| {
        let prefix = folder.at("out/x");
        let chunks = ["-t", "2", "--chunk-size", "16384", "--min-probability", "0.9"];
        let args = ["scan", &genome, "--model", &model, "-r", region, "--tracks", "-o", &prefix];
        peak(&[&args[..], &chunks].concat())
    };
    let (little, much) = (scan("chrSim1:1-500,000"), scan("chrSim1"));
    eprintln!("peak memory: 0.5 Mb {little:.0} MiB, 4 Mb {much:.0} MiB");
    assert!(much < little + MOST_GROWTH, "0.5 Mb: {little:.0} MiB, 4 Mb: {much:.0} MiB");
}
