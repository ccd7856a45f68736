//! `evaluate variants`: every row is accounted for, and effects are differences of the model's own
//! outputs.

use std::fs;

use serde_json::Value;

use crate::support::*;

const HEADER: &str = "gene\twt_seq\tmaster_seq\tsnv_pos\tdelta_logodds_true\n";

/// A table of variants of one random sequence with its signal at 50, one per position given.
fn table(folder: &Folder, positions: &[usize]) -> String {
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 3);
    let (_, sequence) = &read_fasta(&genome)[0];
    let mut reference = sequence[300..464].to_owned();
    reference.replace_range(50..56, "AATAAA");
    let rows = positions.iter().map(|&position| {
        let mut variant = reference.clone();
        let base = if &reference[position..=position] == "C" { "G" } else { "C" };
        variant.replace_range(position..=position, base);
        format!("x\t{reference}\t{variant}\t{position}\t{}\n", position as f64 / -50.0)
    });
    folder.file("variants.tsv", HEADER.to_owned() + &rows.collect::<String>())
}

fn column(text: &str, row: usize, column: usize) -> f64 {
    text.lines().nth(row).unwrap().split('\t').nth(column).unwrap().parse().unwrap()
}

#[test]
fn figures_are_those_of_the_written_effects() {
    let folder = Folder::new();
    let positions = [10, 51, 54, 70, 90, 120];
    let (table, model) = (table(&folder, &positions), small_model(&folder));
    let (rows, plot) = (folder.at("effects.tsv"), folder.at("effects.svg"));
    let args = ["evaluate", "variants", &table, "--anchor", "50", "--model", &model];
    let more = ["--output", &rows, "--plot", &plot, "--json"];
    let report: Value = serde_json::from_slice(&run([&args[..], &more].concat())).unwrap();
    assert_eq!((&report["read"], &report["scored"]), (&6.into(), &6.into()));
    let text = fs::read_to_string(rows).unwrap();
    let header = "#line\tposition\treference\tvariant\tin_signal\tmeasured\t";
    let names = "classification_logodds\tcleavage_logodds";
    assert_eq!(text.lines().next(), Some(format!("{header}{names}").as_str()));
    assert_eq!(text.matches("\ttrue\t").count(), 2);
    for (figures, keep) in report["scores"].as_array().unwrap().iter().zip([0..6, 0..6]) {
        let outside = figures["variants"] == "outside_signal";
        let kept = keep.filter(|&i| !(outside && (50..56).contains(&positions[i])));
        let errors: Vec<f64> =
            kept.map(|i| (column(&text, i + 1, 5) - column(&text, i + 1, 6)).abs()).collect();
        assert_eq!(figures["count"], errors.len());
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let found = figures["mean_absolute_error"].as_f64().unwrap();
        assert!((found - mean).abs() < 1e-4, "{found}, not {mean}");
    }
    // The plot has a mark for each variant and each of the two names.
    let svg = fs::read_to_string(plot).unwrap();
    assert_eq!(svg.matches("<circle").count(), 8);
    let printed = String::from_utf8(run(args)).unwrap();
    assert!(printed.contains("\ncleavage_logodds\tall\t6\t"), "{printed}");
}

#[test]
fn rows_without_a_measurement_are_skipped_and_counted() {
    let folder = Folder::new();
    let (path, model) = (table(&folder, &[10, 20, 30]), small_model(&folder));
    let text = fs::read_to_string(&path).unwrap().replace("\t-0.4\n", "\tNA\n");
    let path = folder.file("some.tsv", gzip(text.as_bytes()));
    let args = ["evaluate", "variants", &path, "--anchor", "50", "--model", &model];
    let printed = String::from_utf8(run(args)).unwrap();
    assert!(printed.contains("3 read, 2 scored, 1 skipped (no measured change)"), "{printed}");
    let none = folder.file("none.tsv", HEADER);
    let args = ["evaluate", "variants", &none, "--anchor", "50", "--model", &model];
    refuse(args, 1, &[&none, "no measured variants"]);
}

#[test]
fn wrong_tables_and_overwritten_inputs_are_refused() {
    let folder = Folder::new();
    let (path, model) = (table(&folder, &[10]), small_model(&folder));
    let late = ["evaluate", "variants", &path, "--anchor", "160", "--model", &model];
    refuse(late, 1, &[&path, "line 2", "signal at 160"]);
    let args = ["evaluate", "variants", &path, "--anchor", "50", "--model", &model, "-o", &path];
    refuse(args, 2, &["same file"]);
    let bare = folder.file("bare.tsv", "wt_seq\tsnv_pos\n");
    let args = ["evaluate", "variants", &bare, "--anchor", "50", "--model", &model];
    refuse(args, 1, &[&bare, "line 1", "no column master_seq"]);
}

/// Half of the measured variants of Linder et al. 2022: its frame is the table's sequence, N where
/// the sequence has ended.
#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn aparent2_agrees_with_the_measured_variants_as_published() {
    let (table, keras) = (
        shared("data/variants/mpra_clinvar_snvs_dev.tsv"),
        shared("models/aparent2_resnet_no_clinvar_wt_ep_5.h5"),
    );
    let folder = Folder::new();
    let (table, keras) = (table.to_str().unwrap(), keras.to_str().unwrap());
    let model = folder.at("aparent2.safetensors");
    run(["convert", keras, &model]);
    let args = ["evaluate", "variants", table, "--anchor", "50", "--model", &model, "--json"];
    let report: Value = serde_json::from_slice(&run(args)).unwrap();
    assert_eq!((&report["read"], &report["scored"]), (&811.into(), &811.into()));
    let figures = report["scores"].as_array().unwrap();
    for (at, variants, count, expected) in
        [(0, "all", 811, 0.7183), (1, "outside_signal", 769, 0.2806)]
    {
        assert_eq!(
            (&figures[at]["score"], &figures[at]["variants"]),
            (&"logodds_narrow".into(), &variants.into())
        );
        assert_eq!(figures[at]["count"], count);
        let found = figures[at]["pearson_squared"].as_f64().unwrap();
        assert!((found - expected).abs() < 5e-4, "{variants}: {found}");
    }
}
