//! PolyaID can be trained: the same file whatever the threads, which the scan runs.

use std::fs;

use crate::support::*;

/// A configuration of a network that is trained in a second.
fn config(folder: &Folder, name: &str, segment: usize, network: &str) -> String {
    let text = format!(
        r#"
[model]
name = "tiny"
description = "for a test"
seed = 1
data = "{}"
[network]
{network}
[optimiser]
epochs = 2
batch = 40
learning_rate = 3e-3
average = 0.9
dropout = 0.2
[loss]
classification = 1.0
cleavage = 0.2
[labels]
segment = {segment}
spread = 1.5
mutated_mass = 0.1
[[genome]]
fasta = "genome.fa"
sites = "truth.bed"
high_repeats = 4
other_repeats = 4
random = 200
hard = 20
[validation]
fasta = "genome.fa"
sites = "truth.bed"
"#,
        folder.at("sim")
    );
    folder.file(name, text)
}

const TINY: &str = "architecture = \"polyaid\"\nfilters = 16\nwidth = 8\nunits = 6
classification = [16]\ncleavage = [16, 8]";

fn train(config: &str, out: &str, more: &[&str]) -> Vec<u8> {
    run(["train", "scan", "--config", config, "-o", out].iter().chain(more));
    fs::read(out).unwrap()
}

#[test]
fn threads_do_not_change_the_trained_file_and_the_scan_runs_it() {
    let folder = Folder::new();
    let genome = simulate(&folder.at("sim"), 40_000, 8, 2, 1);
    let config = config(&folder, "tiny.toml", 240, TINY);
    let (one, three) = (folder.at("one.safetensors"), folder.at("three.safetensors"));
    assert!(train(&config, &one, &["-t", "1"]) == train(&config, &three, &["-t", "3"]));
    let prefix = folder.at("out/x");
    let args = ["scan", &genome, "--model", &one, "-o", &prefix, "--min-probability", "0"];
    run(args.iter().chain(&["--min-centre-cleavage", "0"]));
    assert_eq!(summary(&prefix)["model"]["architecture"], "polyaid");
    assert!(!sites_of(&prefix).is_empty());
}

#[test]
fn training_goes_on_from_a_trained_model_with_the_heads_alone() {
    let folder = Folder::new();
    simulate(&folder.at("sim"), 40_000, 8, 2, 1);
    let config = config(&folder, "tiny.toml", 240, TINY);
    let first = folder.at("first.safetensors");
    let before = train(&config, &first, &[]);
    let text = fs::read_to_string(&config).unwrap();
    let heads = text.replace("[optimiser]", "[optimiser]\ntrain = \"head\"");
    let heads = folder.file("heads.toml", heads);
    let after = train(&heads, &folder.at("after.safetensors"), &["--pretrained", &first]);
    let [before, after] =
        [&before, &after].map(|bytes| safetensors::SafeTensors::deserialize(bytes).unwrap());
    for (name, tensor) in before.iter() {
        let is_head = name.starts_with("classification.") || name.starts_with("cleavage.");
        assert_eq!(tensor.data() != after.tensor(name).unwrap().data(), is_head, "{name}");
    }
}

#[test]
fn what_polyaid_cannot_be_is_refused() {
    let folder = Folder::new();
    let out = folder.at("w.safetensors");
    for (segment, network, told) in [
        (400, TINY.to_owned(), ["segment = 400", "polyaid", "segment = 240"]),
        (240, TINY.replace("width = 8", "width = 239"), ["[network]", "width = 239", "238"]),
        (240, TINY.replace("units = 6", "units = 0"), ["[network]", "units", "above 0"]),
        (240, TINY.replace("units = 6", "units = 6\nunit = 6"), ["unknown field", "unit", ""]),
    ] {
        let config = config(&folder, "wrong.toml", segment, &network);
        refuse(["train", "scan", "--config", &config, "-o", &out], 1, &told);
        assert!(!names(&folder.at("")).contains(&"w.safetensors".to_owned()));
    }
}
