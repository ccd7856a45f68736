//! APARENT2 computes what the authors' own program computed, one frame at a time.

use std::fs;
use std::path::Path;

use polyascan::engine::device::Workers;
use polyascan::genome::sequence::{UNKNOWN, encode};
use polyascan::models::aparent2::random::random;
use polyascan::models::aparent2::weights::Config;
use polyascan::models::aparent2::weights::LENGTH;
use polyascan::models::aparent2::{Aparent2, HEXAMER};
use polyascan::models::architecture::ConvertOptions;
use polyascan::models::card::{ModelCard, Task};
use polyascan::models::weight_file::{self, RawTensor, Tensors};
use polyascan::models::{Model, Predictions, WINDOW, Window, convert, registry};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Folder, run, shared};

const ISOFORM: usize = 0;
const NARROW: usize = 1;
const WIDE: usize = 2;
const CUT: usize = 3;

/// Index in a scan's window of the frame's first base.
const FRAME: usize = 18;

/// Converts the authors' file and loads the result.
fn published() -> Box<dyn Model> {
    let keras = shared("models/aparent2_resnet_no_clinvar_wt_ep_5.h5");
    let folder = Folder::new();
    let path = folder.at("aparent2.safetensors");
    let options = ConvertOptions::default();
    let converted = convert::convert(&keras, Path::new(&path), &options).unwrap();
    assert_eq!((converted.architecture.name, converted.parameters), ("aparent2", 192_517));
    let model = registry::load(&path, &Workers::CPU).unwrap();
    assert_eq!((model.card().task, model.card().licence.as_str()), (Task::Isoform, "MIT"));
    model
}

fn golden() -> Value {
    let text = fs::read_to_string(shared("golden/aparent2.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn predict<'a>(model: &dyn Model, frames: impl IntoIterator<Item = &'a [u8]>) -> Predictions {
    let windows: Vec<Window<'_>> = frames.into_iter().map(Window::from).collect();
    model.predict(&windows).unwrap()
}

/// Returns the greatest difference, and fails where the lengths differ or a value is not a number.
fn difference(found: &[f32], wanted: impl IntoIterator<Item = f64>) -> f64 {
    let wanted: Vec<f64> = wanted.into_iter().collect();
    assert_eq!(found.len(), wanted.len());
    found.iter().zip(wanted).fold(0.0, |greatest, (&found, wanted)| {
        assert!(found.is_finite() && wanted.is_finite());
        greatest.max((f64::from(found) - wanted).abs())
    })
}

fn numbers(value: &Value) -> impl Iterator<Item = f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap())
}

fn golden_frames(golden: &Value) -> Vec<Vec<u8>> {
    let sequences = golden["seqs"].as_array().unwrap().iter();
    sequences.map(|letters| encode(letters.as_str().unwrap().as_bytes()).unwrap()).collect()
}

#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn outputs_equal_those_of_the_authors_program() {
    let (model, golden) = (published(), golden());
    let frames = golden_frames(&golden);
    let found = predict(model.as_ref(), frames.iter().map(Vec::as_slice)).values;
    let cut = golden["cut"].as_array().unwrap().iter().flat_map(numbers);
    let off = difference(&found[CUT], cut);
    assert!(off < 2e-6, "cut is off by {off:e}");
    let off = difference(&found[ISOFORM], numbers(&golden["iso80_110"]));
    assert!(off < 2e-6, "isoform is off by {off:e}");
    for (output, key) in [(NARROW, "logodds_77_127_f64"), (WIDE, "logodds_0_205_f64")] {
        let off = difference(&found[output], numbers(&golden[key]));
        assert!(off < 1e-4, "{key} is off by {off:e}");
    }
}

/// The paper's variants lie on three of the golden sequences: which, at which index, the change,
/// and the change in narrow and wide log-odds.
#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn published_variants_have_their_published_effects() {
    let (model, golden) = (published(), golden());
    let frames = golden_frames(&golden);
    for (gene, index, at, [reference, alternate], narrow, wide) in [
        ("PTEN", 130, 99, [b'A', b'T'], 0.29979, 0.180913),
        ("TP53", 132, 102, [b'G', b'T'], 1.12293, 1.108848),
        ("F2", 131, 74, [b'A', b'G'], -3.74481, -1.107177),
    ] {
        let alleles = [reference, alternate].map(|letter| {
            let mut frame = frames[index].clone();
            frame[at] = encode(&[letter]).unwrap()[0];
            frame
        });
        assert!(alleles.contains(&frames[index]), "{gene}");
        let found = predict(model.as_ref(), alleles.iter().map(Vec::as_slice)).values;
        for (output, wanted) in [(NARROW, narrow), (WIDE, wide)] {
            let effect = found[output][1] - found[output][0];
            assert!((effect - wanted).abs() < 1e-4, "{gene}: {effect}, published {wanted}");
        }
    }
}

/// Each library is a column of the kernel in the authors' file; all else of the converted files is
/// the same.
#[test]
#[cfg_attr(not(shared), ignore = "needs ../shared")]
fn every_library_is_its_column_of_the_authors_file() {
    let keras = shared("models/aparent2_resnet_no_clinvar_wt_ep_5.h5");
    let (folder, golden) = (Folder::new(), golden());
    let frames = &golden_frames(&golden)[..2];
    let converted = |name: &str, library: Option<usize>| {
        let path = folder.at(name);
        let number = library.map(|library| library.to_string());
        let more = number.iter().flat_map(|number| ["--library", number]);
        let keras = keras.to_str().unwrap();
        run(["convert", keras, &path].into_iter().chain(more));
        path
    };
    let usual = converted("usual.safetensors", None);
    let named = converted("named.safetensors", Some(11));
    assert!(fs::read(&usual).unwrap() == fs::read(&named).unwrap(), "11 is the default");
    let mut digests = vec![registry::load(&usual, &Workers::CPU).unwrap().card().sha256.clone()];
    for library in [0, 3, 12] {
        let path = converted(&format!("{library}.safetensors"), Some(library));
        let file = weight_file::decode(&fs::read(&path).unwrap()).unwrap();
        let config: Config = file.config().unwrap();
        assert_eq!(config, Config { library, ..Config::published() });
        let model = registry::load(&path, &Workers::CPU).unwrap();
        assert!(model.card().description.contains(&format!("library {library}")));
        let found = predict(model.as_ref(), frames.iter().map(Vec::as_slice)).values;
        let plain = Plain { config: &config, tensors: &file.tensors };
        let cut = frames.iter().flat_map(|frame| plain.cut(frame));
        let off = difference(&found[CUT], cut);
        assert!(off < 2e-6, "library {library}: cut is off by {off:e}");
        digests.push(model.card().sha256.clone());
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 4);
}

/// The network as the paper draws it, in f64: one position, channel and tap after the other.
struct Plain<'a> {
    config: &'a Config,
    tensors: &'a Tensors,
}

type Rows = Vec<Vec<f64>>;

impl Plain<'_> {
    fn tensor(&self, name: &str) -> &RawTensor {
        &self.tensors[name]
    }

    fn conv(&self, x: &Rows, name: &str, dilation: usize) -> Rows {
        let weight = self.tensor(&format!("{name}.weight"));
        let bias = self.tensor(&format!("{name}.bias"));
        let [inputs, outputs] = *weight.shape.last_chunk().unwrap();
        let taps = weight.values.len() / (inputs * outputs);
        let row = |t: usize| {
            let mut sums: Vec<f64> = bias.values.iter().map(|&value| f64::from(value)).collect();
            for tap in 0..taps {
                let from = (t + tap * dilation).checked_sub(taps / 2 * dilation);
                let Some(values) = from.and_then(|from| x.get(from)) else { continue };
                for (i, value) in values.iter().enumerate() {
                    let row = &weight.values[(tap * inputs + i) * outputs..][..outputs];
                    for (sum, &weight) in sums.iter_mut().zip(row) {
                        *sum += value * f64::from(weight);
                    }
                }
            }
            sums
        };
        (0..x.len()).map(row).collect()
    }

    fn norm_relu(&self, x: &Rows, name: &str) -> Rows {
        let part =
            |part: &str, c: usize| f64::from(self.tensor(&format!("{name}.{part}")).values[c]);
        let value = |(c, value): (usize, &f64)| {
            let normal = (value - part("mean", c)) / (part("variance", c) + 1e-3).sqrt();
            (normal * part("gamma", c) + part("beta", c)).max(0.0)
        };
        x.iter().map(|row| row.iter().enumerate().map(value).collect()).collect()
    }

    /// Returns the 206 cut probabilities.
    fn cut(&self, frame: &[u8]) -> Vec<f64> {
        let column = |&base: &u8| match base {
            UNKNOWN => vec![0.25; 4],
            base => (0..4).map(|b| f64::from(u8::from(b == base))).collect(),
        };
        let mut stream = self.conv(&frame.iter().map(column).collect(), "stem", 1);
        let add = |a: &Rows, b: &Rows| -> Rows {
            let row =
                |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
            a.iter().zip(b).map(row).collect()
        };
        let mut sum = vec![vec![0.0; self.config.channels]; LENGTH];
        for (g, &dilation) in self.config.dilations.iter().enumerate() {
            sum = add(&sum, &self.conv(&stream, &format!("groups.{g}.skip"), 1));
            for b in 0..self.config.blocks {
                let mut inside = stream.clone();
                for n in 0..2 {
                    let name = format!("groups.{g}.blocks.{b}");
                    inside = self.norm_relu(&inside, &format!("{name}.norm{n}"));
                    inside = self.conv(&inside, &format!("{name}.conv{n}"), dilation);
                }
                stream = add(&stream, &inside);
            }
        }
        let sum = add(&sum, &self.conv(&stream, "last", 1));
        let mut logits: Vec<f64> = self.conv(&sum, "final", 1).concat();
        logits.push(0.0);
        let (kernel, bias) = (self.tensor("library.weight"), self.tensor("library.bias"));
        let library = self.config.library;
        for (t, logit) in logits.iter_mut().enumerate() {
            *logit += f64::from(kernel.values[13 * t + library]) + f64::from(bias.values[t]);
        }
        let all: f64 = logits.iter().map(|logit| logit.exp()).sum();
        logits.iter().map(|logit| logit.exp() / all).collect()
    }
}

fn model(config: &Config, tensors: &Tensors) -> Aparent2 {
    Aparent2::new(config, tensors, ModelCard::new("random", "aparent2", Task::Isoform)).unwrap()
}

fn configs() -> impl Strategy<Value = Config> {
    let dilations = prop::collection::vec(prop_oneof![Just(8usize), 1usize..9], 1..4);
    (1usize..40, 1usize..3, dilations, 0usize..13).prop_map(
        |(channels, blocks, dilations, library)| Config { channels, blocks, dilations, library },
    )
}

/// Bases, about one in five of them unknown.
fn bases(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..=UNKNOWN, length)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_network_equals_its_plain_form(config in configs(), frame in bases(LENGTH), seed: u64) {
        let tensors = random(&config, seed);
        let found = predict(&model(&config, &tensors), [frame.as_slice()]).values;
        let cut = Plain { config: &config, tensors: &tensors }.cut(&frame);
        let off = difference(&found[CUT], cut.iter().copied());
        prop_assert!(off < 2e-6, "cut is off by {off:e}");
        let share = |from: usize, to: usize| cut[from..to].iter().sum::<f64>();
        let odds = |p: f64| (p / (1.0 - p)).ln();
        let wanted = [share(80, 110), odds(share(77, 127)), (share(0, 205) / cut[205]).ln()];
        for (output, wanted) in wanted.into_iter().enumerate() {
            let off = difference(&found[output], [wanted]);
            prop_assert!(off < 1e-4, "output {output} is off by {off:e}");
        }
    }

    #[test]
    fn a_frame_has_the_same_bits_beside_any_others(
        config in configs(),
        frames in prop::collection::vec(bases(LENGTH), 1..6),
        seed: u64,
    ) {
        let model = model(&config, &random(&config, seed));
        let all = predict(&model, frames.iter().map(Vec::as_slice)).values;
        for (n, frame) in frames.iter().enumerate() {
            for (values, alone) in all.iter().zip(predict(&model, [frame.as_slice()]).values) {
                prop_assert_eq!(&values[n * alone.len()..][..alone.len()], &alone[..]);
            }
        }
    }

    #[test]
    fn a_scan_is_the_prediction_of_each_windows_frame(
        config in configs(),
        sequence in bases(WINDOW + 12),
        starts in prop::collection::vec(0usize..13, 0..8),
        seed: u64,
    ) {
        let model = model(&config, &random(&config, seed));
        let scan = model.scan(&sequence, -1.0).unwrap();
        prop_assert_eq!(scan.probability.len(), 13);
        let frames = sequence.windows(WINDOW).map(|window| &window[FRAME..FRAME + LENGTH]);
        let cut = predict(&model, frames).values.swap_remove(CUT);
        for (start, cut) in cut.chunks(LENGTH + 1).enumerate() {
            let narrow: f32 = cut[77..127].iter().sum();
            prop_assert!((scan.probability[start] - narrow).abs() < 1e-6);
            let (index, vector) = scan.cleavage[start];
            prop_assert_eq!(index, start);
            let shares = cut[77..127].iter().map(|share| f64::from(share / narrow));
            prop_assert!(difference(&vector, shares) < 1e-6);
        }
        let some = model.scan_at(&sequence, &starts, -1.0).unwrap();
        for (index, &start) in starts.iter().enumerate() {
            prop_assert_eq!(some.probability[index].to_bits(), scan.probability[start].to_bits());
            prop_assert_eq!(some.cleavage[index], (index, scan.cleavage[start].1));
        }
    }
}

fn small() -> (Config, Tensors) {
    let config = Config { channels: 4, blocks: 1, dilations: vec![1, 8], library: 11 };
    let tensors = random(&config, 1);
    (config, tensors)
}

#[test]
fn the_hexamer_and_the_cleavage_vector_meet_in_the_scans_window() {
    let (config, tensors) = small();
    let model = model(&config, &tensors);
    assert_eq!(model.input().anchor, HEXAMER);
    assert_eq!(model.signal_index(), Some(FRAME + HEXAMER));
    assert!(model.can_scan());
    let names: Vec<_> = model.outputs().iter().map(|o| (o.name.as_str(), o.width)).collect();
    let wanted = [("isoform_80_110", 1), ("logodds_narrow", 1), ("logodds_wide", 1), ("cut", 206)];
    assert_eq!(names, wanted);
}

#[test]
fn cleavage_is_given_only_above_the_classification_asked_for() {
    let (config, tensors) = small();
    let model = model(&config, &tensors);
    let sequence: Vec<u8> =
        (0..300u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u8).collect();
    let all = model.scan(&sequence, -1.0).unwrap();
    let mut sorted = all.probability.clone();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    let some = model.scan(&sequence, median).unwrap();
    assert_eq!(some.probability, all.probability);
    let above = all.cleavage.into_iter().filter(|(index, _)| all.probability[*index] > median);
    assert!(some.cleavage.iter().copied().eq(above) && !some.cleavage.is_empty());
}

#[test]
fn other_lengths_are_refused_and_short_sequences_have_no_window() {
    let (config, tensors) = small();
    let model = model(&config, &tensors);
    let said = model.predict(&[Window::from(&[0; 204][..])]).unwrap_err().to_string();
    assert!(said.contains("204 nt") && said.contains("205"), "{said}");
    assert!(model.scan(&[0; 239], 0.5).unwrap().probability.is_empty());
    assert!(model.scan_at(&[0; 300], &[60], 0.5).is_ok());
    for start in [61, usize::MAX] {
        assert!(model.scan_at(&[0; 300], &[start], 0.5).is_err());
    }
    assert!(model.predict(&[]).unwrap().values.iter().all(Vec::is_empty));
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let (config, whole) = small();
    let problem = |config: &Config, tensors: &Tensors| {
        let card = ModelCard::new("broken", "aparent2", Task::Isoform);
        Aparent2::new(config, tensors, card).err().expect("must be refused").to_string()
    };
    for name in whole.keys() {
        let mut tensors = whole.clone();
        tensors.remove(name);
        let said = problem(&config, &tensors);
        assert!(said.contains(name) && said.contains("missing"), "{said}");
        let mut tensors = whole.clone();
        tensors.get_mut(name).unwrap().shape.push(2);
        assert!(problem(&config, &tensors).contains(name));
        let mut tensors = whole.clone();
        tensors.get_mut(name).unwrap().values[0] = f32::NAN;
        let said = problem(&config, &tensors);
        assert!(said.contains(name) && said.contains("NaN"), "{said}");
    }
    let mut tensors = whole.clone();
    tensors.insert("extra".into(), RawTensor::default());
    assert!(problem(&config, &tensors).contains("another version"));
    for dilations in [vec![], vec![1, 0], vec![1, 205]] {
        problem(&Config { dilations, ..config.clone() }, &whole);
    }
    let said = problem(&Config { library: 13, ..config.clone() }, &whole);
    assert!(said.contains("library 13") && said.contains("0 to 12"), "{said}");
    let mut tensors = whole;
    tensors.get_mut("groups.0.blocks.0.norm1.variance").unwrap().values[1] = -1.0;
    let said = problem(&config, &tensors);
    assert!(said.contains("norm1.variance") && said.contains("negative"), "{said}");
}

#[test]
fn a_score_that_is_no_number_is_an_error() {
    let (config, mut tensors) = small();
    tensors.get_mut("final.weight").unwrap().values.fill(f32::MAX);
    let model = model(&config, &tensors);
    let said = model.predict(&[Window::from(&[0; LENGTH][..])]).unwrap_err().to_string();
    assert!(said.contains("not a number"), "{said}");
}
