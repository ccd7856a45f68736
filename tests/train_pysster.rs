//! pysster as its authors train it: structure motifs, several classes per sequence, letters of any
//! alphabet, features, grids.

use std::fs;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::support::*;
use crate::tables::{number, rows};

fn letters(rng: &mut ChaCha8Rng, count: usize) -> String {
    (0..count).map(|_| char::from(b"ACGU"[rng.random_range(0..4)])).collect()
}

/// RNAs of 60 nt with one hairpin that holds YCAY twice, as NOVA binds it: in its loop, or in its
/// stem.
fn hairpins(count: usize, in_loop: bool, seed: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut text = String::new();
    for number in 0..count {
        let mut word = || {
            let mut y = || char::from(b"CU"[rng.random_range(0..2)]);
            format!("{}CA{}", y(), y())
        };
        let words = format!("{}{}", word(), word());
        let between = rng.random_range(0..3);
        let motif = format!("{}{}{}", &words[..4], letters(&mut rng, between), &words[4..]);
        let rest = letters(&mut rng, 10 - motif.len());
        let motif = motif + &rest;
        let other = letters(&mut rng, 10);
        let (stem, middle) = if in_loop { (other, motif) } else { (motif, other) };
        let before = rng.random_range(0..30);
        let back = reverse_complement(&stem.replace('U', "T")).replace('T', "U");
        let (first, last) = (letters(&mut rng, before), letters(&mut rng, 30 - before));
        let dots = |n: usize| ".".repeat(n);
        text += &format!(
            ">s{number}\n{first}{stem}{middle}{back}{last}\n{}{}{}{}{}\n",
            dots(before),
            "(".repeat(10),
            dots(10),
            ")".repeat(10),
            dots(30 - before)
        );
    }
    text
}

fn config(folder: &Folder, network: &str, epochs: usize, data: &str) -> String {
    format!(
        "[model]\nname = \"trained\"\ndescription = \"\"\nseed = 1\ndata = {:?}\n\
         [network]\narchitecture = \"pysster\"\n{network}\n\
         dropout = {{ input = 0.0, convolution = 0.1, dense = 0.2 }}\n\
         [optimiser]\nepochs = {epochs}\nbatch = 32\nlearning_rate = 4e-3\n[data]\n{data}\n",
        folder.at("")
    )
}

fn json(args: &[&str]) -> Value {
    serde_json::from_slice(&run(args)).unwrap()
}

#[test]
fn a_structure_motif_is_recovered_and_a_kernel_finds_it() {
    let folder = Folder::new();
    for (name, in_loop, count, seed) in
        [("p", true, 400, 1), ("n", false, 400, 2), ("tp", true, 150, 3), ("tn", false, 150, 4)]
    {
        folder.file(name, hairpins(count, in_loop, seed));
    }
    let network = "length = 60\nclasses = 2\ndense = [32]\nalphabet = \"ACGU,HIMS\"\n\
        convolutions = [{ kernels = 16, width = 6, pool = 4, stride = 4 }]";
    let text = config(&folder, network, 12, "positives = [\"p\"]\nnegatives = [\"n\"]");
    let (config, model) = (folder.file("c.toml", text), folder.at("w.safetensors"));
    run(["train", "binding", "--config", &config, "-o", &model]);
    let (positives, negatives) = (folder.at("tp"), folder.at("tn"));
    let args =
        ["evaluate", "classes", "--json", "--model", &model, "--class", &positives, &negatives];
    let [table, plot] = ["said.tsv", "curves.svg"].map(|name| folder.at(name));
    let found = json(&[&args[..], &["--predictions", &table, "--plot", &plot]].concat());
    let auroc = found["classes"][0]["auroc"].as_f64().unwrap();
    assert!(auroc > 0.95, "{found}");
    assert!(fs::read_to_string(plot).unwrap().contains(&format!("class_0: AUROC {auroc:.4}")));
    // The figures are those of the table.
    let said = rows(&table);
    assert_eq!(said.len(), 300);
    let right = said.iter().filter(|row| row["classes"] == row["predicted"]).count();
    let error = found["error_rate"].as_f64().unwrap();
    assert!((error - (300 - right) as f64 / 300.0).abs() < 1e-9, "{error} {right}");
    assert_eq!((&*said[0]["name"], &*said[0]["classes"], &*said[299]["classes"]), ("s0", "0", "1"));
    // The most important kernel of the bound ones reads YCAY in a hairpin loop.
    let prefix = folder.at("k/x");
    let kernels = ["motifs", "kernels", &model, "--sequences", &positives, &negatives];
    run([&kernels[..], &["--classes", "bound", "not", "-o", &prefix]].concat());
    let all = rows(&format!("{prefix}.kernels.kernels.tsv"));
    let best = all.iter().find(|row| row["limit_class"] == "bound").unwrap();
    assert!(number(best, "rank") < 3.0, "{best:?}");
    let aligned = rows(&format!("{prefix}.kernels.aligned.tsv.gz"));
    let own: Vec<_> = aligned
        .iter()
        .filter(|row| row["kernel"] == best["kernel"] && row["class"] == "bound")
        .collect();
    let holds = own.iter().filter(|row| {
        let (sequence, structure) = (row["sequence"].as_bytes(), row["structure"].as_bytes());
        // CA with what of the word lies within the kernel, in the loop.
        sequence.windows(2).zip(structure.windows(2)).any(|(s, l)| s == b"CA" && l == b"HH")
    });
    assert!(holds.count() * 2 > own.len() && own.len() > 20, "{} {best:?}", own.len());
}

/// RNAs of 50 nt with the words of their classes, each class with probability a half; half of the
/// headers are the classes alone, as pysster has them, unless all are to have names.
fn words(count: usize, seed: u64, all_named: bool) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut text = String::new();
    for number in 0..count {
        let mut sequence = letters(&mut rng, 50).into_bytes();
        let mut places = [0, 10, 20, 30, 40];
        places.shuffle(&mut rng);
        let mut classes = Vec::new();
        for (class, word) in ["GGACU", "UAUAA", "CCGCG"].iter().enumerate() {
            if rng.random_range(0..2) == 0 {
                sequence[places[class]..][..5].copy_from_slice(word.as_bytes());
                classes.push(class.to_string());
            }
        }
        let sequence = String::from_utf8(sequence).unwrap();
        text += &match number % 2 {
            0 if !classes.is_empty() && !all_named => {
                format!(">{}\n{sequence}\n", classes.join(","))
            }
            _ => format!(">s{number} class:{}\n{sequence}\n", classes.join(",")),
        };
    }
    text
}

#[test]
fn several_classes_of_a_sequence_are_learned_told_and_reported() {
    let folder = Folder::new();
    folder.file("train.fa", words(900, 1, false));
    let test = folder.file("test.fa", words(200, 2, true));
    let network = "length = 50\nclasses = 3\noutput = \"sigmoid\"\nalphabet = \"ACGU\"\n\
        dense = [24]\nconvolutions = [{ kernels = 16, width = 6, pool = 5, stride = 5 }]";
    let text = config(&folder, network, 40, "labelled = [\"train.fa\"]");
    let (config, model) = (folder.file("c.toml", text), folder.at("w.safetensors"));
    run(["train", "binding", "--config", &config, "-o", &model]);
    let table = folder.at("said.tsv");
    let args = ["evaluate", "classes", "--json", "--model", &model, "--labelled", &test];
    let found = json(&[&args[..], &["--predictions", &table]].concat());
    for class in found["classes"].as_array().unwrap() {
        assert!(class["auroc"].as_f64().unwrap() > 0.9, "{found}");
        assert!(class["f1"].as_f64().unwrap() > 0.75, "{found}");
    }
    assert!(found["error_rate"].as_f64().unwrap() < 0.2, "{found}");
    let printed =
        String::from_utf8(run(["evaluate", "classes", "--model", &model, "--labelled", &test]));
    assert!(
        printed
            .unwrap()
            .contains("\n#class\tsequences\tprecision\trecall\tf1\tauroc\tauprc\nclass_0\t")
    );
    // `predict` tells the same classes.
    let told = run(["predict", &test, "--model", &model, "--labels"]);
    let told = String::from_utf8(told).unwrap();
    let told = told.lines().filter(|line| !line.starts_with('#'));
    let told: Vec<&str> = told.map(|line| line.rsplit('\t').next().unwrap()).collect();
    let said = rows(&table);
    let said: Vec<&str> = said.iter().map(|row| row["predicted"].as_str()).collect();
    assert_eq!(told, said);
    assert!(said.contains(&".") && said.iter().any(|classes| classes.contains(',')));
    let folds = [
        "train",
        "binding",
        "--config",
        &config,
        "--folds",
        "3",
        "-o",
        &folder.at("f.safetensors"),
    ];
    let text = fs::read_to_string(&config).unwrap().replace("epochs = 14", "epochs = 1");
    fs::write(&config, text).unwrap();
    run(folds);
    assert_eq!(fs::read_to_string(folder.at("f.folds.tsv")).unwrap().lines().count(), 7);
    let bad = folder.file("bad.fa", ">0,3\nACGU\n");
    refuse(
        ["evaluate", "classes", "--model", &model, "--labelled", &bad],
        1,
        &["bad.fa", "class 3"],
    );
}

/// Peptides of 60 letters with a charge each; only the charge tells the classes of half of them.
fn peptides(folder: &Folder, name: &str, count: usize, is_first: bool, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut fasta, mut charges) = (String::new(), "charge\n".to_owned());
    for number in 0..count {
        let mut sequence: Vec<u8> =
            (0..60).map(|_| b"ACDEFGHIKLMNPQRSTVWY"[rng.random_range(0..20)]).collect();
        if number % 2 == 0 && is_first {
            let at = rng.random_range(0..54);
            sequence[at..at + 6].copy_from_slice(b"WHCWHC");
        }
        let charge: f64 = if number % 2 == 0 {
            rng.random_range(-1.0..1.0)
        } else {
            rng.random_range(0.5..3.0) * if is_first { 1.0 } else { -1.0 }
        };
        fasta += &format!(">p{number}\n{}\n", String::from_utf8(sequence).unwrap());
        charges += &format!("{:.3}\n", 40.0 + 5.0 * charge);
    }
    folder.file(&format!("{name}.fa"), fasta);
    folder.file(&format!("{name}.tsv"), charges);
}

#[test]
fn proteins_and_features_are_learned_scored_and_searched_on_a_grid() {
    let folder = Folder::new();
    for (name, count, is_first, seed) in [
        ("first", 300, true, 1),
        ("second", 300, false, 2),
        ("tf", 100, true, 3),
        ("ts", 100, false, 4),
    ] {
        peptides(&folder, name, count, is_first, seed);
    }
    let published = fs::read_to_string("config/train/pysster-protein.toml").unwrap();
    let text = published
        .replace("epochs = 100", "epochs = 30")
        .replace("batch = 128", "batch = 32")
        // The word may stand anywhere.
        .replace("pool = 2, stride = 2", "pool = 49, stride = 49")
        .replace("learning_rate = 5e-4", "learning_rate = 5e-3")
        .replace(
            "dropout = { input = 0.1, convolution = 0.3, dense = 0.6 }",
            "dropout = { input = 0.0, convolution = 0.1, dense = 0.1 }",
        )
        .replace("[50, 100, 300]", "[8, 12]")
        .replace("[0.2, 0.4, 0.6]", "[0.0, 0.1]");
    let (config, out) = (folder.file("c.toml", text), folder.at("grid"));
    let model = folder.at("kept.safetensors");
    let data = folder.at("");
    let args = ["tune", "binding", "--config", &config, "--data", &data, "-o", &out];
    run([&args[..], &["--weights", &model]].concat());
    let trials = fs::read_to_string(folder.at("grid.trials.tsv")).unwrap();
    let values: Vec<(&str, &str)> = trials
        .lines()
        .skip(2)
        .map(|row| row.split('\t').collect::<Vec<_>>())
        .map(|cells| (cells[1], cells[2]))
        .collect();
    assert_eq!(values, [("8", "0.0"), ("8", "0.1"), ("12", "0.0"), ("12", "0.1")]);
    refuse([&args[..], &["--trials", "2"]].concat(), 2, &["the grid has 4 combinations"]);
    let [first, second] = ["tf.fa", "ts.fa"].map(|name| folder.at(name));
    let features = ["tf.tsv", "ts.tsv"].map(|name| folder.at(name));
    let args = ["evaluate", "classes", "--json", "--model", &model, "--class", &first, &second];
    let found = json(&[&args[..], &["--features", &features[0], &features[1]]].concat());
    assert!(found["classes"][0]["auroc"].as_f64().unwrap() > 0.9, "{found}");
    refuse([&args[..], &["--features", &features[0]]].concat(), 2, &["1 files for 2"]);
    refuse(args, 1, &["reads features (charge)"]);
    // The same values from `predict`, whose table names the sequences.
    let table = folder.at("said.tsv");
    run([&args[..], &["--features", &features[0], &features[1], "--predictions", &table]].concat());
    let told = run(["predict", &first, "--model", &model, "--features", &features[0]]);
    let told = String::from_utf8(told).unwrap();
    let told: Vec<Vec<&str>> = told
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    let said = rows(&table);
    assert_eq!(told.len(), 100);
    for (told, said) in told.iter().zip(&said) {
        assert_eq!((told[0], told[3]), (&*said["name"], &*said["class_0"]));
    }
    let strand =
        ["predict", &first, "--model", &model, "--features", &features[0], "--strand", "-"];
    refuse(strand, 2, &["have no complement"]);
    refuse(["predict", &first, "--model", &model], 2, &["--features"]);
    let wrong = ["predict", &first, "--model", &model, "--features", &first, "-o", &table];
    refuse(wrong, 1, &["tf.fa, line 1"]);
}

#[test]
fn the_configuration_of_several_classes_with_a_recurrent_layer_trains() {
    let folder = Folder::new();
    let longer: String = words(60, 3, false)
        .lines()
        .map(|line| match line.starts_with('>') {
            true => format!("{line}\n"),
            false => format!("{line}{line}A\n"),
        })
        .collect();
    folder.file("classes.fa", longer);
    let published = fs::read_to_string("config/train/pysster-labels.toml").unwrap();
    let config = folder.file("c.toml", published.replace("epochs = 100", "epochs = 1"));
    let (out, data) = (folder.at("w.safetensors"), folder.at(""));
    run(["train", "binding", "--config", &config, "--data", &data, "-o", &out]);
    let shown = String::from_utf8(run(["models", "show", &out])).unwrap();
    assert!(shown.contains("class_2"), "{shown}");
}
