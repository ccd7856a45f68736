//! Finding models by name: those inside the program, those of the user's folder, others by file;
//! and the architectures that weight files are built into.

use std::path::{Path, PathBuf};

use super::architecture::Architecture;
use super::card::{ModelCard, Task};
use super::formats::foreign;
use super::weight_file::{self, WeightFile, sha256};
use super::{Model, aparent2, deeprke, deerect, dense, file, library, polyaid, pysster};
use crate::engine::device::Workers;
use crate::error::{Error, Problem, Result};

/// All architectures that this program runs.
pub const ARCHITECTURES: [&Architecture; 8] = [
    &dense::ARCHITECTURE,
    &dense::STRENGTH,
    &polyaid::POLYAID,
    &polyaid::POLYASTRENGTH,
    &aparent2::ARCHITECTURE,
    &deerect::ARCHITECTURE,
    &pysster::ARCHITECTURE,
    &deeprke::ARCHITECTURE,
];

/// Returns an architecture by its name.
pub fn architecture(name: &str) -> Option<&'static Architecture> {
    ARCHITECTURES.into_iter().find(|known| known.name == name)
}

/// A model inside the program.
pub struct Embedded {
    /// What `--model` takes.
    pub name: &'static str,
    /// The weight file (safetensors).
    pub weights: &'static [u8],
    /// The model card (TOML).
    pub card: &'static str,
}

/// Takes a model and its card from models/.
macro_rules! embedded {
    ($name:literal) => {
        Embedded {
            name: $name,
            weights: include_bytes!(concat!("../../models/", $name, ".safetensors")),
            card: include_str!(concat!("../../models/", $name, ".toml")),
        }
    };
}

/// The models inside the program; the first is the default.
pub const EMBEDDED: [Embedded; 3] =
    [embedded!("default"), embedded!("default-strength"), embedded!("yeast")];

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
    pub fn load(&self, workers: &Workers) -> Result<Box<dyn Model>> {
        let card = self.card()?;
        let sha256 = sha256(self.weights);
        if sha256 != card.sha256 {
            let problem = format!("weights have sha256 {sha256}, the card says {}", card.sha256);
            return Err(Error::model(self.name, problem));
        }
        let model = build(self.weights, card.clone(), workers)?;
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

/// Loads a model by the name of one inside the program, from a weight file, or by the name of one
/// in the user's folder ([`library`]).
///
/// # Errors
/// If there is none, or the file is no model of a known architecture.
pub fn load(name_or_file: &str, workers: &Workers) -> Result<Box<dyn Model>> {
    match Place::of(name_or_file)? {
        Place::Inside(embedded) => embedded.load(workers),
        Place::File(path) => load_file(&path, workers),
    }
}

/// Where a model is.
enum Place {
    Inside(&'static Embedded),
    File(PathBuf),
}

impl Place {
    /// Finds a model by the name of one inside the program, as a file, or by the name of one in the
    /// user's folder.
    fn of(name_or_file: &str) -> Result<Self> {
        if let Some(embedded) = EMBEDDED.iter().find(|embedded| embedded.name == name_or_file) {
            return Ok(Self::Inside(embedded));
        }
        let given = Path::new(name_or_file);
        let path =
            if given.exists() { Some(given.to_owned()) } else { library::find(name_or_file) };
        let path = path.ok_or_else(|| Error::model(name_or_file, unknown(name_or_file)))?;
        Ok(Self::File(path))
    }
}

/// Returns the weights of a model that [`load`] finds, as they stand in its file.
///
/// # Errors
/// As [`load`], but for tensors that do not fit together.
pub fn weights(name_or_file: &str) -> Result<WeightFile> {
    let decoded = |bytes: &[u8], name: &str| {
        weight_file::decode(bytes).map_err(|problem| Error::model(name, problem))
    };
    match Place::of(name_or_file)? {
        Place::Inside(embedded) => decoded(embedded.weights, name_or_file),
        Place::File(path) => decoded(&file::read(&path)?, &path.display().to_string()),
    }
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = EMBEDDED.iter().map(|embedded| embedded.name).collect();
    let folder = match library::folder() {
        _ if library::is_path(name) => String::new(),
        Some(folder) => format!(", nor {}", library::file(&folder, name).display()),
        None => ", and no folder of models is known (set POLYASCAN_MODELS)".to_owned(),
    };
    format!(
        "neither a model inside the program ({}) nor a file{folder}; `polyascan models list` names \
         those that there are, `polyascan convert` makes one from published weights",
        names.join(", ")
    )
}

/// Loads a model from a weight file; its name is the file's stem.
///
/// # Errors
/// If the file cannot be read or is no model of a known architecture.
pub fn load_file(path: &Path, workers: &Workers) -> Result<Box<dyn Model>> {
    let bytes = file::read(path)?;
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    let card = ModelCard { sha256: sha256(&bytes), ..ModelCard::new(name, "", Task::Sites) };
    let model = decoded(&bytes, &card).and_then(|file| {
        // Makes room for the packed weights.
        drop(bytes);
        assemble(&file, card, workers)
    });
    // The card's name is the file's stem, which does not say where the file is.
    model.map_err(|error| match error {
        Error::Model { problem, .. } => Error::model(path.display().to_string(), problem),
        other => other,
    })
}

/// Builds a model from a safetensors file whose metadata names the architecture. What the card does
/// not say is taken from the metadata.
///
/// # Errors
/// If the bytes are no model of a known architecture.
pub fn build(bytes: &[u8], card: ModelCard, workers: &Workers) -> Result<Box<dyn Model>> {
    assemble(&decoded(bytes, &card)?, card, workers)
}

/// Decodes a model's file, or says what it is instead.
fn decoded(bytes: &[u8], card: &ModelCard) -> Result<WeightFile> {
    weight_file::decode(bytes).map_err(|problem| {
        let problem = match foreign::describe(bytes) {
            Some(what) if !foreign::is_safetensors(bytes) => format!(
                "no safetensors file, but {what}; `polyascan convert IN OUT` reads published files"
            )
            .into(),
            _ => problem,
        };
        Error::model(card.name.as_str(), problem)
    })
}

fn assemble(file: &WeightFile, mut card: ModelCard, workers: &Workers) -> Result<Box<dyn Model>> {
    let wrong = |problem: Problem| Error::model(card.name.as_str(), problem);
    let name = file.entry("architecture");
    let Some(architecture) = architecture(name) else {
        return Err(wrong(match name {
            "" => "its metadata names no architecture: it is no model of this program".into(),
            other => format!("unknown architecture {other:?}: made by a newer version?").into(),
        }));
    };
    card.parameters = file.tensors.values().map(|tensor| tensor.values.len()).sum();
    card.architecture = architecture.name.to_owned();
    card.task = architecture.task;
    for (field, key) in [
        (&mut card.description, "description"),
        (&mut card.licence, "licence"),
        (&mut card.source, "source"),
    ] {
        if field.is_empty() {
            *field = file.entry(key).to_owned();
        }
    }
    (architecture.load)(file, card, workers)
}
