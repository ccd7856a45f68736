//! pysster computes what Keras computed, with structures from wherever they come.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use polyascan::models::card::{ModelCard, Task};
use polyascan::models::pysster::{Activation, Config, Pool, Pysster};
use polyascan::models::weight_file::{RawTensor, Tensors, encode};
use polyascan::models::{Model, Window};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::support::*;

const KERAS: &str = "models/pysster_NOVA.h5";

/// Converts the authors' NOVA model; also the golden values.
fn nova(folder: &Folder) -> Option<(String, Value)> {
    let (keras, golden) = (shared(KERAS)?, shared("golden/pysster_NOVA.json")?);
    let model = folder.at("nova.safetensors");
    run(["convert", keras.to_str().unwrap(), &model]);
    Some((model, serde_json::from_slice(&fs::read(golden).unwrap()).unwrap()))
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
fn the_published_model_says_what_keras_said() {
    let folder = Folder::new();
    let Some((model, golden)) = nova(&folder) else { return };
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
fn folded_structures_score_as_those_of_a_file() {
    let folder = Folder::new();
    let Some((model, golden)) = nova(&folder) else { return };
    let (sequences, mfe) = (texts(&golden, "seqs"), texts(&golden, "mfe"));
    let fasta = folder.file("rna.fa", records(&[&sequences]));
    let energies: Vec<String> =
        mfe.iter().map(|structure| format!("{structure} (-12.30)")).collect();
    let energies: Vec<&str> = energies.iter().map(String::as_str).collect();
    let file = folder.file("rnafold.txt", records(&[&sequences, &energies]));
    let expected = rows(&run(["predict", &fasta, "--structures", &file, "--model", &model]));
    let inline = rows(&run(["predict", &file, "--model", &model]));
    assert!(expected.len() == 200 && inline == expected);
    // A program called RNAfold that looks the answers up.
    let table = folder.file(
        "table",
        sequences.iter().zip(&energies).map(|(s, e)| format!("{s}\t{e}\n")).collect::<String>(),
    );
    let bin = folder.folder("bin");
    let script = format!(
        "#!/bin/sh\nexec /usr/bin/env -S PATH=/usr/bin:/bin awk -F '\\t' 'NR == FNR {{ fold[$1] = $2; next }} \
         /^>/ {{ print; next }} {{ print; print fold[$1] }}' {table} -\n"
    );
    fs::write(format!("{bin}/RNAfold"), script).unwrap();
    fs::set_permissions(format!("{bin}/RNAfold"), fs::Permissions::from_mode(0o755)).unwrap();
    let assert = polyascan()
        .args(["predict", &fasta, "--fold", "--model", &model])
        .env("PATH", &bin)
        .assert()
        .success();
    assert_eq!(rows(&assert.get_output().stdout), expected);
    let empty = folder.folder("empty");
    let assert = polyascan()
        .args(["predict", &fasta, "--fold", "--model", &model])
        .env("PATH", &empty)
        .assert()
        .code(2);
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(said.contains("vienna-rna") && said.contains("--structures"), "{said}");
}

/// Sizes of a random model.
#[derive(Clone, Debug)]
struct Sizes {
    /// Alphabets of sequence and structure.
    alphabet: (&'static str, &'static str),
    /// Taps, kernels and pool of each block.
    blocks: Vec<(usize, usize, Pool)>,
    hidden: Vec<usize>,
    classes: usize,
    output: Activation,
    /// Positions that are left after the blocks.
    left: usize,
}

impl Sizes {
    fn letters(&self) -> usize {
        self.alphabet.0.len() * self.alphabet.1.len().max(1)
    }

    fn length(&self) -> usize {
        let before = |left: usize, (taps, _, pool): &(usize, usize, Pool)| {
            (left - 1) * pool.stride + pool.size + taps - 1
        };
        self.blocks.iter().rev().fold(self.left, before)
    }

    fn config(&self) -> Config {
        let (sequence, structure) = self.alphabet;
        let comma = if structure.is_empty() { "" } else { "," };
        Config {
            alphabet: format!("{sequence}{comma}{structure}"),
            length: self.length(),
            pools: self.blocks.iter().map(|block| block.2).collect(),
            output: self.output,
        }
    }

    fn tensors(&self, rng: &mut ChaCha8Rng) -> Tensors {
        let mut tensors = Tensors::new();
        let mut add = |name: String, shape: &[usize]| {
            let (n, inputs) =
                (shape.iter().product(), shape.iter().rev().skip(1).product::<usize>());
            let bound = (3.0 / inputs as f32).sqrt();
            let values = (0..n).map(|_| rng.random_range(-bound..=bound)).collect();
            tensors.insert(format!("{name}.weight"), RawTensor { shape: shape.to_vec(), values });
            let outputs = shape[shape.len() - 1];
            let values = (0..outputs).map(|_| rng.random_range(-0.5..=0.5)).collect();
            tensors.insert(format!("{name}.bias"), RawTensor { shape: vec![outputs], values });
        };
        let mut inputs = self.letters();
        for (n, &(taps, kernels, _)) in self.blocks.iter().enumerate() {
            add(format!("conv.{n}"), &[taps, inputs, kernels]);
            inputs = kernels;
        }
        inputs *= self.left;
        for (n, &outputs) in self.hidden.iter().chain([&self.classes]).enumerate() {
            add(format!("dense.{n}"), &[inputs, outputs]);
            inputs = outputs;
        }
        tensors
    }

    fn model(&self, tensors: &Tensors) -> Pysster {
        let card = ModelCard::new("random", "pysster", Task::Binding);
        Pysster::new(&self.config(), tensors, card).unwrap()
    }

    /// The network written out, in f64.
    fn plain(&self, tensors: &Tensors, letters: &[usize]) -> Vec<f64> {
        let of = |name: String| -> Vec<f64> {
            tensors[&name].values.iter().map(|&value| f64::from(value)).collect()
        };
        let one_hot = |&letter: &usize| {
            (0..self.letters()).map(|l| f64::from(u8::from(l == letter))).collect()
        };
        let mut x: Vec<Vec<f64>> = letters.iter().map(one_hot).collect();
        for (n, &(taps, kernels, pool)) in self.blocks.iter().enumerate() {
            let (weight, bias) = (of(format!("conv.{n}.weight")), of(format!("conv.{n}.bias")));
            let inputs = x[0].len();
            let conv = |t: usize, k: usize| {
                let sum = (0..taps * inputs)
                    .map(|i| x[t + i / inputs][i % inputs] * weight[i * kernels + k])
                    .sum::<f64>();
                (sum + bias[k]).max(0.0)
            };
            let pooled = |p: usize, k: usize| {
                (0..pool.size).map(|i| conv(p * pool.stride + i, k)).fold(f64::MIN, f64::max)
            };
            let positions = (x.len() + 1 - taps - pool.size) / pool.stride + 1;
            x = (0..positions).map(|p| (0..kernels).map(|k| pooled(p, k)).collect()).collect();
        }
        let mut x = x.concat();
        for n in 0..=self.hidden.len() {
            let (weight, mut out) =
                (of(format!("dense.{n}.weight")), of(format!("dense.{n}.bias")));
            for (o, out) in out.iter_mut().enumerate() {
                let columns = weight.len() / x.len();
                *out += x.iter().enumerate().map(|(i, x)| x * weight[i * columns + o]).sum::<f64>();
                *out = if n < self.hidden.len() { out.max(0.0) } else { *out };
            }
            x = out;
        }
        let sum: f64 = x.iter().map(|x| x.exp()).sum();
        x.iter()
            .map(|x| match self.output {
                Activation::Softmax => x.exp() / sum,
                Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            })
            .collect()
    }
}

fn sizes() -> impl Strategy<Value = Sizes> {
    let alphabets = [
        ("ACGU", ""),
        ("GATC", ""),
        ("ACGU", "SU"),
        ("ACGU", "HIMS"),
        ("CAUG", ".()"),
        ("ACGT", "HIMSFT"),
    ];
    let pool = (1usize..4, 1usize..4).prop_map(|(size, stride)| Pool { size, stride });
    let blocks = proptest::collection::vec((1usize..7, 1usize..40, pool), 1..4);
    let hidden = proptest::collection::vec(1usize..70, 0..3);
    let output = prop_oneof![Just(Activation::Softmax), Just(Activation::Sigmoid)];
    (proptest::sample::select(alphabets.to_vec()), blocks, hidden, 1usize..5, output, 1usize..6)
        .prop_map(|(alphabet, blocks, hidden, classes, output, left)| Sizes {
            alphabet,
            blocks,
            hidden,
            classes,
            output,
            left,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_network_computes_its_definition(sizes in sizes(), windows in 1usize..40, seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let tensors = sizes.tensors(&mut rng);
        let model = sizes.model(&tensors);
        let (sequence, structure) = (sizes.alphabet.0.as_bytes(), sizes.alphabet.1.as_bytes());
        let letters: Vec<Vec<usize>> = (0..windows)
            .map(|_| (0..sizes.length()).map(|_| rng.random_range(0..sizes.letters())).collect())
            .collect();
        let texts: Vec<(Vec<u8>, Vec<u8>)> = letters
            .iter()
            .map(|letters| {
                let n = structure.len().max(1);
                let bases = letters.iter().map(|l| sequence[l / n]).collect::<Vec<u8>>();
                let codes = polyascan::genome::sequence::encode(&bases).unwrap();
                let labels = letters.iter().filter_map(|l| structure.get(l % n).copied()).collect();
                (codes, labels)
            })
            .collect();
        let windows: Vec<Window> = texts
            .iter()
            .map(|(codes, labels)| Window {
                codes,
                structure: (!structure.is_empty()).then_some(labels.as_slice()),
            })
            .collect();
        let said = model.predict(&windows).unwrap().values;
        prop_assert_eq!(said.len(), sizes.classes);
        for (n, letters) in letters.iter().enumerate() {
            let alone = model.predict(&windows[n..=n]).unwrap().values;
            for (class, expected) in sizes.plain(&tensors, letters).into_iter().enumerate() {
                prop_assert!((f64::from(said[class][n]) - expected).abs() < 1e-5);
                prop_assert_eq!(said[class][n], alone[class][0]);
            }
        }
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
