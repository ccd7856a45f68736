//! `--anchor signal` scores the windows with a known polyA signal in its place, as a scan of every
//! window does.

use std::collections::BTreeMap;

use polyascan::context::signal::SIGNALS;
use polyascan::models::aparent2::random::random;
use polyascan::models::aparent2::weights::Config;
use polyascan::models::weight_file::encode;

use crate::support::*;

/// Index of the signal's first base in an APARENT2 frame, and in a scan's window.
const IN_FRAME: usize = 70;
const IN_WINDOW: usize = 88;

/// A small APARENT2 with random weights.
pub fn model(folder: &Folder) -> String {
    let config = Config { channels: 16, blocks: 1, dilations: vec![1, 4], ..Config::published() };
    let sizes = serde_json::to_string(&config).unwrap();
    let metadata =
        BTreeMap::from([("architecture", "aparent2"), ("config", &sizes), ("format_version", "1")]);
    folder.file("small.safetensors", encode(&random(&config, 3), &metadata).unwrap())
}

fn genome(folder: &Folder) -> (String, String) {
    let letters = read_fasta(&simulate(&folder.at("sim"), 20_000, 4, 1, 1)).remove(0).1;
    let letters = letters[4_000..7_000].to_uppercase();
    (folder.file("genome.fa", fasta([("c", letters.as_str())])), letters)
}

fn has_signal(letters: &str) -> bool {
    SIGNALS.iter().any(|signal| letters.starts_with(signal))
}

fn reverse_complement(letters: &str) -> String {
    letters
        .chars()
        .rev()
        .map(|base| "ACGTN".chars().nth("TGCAN".find(base).unwrap()).unwrap())
        .collect()
}

#[test]
fn a_scan_of_signals_scores_them_as_a_scan_of_every_window_does() {
    let folder = Folder::new();
    let (model, (genome, letters)) = (model(&folder), genome(&folder));
    let scan = |anchor: &str| {
        let prefix = folder.at(anchor);
        run(["scan", &genome, "--model", &model, "--tracks", "-o", &prefix, "--anchor", anchor]);
        let tracks = ["plus", "minus"]
            .map(|name| track(&format!("{prefix}.{name}.probability.bw"), "c", letters.len()));
        (tracks, summary(&prefix))
    };
    let ((all, _), (signals, counts)) = (scan("window"), scan("signal"));
    let mut scored = 0;
    for (strand, shift) in [(0, 120), (1, 119)] {
        for centre in 120..letters.len() - 121 {
            let window = &letters[centre - shift..][..240];
            let window = if strand == 0 { window.to_owned() } else { reverse_complement(window) };
            let (one, other) = (all[strand][centre], signals[strand][centre]);
            assert!(!one.is_nan());
            if has_signal(&window[IN_WINDOW..]) {
                assert_eq!(one.to_bits(), other.to_bits(), "{centre}");
                scored += 1;
            } else {
                assert!(other.is_nan(), "{centre}");
            }
        }
    }
    assert!(scored > 20);
    let windows = &counts["windows"];
    let skipped = windows["skipped"]["no_signal"].as_u64().unwrap();
    assert_eq!(skipped + windows["scored"].as_u64().unwrap(), 2 * (letters.len() as u64 - 239));
}

#[test]
fn predict_prints_the_windows_with_a_signal_alone_if_asked_to() {
    let folder = Folder::new();
    let (model, (genome, letters)) = (model(&folder), genome(&folder));
    let rows = |anchor: &str| {
        let args = ["predict", &genome, "--model", &model, "--strand", "+", "--anchor", anchor];
        let text = String::from_utf8(run(args)).unwrap();
        let rows: Vec<String> =
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        rows
    };
    let wanted: Vec<String> = rows("window")
        .into_iter()
        .filter(|row| {
            let start: usize = row.split('\t').nth(1).unwrap().parse().unwrap();
            has_signal(&letters[start + IN_FRAME..])
        })
        .collect();
    assert!(wanted.len() > 10);
    assert_eq!(rows("signal"), wanted);
}

#[test]
fn models_that_are_not_anchored_on_signals_refuse_to_be() {
    let folder = Folder::new();
    let (genome, _) = genome(&folder);
    let told = ["not anchored on polyA signals", "--anchor window"];
    refuse(["scan", &genome, "--anchor", "signal", "-o", &folder.at("x")], 2, &told);
    refuse(["predict", &genome, "--anchor", "signal"], 2, &told);
}
