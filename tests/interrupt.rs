//! An interrupted command stops soon, with exit code 130, and leaves nothing behind.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::*;

/// A command under way, with its temporary files in a folder of its own.
struct Running {
    child: Child,
    temporary: String,
}

impl Running {
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let temporary = folder.folder("tmp");
        let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
        command.args(args).env("TMPDIR", &temporary);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self { child: command.spawn().unwrap(), temporary }
    }

    /// Waits until there are files whose names contain `part`, and a little longer.
    fn wait_for(&mut self, folder: &str, part: &str) {
        let begin = Instant::now();
        while !names(folder).iter().any(|name| name.contains(part)) {
            assert!(begin.elapsed() < Duration::from_secs(60), "no {part}");
            assert!(self.child.try_wait().unwrap().is_none(), "ended before {part}");
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_millis(200));
    }

    /// Sends a signal; the command must end soon, with `code` and without files.
    fn interrupt(mut self, signal: &str, out: &str) {
        assert!(self.child.try_wait().unwrap().is_none(), "ended before it was interrupted");
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let begin = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if begin.elapsed() > Duration::from_secs(20) {
                self.child.kill().unwrap();
                panic!("still running 20 s after {signal}");
            }
            sleep(Duration::from_millis(5));
        }
        let output = self.child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{message}");
        assert!(!message.contains("panicked"), "{message}");
        assert!(names(out).is_empty(), "{:?}", names(out));
        assert!(names(&self.temporary).is_empty(), "{:?}", names(&self.temporary));
    }
}

/// A genome that takes minutes.
fn genome(folder: &Folder) -> String {
    simulate(&folder.at("sim"), 30_000_000, 1000, 2, 1)
}

#[test]
fn a_scan_with_tracks_stops_on_ctrl_c() {
    let folder = Folder::new();
    let (genome, out) = (genome(&folder), folder.folder("out"));
    let prefix = format!("{out}/x");
    let args = ["scan", &genome, "--tracks", "-t", "2", "-o", &prefix];
    let mut scan = Running::start(&folder, &[&args[..], &WEAK].concat());
    scan.wait_for(&out, ".minus.probability.bw");
    scan.interrupt("-INT", &out);
}

#[test]
fn a_compressed_scan_stops_on_termination() {
    let folder = Folder::new();
    let (genome, out) = (genome(&folder), folder.folder("out"));
    let prefix = format!("{out}/x");
    let mut scan = Running::start(&folder, &["scan", &genome, "--bgzip", "-o", &prefix, "-t", "1"]);
    scan.wait_for(&out, ".sites.bed.gz.tbi");
    scan.interrupt("-TERM", &out);
}

#[test]
fn a_scan_that_waits_for_its_input_stops_on_ctrl_c() {
    let folder = Folder::new();
    let out = folder.folder("out");
    let prefix = format!("{out}/x");
    let mut scan = Running::start(&folder, &["scan", "-", "-o", &prefix]);
    scan.wait_for(&out, ".summary.json");
    scan.interrupt("-INT", &out);
}

#[test]
fn other_commands_stop_on_ctrl_c() {
    let folder = Folder::new();
    let (genome, out) = (genome(&folder), folder.folder("out"));
    let file = format!("{out}/table.tsv");
    let mut predict = Running::start(&folder, &["predict", &genome, "-t", "1", "-o", &file]);
    predict.wait_for(&out, ".table.tsv");
    predict.interrupt("-INT", &out);
}

#[test]
fn scoring_variants_stops_on_ctrl_c() {
    let folder = Folder::new();
    let (genome, out) = (genome(&folder), folder.folder("out"));
    let header = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let rows = (1_000..12_000_000).step_by(60).map(|at| {
        // None of them fits everywhere, so that each place has one that is scored.
        format!("chrSim1\t{at}\t.\tA\tC\t.\t.\t.\nchrSim1\t{at}\t.\tT\tG\t.\t.\t.\n")
    });
    let vcf = folder.file("many.vcf", header.to_owned() + &rows.collect::<String>());
    let file = format!("{out}/x.vcf.gz");
    let args = ["variants", &vcf, "--fasta", &genome, "-t", "1", "-o", &file];
    let mut variants = Running::start(&folder, &args);
    variants.wait_for(&out, ".x.vcf.gz");
    variants.interrupt("-TERM", &out);
}

#[test]
fn mutagenesis_stops_on_ctrl_c() {
    let folder = Folder::new();
    let (genome, out) = (genome(&folder), folder.folder("out"));
    let prefix = format!("{out}/x");
    let args =
        ["mutagenesis", "-f", &genome, "-r", "chrSim1", "-t", "1", "--plots", "3", "-o", &prefix];
    let mut mutagenesis = Running::start(&folder, &args);
    mutagenesis.wait_for(&out, ".minus.strongest.bw");
    mutagenesis.interrupt("-INT", &out);
}
