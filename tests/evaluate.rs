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
    for calls in ["top 0.5 per kb and strand", "top 1 per kb and strand", "scan, default"] {
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
        let auroc = ranking["auroc_classification"].as_f64().unwrap();
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
fn calibration_counts_balanced_windows_and_its_plot_every_bin() {
    let folder = Folder::new();
    let (model, genome, sites) = setting(&folder);
    let plot = folder.at("reliability.svg");
    let args = ["evaluate", "scan", "--fasta", &genome, "--sites", &sites, "--model", &model];
    let json = run(args.iter().chain(&["--json", "--plot", &plot]));
    let json: Value = serde_json::from_slice(&json).unwrap();
    let calibration = &json["classification"];
    let count = |value: &Value| value.as_u64().unwrap();
    // Both strands of two contigs, without the 239 windows that a contig's ends cut short.
    let windows: usize = read_fasta(&genome).iter().map(|(_, s)| 2 * (s.len() - 239)).sum();
    assert_eq!(json["kilobases_and_strands"], windows as f64 / 1000.0);
    // Five windows for each of the 9 sites of high evidence, and as many without a site.
    assert_eq!(calibration["positives"], 9 * 5);
    assert_eq!(calibration["windows"], 2 * 9 * 5);
    let bins = calibration["bins"].as_array().unwrap();
    for (key, total) in [("windows", 90), ("positives", 45)] {
        assert_eq!(bins.iter().map(|bin| count(&bin[key])).sum::<u64>(), total);
    }
    let filled: Vec<&Value> = bins.iter().filter(|bin| count(&bin["windows"]) > 0).collect();
    let off = |bin: &&Value| {
        let figure = |key: &str| bin[key].as_f64().unwrap();
        count(&bin["windows"]) as f64 * (figure("mean_prediction") - figure("observed")).abs()
    };
    let error: f64 = filled.iter().map(off).sum();
    let found = calibration["calibration_error"].as_f64().unwrap();
    assert!((found - error / 90.0).abs() < 1e-9);
    let svg = std::fs::read_to_string(plot).unwrap();
    assert_eq!(svg.matches("<circle").count(), filled.len());
    assert!(json["posterior"].is_null(), "the small model has no posterior");
    let text = String::from_utf8(run(args)).unwrap();
    assert!(text.contains("# calibration of classification: 90 windows, 45 with"), "{text}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn peers_that_do_not_classify_windows_are_ranked_on_the_same_places() {
    let published = shared("models/deerect_omni.npz");
    let folder = Folder::new();
    let (ours, genome, sites) = setting(&folder);
    let peer = folder.at("deerect.safetensors");
    run(["convert", published.to_str().unwrap(), &peer]);
    let evaluate = |model: &str, more: &[&str]| {
        let args = ["evaluate", "scan", "--fasta", &genome, "--sites", &sites, "--model", model];
        run(args.iter().chain(more))
    };
    let of =
        |model: &str| -> Value { serde_json::from_slice(&evaluate(model, &["--json"])).unwrap() };
    let (ours, theirs) = (of(&ours), of(&peer));
    for (a, b) in
        ours["rankings"].as_array().unwrap().iter().zip(theirs["rankings"].as_array().unwrap())
    {
        for key in ["tier", "negatives", "sites", "places"] {
            assert_eq!(a[key], b[key]);
        }
        assert!(b["auroc_classification"].is_number() && b["auroc_sharp"].is_null(), "{b}");
    }
    assert!(theirs.get("recall").is_none() && theirs.get("calibration").is_none());
    let text = String::from_utf8(evaluate(&peer, &[])).unwrap();
    assert!(
        text.contains("# sharp: not of this model") && text.contains("no calibration"),
        "{text}"
    );
    let args = ["evaluate", "scan", "--fasta", &genome, "--sites", &sites, "--model", &peer];
    refuse(args.iter().chain(&["--plot", "x.svg"]), 2, &["--plot", "no calibration"]);
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

#[test]
fn the_places_that_are_ranked_can_be_scored_by_others() {
    let folder = Folder::new();
    let (model, genome, sites) = setting(&folder);
    let places = folder.at("places.tsv");
    let args = ["evaluate", "scan", "--fasta", &genome, "--sites", &sites, "--model", &model];
    let report: Value =
        serde_json::from_slice(&run(args.iter().chain(&["--json", "--places", &places]))).unwrap();
    let text = std::fs::read_to_string(&places).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let header = ["contig", "offset", "strand", "kind", "tiers", "classification", "sharp"];
    assert_eq!(rows[0], header);
    for ranking in report["rankings"].as_array().unwrap() {
        let (tier, kind) =
            (ranking["tier"].as_str().unwrap(), ranking["negatives"].as_str().unwrap());
        let scores = |column: usize, of: &dyn Fn(&[&str]) -> bool| -> Vec<f64> {
            let rows = rows.iter().filter(|row| of(row));
            rows.map(|row| row[column].parse().unwrap()).collect()
        };
        for (column, key) in [(5, "auroc_classification"), (6, "auroc_sharp")] {
            let positives = scores(column, &|row| {
                row[3] == "site" && row[4].split(',').any(|name| name == tier)
            });
            let mut negatives = scores(column, &|row| row[3] == kind);
            assert_eq!(ranking["sites"], positives.len());
            negatives.truncate(20 * positives.len());
            assert_eq!(ranking["places"], negatives.len());
            let won: f64 = positives
                .iter()
                .flat_map(|a| {
                    negatives.iter().map(move |b| {
                        f64::from(u8::from(a > b)) + f64::from(u8::from(a == b)) / 2.0
                    })
                })
                .sum();
            let auroc = won / (positives.len() * negatives.len()) as f64;
            assert!((auroc - ranking[key].as_f64().unwrap()).abs() < 1e-9, "{tier} {kind} {key}");
        }
    }
    // 0-based, on the strand: the sites are those of the table.
    let measured = std::fs::read_to_string(&sites).unwrap();
    let first: Vec<&str> = measured.lines().nth(1).unwrap().split('\t').collect();
    assert_eq!(rows[1][..3], first[..3]);
    refuse(args.iter().chain(&["--places", &sites]), 2, &["same file"]);
}
