//! A killed scan goes on where it was, and ends with the bytes of one that was not killed.
#![cfg(unix)]

use std::fs;

use crate::support::*;

const FILES: [&str; 5] = [
    "sites.bed",
    "plus.cleavage.bw",
    "plus.probability.bw",
    "minus.cleavage.bw",
    "minus.probability.bw",
];

/// A scan into a prefix, in small chunks.
fn scan(prefix: &str, arguments: &[&str]) -> Killable {
    let own = ["scan", "--resume", "-t", "2", "--chunk-size", "2048", "-o", prefix];
    Killable::new([&own[..], arguments].concat(), format!("{prefix}.checkpoint"))
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
    let scan = scan(&prefix, &[&[genome.as_str(), "--tracks"], &WEAK[..]].concat());
    // About what the whole checkpoint takes: 8 bytes for each of 600,000 positions.
    scan.kill_at_random_moments(10, 4_000_000, 17);
    assert!(!fs::exists(format!("{prefix}.sites.bed")).unwrap(), "results before the end");
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
    let scan = scan(&prefix, &[&[genome.as_str(), "--tracks"], &WEAK[..]].concat());
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
        let scan = scan(&prefix, &[&[genome.as_str(), "--tracks"], &WEAK[..]].concat());
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
        let mut scan = scan(&prefix, &args);
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
    let scan = scan(&prefix, &[&genome]);
    scan.stop_at(20_000, "-KILL").expect("killed on its way");
    let kept = fs::read(&scan.checkpoint).unwrap();
    let other = simulate(&folder.at("other"), 600_000, 60, 3, 12);
    let genes = folder.at("sim/genes.gtf");
    let model = small_model(&folder);
    for (args, told) in [
        (&[other.as_str()][..], "genome: it has sha256"),
        (
            &[&genome, "--model", &model, "--strength-model", "default-strength"],
            "model: it has default",
        ),
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
    let said = String::from_utf8_lossy(&output).into_owned();
    assert!(said.contains("goes on from"), "{said}");
    refuse(["scan", &genome, "--resume", "-o", "-"], 2, &["--resume", "prefix"]);
    let foreign = folder.file("y.checkpoint", "mine");
    refuse(["scan", &genome, "--resume", "-o", &folder.at("y")], 1, &[&foreign, "no file of"]);
    assert_eq!(fs::read(&foreign).unwrap(), b"mine");
}
