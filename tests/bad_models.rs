//! A model file that is not what it should be is refused by name, before any output is made.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use crate::support::*;

/// A folder with a genome, and an output folder that must stay empty.
struct Setting {
    folder: Folder,
    genome: String,
    out: String,
}

impl Setting {
    fn new() -> Self {
        let folder = Folder::new();
        let genome = folder.file("genome.fa", format!(">chr1\n{}\n", "ACGTT".repeat(100)));
        let out = folder.folder("out");
        Self { folder, genome, out }
    }

    fn refuse(&self, model: &str, told: &[&str]) {
        let prefix = format!("{}/x", self.out);
        let told = [&[model], told].concat();
        refuse(["scan", &self.genome, "--model", model, "-o", &prefix, "--tracks"], 1, &told);
        refuse(["predict", &self.genome, "--model", model, "-o", &prefix], 1, &told);
        assert!(names(&self.out).is_empty(), "{:?}", names(&self.out));
    }

    fn refuse_bytes(&self, bytes: &[u8], told: &[&str]) {
        self.refuse(&self.folder.file("wrong.safetensors", bytes), told);
    }

    /// Refuses a file with weights as `change` leaves them.
    fn refuse_changed(
        &self,
        change: impl FnOnce(&mut HashMap<String, Tensor>, &mut HashMap<String, String>),
        told: &[&str],
    ) {
        let (mut tensors, mut metadata) = small_weights();
        change(&mut tensors, &mut metadata);
        self.refuse_bytes(&safetensors::serialize(&tensors, Some(metadata)).unwrap(), told);
    }
}

fn filled(shape: &[usize], value: f32) -> Tensor {
    Tensor::full(value, shape, &Device::Cpu).unwrap()
}

#[test]
fn an_unknown_name_is_told_with_the_known_ones() {
    let s = Setting::new();
    s.refuse("polyaid-v9", &["neither", "default", "file"]);
    refuse(["models", "show", "polyaid-v9"], 1, &["polyaid-v9", "polyascan models list"]);
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn other_files_are_told_to_be_no_safetensors() {
    let s = Setting::new();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 131902008\n";
    s.refuse_bytes(pointer, &["Git LFS pointer", "no safetensors"]);
    s.refuse_bytes(b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0", &["HDF5", "polyascan convert"]);
    s.refuse_bytes(b"", &["empty"]);
    s.refuse_bytes(b"PK\x03\x04\x14\0\0\0\0\0", &["safetensors"]);
    s.refuse(&s.genome, &["safetensors"]);
    s.refuse(&s.out, &["cannot read"]);
    let keras = shared("models/polyaid_keras_small_random.h5");
    s.refuse(keras.to_str().unwrap(), &["HDF5", "polyascan convert"]);
}

#[test]
fn a_truncated_weight_file_is_refused() {
    let s = Setting::new();
    let whole = std::fs::read(small_model(&s.folder)).unwrap();
    for cut in [whole.len() - 1, whole.len() / 2, 100, 7] {
        s.refuse_bytes(&whole[..cut], &["complete"]);
    }
}

#[test]
fn another_architecture_is_refused() {
    let s = Setting::new();
    s.refuse_changed(|_, m| drop(m.insert("architecture".into(), "unet".into())), &["\"unet\""]);
    s.refuse_changed(|_, m| drop(m.remove("architecture")), &["architecture"]);
    s.refuse_changed(|_, m| drop(m.remove("config")), &["config"]);
    let narrow = r#"{"channels":16,"stem_width":16,"dilations":[16,32],"hidden":16}"#;
    s.refuse_changed(
        |_, m| drop(m.insert("config".into(), narrow.into())),
        &["receptive field 112", "240"],
    );
    let wide = r#"{"channels":32,"stem_width":16,"dilations":[16,32,64],"hidden":16}"#;
    s.refuse_changed(
        |_, m| drop(m.insert("config".into(), wide.into())),
        &["stem.weight", "[64, 16]", "[64, 32]"],
    );
}

#[test]
fn a_window_for_which_a_model_gives_no_number_is_named() {
    let s = Setting::new();
    let (tensors, metadata) = small_weights();
    let with = |name: &str, shape: &[usize]| {
        let mut tensors = tensors.clone();
        tensors.insert(name.into(), filled(shape, 3e38));
        let bytes = safetensors::serialize(&tensors, Some(metadata.clone())).unwrap();
        s.folder.file(&format!("{name}.safetensors"), bytes)
    };
    let prefix = format!("{}/x", s.out);
    // The first layer, of which a ReLU could make sound values again, and the last one.
    for model in [with("stem.weight", &[64, 16]), with("output.weight", &[16, 51])] {
        let args = ["scan", &s.genome, "--model", &model, "-t", "1", "-o", &prefix];
        refuse(args, 1, &["window chr1:1", ":+: a score is not a number"]);
    }
    let model = with("output.weight", &[16, 51]);
    let args = ["predict", &s.genome, "--model", &model, "-t", "1", "-o", &prefix];
    refuse(args, 1, &["window chr1:1:+: a score is not a number"]);
    assert!(names(&s.out).is_empty(), "{:?}", names(&s.out));
}

#[test]
fn weights_that_are_missing_misshapen_or_no_numbers_are_refused() {
    let s = Setting::new();
    let insert =
        |t: &mut HashMap<String, Tensor>, name: &str, tensor| drop(t.insert(name.into(), tensor));
    s.refuse_changed(|t, _| drop(t.remove("blocks.1.bias")), &["blocks.1.bias", "missing"]);
    s.refuse_changed(
        |t, _| insert(t, "hidden.bias", filled(&[17], 0.0)),
        &["hidden.bias", "[17]", "[16]"],
    );
    s.refuse_changed(
        |t, _| insert(t, "output.bias", filled(&[51], f32::NAN)),
        &["output.bias", "NaN"],
    );
    s.refuse_changed(
        |t, _| insert(t, "stem.bias", filled(&[16], f32::INFINITY)),
        &["stem.bias", "infinite"],
    );
    let half = filled(&[16], 0.5).to_dtype(DType::F16).unwrap();
    s.refuse_changed(|t, _| insert(t, "stem.bias", half), &["stem.bias", "f32"]);
}
