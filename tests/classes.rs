//! `evaluate classes`: every sequence is accounted for, and the figures are those of the scores
//! that `predict` prints.

use polyascan::evaluate::metrics::{auprc, auroc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::support::*;

const READS: usize = 240;

fn sequences(n: usize, length: usize, seed: u64) -> Vec<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut letter = || char::from(b"ACGT"[rng.random_range(0..4)]);
    (0..n).map(|_| (0..length).map(|_| letter()).collect()).collect()
}

fn evaluate(arguments: &[&str]) -> Value {
    let arguments = [&["evaluate", "classes", "--json"], arguments].concat();
    serde_json::from_slice(&run(arguments)).unwrap()
}

/// The probabilities of windows, from `predict`.
fn scores(folder: &Folder, model: &str, windows: &[String]) -> Vec<f32> {
    let text = folder.file("windows.txt", windows.join("\n"));
    let table = run(["predict", &text, "--model", model, "--strand", "+"]);
    super::support::windows(&table).iter().map(|window| window.probability).collect()
}

#[test]
fn figures_are_those_of_the_predicted_scores() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let (positives, negatives) = (sequences(50, READS, 1), sequences(30, READS, 2));
    let p = folder.file("p.txt", positives.join("\n"));
    let n = folder.file("n.txt", negatives.join("\n"));
    let arguments = ["--positive", &p, "--negative", &n, "--model", &model, "--threshold", "0.4"];
    let found = evaluate(&arguments);
    let (p, n) = (scores(&folder, &model, &positives), scores(&folder, &model, &negatives));
    let above = |scores: &[f32]| scores.iter().filter(|score| **score > 0.4).count();
    let (hits, false_calls) = (above(&p), above(&n));
    assert_eq!(found["output"], "probability");
    let all = &found["all"];
    let close = |key: &str, expected: f64| {
        let found = all[key].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-12, "{key}: {found}, not {expected}");
    };
    close("auroc", auroc(&p, &n).unwrap());
    close("auprc", auprc(&p, &n).unwrap());
    close("sensitivity", hits as f64 / 50.0);
    close("specificity", (30 - false_calls) as f64 / 30.0);
    close("error_rate", (50 - hits + false_calls) as f64 / 80.0);
    assert_eq!((&all["positives"], &all["negatives"]), (&json!(50), &json!(30)));
    assert_eq!(found["files"][1]["called"], json!(false_calls));
}

#[test]
fn fasta_lines_tables_and_gzip_say_the_same() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let (positives, negatives) = (sequences(5, READS, 3), sequences(5, READS, 4));
    let named = |s: &[String]| fasta(s.iter().map(|sequence| ("x", sequence.as_str())));
    let table = |s: &[String]| {
        let rows: String = s.iter().map(|sequence| format!("A\t{sequence}\tz\n")).collect();
        format!("hexamer\tsequence\tmore\n{rows}")
    };
    let figures = |name: &str, layout: &dyn Fn(&[String]) -> Vec<u8>| {
        let p = folder.file(&format!("p.{name}"), layout(&positives));
        let n = folder.file(&format!("n.{name}"), layout(&negatives));
        let found = evaluate(&["--positive", &p, "--negative", &n, "--model", &model]);
        assert_eq!(found["files"][0]["scored"], 5);
        found["all"].clone()
    };
    let lines = figures("txt", &|s| s.join("\n").into_bytes());
    assert_eq!(figures("fa", &|s| named(s).into_bytes()), lines);
    assert_eq!(figures("tsv", &|s| table(s).into_bytes()), lines);
    assert_eq!(figures("tsv.gz", &|s| gzip(table(s).as_bytes())), lines);
    assert_eq!(figures("fa.bgz", &|s| bgzip(named(s).as_bytes())), lines);
}

#[test]
fn every_sequence_is_scored_or_skipped_with_a_reason() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let mut all = sequences(4, READS, 5);
    all[1].pop();
    all[2].push('A');
    all[3].replace_range(7..8, "!");
    let p = folder.file("p.txt", all.join("\n"));
    let found = evaluate(&["--positive", &p, "--negative", &p, "--model", &model]);
    let expected = json!({
        "file": p, "label": "positive", "read": 4, "scored": 1,
        "skipped": {"too short": 1, "too long": 1, "letter that is no nucleotide": 1},
        "called": found["files"][0]["called"], "error_rate": found["files"][0]["error_rate"],
    });
    assert_eq!(found["files"][0], expected);
    let table = run(["evaluate", "classes", "--positive", &p, "--negative", &p, "--model", &model]);
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains("\tpositive\t4\t1\t3 (letter that is no nucleotide: 1, too long: 1,"));
}

#[test]
fn an_anchor_cuts_the_window_out_of_longer_sequences() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let windows = [sequences(6, READS, 6), sequences(6, READS, 7)];
    let files = windows.clone().map(|windows| {
        let longer: Vec<String> = windows.iter().map(|w| format!("TTTTT{w}GGG")).collect();
        [windows.join("\n"), longer.join("\n")]
    });
    let write = |name: &str, text: &str| folder.file(name, text);
    let (p, n) = (write("p.txt", &files[0][0]), write("n.txt", &files[1][0]));
    let exact = evaluate(&["--positive", &p, "--negative", &n, "--model", &model]);
    let (p, n) = (write("pl.txt", &files[0][1]), write("nl.txt", &files[1][1]));
    let arguments = ["--positive", &p, "--negative", &n, "--model", &model, "--anchor-at"];
    assert_eq!(evaluate(&[&arguments[..], &["125"]].concat())["all"], exact["all"]);
    let late = [&["evaluate", "classes"], &arguments[..], &["129"]].concat();
    refuse(late, 1, &["6 too short"]);
    let early = [&["evaluate", "classes"], &arguments[..], &["119"]].concat();
    refuse(early, 2, &["--anchor-at 119", "120 nt"]);
}

#[test]
fn figures_are_broken_down_by_a_column() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let all = sequences(6, READS, 8);
    let table = |rows: &[String]| {
        let rows = rows.iter().zip(["AATAAA", "ATTAAA", "AATAAA"]);
        let rows: String = rows.map(|(s, hexamer)| format!("{hexamer}\t{s}\n")).collect();
        format!("hexamer\tsequence\n{rows}")
    };
    let p = folder.file("p.tsv", table(&all[..3]));
    let n = folder.file("n.tsv", table(&all[3..]));
    let arguments = ["--positive", &p, "--negative", &n, "--model", &model, "--by"];
    let by = &evaluate(&[&arguments[..], &["hexamer"]].concat())["by"];
    assert_eq!(by.as_object().unwrap().len(), 2);
    assert_eq!((&by["AATAAA"]["positives"], &by["ATTAAA"]["negatives"]), (&json!(2), &json!(1)));
    let unknown = [&["evaluate", "classes"], &arguments[..], &["motif"]].concat();
    refuse(unknown, 1, &[&p, "no column motif"]);
}

#[test]
fn an_output_of_several_values_is_refused() {
    let folder = Folder::new();
    let (model, p) = (small_model(&folder), folder.file("p.txt", sequences(1, READS, 9).join("")));
    let arguments = ["evaluate", "classes", "--positive", &p, "--negative", &p, "--model", &model];
    refuse(
        [&arguments[..], &["--output", "cleavage"]].concat(),
        1,
        &["no output cleavage of one value", "probability"],
    );
}

#[test]
fn figures_of_nothing_are_refused_with_the_reason() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let whole = folder.file("p.txt", sequences(3, READS, 1).join("\n"));
    let short = folder.file("n.txt", sequences(3, READS - 1, 2).join("\n"));
    let arguments = |p: &str, n: &str| {
        ["evaluate", "classes", "--model", &model, "--positive", p, "--negative", n]
            .map(str::to_owned)
    };
    let told = [short.as_str(), "none of 3", "3 too short", "--anchor-at"];
    refuse(arguments(&whole, &short), 1, &told);
    refuse(arguments(&short, &whole), 1, &told);
    let nan =
        arguments(&whole, &whole).into_iter().chain(["--threshold", "nan"].map(str::to_owned));
    refuse(nan, 2, &["--threshold NaN"]);
}

#[test]
fn a_table_has_every_scored_sequence_and_a_picture_its_curves() {
    let folder = Folder::new();
    let model = small_model(&folder);
    let mut all = sequences(6, READS, 8);
    all[1].pop();
    let p = folder.file("p.fa", fasta(all[..3].iter().map(|s| ("x", s.as_str()))));
    let n = folder.file("n.txt", all[3..].join("\n"));
    let [table, plot] = ["said.tsv", "curves.svg"].map(|name| folder.at(name));
    let args = ["--positive", &p, "--negative", &n, "--model", &model];
    let found = evaluate(&[&args[..], &["--predictions", &table, "--plot", &plot]].concat());
    let rows = crate::tables::rows(&table);
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["x", "x", "1", "2", "3"]);
    assert_eq!((&rows[0]["file"], &rows[4]["file"]), (&p, &n));
    let labels: Vec<&str> = rows.iter().map(|row| row["classes"].as_str()).collect();
    assert_eq!(labels, ["1", "1", "0", "0", "0"]);
    for row in &rows {
        let above = crate::tables::number(row, "probability") > 0.5;
        assert_eq!(row["predicted"], if above { "1" } else { "0" });
    }
    let auroc = found["all"]["auroc"].as_f64().unwrap();
    let svg = std::fs::read_to_string(&plot).unwrap();
    assert!(svg.contains(&format!("probability: AUROC {auroc:.4}")), "{svg}");
    let same = [&["evaluate", "classes"], &args[..], &["--predictions", &p]].concat();
    refuse(same, 2, &["same file"]);
    let lone = ["evaluate", "classes", "--positive", &p, "--model", &model];
    refuse(lone, 2, &["--positive without --negative"]);
    refuse(["evaluate", "classes", "--model", &model], 2, &["in one way"]);
}
