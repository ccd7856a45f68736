use super::*;
use crate::models::formats::keras_h5::KerasLayer;
use crate::models::polyaid::random::{Shape, random};
use crate::models::polyaid::weights::Weights;

const SHAPE: Shape = Shape { width: 6, filters: 4, units: 3, dense: &[5, 4, 3] };

/// Lays random tensors out as Keras does: `bidirectional` and `conv` name the wrapper and the
/// convolution, `decorate` changes each layer name.
fn keras(model: Kind, decorate: impl Fn(&str) -> String) -> (KerasFile, Tensors) {
    let tensors = random(model, SHAPE, 7);
    let mut file = KerasFile::default();
    file.layers.push(KerasLayer { name: "input_1".into(), weights: vec![] });
    for (name, tensor) in &tensors {
        let (layer, kind) = name.rsplit_once('.').unwrap();
        let kind = match kind {
            "weight" | "input" => "kernel",
            "recurrent" => "recurrent_kernel",
            other => other,
        };
        let (layer, weight) = match layer {
            "conv" => (decorate(keras_conv(model)), None),
            "lstm.forward" => (decorate("bidirectional"), Some("forward_bin_lstm/lstm_cell")),
            "lstm.backward" => (decorate("bidirectional"), Some("backward_bin_lstm")),
            dense => {
                let (head, n) = dense.split_once('.').unwrap();
                let n: usize = n.parse().unwrap();
                let prefix = if head == "cleavage" { PROB } else { BIN };
                let last = n == SHAPE.dense.len();
                let base = if last { "predictions".into() } else { format!("dense{}", n + 1) };
                (decorate(&format!("{prefix}_{base}")), None)
            }
        };
        let inside = weight.map_or(String::new(), |weight| format!("/{weight}"));
        let weight =
            KerasWeight { name: format!("{layer}{inside}/{kind}:0"), tensor: tensor.clone() };
        file.layers.push(KerasLayer { name: layer, weights: vec![weight] });
    }
    (file, tensors)
}

fn recognise(file: &KerasFile) -> Result<Option<Recognised>> {
    for kind in Kind::ALL {
        if let Some(found) = super::recognise(kind, Path::new("weights.h5"), file)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn problem(file: &KerasFile) -> String {
    recognise(file).unwrap_err().to_string()
}

#[test]
fn both_models_are_recognised_whatever_surrounds_their_names() {
    for kind in Kind::ALL {
        for decorate in [
            |name: &str| name.to_owned(),
            |name: &str| format!("{name}_12"),
            |name: &str| format!("human_{name}"),
            |name: &str| format!("model_1/{name}_3"),
        ] {
            let (file, tensors) = keras(kind, decorate);
            let found = recognise(&file).unwrap().unwrap();
            assert!(super::recognise(kind, Path::new("weights.h5"), &file).unwrap().is_some());
            assert_eq!(found.tensors, tensors);
            Weights::new(kind, &found.tensors).unwrap();
        }
    }
}

#[test]
fn a_missing_weight_is_named_as_keras_names_it() {
    for index in 1.. {
        let (mut file, _) = keras(Kind::PolyaId, str::to_owned);
        if index == file.layers.len() {
            return;
        }
        let removed = file.layers.remove(index);
        // A convolution without its kernel is still recognised by its bias.
        let said = problem(&file);
        assert!(said.contains("missing"), "{}: {said}", removed.name);
    }
}

#[test]
fn weights_with_no_place_and_weights_with_one_place_are_refused() {
    let (mut file, _) = keras(Kind::PolyaStrength, str::to_owned);
    let mut extra = file.layers[1].clone();
    extra.name = "batch_norm".into();
    extra.weights[0].name = "batch_norm/gamma:0".into();
    file.layers.push(extra);
    assert!(problem(&file).contains("batch_norm/gamma:0"));
    let (mut file, _) = keras(Kind::PolyaStrength, str::to_owned);
    file.layers.push(file.layers[1].clone());
    assert!(problem(&file).contains("same place"));
}

#[test]
fn another_model_is_left_to_others() {
    let tensor = RawTensor { shape: vec![1], values: vec![0.5] };
    let weights = vec![KerasWeight { name: "conv1d_1/kernel:0".into(), tensor }];
    let layers = vec![KerasLayer { name: "conv1d_1".into(), weights }];
    assert!(recognise(&KerasFile { layers, ..KerasFile::default() }).unwrap().is_none());
}

#[test]
fn a_description_that_contradicts_the_model_is_refused() {
    let (mut file, _) = keras(Kind::PolyaId, str::to_owned);
    let lstm = serde_json::json!({ "class_name": "LSTM", "config": {
        "recurrent_activation": "hard_sigmoid" } });
    file.config = Some(serde_json::json!({ "class_name": "Model", "config": { "layers": [
        { "class_name": "Bidirectional", "config": { "name": "bin_lstm", "layer": lstm } } ] } }));
    assert!(problem(&file).contains("hard_sigmoid"));
}

#[test]
fn names_are_told_apart() {
    use Part::{Backward, Conv, Dense, Forward, Predictions};
    let cases = [
        ("bin_conv", Some(Conv(Kind::PolyaId))),
        ("seq_conv_1", Some(Conv(Kind::PolyaStrength))),
        ("bin_convolution", None),
        ("cabin_conv", None),
        ("forward_bin_lstm", Some(Forward)),
        ("backward_lstm_2", Some(Backward)),
        ("bin_lstm", None),
        ("bin_dense12_3", Some(Dense(BIN, 12))),
        ("prob_dense1", Some(Dense(PROB, 1))),
        ("bin_dense", None),
        ("bin_dense1x", None),
        ("bin_dense99999999999999999999999", None),
        ("my_prob_predictions", Some(Predictions(PROB))),
    ];
    for (name, wanted) in cases {
        assert_eq!(part(name), wanted, "{name}");
    }
}
