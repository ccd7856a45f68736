use serde_json::{Value, json};

use super::*;
use crate::engine::cpu::gated::{Cell, Gate};
use crate::error::Problem;
use crate::models::formats::keras_h5::KerasWeight;

fn layer(name: &str, kernel: &[usize]) -> KerasLayer {
    let tensor = |shape: &[usize]| RawTensor {
        shape: shape.to_vec(),
        values: (0..shape.iter().product()).map(|i| i as f32 / 100.0).collect(),
    };
    let weight = |kind: &str, shape: &[usize]| KerasWeight {
        name: format!("{name}_1/{kind}:0"),
        tensor: tensor(shape),
    };
    let weights = match kernel {
        [] => vec![],
        [.., outputs] => vec![weight("kernel", kernel), weight("bias", &[*outputs])],
    };
    KerasLayer { name: name.to_owned(), weights }
}

/// A model of 40 nt with two convolutions: 40 -> 36 -> (pool 3/2) 17 -> 14 -> (pool 2/2) 7.
fn weights() -> KerasFile {
    let layers = vec![
        layer("input_1", &[]),
        layer("conv1d_9", &[5, 16, 6]),
        layer("max_pooling1d_9", &[]),
        layer("conv1d_10", &[4, 6, 3]),
        layer("flatten_1", &[]),
        layer("dense_12", &[21, 8]),
        layer("dense_13", &[8, 2]),
    ];
    KerasFile { layers, ..KerasFile::default() }
}

fn config() -> Value {
    let layer = |class: &str, settings: Value| json!({ "class_name": class, "config": settings });
    let conv = |name: &str, taps: usize, kernels: usize| {
        layer(
            "Conv1D",
            json!({
                "name": name, "kernel_size": [taps], "filters": kernels, "strides": [1],
                "padding": "valid", "activation": "relu",
            }),
        )
    };
    let pool =
        |size, stride| layer("MaxPooling1D", json!({ "pool_size": [size], "strides": [stride] }));
    let dense = |name: &str, units: usize, activation: &str| {
        layer("Dense", json!({ "name": name, "units": units, "activation": activation }))
    };
    json!({ "class_name": "Model", "config": { "layers": [
        layer("InputLayer", json!({ "batch_input_shape": [null, 40, 16] })),
        layer("Dropout", json!({ "rate": 0.1 })),
        conv("conv1d_9", 5, 6), pool(3, 2), conv("conv1d_10", 4, 3), pool(2, 2),
        layer("Flatten", json!({})),
        dense("dense_12", 8, "relu"), dense("dense_13", 2, "sigmoid"),
    ] } })
}

fn saved() -> KerasFile {
    KerasFile { config: Some(config()), ..weights() }
}

/// The saved model with one setting of one layer changed.
fn changed(at: usize, key: &str, value: Value) -> KerasFile {
    let mut file = saved();
    file.config.as_mut().unwrap()["config"]["layers"][at]["config"][key] = value;
    file
}

fn read(file: &KerasFile, options: &ConvertOptions) -> std::result::Result<Config, Problem> {
    let recognised =
        recognise(Path::new("model.h5"), file, options).map_err(|error| error.to_string())?;
    Ok(serde_json::from_value(recognised.unwrap().config.unwrap()).unwrap())
}

fn refused(file: &KerasFile, options: &ConvertOptions, told: &[&str]) {
    let said = read(file, options).unwrap_err();
    assert!(told.iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn a_saved_model_says_all_sizes_itself() {
    let pools = vec![Pool { size: 3, stride: 2 }, USUAL_POOL];
    let expected = Config {
        alphabet: "ACGU,HIMS".into(),
        length: 40,
        pools,
        recurrent: Vec::new(),
        features: Vec::new(),
        output: Activation::Sigmoid,
    };
    assert_eq!(read(&saved(), &ConvertOptions::default()), Ok(expected.clone()));
    let recognised = recognise(Path::new("x"), &saved(), &ConvertOptions::default()).unwrap();
    let tensors = recognised.unwrap().tensors;
    let names: Vec<&str> = tensors.keys().map(String::as_str).collect();
    let layers = ["conv.0", "conv.1", "dense.0", "dense.1"];
    assert_eq!(
        names,
        layers.map(|name| [format!("{name}.bias"), format!("{name}.weight")]).concat()
    );
    assert_eq!(tensors["conv.1.weight"].shape, [4, 6, 3]);
    // Keras before 2.2.3 lists the layers of a sequential model directly.
    let mut sequential = saved();
    let layers = config()["config"]["layers"].clone();
    sequential.config = Some(json!({ "class_name": "Sequential", "config": layers }));
    assert_eq!(read(&sequential, &ConvertOptions::default()), Ok(expected));
}

#[test]
fn weights_alone_need_the_length_of_the_input() {
    let of = |nt| ConvertOptions { input_length: Some(nt), ..ConvertOptions::default() };
    refused(&weights(), &ConvertOptions::default(), &["--input-length"]);
    // Pools 2/2: 38 -> 34 -> 17 -> 14 -> 7, and up to 41 the same.
    assert_eq!(read(&weights(), &of(41)).unwrap().pools, [USUAL_POOL; 2]);
    let told = ["50 nt does not fit", "reads 21 values", "10 positions x 3", "38 to 41 nt would"];
    refused(&weights(), &of(50), &told);
    refused(&saved(), &of(41), &["--input-length 41", "the file says 40"]);
    let mut other = weights();
    other.layers[5] = layer("dense_12", &[22, 8]);
    refused(&other, &of(40), &["no length would", "whole saved model"]);
}

#[test]
fn the_length_that_a_description_leaves_open_is_taken_from_the_user() {
    let of = |nt| ConvertOptions { input_length: Some(nt), ..ConvertOptions::default() };
    assert_eq!(read(&saved(), &of(40)), read(&saved(), &ConvertOptions::default()));
    for shape in [json!([null, null, 16]), Value::Null] {
        let open = changed(0, "batch_input_shape", shape);
        refused(&open, &ConvertOptions::default(), &["does not say", "--input-length"]);
        assert_eq!(read(&open, &of(40)), read(&saved(), &ConvertOptions::default()));
        refused(&open, &of(80), &["80 nt does not fit"]);
    }
}

#[test]
fn a_layer_that_is_described_must_be_there() {
    let none = ConvertOptions::default();
    for (at, name) in [(1, "conv1d_9"), (3, "conv1d_10"), (5, "dense_12"), (6, "dense_13")] {
        let told = format!("layer {name} are missing: the file was saved in part");
        let (mut unlisted, mut emptied) = (saved(), saved());
        unlisted.layers.remove(at);
        emptied.layers[at].weights.clear();
        refused(&unlisted, &none, &[&told]);
        refused(&emptied, &none, &[&told]);
    }
    let mut more = saved();
    more.layers.push(layer("dense_14", &[2, 2]));
    refused(&more, &none, &["dense_14 has weights", "does not describe it"]);
    let mut swapped = saved();
    swapped.layers.swap(5, 6);
    refused(&swapped, &none, &["conv1d_10, dense_13, dense_12;", "conv1d_10, dense_12, dense_13:"]);
}

#[test]
fn weights_must_have_the_sizes_of_the_description() {
    let none = ConvertOptions::default();
    for (at, key, value, told) in [
        // As many positions are left after the pool as with 5 taps: the flattened size fits.
        (2, "kernel_size", json!([6]), "conv1d_9 is described with kernel_size [6], but its"),
        (4, "kernel_size", json!(5), "conv1d_10 is described with kernel_size 5, but its"),
        (2, "filters", json!(7), "conv1d_9 is described with filters 7, but its weights have 6"),
        (7, "units", json!(9), "dense_12 is described with units 9, but its weights have 8"),
        (8, "units", json!(3), "dense_13 is described with units 3, but its weights have 2"),
        (
            0,
            "batch_input_shape",
            json!([null, 40, 4]),
            "conv1d_9 is described with input channels 4, but its weights have 16",
        ),
    ] {
        refused(&changed(at, key, value), &none, &[told]);
    }
    for (at, key, value) in [
        (2, "kernel_size", json!(5)),
        (2, "kernel_size", Value::Null),
        (7, "units", Value::Null),
        (0, "batch_input_shape", json!([null, 40, null])),
    ] {
        assert_eq!(read(&changed(at, key, value), &none), read(&saved(), &none));
    }
}

#[test]
fn a_single_output_is_a_sigmoid() {
    let none = ConvertOptions::default();
    let of_length = ConvertOptions { input_length: Some(40), ..ConvertOptions::default() };
    let single = layer("dense_13", &[8, 1]);
    let (mut alone, mut whole) = (weights(), changed(8, "units", json!(1)));
    assert_eq!(read(&alone, &of_length).unwrap().output, Activation::Softmax);
    alone.layers[6] = single.clone();
    assert_eq!(read(&alone, &of_length).unwrap().output, Activation::Sigmoid);
    whole.layers[6] = single;
    assert_eq!(read(&whole, &none).unwrap().output, Activation::Sigmoid);
    whole.config.as_mut().unwrap()["config"]["layers"][8]["config"]["activation"] =
        json!("softmax");
    refused(&whole, &none, &["softmax of one value", "always 1", "sigmoid"]);
}

#[test]
fn the_alphabet_must_have_as_many_letters_as_the_model() {
    let of = |alphabet: &str| ConvertOptions {
        alphabet: Some(alphabet.into()),
        ..ConvertOptions::default()
    };
    assert_eq!(read(&saved(), &of("ACGT,().x")).unwrap().alphabet, "ACGT,().x");
    refused(&saved(), &of("ACGU,HIMSFT"), &["24 letters", "the model reads 16"]);
    refused(&saved(), &of("ACG"), &["alphabet \"ACG\""]);
    assert_eq!(read(&saved(), &of("ABCDEFGHIJKLMNOP")).unwrap().alphabet, "ABCDEFGHIJKLMNOP");
    let mut eight = saved();
    eight.layers[1] = layer("conv1d_9", &[5, 8, 6]);
    eight.config.as_mut().unwrap()["config"]["layers"][0]["config"] =
        json!({ "batch_input_shape": [null, 40, 8] });
    refused(&eight, &ConvertOptions::default(), &["8 letters", "--alphabet"]);
    assert_eq!(read(&eight, &of("ACGU,SU")).unwrap().alphabet, "ACGU,SU");
}

#[test]
fn what_is_not_supported_is_named() {
    for (at, key, value, told) in [
        (2, "activation", json!("elu"), "activation \"elu\"; pysster has \"relu\""),
        (2, "padding", json!("same"), "layer conv1d_9 has padding"),
        (2, "strides", json!([2]), "strides [2]"),
        (7, "activation", json!("tanh"), "activation \"tanh\""),
        (
            8,
            "activation",
            json!("linear"),
            "the last Dense layer dense_13 has activation \"linear\", which gives no class",
        ),
    ] {
        refused(&changed(at, key, value), &ConvertOptions::default(), &[told]);
    }
    for (class, told) in
        [("BatchNormalization", "none of pysster's"), ("MaxPooling1D", "its layers are")]
    {
        let mut file = saved();
        file.config.as_mut().unwrap()["config"]["layers"][6] =
            json!({ "class_name": class, "config": { "pool_size": 2, "strides": 2 } });
        refused(&file, &ConvertOptions::default(), &[told]);
    }
}

#[test]
fn other_models_are_left_to_others() {
    let mut other = weights();
    other.layers[1].name = "bin_conv".into();
    let recognised = recognise(Path::new("x"), &other, &ConvertOptions::default());
    assert!(recognised.unwrap().is_none());
}

/// A recurrent layer of 3 inputs and 2 units a direction.
fn recurrent(name: &str, directions: &[&str], gates: usize) -> KerasLayer {
    let width = 2 * gates;
    let mut weights = Vec::new();
    for side in directions {
        for (kind, shape) in [
            ("kernel", vec![3, width]),
            ("recurrent_kernel", vec![2, width]),
            ("bias", vec![width]),
        ] {
            let values = (0..shape.iter().product()).map(|i| i as f32 / 100.0).collect();
            let name = format!("{name}/{side}x_1/{kind}:0");
            weights.push(KerasWeight { name, tensor: RawTensor { shape, values } });
        }
    }
    KerasLayer { name: name.to_owned(), weights }
}

/// The saved model with recurrent layers instead of the flattening, `features` beside them.
fn gated(layers: &[(&str, &[&str], usize, Value)], outputs: usize, features: usize) -> KerasFile {
    let mut file = saved();
    let listed = file.config.as_mut().unwrap()["config"]["layers"].as_array_mut().unwrap();
    listed.remove(6);
    for (at, (name, directions, gates, described)) in layers.iter().enumerate() {
        listed.insert(6 + at, described.clone());
        file.layers.insert(5 + at, recurrent(name, directions, *gates));
    }
    if features > 0 {
        let input = json!({ "name": "input_2", "batch_input_shape": [null, features] });
        let joined = json!({
            "class_name": "Concatenate", "config": { "name": "concatenate_1" },
            "inbound_nodes": [[["lstm_1", 0, 0, {}], ["dropout_9", 0, 0, {}]]],
        });
        let at = 6 + layers.len();
        listed.insert(at, joined);
        listed.insert(at, json!({ "class_name": "InputLayer", "config": input }));
    }
    let dense = file.layers.iter().position(|layer| layer.name == "dense_12").unwrap();
    file.layers[dense] = layer("dense_12", &[outputs + features, 8]);
    file
}

fn described(class: &str, name: &str, gate: &str) -> Value {
    json!({ "class_name": class, "name": name, "config": {
        "name": name, "units": 2, "activation": "tanh", "recurrent_activation": gate,
        "use_bias": true, "go_backwards": false,
    } })
}

fn in_both(inner: Value, name: &str) -> Value {
    json!({ "class_name": "Bidirectional", "config": {
        "name": name, "merge_mode": "concat", "layer": inner,
    } })
}

#[test]
fn recurrent_layers_and_features_are_read() {
    let none = ConvertOptions::default();
    let lstm = described("LSTM", "lstm_1", "hard_sigmoid");
    let alone: (&str, &[&str], usize, Value) = ("lstm_1", &[""], 4, lstm);
    let file = gated(std::slice::from_ref(&alone), 2, 3);
    let config = read(&file, &none).unwrap();
    let expected = Recurrent { cell: Cell::Lstm, gate: Gate::HardSigmoid, bidirectional: false };
    assert_eq!(config.recurrent, [expected]);
    let names: Vec<&str> = config.features.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["feature_0", "feature_1", "feature_2"]);
    let both: &[&str] = &["forward_", "backward_"];
    let gru = in_both(described("GRU", "gru_1", "sigmoid"), "bidirectional_1");
    let file = gated(&[("bidirectional_1", both, 3, gru)], 4, 0);
    let recognised = recognise(Path::new("x"), &file, &none).unwrap().unwrap();
    let config: Config = serde_json::from_value(recognised.config.clone().unwrap()).unwrap();
    let expected = Recurrent { cell: Cell::Gru, gate: Gate::Sigmoid, bidirectional: true };
    assert_eq!(config.recurrent, [expected]);
    assert_eq!(recognised.tensors["rnn.0.backward.recurrent"].shape, [2, 6]);
    // What was taken makes a model.
    let card =
        crate::models::card::ModelCard::new("x", "pysster", crate::models::card::Task::Binding);
    crate::models::pysster::Pysster::new(&config, &recognised.tensors, card).unwrap();
    // Weights alone: the hard sigmoid is assumed.
    let undescribed = KerasFile { config: None, ..gated(&[alone], 2, 0) };
    let of = ConvertOptions { input_length: Some(40), ..ConvertOptions::default() };
    assert_eq!(read(&undescribed, &of).unwrap().recurrent[0].gate, Gate::HardSigmoid);
}

#[test]
fn recurrent_layers_that_pysster_does_not_have_are_named() {
    let none = ConvertOptions::default();
    let with = |key: &str, value: Value| {
        let mut layer = described("GRU", "gru_1", "hard_sigmoid");
        layer["config"][key] = value;
        gated(&[("gru_1", &[""], 3, layer)], 2, 0)
    };
    assert!(read(&with("units", json!(2)), &none).is_ok());
    refused(&with("reset_after", json!(true)), &none, &["gru_1 has reset_after true"]);
    refused(&with("activation", json!("relu")), &none, &["gru_1 has activation \"relu\""]);
    refused(
        &with("recurrent_activation", json!("relu")),
        &none,
        &["recurrent_activation \"relu\""],
    );
    let lstm = described("LSTM", "gru_1", "hard_sigmoid");
    let other = gated(&[("gru_1", &[""], 3, lstm)], 2, 0);
    refused(&other, &none, &["not of one model"]);
    let mut first = gated(&[("lstm_1", &[""], 4, described("LSTM", "lstm_1", "sigmoid"))], 2, 1);
    let layers = first.config.as_mut().unwrap()["config"]["layers"].as_array_mut().unwrap();
    let joined = layers.iter_mut().find(|layer| layer["class_name"] == "Concatenate").unwrap();
    joined["inbound_nodes"][0][0][0] = json!("input_2");
    refused(&first, &none, &["joins input_2 before its features"]);
}
