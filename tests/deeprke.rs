//! Embeddings of words are trained reproducibly, and a network of them is run by `predict`.

use std::fs;

use polyascan::engine::device::Workers;
use polyascan::genome::sequence::encode as encode_bases;
use polyascan::models::deeprke;
use polyascan::models::deeprke::config::Config;
use polyascan::models::deeprke::random::{random, with_embeddings};
use polyascan::models::weight_file::decode;
use polyascan::models::{Window, registry};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

/// Sequences of 30 to 90 nt, one per line.
fn sequences(count: usize, seed: u64) -> Vec<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut sequence = |n: usize| -> String {
        (0..30 + n * 7 % 61).map(|_| char::from(b"ACGU"[rng.random_range(0..4)])).collect()
    };
    (0..count).map(&mut sequence).collect()
}

/// Trains embeddings of 2-mers with `more` options; returns the file's path.
fn embeddings(folder: &Folder, name: &str, more: &[&str]) -> String {
    let input = folder.file("corpus.txt", sequences(200, 1).join("\n"));
    let out = folder.at(name);
    run(["train", "embeddings", &input, "-o", &out, "--k", "2", "--dimension", "12"]
        .iter()
        .chain(more));
    out
}

/// The first output of each row of a table of `predict`.
fn predictions(table: &[u8]) -> Vec<f32> {
    let rows = std::str::from_utf8(table).unwrap().lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| row.split('\t').nth(3).unwrap().parse().unwrap()).collect()
}

#[test]
fn embeddings_of_the_same_seed_are_the_same_file_and_of_another_are_not() {
    let folder = Folder::new();
    let files = [("a", "1"), ("b", "1"), ("c", "2")]
        .map(|(name, seed)| fs::read(embeddings(&folder, name, &["--seed", seed])).unwrap());
    assert!(files[0] == files[1], "same seed, other bytes");
    assert!(files[0] != files[2], "another seed, same bytes");
    let file = decode(&files[0]).unwrap();
    assert_eq!(file.tensors["sequence"].shape, [16, 12]);
    let config: serde_json::Value = file.config().unwrap();
    assert_eq!((&config["k"], &config["skip_gram"]["seed"]), (&2.into(), &1.into()));
}

#[test]
fn the_table_names_each_word_and_those_most_like_it() {
    let folder = Folder::new();
    let table = folder.at("words.tsv");
    let weights = embeddings(&folder, "a", &["--tsv", &table]);
    let values = decode(&fs::read(weights).unwrap()).unwrap().tensors["sequence"].values.clone();
    let text = fs::read_to_string(table).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split('\t').collect()).collect();
    assert_eq!(rows.len(), 16);
    assert_eq!((rows[1][0], rows[1][1]), ("sequence", "AC"));
    for (word, row) in rows.iter().enumerate() {
        assert!(row[2].parse::<u32>().unwrap() > 100, "{row:?}");
        let cosines: Vec<f64> = row[3]
            .split(',')
            .map(|nearest| nearest.split_once(':').unwrap().1.parse().unwrap())
            .collect();
        assert!(cosines.len() == 5 && cosines.is_sorted_by(|a, b| a >= b), "{row:?}");
        let vector: Vec<f32> = row[4].split(',').map(|value| value.parse().unwrap()).collect();
        assert_eq!(vector, values[word * 12..][..12]);
    }
}

#[test]
fn predict_runs_a_network_with_trained_embeddings_on_sequences_of_different_lengths() {
    let folder = Folder::new();
    let mut config = Config { k: 2, structure: None, max_length: 90, ..Config::published() };
    config.sequence.dimension = 12;
    let mut tensors = random(&config, 4);
    let trained = decode(&fs::read(embeddings(&folder, "a", &[])).unwrap()).unwrap().tensors;
    with_embeddings(&mut tensors, &trained).unwrap();
    let model = folder.file("m.safetensors", deeprke::encode(&config, &tensors).unwrap());
    let mut sequences = sequences(70, 3);
    sequences.push("A".repeat(91));
    let input = folder.file("in.txt", sequences.join("\n"));
    let said = predictions(&run(["predict", &input, "--model", &model]));
    let codes: Vec<_> = sequences.iter().map(|s| encode_bases(s.as_bytes()).unwrap()).collect();
    let windows: Vec<Window> = codes[..70].iter().map(|codes| codes.as_slice().into()).collect();
    let model = registry::load(&model, &Workers::CPU).unwrap();
    assert_eq!(said, model.predict(&windows).unwrap().values[0]);
}

#[test]
fn structures_give_a_second_table_that_the_network_reads() {
    let folder = Folder::new();
    let labels: Vec<String> = (0..60).map(|n| format!("{}((((...))))..", ".".repeat(n))).collect();
    let structures = folder.file("structures.txt", labels.join("\n"));
    let file = decode(&fs::read(embeddings(&folder, "a", &["--structures", &structures])).unwrap());
    let file = file.unwrap();
    assert_eq!(file.tensors["structure"].shape, [36, 12]);
    let digests: serde_json::Value = serde_json::from_str(file.entry("inputs_sha256")).unwrap();
    assert_eq!(digests["structure"][0].as_str().unwrap().len(), 64);
    let mut config = Config { k: 2, ..Config::published() };
    config.sequence.dimension = 12;
    config.structure.as_mut().unwrap().dimension = 12;
    let mut tensors = random(&config, 4);
    with_embeddings(&mut tensors, &file.tensors).unwrap();
    assert_eq!(tensors["structure.embedding"], file.tensors["structure"]);
    // Multiloops are in none of the structures.
    assert!(file.tensors["structure"].values[4 * 12..5 * 12].iter().all(|&value| value == 0.0));
}

#[test]
fn predict_gives_a_network_the_structures_of_a_file() {
    let folder = Folder::new();
    let config = Config::published();
    let tensors = random(&config, 8);
    let model = folder.file("m.safetensors", deeprke::encode(&config, &tensors).unwrap());
    let sequences = sequences(9, 5);
    let labels: Vec<String> = sequences
        .iter()
        .map(|s| format!("{}{}{}", "F".repeat(s.len() - 17), "SSSSSHHHHHSSSSS", "TT"))
        .collect();
    let input = folder.file("in.txt", sequences.join("\n"));
    let structures = folder.file("labels.txt", labels.join("\n"));
    let args = ["predict", &input, "--model", &model];
    let said = predictions(&run(args.iter().chain(&["--structures", &structures])));
    let codes: Vec<_> = sequences.iter().map(|s| encode_bases(s.as_bytes()).unwrap()).collect();
    let windows: Vec<Window> = codes
        .iter()
        .zip(&labels)
        .map(|(codes, labels)| Window { codes, structure: Some(labels.as_bytes()), features: &[] })
        .collect();
    let loaded = registry::load(&model, &Workers::CPU).unwrap();
    assert_eq!(said, loaded.predict(&windows).unwrap().values[0]);
    refuse(args, 1, &["--structures"]);
    let shorter = folder.file("shorter.txt", labels.join("\n").replacen('F', "", 1));
    let more = ["--structures", &shorter, "-o", &folder.at("out.tsv")];
    refuse(args.iter().chain(&more), 1, &["shorter.txt", "29 letters", "30 nt"]);
}

#[test]
fn what_embeddings_cannot_be_trained_from_is_refused() {
    let folder = Folder::new();
    let good = folder.file("good.txt", "ACGUACGU\n");
    let bad = folder.file("bad.txt", "ACGU\nAC!U\n");
    let short = folder.file("short.txt", "AC\nACG\nNNNNNN\n");
    let out = folder.at("out.safetensors");
    let refused = |args: &[&str], code: i32, told: &[&str]| {
        refuse(["train", "embeddings"].iter().chain(args), code, told);
        assert!(!names(&folder.at("")).contains(&"out.safetensors".to_owned()));
    };
    refused(&[&bad, "-o", &out], 1, &["bad.txt", "line 2", "letter 3"]);
    refused(&[&short, "-o", &out], 1, &["short.txt", "nothing to learn"]);
    refused(&[&folder.at("none"), "-o", &out], 1, &["none"]);
    refused(&[&good, "-o", &out, "--structures", &good], 1, &["good.txt"]);
    refused(&[&good, "-o", &out, "--structures", &bad, "--tsv", &bad], 2, &["bad.txt"]);
    refused(&[&good, "-o", &good], 2, &["good.txt"]);
    refused(&[&good, "-o", &out, "--tsv", &out], 2, &["same file"]);
    refused(&[&good, "-o", &out, "--k", "7"], 2, &["--k"]);
    refused(&[&good, "-o", &out, "--dimension", "0"], 2, &["dimension is 0"]);
    assert_eq!(fs::read_to_string(good).unwrap(), "ACGUACGU\n");
}
