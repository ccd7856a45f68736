//! An evaluation prints every tier against both kinds of negatives, as tables and as JSON.

use serde_json::Value;

use crate::support::*;

const TIERS: [&str; 4] = ["all", "high", "strong", "strong_hex"];

/// A simulated genome, and its true sites as a table with evidence.
fn setting(folder: &Folder) -> (String, String, String) {
    let genome = simulate(&folder.at("sim"), 60_000, 12, 2, 1);
    let truth = std::fs::read_to_string(folder.at("sim/truth.bed")).unwrap();
    let mut table = "contig\toffset\tstrand\ttype\tapadb_reads\tpolyasite_tpm\n".to_owned();
    for (i, row) in truth.lines().filter(|line| !line.starts_with('#')).enumerate() {
        let columns: Vec<&str> = row.split('\t').collect();
        let evidence =
            ["3'UTR(S)\t0\t0.0", "intron\t0\t0.0", "intron\t25\t0.0", "intron\t0\t1.5"][i % 4];
        table += &format!("{}\t{}\t{}\t{evidence}\n", columns[0], columns[1], columns[5]);
    }
    (small_model(folder), genome, folder.file("sites.tsv", table))
}

#[test]
fn all_tiers_and_both_negatives_are_printed() {
    let folder = Folder::new();
    let (model, genome, sites) = setting(&folder);
    let args = ["evaluate", "scan", "--fasta", &genome, "--sites", &sites, "--model", &model];
    let text = String::from_utf8(run(args)).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    for negatives in ["random", "hexamer"] {
        for (tier, count) in TIERS.iter().zip([12, 9, 6]) {
            let row = rows.iter().find(|row| row[0] == negatives && row[1] == *tier).unwrap();
            assert_eq!(row.len(), 8);
            assert_eq!(row[2], count.to_string(), "{row:?}");
            for value in &row[4..] {
                assert!((0.0..=1.0).contains(&value.parse::<f64>().unwrap()), "{row:?}");
            }
        }
    }
    for calls in
        ["top 0.5 per kb and strand", "top 1 per kb and strand", "scan, default thresholds"]
    {
        for tier in TIERS {
            assert!(rows.iter().any(|row| row[0] == calls && row[2] == tier), "{calls} {tier}");
        }
    }
}

#[test]
fn json_holds_the_same_figures() {
    let folder = Folder::new();
    let (model, genome, sites) = setting(&folder);
    let args = ["evaluate", "scan", "--fasta", &genome, "--sites", &sites, "--model", &model];
    let text = String::from_utf8(run(args)).unwrap();
    let json: Value = serde_json::from_slice(&run(args.iter().chain(&["--json"]))).unwrap();
    let rankings = json["rankings"].as_array().unwrap();
    assert_eq!(rankings.len(), 8);
    for ranking in rankings {
        let count = |key: &str| ranking[key].as_u64().unwrap();
        let auroc = ranking["auroc_p50"].as_f64().unwrap();
        let (negatives, tier) = (&ranking["negatives"], &ranking["tier"]);
        let row = format!(
            "{}\t{}\t{}\t{}\t{auroc:.3}\t",
            negatives.as_str().unwrap(),
            tier.as_str().unwrap(),
            count("sites"),
            count("places")
        );
        assert!(text.contains(&row), "{row}");
    }
    assert_eq!(json["model"], "small");
    assert_eq!(json["recall"].as_array().map(Vec::len), Some(16));
}

#[test]
fn a_genome_and_sites_that_do_not_belong_together_are_refused() {
    let folder = Folder::new();
    let (_, genome, _) = setting(&folder);
    for (content, told) in [
        ("chr99\t5\t6\tx\t0\t+\n", "chr99"),
        ("chrSim1\t99999999\t100000000\tx\t0\t+\n", "past the end"),
        ("chrSim1\tfive\t6\tx\t0\t+\n", "five"),
        ("chrSim1\t5\t6\n", "6-column BED"),
        ("contig\tstrand\nchrSim1\t+\n", "no column offset"),
    ] {
        let file = folder.file("wrong.bed", content);
        let args = ["evaluate", "scan", "--fasta", &genome, "--sites", &file];
        refuse(args, 1, &[&file, "line ", told]);
    }
}

#[test]
fn calls_are_compared_with_the_truth_in_both_forms() {
    let folder = Folder::new();
    simulate(&folder.at("sim"), 60_000, 12, 1, 1);
    let (truth, decoys) = (folder.at("sim/truth.bed"), folder.at("sim/decoys.bed"));
    let args = ["evaluate", "calls", &truth, "--truth", &truth, "--decoys", &decoys];
    let text = String::from_utf8(run(args)).unwrap();
    assert!(
        text.contains("# found 12 of 12 sites within 10 nt (100.0%), median distance 0.0 nt"),
        "{text}"
    );
    let json: Value = serde_json::from_slice(&run(args.iter().chain(&["--json"]))).unwrap();
    assert_eq!((&json["found"], &json["calls_at_truth"]), (&12.into(), &12.into()));
    assert_eq!(json["decoys_called"].as_array().map(Vec::len), Some(0));
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(12));
    let wrong = folder.file("wrong.bed", "chr1\t5\t6\n");
    refuse(["evaluate", "calls", &wrong, "--truth", &truth], 1, &[&wrong, "line 1", "strand"]);
}

#[test]
fn calls_find_sites_whose_contigs_are_named_the_other_way() {
    let folder = Folder::new();
    let calls = folder.file("calls.bed", "chr9\t103\t104\ta\t900\t+\n");
    let truth = folder.file("truth.bed", "9\t100\t101\ts\t0\t+\n");
    let text = run(["evaluate", "calls", &calls, "--truth", &truth, "--json"]);
    let report: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!((&report["found"], &report["calls_at_truth"]), (&Value::from(1), &Value::from(1)));
}

#[test]
fn calls_of_another_genome_and_empty_truths_are_refused() {
    let folder = Folder::new();
    let calls = folder.file("calls.bed", "chr9\t103\t104\ta\t900\t+\n");
    let other = folder.file("other.bed", "X\t100\t101\ts\t0\t+\n");
    refuse(["evaluate", "calls", &calls, "--truth", &other], 1, &["other.bed", "another genome"]);
    let empty = folder.file("empty.bed", "#nothing\n");
    refuse(["evaluate", "calls", &calls, "--truth", &empty], 1, &["empty.bed", "no sites"]);
}
