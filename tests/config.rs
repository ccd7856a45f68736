//! Settings: the command line over the file over the defaults, and no misspelt entry is overlooked.

use crate::support::*;

fn settings(folder: &Folder, args: &[&str]) -> serde_json::Value {
    let genome = folder.file("genome.fa", ">chr1\nACGT\n");
    let prefix = folder.at("x");
    run(["scan", &genome, "-o", &prefix].iter().chain(args));
    let mut settings = summary(&prefix)["settings"].clone();
    // Its digest changes with the model.
    let strength = settings.as_object_mut().and_then(|all| all.remove("strength_model"));
    assert!(strength.unwrap().as_str().unwrap().starts_with("default-strength sha256="));
    settings
}

#[test]
fn the_published_thresholds_are_the_default() {
    let expected = serde_json::json!({
        "anchor": "window",
        "min_probability": 0.5,
        "min_centre_cleavage": 0.05,
        "background": 0.02,
        "min_posterior": 0.008,
        "merge_distance": 24,
        "known_within": 24,
        "chunk_size": 65536,
        "extension": 5000
    });
    assert_eq!(settings(&Folder::new(), &[]), expected);
}

#[test]
fn the_command_line_wins_over_the_file_and_the_file_over_the_defaults() {
    let folder = Folder::new();
    let text = "[scan]\nmin_probability = 0.9\nbackground = 0\n[annotation]\nextension = 100\n";
    let file = folder.file("x.toml", text);
    let expected = serde_json::json!({
        "anchor": "window",
        "min_probability": 0.25,
        "min_centre_cleavage": 0.05,
        "background": 0.0,
        "min_posterior": 0.008,
        "merge_distance": 24,
        "known_within": 24,
        "chunk_size": 65536,
        "extension": 100
    });
    assert_eq!(settings(&folder, &["--config", &file, "--min-probability", "0.25"]), expected);
}

#[test]
fn a_file_gives_the_same_sites_as_the_options_that_it_stands_for() {
    let folder = Folder::new();
    let (model, genome) = (small_model(&folder), simulate(&folder.at("sim"), 20_000, 4, 1, 1));
    let file = folder.file("x.toml", "[scan]\nmin_probability = 0.6\nbackground = 0.03\n");
    let scan = |args: &[&str]| {
        let bed = run(["scan", &genome, "--model", &model, "-o", "-"].iter().chain(args));
        sites(std::str::from_utf8(&bed).unwrap())
    };
    let by_option = scan(&["--min-probability", "0.6", "--background", "0.03"]);
    assert!(!by_option.is_empty());
    assert_eq!(scan(&["--config", &file]), by_option);
    assert_ne!(scan(&[]), by_option);
}

#[test]
fn unknown_entries_and_impossible_values_are_refused() {
    let folder = Folder::new();
    let genome = folder.file("genome.fa", ">chr1\nACGT\n");
    for (content, told) in [
        ("[scan]\nmin_probabilty = 0.9\n", "min_probabilty"),
        ("[scna]\nmin_probability = 0.9\n", "scna"),
        ("[scan]\nmin_probability = \"high\"\n", "string"),
        ("[scan]\nchunk_size = -5\n", "-5"),
        ("[scan\n", ""),
        ("[scan]\nmin_probability = 1.5\n", "between 0 and 1"),
        ("[scan]\nchunk_size = 0\n", "between 1 and"),
        ("[variants.rule]\nstrength = nan\n", "variants.rule.strength is NaN"),
        ("[variants.rule]\ndelta = -1.0\n", "between 0 and 100"),
    ] {
        let file = folder.file("x.toml", content);
        let prefix = folder.at("out");
        refuse(["scan", &genome, "--config", &file, "-o", &prefix], 1, &[&file, told]);
    }
    assert_eq!(names(&folder.at("")), ["genome.fa", "x.toml"]);
}
