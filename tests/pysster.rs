//! pysster computes what Keras computed, with structures from wherever they come.

mod network;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use polyascan::models::pysster::{Activation, Pool};
use polyascan::models::weight_file::encode;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use self::network::Sizes;
use crate::support::*;

const KERAS: &str = "models/pysster_NOVA.h5";

/// Converts the authors' NOVA model; also the golden values.
fn nova(folder: &Folder) -> (String, Value) {
    let (keras, golden) = (shared(KERAS), shared("golden/pysster_NOVA.json"));
    let model = folder.at("nova.safetensors");
    run(["convert", keras.to_str().unwrap(), &model]);
    (model, serde_json::from_slice(&fs::read(golden).unwrap()).unwrap())
}

fn texts<'a>(golden: &'a Value, key: &str) -> Vec<&'a str> {
    golden[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Records `>s0`, `>s1`, ... of these lines each.
fn records(lines: &[&[&str]]) -> String {
    let record = |n: usize| lines.iter().map(|line| format!("{}\n", line[n])).collect::<String>();
    (0..lines[0].len()).map(|n| format!(">s{n}\n{}", record(n))).collect()
}

/// The rows of a table: name and class probabilities.
fn rows(table: &[u8]) -> Vec<(String, Vec<f32>)> {
    let text = std::str::from_utf8(table).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(columns[1..3], ["0", "+"], "{line}");
        (columns[0].to_owned(), columns[3..].iter().map(|value| value.parse().unwrap()).collect())
    });
    rows.collect()
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_published_model_says_what_keras_said() {
    let folder = Folder::new();
    let (model, golden) = nova(&folder);
    let (sequences, structures) = (texts(&golden, "seqs"), texts(&golden, "structs"));
    let input = folder.file("rna.txt", records(&[&sequences, &structures]));
    let table = run(["predict", &input, "--model", &model]);
    assert!(String::from_utf8_lossy(&table).contains("#name\tstart\tstrand\tclass_0\tclass_1\n"));
    let (rows, expected) = (rows(&table), golden["p0_f64"].as_array().unwrap());
    assert_eq!(rows.len(), expected.len());
    for ((name, said), expected) in rows.iter().zip(expected) {
        let off = (f64::from(said[0]) - expected.as_f64().unwrap()).abs();
        assert!(off < 1e-5, "{name} is off by {off}");
        assert!((said[0] + said[1] - 1.0).abs() < 1e-6);
    }
    // The same from sequences and structures in two files, the second in another order.
    let fasta = folder.file("rna.fa", records(&[&sequences]));
    let labels = records(&[&sequences, &structures]);
    let reversed: Vec<String> =
        labels.rsplit('>').filter(|r| !r.is_empty()).map(|r| format!(">{r}")).collect();
    let labels = folder.file("labels.fa.gz", gzip(reversed.concat().as_bytes()));
    let again = run(["predict", &fasta, "--structures", &labels, "--model", &model, "-t", "1"]);
    assert_eq!(self::rows(&again), rows);
    // And by order, where neither has names.
    let (fasta, labels) = (sequences.join("\n"), structures.join("\n"));
    let (fasta, labels) = (folder.file("rna", fasta), folder.file("labels", labels));
    let again = run(["predict", &fasta, "--structures", &labels, "--model", &model]);
    let values = |rows: &[(String, Vec<f32>)]| -> Vec<Vec<f32>> {
        rows.iter().map(|row| row.1.clone()).collect()
    };
    assert_eq!(values(&self::rows(&again)), values(&rows));
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_file_that_is_not_what_it_describes_is_not_converted() {
    let folder = Folder::new();
    let keras = shared(KERAS);
    let bytes = fs::read(keras).unwrap();
    let changes: [(&[u8], &[u8], &str); 5] = [
        // The list of layers, of 15 bytes each.
        (
            b"dropout_4\0\0\0\0\0\0dense_2\0\0",
            b"dropout_4\0\0\0\0\0\0dropout_3",
            "layer dense_2 are missing",
        ),
        (b"\"kernel_size\": [8]", b"\"kernel_size\": [9]", "layer conv1d_1 is described with"),
        (b"[null, 200, 16]", b"[null, 200, 4 ]", "input channels 4, but its weights have 16"),
        (b"\"units\": 2", b"\"units\": 3", "units 3, but its weights have 2"),
        (b"\"softmax\"", b"\"linear\" ", "dense_2 has activation \"linear\""),
    ];
    for (from, to, told) in changes {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        let mut changed = bytes.clone();
        changed[at..at + to.len()].copy_from_slice(to);
        let (changed, out) = (folder.file("changed.h5", changed), folder.at("out.safetensors"));
        refuse(["convert", &changed, &out], 1, &["changed.h5", told]);
        assert!(!std::path::Path::new(&out).exists());
    }
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn folded_structures_score_as_those_of_a_file() {
    let folder = Folder::new();
    let (model, golden) = nova(&folder);
    let (sequences, mfe) = (texts(&golden, "seqs"), texts(&golden, "mfe"));
    let fasta = folder.file("rna.fa", records(&[&sequences]));
    let energies: Vec<String> =
        mfe.iter().map(|structure| format!("{structure} (-12.30)")).collect();
    let energies: Vec<&str> = energies.iter().map(String::as_str).collect();
    let file = folder.file("rnafold.txt", records(&[&sequences, &energies]));
    let expected = rows(&run(["predict", &fasta, "--structures", &file, "--model", &model]));
    let inline = rows(&run(["predict", &file, "--model", &model]));
    assert!(expected.len() == 200 && inline == expected);
    // Programs called RNAfold and RNAshapes that look the answers up.
    let table = folder.file(
        "table",
        sequences.iter().zip(&energies).map(|(s, e)| format!("{s}\t{e}\n")).collect::<String>(),
    );
    let bin = folder.folder("bin");
    let empty = folder.folder("empty");
    for (program, option, answer, package) in [
        ("RNAfold", "--fold", "print; print fold[$1]", "vienna-rna"),
        (
            "RNAshapes",
            "--fold=rnashapes",
            "print 1, $1, length($1); split(fold[$1], s, \" \"); print -12.3, s[1], \"[]\"",
            "rnashapes",
        ),
    ] {
        let path = format!("{bin}/{program}");
        let awk =
            format!("NR == FNR {{ fold[$1] = $2; next }} /^>/ {{ print; next }} {{ {answer} }}");
        let script = format!(
            "#!/bin/sh\nexec /usr/bin/env -S PATH=/usr/bin:/bin awk -F '\\t' '{awk}' {table} -\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let predict = |path: &str| {
            let mut command = polyascan();
            command.args(["predict", &fasta, option, "--model", &model]).env("PATH", path);
            command.assert()
        };
        assert_eq!(rows(&predict(&bin).success().get_output().stdout), expected, "{program}");
        let assert = predict(&empty).code(2);
        let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(said.contains(package) && said.contains("--structures"), "{said}");
    }
}

/// Writes a small random model of 30 nt with this alphabet.
fn small(folder: &Folder, alphabet: (&'static str, &'static str)) -> String {
    let pool = Pool { size: 2, stride: 2 };
    let blocks = vec![(4, 5, pool), (3, 4, pool)];
    let (hidden, output) = (vec![6], Activation::Softmax);
    let sizes = Sizes { alphabet, blocks, hidden, classes: 3, output, left: 5 };
    let mut config = sizes.config();
    config.length = 30;
    let tensors = sizes.tensors(&mut ChaCha8Rng::seed_from_u64(3));
    let config = serde_json::to_string(&config).unwrap();
    let metadata = BTreeMap::from([("architecture", "pysster"), ("config", config.as_str())]);
    folder.file("small.safetensors", encode(&tensors, &metadata).unwrap())
}

#[test]
fn a_model_of_the_sequence_alone_reads_both_strands_if_asked() {
    let folder = Folder::new();
    let model = small(&folder, ("ACGT", ""));
    let letters = "ACGTTGCANACCGTAGGATTTACCAGGTACCA";
    let both = folder.file("x.fa", format!(">x\n{letters}\n"));
    let other = folder.file("y.fa", format!(">x\n{}\n", reverse_complement(letters)));
    let values = |file: &str, strand: &str| -> Vec<String> {
        let table = run(["predict", file, "--model", &model, "--strand", strand]);
        let text = String::from_utf8(table).unwrap();
        let row = |line: &str| line.split('\t').skip(3).collect::<Vec<_>>().join(" ");
        text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
    };
    let plus = values(&both, "+");
    assert_eq!(plus.len(), 3);
    assert_eq!(
        values(&both, "both").iter().step_by(2).collect::<Vec<_>>(),
        plus.iter().collect::<Vec<_>>()
    );
    let mut minus = values(&other, "-");
    minus.reverse();
    assert_eq!(minus, plus);
    refuse(["predict", &both, "--model", &model, "--fold"], 2, &["--fold", "sequence alone"]);
}

#[test]
fn labels_go_with_their_window() {
    let folder = Folder::new();
    let model = small(&folder, ("ACGU", "HIMSFT"));
    let letters = "ACGUUGCANACCGUAGGAUUUACCAGGUACCA";
    let structure = "..((((....)).(((....)))...))....";
    let input = folder.file("x.txt", format!(">x\n{letters}\n{structure} (-1.00)\n"));
    let labels = "FFSSSSHHHHSSMSSSHHHHSSSMMMSSTTTT";
    let all = run(["predict", &input, "--model", &model, "--every", "2"]);
    let text = String::from_utf8(all).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows.len(), 2);
    for (row, start) in rows.iter().zip([0, 2]) {
        let of = |text: &str| text[start..start + 30].to_owned();
        let window = folder.file("w.txt", format!(">x\n{}\n{}\n", of(letters), of(labels)));
        let alone = String::from_utf8(run(["predict", &window, "--model", &model])).unwrap();
        let alone = alone.lines().last().unwrap();
        assert_eq!(
            alone.split('\t').skip(3).collect::<Vec<_>>(),
            row.split('\t').skip(3).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_model_with_its_own_structure_letters_gets_them_as_they_are() {
    let folder = Folder::new();
    let letters = "ACGUUGCAAACCGUAGGAUUUACCAGGUAC";
    let dots = ".".repeat(30);
    let brackets = "..((((....)).(((....)))...))..";
    let model = small(&folder, ("ACGU", "().|"));
    let values = |structure: &str| {
        let input = folder.file("x.txt", format!(">x\n{letters}\n{structure}\n"));
        rows(&run(["predict", &input, "--model", &model])).remove(0).1
    };
    assert_ne!(values(&dots), values(brackets));
    assert_ne!(values(&dots), values(&"|".repeat(30)));
    let input = folder.file("x.fa", format!(">x\n{letters}\n"));
    let told = ["--fold gives dot-bracket", "().|"];
    refuse(["predict", &input, "--model", &model, "--fold"], 2, &told);
}

#[test]
fn structures_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    let model = small(&folder, ("ACGU", "HIMS"));
    let letters = "ACGUUGCAAACCGUAGGAUUUACCAGGUAC";
    let dots = ".".repeat(30);
    let fasta = folder.file("x.fa", format!(">x\n{letters}\n>y\n{letters}\n"));
    let out = folder.folder("out");
    let with = |content: String, told: &[&str]| {
        let file = folder.file("structures.txt", content);
        let table = format!("{out}/table.tsv");
        let args = ["predict", &fasta, "--model", &model, "--structures", &file, "-o", &table];
        refuse(args, 1, told);
        assert!(names(&out).is_empty());
    };
    refuse(["predict", &fasta, "--model", &model], 1, &[&fasta, "--structures", "--fold"]);
    with(format!(">x\n{letters}\n{dots}\n>z\n{letters}\n{dots}\n"), &["structures.txt", "\"y\""]);
    with(format!(">x\n{dots}\n>y\n{dots}.\n"), &["line 4", "record \"y\"", "31 letters", "30 nt"]);
    let other = letters.replace("CGU", "GGG");
    with(
        format!(">x\n{letters}\n{dots}\n>y\n{other}\n{dots}\n"),
        &["line 6", "\"y\"", "not that of"],
    );
    with(format!(">y\n{dots}\n>z\n{dots}\n>z\n{dots}\n"), &["line 6", "second record", "\"z\""]);
    with(format!("{dots}\n"), &["no structure for sequence \"y\""]);
    for strand in ["-", "both"] {
        let told = ["--strand", "as it is given"];
        refuse(["predict", &fasta, "--model", &model, "--fold", "--strand", strand], 2, &told);
    }
}
