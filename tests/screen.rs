//! `distil` makes a screen of a model, and `scan --screen` asks the model only for what it leaves in.

use std::collections::BTreeMap;
use std::fs;

use polyascan::models::screen::HeldOut;
use serde_json::Value;

use crate::support::*;

/// A genome, a small model and a screen of it.
struct Made {
    folder: Folder,
    genome: String,
    model: String,
    screen: String,
}

/// Little data, quickly learned.
const QUICK: [&str; 8] =
    ["--windows", "8000", "--calibration-windows", "12000", "--epochs", "6", "--channels", "16"];

fn distil(model: &str, genome: &str, screen: &str, more: &[&str]) {
    run([&["distil", model, "--genome", genome, "-o", screen], &QUICK[..], more].concat());
}

fn made() -> Made {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 60_000, 20, 2, 3);
    let model = small_model(&folder);
    let screen = folder.at("screen.safetensors");
    distil(&model, &genome, &screen, &[]);
    Made { folder, genome, model, screen }
}

impl Made {
    /// Scans with more arguments; returns the prefix.
    fn scan(&self, name: &str, more: &[&str]) -> String {
        let prefix = self.folder.at(name);
        run([&["scan", &self.genome, "--model", &self.model, "-o", &prefix], more].concat());
        prefix
    }

    /// What the screen's file says of it.
    fn card(&self) -> Value {
        let bytes = fs::read(&self.screen).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        serde_json::from_str(&header.metadata().as_ref().unwrap()["screen"]).unwrap()
    }
}

/// Sites by place.
fn by_place(prefix: &str) -> BTreeMap<(String, usize, char), Site> {
    let sites = sites_of(prefix).into_iter();
    sites.map(|site| ((site.chrom.clone(), site.start, site.strand), site)).collect()
}

#[test]
fn a_screened_scan_finds_the_calls_and_accounts_for_every_window() {
    let made = made();
    let exact = made.scan("exact", &[]);
    let screened = made.scan("screened", &["--screen", &made.screen]);
    let [all, some] = [&exact, &screened].map(|prefix| summary(prefix));
    let count = |summary: &Value, what: &str| summary["windows"][what].as_u64().unwrap();
    assert_eq!(count(&some, "scored") + count(&some, "screened"), count(&all, "scored"));
    assert!(count(&some, "screened") > 0, "{some:#}");
    assert_eq!(some["windows"]["skipped"], all["windows"]["skipped"]);
    assert!(all["windows"].get("screened").is_none() && all.get("screen").is_none());

    let card = made.card();
    let held_out = |what: &str| card["held_out"][what].as_f64().unwrap();
    assert!(held_out("kept_found") >= 0.999 * held_out("kept"), "{card:#}");
    assert!(held_out("calls_found") >= 0.999 * held_out("calls"), "{card:#}");
    assert!(held_out("kept") > 0.0 && held_out("computed") < held_out("windows"), "{card:#}");
    let recall = held_out("kept_found") / held_out("kept");
    assert_eq!(some["screen"]["recall_kept_windows"].as_f64(), Some(recall));
    assert_eq!(some["screen"]["held_out_windows"], card["held_out"]["windows"]);
    let bytes = fs::read(&made.screen).unwrap();
    let digest = polyascan::models::weight_file::sha256(&bytes);
    assert_eq!(some["screen"]["sha256"], digest.as_str());

    let (all, some) = (by_place(&exact), by_place(&screened));
    let found = some.iter().filter(|(place, _)| all.contains_key(place));
    let found: Vec<_> = found.collect();
    // Few calls were held out: no more is promised of the others.
    let held_out: HeldOut = serde_json::from_value(card["held_out"].clone()).unwrap();
    let promised = held_out.call_recall_at_least();
    assert!(promised > 0.5, "{card:#}");
    let share = found.len() as f64 / all.len() as f64;
    assert!(share >= promised, "{} of {}: {share} < {promised}", found.len(), all.len());
    for (place, site) in found {
        // The window centred on a call is computed exactly, whether it passes or not.
        assert_eq!(site.probability, all[place].probability, "{place:?}");
    }
}

#[test]
fn a_screen_is_a_function_of_model_genome_and_options() {
    let made = made();
    let again = made.folder.at("again.safetensors");
    distil(&made.model, &made.genome, &again, &["-t", "1"]);
    assert!(
        fs::read(&again).unwrap() == fs::read(&made.screen).unwrap(),
        "another run, another screen"
    );
    distil(&made.model, &made.genome, &again, &["--seed", "2"]);
    assert!(fs::read(&again).unwrap() != fs::read(&made.screen).unwrap(), "the seed does nothing");
}

#[test]
fn shards_and_a_resumed_scan_with_a_screen_give_the_scan_in_one_go() {
    let made = made();
    let screen = ["--screen", made.screen.as_str()];
    let whole = made.scan("whole", &screen);
    let small = made.scan("small", &[&screen[..], &["-t", "1", "--chunk-size", "700"]].concat());
    let sites = |prefix: &str| fs::read(format!("{prefix}.sites.bed")).unwrap();
    assert!(sites(&whole) == sites(&small), "chunks show");
    for shard in ["1/2", "2/2"] {
        made.scan("cut", &[&screen[..], &["--shard", shard]].concat());
    }
    let shards = ["1", "2"].map(|n| made.folder.at(&format!("cut.{n}-of-2.shard")));
    let merged = made.folder.at("merged");
    run(["merge", &shards[0], &shards[1], "-o", &merged]);
    assert!(sites(&whole) == sites(&merged), "shards show");
    let counts = |prefix: &str| summary(prefix)["windows"].clone();
    assert_eq!(counts(&whole), counts(&merged));

    // The same shard without a screen, or with another, is of another scan.
    let without = made.scan("without", &["--shard", "2/2"]);
    let other = format!("{without}.2-of-2.shard");
    refuse(["merge", &shards[0], &other, "-o", &merged], 1, &["screen: it has"]);
}

#[test]
fn a_screen_of_something_else_is_refused() {
    let made = made();
    let out = made.folder.at("refused");
    let refused = |code: i32, more: &[&str], told: &str| {
        refuse([&["scan", &made.genome, "-o", &out], more].concat(), code, &[told]);
    };
    let (model, screen) = (made.model.as_str(), made.screen.as_str());
    refused(1, &["--screen", screen], "it screens the windows of small");
    let ours = ["--model", model, "--screen", screen];
    for (option, lower) in [("--min-probability", "0.4"), ("--min-centre-cleavage", "0.01")] {
        let told = format!("it was calibrated for {option}");
        refused(1, &[&ours[..], &[option, lower]].concat(), &told);
        // What is above the threshold of the screen is above this one.
        made.scan("higher", &[&ours[2..], &[option, "0.6"]].concat());
    }
    let told = "--tracks and --hub show the classification";
    refused(2, &[&ours[..], &["--tracks"]].concat(), told);
    let told = "no screen: its metadata has no entry `screen`";
    refused(1, &["--model", model, "--screen", model], told);
}

#[test]
fn a_scan_that_is_anchored_on_signals_takes_no_screen() {
    let Made { folder, genome, .. } = made();
    let model = crate::anchor::model(&folder);
    let screen = folder.at("frames.safetensors");
    let few = ["--windows", "4096", "--calibration-windows", "2000", "--epochs", "1"];
    let low = ["--min-probability", "0", "--min-centre-cleavage", "0"];
    run([&["distil", &model, "--genome", &genome, "-o", &screen], &few[..], &low].concat());
    let scan = ["scan", &genome, "--model", &model, "--screen", &screen, "-o", &folder.at("out")];
    let told = "--anchor signal takes the place of a screen";
    refuse([&scan[..], &["--anchor", "signal"]].concat(), 2, &[told]);
    run(scan);
}

#[test]
fn what_cannot_be_distilled_is_refused_before_any_work() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 20_000, 4, 1, 1);
    let out = folder.at("screen.safetensors");
    let refused = |model: &str, genome: &str, more: &[&str], told: &str| {
        refuse([&["distil", model, "--genome", genome, "-o", &out], more].concat(), 1, &[told]);
    };
    refused("default-strength", &genome, &[], "it predicts strength");
    let short = folder.file("short.fa", fasta([("c", "ACGT".repeat(200).as_str())]));
    refused("default", &short, &[], "too short to learn from one part");
    refused("default", &genome, &["--channels", "20"], "channels = 20: must be a multiple of 16");
    refused("default", &genome, &["--recall", "2"], "recall above 0 and at most 1");
    assert_eq!(names(&folder.at("")).iter().filter(|name| name.contains("screen")).count(), 0);
}
