use super::*;
use crate::models::formats::keras_h5;
use crate::models::polyaid::weights::Kind;

/// A small PolyaID as Keras describes it.
fn described() -> Value {
    let layer = |class: &str, name: &str, from: &str, mut settings: Value| {
        settings["name"] = json!(name);
        json!({ "class_name": class, "config": settings, "inbound_nodes": [[[from, 0, 0, {}]]] })
    };
    let lstm = json!({ "class_name": "LSTM", "config": {
        "units": 3, "activation": "tanh", "recurrent_activation": "sigmoid", "time_major": false } });
    let dense = |units: u64, activation: &str| json!({ "units": units, "activation": activation });
    let relu = || json!({ "max_value": null, "negative_slope": 0.0, "threshold": 0.0 });
    json!({ "class_name": "Model", "config": { "layers": [
        layer("InputLayer", "input_1", "", json!({ "batch_input_shape": [null, 240, 4] })),
        layer("Conv1D", "bin_conv", "input_1",
            json!({ "filters": 5, "kernel_size": [8], "strides": [1], "activation": "linear" })),
        layer("ReLU", "re_lu", "bin_conv", relu()),
        layer("MaxPooling1D", "pool", "re_lu", json!({ "pool_size": 3, "strides": [3] })),
        layer("Dropout", "dropout", "pool", json!({ "rate": 0.7 })),
        layer("Bidirectional", "bidirectional", "dropout",
            json!({ "merge_mode": "concat", "layer": lstm })),
        layer("Flatten", "flatten", "bidirectional", json!({})),
        layer("Dense", "bin_dense1", "flatten", dense(6, "linear")),
        layer("ReLU", "re_lu_1", "bin_dense1", relu()),
        layer("Dense", "prob_dense1", "flatten", dense(6, "relu")),
        layer("Dense", "bin_predictions", "re_lu_1", dense(1, "sigmoid")),
        layer("Dense", "prob_predictions", "prob_dense1", dense(50, "linear")),
        layer("Activation", "softmax", "prob_predictions", json!({ "activation": "softmax" })),
    ] } })
}

fn shape(part: Part) -> Option<Vec<usize>> {
    match part {
        Part::Conv(Kind::PolyaId) => Some(vec![8, 4, 5]),
        Part::Forward => Some(vec![5, 12]),
        Part::Dense(_, 1) => Some(vec![462, 6]),
        Part::Predictions("bin") => Some(vec![6, 1]),
        Part::Predictions(_) => Some(vec![6, 50]),
        _ => None,
    }
}

/// Changes the settings of a layer.
fn with(name: &str, key: &str, value: Value) -> Value {
    let mut description = described();
    let layers = description["config"]["layers"].as_array_mut().unwrap();
    let layer = layers.iter_mut().find(|layer| layer["config"]["name"] == name).unwrap();
    match key {
        "class_name" => layer[key] = value,
        _ => layer["config"][key] = value,
    }
    description
}

#[test]
fn activations_may_stand_in_the_layer_or_in_one_that_follows() {
    assert_eq!(check(&described(), shape), Ok(()));
    assert_eq!(check(&with("bin_conv", "activation", json!("relu")), shape), Ok(()));
    let array = |value: f64| json!({ "type": "ndarray", "value": value });
    assert_eq!(check(&with("re_lu", "negative_slope", array(0.0)), shape), Ok(()));
    assert!(check(&with("re_lu", "negative_slope", array(0.2)), shape).is_err());
}

#[test]
fn every_difference_is_refused_with_the_layers_name() {
    let lstm = |key: &str, value: Value| {
        let mut description = described();
        description["config"]["layers"][5]["config"]["layer"]["config"][key] = value;
        description
    };
    let cases = [
        (with("bin_dense1", "activation", json!("tanh")), "bin_dense1"),
        (with("bin_conv", "activation", json!("elu")), "bin_conv"),
        (with("re_lu", "negative_slope", json!(0.2)), "negative_slope"),
        (with("re_lu_1", "max_value", json!(6.0)), "max_value"),
        (with("re_lu_1", "class_name", json!("Dropout")), "bin_dense1"),
        (with("pool", "class_name", json!("AveragePooling1D")), "AveragePooling1D"),
        (with("dropout", "class_name", json!("Lambda")), "Lambda"),
        (with("bin_predictions", "activation", json!("linear")), "bin_predictions"),
        (with("softmax", "activation", json!("sigmoid")), "prob_predictions"),
        (with("input_1", "batch_input_shape", json!([null, 300, 4])), "300 nt"),
        (with("input_1", "batch_input_shape", json!([null, 240, 5])), "5 columns"),
        (with("bin_conv", "kernel_size", json!([9])), "kernel_size"),
        (with("bin_conv", "strides", json!([2])), "strides"),
        (with("bin_dense1", "units", json!(7)), "units"),
        (with("bin_dense1", "name", json!("bin_dense2")), "saved in part"),
        (with("bin_dense1", "name", json!("other")), "other"),
        (lstm("recurrent_activation", json!("hard_sigmoid")), "hard_sigmoid"),
        (lstm("time_major", json!(true)), "time_major"),
        (lstm("units", json!(4)), "units"),
    ];
    for (description, told) in cases {
        let said = check(&description, shape).unwrap_err();
        assert!(said.contains(told), "{told}: {said}");
    }
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn the_shared_models_are_as_they_describe_themselves() {
    for name in ["polyaid_keras_small_random.h5", "polyastrength_keras_random_with_adam.h5"] {
        let path = crate::shared::shared(&format!("models/{name}"));
        let bytes = std::fs::read(&path).unwrap();
        let file = keras_h5::parse(&path, bytes).unwrap();
        let (placed, _) = super::super::place(&path, &file.layers).unwrap();
        let shape = |part| placed.get(&(part, "kernel")).map(|kernel| kernel.shape.clone());
        assert_eq!(check(&file.config.unwrap(), shape), Ok(()));
    }
}
