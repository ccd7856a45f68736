//! What a saved APARENT2 says of its own layers, checked against what this program computes.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::error::Problem;
use crate::models::aparent2::weights::EPSILON;

/// Checks the layers of a model's description and returns each group's dilation.
///
/// Only settings that are present are compared; nothing is ever executed.
///
/// # Errors
/// Says which layer has a setting or an input that APARENT2 has not.
pub fn check(description: &Value, groups: usize, blocks: usize) -> Result<Vec<usize>, Problem> {
    let layers = layers(description);
    for (name, layer) in &layers {
        settings(name, layer)?;
    }
    let dilation = |group: usize| {
        let convs = (0..blocks).flat_map(|block| [(block, 0), (block, 1)]);
        let mut found = convs.map(|(block, n)| {
            dilation(&layers, &format!("aparent_resblock_{group}_{block}_conv_{n}"))
        });
        let first = found.next().unwrap_or_else(|| Err("a group without blocks".into()))?;
        match found.find(|other| *other != Ok(first)) {
            Some(Err(problem)) => Err(problem),
            Some(Ok(other)) => Err(format!(
                "residual blocks of group {group} have dilations {first} and {other}; APARENT2 has \
                 one per group"
            )
            .into()),
            None => Ok(first),
        }
    };
    let dilations = (0..groups).map(dilation).collect::<Result<_, _>>()?;
    skips(&layers, groups, blocks)?;
    Ok(dilations)
}

/// The layers with the authors' names.
fn layers(description: &Value) -> HashMap<&str, &Value> {
    let layers = description.pointer("/config/layers").and_then(Value::as_array);
    let named = layers.into_iter().flatten().filter_map(|layer| {
        let name = layer.pointer("/config/name").or(layer.get("name"))?.as_str()?;
        name.starts_with("aparent_").then_some((name, layer))
    });
    named.collect()
}

/// Compares the settings of one layer.
fn settings(name: &str, layer: &Value) -> Result<(), Problem> {
    let class = layer.get("class_name").and_then(Value::as_str).unwrap_or_default();
    let expected = match class {
        "Conv2D" => vec![
            ("padding", json!("same")),
            ("strides", json!([1, 1])),
            ("data_format", json!("channels_last")),
            ("activation", json!("linear")),
            ("use_bias", json!(true)),
        ],
        "BatchNormalization" => vec![
            ("epsilon", json!(EPSILON)),
            ("axis", json!(-1)),
            ("center", json!(true)),
            ("scale", json!(true)),
        ],
        "LocallyConnected2D" => vec![
            ("data_format", json!("channels_last")),
            ("activation", json!("linear")),
            ("use_bias", json!(true)),
        ],
        _ => vec![],
    };
    for (key, wanted) in expected {
        match layer.pointer(&format!("/config/{key}")) {
            Some(found) if !same(found, &wanted) => {
                return Err(format!(
                    "{class} layer {name} has {key} {found}; APARENT2 has {wanted}: this is another \
                     model, which this program would compute wrongly"
                ).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The last of four axes may be written as -1, 3 or a list of it; decimal numbers may carry the
/// rounding of f32.
fn same(found: &Value, wanted: &Value) -> bool {
    let found = match found {
        Value::Array(items) if items.len() == 1 => &items[0],
        other => other,
    };
    match (found.as_f64(), wanted.as_f64()) {
        (Some(found), Some(-1.0)) => found == -1.0 || found == 3.0,
        (Some(found), Some(wanted)) => (found - wanted).abs() < 1e-6 * wanted.abs(),
        _ => found == wanted,
    }
}

/// Returns the dilation of a convolution along the sequence.
fn dilation(layers: &HashMap<&str, &Value>, name: &str) -> Result<usize, Problem> {
    let layer = layers.get(name).ok_or_else(|| {
        format!("the model's description has no layer {name}: the file is damaged")
    })?;
    let rate = layer.pointer("/config/dilation_rate").unwrap_or(&Value::Null);
    let along = rate.as_array().and_then(|rates| rates.last()).unwrap_or(rate);
    match along.as_u64().and_then(|rate| usize::try_from(rate).ok()) {
        Some(dilation) => Ok(dilation),
        None => Err(format!("layer {name} has dilation_rate {rate}: not a number").into()),
    }
}

/// Checks that each skip connection starts where its group does.
fn skips(layers: &HashMap<&str, &Value>, groups: usize, blocks: usize) -> Result<(), Problem> {
    let output = |group: usize| format!("aparent_resblock_{group}_{}_skip_1", blocks - 1);
    let skips = (0..groups).map(|group| {
        let from = group.checked_sub(1).map_or("aparent_conv_0".into(), output);
        (format!("aparent_skip_conv_{group}"), from)
    });
    let last = ("aparent_last_block_conv".to_owned(), output(groups - 1));
    for (name, wanted) in skips.chain([last]) {
        let input =
            layers.get(name.as_str()).and_then(|layer| layer.pointer("/inbound_nodes/0/0/0"));
        match input.and_then(Value::as_str) {
            Some(found) if found != wanted => {
                return Err(format!(
                    "layer {name} reads {found}; APARENT2's reads {wanted}: another version?"
                )
                .into());
            }
            _ => {}
        }
    }
    Ok(())
}
