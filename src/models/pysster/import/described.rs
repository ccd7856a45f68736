//! What a saved Keras model says of its layers: read where it matters, checked where this program
//! computes one way only.

use serde_json::{Value, json};

use super::Description;
use super::present::DescribedLayer;
use crate::engine::cpu::gated::{Cell, Gate};
use crate::error::Problem;
use crate::models::pysster::{Activation, Pool, Recurrent};

/// Reads a model's description.
///
/// # Errors
/// If a layer is none of pysster's or is set in a way that pysster does not set it.
pub(super) fn read(config: &Value) -> Result<Description, Problem> {
    // Keras before 2.2.3 writes the layers of a sequential model as a bare list.
    let inside = &config["config"];
    let listed = inside.get("layers").unwrap_or(inside).as_array();
    let listed = listed.ok_or("its description lists no layers")?;
    // Sequences, nucleotides, channels; that of features has no channels.
    let shapes: Vec<&Vec<Value>> = listed.iter().filter_map(input_shape).collect();
    let of_rank = |rank: usize| shapes.iter().find(|shape| shape.len() == rank);
    let at = |rank: usize, axis: usize| of_rank(rank).map_or(&Value::Null, |shape| &shape[axis]);
    let mut recurrent = Vec::new();
    let (mut pools, mut layers, mut activations) = (Vec::new(), Vec::new(), Vec::new());
    for layer in listed {
        let class = layer["class_name"].as_str().unwrap_or_default();
        let settings = &layer["config"];
        let name = settings["name"].as_str().unwrap_or(class);
        check(class, settings).map_err(|problem| format!("{class} layer {name} {problem}"))?;
        match class {
            "MaxPooling1D" => pools.push(pool(settings).ok_or(format!("layer {name}: no pool"))?),
            "Conv1D" => {
                let channels = if layers.is_empty() { at(3, 2) } else { &Value::Null };
                layers.push(DescribedLayer::conv(name, settings, channels));
            }
            "LSTM" | "GRU" | "Bidirectional" => {
                layers.push(DescribedLayer::recurrent(name));
                recurrent.push(kind(class, settings)?);
            }
            "Dense" => {
                layers.push(DescribedLayer::dense(name, settings));
                activations.push((name, settings["activation"].as_str().unwrap_or_default()));
            }
            _ => {}
        }
    }
    in_order(listed)?;
    let number = |value: &Value| value.as_u64().map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let is_joined = listed.iter().any(|layer| layer["class_name"] == "Concatenate");
    let features = match (is_joined, number(at(2, 1))) {
        (false, _) => 0,
        (true, Some(features)) => features,
        (true, None) => return Err("it joins features, but does not say how many".into()),
    };
    let (length, output) = (number(at(3, 1)), output(&activations)?);
    Ok(Description { length, pools, recurrent, features, layers, output })
}

/// Returns the kind of a recurrent layer.
fn kind(class: &str, settings: &Value) -> Result<Recurrent, Problem> {
    let bidirectional = class == "Bidirectional";
    let (class, own) = if bidirectional {
        let inner = &settings["layer"];
        (inner["class_name"].as_str().unwrap_or_default(), &inner["config"])
    } else {
        (class, settings)
    };
    let name = settings["name"].as_str().unwrap_or(class);
    let cell = match class {
        "LSTM" => Cell::Lstm,
        "GRU" => Cell::Gru,
        other => {
            return Err(format!("layer {name} goes through {other:?} in both directions").into());
        }
    };
    let gate = match own["recurrent_activation"].as_str() {
        Some("hard_sigmoid") | None => Gate::HardSigmoid,
        Some("sigmoid") => Gate::Sigmoid,
        Some(other) => {
            return Err(format!("layer {name} has recurrent_activation {other:?}").into());
        }
    };
    Ok(Recurrent { cell, gate, bidirectional })
}

/// Returns an input's shape where this layer tells it.
fn input_shape(layer: &Value) -> Option<&Vec<Value>> {
    let told = ["batch_input_shape", "batch_shape"].map(|key| &layer["config"][key]);
    told.into_iter().find_map(Value::as_array)
}

/// Returns the output's activation, from the names and activations of the dense layers.
fn output(dense: &[(&str, &str)]) -> Result<Activation, Problem> {
    let Some(((name, last), hidden)) = dense.split_last() else {
        return Err("its description has no Dense layer: no pysster model".into());
    };
    let output = match *last {
        "softmax" => Activation::Softmax,
        "sigmoid" => Activation::Sigmoid,
        other => {
            return Err(format!(
                "the last Dense layer {name} has activation {other:?}, which gives no class \
                 probabilities; pysster has \"softmax\" or \"sigmoid\" there"
            )
            .into());
        }
    };
    match hidden.iter().find(|(_, activation)| *activation != "relu") {
        Some((name, other)) => {
            Err(format!("Dense layer {name} has activation {other:?}; pysster has \"relu\"").into())
        }
        None => Ok(output),
    }
}

/// Checks that convolutions and pools alternate, up to the recurrent or dense layers, and that
/// features stand behind all else.
fn in_order(layers: &[Value]) -> Result<(), Problem> {
    let class = |layer: &Value| layer["class_name"].as_str().map(str::to_owned);
    let order: Vec<String> = layers
        .iter()
        .filter_map(class)
        .filter(|class| !["InputLayer", "Dropout"].contains(&class.as_str()))
        .collect();
    let count = |class: &str| order.iter().filter(|other| *other == class).count();
    let is_recurrent = |class: &&String| ["LSTM", "GRU", "Bidirectional"].contains(&class.as_str());
    let recurrent: Vec<&str> = order.iter().filter(is_recurrent).map(String::as_str).collect();
    let mut expected = ["Conv1D", "MaxPooling1D"].repeat(count("Conv1D"));
    let flat = if recurrent.is_empty() { vec!["Flatten"] } else { recurrent };
    let before = flat.clone();
    expected.extend(flat);
    if count("Concatenate") > 0 {
        expected.push("Concatenate");
    }
    expected.extend(vec!["Dense"; count("Dense")]);
    if order == expected {
        return features_are_last(layers, &before);
    }
    Err(format!("its layers are {}; pysster's are {}", order.join(", "), expected.join(", "))
        .into())
}

/// Checks that what joins the features reads them second, where the description says it.
fn features_are_last(layers: &[Value], before: &[&str]) -> Result<(), Problem> {
    let joins = layers.iter().find(|layer| layer["class_name"] == "Concatenate");
    let first = joins.and_then(|layer| layer["inbound_nodes"][0][0][0].as_str());
    let Some(first) = first else { return Ok(()) };
    let of_name = |layer: &&Value| layer["name"] == first || layer["config"]["name"] == first;
    match layers.iter().find(of_name).and_then(|layer| layer["class_name"].as_str()) {
        Some(class) if !before.contains(&class) => {
            Err(format!("it joins {first} before its features; pysster joins them last").into())
        }
        _ => Ok(()),
    }
}

/// Checks the settings of a layer that pysster leaves at one value.
fn check(class: &str, settings: &Value) -> Result<(), Problem> {
    let expected: &[(&str, Value)] = match class {
        "InputLayer" | "Dropout" | "Flatten" | "Concatenate" => &[],
        "Bidirectional" => {
            let inner = &settings["layer"];
            let class = inner["class_name"].as_str().unwrap_or_default();
            if !["LSTM", "GRU"].contains(&class) {
                return Err(format!("goes through {class:?}, which is none of pysster's").into());
            }
            check(class, &inner["config"])?;
            &[("merge_mode", json!("concat"))]
        }
        "LSTM" | "GRU" => &[
            ("activation", json!("tanh")),
            ("use_bias", json!(true)),
            ("go_backwards", json!(false)),
            ("stateful", json!(false)),
            ("reset_after", json!(false)),
        ],
        "MaxPooling1D" => &[("padding", json!("valid"))],
        "Dense" => &[("use_bias", json!(true))],
        "Conv1D" => &[
            ("padding", json!("valid")),
            ("strides", json!(1)),
            ("dilation_rate", json!(1)),
            ("activation", json!("relu")),
            ("use_bias", json!(true)),
        ],
        _ => return Err("is none of pysster's".into()),
    };
    for (key, wanted) in expected {
        match settings.get(*key) {
            // Keras writes one number or a list of one.
            Some(found) if found != wanted && *found != json!([wanted]) => {
                return Err(format!("has {key} {found}; pysster has {wanted}").into());
            }
            _ => {}
        }
    }
    match settings.get("data_format") {
        Some(Value::String(format)) if format == "channels_first" => {
            Err("has its channels first; pysster has them last".into())
        }
        _ => Ok(()),
    }
}

fn pool(settings: &Value) -> Option<Pool> {
    let number = |value: &Value| value.as_u64().or(value[0].as_u64()).map(|n| n as usize);
    let size = number(&settings["pool_size"])?;
    Some(Pool { size, stride: number(&settings["strides"]).unwrap_or(size) })
}
