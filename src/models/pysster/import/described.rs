//! What a saved Keras model says of its layers: read where it matters, checked where this program
//! computes one way only.

use serde_json::{Value, json};

use super::Description;
use super::present::DescribedLayer;
use crate::error::Problem;
use crate::models::pysster::{Activation, Pool};

/// Reads a model's description.
///
/// # Errors
/// If a layer is none of pysster's or is set in a way that pysster does not set it.
pub(super) fn read(config: &Value) -> Result<Description, Problem> {
    // Keras before 2.2.3 writes the layers of a sequential model as a bare list.
    let inside = &config["config"];
    let listed = inside.get("layers").unwrap_or(inside).as_array();
    let listed = listed.ok_or("its description lists no layers")?;
    let input = listed.iter().find_map(input_shape).unwrap_or(&Value::Null);
    let (mut pools, mut layers, mut activations) = (Vec::new(), Vec::new(), Vec::new());
    for layer in listed {
        let class = layer["class_name"].as_str().unwrap_or_default();
        let settings = &layer["config"];
        let name = settings["name"].as_str().unwrap_or(class);
        check(class, settings).map_err(|problem| format!("{class} layer {name} {problem}"))?;
        match class {
            "MaxPooling1D" => pools.push(pool(settings).ok_or(format!("layer {name}: no pool"))?),
            "Conv1D" => {
                let channels = if layers.is_empty() { &input[2] } else { &Value::Null };
                layers.push(DescribedLayer::conv(name, settings, channels));
            }
            "Dense" => {
                layers.push(DescribedLayer::dense(name, settings));
                activations.push((name, settings["activation"].as_str().unwrap_or_default()));
            }
            _ => {}
        }
    }
    in_order(listed)?;
    let length = input[1].as_u64().map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    Ok(Description { length, pools, layers, output: output(&activations)? })
}

/// Returns the input's shape where this layer tells it: sequences, nucleotides, channels.
fn input_shape(layer: &Value) -> Option<&Value> {
    let told = ["batch_input_shape", "batch_shape"].map(|key| &layer["config"][key]);
    told.into_iter().find(|shape| shape.is_array())
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

/// Checks that convolutions and pools alternate, up to the dense layers.
fn in_order(layers: &[Value]) -> Result<(), Problem> {
    let class = |layer: &Value| layer["class_name"].as_str().map(str::to_owned);
    let order: Vec<String> = layers
        .iter()
        .filter_map(class)
        .filter(|class| !["InputLayer", "Dropout"].contains(&class.as_str()))
        .collect();
    let count = |class: &str| order.iter().filter(|other| *other == class).count();
    let mut expected = ["Conv1D", "MaxPooling1D"].repeat(count("Conv1D"));
    expected.push("Flatten");
    expected.extend(vec!["Dense"; count("Dense")]);
    if order == expected {
        return Ok(());
    }
    Err(format!("its layers are {}; pysster's are {}", order.join(", "), expected.join(", "))
        .into())
}

/// Checks the settings of a layer that pysster leaves at one value.
fn check(class: &str, settings: &Value) -> Result<(), Problem> {
    let expected: &[(&str, Value)] = match class {
        "InputLayer" | "Dropout" | "Flatten" => &[],
        "MaxPooling1D" => &[("padding", json!("valid"))],
        "Dense" => &[("use_bias", json!(true))],
        "Conv1D" => &[
            ("padding", json!("valid")),
            ("strides", json!(1)),
            ("dilation_rate", json!(1)),
            ("activation", json!("relu")),
            ("use_bias", json!(true)),
        ],
        "Concatenate" => return Err("joins additional features, which are not supported".into()),
        "LSTM" | "GRU" | "Bidirectional" => return Err("is recurrent: not supported".into()),
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
