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
    let columns = "#name architecture task input_nt structure parameters sha256 licence source \
                   description";
    assert_eq!(rows[0].join(" "), columns);
    assert_eq!(rows[1][..5], ["default", "dense-scan", "sites", "240", "no"]);
    for row in &rows[1..] {
        assert!(row.len() == 10 && row[6].len() == 64 && row[5].parse::<u64>().is_ok(), "{row:?}");
    }
}

#[test]
fn each_card_is_shown_and_has_the_digest_of_the_list() {
    for row in text(&["models", "list"]).lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let card: toml::Table = text(&["models", "show", columns[0]]).parse().unwrap();
        assert_eq!(card["name"].as_str(), Some(columns[0]));
        assert_eq!(card["sha256"].as_str(), Some(columns[6]));
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
    let digest = list.lines().nth(1).unwrap().split('\t').nth(6).unwrap().to_owned();
    let model = small_model(&folder);
    let named = |model: &str| {
        let prefix = folder.at("x");
        run(["scan", &genome, "-o", &prefix, "--model", model]);
        let summary = summary(&prefix);
        (summary["model"]["name"].clone(), summary["model"]["sha256"].as_str().unwrap().to_owned())
    };
    assert_eq!(named("default"), ("default".into(), digest.clone()));
    let (name, of_small) = named(&model);
    assert!(name == "small" && of_small.len() == 64 && of_small != digest);
}

#[test]
fn converted_models_are_found_by_name_in_the_users_folder() {
    let folder = Folder::new();
    let (file, models) = (small_model(&folder), folder.folder("models"));
    std::fs::copy(&file, format!("{models}/mine.safetensors")).unwrap();
    let run = |args: &[&str]| {
        let assert = polyascan().env("POLYASCAN_MODELS", &models).args(args).assert();
        let output = assert.get_output();
        (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap())
    };
    assert!(run(&["models"]).1.contains("\nmine\tdense-scan\tsites\t240\t"));
    assert!(run(&["models", "show", "mine"]).1.contains("# says: probability (1), cleavage (50)"));
    let own = text(&["models", "verify"]);
    assert_eq!(run(&["models", "verify"]), (Some(0), own + "mine: ok\n"));
    let genome = folder.file("genome.fa", format!(">c\n{}\n", "ACGTT".repeat(49)));
    assert!(run(&["predict", &genome, "--model", "mine"]).1.contains("# model: mine dense-scan"));
    std::fs::write(format!("{models}/bad.safetensors"), b"junk").unwrap();
    let (code, list) = run(&["models"]);
    assert!(code == Some(0) && list.contains("\nbad\t.\t"), "{list}");
    std::fs::copy(&file, format!("{models}/default.safetensors")).unwrap();
    assert!(run(&["models"]).1.contains("hidden by the model of this name inside the program"));
    let (code, said) = run(&["models", "verify"]);
    assert!(code == Some(1) && said.contains("mine: ok") && said.contains("bad: "), "{said}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn conversion_into_the_users_folder_replaces_nothing_unasked() {
    let keras = shared("models/polyaid_keras_small_random.h5");
    let folder = Folder::new();
    let models = folder.at("new/models");
    let convert = |more: &[&str]| {
        let assert = polyascan()
            .env("POLYASCAN_MODELS", &models)
            .arg("convert")
            .arg(&keras)
            .args(more)
            .assert();
        assert.get_output().status.code()
    };
    assert_eq!(convert(&["--name", "polyaid"]), Some(0));
    assert_eq!(names(&models), ["polyaid.safetensors"]);
    assert_eq!(convert(&["--name", "polyaid"]), Some(2));
    assert_eq!(convert(&["--name", "polyaid", "--force"]), Some(0));
    for name in ["default", "..", ".hidden", "a b", "tab\tx", ""] {
        assert_eq!(convert(&["--name", name]), Some(2), "{name:?}");
    }
    assert_eq!(convert(&["--name", "x", "--alphabet", "ACGU"]), Some(2));
    assert_eq!(convert(&[]), Some(0));
    assert_eq!(names(&models), ["polyaid.safetensors", "polyaid_keras_small_random.safetensors"]);
}
