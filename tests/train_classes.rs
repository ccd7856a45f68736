//! Classifiers: training learns, goes on where it was killed, and reports what `evaluate` finds.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

/// Windows of 206 nt with AATAAA at 100; positives have TGTGT some 20 nt after it.
pub fn windows(count: usize, are_positives: bool, seed: u64) -> Vec<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let window = |_| {
        let letters = (0..206).map(|_| char::from(b"ACGT"[rng.random_range(0..4)]));
        let mut window: String = letters.collect();
        window.replace_range(100..106, "AATAAA");
        if are_positives {
            let at = rng.random_range(118..130);
            window.replace_range(at..at + 10, "TGTGTTGTGT");
        }
        window
    };
    (0..count).map(window).collect()
}

/// A configuration of a small network on the files p.txt and n.txt of the folder.
pub fn config(folder: &Folder, epochs: usize) -> String {
    format!(
        r#"
[model]
name = "tiny"
description = "for a test"
seed = 1
data = "{}"
[network]
architecture = "deerect"
filters = 8
hidden = 8
[optimiser]
epochs = {epochs}
batch = 16
learning_rate = 3e-3
dropout = 0.1
[data]
positives = ["p.txt"]
negatives = ["n.txt"]
"#,
        folder.at("")
    )
}

/// A folder with p.txt and n.txt.
pub fn setting(positives: usize, negatives: usize) -> Folder {
    let folder = Folder::new();
    folder.file("p.txt", windows(positives, true, 1).join("\n"));
    folder.file("n.txt", windows(negatives, false, 2).join("\n"));
    folder
}

/// Columns of a table by name, of all rows.
fn columns(table: &str, name: &str) -> Vec<String> {
    let mut lines = table.lines();
    let at = lines.next().unwrap().split('\t').position(|column| column == name).unwrap();
    lines.map(|line| line.split('\t').nth(at).unwrap().to_owned()).collect()
}

fn numbers(table: &str, name: &str) -> Vec<f64> {
    columns(table, name).iter().map(|cell| cell.parse().unwrap()).collect()
}

#[test]
fn sixty_four_random_windows_are_learned_by_heart() {
    let folder = Folder::new();
    folder.file("p.txt", windows(32, false, 1).join("\n"));
    folder.file("n.txt", windows(32, false, 2).join("\n"));
    let text = config(&folder, 80).replace("dropout = 0.1", "dropout = 0.0")
        + "validation_positives = [\"p.txt\"]\nvalidation_negatives = [\"n.txt\"]\n";
    let config = folder.file("c.toml", text);
    run(["train", "signal", "--config", &config, "-o", &folder.at("w.safetensors")]);
    let log = fs::read_to_string(folder.at("w.log.tsv")).unwrap();
    let losses = numbers(&log, "loss");
    assert!(losses[0] > 0.5 && losses[79] < 0.05, "{log}");
    assert_eq!(numbers(&log, "error")[79], 0.0);
}

#[test]
fn the_log_says_what_evaluate_finds_also_in_longer_windows() {
    let folder = setting(80, 60);
    let longer = |windows: Vec<String>| {
        let rows: String =
            windows.iter().map(|w| format!("AATAAA\t{}{w}GG\n", "T".repeat(200))).collect();
        gzip(format!("hexamer\tsequence\n{rows}").as_bytes())
    };
    for (name, are_positives, seed) in [("vp", true, 3), ("vn", false, 4)] {
        folder.file(&format!("{name}.tsv.gz"), longer(windows(40, are_positives, seed)));
        let trained = longer(windows(400, are_positives, seed + 2));
        folder.file(&format!("{}.tsv.gz", &name[1..]), trained);
    }
    let text = config(&folder, 20)
        .replace("p.txt", "p.tsv.gz")
        .replace("n.txt", "n.tsv.gz")
        .replace("hidden = 8", "hidden = 32")
        .replace("learning_rate = 3e-3", "learning_rate = 1e-3")
        + "anchor = 300\nvalidation_positives = [\"vp.tsv.gz\"]\nvalidation_negatives = [\"vn.tsv.gz\"]\n";
    let config = folder.file("c.toml", text);
    let weights = folder.at("w.safetensors");
    run(["train", "signal", "--config", &config, "-o", &weights]);
    let card: toml::Table = fs::read_to_string(folder.at("w.toml")).unwrap().parse().unwrap();
    let kept = card["training"]["kept_epoch"].as_integer().unwrap() as usize - 1;
    let log = fs::read_to_string(folder.at("w.log.tsv")).unwrap();
    let found = run([
        "evaluate",
        "classes",
        "--json",
        "--model",
        &weights,
        "--anchor-at",
        "300",
        "--positive",
        &folder.at("vp.tsv.gz"),
        "--negative",
        &folder.at("vn.tsv.gz"),
    ]);
    let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
    for (column, figure) in [("error", "error_rate"), ("auroc", "auroc")] {
        let said = numbers(&log, column)[kept];
        let found = found["all"][figure].as_f64().unwrap();
        assert!((said - found).abs() < 1e-4, "{figure}: the log says {said}, found {found}");
    }
    assert!(numbers(&log, "auroc")[kept] > 0.8, "{log}");
    let losses = numbers(&log, "validation_loss");
    assert!(losses.iter().all(|loss| *loss >= losses[kept]), "{log}");
}

/// Starts a training and kills it when a file has appeared, which must be before it made `result`.
fn killed_when(args: &[&str], appears: &str, result: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polyascan"));
    let mut child = command.args(args).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while !Path::new(appears).exists() {
        assert!(begin.elapsed() < Duration::from_secs(100), "no {appears}");
        assert!(child.try_wait().unwrap().is_none(), "ended before {appears}");
        sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!Path::new(result).exists(), "was not killed before its end");
}

#[test]
fn a_killed_run_goes_on_to_the_same_weights() {
    let folder = setting(150, 150);
    let config = folder.file("c.toml", config(&folder, 60));
    let [whole, weights] = ["whole.safetensors", "w.safetensors"].map(|name| folder.at(name));
    run(["train", "signal", "--config", &config, "-o", &whole]);
    let args = ["train", "signal", "--config", &config, "-o", &weights];
    killed_when(&args, &folder.at("w.checkpoint"), &weights);
    run([&args[..], &["--resume"]].concat());
    assert!(fs::read(&whole).unwrap() == fs::read(&weights).unwrap(), "other weights");
    let lines = |name: &str| fs::read_to_string(folder.at(name)).unwrap().lines().count();
    assert_eq!((lines("w.log.tsv"), lines("whole.log.tsv")), (61, 61));
    assert!(!names(&folder.at("")).iter().any(|name| name.contains("checkpoint")));
}

#[test]
fn a_killed_cross_validation_goes_on_to_the_same_table_and_weights() {
    let folder = setting(120, 90);
    let config = folder.file("c.toml", config(&folder, 40));
    let args = |out: &str| {
        ["train", "signal", "--folds", "3", "--keep-folds", "--config", &config, "-o", out]
            .map(str::to_owned)
    };
    let (whole, broken) = (folder.at("whole.safetensors"), folder.at("w.safetensors"));
    let printed = run(args(&whole));
    let table = fs::read(folder.at("whole.folds.tsv")).unwrap();
    assert!(printed == table);
    let words = args(&broken);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    killed_when(&words, &folder.at("w.fold2.checkpoint"), &folder.at("w.folds.tsv"));
    run([&words[..], &["--resume"]].concat());
    assert!(fs::read(folder.at("w.folds.tsv")).unwrap() == table, "another table");
    for fold in 1..=3 {
        let of =
            |name: &str| fs::read(folder.at(&format!("{name}.fold{fold}.safetensors"))).unwrap();
        assert!(of("whole") == of("w"), "fold {fold}");
    }
    assert!(!names(&folder.at("")).iter().any(|name| name.contains("checkpoint")));
    assert!(!Path::new(&whole).exists());
}

#[test]
fn every_example_is_scored_once_by_a_model_that_has_not_seen_it() {
    let folder = setting(70, 50);
    // Random labels cannot be told apart by who has not seen them.
    folder.file("p.txt", windows(70, false, 5).join("\n"));
    let learned = config(&folder, 60).replace("dropout = 0.1", "dropout = 0.0");
    let config = folder.file("c.toml", learned);
    let args = ["train", "signal", "--folds", "4", "--config", &config, "-o"];
    run([&args[..], &[&folder.at("w.safetensors")]].concat());
    let table = fs::read_to_string(folder.at("w.folds.tsv")).unwrap();
    let names = ["1", "2", "3", "4", "pooled", "mean", "sd"];
    assert_eq!(columns(&table, "fold"), names);
    assert_eq!(columns(&table, "examples"), ["30", "30", "30", "30", "120", "NA", "NA"]);
    let error = numbers(&table, "error");
    let mean = error[..4].iter().sum::<f64>() / 4.0;
    // Folds of one size: the pooled error is the mean.
    assert!((error[4] - mean).abs() < 1e-4 && (error[5] - mean).abs() < 1e-4, "{table}");
    assert!((0.3..0.7).contains(&error[4]), "{table}");
    assert!(self::names(&folder.at("")).iter().all(|name| !name.contains("fold1")));
}

#[test]
fn three_classes_need_a_network_that_tells_three_apart() {
    let folder = setting(10, 10);
    let text = config(&folder, 1);
    let lists: String = ["a", "b", "c"]
        .map(|name| format!("[[class]]\nname = \"{name}\"\nfiles = [\"p.txt\"]\n"))
        .concat();
    let data = text.find("positives").unwrap();
    let config = folder.file("c.toml", text[..data].to_owned() + &lists);
    let args = ["train", "signal", "--config", &config, "-o", &folder.at("w.safetensors")];
    refuse(args, 1, &["the network tells 2 classes apart, the data have 3"]);
}

#[test]
fn wrong_configurations_and_files_are_refused_and_leave_nothing() {
    let folder = setting(10, 10);
    let good = config(&folder, 1);
    let out = folder.folder("out");
    let weights = format!("{out}/w.safetensors");
    let file = folder.at("wrong.toml");
    let short: Vec<String> = windows(3, true, 1).iter().map(|w| w[1..].to_owned()).collect();
    folder.file("short.txt", short.join("\n"));
    folder.file("table.tsv", "a\tb\n1\t2\n");
    folder.file("empty.txt", "\n");
    let two = "positives = [\"p.txt\"]\nnegatives = [\"n.txt\"]";
    let validating = format!("{two}\nvalidation_positives = [\"p.txt\"]");
    let with_class = format!("{two}\n[[class]]\nname = \"a\"\nfiles = [\"p.txt\"]");
    let structured = "positives = [{ sequences = \"p.txt\", structures = \"n.txt\" }]";
    let both = format!("{validating}\nvalidation_negatives = [\"n.txt\"]\nvalidation = 0.2");
    for (from, to, told) in [
        ("positives = [\"p.txt\"]", "", "no files of positives"),
        ("positives = [\"p.txt\"]", "positives = [\"none.txt\"]", "none.txt"),
        ("positives = [\"p.txt\"]", "positives = [\"short.txt\"]", "3 too short"),
        ("positives = [\"p.txt\"]", "positives = [\"table.tsv\"]", "`sequence`"),
        ("positives = [\"p.txt\"]", "positives = [\"empty.txt\"]", "no sequences"),
        ("positives = [\"p.txt\"]", structured, "sequence alone"),
        ("positives = [\"p.txt\"]", "positives = \"p.txt\"", "positives"),
        (two, &validating, "every class or for none"),
        (two, &with_class, "not both"),
        (two, &both, "not both"),
        ("[data]", "[data]\nvalidation = 1.0", "validation = 1"),
        ("[data]", "[data]\nvalidation = 0.01", "no example for validation"),
        ("[data]", "[data]\nanchor = 99", "100 nt before its anchor"),
        ("[data]", "[data]\nanchor = 101", "10 too short"),
        ("[data]", "[data]\nanchors = 100", "anchors"),
        ("filters = 8", "filters = 6", "multiple of 4"),
        ("hidden = 8", "hidden = 0", "hidden = 0"),
        ("hidden = 8", "width = 207", "width = 207"),
        ("hidden = 8", "units = 8", "units"),
        ("\"deerect\"", "\"deerekt\"", "deerekt"),
        ("batch = 16", "batch = 0", "batch"),
    ] {
        assert!(good.contains(from));
        folder.file("wrong.toml", good.replacen(from, to, 1));
        refuse(["train", "signal", "--config", &file, "-o", &weights], 1, &[told]);
        assert!(names(&out).is_empty(), "{to}: {:?}", names(&out));
    }
    let good = folder.file("good.toml", good);
    let binding = ["train", "binding", "--config", &good, "-o", &weights];
    refuse(binding, 1, &["[network]", "deerect is for the task signal, not binding"]);
    for (folds, told) in [("2", "3 or more"), ("11", "class positives has 10 examples")] {
        let args = ["train", "signal", "--config", &good, "-o", &weights, "--folds", folds];
        refuse(args, 2, &[told]);
    }
    folder.file("wrong.toml", fs::read_to_string(&good).unwrap() + "validation = 0.2\n");
    let args = ["train", "signal", "--config", &file, "-o", &weights, "--folds", "3"];
    refuse(args, 2, &["a fold validates"]);
    let args = ["train", "signal", "--config", &good, "-o", &weights, "--keep-folds"];
    polyascan().args(args).assert().failure().code(2);
    assert!(names(&out).is_empty(), "{:?}", names(&out));
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_training() {
    let folder = setting(10, 10);
    let config = folder.file("c.toml", config(&folder, 1));
    let out = folder.at("none/w.safetensors");
    for folds in [&[][..], &["--folds", "3"]] {
        let args = [&["train", "signal", "--config", &config, "-o", &out], folds].concat();
        let message = refuse(args, 1, &["none/w."]);
        assert!(!message.contains("epoch"), "{message}");
    }
    let fold = folder.file("w.fold2.toml", fs::read(&config).unwrap());
    let args = ["train", "signal", "--folds", "3", "--keep-folds", "--config", &fold, "-o"];
    let message =
        refuse([&args[..], &[&folder.at("w.safetensors")]].concat(), 2, &[&fold, "overwritten"]);
    assert!(!message.contains("epoch"), "{message}");
}

#[test]
fn folders_of_text_files_are_what_their_files_are() {
    let folder = setting(40, 40);
    let files = config(&folder, 2);
    for (name, list) in [("pos_root", "p.txt"), ("neg_root", "n.txt")] {
        let root = folder.folder(name);
        let text = fs::read_to_string(folder.at(list)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        // In the order of their names.
        for (part, lines) in ["AATAAA.txt", "ATTAAA.txt"].iter().zip(lines.chunks(20)) {
            fs::write(format!("{root}/{part}"), lines.join("\n")).unwrap();
        }
        fs::write(format!("{root}/.hidden"), "not a sequence").unwrap();
    }
    let folders = files.replace("p.txt", "pos_root").replace("n.txt", "neg_root");
    let train = |text: String, out: &str| {
        let config = folder.file("settings.toml", text);
        let out = folder.at(out);
        run(["train", "signal", "--config", &config, "-o", &out]);
        fs::read(out).unwrap()
    };
    assert!(train(files, "a.safetensors") == train(folders.clone(), "b.safetensors"));
    let empty = folders.replace("neg_root", "empty");
    folder.folder("empty");
    let config = folder.file("settings.toml", empty);
    let args = ["train", "signal", "--config", &config, "-o", &folder.at("c.safetensors")];
    refuse(args, 1, &["empty: a folder without files of sequences"]);
}

#[test]
fn an_archive_holds_the_last_fold_and_trains_predicts_and_evaluates() {
    let folder = setting(75, 50);
    let config = folder.file("c.toml", config(&folder, 30));
    let archive = folder.at("data.npz");
    run(["train", "examples", "--config", &config, "--nfolds", "5", "-o", &archive]);
    let folds = ["train", "signal", "--config", &config, "--nfolds", "5", "--keep-folds", "-o"];
    run([&folds[..], &[&folder.at("cv.safetensors")]].concat());
    // What trains on the archive is the model of the last fold, but for the order of the data.
    let text = fs::read_to_string(&config).unwrap();
    let lists = text.find("positives").unwrap();
    let text = text[..lists].to_owned() + "archive = \"data.npz\"\n";
    let of_archive = folder.file("settings.toml", text);
    let model = folder.at("a.safetensors");
    run(["train", "signal", "--config", &of_archive, "-o", &model]);
    let evaluate = |model: &str, split: &[&str]| -> serde_json::Value {
        let args = ["evaluate", "classes", "--json", "--model", model, "--archive", &archive];
        serde_json::from_slice(&run([&args[..], split].concat())).unwrap()
    };
    let counts = |found: &serde_json::Value| {
        ["positives", "negatives"].map(|label| found["all"][label].as_u64().unwrap())
    };
    let fold = folder.at("cv.fold5.safetensors");
    assert_eq!(counts(&evaluate(&fold, &[])), [15, 10]);
    assert_eq!(counts(&evaluate(&fold, &["--part", "training"])), [45, 30]);
    // The fold's figures are those of the archive's test windows.
    let table = fs::read_to_string(folder.at("cv.folds.tsv")).unwrap();
    let found = evaluate(&fold, &[])["all"]["error_rate"].as_f64().unwrap();
    assert!((numbers(&table, "error")[4] - found).abs() < 1e-4, "{table} {found}");
    let log = fs::read_to_string(folder.at("a.log.tsv")).unwrap();
    let card: toml::Table =
        fs::read_to_string(folder.at("a.toml")).unwrap_or_default().parse().unwrap();
    let kept = card["training"]["kept_epoch"].as_integer().unwrap() as usize - 1;
    let valid = evaluate(&model, &["--part", "validation"])["all"]["error_rate"].as_f64().unwrap();
    assert!((numbers(&log, "error")[kept] - valid).abs() < 1e-4, "{log} {valid}");
    // Predictions, 0 and 1, of the test windows in their order.
    let told = run(["predict", &archive, "--model", &model, "--labels"]);
    let told = String::from_utf8(told).unwrap();
    let rows: Vec<Vec<&str>> = told
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!((rows.len(), rows[0][0], rows[24][0], rows[0][2]), (25, "1", "25", "+"));
    for row in &rows {
        let is_above = row[3].parse::<f64>().unwrap() > 0.5;
        assert_eq!(row[4], if is_above { "1" } else { "0" }, "{row:?}");
    }
    let all = run(["predict", &archive, "--model", &model, "--part", "training"]);
    assert_eq!(String::from_utf8(all).unwrap().lines().filter(|l| !l.starts_with('#')).count(), 75);
    // Dealt out anew, every example is scored once.
    let again = ["train", "signal", "--config", &of_archive, "--folds", "5", "-o"];
    run([&again[..], &[&folder.at("again.safetensors")]].concat());
    let table = fs::read_to_string(folder.at("again.folds.tsv")).unwrap();
    assert_eq!(columns(&table, "examples")[5], "125");
}

#[test]
fn what_is_no_archive_of_theirs_is_refused() {
    let folder = setting(10, 10);
    let base = config(&folder, 1);
    let good = folder.file("c.toml", &base);
    let archive = folder.at("data.npz");
    run(["train", "examples", "--config", &good, "-o", &archive]);
    let file = folder.at("wrong.toml");
    let weights = folder.at("w.safetensors");
    let refused = |text: String, told: &[&str]| {
        folder.file("wrong.toml", text);
        refuse(["train", "signal", "--config", &file, "-o", &weights], 1, told);
    };
    refused(base.clone() + "archive = \"data.npz\"\n", &["not both"]);
    let alone = base[..base.find("positives").unwrap()].to_owned();
    refused(alone.clone() + "archive = \"p.txt\"\n", &["p.txt", "not a NumPy file"]);
    refused(alone.clone() + "archive = \"data.npz\"\nvalidation = 0.2\n", &["not both"]);
    refused(alone + "archive = \"data.npz\"\nanchor = 100\n", &["anchor"]);
    let window = folder.file("w.txt", windows(1, true, 1).join("\n"));
    let model = folder.at("m.safetensors");
    run(["train", "signal", "--config", &good, "-o", &model]);
    let split = ["predict", &window, "--model", &model, "--part", "training"];
    refuse(split, 2, &["only an archive"]);
    let site = small_model(&folder);
    refuse(["predict", &window, "--model", &site, "--labels"], 2, &["--labels", "no classes"]);
    let ways =
        ["evaluate", "classes", "--model", &model, "--archive", &archive, "--class", &window];
    refuse(ways, 2, &["in one way"]);
}

#[test]
fn the_authors_random_search_trains() {
    let folder = setting(40, 40);
    let text = fs::read_to_string("config/train/deerect-search.toml").unwrap();
    let lists = text.find("positives").unwrap();
    let ranges = text.find("[tune]").unwrap();
    let own = "positives = [\"p.txt\"]\nnegatives = [\"n.txt\"]\n";
    let text = text[..lists].replace("epochs = 200", "epochs = 2") + own + &text[ranges..];
    let config = folder.file("c.toml", text);
    let (out, data) = (folder.at("s"), folder.at(""));
    run(["tune", "signal", "--config", &config, "--data", &data, "--trials", "3", "-o", &out]);
    let trials = fs::read_to_string(folder.at("s.trials.tsv")).unwrap();
    let best = fs::read_to_string(folder.at("s.toml")).unwrap();
    assert_eq!(trials.lines().count(), 5);
    assert!(
        best.contains("[network.start]") && best.contains("schedule = \"exponential\""),
        "{best}"
    );
    let none = ["tune", "signal", "--config", &config, "--data", &data, "-o", &out];
    refuse(none, 2, &["--trials N is needed"]);
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_published_windows_are_read_and_learned_from() {
    let data = shared("data/human/pas_windows/omni_206nt_pos.tsv.gz");
    let folder = Folder::new();
    let text = fs::read_to_string("config/train/deerect.toml").unwrap();
    let text = text.replace("epochs = 15", "epochs = 1");
    let config = folder.file("c.toml", text);
    let root = data.ancestors().nth(3).unwrap().to_str().unwrap();
    let out = folder.at("w.safetensors");
    run(["train", "signal", "--config", &config, "--data", root, "-o", &out]);
    let log = fs::read_to_string(folder.at("w.log.tsv")).unwrap();
    assert!(numbers(&log, "auroc")[0] > 0.6, "{log}");
}
