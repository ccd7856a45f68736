//! The models inside the program are listed, described, and are what their cards say.

use crate::support::*;

fn text(args: &[&str]) -> String {
    String::from_utf8(run(args)).unwrap()
}

#[test]
fn the_list_names_every_model_and_is_the_default_action() {
    let list = text(&["models", "list"]);
    assert_eq!(text(&["models"]), list);
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["#name", "architecture", "task", "parameters", "sha256", "description"]);
    assert_eq!(rows[1][..3], ["default", "dense-scan", "sites"]);
    for row in &rows[1..] {
        assert!(row.len() == 6 && row[4].len() == 64 && row[3].parse::<u64>().is_ok(), "{row:?}");
    }
}

#[test]
fn each_card_is_shown_and_has_the_digest_of_the_list() {
    for row in text(&["models", "list"]).lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let card: toml::Table = text(&["models", "show", columns[0]]).parse().unwrap();
        assert_eq!(card["name"].as_str(), Some(columns[0]));
        assert_eq!(card["sha256"].as_str(), Some(columns[4]));
    }
}

#[test]
fn every_model_is_verified() {
    let list = text(&["models", "list"]);
    let expected: String = list
        .lines()
        .skip(1)
        .map(|row| format!("{}: ok\n", row.split('\t').next().unwrap()))
        .collect();
    assert_eq!(text(&["models", "verify"]), expected);
}

#[test]
fn results_name_the_digest_of_the_model_that_made_them() {
    let folder = Folder::new();
    let genome = folder.file("genome.fa", ">chr1\nACGT\n");
    let list = text(&["models", "list"]);
    let digest = list.lines().nth(1).unwrap().split('\t').nth(4).unwrap().to_owned();
    assert!(
        text(&["scan", &genome, "-o", "-"])
            .contains(&format!("## model: default sha256={digest}\n"))
    );
    let model = small_model(&folder);
    let bed = text(&["scan", &genome, "-o", "-", "--model", &model]);
    assert!(bed.contains("## model: small sha256=") && !bed.contains(&digest));
}
