//! The PolyaID family computes what Keras computed, and a scan is the plain form at every position.

use std::path::Path;

use candle_core::Device;
use polyascan::engine::device::Workers;
use polyascan::genome::sequence::{UNKNOWN, encode, reverse_complement};
use polyascan::models::architecture::ConvertOptions;
use polyascan::models::card::{ModelCard, Task};
use polyascan::models::polyaid::BiLstm;
use polyascan::models::polyaid::plain::Plain;
use polyascan::models::polyaid::random::{Shape, random};
use polyascan::models::polyaid::weights::{Kind, Weights};
use polyascan::models::{Model, StrandScores, WINDOW, Window, convert, registry};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::shared;

/// Converts a Keras file and loads the result.
fn convert_and_load(keras: &Path) -> (Box<dyn Model>, convert::Converted) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let converted = convert::convert(keras, &path, &ConvertOptions::default()).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is written");
    let model = registry::load(path.to_str().unwrap(), &Workers::CPU).unwrap();
    assert_eq!(model.card().sha256, converted.sha256);
    assert_eq!(model.card().parameters, converted.parameters);
    assert_eq!(model.card().architecture, converted.architecture.name);
    (model, converted)
}

fn golden(name: &str) -> Value {
    let text = std::fs::read_to_string(shared(&format!("golden/{name}"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn codes(value: &Value) -> Vec<u8> {
    encode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// Returns the greatest difference, and fails where the lengths differ or a value is not a number.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |greatest, (a, b)| {
        assert!(a.is_finite() && b.is_finite());
        greatest.max((a - b).abs())
    })
}

/// Returns the plain form at every window: classification and flattened cleavage.
fn predict_all(model: &dyn Model, sequence: &[u8]) -> (Vec<f32>, Vec<f32>) {
    let windows: Vec<Window> = sequence.windows(WINDOW).map(Window::from).collect();
    let said = model.predict(&windows).unwrap().values;
    <[_; 2]>::try_from(said).expect("a site model has two outputs").into()
}

/// Returns the cleavage of a scan that was asked for all of it.
fn all_cleavage(scores: &StrandScores) -> Vec<f32> {
    let starts = scores.cleavage.iter().map(|(start, _)| *start);
    assert!(starts.eq(0..scores.probability.len()), "one vector per window, ascending");
    scores.cleavage.iter().flat_map(|(_, vector)| *vector).collect()
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn polyaid_equals_keras_at_every_window_of_both_strands() {
    let golden = golden("polyaid_keras_small_random.json");
    let keras = shared("models/polyaid_keras_small_random.h5");
    let (model, converted) = convert_and_load(&keras);
    assert_eq!(converted.architecture.name, "polyaid");
    assert_eq!(model.card().task, Task::Sites);
    let plus = codes(&golden["contig"]);
    let minus = reverse_complement(&plus);
    for (strand, sequence) in [("plus", plus), ("minus", minus)] {
        let classification = numbers(&golden[format!("{strand}_classification")]);
        let vectors = golden[format!("{strand}_cleavage_raw")].as_array().unwrap();
        let cleavage: Vec<f32> = vectors.iter().flat_map(numbers).collect();
        let plain = predict_all(model.as_ref(), &sequence);
        let off = (difference(&plain.0, &classification), difference(&plain.1, &cleavage));
        assert!(off.0 < 2e-5 && off.1 < 2e-5, "{strand}: predict is off by {off:?}");
        let scan = model.scan(&sequence, -1.0).unwrap();
        let scanned = all_cleavage(&scan);
        let off = (difference(&scan.probability, &plain.0), difference(&scanned, &plain.1));
        assert!(off.0 < 1e-5 && off.1 < 1e-5, "{strand}: scan is off by {off:?}");
    }
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn cleavage_is_given_only_above_the_classification_asked_for() {
    let golden = golden("polyaid_keras_small_random.json");
    let (model, _) = convert_and_load(&shared("models/polyaid_keras_small_random.h5"));
    let sequence = codes(&golden["contig"]);
    let all = model.scan(&sequence, -1.0).unwrap();
    let some = model.scan(&sequence, 0.5).unwrap();
    assert_eq!(some.probability, all.probability);
    let wanted: Vec<_> =
        all.cleavage.into_iter().filter(|(start, _)| all.probability[*start] > 0.5).collect();
    assert!(!wanted.is_empty() && wanted.len() < all.probability.len());
    assert_eq!(some.cleavage, wanted);
    assert!(model.scan(&sequence, 1.0).unwrap().cleavage.is_empty());
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn polyastrength_equals_keras_from_either_kind_of_file() {
    let golden = golden("polyastrength_keras_random.json");
    for file in ["weights_only", "with_adam"] {
        let path = format!("models/polyastrength_keras_random_{file}.h5");
        let (model, converted) = convert_and_load(&shared(&path));
        assert_eq!(converted.architecture.name, "polyastrength");
        assert_eq!((converted.parameters, model.card().task), (336_321, Task::Strength));
        for set in ["", "edge_"] {
            let sequences = golden[format!("{set}seqs")].as_array().unwrap();
            let windows: Vec<Vec<u8>> = sequences.iter().map(codes).collect();
            let windows: Vec<Window> = windows.iter().map(|w| Window::from(w.as_slice())).collect();
            let found = model.predict(&windows).unwrap().values;
            let off = difference(&found[0], &numbers(&golden[format!("{set}strength")]));
            assert!(off < 1e-4, "{file} {set}: off by {off}");
        }
        let said = model.scan(&[0; 300], 0.5).unwrap_err().to_string();
        assert!(said.contains("cannot be scanned") && said.contains("use `predict`"), "{said}");
    }
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_file_converts_to_the_same_bytes_every_time() {
    let keras = shared("models/polyaid_keras_small_random.h5");
    let [first, second] = [0, 1].map(|_| convert_and_load(&keras).1);
    assert_eq!(first.sha256, second.sha256);
}

/// Returns a model with random weights and its plain form.
fn models(kind: Kind, shape: Shape<'_>, seed: u64) -> (BiLstm, Plain) {
    let tensors = random(kind, shape, seed);
    let architecture = registry::architecture(kind.name()).unwrap();
    let card = ModelCard::new("random", architecture.name, architecture.task);
    let plain = Plain::new(&Weights::new(kind, &tensors).unwrap(), &Device::Cpu).unwrap();
    (BiLstm::new(kind, &tensors, card).unwrap(), plain)
}

fn site_model(shape: Shape<'_>, seed: u64) -> BiLstm {
    models(Kind::PolyaId, shape, seed).0
}

/// Returns the greatest difference of `predict` from the plain form.
fn off_plain((model, plain): &(BiLstm, Plain), sequence: &[u8]) -> f32 {
    let windows: Vec<&[u8]> = sequence.windows(WINDOW).collect();
    if windows.is_empty() {
        return 0.0;
    }
    let expected = plain.predict(&windows).unwrap();
    let windows: Vec<Window> = windows.into_iter().map(Window::from).collect();
    let said = model.predict(&windows).unwrap().values;
    assert_eq!(said.len(), expected.len());
    said.iter().zip(&expected).map(|(a, b)| difference(a, b)).fold(0.0, f32::max)
}

/// Bases with runs of unknown ones.
fn sequences() -> impl Strategy<Value = Vec<u8>> {
    let run = prop_oneof![
        4 => prop::collection::vec(0u8..4, 1..90),
        1 => (1usize..60).prop_map(|n| vec![UNKNOWN; n]),
    ];
    prop::collection::vec(run, 4..12).prop_map(|runs| runs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_scan_equals_predict_and_no_window_knows_its_place(
        sequence in sequences(),
        (width, filters, units) in (1usize..13, 1usize..40, 1usize..36),
        dense in prop::collection::vec(1usize..40, 0..4),
        asked in prop::collection::vec(prop_oneof![3 => Just(1usize), 1 => 1usize..60], 1..200),
        seed: u64,
    ) {
        let shape = Shape { width, filters, units, dense: &dense };
        let strength = models(Kind::PolyaStrength, shape, seed);
        prop_assert!(off_plain(&strength, &sequence) < 1e-4);
        let sites = models(Kind::PolyaId, shape, seed);
        prop_assert!(off_plain(&sites, &sequence) < 1e-5);
        let model = sites.0;
        let scan = model.scan(&sequence, -1.0).unwrap();
        prop_assert_eq!(scan.probability.len(), (sequence.len() + 1).saturating_sub(WINDOW));
        // Neither shares a bit of the result with other windows.
        let predicted = predict_all(&model, &sequence);
        prop_assert_eq!(&scan.probability, &predicted.0);
        prop_assert_eq!(&all_cleavage(&scan), &predicted.1);
        // Alone, and in another stretch of the same sequence: the same bits.
        for start in (0..scan.probability.len()).step_by(29) {
            let alone = model.scan(&sequence[start..start + WINDOW], -1.0).unwrap();
            prop_assert_eq!(alone.probability[0].to_bits(), scan.probability[start].to_bits());
            prop_assert_eq!(alone.cleavage[0].1, scan.cleavage[start].1);
        }
        // Here and there, with those of all places together.
        let starts: Vec<usize> = asked
            .iter()
            .scan(0, |next, gap| Some(std::mem::replace(next, *next + gap)))
            .take_while(|&start| start < scan.probability.len())
            .collect();
        let some = model.scan_at(&sequence, &starts, -1.0).unwrap();
        prop_assert_eq!(some.probability.len(), starts.len());
        for (index, &start) in starts.iter().enumerate() {
            prop_assert_eq!(some.probability[index].to_bits(), scan.probability[start].to_bits());
            prop_assert_eq!(some.cleavage[index], (index, scan.cleavage[start].1));
        }
        prop_assert!(model.scan_at(&sequence, &[scan.probability.len()], 0.5).is_err());
        let cut = sequence.len() / 3;
        let rest = model.scan(&sequence[cut..], -1.0).unwrap();
        if !rest.probability.is_empty() {
            prop_assert_eq!(&rest.probability[..], &scan.probability[cut..]);
        }
    }
}

#[test]
fn a_full_size_polyaid_scans_as_it_predicts() {
    let models = models(Kind::PolyaId, Shape::POLYAID, 5);
    let sequence: Vec<u8> =
        (0..260u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u8).collect();
    let off = off_plain(&models, &sequence);
    assert!(off < 1e-5, "off by {off}");
    let predicted = predict_all(&models.0, &sequence);
    let scan = models.0.scan(&sequence, -1.0).unwrap();
    assert_eq!((&scan.probability, &all_cleavage(&scan)), (&predicted.0, &predicted.1));
}

/// `POLYASCAN_PARITY_WINDOWS` says how many windows; candle does some 120 a second.
#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn a_full_size_polyaid_scans_chr9_as_candle_computes_it() {
    let file = std::fs::File::open(shared("data/human/chr9_public_test.fa.gz")).unwrap();
    let text = std::io::read_to_string(flate2::read::MultiGzDecoder::new(file)).unwrap();
    let wanted = std::env::var("POLYASCAN_PARITY_WINDOWS").map_or(256, |n| n.parse().unwrap());
    let letters: String = text.lines().skip(1).collect();
    let codes = codes(&Value::from(&letters[200_000..][..wanted + WINDOW - 1]));
    let (model, plain) = models(Kind::PolyaId, Shape::POLYAID, 1);
    let said = model.scan(&codes, 1.0).unwrap().probability;
    let logit = |p: f32| (f64::from(p) / (1.0 - f64::from(p))).ln();
    let mut most = 0f64;
    for (block, said) in codes.windows(WINDOW).collect::<Vec<_>>().chunks(256).zip(said.chunks(256))
    {
        for (plain, said) in plain.predict(block).unwrap()[0].iter().zip(said) {
            most = most.max((logit(*plain) - logit(*said)).abs());
        }
    }
    eprintln!("{wanted} windows of chr9: logits differ by up to {most:.1e}");
    assert!(most < 1e-4, "{most}");
}

#[test]
fn long_sequences_cross_strips_without_a_seam() {
    let model = site_model(Shape { width: 8, filters: 16, units: 16, dense: &[16] }, 3);
    let sequence: Vec<u8> =
        (0..2700u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 29) as u8 % 5).collect();
    let whole = model.scan(&sequence, 0.5).unwrap();
    for (from, to) in [(0, 1199), (1, 1200), (959, 2304), (961, 2700)] {
        let part = model.scan(&sequence[from..to], 0.5).unwrap();
        assert_eq!(part.probability, whole.probability[from..to - WINDOW + 1]);
        let inside = whole.cleavage.iter().filter(|(s, _)| (from..=to - WINDOW).contains(s));
        assert!(part.cleavage.iter().map(|(s, v)| (s + from, *v)).eq(inside.copied()));
    }
}

#[test]
fn windows_of_another_length_are_refused_and_short_sequences_have_none() {
    let model = site_model(Shape { width: 8, filters: 4, units: 4, dense: &[4] }, 4);
    let windows = [[0; 240].as_slice(), &[0; 239]].map(Window::from);
    let said = model.predict(&windows).unwrap_err().to_string();
    assert!(said.contains("window 1 has 239 nt"), "{said}");
    for length in [0, 1, 239] {
        assert_eq!(model.scan(&vec![0; length], 0.5).unwrap(), StrandScores::default());
    }
    assert_eq!(model.scan(&[0; 240], 0.5).unwrap().probability.len(), 1);
    assert_eq!(model.predict(&[]).unwrap().values, [const { Vec::<f32>::new() }; 2]);
}
