//! What a saved PolyaID or PolyaStrength says of its own layers, checked against what this program
//! computes.
//!
//! Weights alone do not tell a plain sigmoid gate from a hard one (Keras before 2.3), or a ReLU
//! from nothing: read wrongly, the classification moves by up to 0.97 without any error.

use serde_json::{Value, json};

use super::{Part, part};
use crate::error::Problem;
use crate::models::WINDOW;

/// Layers that do nothing when a model is used.
const TRAINING_ONLY: [&str; 6] = [
    "Dropout",
    "SpatialDropout1D",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "ActivityRegularization",
];

/// A described layer.
struct Layer<'a> {
    class: &'a str,
    name: &'a str,
    settings: &'a Value,
    /// Names of the layers that it reads.
    inputs: Vec<&'a str>,
}

/// Returns what is different about the layers of `description`, or nothing if all are as expected.
/// `shape` tells the shape of a part's kernel, if the file has it.
///
/// Only settings that are present are compared; nothing is ever executed.
pub fn check(
    description: &Value,
    shape: impl Fn(Part) -> Option<Vec<usize>>,
) -> Result<(), Problem> {
    let mut layers = Vec::new();
    collect(description, &mut layers);
    for layer in &layers {
        settings(layer)?;
        sizes(layer, &shape)?;
        activation(layer, &layers)?;
    }
    match layers.iter().filter(|layer| layer.class == "MaxPooling1D").count() {
        0 if !layers.is_empty() => Err("it describes no MaxPooling1D layer: another model".into()),
        0 | 1 => Ok(()),
        n => {
            Err(format!("it describes {n} MaxPooling1D layers, PolyaID and PolyaStrength one")
                .into())
        }
    }
}

/// Finds the layers of a model, also those of models inside it.
fn collect<'a>(model: &'a Value, layers: &mut Vec<Layer<'a>>) {
    let inside = &model["config"];
    // Old sequential models are a bare list.
    let Some(listed) = inside.get("layers").unwrap_or(inside).as_array() else { return };
    let text = |value: &'a Value| value.as_str().unwrap_or_default();
    let names: Vec<&str> = listed.iter().map(|layer| text(&layer["config"]["name"])).collect();
    for (at, described) in listed.iter().enumerate() {
        if described["config"].get("layers").is_some() {
            collect(described, layers);
            continue;
        }
        let mut inputs = Vec::new();
        match described.get("inbound_nodes") {
            Some(nodes) => strings(nodes, &mut inputs),
            // A sequential model: each layer reads the one before.
            None => inputs.extend(at.checked_sub(1).map(|before| names[before])),
        }
        let (class, settings) = (text(&described["class_name"]), &described["config"]);
        layers.push(Layer { class, name: names[at], settings, inputs });
    }
}

/// Every text in a value: among others, the names of the layers that a node comes from.
fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| strings(field, found)),
        _ => {}
    }
}

/// Settings that each class of layer must have where they are given.
fn expected(class: &str) -> Option<Vec<(&'static str, Value)>> {
    Some(match class {
        "InputLayer" | "Flatten" | "Dense" | "Activation" => vec![],
        "ReLU" => {
            vec![("negative_slope", json!(0)), ("threshold", json!(0)), ("max_value", Value::Null)]
        }
        "LSTM" => vec![
            ("activation", json!("tanh")),
            ("recurrent_activation", json!("sigmoid")),
            ("use_bias", json!(true)),
            ("return_sequences", json!(true)),
            ("go_backwards", json!(false)),
            ("time_major", json!(false)),
        ],
        "Bidirectional" => vec![("merge_mode", json!("concat"))],
        "Conv1D" => vec![
            ("padding", json!("valid")),
            ("strides", json!(1)),
            ("dilation_rate", json!(1)),
            ("use_bias", json!(true)),
            ("data_format", json!("channels_last")),
        ],
        "MaxPooling1D" => vec![
            ("padding", json!("valid")),
            ("pool_size", json!(3)),
            ("strides", json!(3)),
            ("data_format", json!("channels_last")),
        ],
        _ if TRAINING_ONLY.contains(&class) => vec![],
        _ => return None,
    })
}

/// Checks the settings that leave no choice.
fn settings(layer: &Layer<'_>) -> Result<(), Problem> {
    compare(layer.class, layer.name, layer.settings)?;
    if layer.class == "Bidirectional" {
        let inside = &layer.settings["layer"];
        let class = inside["class_name"].as_str().unwrap_or_default();
        if class != "LSTM" {
            return Err(format!("layer {} holds a {class} layer; {}", layer.name, ANOTHER).into());
        }
        compare(class, layer.name, &inside["config"])?;
    }
    Ok(())
}

const ANOTHER: &str = "PolyaID and PolyaStrength have none: this is another model, which this \
                       program would compute wrongly";

fn compare(class: &str, name: &str, settings: &Value) -> Result<(), Problem> {
    let Some(expected) = expected(class) else {
        return Err(format!("layer {name} is a {class} layer; {ANOTHER}").into());
    };
    for (key, wanted) in expected {
        match settings.get(key) {
            Some(found) if !same(found, &wanted) => {
                return Err(format!(
                    "{class} layer {name} has {key} {found}; PolyaID and PolyaStrength have \
                     {wanted}: this is another model, which this program would compute wrongly"
                )
                .into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Keras writes one number, a list of one, or (2.2 and 2.3, of ReLU) a NumPy array as an object;
/// and 0 or 0.0.
fn same(found: &Value, wanted: &Value) -> bool {
    let one = match found {
        Value::Array(items) if items.len() == 1 => &items[0],
        Value::Object(array) => array.get("value").unwrap_or(found),
        other => other,
    };
    one == wanted || (one.is_number() && one.as_f64() == wanted.as_f64())
}

/// Compares described sizes with those of the weights.
fn sizes(layer: &Layer<'_>, shape: &impl Fn(Part) -> Option<Vec<usize>>) -> Result<(), Problem> {
    let Layer { class, name, settings, .. } = layer;
    let number = |value: &Value| value.as_u64().or(value[0].as_u64());
    if *class == "InputLayer" {
        let input = settings.get("batch_input_shape").or(settings.get("batch_shape"));
        let sizes = input.map(|input| [number(&input[1]), number(&input[2])]);
        return match sizes {
            Some([Some(nt), _]) if nt != WINDOW as u64 => {
                Err(format!("it reads {nt} nt; PolyaID and PolyaStrength read {WINDOW}").into())
            }
            Some([_, Some(columns)]) if columns != 4 => {
                Err(format!("it reads {columns} columns; PolyaID and PolyaStrength read 4").into())
            }
            _ => Ok(()),
        };
    }
    let place = match *class {
        "Conv1D" | "Dense" => part(name),
        "Bidirectional" => Some(Part::Forward),
        _ => return Ok(()),
    };
    let Some(place) = place else {
        return Err(format!(
            "layer {name}: PolyaID and PolyaStrength have no {class} layer so named"
        )
        .into());
    };
    let Some(found) = shape(place) else {
        return Err(format!(
            "layer {name} is described but has no weights: the file was saved in part"
        )
        .into());
    };
    let outputs = found.last().copied().unwrap_or(0) as u64;
    let sizes = match *class {
        "Conv1D" => vec![("filters", outputs), ("kernel_size", found[0] as u64)],
        "Dense" => vec![("units", outputs)],
        _ => vec![("units", outputs / 4)],
    };
    let settings = if *class == "Bidirectional" { &settings["layer"]["config"] } else { settings };
    for (key, found) in sizes {
        match settings.get(key).and_then(number) {
            Some(said) if said != found => {
                return Err(
                    format!("layer {name} has {key} {found}, its description says {said}").into()
                );
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks what a convolution's or dense layer's values go through: in the layer itself or in one of
/// its own that follows.
fn activation(layer: &Layer<'_>, layers: &[Layer<'_>]) -> Result<(), Problem> {
    let wanted = match (layer.class, part(layer.name)) {
        ("Conv1D", _) | ("Dense", Some(Part::Dense(..))) => "relu",
        ("Dense", Some(Part::Predictions(head))) => match (head, is_polyaid(layers)) {
            (super::PROB, _) => "softmax",
            (_, true) => "sigmoid",
            (_, false) => "linear",
        },
        _ => return Ok(()),
    };
    let found = effective(layer, layers);
    if found == wanted {
        return Ok(());
    }
    Err(format!(
        "layer {} has activation {found:?}; PolyaID and PolyaStrength have {wanted:?} there: this is \
         another model, which this program would compute wrongly",
        layer.name
    ).into())
}

fn is_polyaid(layers: &[Layer<'_>]) -> bool {
    layers.iter().any(|layer| matches!(part(layer.name), Some(Part::Predictions(super::PROB))))
}

/// Returns the activation of a layer or, if it has none, of what follows it.
fn effective<'a>(layer: &Layer<'a>, layers: &[Layer<'a>]) -> &'a str {
    let mut current = layer;
    // Longer than any chain without a loop.
    for _ in 0..layers.len() {
        let own = match current.class {
            "ReLU" => "relu",
            _ => current.settings["activation"].as_str().unwrap_or("linear"),
        };
        if own != "linear" {
            return own;
        }
        let mut readers = layers.iter().filter(|other| other.inputs.contains(&current.name));
        let (Some(next), None) = (readers.next(), readers.next()) else { break };
        // A maximum before a ReLU is the same as after it.
        let passes = |class| ["ReLU", "Activation", "MaxPooling1D"].contains(&class);
        if !passes(next.class) && !TRAINING_ONLY.contains(&next.class) {
            break;
        }
        current = next;
    }
    "linear"
}

#[cfg(test)]
mod tests;
