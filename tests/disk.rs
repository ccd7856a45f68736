//! Full disks, read-only folders, slow and closed pipes, two runs into one prefix: an error that
//! says so, or patience; never half a file under a final name.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::*;

/// A small model and a small genome.
fn setting(folder: &Folder) -> (String, String) {
    (small_model(folder), simulate(&folder.at("sim"), 200_000, 40, 1, 1))
}

#[test]
fn a_disk_that_fills_up_during_a_scan_is_an_error_and_leaves_nothing() {
    let folder = Folder::new();
    let (model, genome) = setting(&folder);
    let disk = folder.folder("disk");
    let Some(_mounted) = Mounted::small(&disk) else { return };
    let prefix = format!("{disk}/x");
    for (more, left) in [
        (&["--tracks"][..], &[][..]),
        (&["--tracks", "--shard", "1/1"], &[]),
        (&["--tracks", "--resume"], &["x.checkpoint"]),
    ] {
        let args = ["scan", &genome, "--model", &model, "-o", &prefix];
        refuse([&args[..], more].concat(), 1, &[&disk, "No space left"]);
        assert_eq!(names(&disk), left, "{more:?}");
    }
}

#[test]
fn a_disk_that_fills_up_while_variants_are_scored_is_an_error_and_leaves_nothing() {
    let folder = Folder::new();
    let (_, genome) = setting(&folder);
    let vcf = many_variants(&folder);
    let disk = folder.folder("disk");
    let Some(_mounted) = Mounted::small(&disk) else { return };
    let output = format!("{disk}/x.vcf");
    for (more, left) in
        [(&[][..], &[][..]), (&["--shard", "1/1"], &[]), (&["--resume"], &["x.checkpoint"])]
    {
        let args = ["variants", &vcf, "--fasta", &genome, "-o", &output];
        refuse([&args[..], more].concat(), 1, &[&disk, "No space left"]);
        assert_eq!(names(&disk), left, "{more:?}");
    }
}

/// The variants of the simulated genome, many times, each time with another ID.
fn many_variants(folder: &Folder) -> String {
    let text = fs::read_to_string(folder.at("sim/variants.vcf")).unwrap();
    let (header, records): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    let mut text = header.join("\n") + "\n";
    for i in 0..200_u64 {
        // Digits that do not compress away.
        let digits = |n: u64| format!("\tr{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let named = |(n, line): (usize, &&str)| {
            line.replacen("\tvar_", &(digits(i << 32 | n as u64) + "_"), 1) + "\n"
        };
        text.extend(records.iter().enumerate().map(named));
    }
    folder.file("many.vcf", text)
}

/// Wherever the disk is full, also between the completion of two files, all outputs are new or all
/// old.
#[test]
fn a_disk_that_is_full_at_the_end_leaves_the_outputs_of_an_earlier_run() {
    let folder = Folder::new();
    let (_, genome) = setting(&folder);
    let vcf = folder.at("sim/variants.vcf");
    let (disk, mut failed) = (folder.folder("disk"), 0);
    let outputs = ["x.summary.json", "x.tsv", "x.vcf"];
    // A page for each old file and for the lock, and more.
    for kib in (20..=160).step_by(10) {
        let Some(_mounted) = Mounted::of(&disk, kib) else { return };
        outputs.iter().for_each(|name| fs::write(format!("{disk}/{name}"), "old").unwrap());
        let (output, table) = (format!("{disk}/x.vcf"), format!("{disk}/x.tsv"));
        let args = ["variants", &vcf, "-f", &genome, "-o", &output, "--tsv", &table, "-q"];
        let done = polyascan().args(args).output().unwrap().status.success();
        let is_old = |name: &str| fs::read(format!("{disk}/{name}")).unwrap() == b"old";
        assert_eq!(names(&disk), outputs, "{kib} KiB");
        assert!(outputs.iter().all(|name| is_old(name) != done), "{kib} KiB");
        failed += u32::from(!done);
    }
    assert!((3..15).contains(&failed), "{failed} of 15 failed");
    // A table that cannot be completed leaves no VCF.
    let output = folder.at("y.vcf");
    let args = ["variants", &vcf, "-f", &genome, "-o", &output, "--tsv", "/dev/full"];
    refuse(args, 1, &["/dev/full"]);
    assert!(!fs::exists(&output).unwrap());
}

#[test]
fn a_closed_pipe_is_an_error_where_files_are_written_too() {
    let folder = Folder::new();
    let (_, genome) = setting(&folder);
    let vcf = many_variants(&folder);
    let (out, table, program) =
        (folder.at("o.vcf"), folder.at("o.tsv"), env!("CARGO_BIN_EXE_polyascan"));
    for outputs in [format!("-o {out} --tsv -"), format!("-o - --tsv {table}")] {
        let line = format!(
            "set -o pipefail; {program} variants {vcf} -f {genome} {outputs} | head -n 1 >/dev/null"
        );
        let output = Command::new("bash").args(["-c", &line]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("closed the pipe before the end"), "{message}");
        assert!(!fs::exists(&out).unwrap() && !fs::exists(&table).unwrap());
    }
}

#[test]
fn messages_that_nobody_can_read_end_nothing() {
    let folder = Folder::new();
    let (model, genome) = setting(&folder);
    for (i, stderr) in ["2>/dev/full", "2>&-"].into_iter().enumerate() {
        let prefix = folder.at(&format!("out{i}/x"));
        let program = env!("CARGO_BIN_EXE_polyascan");
        let line = format!("{program} scan {genome} --model {model} -o {prefix} {stderr}");
        assert!(Command::new("bash").args(["-c", &line]).status().unwrap().success());
        assert!(summary(&prefix)["windows"]["scored"].as_u64() > Some(0));
    }
}

#[test]
fn a_run_that_was_told_to_ignore_hangups_goes_on() {
    let folder = Folder::new();
    let (model, genome) = setting(&folder);
    let (program, prefix) = (env!("CARGO_BIN_EXE_polyascan"), folder.at("out/x"));
    let line = format!(
        "trap '' HUP; exec {program} scan - --model {model} -o {prefix} <{}",
        folder.at("pipe")
    );
    let pipe = Command::new("mkfifo").arg(folder.at("pipe")).status().unwrap();
    assert!(pipe.success());
    let mut child = Command::new("bash").args(["-c", &line]).spawn().unwrap();
    // Opens once the program is there to read.
    let mut input = fs::OpenOptions::new().write(true).open(folder.at("pipe")).unwrap();
    let lock = folder.at("out/.x.polyascan.lock");
    let begin = Instant::now();
    while !fs::exists(&lock).unwrap() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no lock");
        sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    std::io::copy(&mut fs::File::open(&genome).unwrap(), &mut input).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    assert!(summary(&prefix)["windows"]["scored"].as_u64() > Some(0));
}

/// A small file system.
struct Mounted(String);

impl Mounted {
    fn small(folder: &str) -> Option<Self> {
        Self::of(folder, 64)
    }

    fn of(folder: &str, kib: u32) -> Option<Self> {
        let (mut mount, size) = (Command::new("mount"), format!("size={kib}k"));
        mount.args(["-t", "tmpfs", "-o", &size, "none", folder]).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(folder.to_owned()));
        }
        eprintln!("skipped: no right to mount a small file system");
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn an_output_on_a_full_device_is_an_error() {
    let folder = Folder::new();
    let (model, genome) = setting(&folder);
    std::os::unix::fs::symlink("/dev/full", folder.at("x.sites.bed")).unwrap();
    let args = ["scan", &genome, "--model", &model, "-o", &folder.at("x")];
    refuse(args, 1, &["x.sites.bed", "No space left"]);
    let args = ["variants", &folder.at("sim/variants.vcf"), "--fasta", &genome, "-o", "/dev/full"];
    refuse(args, 1, &["/dev/full", "No space left"]);
}

#[test]
fn a_read_only_folder_is_refused_before_the_work() {
    let folder = Folder::new();
    let none = folder.at("none.fa");
    // Everything may be written by root, but in /proc.
    let shut = folder.folder("shut");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o555)).unwrap();
    let is_root = fs::write(format!("{shut}/probe"), "").is_ok();
    let prefix = if is_root { "/proc/self/x".to_owned() } else { format!("{shut}/x") };
    for more in [&[][..], &["--resume"], &["--shard", "1/2"]] {
        // Were the genome opened first, its absence would be told.
        let args = [&["scan", &none, "-o", &prefix], more].concat();
        refuse(args, 1, &[folder_of(&prefix), "cannot create"]);
        let output = format!("{prefix}.vcf");
        let args = [&["variants", &none, "--fasta", &none, "-o", &output], more].concat();
        refuse(args, 1, &[folder_of(&prefix), "cannot create"]);
    }
    let args = ["mutagenesis", "-r", "a", "--fasta", &none, "-o", &prefix];
    refuse(args, 1, &[folder_of(&prefix), "cannot create"]);
}

fn folder_of(prefix: &str) -> &str {
    prefix.rsplit_once('/').unwrap().0
}

#[test]
fn two_runs_into_one_prefix_are_refused() {
    let folder = Folder::new();
    let (model, genome) = setting(&folder);
    let prefix = folder.at("out/x");
    // Waits for its input for ever.
    let mut first = Command::new(env!("CARGO_BIN_EXE_polyascan"));
    first.args(["scan", "-", "-o", &prefix]).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut first = first.spawn().unwrap();
    let lock = folder.at("out/.x.polyascan.lock");
    let begin = Instant::now();
    while fs::read_to_string(&lock).unwrap_or_default().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no lock");
        sleep(Duration::from_millis(5));
    }
    let process = format!("process {} ", first.id());
    let args = ["scan", &genome, "--model", &model, "-o", &prefix];
    refuse(args, 1, &[&lock, &process, "another run"]);
    // Another prefix in the same folder, and the share of another process, are their own.
    run(["scan", &genome, "--model", &model, "-o", &folder.at("out/y")]);
    run([&args[..], &["--shard", "1/2"]].concat());
    first.kill().unwrap();
    first.wait().unwrap();
    // What a killed run has left is no lock.
    assert!(fs::exists(&lock).unwrap());
    run(args);
    assert!(!fs::exists(&lock).unwrap());
}

#[test]
fn variants_and_mutagenesis_hold_the_same_lock() {
    let folder = Folder::new();
    let (_, genome) = setting(&folder);
    // Waits for its input for ever.
    let mut first = Command::new(env!("CARGO_BIN_EXE_polyascan"));
    let output = folder.at("x.vcf.gz");
    first.args(["variants", "-", "--fasta", &genome, "-o", &output]);
    let mut first = first.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lock = folder.at(".x.polyascan.lock");
    let begin = Instant::now();
    while fs::read_to_string(&lock).unwrap_or_default().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no lock");
        sleep(Duration::from_millis(5));
    }
    let prefix = folder.at("x");
    for args in [
        &["scan", &genome, "-o", &prefix][..],
        &["variants", &genome, "--fasta", &genome, "-o", &folder.at("x.bcf")],
        &["mutagenesis", "-r", "chrSim1:500-501", "--fasta", &genome, "-o", &prefix],
    ] {
        refuse(args, 1, &[&lock, "another run"]);
    }
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn head_ends_a_run_with_exit_code_0() {
    let folder = Folder::new();
    let (model, genome) = setting(&folder);
    let vcf = many_variants(&folder);
    for (command, first) in [
        (format!("scan {genome} --model {model} --merge-distance 0 -o -"), "#chrom\tstart"),
        (format!("variants {vcf} --fasta {genome}"), "##fileformat"),
    ] {
        let program = env!("CARGO_BIN_EXE_polyascan");
        let line = format!("set -o pipefail; {program} {command} | head -n 1");
        let output = Command::new("bash").args(["-c", &line]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && message.is_empty(), "{message}");
        assert!(String::from_utf8_lossy(&output.stdout).starts_with(first));
    }
}

/// Address space that a scan with the small model gets, in KiB. The allocator reserves most of it.
const ADDRESS_SPACE: u64 = 2_000_000;

#[test]
fn a_stalled_writer_stalls_the_reader_not_the_heap() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let genome = simulate(&folder.at("sim"), 12_000_000, 1_000, 1, 1);
    let size = fs::metadata(&genome).unwrap().len();
    // A kept window at every position makes some megabytes of sites: more than pipes hold.
    let line = format!(
        "ulimit -v {ADDRESS_SPACE}; exec {} scan {genome} --model {model} -t 2 --chunk-size 4096 \
         --min-probability 0.4 --min-centre-cleavage 0 -o -",
        env!("CARGO_BIN_EXE_polyascan")
    );
    let mut child = Command::new("bash")
        .args(["-c", &line])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let of_process = |file: &str, key: &str| -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    // The first pass, which checks the file, takes `size`; then nobody reads the sites, and the
    // second one stands still before its end.
    let begin = Instant::now();
    let (mut read, mut still) = (0, 0);
    while still < 10 {
        assert!(begin.elapsed() < Duration::from_secs(100), "the reader does not stand still");
        sleep(Duration::from_millis(200));
        let now = of_process("io", "rchar:");
        still = if now == read && now > size { still + 1 } else { 0 };
        read = now;
    }
    assert!(read < 2 * size, "all of it was read: {read} of {size} bytes");
    let stalled = of_process("status", "VmHWM:");
    let mut stdout = child.stdout.take().unwrap();
    let mut text = String::new();
    // One page at a time.
    while stdout.by_ref().take(4096).read_to_string(&mut text).unwrap() > 0 {}
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.len() > 1_000_000 && text.ends_with('\n'));
    assert!(stalled < 200 * 1024, "{stalled} KiB");
}
