use serde_json::{Value, json};

use super::*;
use crate::models::aparent2::random::random;
use crate::models::formats::keras_h5::{KerasLayer, KerasWeight};

/// A small network under the authors' names, without description.
fn file(config: &Config) -> (KerasFile, Tensors) {
    let tensors = random(config, 1);
    let mut layers: BTreeMap<String, Vec<KerasWeight>> = BTreeMap::new();
    for (name, tensor) in &tensors {
        let (place, leaf) = name.rsplit_once('.').unwrap();
        let (layer, leading) = match place.split('.').collect::<Vec<_>>()[..] {
            ["stem"] => ("aparent_conv_0".into(), 2),
            ["last"] => ("aparent_last_block_conv".into(), 2),
            ["final"] => ("aparent_final_conv".into(), 2),
            ["library"] => ("aparent_lib_conv".into(), 0),
            ["groups", g, "skip"] => (format!("aparent_skip_conv_{g}"), 2),
            ["groups", g, "blocks", b, part] => {
                let (kind, n) = part.split_at(4);
                let kind = if kind == "norm" { "batch_norm" } else { kind };
                (format!("aparent_resblock_{g}_{b}_{kind}_{n}"), 1)
            }
            _ => panic!("{name}"),
        };
        let library = place == "library";
        let (leaf, shape) = match leaf {
            "weight" if library => ("kernel", [&tensor.shape[..], &[1]].concat()),
            "bias" if library => ("bias", [&[1], &tensor.shape[..], &[1]].concat()),
            "weight" => ("kernel", [vec![1; leading], tensor.shape.clone()].concat()),
            "mean" => ("moving_mean", tensor.shape.clone()),
            "variance" => ("moving_variance", tensor.shape.clone()),
            other => (other, tensor.shape.clone()),
        };
        let tensor = RawTensor { shape, values: tensor.values.clone() };
        let name = format!("{layer}/{leaf}:0");
        layers.entry(layer).or_default().push(KerasWeight { name, tensor });
    }
    let layers = layers.into_iter().map(|(name, weights)| KerasLayer { name, weights });
    (KerasFile { layers: layers.collect(), ..KerasFile::default() }, tensors)
}

/// What Keras would say of the network.
fn description(config: &Config) -> Value {
    let conv = |name: &str, dilation: usize, input: &str| {
        json!({ "class_name": "Conv2D", "inbound_nodes": [[[input, 0, 0, {}]]], "config": {
            "name": name, "padding": "same", "strides": [1, 1], "activation": "linear",
            "use_bias": true, "dilation_rate": [dilation, dilation] } })
    };
    let mut layers = vec![
        conv("aparent_conv_0", 1, "input_1"),
        json!({ "class_name": "Lambda", "config": { "name": "lambda_1", "function": ["4wE"] } }),
    ];
    let mut input = "aparent_conv_0".to_owned();
    for (g, &dilation) in config.dilations.iter().enumerate() {
        layers.push(conv(&format!("aparent_skip_conv_{g}"), 1, &input));
        for b in 0..config.blocks {
            for n in 0..2 {
                layers.push(json!({ "class_name": "BatchNormalization", "config": {
                    "name": format!("aparent_resblock_{g}_{b}_batch_norm_{n}"), "axis": -1,
                    "epsilon": 0.001, "center": true, "scale": true } }));
                let name = format!("aparent_resblock_{g}_{b}_conv_{n}");
                layers.push(conv(&name, dilation, "lambda_1"));
            }
            input = format!("aparent_resblock_{g}_{b}_skip_1");
        }
    }
    layers.push(conv("aparent_last_block_conv", 1, &input));
    json!({ "class_name": "Model", "config": { "layers": layers } })
}

fn recognised(file: &KerasFile) -> Result<Option<Recognised>> {
    recognise(Path::new("weights.h5"), file, &ConvertOptions::default())
}

fn problem(file: &KerasFile) -> String {
    recognised(file).expect_err("must be refused").to_string()
}

fn small() -> Config {
    Config { channels: 3, blocks: 2, dilations: vec![1, 8], library: LIBRARY }
}

#[test]
fn any_size_is_read_with_the_dilations_of_its_description() {
    for config in [small(), Config { channels: 5, blocks: 1, dilations: vec![2, 2, 16], ..small() }]
    {
        let (mut file, tensors) = file(&config);
        file.config = Some(description(&config));
        let model = recognised(&file).unwrap().unwrap();
        assert_eq!(model.tensors, tensors);
        assert_eq!(serde_json::from_value::<Config>(model.config.unwrap()).unwrap(), config);
    }
}

#[test]
fn weights_alone_have_the_published_dilations() {
    let published = Config { channels: 2, blocks: 1, ..Config::published() };
    let model = recognised(&file(&published).0).unwrap().unwrap();
    assert_eq!(serde_json::from_value::<Config>(model.config.unwrap()).unwrap(), published);
    let said = problem(&file(&small()).0);
    assert!(said.contains("2 groups") && said.contains("save the whole model"), "{said}");
}

#[test]
fn other_models_are_left_to_others() {
    let layers = vec![KerasLayer { name: "bin_conv".into(), weights: vec![] }];
    let file = KerasFile { layers, ..KerasFile::default() };
    assert!(recognised(&file).unwrap().is_none());
}

#[test]
fn every_missing_misshapen_or_surplus_weight_is_named() {
    let config = small();
    let (mut whole, _) = file(&config);
    whole.config = Some(description(&config));
    for l in 0..whole.layers.len() {
        for w in 0..whole.layers[l].weights.len() {
            let leaf = whole.layers[l].weights[w].name.rsplit(['/', ':']).nth(1).unwrap();
            let wanted = format!("the {leaf} of layer {}", whole.layers[l].name);
            let mut changed = whole.clone();
            changed.layers[l].weights.remove(w);
            let said = problem(&changed);
            assert!(said.contains(&wanted) && said.contains("missing"), "{wanted}: {said}");
            let mut changed = whole.clone();
            changed.layers[l].weights[w].tensor.shape.insert(0, 7);
            let said = problem(&changed);
            assert!(said.contains("[7, "), "{wanted}: {said}");
            let mut changed = whole.clone();
            changed.layers[l].weights[w].tensor.values[0] = f32::NAN;
            assert!(problem(&changed).contains("NaN"), "{wanted}");
        }
    }
    let mut changed = whole;
    let extra = changed.layers[0].weights[0].clone();
    changed.layers.push(KerasLayer { name: "dense_9".into(), weights: vec![extra] });
    assert!(problem(&changed).contains("dense_9"), "{}", problem(&changed));
}

#[test]
fn settings_that_would_be_computed_wrongly_are_refused() {
    let config = small();
    let (mut whole, _) = file(&config);
    let refused = |layer: &str, pointer: &str, value: Value, told: &[&str]| {
        let mut changed = description(&config);
        let layers = changed.pointer_mut("/config/layers").unwrap().as_array_mut().unwrap();
        let layer = layers.iter_mut().find(|l| l["config"]["name"] == layer).unwrap();
        *layer.pointer_mut(pointer).unwrap() = value;
        let said = description::check(&changed, 2, 2).unwrap_err();
        assert!(told.iter().all(|part| said.contains(part)), "{said}");
    };
    let norm = "aparent_resblock_1_0_batch_norm_1";
    refused(norm, "/config/epsilon", json!(1e-5), &[norm, "epsilon", "0.001"]);
    refused(norm, "/config/axis", json!(1), &[norm, "axis"]);
    let conv = "aparent_resblock_0_1_conv_1";
    refused(conv, "/config/padding", json!("valid"), &[conv, "padding", "same"]);
    refused(conv, "/config/activation", json!("relu"), &[conv, "activation"]);
    refused(conv, "/config/dilation_rate", json!([4, 4]), &["group 0", "1 and 4"]);
    let skip = "aparent_skip_conv_1";
    refused(skip, "/inbound_nodes/0/0/0", json!("aparent_conv_0"), &[skip, "aparent_resblock_0_1"]);
    // The same through the whole import.
    whole.config = Some(description(&config));
    whole.config.as_mut().unwrap()["config"]["layers"] = json!([]);
    assert!(problem(&whole).contains("aparent_resblock_0_0_conv_0"));
}
