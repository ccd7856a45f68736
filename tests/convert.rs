//! A converted model is one that the other commands run.

use std::fs;

use crate::support::*;

const KERAS: &str = "models/polyaid_keras_small_random.h5";

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_converted_model_scans_as_it_predicts() {
    let keras = shared(KERAS);
    let folder = Folder::new();
    let (model, prefix) = (folder.at("polyaid.safetensors"), folder.at("out/x"));
    let told = polyascan().args(["convert", keras.to_str().unwrap(), &model]).assert().success();
    let told = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    // Name and sizes, digest, source.
    assert_eq!(told.lines().count(), 3, "{told}");
    let letters = read_fasta(&simulate(&folder.at("sim"), 20_000, 4, 1, 1)).remove(0).1;
    let genome = folder.file("genome.fa", fasta([("c", &letters[2_000..2_700])]));
    run(["scan", &genome, "--model", &model, "--tracks", "-o", &prefix]);
    assert_eq!(summary(&prefix)["model"]["architecture"], "polyaid");
    let windows = windows(&run(["predict", &genome, "--model", &model, "--every", "9"]));
    assert_eq!(windows.len(), 2 * 461_usize.div_ceil(9));
    let tracks =
        ["plus", "minus"].map(|name| track(&format!("{prefix}.{name}.probability.bw"), "c", 700));
    for window in windows {
        let scanned = tracks[usize::from(window.strand == '-')][window.centre()];
        let (start, strand) = (window.start, window.strand);
        assert!((scanned - window.probability).abs() < 1e-5, "{start}{strand}: {scanned}");
    }
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_same_weights_give_the_same_bytes() {
    let keras = shared(KERAS);
    let folder = Folder::new();
    let [a, b] = ["a", "b"].map(|name| {
        let out = folder.at(name);
        run(["convert", keras.to_str().unwrap(), &out]);
        fs::read(out).unwrap()
    });
    assert!(a == b);
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_model_of_strength_cannot_be_scanned_but_predicts() {
    let keras = shared("models/polyastrength_keras_random_weights_only.h5");
    let folder = Folder::new();
    let (model, out) = (folder.at("strength.safetensors"), folder.folder("out"));
    run(["convert", keras.to_str().unwrap(), &model]);
    let genome = folder.file("genome.fa", format!(">c\n{}\n", "ACGTT".repeat(49)));
    let prefix = format!("{out}/x");
    let told = ["strength", "cannot be scanned", "polyascan models list"];
    refuse(["scan", &genome, "--model", &model, "--tracks", "-o", &prefix], 1, &told);
    assert!(names(&out).is_empty());
    let table = String::from_utf8(run(["predict", &genome, "--model", &model])).unwrap();
    assert!(table.contains("#name\tstart\tstrand\tstrength\n"));
    assert_eq!(table.lines().filter(|line| !line.starts_with('#')).count(), 2 * 6);
}

#[test]
fn what_is_no_published_weight_file_is_refused_and_leaves_nothing() {
    let folder = Folder::new();
    let (model, out) = (small_model(&folder), folder.folder("out"));
    let converted = format!("{out}/m.safetensors");
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 131902008\n";
    let pointer = folder.file("pointer.h5", pointer);
    refuse(["convert", &pointer, &converted], 1, &[&pointer, "Git LFS pointer", "131902008"]);
    refuse(["convert", &model, &converted], 1, &[&model, "safetensors"]);
    let none = folder.at("none.h5");
    refuse(["convert", &none, &converted], 1, &[&none]);
    assert!(names(&out).is_empty());
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn half_a_weight_file_is_refused_and_leaves_nothing() {
    let folder = Folder::new();
    let out = folder.folder("out");
    let whole = fs::read(shared(KERAS)).unwrap();
    let cut = folder.file("cut.h5", &whole[..whole.len() / 2]);
    refuse(["convert", &cut, &format!("{out}/m.safetensors")], 1, &[&cut]);
    assert!(names(&out).is_empty());
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn options_of_other_models_are_refused() {
    let folder = Folder::new();
    let out = folder.folder("out");
    let model = format!("{out}/m.safetensors");
    let [polyaid, aparent2] = [KERAS, "models/aparent2_resnet_no_clinvar_wt_ep_5.h5"].map(shared);
    let [polyaid, aparent2] = [&polyaid, &aparent2].map(|path| path.to_str().unwrap());
    for (keras, option, value, told) in [
        (
            polyaid,
            "--library",
            "3",
            "--library belongs to aparent2 models; this file is of polyaid",
        ),
        (aparent2, "--input-length", "40", "--input-length belongs to pysster models"),
        (aparent2, "--library", "13", "libraries 0 to 12; its authors predict with 11"),
    ] {
        refuse(["convert", keras, &model, option, value], 2, &[told]);
        assert!(names(&out).is_empty());
    }
}
