//! A killed scan goes on where it was, and ends with the bytes of one that was not killed.
#![cfg(unix)]

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

const FILES: [&str; 5] = [
    "sites.bed",
    "plus.cleavage.bw",
    "plus.probability.bw",
    "minus.cleavage.bw",
    "minus.probability.bw",
];

/// A scan that can be killed, and how large its checkpoint is.
struct Scan {
    arguments: Vec<String>,
    /// The file that shows how far it is.
    checkpoint: String,
}

impl Scan {
    fn new(prefix: &str, arguments: &[&str]) -> Self {
        let own = ["scan", "--resume", "-t", "2", "--chunk-size", "2048", "-o", prefix];
        let arguments = own.iter().chain(arguments).map(|&text| text.to_owned()).collect();
        Self { arguments, checkpoint: format!("{prefix}.checkpoint") }
    }

    fn start(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped()).spawn().unwrap()
    }

    fn finish(&self) -> String {
        let output = polyascan().args(&self.arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}");
        text
    }

    fn kept(&self) -> u64 {
        fs::metadata(&self.checkpoint).map_or(0, |file| file.len())
    }

    /// Starts the scan and sends `signal` once the checkpoint is larger than `size`; returns
    /// `None` if the scan was over before.
    fn stop_at(&self, size: u64, signal: &str) -> Option<Output> {
        let mut child = self.start();
        let begin = Instant::now();
        while self.kept() <= size && child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < Duration::from_secs(120), "the scan does not go on");
            sleep(Duration::from_millis(1));
        }
        let id = child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).stderr(Stdio::null()).status();
        let sent = sent.unwrap().success();
        let output = child.wait_with_output().unwrap();
        (sent && !output.status.success()).then_some(output)
    }
}

/// A genome that takes some seconds, and the results of a scan in one go.
fn setting(folder: &Folder) -> (String, Vec<Vec<u8>>) {
    let genome = simulate(&folder.at("sim"), 600_000, 60, 3, 11);
    let prefix = folder.at("whole/x");
    run([&["scan", &genome, "--tracks", "-o", &prefix], &WEAK[..]].concat());
    (genome, results(&prefix))
}

fn results(prefix: &str) -> Vec<Vec<u8>> {
    FILES.iter().map(|file| fs::read(format!("{prefix}.{file}")).unwrap()).collect()
}

#[test]
fn killed_at_ten_random_moments_and_resumed_a_scan_ends_with_the_same_bytes() {
    let folder = Folder::new();
    let (genome, expected) = setting(&folder);
    let prefix = folder.at("out/x");
    let scan = Scan::new(&prefix, &[&[genome.as_str(), "--tracks"], &WEAK[..]].concat());
    // About what the whole checkpoint takes: 8 bytes for each of 600,000 positions.
    let whole = 4_000_000;
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let mut moments: Vec<u64> = (0..10).map(|_| rng.random_range(0..whole * 9 / 10)).collect();
    moments.sort_unstable();
    let mut kills = 0;
    for moment in moments {
        // Somewhere in the chunk after that size, or while an older part is read back.
        let moment = moment.max(scan.kept());
        let Some(output) = scan.stop_at(moment, "-KILL") else { continue };
        assert_eq!(output.status.code(), None);
        assert!(!fs::exists(format!("{prefix}.sites.bed")).unwrap(), "results before the end");
        kills += 1;
    }
    assert_eq!(kills, 10, "the scan was over too early");
    let text = scan.finish();
    assert!(text.contains("goes on from") && text.contains("% was done"), "{text}");
    assert!(results(&prefix) == expected);
    // Nothing of the killed runs is left.
    assert_eq!(names(&folder.at("out")).len(), FILES.len() + 1, "{:?}", names(&folder.at("out")));
}

#[test]
fn half_a_chunk_at_the_end_of_a_checkpoint_is_done_again() {
    let folder = Folder::new();
    let (genome, expected) = setting(&folder);
    let prefix = folder.at("out/x");
    let scan = Scan::new(&prefix, &[&[genome.as_str(), "--tracks"], &WEAK[..]].concat());
    scan.stop_at(1_000_000, "-KILL").expect("killed on its way");
    let bytes = fs::read(&scan.checkpoint).unwrap();
    for rest in [&bytes[..bytes.len() - 7], &[&bytes[..], b"half a frame"].concat()] {
        fs::write(&scan.checkpoint, rest).unwrap();
        scan.finish();
        assert!(results(&prefix) == expected);
    }
}

#[test]
fn an_interrupted_scan_keeps_what_is_done_says_how_to_resume_and_goes_on() {
    let folder = Folder::new();
    let (genome, expected) = setting(&folder);
    for signal in ["-INT", "-TERM"] {
        let prefix = folder.at(&format!("out{signal}/x"));
        let scan = Scan::new(&prefix, &[&[genome.as_str(), "--tracks"], &WEAK[..]].concat());
        let output = scan.stop_at(1_000_000, signal).expect("interrupted on its way");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(text.contains("is kept in") && text.contains("the same command"), "{text}");
        assert!(text.contains(&scan.checkpoint), "{text}");
        assert_eq!(names(&folder.at(&format!("out{signal}"))), ["x.checkpoint"]);
        scan.finish();
        assert!(results(&prefix) == expected);
        assert!(!fs::exists(&scan.checkpoint).unwrap());
    }
}

#[test]
fn a_killed_shard_is_resumed_and_merged() {
    let folder = Folder::new();
    let (genome, expected) = setting(&folder);
    let prefix = folder.at("out/x");
    let mut shards = Vec::new();
    for index in ["1", "2"] {
        let share = format!("{index}/2");
        let args = [&[genome.as_str(), "--tracks", "--shard", &share], &WEAK[..]].concat();
        let mut scan = Scan::new(&prefix, &args);
        scan.checkpoint = format!("{prefix}.{index}-of-2.checkpoint");
        scan.stop_at(500_000, "-KILL").expect("killed on its way");
        scan.finish();
        assert!(!fs::exists(&scan.checkpoint).unwrap());
        shards.push(format!("{prefix}.{index}-of-2.shard"));
    }
    run(["merge", &shards[0], &shards[1], "-o", &prefix]);
    assert!(results(&prefix) == expected);
}

#[test]
fn a_checkpoint_of_another_scan_is_refused_and_what_changed_is_named() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 600_000, 60, 3, 11);
    let prefix = folder.at("out/x");
    let scan = Scan::new(&prefix, &[&genome]);
    scan.stop_at(1_000, "-KILL").expect("killed on its way");
    let kept = fs::read(&scan.checkpoint).unwrap();
    let other = simulate(&folder.at("other"), 600_000, 60, 3, 12);
    let genes = folder.at("sim/genes.gtf");
    let model = small_model(&folder);
    for (args, told) in [
        (&[other.as_str()][..], "genome: it has sha256"),
        (&[&genome, "--model", &model], "model: it has default"),
        (&[&genome, "--min-probability", "0.25"], "min_probability: it has 0.5, not 0.25"),
        (&[&genome, "--background", "0.03"], "background: it has 0.02, not 0.03"),
        (&[&genome, "--tracks"], "tracks: it has false, not true"),
        (&[&genome, "-r", "chrSim1"], "positions asked for"),
        (&[&genome, "--annotation", &genes, "--whole-genome"], "annotation: it has none"),
    ] {
        let args = [&["scan", "--resume", "-o", &prefix], args].concat();
        let message = refuse(args, 1, &[&scan.checkpoint, told, "delete the file"]);
        assert_eq!(message.matches("it has").count(), 1, "{message}");
    }
    assert!(fs::read(&scan.checkpoint).unwrap() == kept);
    // Threads, chunk size and compression of the output may change.
    let changed = ["scan", &genome, "--resume", "-o", &prefix, "-t", "1", "--bgzip"];
    let output = polyascan().args(changed).assert().success().get_output().stderr.clone();
    assert!(String::from_utf8_lossy(&output).contains("goes on from"));
    refuse(["scan", &genome, "--resume", "-o", "-"], 2, &["--resume", "prefix"]);
    let foreign = folder.file("y.checkpoint", "mine");
    refuse(["scan", &genome, "--resume", "-o", &folder.at("y")], 1, &[&foreign, "no file of"]);
    assert_eq!(fs::read(&foreign).unwrap(), b"mine");
}
