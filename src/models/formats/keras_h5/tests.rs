use proptest::prelude::*;

use super::*;
use crate::shared::shared;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(shared(&format!("models/{name}"))).unwrap()
}

fn parse(bytes: Vec<u8>) -> Result<KerasFile> {
    super::parse(Path::new("weights.h5"), bytes)
}

fn problem(bytes: Vec<u8>) -> String {
    parse(bytes).expect_err("must be refused").to_string()
}

/// Returns where `needle` first lies.
fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).expect("is in the file")
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn layers_come_in_the_files_order_with_names_shapes_and_values() {
    let bytes = file("polyaid_keras_small_random.h5");
    let file = parse(bytes).unwrap();
    let names: Vec<&str> = file.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names[..3], ["input_1", "bin_conv", "re_lu"]);
    let conv = &file.layers[1];
    assert_eq!(conv.weights[0].name, "bin_conv/kernel:0");
    assert_eq!(conv.weights[0].tensor.shape, [8, 4, 24]);
    assert_eq!(conv.weights[0].tensor.values.len(), 8 * 4 * 24);
    let lstm = file.layers.iter().find(|layer| layer.name == "bidirectional").unwrap();
    assert_eq!(lstm.weights.len(), 6);
    assert_eq!(file.config.unwrap()["class_name"], "Functional");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_model_with_lambda_layers_is_read_without_running_them() {
    let bytes = file("aparent2_resnet_no_clinvar_wt_ep_5.h5");
    let file = parse(bytes).unwrap();
    let lambdas = file.layers.iter().filter(|layer| layer.name.starts_with("lambda"));
    assert!(lambdas.clone().count() > 0 && lambdas.clone().all(|layer| layer.weights.is_empty()));
    let values = file.layers.iter().flat_map(|layer| &layer.weights);
    // Trained values and the moving averages of batch normalisation.
    assert!(values.map(|weight| weight.tensor.values.len()).sum::<usize>() >= 192_517);
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_file_cut_at_any_length_is_refused() {
    let bytes = file("polyastrength_keras_random_weights_only.h5");
    let lengths = (0..2048).step_by(97).chain((2048..bytes.len()).step_by(bytes.len() / 60));
    for length in lengths.chain([bytes.len() - 1]) {
        let said = problem(bytes[..length].to_vec());
        assert!(said.contains("download it again"), "{length}: {said}");
    }
    let said = problem(bytes[..bytes.len() - 1].to_vec());
    assert!(said.contains(&format!("should have {} bytes", bytes.len())), "{said}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn weights_that_are_not_finite_are_refused_by_name() {
    let mut bytes = file("polyastrength_keras_random_weights_only.h5");
    let layers = parse(bytes.clone()).unwrap().layers;
    let conv = layers.iter().find(|layer| layer.name == "seq_conv").unwrap();
    let values: Vec<u8> =
        conv.weights[0].tensor.values[..4].iter().flat_map(|value| value.to_ne_bytes()).collect();
    let at = find(&bytes, &values);
    for bad in [f32::NAN, f32::INFINITY] {
        bytes[at + 8..at + 12].copy_from_slice(&bad.to_ne_bytes());
        let said = problem(bytes.clone());
        assert!(said.contains("seq_conv/kernel:0") && said.contains("value 2"), "{said}");
    }
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_weight_that_is_named_but_absent_is_missed() {
    let mut bytes = file("polyastrength_keras_random_weights_only.h5");
    let at = find(&bytes, b"seq_conv/kernel:0");
    bytes[at..at + 8].copy_from_slice(b"seq_conw");
    let said = problem(bytes);
    assert!(said.contains("seq_conw/kernel:0") && said.contains("not there"), "{said}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn hdf5_without_keras_weights_is_said_to_be_so() {
    let mut bytes = file("polyastrength_keras_random_weights_only.h5");
    let at = find(&bytes, b"layer_names");
    bytes[at..at + 11].copy_from_slice(b"layer_nomes");
    assert!(problem(bytes).contains("without Keras weights"));
}

/// Two layers, one of them with two weights, as h5py writes them.
const SMALL: &[u8] = include_bytes!("../../../../fuzz/corpus/hdf5/small.h5");

#[test]
fn more_names_than_any_network_has_are_refused_before_they_are_read() {
    assert_eq!(parse(SMALL.to_vec()).unwrap().layers[0].weights.len(), 2);
    for attribute in ["layer_names", "weight_names"] {
        for names in [70_000u64, 16_000_000, 1 << 60] {
            // Behind the name, filled up to 8 bytes, stand the texts' length and their number: of
            // empty ones there can be any number in a small file.
            let mut damaged = SMALL.to_vec();
            let at = find(SMALL, attribute.as_bytes()) + attribute.len().next_multiple_of(8);
            damaged[at + 4..at + 8].fill(0);
            damaged[at + 16..at + 24].copy_from_slice(&names.to_le_bytes());
            let said = problem(damaged);
            let told = format!("attribute {attribute} of ");
            assert!(said.contains(&told) && said.contains("more than 65536 names"), "{said}");
        }
    }
}

#[test]
fn a_filter_that_is_not_read_is_named() {
    let error = |id: &str| {
        let error = Hdf5Error::UnsupportedFilter(format!("filter id {id}"));
        damaged(Path::new("weights.h5"), "layer a", error).to_string()
    };
    let said = error("32000");
    let told = "weights.h5, layer a: compressed with LZF (filter id 32000), which is not read here";
    assert!(said.starts_with(told) && said.contains("h5repack -f GZIP=6"), "{said}");
    assert!(!said.contains("damaged"));
    assert!(error("4").contains("SZIP") && error("77").contains("another method"));
    // In a file: GZIP's number changed to LZF's.
    let mut lzf = SMALL.to_vec();
    let at = find(SMALL, b"deflate\0") - 8;
    assert_eq!(lzf[at..at + 2], [1, 0]);
    lzf[at..at + 2].copy_from_slice(&32_000u16.to_le_bytes());
    let said = problem(lzf);
    assert!(said.contains("layer conv, weight conv/kernel:0: compressed with LZF"), "{said}");
    assert!(!said.contains("damaged"), "{said}");
    let odd = Hdf5Error::UnsupportedEncoding("x".into()).with_context("kernel:0");
    let said = damaged(Path::new("weights.h5"), "layer a", odd).to_string();
    assert!(said.contains("`h5repack IN OUT`") && !said.contains("damaged"), "{said}");
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn other_files_are_called_what_they_are() {
    assert!(
        problem(b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 5\n".to_vec())
            .contains("Git LFS pointer")
    );
    let npz = file("deerect_omni.npz");
    assert!(problem(npz).contains("NumPy archive"));
}

#[test]
fn halves_and_doubles_become_f32() {
    assert_eq!(to_f32(&[0x00, 0x3e, 0x00, 0xc0], 2).unwrap(), [1.5, -2.0]);
    assert_eq!(to_f32(&(-0.25f64).to_ne_bytes(), 8).unwrap(), [-0.25]);
    assert_eq!(to_f32(&3.5f32.to_ne_bytes(), 4).unwrap(), [3.5]);
    assert!(to_f32(&[0; 16], 16).unwrap_err().contains("128-bit"));
    // The messages of half and bfloat16 as HDF5 writes them: 5 and 8 bits of exponent.
    let message = |exponent, mantissa| {
        [0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, mantissa, exponent, 0, mantissa, 15, 0, 0, 0]
    };
    assert!(is_half(&message(5, 10)) && !is_half(&message(8, 7)));
}

/// Offsets below 24 KB and in the last 64 KB hold most of the structure of these files.
fn flips() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, bool)>> {
    prop::collection::vec((any::<prop::sample::Index>(), 1u8.., any::<bool>()), 1..6)
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn damage_is_an_error_or_harmless_but_never_a_panic() {
    let bytes = file("polyastrength_keras_random_weights_only.h5");
    // Everything that is not weight values: where a flipped bit can mislead the reader.
    let structure = structure(&bytes);
    // PROPTEST_CASES sets how often.
    proptest!(|(flips in flips())| {
        let mut damaged = bytes.clone();
        for (at, mask, anywhere) in flips {
            let at = if anywhere { at.index(bytes.len()) } else { structure[at.index(structure.len())] };
            damaged[at] ^= mask;
        }
        // Ok or Err: only a panic fails.
        let _ = parse(damaged);
    });
}

/// Returns the offsets of bytes that are not part of long runs of weight values.
fn structure(bytes: &[u8]) -> Vec<usize> {
    let layers = parse(bytes.to_vec()).unwrap().layers;
    let mut is_value = vec![false; bytes.len()];
    for weight in layers.iter().flat_map(|layer| &layer.weights) {
        let raw: Vec<u8> = weight.tensor.values.iter().flat_map(|v| v.to_ne_bytes()).collect();
        if raw.iter().any(|&byte| byte != 0) {
            let at = find(bytes, &raw);
            is_value[at..at + raw.len()].fill(true);
        }
    }
    (0..bytes.len()).filter(|&at| !is_value[at]).collect()
}
