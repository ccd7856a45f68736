//! Published weight files to this program's own: safetensors with named, checked tensors.
//!
//! The format is recognised from the content, the architecture from the names of its parts. Stored
//! code (Lambda layers, pickles) is never run.

pub mod aparent2;
pub mod deerect;
pub mod foreign;
pub mod keras_bilstm;
pub mod keras_h5;
pub mod npz;
pub mod pysster;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::aparent2::{LIBRARIES, LIBRARY};
use super::card::ModelCard;
use super::file;
use super::registry::Architecture;
use super::weight_file::{self, FORMAT_VERSION, Tensors, WeightFile, sha256};
use crate::engine::device::Workers;
use crate::error::{Error, Result};
use crate::output::atomic::{AtomicFile, keep_input};
pub use foreign::describe;
use keras_h5::KerasFile;
use npz::NpzFile;

/// What a file may leave open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConvertOptions {
    /// Letters of the input's channels: those of the sequence, or those of sequence and structure
    /// with a comma between.
    pub alphabet: Option<String>,
    /// Nucleotides of the input.
    pub input_length: Option<usize>,
    /// Of APARENT2 the library of the training data whose bias is added, from 0.
    pub library: Option<usize>,
}

impl ConvertOptions {
    /// Refuses values that cannot be.
    fn check(&self) -> Result<()> {
        let Some(library) = self.library.filter(|&library| library >= LIBRARIES) else {
            return Ok(());
        };
        let problem = format!(
            "--library {library}: APARENT2 was trained on libraries 0 to {}; its authors predict with {LIBRARY}",
            LIBRARIES - 1
        );
        Err(Error::Usage(problem))
    }

    /// Refuses what files of an architecture do not leave open.
    fn check_for(&self, architecture: &str) -> Result<()> {
        let given = [
            ("--alphabet", "pysster", self.alphabet.is_some()),
            ("--input-length", "pysster", self.input_length.is_some()),
            ("--library", "aparent2", self.library.is_some()),
        ];
        let foreign = given.into_iter().find(|(_, owner, given)| *given && *owner != architecture);
        foreign.map_or(Ok(()), |(option, owner, _)| {
            let problem = format!(
                "{option} belongs to {owner} models; this file is of {architecture}: leave it out"
            );
            Err(Error::Usage(problem))
        })
    }
}

/// A published model.
#[derive(Clone, Debug)]
pub struct Recognised {
    pub architecture: &'static Architecture,
    pub tensors: Tensors,
    /// Sizes that the tensors do not tell, for [`WeightFile::config`].
    pub config: Option<serde_json::Value>,
}

/// Takes a file if it is of its architecture.
type Recogniser<File> = fn(&Path, &File, &ConvertOptions) -> Result<Option<Recognised>>;

/// The architectures whose authors publish Keras files.
const KERAS: [Recogniser<KerasFile>; 3] =
    [keras_bilstm::recognise, aparent2::recognise, pysster::recognise];

/// Those whose authors publish NumPy archives.
const NUMPY: [Recogniser<NpzFile>; 1] = [deerect::recognise];

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
    options.check()?;
    let bytes = file::read(input)?;
    let source_sha256 = sha256(&bytes);
    let Recognised { architecture, tensors, config } = recognise(input, bytes, options)?;
    options.check_for(architecture.name)?;
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
    let wrong = |problem: String| Error::input(input, "", problem);
    let file: WeightFile = weight_file::decode(bytes).map_err(wrong)?;
    let card = ModelCard::new("converted", architecture.name, architecture.task);
    match (architecture.load)(&file, card, &Workers::CPU) {
        Err(Error::Model { problem, .. }) => Err(wrong(problem)),
        other => other.map(|_| ()),
    }
}

fn recognise(path: &Path, bytes: Vec<u8>, options: &ConvertOptions) -> Result<Recognised> {
    if npz::is_numpy(&bytes) {
        let file = npz::parse(path, bytes)?;
        let found = first(&NUMPY, path, &file, options)?;
        let names = file.arrays.keys().map(String::as_str);
        return found.ok_or_else(|| unknown(path, "arrays", names));
    }
    if !foreign::is_hdf5(&bytes) {
        let found = describe(&bytes).unwrap_or("in no format that is known".into());
        let problem = format!("neither a Keras file (HDF5) nor a NumPy archive, but {found}");
        return Err(Error::input(path, "", problem));
    }
    let file = keras_h5::parse(path, bytes)?;
    let found = first(&KERAS, path, &file, options)?;
    let layers = file.layers.iter().filter(|layer| !layer.weights.is_empty());
    found.ok_or_else(|| unknown(path, "layers", layers.map(|layer| layer.name.as_str())))
}

/// Asks one recogniser after the other.
fn first<File>(
    recognisers: &[Recogniser<File>],
    path: &Path,
    file: &File,
    options: &ConvertOptions,
) -> Result<Option<Recognised>> {
    let mut found = recognisers.iter().map(|recogniser| recogniser(path, file, options));
    found.find(|found| !matches!(found, Ok(None))).unwrap_or(Ok(None))
}

fn unknown<'a>(path: &Path, parts: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let names: Vec<&str> = names.take(6).collect();
    let problem = format!(
        "weights of no model that this program knows (see docs/models/); its {parts} begin with: {}",
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    );
    Error::input(path, "", problem)
}
