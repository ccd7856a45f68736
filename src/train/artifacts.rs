//! What a run makes: the weight file, its model card, the log.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::fit::Fitted;
use super::recipe::Configuration;
use crate::engine::device::Workers;
use crate::error::{Error, Problem, Result};
use crate::evaluate::calibration::line::Line;
use crate::models::Model;
use crate::models::card::ModelCard;
use crate::models::posterior::Posterior;
use crate::models::registry;
use crate::models::screen::{self, ScreenCard};
use crate::models::weight_file::{self, FORMAT_VERSION, Tensors, sha256};
use crate::output::atomic::{publish, whole};

/// Returns the bytes of the weight file of trained tensors.
///
/// # Errors
/// If the sizes cannot be written.
pub fn encode<C: Configuration>(config: &C, tensors: Tensors) -> Result<Vec<u8>> {
    let (_, network, _) = config.common();
    let architecture = network.form().architecture();
    let sizes = network.form().sizes().map_err(|e| Error::Internal(e.to_string()))?;
    let mut metadata = BTreeMap::from([
        ("architecture", architecture.name),
        ("task", architecture.task.name()),
        ("format_version", FORMAT_VERSION),
    ]);
    if let Some(sizes) = &sizes {
        metadata.insert("config", sizes);
    }
    weight_file::encode(&tensors, &metadata).map_err(|e| Error::Internal(format!("weights: {e}")))
}

/// Returns a weight file whose classification log-odds lie on a line through those of another.
///
/// # Errors
/// If the network has no classification.
pub fn calibrated<C: Configuration>(config: &C, weights: &[u8], line: &Line) -> Result<Vec<u8>> {
    let (identity, network, _) = config.common();
    let wrong = |problem: Problem| Error::model(&identity.name, problem);
    let mut tensors = weight_file::decode(weights).map_err(wrong)?.tensors;
    let Some(layer) = network.form().classification() else {
        let name = network.form().architecture().name;
        return Err(wrong(format!("{name} has no classification").into()));
    };
    for (part, offset) in [("weight", 0.0), ("bias", line.offset)] {
        let name = format!("{layer}.{part}");
        let Some(tensor) = tensors.get_mut(&name) else {
            return Err(Error::Internal(format!("no tensor {name}")));
        };
        // (inputs x) outputs; the classification is the first output.
        let outputs = tensor.shape.last().copied().unwrap_or(1);
        for value in tensor.values.iter_mut().step_by(outputs) {
            *value = (line.slope * f64::from(*value) + offset) as f32;
        }
    }
    encode(config, tensors)
}

/// Returns a weight file with what makes posteriors of its outputs.
///
/// # Errors
/// If the weights cannot be read again.
pub fn with_posterior(weights: &[u8], posterior: &Posterior) -> Result<Vec<u8>> {
    with_entry(weights, "posterior", posterior)
}

/// Returns a weight file with what makes a screen of it.
///
/// # Errors
/// If the weights cannot be read again.
pub fn with_screen(weights: &[u8], card: &ScreenCard) -> Result<Vec<u8>> {
    with_entry(weights, screen::ENTRY, card)
}

/// Returns a weight file with one more metadata entry (JSON).
fn with_entry(weights: &[u8], name: &str, value: &impl Serialize) -> Result<Vec<u8>> {
    let internal = |e: Problem| Error::Internal(format!("weights: {e}"));
    let file = weight_file::decode(weights).map_err(internal)?;
    let json = serde_json::to_string(value).map_err(|e| internal(e.to_string().into()))?;
    let entries = file.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let metadata = entries.chain([(name, json.as_str())]).collect();
    weight_file::encode(&file.tensors, &metadata).map_err(|e| internal(e.to_string().into()))
}

/// Builds the model of a weight file on the CPU, in the precision that it was trained for.
///
/// # Errors
/// If the weights are not finite.
pub fn build<C: Configuration>(config: &C, weights: &[u8]) -> Result<Box<dyn Model>> {
    let workers = Workers::cpu(config.common().2.quantise);
    registry::build(weights, card(config, weights), &workers)
}

/// The model card as training writes it; accuracy is added by whoever measures it.
#[derive(Serialize)]
struct TrainedCard<'a, C> {
    #[serde(flatten)]
    card: &'a ModelCard,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    flop_per_position: Option<usize>,
    #[serde(skip_serializing_if = "str::is_empty")]
    limits: &'a str,
    training: Training<'a, C>,
}

#[derive(Serialize)]
struct Training<'a, C> {
    /// Version of the program that trained.
    program: &'static str,
    seconds: f64,
    kept_epoch: usize,
    /// Calibrated log-odds of the classification = slope x log-odds + offset; it is in the weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<Line>,
    /// Logistic regression of the posterior; it is in the weight file.
    #[serde(skip_serializing_if = "Option::is_none")]
    posterior: Option<Posterior>,
    /// sha256 of the weight file that it began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pretrained: Option<String>,
    config: &'a C,
}

/// Writes the weight file and, beside it, the model card (.toml), the log (.log.tsv) and its curves
/// (.svg).
///
/// # Errors
/// If a file cannot be written.
pub fn save<C: Configuration>(
    config: &C,
    fitted: &Fitted,
    pretrained: Option<&[u8]>,
    out: &Path,
) -> Result<()> {
    let model = build(config, &fitted.weights)?;
    let card = TrainedCard {
        card: model.card(),
        bytes: fitted.weights.len(),
        flop_per_position: config.common().1.form().flop_per_position(),
        limits: &config.common().0.limits,
        training: Training {
            program: env!("CARGO_PKG_VERSION"),
            seconds: fitted.seconds,
            kept_epoch: fitted.kept_epoch,
            calibration: fitted.calibration,
            posterior: fitted.posterior,
            pretrained: pretrained.map(sha256),
            config,
        },
    };
    let text = toml::to_string(&card).map_err(|e| Error::Internal(format!("model card: {e}")))?;
    let curves = fitted.log.curves(&config.common().0.name)?;
    publish(vec![
        whole(&out.with_extension("log.tsv"), fitted.log.table().as_bytes())?,
        whole(&out.with_extension("svg"), curves.as_bytes())?,
        whole(&out.with_extension("toml"), text.as_bytes())?,
        whole(out, &fitted.weights)?,
    ])
}

fn card<C: Configuration>(config: &C, weights: &[u8]) -> ModelCard {
    let (identity, network, _) = config.common();
    let architecture = network.form().architecture();
    ModelCard {
        description: identity.description.clone(),
        licence: identity.licence.clone(),
        source: "trained by polyascan".into(),
        sha256: sha256(weights),
        ..ModelCard::new(&identity.name, architecture.name, architecture.task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::scan::config::ScanTraining;
    use crate::train::weights::Weights;

    fn config(network: &str) -> ScanTraining {
        toml::from_str(&format!(
            "[model]\nname = \"x\"\ndescription = \"\"\nlicence = \"\"\nseed = 1\ndata = \".\"\n\
             [network]\n{network}\n[optimiser]\nepochs = 1\nbatch = 1\nlearning_rate = 1e-3\n\
             [loss]\nclassification = 1.0\ncleavage = 1.0\n[labels]\nsegment = 240\nspread = 1.0\n\
             mutated_mass = 0.0\n[validation]\nfasta = \"f\"\nsites = \"s\"\n"
        ))
        .unwrap()
    }

    #[test]
    fn calibration_moves_the_classification_along_a_line_and_nothing_else() {
        let dense = "architecture = \"dense-scan\"\nchannels = 16\nstem_width = 16\n\
                     dilations = [112]\nhidden = 16";
        let polyaid = "architecture = \"polyaid\"\nfilters = 8\nwidth = 8\nunits = 4\n\
                       classification = [8]\ncleavage = [8]";
        for network in [dense, polyaid] {
            let config = config(network);
            let (_, sizes, recipe) = config.common();
            let started =
                Weights::start(sizes, recipe, 7, None, &candle_core::Device::Cpu).unwrap();
            let before = encode(&config, started.1.averaged().unwrap()).unwrap();
            let line = Line { slope: 0.5, offset: -1.25 };
            let after = calibrated(&config, &before, &line).unwrap();
            let codes: Vec<u8> = (0..400).map(|i| (i * i % 7 % 4) as u8).collect();
            let scan = |bytes: &[u8]| build(&config, bytes).unwrap().scan(&codes, -1.0).unwrap();
            let (before, after) = (scan(&before), scan(&after));
            let log_odds = |p: f32| f64::from(p / (1.0 - p)).ln();
            for (&b, &a) in before.probability.iter().zip(&after.probability) {
                assert!((log_odds(a) - (0.5 * log_odds(b) - 1.25)).abs() < 1e-4, "{b} {a}");
            }
            assert_eq!(before.cleavage, after.cleavage);
        }
    }
}
