//! What `make demo` shows: the embedded model on genomes that training never saw.

use serde_json::Value;

use crate::support::*;

/// Simulates, scans and compares; returns the comparison.
fn demo(seed: u64) -> Value {
    let folder = Folder::new();
    let genome = simulate(&folder.at("demo"), 200_000, 40, 1, seed);
    let (genes, out) = (folder.at("demo/genes.gtf"), folder.at("demo/sample"));
    run(["scan", &genome, "--annotation", &genes, "-o", &out]);
    let (truth, decoys) = (folder.at("demo/truth.bed"), folder.at("demo/decoys.bed"));
    let calls = format!("{out}.sites.bed");
    let args = ["evaluate", "calls", &calls, "--truth", &truth, "--decoys", &decoys, "--json"];
    serde_json::from_slice(&run(args)).unwrap()
}

#[test]
fn nine_in_ten_planted_sites_are_found_within_10_nt() {
    for seed in [1, 2, 3] {
        let report = demo(seed);
        assert_eq!(report["truth"], 40);
        assert!(report["found"].as_u64().unwrap() >= 36, "seed {seed}: {report}");
        assert!(report["median_distance"].as_f64().unwrap() <= 3.0, "seed {seed}: {report}");
        assert!(report["decoys_called"].as_array().unwrap().len() < 20, "seed {seed}: {report}");
        let parts = ["calls_at_truth", "calls_at_decoys", "calls_elsewhere"];
        let sum: u64 = parts.iter().map(|part| report[*part].as_u64().unwrap()).sum();
        assert_eq!(report["calls"], sum, "every call is counted once");
    }
}
