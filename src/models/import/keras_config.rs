//! What a saved Keras model says of its own layers, checked against what this program computes.
//!
//! Weights alone do not tell a plain sigmoid gate from a hard one (Keras before 2.3): read wrongly,
//! the classification moves by up to 0.33 without any error.

use serde_json::{Value, json};

/// Returns what is different about the layers of `config`, or nothing if all are as expected.
///
/// Only settings that are present are compared; nothing is ever executed.
pub fn check(config: &Value) -> Result<(), String> {
    match config {
        Value::Object(fields) => {
            if let (Some(Value::String(class)), Some(settings)) =
                (fields.get("class_name"), fields.get("config"))
            {
                check_layer(class, settings)?;
            }
            fields.values().try_for_each(check)
        }
        Value::Array(items) => items.iter().try_for_each(check),
        _ => Ok(()),
    }
}

/// Settings of each layer class that the PolyaID family has.
fn expected(class: &str) -> Vec<(&'static str, Value)> {
    match class {
        "LSTM" => vec![
            ("activation", json!("tanh")),
            ("recurrent_activation", json!("sigmoid")),
            ("use_bias", json!(true)),
            ("return_sequences", json!(true)),
            ("go_backwards", json!(false)),
        ],
        "Bidirectional" => vec![("merge_mode", json!("concat"))],
        "Conv1D" => vec![
            ("padding", json!("valid")),
            ("strides", json!([1])),
            ("dilation_rate", json!([1])),
            ("use_bias", json!(true)),
        ],
        "MaxPooling1D" => {
            vec![("padding", json!("valid")), ("pool_size", json!([3])), ("strides", json!([3]))]
        }
        _ => vec![],
    }
}

fn check_layer(class: &str, settings: &Value) -> Result<(), String> {
    for (key, wanted) in expected(class) {
        match settings.get(key) {
            // Keras writes one number or a list of one.
            Some(found) if *found != wanted && json!([found]) != wanted => {
                let name = settings.get("name").and_then(Value::as_str).unwrap_or("without name");
                return Err(format!(
                    "{class} layer {name} has {key} {found}; PolyaID and PolyaStrength have \
                     {wanted}: this is another model, which this program would compute wrongly"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(recurrent_activation: &str) -> Value {
        let lstm = json!({ "class_name": "LSTM", "config": {
            "name": "bin_lstm", "recurrent_activation": recurrent_activation, "activation": "tanh" } });
        json!({ "class_name": "Model", "config": { "layers": [
            { "class_name": "Bidirectional", "config": { "merge_mode": "concat", "layer": lstm } },
            { "class_name": "MaxPooling1D", "config": { "pool_size": 3, "strides": [3] } },
            { "class_name": "Lambda", "config": { "function": ["4wEAAAA", null, null] } } ] } })
    }

    #[test]
    fn a_hard_sigmoid_gate_is_refused() {
        assert_eq!(check(&model("sigmoid")), Ok(()));
        let said = check(&model("hard_sigmoid")).unwrap_err();
        assert!(said.contains("bin_lstm") && said.contains("hard_sigmoid"), "{said}");
    }
}
