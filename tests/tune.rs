//! A search is the same for the same seed, goes on where it ended, and its best trial can be
//! trained.

use std::fs;

use crate::support::*;
use crate::train_classes::{config, setting};

const RANGES: &str = "\n[tune]\n\
    optimiser.learning_rate = { log = [1e-3, 1e-1] }\n\
    optimiser.dropout = { uniform = [0.0, 0.5] }\n\
    \"network.hidden\" = { integer = [4, 9] }\n\
    \"optimiser.rule\" = { choice = [\"adamw\", \"sgd\"] }\n";

/// Searches and returns table and best configuration.
fn search(folder: &Folder, config: &str, out: &str, more: &[&str]) -> (String, String) {
    let out = folder.at(out);
    run([&["tune", "signal", "--config", config, "-o", &out], more].concat());
    let read = |ending: &str| fs::read_to_string(format!("{out}.{ending}")).unwrap();
    (read("trials.tsv"), read("toml"))
}

#[test]
fn the_same_seed_gives_the_same_search_and_another_does_not() {
    let folder = setting(40, 40);
    let config = folder.file("c.toml", config(&folder, 2) + RANGES);
    let first = search(&folder, &config, "a", &["--trials", "4", "--seed", "5"]);
    assert!(search(&folder, &config, "b", &["--trials", "4", "--seed", "5"]) == first);
    let other = search(&folder, &config, "other", &["--trials", "4", "--seed", "6"]);
    assert!(other.0 != first.0);
    let table = &first.0;
    let header = table.lines().nth(1).unwrap();
    let columns = "trial\tnetwork.hidden\toptimiser.dropout\toptimiser.learning_rate\t\
        optimiser.rule\tkept_epoch\tmerit\tvalidation_loss\terror\tauroc";
    assert_eq!(header, columns);
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.split('\t').collect();
        let number = |at: usize| cells[at].parse::<f64>().unwrap();
        assert!((4.0..=9.0).contains(&number(1)) && (0.0..=0.5).contains(&number(2)), "{row}");
        assert!((1e-3..=1e-1).contains(&number(3)), "{row}");
        assert!(["\"adamw\"", "\"sgd\""].contains(&cells[4]), "{row}");
        assert_eq!(number(6), -number(7), "{row}");
    }
    assert_eq!(table.lines().count(), 6);
}

#[test]
fn a_search_goes_on_to_what_it_would_have_been() {
    let folder = setting(40, 40);
    let config = folder.file("c.toml", config(&folder, 2) + RANGES);
    let whole = search(&folder, &config, "whole", &["--trials", "5"]);
    search(&folder, &config, "w", &["--trials", "2"]);
    let args = ["tune", "signal", "--config", &config, "-o", &folder.at("w"), "--resume"];
    let output = polyascan().args(args).args(["--trials", "5"]).assert().success();
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(said.contains("trial 3: ") && !said.contains("trial 2: "), "{said}");
    let there = search(&folder, &config, "w", &["--trials", "5", "--resume"]);
    assert!(there == whole, "{} {}", there.0, whole.0);
    refuse([&args[..], &["--trials", "4"]].concat(), 1, &["5 trials are there"]);
    let other_seed = [&args[..], &["--trials", "5", "--seed", "2"]].concat();
    refuse(other_seed, 1, &["w.trials.tsv", "another search"]);
    let text = fs::read_to_string(&config).unwrap();
    folder.file("c.toml", text.replace("[0.0, 0.5]", "[0.0, 0.4]"));
    refuse([&args[..], &["--trials", "5"]].concat(), 1, &["the ranges have changed"]);
}

#[test]
fn the_best_configuration_trains_the_best_weights() {
    let folder = setting(60, 60);
    let config = folder.file("c.toml", config(&folder, 3) + RANGES);
    let kept = folder.at("kept.safetensors");
    let (table, best) = search(&folder, &config, "a", &["--trials", "4", "--weights", &kept]);
    let merits = table.lines().skip(2).map(|row| row.split('\t').nth(6).unwrap());
    let merits: Vec<f64> = merits.map(|merit| merit.parse().unwrap()).collect();
    let number = (0..4).reduce(|a, b| if merits[b] > merits[a] { b } else { a }).unwrap();
    assert!(best.starts_with(&format!("# Trial {} ", number + 1)), "{best} {table}");
    assert!(!best.contains("[tune"), "{best}");
    let weights = folder.at("again.safetensors");
    run(["train", "signal", "--config", &folder.at("a.toml"), "-o", &weights]);
    assert!(fs::read(weights).unwrap() == fs::read(kept).unwrap(), "other weights");
}

#[test]
fn a_trial_that_diverges_is_noted_and_the_others_go_on() {
    let folder = setting(40, 40);
    let text = config(&folder, 2)
        .replace("batch = 16", "batch = 16\nrule = \"sgd\"\ngradient_norm = 1e30");
    let ranges = "[tune]\noptimiser.learning_rate = { choice = [1e-2, 1e30] }\n";
    let config = folder.file("c.toml", text.clone() + ranges);
    let (table, best) = search(&folder, &config, "a", &["--trials", "8"]);
    let rows: Vec<Vec<&str>> = table.lines().skip(2).map(|row| row.split('\t').collect()).collect();
    let diverged = rows.iter().filter(|row| row[1].parse::<f64>().unwrap() > 1.0);
    assert!((1..8).contains(&diverged.clone().count()), "{table}");
    for row in diverged {
        assert_eq!(row[2..], ["NA"; 5], "{table}");
    }
    assert!(best.contains("learning_rate = 0.01"), "{best}");
    let never = folder.file("never.toml", text + &ranges.replace("1e-2, ", ""));
    let args = ["tune", "signal", "--config", &never, "-o", &folder.at("b"), "--trials", "2"];
    refuse(args, 1, &["no trial gave a model"]);
}

#[test]
fn wrong_searches_are_refused_before_the_first_trial() {
    let folder = setting(10, 10);
    let base = config(&folder, 1);
    let out = folder.folder("out");
    let prefix = format!("{out}/a");
    let wrong = |ranges: &str, told: &[&str]| {
        let config = folder.file("wrong.toml", format!("{base}\n{ranges}\n"));
        let args = ["tune", "signal", "--config", &config, "-o", &prefix, "--trials", "30"];
        let message = refuse(args, 1, told);
        assert!(!message.contains("epoch 1"), "{message}");
        assert!(names(&out).is_empty(), "{:?}", names(&out));
    };
    wrong("", &["[tune]", "nothing to tune"]);
    wrong("[tune]\noptimiser.rate = { log = [1, 2] }", &["unknown field `rate`", "trial 1"]);
    wrong("[tune]\noptimiser.batch = { integer = [0, 2] }", &["batch", "trial "]);
    wrong("[tune]\noptimiser.batch = { between = [1, 2] }", &["[tune]", "optimiser.batch"]);
    wrong("[tune]\nmodel.name.x = { choice = [1] }", &["model.name.x", "to set"]);
    wrong("[tune]\nnetwork.filters = { choice = [4, 6] }", &["multiple of 4", "filters = 6"]);
    let config = folder.file("c.toml", base + RANGES);
    let tune = |task: &str, more: &[&str], code: i32, told: &[&str]| {
        refuse([&["tune", task, "--config", &config, "--trials", "1"], more].concat(), code, told);
    };
    tune("binding", &["-o", &prefix], 1, &["[network]", "not binding"]);
    tune("signal", &["-o", &folder.at("none/a")], 1, &["none/a.trials.tsv"]);
    tune("signal", &["-o", &folder.at("c")], 2, &["c.toml", "same file"]);
    let weights = format!("{prefix}.safetensors");
    tune("signal", &["-o", &prefix, "--weights", &weights], 2, &["--output and --weights"]);
    assert!(names(&out).is_empty());
}
