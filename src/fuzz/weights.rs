//! Weight files: this program's own and published ones.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::damage::{SIZES, damaged};
use super::file;
use crate::engine::device::Workers;
use crate::models::architecture::ConvertOptions;
use crate::models::convert::convert;
use crate::models::polyaid::weights::Kind;
use crate::models::weight_file::{RawTensor, Tensors, encode};
use crate::models::{Model, Window, aparent2, polyaid, registry};

/// An architecture, its sizes, and tensors of the smallest network that has every part.
type Network = (&'static str, serde_json::Value, Tensors);

/// Tensors of ones that grow smaller.
fn tensors(shapes: &[(&str, &[usize])]) -> Tensors {
    let tensor = |shape: &[usize]| {
        let values = (0..shape.iter().product()).map(|i: usize| 1.0 / (i + 1) as f32).collect();
        RawTensor { shape: shape.to_vec(), values }
    };
    shapes.iter().map(|&(name, shape)| (name.to_owned(), tensor(shape))).collect()
}

fn networks() -> Vec<Network> {
    let dense = tensors(&[
        ("stem.weight", &[4 * 16, 16]),
        ("stem.bias", &[16]),
        ("blocks.0.weight", &[48, 16]),
        ("blocks.0.bias", &[16]),
        ("hidden.weight", &[16, 16]),
        ("hidden.bias", &[16]),
        ("output.weight", &[16, 51]),
        ("output.bias", &[51]),
    ]);
    let deerect = tensors(&[
        ("conv.weight", &[6, 4, 4]),
        ("conv.bias", &[4]),
        ("hidden.weight", &[21 * 4, 3]),
        ("hidden.bias", &[3]),
        ("output.weight", &[3, 2]),
        ("output.bias", &[2]),
    ]);
    let pysster = tensors(&[
        ("conv.0.weight", &[3, 8, 2]),
        ("conv.0.bias", &[2]),
        ("dense.0.weight", &[8, 3]),
        ("dense.0.bias", &[3]),
    ]);
    let pysster_sizes = json!({
        "alphabet": "ACGU,HS", "length": 10, "pools": [{ "size": 2, "stride": 2 }], "output": "softmax"
    });
    let sizes = aparent2::weights::Config {
        channels: 2,
        blocks: 1,
        dilations: vec![1, 2],
        library: aparent2::weights::LIBRARY,
    };
    let shape = polyaid::random::Shape { width: 8, filters: 2, units: 1, dense: &[2] };
    let deeprke = json!({
        "k": 1, "max_length": 12, "pool": 2, "units": 1, "dense": [2], "activation": "relu", "joined": [],
        "sequence": { "dimension": 2, "module": [{ "filters": 2, "width": 2 }] }, "structure": null
    });
    let deeprke_sizes = serde_json::from_value(deeprke.clone()).unwrap();
    vec![
        (
            "dense-scan",
            json!({ "channels": 16, "stem_width": 16, "dilations": [112], "hidden": 16 }),
            dense,
        ),
        ("deerect", json!(null), deerect),
        ("pysster", pysster_sizes, pysster),
        ("aparent2", serde_json::to_value(&sizes).unwrap(), aparent2::random::random(&sizes, 1)),
        ("polyaid", json!(null), polyaid::random::random(Kind::PolyaId, shape, 1)),
        ("deeprke", deeprke, crate::models::deeprke::random::random(&deeprke_sizes, 1)),
    ]
}

fn written((architecture, sizes, tensors): &Network) -> Vec<u8> {
    let sizes = sizes.to_string();
    let metadata = BTreeMap::from([("architecture", *architecture), ("config", sizes.as_str())]);
    encode(tensors, &metadata).unwrap()
}

/// Loads a model, if it is one, and lets it say something of its shortest input.
fn try_out(bytes: &[u8]) -> Option<Box<dyn Model>> {
    let file = file(bytes);
    let model = registry::load_file(file.path(), &Workers::CPU).ok()?;
    let (nt, _) = model.input().length.limits();
    let codes: Vec<u8> = (0..nt).map(|i| (i % 5) as u8).collect();
    let labels = vec![b'S'; nt];
    let features = vec![0.5; model.input().features];
    let structure = model.input().structure.then_some(labels.as_slice());
    let window = Window { codes: &codes, structure, features: &features };
    if let Ok(said) = model.predict(&[window]) {
        assert!(said.values.iter().flatten().all(|value| value.is_finite()));
        assert!(said.values.iter().map(Vec::len).eq(model.outputs().iter().map(|o| o.width)));
    }
    Some(model)
}

/// Puts another number in the place of one in JSON.
fn resize(value: &mut serde_json::Value, at: &mut usize, size: u64) {
    match value {
        serde_json::Value::Number(_) if *at == 0 => (*value, *at) = (json!(size), usize::MAX),
        serde_json::Value::Number(_) => *at -= 1,
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| resize(item, at, size)),
        serde_json::Value::Object(items) => {
            items.values_mut().for_each(|item| resize(item, at, size))
        }
        _ => {}
    }
}

fn npy(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// DeeReCT-PolyA's arrays under their authors' names.
fn arrays() -> Vec<(&'static str, Vec<u8>)> {
    let shapes: [(&str, &[usize]); 6] = [
        ("conv_weights.npy", &[6, 1, 4, 4]),
        ("conv_biases.npy", &[4]),
        ("layer1_weights.npy", &[84, 3]),
        ("layer1_biases.npy", &[3]),
        ("layer2_weights.npy", &[3, 2]),
        ("layer2_biases.npy", &[2]),
    ];
    let array = |shape: &[usize]| npy(shape, &vec![0.5; shape.iter().product()]);
    shapes.iter().map(|&(name, shape)| (name, array(shape))).collect()
}

fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in arrays {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Converts a file; what comes out must load.
fn converted(bytes: &[u8]) -> bool {
    let (file, folder) = (file(bytes), tempfile::tempdir().unwrap());
    let out = folder.path().join("converted");
    let done = convert(file.path(), &out, &ConvertOptions::default()).is_ok();
    assert_eq!(done, out.exists());
    assert!(!done || try_out(&std::fs::read(out).unwrap()).is_some());
    done
}

#[test]
fn the_undamaged_weight_files_are_taken() {
    for network in networks() {
        assert!(try_out(&written(&network)).is_some(), "{}", network.0);
    }
    assert!(converted(&npz(&arrays())));
}

proptest! {
    #[test]
    fn a_damaged_weight_file_is_refused_or_computes(
        bytes in damaged(networks().iter().map(written).collect())
    ) {
        try_out(&bytes);
    }

    #[test]
    fn a_weight_file_of_absurd_sizes_is_refused_or_computes(
        network in select(networks()), at: Index, size in select(&SIZES[..]), tensor: Index, shape in prop::collection::vec(select(&SIZES[..]), 0..4), change in 0..3
    ) {
        let (architecture, mut sizes, mut tensors) = network;
        if change != 1 {
            resize(&mut sizes, &mut at.index(12), size);
        }
        if change != 0 {
            let name = tensors.keys().nth(tensor.index(tensors.len())).unwrap().clone();
            tensors.get_mut(&name).unwrap().shape = shape.iter().map(|&n| n as usize).collect();
        }
        try_out(&written(&(architecture, sizes, tensors)));
    }

    #[test]
    fn a_damaged_archive_of_arrays_is_refused_or_computes(
        archive in damaged(vec![npz(&arrays())]),
        which in 0usize..6,
        array in (0usize..6).prop_flat_map(|which| damaged(vec![arrays()[which].1.clone()])),
        shape in prop::collection::vec(select(&SIZES[..]), 0..5),
    ) {
        converted(&archive);
        let mut one_damaged = arrays();
        one_damaged[which].1 = array;
        converted(&npz(&one_damaged));
        let mut one_empty = arrays();
        let shape: Vec<usize> = shape.iter().map(|&n| n as usize).collect();
        one_empty[which].1 = npy(&shape, &[]);
        converted(&npz(&one_empty));
    }
}
