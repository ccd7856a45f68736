//! APARENT2 can be trained, and its authors' weights can be trained on.

use std::fmt::Write as _;
use std::fs;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

const TINY: &str = "architecture = \"aparent2\"\nchannels = 8\nblocks = 1\ndilations = [1, 2]";

/// A table of frames cut 12 nt after the signal where the base at 84 is a G, and elsewhere if not.
fn table(folder: &Folder, rows: usize) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut text = "sequence\tlibrary\tcuts\tproximal\ttotal\n".to_owned();
    for row in 0..rows {
        let mut letters: Vec<u8> = (0..205).map(|_| b"ACGT"[rng.random_range(0..4)]).collect();
        letters[70..76].copy_from_slice(b"AATAAA");
        let mut cuts = [1; 206];
        cuts[if letters[84] == b'G' { 82 } else { 205 }] = 400;
        let cuts = cuts.map(|count| count.to_string()).join(",");
        let cuts = if row % 5 == 0 { "." } else { &cuts };
        let proximal = if letters[84] == b'G' { 95 } else { 5 };
        let sequence = String::from_utf8(letters).unwrap();
        writeln!(text, "{sequence}\t{}\t{cuts}\t{proximal}\t100", row % 3).unwrap();
    }
    folder.file("cuts.tsv", text)
}

fn config(folder: &Folder, name: &str, network: &str, optimiser: &str) -> String {
    let text = format!(
        "[model]\nname = \"tiny\"\ndescription = \"for a test\"\nseed = 1\ndata = \"{}\"\n\
         [network]\n{network}\n[optimiser]\nschedule = \"constant\"\n{optimiser}\n\
         [[examples]]\nfile = \"cuts.tsv\"\n[validation]\nshare = 0.2\n",
        folder.at("")
    );
    folder.file(name, text)
}

fn train(config: &str, out: &str, more: &[&str]) -> Vec<u8> {
    run(["train", "isoform", "--config", config, "-o", out].iter().chain(more));
    fs::read(out).unwrap()
}

/// A column of the log, epoch by epoch.
fn logged(folder: &Folder, name: &str, column: &str) -> Vec<f64> {
    let log = fs::read_to_string(folder.at(&format!("{name}.log.tsv"))).unwrap();
    let mut rows = log.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let at = header.iter().position(|name| *name == column).unwrap();
    rows.map(|row| row[at].parse().unwrap()).collect()
}

#[test]
fn threads_do_not_change_the_trained_file_and_predict_runs_it() {
    let folder = Folder::new();
    table(&folder, 90);
    let optimiser = "epochs = 3\nbatch = 24\nlearning_rate = 1e-2\ndropout = 0.1";
    let config = config(&folder, "tiny.toml", TINY, optimiser);
    let text = fs::read_to_string(&config).unwrap() + "[shift]\n";
    fs::write(&config, text).unwrap();
    let [one, three] = ["one.safetensors", "three.safetensors"].map(|name| folder.at(name));
    assert!(train(&config, &one, &["-t", "1"]) == train(&config, &three, &["-t", "3"]));
    // Of training: what the finished model norms by follows slowly.
    let loss = logged(&folder, "one", "loss");
    assert!(loss.len() == 3 && loss[2] < loss[0], "{loss:?}");
    let sequence = fs::read_to_string(folder.at("cuts.tsv")).unwrap();
    let sequence = sequence.lines().nth(1).unwrap().split('\t').next().unwrap().to_owned();
    let frame = folder.file("frame.txt", sequence);
    let said = run(["predict", &frame, "--model", &one, "--strand", "+"]);
    assert!(String::from_utf8(said).unwrap().contains("isoform_80_110"));
}

#[test]
fn it_learns_what_a_base_does_to_the_isoforms_share() {
    let folder = Folder::new();
    table(&folder, 800);
    // What is cut sees the signal before it, which says which G counts.
    let network = TINY.replace("channels = 8", "channels = 16").replace("[1, 2]", "[1, 2, 4]");
    let optimiser = "epochs = 18\nbatch = 32\nlearning_rate = 1e-2";
    let config = config(&folder, "learn.toml", &network, optimiser);
    train(&config, &folder.at("learnt.safetensors"), &[]);
    let pearson = logged(&folder, "learnt", "isoform_pearson");
    let best = pearson.iter().copied().fold(f64::MIN, f64::max);
    assert!(best > 0.9, "{pearson:?}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_authors_weights_go_on_learning() {
    let folder = Folder::new();
    table(&folder, 80);
    let keras = shared("models/aparent2_resnet_no_clinvar_wt_ep_5.h5");
    let authors = folder.at("authors.safetensors");
    run(["convert", keras.to_str().unwrap(), &authors]);
    let network = "architecture = \"aparent2\"\nstatistics = \"kept\"";
    let optimiser = "epochs = 4\nbatch = 32\nlearning_rate = 1e-3";
    let config = config(&folder, "config.toml", network, optimiser);
    let out = folder.at("on.safetensors");
    let after = train(&config, &out, &["--pretrained", &authors]);
    let loss = logged(&folder, "on", "validation_loss");
    assert!(loss[3] < 0.9 * loss[0], "{loss:?}");
    let before = fs::read(&authors).unwrap();
    let [before, after] =
        [&before, &after].map(|bytes| safetensors::SafeTensors::deserialize(bytes).unwrap());
    assert_eq!(before.len(), after.len());
    for (name, tensor) in before.iter() {
        let kept = name.ends_with(".mean") || name.ends_with(".variance");
        assert_eq!(tensor.data() == after.tensor(name).unwrap().data(), kept, "{name}");
    }
    // The last layers alone.
    let head =
        fs::read_to_string(&config).unwrap().replace("epochs = 4", "epochs = 1\ntrain = \"head\"");
    let head = folder.file("head.toml", head);
    let after = train(&head, &out, &["--pretrained", &authors]);
    let after = safetensors::SafeTensors::deserialize(&after).unwrap();
    for (name, tensor) in before.iter() {
        let is_head = ["last.", "final.", "library."].iter().any(|head| name.starts_with(head));
        assert_eq!(tensor.data() != after.tensor(name).unwrap().data(), is_head, "{name}");
    }
}

#[test]
fn what_cannot_be_learned_is_refused() {
    let folder = Folder::new();
    table(&folder, 40);
    let out = folder.at("w.safetensors");
    let optimiser = "epochs = 1\nbatch = 16\nlearning_rate = 1e-3";
    for (network, optimiser, told) in [
        (
            TINY.replace("channels = 8", "channels = 0"),
            optimiser.to_owned(),
            ["[network]", "above 0"],
        ),
        (TINY.to_owned(), format!("{optimiser}\ntrain = \"head\""), ["statistics", "kept"]),
        (TINY.to_owned(), optimiser.replace("batch = 16", "batch = 64"), ["32 examples", "64"]),
        ("architecture = \"deerect\"".to_owned(), optimiser.to_owned(), ["deerect", "aparent2"]),
    ] {
        let config = config(&folder, "wrong.toml", &network, &optimiser);
        refuse(["train", "isoform", "--config", &config, "-o", &out], 1, &told);
    }
    let config = config(&folder, "good.toml", TINY, optimiser);
    folder.file("cuts.tsv", "sequence\tcuts\nACGT\t1\n");
    let told = ["cuts.tsv, line 2", "hexamer", "70"];
    refuse(["train", "isoform", "--config", &config, "-o", &out], 1, &told);
    assert!(!names(&folder.at("")).contains(&"w.safetensors".to_owned()));
}
