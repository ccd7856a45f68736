//! What a run makes: the weight file, its model card, the log.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::Device;
use serde::Serialize;

use super::fit::Fitted;
use super::recipe::Configuration;
use crate::error::{Error, Result};
use crate::models::Model;
use crate::models::card::ModelCard;
use crate::models::registry;
use crate::models::weight_file::{self, FORMAT_VERSION, Tensors, sha256};
use crate::output::atomic::write;

/// Returns the bytes of the weight file of trained tensors.
///
/// # Errors
/// If the sizes cannot be written.
pub fn encode<C: Configuration>(config: &C, tensors: Tensors) -> Result<Vec<u8>> {
    let (_, network, _) = config.common();
    let architecture = network.architecture();
    let sizes = network.sizes().map_err(|e| Error::Internal(e.to_string()))?;
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

/// Builds the model of a weight file on the CPU.
///
/// # Errors
/// If the weights are not finite.
pub fn build<C: Configuration>(config: &C, weights: &[u8]) -> Result<Box<dyn Model>> {
    registry::build(weights, card(config, weights), &Device::Cpu)
}

/// The model card as training writes it; accuracy is added by whoever measures it.
#[derive(Serialize)]
struct TrainedCard<'a, C> {
    #[serde(flatten)]
    card: &'a ModelCard,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    flop_per_position: Option<usize>,
    training: Training<'a, C>,
}

#[derive(Serialize)]
struct Training<'a, C> {
    /// Version of the program that trained.
    program: &'static str,
    seconds: f64,
    kept_epoch: usize,
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
        flop_per_position: config.common().1.flop_per_position(),
        training: Training {
            program: env!("CARGO_PKG_VERSION"),
            seconds: fitted.seconds,
            kept_epoch: fitted.kept_epoch,
            pretrained: pretrained.map(sha256),
            config,
        },
    };
    let text = toml::to_string(&card).map_err(|e| Error::Internal(format!("model card: {e}")))?;
    write(&out.with_extension("log.tsv"), fitted.log.table().as_bytes())?;
    let curves = fitted.log.curves(&config.common().0.name)?;
    write(&out.with_extension("svg"), curves.as_bytes())?;
    write(&out.with_extension("toml"), text.as_bytes())?;
    write(out, &fitted.weights)
}

fn card<C: Configuration>(config: &C, weights: &[u8]) -> ModelCard {
    let (identity, network, _) = config.common();
    let architecture = network.architecture();
    ModelCard {
        description: identity.description.clone(),
        licence: identity.licence.clone(),
        source: "trained by polyascan".into(),
        sha256: sha256(weights),
        ..ModelCard::new(&identity.name, architecture.name, architecture.task)
    }
}
