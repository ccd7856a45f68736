//! Finding models: those inside the program by name, others by file.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;

use super::Model;
use super::bilstm::BiLstm;
use super::card::{ModelCard, Task};
use super::dense::{self, DenseScan};
use super::import;
use super::weight_file::{FORMAT_VERSION, sha256};
use crate::error::{Error, Result};

/// A model inside the program.
pub struct Embedded {
    pub name: &'static str,
    pub weights: &'static [u8],
    /// The model card (TOML).
    pub card: &'static str,
}

/// The models inside the program; the first is the default.
pub const EMBEDDED: [Embedded; 1] = [Embedded {
    name: "default",
    weights: include_bytes!("../../models/default.safetensors"),
    card: include_str!("../../models/default.toml"),
}];

impl Embedded {
    /// Returns the model's identity from its card.
    ///
    /// # Errors
    /// If the card is broken.
    pub fn card(&self) -> Result<ModelCard> {
        toml::from_str(self.card).map_err(|e| Error::model(self.name, format!("model card: {e}")))
    }

    /// Loads the model and checks it against its card.
    ///
    /// # Errors
    /// If the weights are not those of the card.
    pub fn load(&self, device: &Device) -> Result<Box<dyn Model>> {
        let card = self.card()?;
        let sha256 = sha256(self.weights);
        if sha256 != card.sha256 {
            let problem = format!("weights have sha256 {sha256}, the card says {}", card.sha256);
            return Err(Error::model(self.name, problem));
        }
        let model = build(self.weights, card.clone(), device)?;
        let (found, said) = (model.card(), &card);
        if found != said {
            let problem = format!(
                "the weights are {} with {} parameters, the card says {} with {}",
                found.architecture, found.parameters, said.architecture, said.parameters
            );
            return Err(Error::model(self.name, problem));
        }
        Ok(model)
    }
}

/// Loads a model by the name of an embedded one or from a weight file.
///
/// # Errors
/// If there is neither, or the file is no model of a known architecture.
pub fn load(name_or_file: &str, device: &Device) -> Result<Box<dyn Model>> {
    if let Some(embedded) = EMBEDDED.iter().find(|embedded| embedded.name == name_or_file) {
        return embedded.load(device);
    }
    let path = Path::new(name_or_file);
    if !path.exists() {
        let names: Vec<&str> = EMBEDDED.iter().map(|embedded| embedded.name).collect();
        let problem = format!(
            "neither a model inside the program ({}) nor a file; `polyascan convert` makes one from published weights",
            names.join(", ")
        );
        return Err(Error::model(name_or_file, problem));
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, "cannot read", e))?;
    let name = path.file_stem().map_or_else(|| name_or_file.into(), |s| s.to_string_lossy().into());
    let card = ModelCard {
        name,
        architecture: String::new(),
        task: Task::Sites,
        parameters: 0,
        sha256: sha256(&bytes),
        description: String::new(),
        licence: String::new(),
        source: path.display().to_string(),
    };
    // The card's name is the file's stem, which does not say where the file is.
    build(&bytes, card, device).map_err(|error| match error {
        Error::Model { problem, .. } => Error::model(name_or_file, problem),
        other => other,
    })
}

/// Builds a model from a safetensors file whose metadata names the architecture.
fn build(bytes: &[u8], mut card: ModelCard, device: &Device) -> Result<Box<dyn Model>> {
    let name = card.name.clone();
    let wrong = |problem: String| Error::model(name.as_str(), problem);
    let metadata = SafeTensors::read_metadata(bytes).map_err(|e| {
        wrong(match import::describe(bytes) {
            Some(what) if !import::foreign::is_safetensors(bytes) => {
                format!(
                    "no safetensors file, but {what}; `polyascan convert IN OUT` reads Keras files"
                )
            }
            _ => format!("not a complete safetensors file ({e}); copy or download it again"),
        })
    })?;
    let entries = metadata.1.metadata().clone().unwrap_or_default();
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    if let Some(version) = entries.get("format_version").filter(|v| *v != FORMAT_VERSION) {
        return Err(wrong(format!(
            "format version {version}; this program reads {FORMAT_VERSION}"
        )));
    }
    finite(&tensors).map_err(&wrong)?;
    card.parameters = tensors.values().map(Tensor::elem_count).sum();
    card.architecture = entries.get("architecture").cloned().unwrap_or_default();
    match card.architecture.as_str() {
        dense::ARCHITECTURE => {
            card.task = Task::Sites;
            let sizes = entries.get("config").map(String::as_str).unwrap_or_default();
            let config = serde_json::from_str(sizes);
            let config = config.map_err(|e| wrong(format!("metadata entry `config`: {e}")))?;
            Ok(Box::new(DenseScan::load(&config, &tensors, card, device)?))
        }
        "polyaid" | "polyastrength" => {
            card.task = match card.architecture.as_str() {
                "polyaid" => Task::Sites,
                _ => Task::Strength,
            };
            Ok(Box::new(BiLstm::load(&tensors, card)?))
        }
        "" => {
            Err(wrong("its metadata names no architecture; `polyascan convert` writes one".into()))
        }
        other => Err(wrong(format!("unknown architecture {other:?}"))),
    }
}

fn finite(tensors: &HashMap<String, Tensor>) -> std::result::Result<(), String> {
    for (name, tensor) in tensors {
        let values = tensor.flatten_all().and_then(|t| t.to_vec1::<f32>());
        let values = values.map_err(|e| format!("tensor {name}: {e}; f32 is expected"))?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(format!("tensor {name} holds NaN or infinite values"));
        }
    }
    Ok(())
}
