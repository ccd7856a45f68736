//! Published weight files to this program's own: safetensors with named, checked tensors.
//!
//! The format is recognised from the content, the architecture from the names of its parts. Stored
//! code (Lambda layers, pickles) is never run.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::aparent2::weights::{LIBRARIES, LIBRARY};
use super::architecture::{Architecture, ConvertOptions, Recognised, Recogniser};
use super::card::ModelCard;
use super::file;
use super::formats::foreign::{self, describe};
use super::formats::{keras_h5, npz};
use super::registry::ARCHITECTURES;
use super::weight_file::{self, FORMAT_VERSION, WeightFile, sha256};
use crate::engine::device::Workers;
use crate::error::{Error, Problem, Result};
use crate::output::atomic::{AtomicFile, keep_input};

/// What a conversion made.
#[derive(Clone, Debug)]
pub struct Converted {
    pub architecture: &'static Architecture,
    pub tensors: usize,
    /// Number of trained values.
    pub parameters: usize,
    /// sha256 of the file that was read, hexadecimal.
    pub source_sha256: String,
    /// sha256 of the file that was written, hexadecimal.
    pub sha256: String,
}

/// Reads a published weight file and writes it as safetensors. The output appears under its name
/// when it is complete, and holds a model that loads.
///
/// # Errors
/// If the file is in no format or of no architecture that is known, damaged or incomplete, or its
/// tensors do not fit together.
pub fn convert(input: &Path, output: &Path, options: &ConvertOptions) -> Result<Converted> {
    keep_input(input, output)?;
    check_library(options)?;
    let bytes = file::read(input)?;
    let source_sha256 = sha256(&bytes);
    let (architecture, Recognised { tensors, config }) = recognise(input, bytes, options)?;
    check_for(options, architecture)?;
    let mut metadata = BTreeMap::from([
        ("architecture", architecture.name.to_owned()),
        ("task", architecture.task.name().to_owned()),
        ("licence", architecture.licence.to_owned()),
        ("source", architecture.source.to_owned()),
        ("source_sha256", source_sha256.clone()),
        ("format_version", FORMAT_VERSION.to_owned()),
    ]);
    metadata.extend(config.map(|config| ("config", config.to_string())));
    if let Some(library) = options.library.filter(|&library| library != LIBRARY) {
        metadata.insert("description", format!("with the bias of library {library}"));
    }
    let metadata: BTreeMap<&str, &str> =
        metadata.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let bytes = weight_file::encode(&tensors, &metadata)
        .map_err(|problem| Error::Internal(problem.to_string()))?;
    check(input, architecture, &bytes)?;
    let mut out = AtomicFile::create(output)?;
    out.write_all(&bytes).map_err(|e| Error::io(output, "cannot write", e))?;
    out.commit()?;
    let parameters = tensors.values().map(|tensor| tensor.values.len()).sum();
    let sha256 = sha256(&bytes);
    Ok(Converted { architecture, tensors: tensors.len(), parameters, source_sha256, sha256 })
}

/// Loads what is about to be written: a file that was converted is a file that runs.
fn check(input: &Path, architecture: &Architecture, bytes: &[u8]) -> Result<()> {
    let wrong = |problem: Problem| Error::of_file(input, problem);
    let file: WeightFile = weight_file::decode(bytes).map_err(wrong)?;
    let card = ModelCard::new("converted", architecture.name, architecture.task);
    match (architecture.load)(&file, card, &Workers::CPU) {
        Err(Error::Model { problem, .. }) => Err(wrong(problem.into())),
        other => other.map(|_| ()),
    }
}

/// Refuses a library that cannot be.
fn check_library(options: &ConvertOptions) -> Result<()> {
    let Some(library) = options.library.filter(|&library| library >= LIBRARIES) else {
        return Ok(());
    };
    let problem = format!(
        "--library {library}: APARENT2 was trained on libraries 0 to {}; its authors predict with {LIBRARY}",
        LIBRARIES - 1
    );
    Err(Error::Usage(problem))
}

/// Refuses what files of an architecture do not leave open.
fn check_for(options: &ConvertOptions, architecture: &Architecture) -> Result<()> {
    let left_open = |of: &Architecture, what| of.leaves_open.contains(&what);
    let Some(what) = options.given().find(|&what| !left_open(architecture, what)) else {
        return Ok(());
    };
    let owners = ARCHITECTURES.iter().filter(|of| left_open(of, what)).map(|of| of.name);
    let problem = format!(
        "{} belongs to {} models; this file is of {}: leave it out",
        what.option(),
        owners.collect::<Vec<_>>().join(" and "),
        architecture.name
    );
    Err(Error::Usage(problem))
}

/// Asks one architecture after the other whether a file is of it.
fn recognise(
    path: &Path,
    bytes: Vec<u8>,
    options: &ConvertOptions,
) -> Result<(&'static Architecture, Recognised)> {
    if npz::is_numpy(&bytes) {
        let file = npz::parse(path, bytes)?;
        let found = first(|recogniser| match recogniser {
            Recogniser::Numpy(recognise) => recognise(path, &file, options),
            Recogniser::Keras(_) | Recogniser::Unpublished => Ok(None),
        })?;
        let names = file.arrays.keys().map(String::as_str);
        return found.ok_or_else(|| unknown(path, "arrays", names));
    }
    if !foreign::is_hdf5(&bytes) {
        let found = describe(&bytes).unwrap_or("in no format that is known".into());
        let problem = format!("neither a Keras file (HDF5) nor a NumPy archive, but {found}");
        return Err(Error::of_file(path, problem));
    }
    let file = keras_h5::parse(path, bytes)?;
    let found = first(|recogniser| match recogniser {
        Recogniser::Keras(recognise) => recognise(path, &file, options),
        Recogniser::Numpy(_) | Recogniser::Unpublished => Ok(None),
    })?;
    let layers = file.layers.iter().filter(|layer| !layer.weights.is_empty());
    found.ok_or_else(|| unknown(path, "layers", layers.map(|layer| layer.name.as_str())))
}

/// Returns the first architecture of which a file is.
fn first(
    ask: impl Fn(&Recogniser) -> Result<Option<Recognised>>,
) -> Result<Option<(&'static Architecture, Recognised)>> {
    for architecture in ARCHITECTURES {
        if let Some(recognised) = ask(&architecture.recognise)? {
            return Ok(Some((architecture, recognised)));
        }
    }
    Ok(None)
}

fn unknown<'a>(path: &Path, parts: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let names: Vec<&str> = names.take(6).collect();
    let problem = format!(
        "weights of no model that this program knows (see docs/models/); its {parts} begin with: {}",
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    );
    Error::of_file(path, problem)
}
